//! Masks whatever looks like one of Google's secrets in texts for people. It is the last safeguard: an error would
//! quote a token that was pasted in place of a name or a file.

use std::borrow::Cow;

/// How secrets begin, and which part of that is shown. Authorization codes (`4/0`) are recognised only where
/// they can't be part of a path.
const BEGINNINGS: [(&str, &str); 5] =
    [("1//0", "1//"), ("ya29.", "ya29."), ("GOCSPX-", "GOCSPX-"), ("4/0", "4/"), ("4%2F0", "4%2F")];

/// The length of the shortest secret, in bytes: shorter words are not Google's.
const SHORTEST: usize = 16;

/// What stands before an authorization code in an address, whatever the server's codes look like.
const BEFORE_CODES: [&str; 2] = ["?code=", "&code="];

/// The text, with `…` for the rest of each secret.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let mut signs = BEGINNINGS.iter().map(|(beginning, _)| *beginning).chain(BEFORE_CODES);
    if !signs.any(|sign| text.contains(sign)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        match secret_at(&out, rest) {
            Some((shown, length)) => {
                out.push_str(shown);
                out.push('…');
                rest = rest.get(length..).unwrap_or("");
            }
            None => {
                out.push(next);
                rest = rest.get(next.len_utf8()..).unwrap_or("");
            }
        }
    }
    Cow::Owned(out)
}

/// The shown beginning and the length of the secret that `rest` begins with.
fn secret_at(before: &str, rest: &str) -> Option<(&'static str, usize)> {
    if BEFORE_CODES.iter().any(|sign| before.ends_with(sign)) {
        if rest.starts_with('…') {
            return None; // it is masked, and what comes behind it is the sentence
        }
        let length = rest.find(|c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '`' | '#'));
        return Some(("", length.unwrap_or(rest.len()))).filter(|(_, length)| *length > 0);
    }
    let (beginning, shown) = BEGINNINGS.iter().find(|(beginning, _)| rest.starts_with(beginning))?;
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if before.ends_with(|c: char| inside(c) || (c == '/' && beginning.starts_with("4/"))) {
        return None;
    }
    let tail = rest.get(beginning.len()..)?;
    let length = beginning.len() + tail.find(|c| !inside(c)).unwrap_or(tail.len());
    (length >= SHORTEST).then_some((shown, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_are_masked_and_nothing_else() {
        for (text, shown) in [
            ("\"1//0abcdefghijklmnop-_x\" is not one", "\"1//…\" is not one"),
            ("ya29.a0abcdefghijklmnop.q, GOCSPX-abcdefghijkl", "ya29.…, GOCSPX-…"),
            ("?state=s&code=4/0abcdefghijklmnop&x", "?state=s&code=…&x"),
            ("code=4%2F0abcdefghijklmnop é", "code=4%2F… é"),
            ("\"http://a/?code=short\" and ?code= none", "\"http://a/?code=…\" and ?code= none"),
        ] {
            assert_eq!(masked(text), shown);
        }
        for text in [
            "/home/4/0abcdefghijklmnop",
            "24/0abcdefghijklmnop",
            "4/0",
            "ya29.",
            "ratio 4/0.5",
            "é 1//0 ya29.x",
            "an address like http://127.0.0.1:8085/?state=…&code=…; it may say more",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_masked_stays_as_it_is(
            words in prop::collection::vec("[?&]code=|ya29\\.|1//0|4/0|4%2F0|GOCSPX-|[;,. '\"…/]|[a-z0-9]{1,20}", 0..12),
        ) {
            let once = masked(&words.concat()).into_owned();
            prop_assert_eq!(masked(&once), once.as_str());
        }
    }
}
