//! What gcloud says on stderr: the address to open, and its errors.

use url::Url;

use crate::oauth::Reason;

/// More than gcloud says in a sign-in, in bytes.
const LIMIT: usize = 64 * 1024;
/// How much of it an error quotes, in characters.
const QUOTED: usize = 400;

/// What gcloud has said so far.
#[derive(Default)]
pub(super) struct Said(Vec<u8>);

impl Said {
    /// Adds what came.
    pub(super) fn add(&mut self, piece: &[u8]) {
        let room = LIMIT.saturating_sub(self.0.len());
        self.0.extend(piece.iter().take(room));
    }

    /// Forgets it: what comes next is about the code.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The address of Google's page, once it was printed to the end.
    pub(super) fn address(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.0);
        let whole = text.rfind(char::is_whitespace).and_then(|end| text.get(..end))?;
        let is_page = |word: &&str| {
            Url::parse(word).is_ok_and(|url| {
                url.scheme() == "https" && url.query_pairs().any(|(name, _)| name == "client_id")
            })
        };
        whole.split_whitespace().find(is_page).map(str::to_owned)
    }

    /// It in one line, for an error; without the code that gcloud was given.
    pub(super) fn words(&self, code: Option<&str>) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let text = code.map_or_else(|| text.to_string(), |code| text.replace(code, "CODE"));
        let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        shortened(words)
    }
}

/// Its beginning, which ends with a whole word.
fn shortened(words: String) -> String {
    let Some((limit, _)) = words.char_indices().nth(QUOTED) else { return words };
    let beginning = words.get(..limit).unwrap_or_default();
    let end = beginning.rfind(' ').unwrap_or(limit);
    format!("{} …", beginning.get(..end).unwrap_or_default())
}

/// The server's refusal in gcloud's words, which repeat it as `(invalid_grant) Malformed auth code.`
pub(super) fn refusal(words: &str) -> Option<Reason> {
    words.match_indices('(').find_map(|(at, _)| {
        let (error, description) = words.get(at + 1..)?.split_once(')')?;
        let is_code =
            !error.is_empty() && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        is_code.then(|| Reason::of(error, None, Some(description)))
    })
}

/// The `state` in an address.
pub(super) fn state(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    url.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITATION: &str =
        "Go to the following link in your browser, and complete the sign-in prompts:\n\n    ";
    const ADDRESS: &str =
        "https://accounts.google.com/o/oauth2/auth?response_type=code&client_id=x&state=abc";
    const MALFORMED: &str = "ERROR: (gcloud.auth.application-default.login) There was a problem with web \
        authentication. Try running again with --no-browser.\n(invalid_grant) Malformed auth code.\n";

    fn said(text: &str) -> Said {
        let mut said = Said::default();
        text.as_bytes().chunks(7).for_each(|piece| said.add(piece));
        said
    }

    #[test]
    fn the_address_is_found_when_it_is_whole() {
        for text in
            ["", "WARNING: see https://cloud.google.com/sdk/docs\n", &format!("{INVITATION}{ADDRESS}")]
        {
            assert_eq!(said(text).address(), None, "{text}");
        }
        let whole = said(&format!("see https://cloud.google.com/sdk\n{INVITATION}{ADDRESS}\n\n\n"));
        assert_eq!(whole.address().as_deref(), Some(ADDRESS));
        assert_eq!(state(ADDRESS).as_deref(), Some("abc"));
    }

    #[test]
    fn an_error_is_quoted_in_one_line_without_the_code() {
        let words = said("ERROR: 4/0code\nis \u{1b}[31mwrong\r\n").words(Some("4/0code"));
        assert_eq!(words, "ERROR: CODE is [31mwrong");
        let words = said(&"wörd ".repeat(LIMIT)).words(None);
        assert!(words.ends_with("wörd …") && words.chars().count() <= QUOTED + 2, "{words}");
    }

    #[test]
    fn a_refusal_is_found_in_the_words() {
        assert_eq!(refusal(&said(MALFORMED).words(None)), Some(Reason::BadCode));
        for words in ["", "()", "ERROR: (gcloud.auth.application-default.login) no network", "(x"] {
            assert_eq!(refusal(words), None, "{words}");
        }
    }
}
