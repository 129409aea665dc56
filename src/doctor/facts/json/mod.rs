//! JSON as each language's own parser takes it. They differ in what they accept and in what a repeated key means, so
//! that one file may be a credential to Python and nothing to R.
//!
//! Measured with CPython's `json`, R's jsonlite (yajl), V8, Go's `encoding/json` and Gson.

mod number;
mod reader;
mod string;

use crate::output::secret::Secret;

/// Whose parser reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum JsonParser {
    /// CPython's `json`: google-auth.
    Python,
    /// jsonlite, which is yajl: gargle.
    R,
    /// V8's `JSON.parse`: google-auth-library of Node.js.
    JavaScript,
    /// `encoding/json`.
    Go,
    /// Gson: google-auth-library-java.
    Java,
}

/// Why a text is not JSON to a parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonProblem {
    /// The parser reports a mistake.
    Invalid,
    /// Nested more deeply than the parser can follow.
    TooDeep,
}

/// A value. Numbers are not kept: no credential holds one.
#[derive(Debug)]
pub(crate) enum Json {
    /// Its members in the order of the text, repeated keys included.
    Object(Members),
    /// Its elements.
    Array(Vec<Json>),
    /// Its text, unescaped. `lone_surrogate`: it holds half of a surrogate pair, which no UTF-8 text can.
    Text { text: Secret, lone_surrogate: bool },
    /// Any number.
    Number,
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// A list or an object too deep inside the document to matter here.
    Deep,
}

/// The members of an object, found by their keys as the parser's language finds them.
#[derive(Debug)]
pub(crate) struct Members {
    parser: JsonParser,
    members: Vec<(String, Json)>,
}

/// Reads a whole document.
pub(crate) fn parse(bytes: &[u8], parser: JsonParser) -> Result<Json, JsonProblem> {
    reader::read(bytes, parser)
}

impl Json {
    /// The text, if this is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Json::Text { text, .. } => Some(text.expose()),
            _ => None,
        }
    }

    /// The members, if this is an object.
    pub(crate) fn members(&self) -> Option<&Members> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Whether Python takes it for false.
    pub(crate) fn is_falsy(&self) -> bool {
        match self {
            Json::Text { text, .. } => text.expose().is_empty(),
            Json::Array(elements) => elements.is_empty(),
            Json::Object(members) => members.members.is_empty(),
            Json::Bool(value) => !value,
            Json::Null => true,
            Json::Number | Json::Deep => false,
        }
    }
}

impl Members {
    /// The value of a key: the last one of its name, save that R takes the first, and then, as its `$` does, the only
    /// key that begins with the name; Go does not look at the case of letters.
    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        let named = |is: &dyn Fn(&str) -> bool| self.members.iter().rfind(|(name, _)| is(name));
        let found = match self.parser {
            JsonParser::R => self.members.iter().find(|(name, _)| name == key).or_else(|| self.only(key)),
            JsonParser::Go => named(&|name| name.eq_ignore_ascii_case(key)),
            JsonParser::Python | JsonParser::JavaScript | JsonParser::Java => named(&|name| name == key),
        };
        found.map(|(_, value)| value)
    }

    fn only(&self, start: &str) -> Option<&(String, Json)> {
        let mut found = self.members.iter().filter(|(name, _)| name.starts_with(start));
        found.next().filter(|_| found.next().is_none())
    }

    /// Whether there is such a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The value of a key, if it is a text that is not empty.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.text().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The value of a key, if it is a text.
    pub(crate) fn secret(&self, key: &str) -> Option<Secret> {
        self.get(key)?.text().map(Secret::new)
    }

    /// Whether the value of a key is a text that can't be sent anywhere, for half of a surrogate pair in it.
    pub(crate) fn is_unencodable(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Json::Text { lone_surrogate: true, .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [JsonParser; 5] =
        [JsonParser::Python, JsonParser::R, JsonParser::JavaScript, JsonParser::Go, JsonParser::Java];

    fn accepted(text: impl AsRef<[u8]>) -> Vec<JsonParser> {
        ALL.into_iter().filter(|parser| parse(text.as_ref(), *parser).is_ok()).collect()
    }

    #[test]
    fn parsers_differ_in_what_they_accept() {
        use JsonParser::{Go, Java, JavaScript, Python, R};
        for (text, expected) in [
            (r#"{"a":[1,-0.5e+3,true,null,"x"]}"#, &ALL[..]),
            ("{\"a\":NaN}", &[Python]),
            ("[Infinity,-Infinity]", &[Python]),
            ("1e999", &ALL),
            ("\"\\ud800\"", &ALL),
            ("// c\n[/* d */1]", &[R]),
            ("\x0b[]", &[R]),
            ("\u{feff}{}", &[Java]),
            ("\"a\tb\"", &[Java]),
            ("[1,]", &[]),
            ("{\"a\":1,}", &[]),
            ("01", &[]),
            ("1.", &[]),
            ("{} x", &[]),
            ("", &[]),
            ("{}\0", &[]),
        ] {
            assert_eq!(accepted(text), expected, "{text:?}");
        }
        assert_eq!(accepted(b"\"\xff\""), [JavaScript, Go, Java]);
        assert_eq!(accepted(b"\"\xed\xa0\x80\""), [R, JavaScript, Go, Java]);
        assert_eq!(accepted("9".repeat(4301)), [R, JavaScript, Go, Java]);
    }

    #[test]
    fn deep_nesting_ends_some_parsers_and_no_stack() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(accepted(&deep), [JsonParser::R, JsonParser::JavaScript, JsonParser::Java]);
        assert_eq!(parse(deep.as_bytes(), JsonParser::Python).unwrap_err(), JsonProblem::TooDeep);
        let unclosed = "[{\"a\":".repeat(100_000);
        assert_eq!(parse(unclosed.as_bytes(), JsonParser::R).unwrap_err(), JsonProblem::Invalid);
    }

    #[test]
    fn a_repeated_key_means_its_first_value_to_r_and_its_last_to_the_others() {
        let value = |text: &str, parser| {
            let json = parse(text.as_bytes(), parser).unwrap();
            json.members().unwrap().text("type")
        };
        for parser in ALL {
            let expected = if parser == JsonParser::R { "a" } else { "b" };
            assert_eq!(value(r#"{"type":"a","t\u0079pe":"b"}"#, parser).as_deref(), Some(expected));
        }
        assert_eq!(value(r#"{"type_of":"a"}"#, JsonParser::R).as_deref(), Some("a"));
        assert_eq!(value(r#"{"type_of":"a","type_by":"b"}"#, JsonParser::R), None);
        assert_eq!(value(r#"{"TYPE":"a"}"#, JsonParser::Go).as_deref(), Some("a"));
        assert_eq!(value(r#"{"TYPE":"a"}"#, JsonParser::Python), None);
    }

    proptest! {
        #[test]
        fn what_serde_accepts_every_parser_accepts(value in "[a-z\\PC]{0,12}", number in any::<i64>()) {
            let text = serde_json::json!({"k": [value, number, null, {"x": true}]}).to_string();
            prop_assert_eq!(accepted(&text), ALL);
        }

        #[test]
        fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            accepted(&bytes);
        }

        #[test]
        fn no_text_causes_a_panic(text in "[\\[\\]{}\",:\\\\u0-9a-f.eE+/* \\-tNI\\n]{0,40}") {
            accepted(&text);
        }
    }
}
