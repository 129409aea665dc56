//! Adding, replacing and removing members of a JSON object in its text, and nothing else of the text.
//!
//! An insertion goes directly after the last member's value, and a removal takes out exactly such a
//! piece: so one undoes the other byte for byte, whatever the style of the rest. Parsing and printing the
//! document would be shorter, but would change its layout, which people and package managers compare.

use std::ops::Range;

use crate::jupyter::kernelspec::json::{self, Value};

/// How a document is laid out, so that added members look like the others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Style {
    newline: &'static str,
    /// Indentation of the first level; `None` for a document on one line.
    indent: Option<String>,
    /// Between a key and its value.
    colon: String,
    /// After a comma on one line.
    gap: &'static str,
}

impl Style {
    /// The style of a document, from its outermost object.
    pub(crate) fn of(text: &str, document: &Value) -> Self {
        let members = document.members().unwrap_or_default();
        let lead =
            members.first().map_or("", |first| slice(text, document.span.start + 1..first.key_span.start));
        let colon = members.first().map_or(": ", |m| slice(text, m.key_span.end..m.value.span.start));
        let gap = match members {
            [first, second, ..] => {
                slice(text, first.value.span.end..second.key_span.start).trim_start_matches([','])
            }
            _ => colon.trim_start_matches(':'),
        };
        Style {
            newline: if lead.contains("\r\n") { "\r\n" } else { "\n" },
            indent: lead.rsplit_once('\n').map(|(_, indent)| indent.to_owned()),
            colon: if colon.contains('\n') { ": ".to_owned() } else { colon.to_owned() },
            gap: if gap.is_empty() { "" } else { " " },
        }
    }

    fn line(&self, depth: usize) -> String {
        match &self.indent {
            Some(indent) => format!("{}{}", self.newline, indent.repeat(depth)),
            None => String::new(),
        }
    }

    /// An object of these members (key, JSON text), as a member at this depth would be written.
    pub(crate) fn object(&self, members: &[(&str, String)], depth: usize) -> String {
        let separator = if self.indent.is_some() { String::new() } else { self.gap.to_owned() };
        let mut text = String::from("{");
        for (position, (key, value)) in members.iter().enumerate() {
            if position > 0 {
                text += ",";
                text += &separator;
            }
            text += &self.line(depth + 1);
            text += &format!("{}{}{value}", json::quote(key), self.colon);
        }
        text + &self.line(depth) + "}"
    }

    /// `text` with a member added to the end of `object`, which is not empty.
    pub(crate) fn append(&self, text: &str, object: &Value, key: &str, value: &str) -> Option<String> {
        let members = object.members()?;
        let last = members.last()?;
        let blank = self.before_next(text, object, members.len());
        let piece = format!(",{blank}{}{}{value}", json::quote(key), self.colon);
        Some(replace(text, &(last.value.span.end..last.value.span.end), &piece))
    }

    /// The white space before a key of this object.
    fn before_next(&self, text: &str, object: &Value, count: usize) -> String {
        let members = object.members().unwrap_or_default();
        let lead = members.first().map_or("", |m| slice(text, object.span.start + 1..m.key_span.start));
        if lead.contains('\n') {
            return lead.to_owned();
        }
        match members.get(count.saturating_sub(2)..) {
            Some([before, last]) => {
                let between = slice(text, before.value.span.end..last.key_span.start);
                between.split_once(',').map_or(String::new(), |(_, blank)| blank.to_owned())
            }
            _ => self.gap.to_owned(),
        }
    }
}

/// The part of the text under a span.
pub(crate) fn slice(text: &str, span: Range<usize>) -> &str {
    text.get(span).unwrap_or("")
}

/// `text` with this span replaced.
pub(crate) fn replace(text: &str, span: &Range<usize>, new: &str) -> String {
    format!("{}{new}{}", slice(text, 0..span.start), slice(text, span.end..text.len()))
}

/// `text` without one member of `object`, its comma and the white space before it included.
pub(crate) fn remove(text: &str, object: &Value, position: usize) -> String {
    let members = object.members().unwrap_or_default();
    let Some(member) = members.get(position) else { return text.to_owned() };
    let before = position.checked_sub(1).and_then(|before| members.get(before));
    let span = match (before, members.get(position + 1)) {
        (Some(before), _) => before.value.span.end..member.value.span.end,
        (None, Some(next)) => member.key_span.start..next.key_span.start,
        (None, None) => object.span.start + 1..member.value.span.end,
    };
    replace(text, &span, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(text: &str, key: &str, value: &str) -> String {
        let document = json::parse(text).unwrap();
        Style::of(text, &document).append(text, &document, key, value).unwrap()
    }

    #[test]
    fn an_added_member_is_laid_out_like_the_others() {
        assert_eq!(append(r#"{"a":1,"b":2}"#, "c", "3"), r#"{"a":1,"b":2,"c":3}"#);
        assert_eq!(append(r#"{"a": 1, "b": 2 }"#, "c", "3"), r#"{"a": 1, "b": 2, "c": 3 }"#);
        assert_eq!(append("{\n \"a\": 1\n}\n", "c", "3"), "{\n \"a\": 1,\n \"c\": 3\n}\n");
        assert_eq!(append("{\r\n\t\"a\" : 1\r\n}", "c", "3"), "{\r\n\t\"a\" : 1,\r\n\t\"c\" : 3\r\n}");
        assert_eq!(append("{\"a\": [1],\n \"b\":2\n}", "c", "3"), "{\"a\": [1],\n \"b\":2,\n \"c\": 3\n}");
    }

    #[test]
    fn a_new_object_is_laid_out_like_the_document() {
        let members = [("A", "\"1\"".to_owned()), ("B", "\"2\"".to_owned())];
        let layout = |text: &str| Style::of(text, &json::parse(text).unwrap()).object(&members, 1);
        assert_eq!(layout("{\n \"a\": 1\n}"), "{\n  \"A\": \"1\",\n  \"B\": \"2\"\n }");
        assert_eq!(layout("{\"a\":1,\"b\":1}"), "{\"A\":\"1\",\"B\":\"2\"}");
        assert_eq!(layout("{\"a\": 1,\"b\": 1}"), "{\"A\": \"1\",\"B\": \"2\"}");
        assert_eq!(layout("{\"a\":1, \"b\":1}"), "{\"A\":\"1\", \"B\":\"2\"}");
        assert_eq!(layout("{\"a\": 1}"), "{\"A\": \"1\", \"B\": \"2\"}");
    }

    #[test]
    fn a_member_can_be_removed_from_any_position() {
        let text = "{ \"a\": 1 , \"b\": 2, \"c\": 3 }";
        let removed = |text: &str, at| remove(text, &json::parse(text).unwrap(), at);
        assert_eq!(removed(text, 0), "{ \"b\": 2, \"c\": 3 }");
        assert_eq!(removed(text, 1), "{ \"a\": 1, \"c\": 3 }");
        assert_eq!(removed(text, 2), "{ \"a\": 1 , \"b\": 2 }");
        assert_eq!(removed("{ \"a\": 1 }", 0), "{ }");
    }
}
