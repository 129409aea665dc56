//! The reader: one pass over the bytes, without recursion, so that no file can exhaust the stack.

use super::{Json, JsonParser, JsonProblem, Members};
use crate::output::secret::Secret;

/// Values further inside are read over: nothing there matters to a credential, and a tree of that depth could not be
/// dropped.
const KEPT_DEPTH: usize = 16;
/// CPython follows 1000 calls; the reader's own and those above it are some.
const PYTHON_DEPTH: usize = 975;
/// `maxNestingDepth` of Go's `encoding/json`.
const GO_DEPTH: usize = 10_000;

type Read<T> = Result<T, JsonProblem>;

pub(super) fn read(bytes: &[u8], parser: JsonParser) -> Read<Json> {
    let text = match parser {
        JsonParser::Python if std::str::from_utf8(bytes).is_err() => return Err(JsonProblem::Invalid),
        JsonParser::Java => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
        _ => bytes,
    };
    Reader { bytes: text, at: 0, parser, open: Vec::new() }.document()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    parser: JsonParser,
    /// The objects and lists that are not closed yet.
    open: Vec<Open>,
}

enum Open {
    /// Its members so far, and the key of the next.
    Object(Vec<(String, Json)>, String),
    Array(Vec<Json>),
}

impl Reader<'_> {
    fn document(mut self) -> Read<Json> {
        let mut value = self.value()?;
        loop {
            value = match (value, self.open.pop()) {
                (None, Some(inner)) => {
                    self.open.push(inner);
                    self.value()?
                }
                (Some(done), Some(outer)) => self.append(outer, done)?,
                (Some(done), None) => {
                    self.blank()?;
                    return if self.peek().is_none() { Ok(done) } else { Err(JsonProblem::Invalid) };
                }
                (None, None) => return Err(JsonProblem::Invalid),
            };
        }
    }

    /// The next value; `None` if it is an object or a list whose first element comes next.
    fn value(&mut self) -> Read<Option<Json>> {
        self.blank()?;
        match self.peek() {
            Some(b'"') => self.string().map(Some),
            Some(b'{') => {
                self.enter()?;
                if self.take(b'}') {
                    return Ok(Some(self.object(Vec::new())));
                }
                let key = self.key()?;
                self.open.push(Open::Object(Vec::new(), key));
                Ok(None)
            }
            Some(b'[') => {
                self.enter()?;
                if self.take(b']') {
                    return Ok(Some(Json::Array(Vec::new())));
                }
                self.open.push(Open::Array(Vec::new()));
                Ok(None)
            }
            _ => self.word().map(Some),
        }
    }

    fn enter(&mut self) -> Read<()> {
        let limit = match self.parser {
            JsonParser::Python => PYTHON_DEPTH,
            JsonParser::Go => GO_DEPTH,
            _ => usize::MAX,
        };
        self.at += 1;
        if self.open.len() >= limit { Err(JsonProblem::TooDeep) } else { self.blank() }
    }

    fn append(&mut self, outer: Open, value: Json) -> Read<Option<Json>> {
        let kept = self.open.len() < KEPT_DEPTH;
        self.blank()?;
        match outer {
            Open::Object(mut members, key) => {
                if kept {
                    members.push((key, value));
                }
                if self.take(b'}') {
                    return Ok(Some(if kept { self.object(members) } else { Json::Deep }));
                }
                self.comma()?;
                let key = self.key()?;
                self.open.push(Open::Object(members, key));
            }
            Open::Array(mut elements) => {
                if kept {
                    elements.push(value);
                }
                if self.take(b']') {
                    return Ok(Some(if kept { Json::Array(elements) } else { Json::Deep }));
                }
                self.comma()?;
                self.open.push(Open::Array(elements));
            }
        }
        Ok(None)
    }

    fn object(&self, members: Vec<(String, Json)>) -> Json {
        Json::Object(Members { parser: self.parser, members })
    }

    fn key(&mut self) -> Read<String> {
        self.blank()?;
        if self.peek() != Some(b'"') {
            return Err(JsonProblem::Invalid);
        }
        let key = self.string()?.text().unwrap_or_default().to_owned();
        self.blank()?;
        if self.take(b':') { Ok(key) } else { Err(JsonProblem::Invalid) }
    }

    fn string(&mut self) -> Read<Json> {
        let (text, lone_surrogate) = super::string::read(self.bytes, &mut self.at, self.parser)?;
        Ok(Json::Text { text: Secret::new(text), lone_surrogate })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn comma(&mut self) -> Read<()> {
        if self.take(b',') { Ok(()) } else { Err(JsonProblem::Invalid) }
    }

    /// White space; yajl, as jsonlite sets it up, takes more of it, and comments.
    fn blank(&mut self) -> Read<()> {
        let is_r = self.parser == JsonParser::R;
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'\x0b' | b'\x0c') if is_r => self.at += 1,
                Some(b'/') if is_r => {
                    let end: &[u8] = match self.rest().get(1) {
                        Some(b'/') => b"\n",
                        Some(b'*') => b"*/",
                        _ => return Err(JsonProblem::Invalid),
                    };
                    let inside = self.rest().get(2..).unwrap_or_default();
                    let length = inside.windows(end.len()).position(|part| part == end);
                    self.at += 2 + end.len() + length.ok_or(JsonProblem::Invalid)?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn word(&mut self) -> Read<Json> {
        let words: [(&[u8], Json); 6] = [
            (b"true", Json::Bool(true)),
            (b"false", Json::Bool(false)),
            (b"null", Json::Null),
            (b"NaN", Json::Number),
            (b"Infinity", Json::Number),
            (b"-Infinity", Json::Number),
        ];
        let known = if self.parser == JsonParser::Python { 6 } else { 3 };
        for (word, value) in words.into_iter().take(known) {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        super::number::read(self.bytes, &mut self.at, self.parser).map(|()| Json::Number)
    }
}
