//! Where a browser ends after the sign-in: the address, its query, or just the code, as users
//! paste it and as the browser sends it.

use url::form_urlencoded;

use super::reason::Reason;
use crate::output::error::{Error, Result};
use crate::output::secret::Secret;

/// Longer than any address that a browser shows.
const LENGTH_LIMIT: usize = 16 * 1024;

/// Codes are far longer; what is shorter was typed by mistake, and must not use up a sign-in.
const SHORTEST_CODE: usize = 8;

/// What the browser shows at the end of a sign-in, to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// An address on this machine: bqcred's own sign-in.
    Address,
    /// A code, on a page: gcloud's sign-in.
    Code,
    /// Not known: no sign-in waits.
    Unknown,
}

impl Shown {
    /// How to get at it.
    fn hint(self) -> &'static str {
        match self {
            Shown::Address => {
                "after the sign-in the browser ends at an address like http://127.0.0.1:8085/?state=…&code=…; \
                 it may say that the page can't be reached. Copy the whole address"
            }
            Shown::Code => "after the sign-in the page in the browser shows a code. Copy the whole code",
            Shown::Unknown => {
                "after the sign-in the browser ends at an address with a code in it, or shows the code. Copy that as a \
                 whole"
            }
        }
    }
}

/// The server's answer to a sign-in, not yet checked against the sign-in that asked for it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The code to exchange, or why there is none.
    pub(crate) result: std::result::Result<Secret, Reason>,
    /// The state that came with it; a bare code has none.
    pub(crate) state: Option<Secret>,
}

impl Answer {
    /// Reads what the user pasted: an address (http or https, any host), its query, or the code. `shown` is what the
    /// browser shows in this sign-in.
    pub(crate) fn from_pasted(text: &str, shown: Shown) -> Result<Answer> {
        let unreadable = |problem: &str| Error::usage(problem).hint(shown.hint());
        // what terminals put around a pasted text
        let text = text.replace("\u{1b}[200~", "").replace("\u{1b}[201~", "");
        let is_one_word = text.lines().all(|line| line.split_whitespace().count() <= 1);
        // terminals and mail wrap long addresses; none of the parts can hold white space
        let text: String = text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        let text = text.trim_matches(['"', '\'', '<', '>', '`']).replace("&amp;", "&");
        if text.is_empty() {
            return Err(unreadable("nothing was pasted"));
        }
        if text.len() > LENGTH_LIMIT {
            return Err(unreadable("this is far too long for an address"));
        }
        if let Some(answer) = query_of(&text).and_then(Answer::from_query) {
            return Ok(answer);
        }
        if text.contains("code_challenge=") || text.contains("/o/oauth2/") {
            return Err(unreadable("this is the address to open, not the one where the browser ends"));
        }
        // the code, and what came behind it in the address
        if let Some((code, rest)) = text.split_once('&')
            && let Some(code) = code_of(code)
            && let Some(answer) = Answer::from_query(&format!("code=x&{rest}"))
        {
            return Ok(Answer { result: Ok(code), state: answer.state });
        }
        if text.contains("://") || text.contains(['?', '&', '=']) {
            return Err(unreadable("this address has no `code=` in it"));
        }
        match code_of(&text).filter(|_| is_one_word) {
            Some(code) => Ok(Answer { result: Ok(code), state: None }),
            None => Err(unreadable("this is neither an address nor a code")),
        }
    }

    /// Reads a query (`state=…&code=…`, or `error=…`); `None` if it is not an answer. A parameter that
    /// occurs twice makes it invalid: which one is meant can't be known.
    pub(crate) fn from_query(query: &str) -> Option<Answer> {
        let (mut code, mut error, mut state) = (None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "code" => &mut code,
                "error" => &mut error,
                "state" => &mut state,
                _ => continue,
            };
            if value.is_empty() || place.replace(Secret::new(value)).is_some() {
                return None;
            }
        }
        let result = match (code, error) {
            (Some(code), None) => Ok(code),
            (None, Some(error)) => Err(Reason::of(error.expose(), None, None)),
            _ => return None,
        };
        Some(Answer { result, state })
    }
}

/// The query of an address, or the text itself if it looks like a query.
fn query_of(text: &str) -> Option<&str> {
    let query = match text.split_once('?') {
        Some((_, query)) => query,
        None if text.find("://") < text.find('=') && text.contains("://") => return None,
        None => text,
    };
    query.split('#').next()
}

/// A bare code.
fn code_of(text: &str) -> Option<Secret> {
    let code = decoded(text);
    let is_code = code.len() >= SHORTEST_CODE
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-.~".contains(&byte));
    is_code.then(|| Secret::new(code))
}

