//! What is pasted after a sign-in: read the same however it was encoded and wrapped, and never repeated.

use url::form_urlencoded;

use crate::oauth::{Answer, Shown};

/// Every message about it.
const PROBLEMS: [&str; 5] = [
    "nothing was pasted",
    "this is far too long for an address",
    "this is the address to open, not the one where the browser ends",
    "this address has no `code=` in it",
    "this is neither an address nor a code",
];

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let answer = match Answer::from_pasted(text, Shown::Unknown) {
        Ok(answer) => answer,
        Err(error) => {
            assert!(PROBLEMS.contains(&error.what()), "{error}");
            assert!(error.hint_text().is_some_and(|hint| hint.starts_with("after the sign-in")));
            return;
        }
    };
    let code = match &answer.result {
        Ok(code) => code.expose(),
        Err(reason) => {
            let word = reason.code();
            assert!(word.len() <= 40 && !word.contains(char::is_control), "{reason:?}");
            return;
        }
    };
    let state = answer.state.as_ref().map(crate::output::secret::Secret::expose);
    let shown = format!("{answer:?}").replace("Some(Secret(REDACTED))", "None");
    assert_eq!(shown, "Answer { result: Ok(Secret(REDACTED)), state: None }");

    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(state.map(|state| ("state", state))).append_pair("code", code);
    let address = format!("http://127.0.0.1:8085/?{}#", query.finish());
    assert_eq!(parts(&address), Some((code.to_owned(), state.map(str::to_owned))));
    // a bare code may be several words for another reason: the user typed a sentence
    if state.is_some()
        && let Some((begin, end)) = text.split_at_checked(text.len() / 2)
    {
        let wrapped = parts(&format!("{begin}\r\n  {end}"));
        assert_eq!(wrapped, Some((code.to_owned(), state.map(str::to_owned))));
    }
}

fn parts(text: &str) -> Option<(String, Option<String>)> {
    let answer = Answer::from_pasted(text, Shown::Unknown).ok()?;
    Some((answer.result.ok()?.expose().to_owned(), answer.state.map(|state| state.expose().to_owned())))
}
