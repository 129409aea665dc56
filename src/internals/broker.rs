//! A request to the broker of `exec --token-only`: only one that brings the handle, or the path with the header of
//! metadata clients, gets a token.

use crate::handover::broker::{Secrets, TokenSource, respond};
use crate::output::error::Error;
use crate::output::secret::Secret;
use crate::store::AccessToken;
use crate::system::clock::Time;

const PORT: u16 = 8085;
const HANDLE: &str = "right-handle";
const PATH: &str = "right-path";
const TOKEN: &str = "ya29.for-the-program";

struct Source;

impl TokenSource for Source {
    fn token(&self) -> Result<AccessToken, Error> {
        Ok(AccessToken { token: Secret::new(TOKEN), expires: Time::now().plus(3_000) })
    }

    fn account(&self) -> &str {
        "ada@example.com"
    }

    fn scopes(&self) -> &[String] {
        &[]
    }
}

pub(super) fn check(data: &[u8]) {
    let secrets = Secrets { handle: Secret::new(HANDLE), path: Secret::new(PATH) };
    let response = respond(data, PORT, &secrets, &Source);
    let response = String::from_utf8(response).expect("an answer is text");
    let (head, body) = response.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 ") && response.len() < 8 * 1024);
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    let is_whole = length.parse() == Ok(body.len());
    assert!(is_whole || (body.is_empty() && data.starts_with(b"HEAD ")), "{length}");
    if !response.contains(TOKEN) {
        return;
    }
    assert!(head.starts_with("HTTP/1.1 200 OK"));
    let request = String::from_utf8_lossy(data);
    let (first, rest) = request.split_once("\r\n").expect("a request line");
    let (fields, body) = rest.split_once("\r\n\r\n").expect("an end");
    let has_host = fields.lines().any(|line| {
        let line = line.to_ascii_lowercase();
        line.strip_prefix("host:").is_some_and(|host| host.trim().ends_with(":8085"))
    });
    assert!(has_host, "{fields}");
    if first.starts_with("POST /token") {
        let length = fields.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok()
        });
        // what follows belongs to no request
        let form = body.as_bytes().get(..length.expect("a length")).expect("a whole body");
        let handles = url::form_urlencoded::parse(form);
        assert!(handles.filter(|(name, _)| name == "refresh_token").any(|(_, handle)| handle == HANDLE));
    } else {
        assert!(first.starts_with("GET /") && first.contains(PATH), "{first}");
        assert!(fields.to_ascii_lowercase().contains("metadata-flavor:"), "{fields}");
    }
}