/// Percent-decoding alone: unlike in a query, a plus sign stays one.
fn decoded(text: &str) -> String {
    let query = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(query.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code_and_state(text: &str) -> (String, Option<String>) {
        let answer = Answer::from_pasted(text, Shown::Address).unwrap();
        (answer.result.unwrap().expose().to_owned(), answer.state.map(|state| state.expose().to_owned()))
    }

    #[test]
    fn an_address_a_query_and_a_code_are_read() {
        let whole = ("4/0Ab-c_d".to_owned(), Some("s1".to_owned()));
        for text in [
            "http://127.0.0.1:8085/?state=s1&code=4/0Ab-c_d&scope=email",
            "https://localhost:8085/?code=4%2F0Ab-c_d&state=s1",
            "  http://vm.example/?state=s1&code=4%2F0Ab-c_d#  ",
            "127.0.0.1:8085/?state=s1&code=4/0Ab-c_d",
            "?state=s1&code=4/0Ab-c_d",
            "state=s1&code=4/0Ab-c_d",
            "state=s1&iss=https://accounts.google.com&code=4/0Ab-c_d",
            "state=s1&amp;code=4/0Ab-c_d",
            "\"http://127.0.0.1:8085/?state=s1&co\nde=4/0Ab-c_d\"\n",
        ] {
            assert_eq!(code_and_state(text), whole, "{text}");
        }
        assert_eq!(code_and_state("4/0Ab-c_d"), ("4/0Ab-c_d".to_owned(), None));
        for text in [
            "4/0Ab\n-c_d",
            "\u{1b}[200~4/0Ab-c_d\u{1b}[201~\n",
            "4/0Ab-c_d&scope=email%20openid&prompt=consent",
        ] {
            assert_eq!(code_and_state(text), ("4/0Ab-c_d".to_owned(), None), "{text}");
        }
        assert_eq!(code_and_state("4/0Ab-c_d&state=s1"), whole);
        assert_eq!(code_and_state("4%2F0Ab-c_d\n"), ("4/0Ab-c_d".to_owned(), None));
    }

    #[test]
    fn a_refusal_keeps_its_reason() {
        let answer =
            Answer::from_pasted("http://127.0.0.1:1/?error=access_denied&state=s", Shown::Address).unwrap();
        assert_eq!(answer.result.unwrap_err(), Reason::AccessDenied);
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "   ",
            "http://127.0.0.1:8085/",
            "http://127.0.0.1:8085/?state=s",
            "?code=a&code=b&state=s",
            "?code=&state=s",
            "?code=a&error=b",
            "https://accounts.google.com/o/oauth2/v2/auth?code_challenge=x&state=y",
            "hello world!",
            "no idea what to paste",
            "yes",
            "$(touch x)",
            "http://127.0.0.1:8085/&state=s1&code=4/0Ab-c_d",
            "1234567",
        ] {
            assert!(Answer::from_pasted(text, Shown::Address).is_err(), "{text}");
        }
        assert_eq!(code_and_state("12345678"), ("12345678".to_owned(), None));
        let too_long = "x".repeat(LENGTH_LIMIT + 1);
        for (text, why) in [
            ("http://127.0.0.1:8085/", "no `code=`"),
            ("/?state=s", "no `code=`"),
            ("code_is=abcdefgh", "no `code=`"),
            ("https://login.example/?code_challenge=x", "the address to open"),
            ("https://accounts.google.com/o/oauth2/v2/auth?client_id=x", "the address to open"),
            (&too_long, "too long"),
        ] {
            let error = Answer::from_pasted(text, Shown::Address).unwrap_err();
            assert!(error.what().contains(why), "{}", error.what());
        }
    }

    #[test]
    fn the_hint_is_about_what_this_sign_in_shows() {
        let hint = |shown| Answer::from_pasted("junk", shown).unwrap_err().hint_text().unwrap().to_owned();
        assert!(hint(Shown::Address).contains("127.0.0.1"));
        for shown in [Shown::Code, Shown::Unknown] {
            assert!(!hint(shown).contains("127.0.0.1") && hint(shown).contains("code"));
        }
    }

    proptest! {
        #[test]
        fn anything_pasted_is_read_or_refused_and_never_quoted(text in "\\PC{8,80}") {
            if let Err(error) = Answer::from_pasted(&text, Shown::Address) {
                prop_assert!(!error.what().contains(text.trim()));
            }
        }

        #[test]
        fn a_code_survives_every_encoding(code in "[A-Za-z0-9/_.~-]{8,80}") {
            let encoded: String = form_urlencoded::byte_serialize(code.as_bytes()).collect();
            let (read, _) = code_and_state(&format!("http://127.0.0.1:1/?state=s&code={encoded}"));
            prop_assert_eq!(&read, &code);
            let (bare, _) = code_and_state(&encoded);
            prop_assert_eq!(&bare, &code);
        }
    }
}
