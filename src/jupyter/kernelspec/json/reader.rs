//! The reader of JSON texts: one pass over the bytes, as in `Lib/json/scanner.py` and `decoder.py`.

use super::{Member, Value, ValueKind};

/// Deeper than any kernelspec is nested; without a limit, a file could overflow the stack.
const MAX_DEPTH: usize = 200;

/// Reads a whole document; on failure says why, and at which byte.
pub(crate) fn read(text: &str) -> Result<Value, (&'static str, usize)> {
    let mut reader = JsonReader { text, at: 0, depth: 0 };
    let value = reader.document();
    value.map_err(|what| (what, reader.at))
}

struct JsonReader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

type Read<T> = Result<T, &'static str>;

impl JsonReader<'_> {
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
            Some(b'"') => ValueKind::Text(self.string()?),
            _ => self.word()?,
        };
        self.depth -= 1;
        Ok(Value { span: start..self.at, kind })
    }

    fn object(&mut self) -> Read<ValueKind> {
        let mut members = Vec::new();
        self.at += 1;
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(ValueKind::Object(members));
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
                return Ok(ValueKind::Object(members));
            }
            self.take(b',', "expected a comma or a closing brace")?;
        }
    }

    fn array(&mut self) -> Read<ValueKind> {
        let mut elements = Vec::new();
        self.at += 1;
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(ValueKind::Array(elements));
        }
        loop {
            self.blank();
            elements.push(self.value()?);
            self.blank();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(ValueKind::Array(elements));
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

    fn word(&mut self) -> Read<ValueKind> {
        const WORDS: [(&str, ValueKind); 6] = [
            ("true", ValueKind::Bool(true)),
            ("false", ValueKind::Bool(false)),
            ("null", ValueKind::Null),
            ("NaN", ValueKind::Number),
            ("Infinity", ValueKind::Number),
            ("-Infinity", ValueKind::Number),
        ];
        for (word, kind) in WORDS {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(kind);
            }
        }
        self.number()
    }

    /// `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`; the caller refuses what follows.
    fn number(&mut self) -> Read<ValueKind> {
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
        Ok(ValueKind::Number)
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
