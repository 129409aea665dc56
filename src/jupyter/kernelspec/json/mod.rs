//! JSON as Python's `json.load` reads it, with the place of every value in the text.
//!
//! A kernelspec is edited at byte spans, so that everything around the edit stays as it was; and it
//! has to be read as Jupyter reads it, which is not quite what RFC 8259 says: `NaN`, `Infinity` and
//! lone surrogates are accepted, a repeated key means its last value (CPython, `Lib/json`). serde_json
//! gives no spans and refuses what Python accepts, so it can't take the place of this reader.

use std::ops::Range;

mod reader;

/// A value and its place in the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    /// Byte span of the value, quotes and brackets included.
    pub(crate) span: Range<usize>,
    /// Its kind and content.
    pub(crate) kind: ValueKind,
}

/// The kinds of JSON value. Numbers are not parsed: nothing here needs their values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ValueKind {
    /// Members in the order of the text, repeated keys included.
    Object(Vec<Member>),
    /// Elements in order.
    Array(Vec<Value>),
    /// A string, unescaped; a lone surrogate has become U+FFFD.
    Text(String),
    /// Any number, `NaN` and the infinities included.
    Number,
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// One `"key": value` of an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    /// Byte span of the key, quotes included.
    pub(crate) key_span: Range<usize>,
    /// The key, unescaped.
    pub(crate) key: String,
    /// The value.
    pub(crate) value: Value,
}

/// Where and why the text is not JSON. Never quotes the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonProblem {
    what: &'static str,
    line: usize,
    column: usize,
}

impl std::fmt::Display for JsonProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not valid JSON: {} (line {}, column {})", self.what, self.line, self.column)
    }
}

impl From<JsonProblem> for String {
    fn from(problem: JsonProblem) -> Self {
        problem.to_string()
    }
}

impl Value {
    /// The members, if this is an object.
    pub(crate) fn members(&self) -> Option<&[Member]> {
        match &self.kind {
            ValueKind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements, if this is an array.
    pub(crate) fn elements(&self) -> Option<&[Value]> {
        match &self.kind {
            ValueKind::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The string, if this is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            ValueKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Position and member of a key: the last one, as Python reads it.
    pub(crate) fn find(&self, key: &str) -> Option<(usize, &Member)> {
        self.members()?.iter().enumerate().rev().find(|(_, member)| member.key == key)
    }

    /// The value of a key, if this is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.find(key).map(|(_, member)| &member.value)
    }
}

/// Reads a whole document.
pub(crate) fn parse(text: &str) -> Result<Value, JsonProblem> {
    if text.starts_with('\u{feff}') {
        return Err(JsonProblem { what: "it begins with a byte order mark", line: 1, column: 1 });
    }
    reader::read(text).map_err(|(what, at)| {
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        JsonProblem { what, line, column }
    })
}

/// A string as JSON, with only the necessary escapes.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_beyond_the_rfc_that_python_accepts_are_accepted() {
        for text in
            ["NaN", "-Infinity", "[1e999]", "\"\\ud800\"", "{\"a\":1,\"a\":2}", "12345678901234567890123"]
        {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn texts_that_python_refuses_are_refused_with_their_place() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "-",
            "+1",
            "// c\n1",
            "'a'",
            "\"a\nb\"",
            "\"\\x\"",
            "\"\\u12\"",
            "nul",
            "1 2",
            "\u{feff}1",
            "{a:1}",
            "[1 2]",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let problem = parse("{\n  \"a\": tru\n}").unwrap_err().to_string();
        assert_eq!(problem, "not valid JSON: expected a value (line 2, column 8)");
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn a_span_covers_exactly_its_value() {
        let text = "{ \"k\\u00e9\" : [ 1.5e3 , \"\\ud83d\\ude00\" ] }";
        let value = parse(text).unwrap();
        let list = value.get("ké").unwrap();
        assert_eq!(&text[list.span.clone()], "[ 1.5e3 , \"\\ud83d\\ude00\" ]");
        assert_eq!(list.elements().unwrap()[1].text(), Some("😀"));
    }

    proptest! {
        #[test]
        fn any_string_is_read_back_from_its_quoted_form(text in ".*") {
            let value = parse(&quote(&text)).unwrap();
            prop_assert_eq!(value.text(), Some(text.as_str()));
        }

        #[test]
        fn no_text_causes_a_panic(text in "[\\[\\]{}\",:\\\\u0-9a-f.eE+ \\-tNI\\n]{0,40}") {
            let _ = parse(&text);
        }
    }
}
