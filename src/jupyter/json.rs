//! JSON as Python's `json.load` reads it, with the place of every value in the text.
//!
//! A kernelspec is edited at byte spans, so that everything around the edit stays as it was; and it
//! has to be read as Jupyter reads it, which is not quite what RFC 8259 says: `NaN`, `Infinity` and
//! lone surrogates are accepted, a repeated key means its last value (CPython, `Lib/json`).

use std::ops::Range;

/// Deeper than any kernelspec; a reader without a limit could be made to overflow its stack.
const MAX_DEPTH: usize = 200;

/// A value and where it stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    /// Byte span of the value, quotes and brackets included.
    pub(crate) span: Range<usize>,
    /// What it is.
    pub(crate) kind: Kind,
}

/// The kinds of JSON value. Numbers are never looked into here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
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
pub(crate) struct Problem {
    what: &'static str,
    line: usize,
    column: usize,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not valid JSON: {} (line {}, column {})", self.what, self.line, self.column)
    }
}

impl Value {
    /// The members, if this is an object.
    pub(crate) fn members(&self) -> Option<&[Member]> {
        match &self.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements, if this is an array.
    pub(crate) fn elements(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The string, if this is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
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
pub(crate) fn parse(text: &str) -> Result<Value, Problem> {
    if text.starts_with('\u{feff}') {
        return Err(Problem { what: "it begins with a byte order mark", line: 1, column: 1 });
    }
    let mut reader = Reader { text, at: 0, depth: 0 };
    let value = reader.document();
    value.map_err(|what| {
        let before = text.get(..reader.at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Problem { what, line, column }
    })
}

/// A string as JSON, with nothing escaped that need not be.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

type Read<T> = Result<T, &'static str>;

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: u8, otherwise: &'static str) -> Read<()> {
        if self.peek() == Some(wanted) {
            self.at += 1;
            Ok(())
        } else {
            Err(otherwise)
        }
    }

    fn document(&mut self) -> Read<Value> {
        self.blank();
        let value = self.value()?;
        self.blank();
        if self.at == self.text.len() { Ok(value) } else { Err("something follows the end") }
    }

    fn value(&mut self) -> Read<Value> {
        let start = self.at;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("nested too deeply");
        }
        let kind = match self.peek() {
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'"') => Kind::Text(self.string()?),
            _ => self.word()?,
        };
        self.depth -= 1;
        Ok(Value { span: start..self.at, kind })
    }

    fn object(&mut self) -> Read<Kind> {
        let mut members = Vec::new();
        self.at += 1;
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Object(members));
        }
        loop {
            self.blank();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err("expected a name in double quotes");
            }
            let key = self.string()?;
            let key_span = start..self.at;
            self.blank();
            self.take(b':', "expected a colon")?;
            self.blank();
            members.push(Member { key_span, key, value: self.value()? });
            self.blank();
            if self.peek() == Some(b'}') {
                self.at += 1;
                return Ok(Kind::Object(members));
            }
            self.take(b',', "expected a comma or a closing brace")?;
        }
    }

    fn array(&mut self) -> Read<Kind> {
        let mut elements = Vec::new();
        self.at += 1;
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::Array(elements));
        }
        loop {
            self.blank();
            elements.push(self.value()?);
            self.blank();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Kind::Array(elements));
            }
            self.take(b',', "expected a comma or a closing bracket")?;
        }
    }

    fn string(&mut self) -> Read<String> {
        let mut text = String::new();
        self.at += 1;
        loop {
            let Some(c) = self.rest().chars().next() else { return Err("a string is not closed") };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(text);
                }
                '\\' => text.push(self.escape()?),
                '\0'..='\x1f' => return Err("a control character in a string"),
                _ => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        self.at += 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err("an unknown escape in a string"),
        };
        self.at += 1;
        Ok(c)
    }

    /// `\uXXXX`, and the second half of a surrogate pair if it follows.
    fn unicode(&mut self) -> Read<char> {
        self.at += 1;
        let high = self.hex4()?;
        if (0xd800..0xdc00).contains(&high) && self.rest().starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Read<u32> {
        let bad = "an incomplete \\u escape";
        let digits = self.rest().get(..4).ok_or(bad)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad);
        }
        let code = u32::from_str_radix(digits, 16).map_err(|_| bad)?;
        self.at += 4;
        Ok(code)
    }

    fn word(&mut self) -> Read<Kind> {
        const WORDS: [(&str, Kind); 6] = [
            ("true", Kind::Bool(true)),
            ("false", Kind::Bool(false)),
            ("null", Kind::Null),
            ("NaN", Kind::Number),
            ("Infinity", Kind::Number),
            ("-Infinity", Kind::Number),
        ];
        for (word, kind) in WORDS {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(kind);
            }
        }
        self.number()
    }

    /// `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`; what does not match is left for the caller to refuse.
    fn number(&mut self) -> Read<Kind> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err("expected a value"),
        }
        if self.peek() == Some(b'.') && self.digit_at(1) {
            self.at += 1;
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            let sign = matches!(self.text.as_bytes().get(self.at + 1), Some(b'+' | b'-'));
            if self.digit_at(1 + usize::from(sign)) {
                self.at += 1 + usize::from(sign);
                self.digits();
            }
        }
        Ok(Kind::Number)
    }

    fn digit_at(&self, ahead: usize) -> bool {
        self.text.as_bytes().get(self.at + ahead).is_some_and(u8::is_ascii_digit)
    }

    fn digits(&mut self) {
        while self.digit_at(0) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_what_python_accepts_beyond_the_rfc() {
        for text in
            ["NaN", "-Infinity", "[1e999]", "\"\\ud800\"", "{\"a\":1,\"a\":2}", "12345678901234567890123"]
        {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses_what_python_refuses_and_says_where() {
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
    fn spans_cover_exactly_the_values() {
        let text = "{ \"k\\u00e9\" : [ 1.5e3 , \"\\ud83d\\ude00\" ] }";
        let value = parse(text).unwrap();
        let list = value.get("ké").unwrap();
        assert_eq!(&text[list.span.clone()], "[ 1.5e3 , \"\\ud83d\\ude00\" ]");
        assert_eq!(list.elements().unwrap()[1].text(), Some("😀"));
    }

    proptest! {
        #[test]
        fn any_string_survives_quoting(text in ".*") {
            let value = parse(&quote(&text)).unwrap();
            prop_assert_eq!(value.text(), Some(text.as_str()));
        }

        #[test]
        fn never_panics(text in "[\\[\\]{}\",:\\\\u0-9a-f.eE+ \\-tNI\\n]{0,40}") {
            let _ = parse(&text);
        }
    }
}
