//! A request that comes to the sign-in's listener, through the HTTP server's parser: only the browser's own, with
//! the right state, counts, and nothing that was sent is repeated.

use super::assert_no_canary;
use crate::oauth::respond_to_sign_in;
use crate::output::secret::Secret;

const STATE: &str = "right-state";
const PORT: u16 = 8085;
const STATUSES: [&str; 8] = [
    "200 OK",
    "400 Bad Request",
    "404 Not Found",
    "405 Method Not Allowed",
    "411 Length Required",
    "413 Content Too Large",
    "421 Misdirected Request",
    "431 Request Header Fields Too Large",
];

pub(super) fn check(data: &[u8]) {
    let (response, answer) = respond_to_sign_in(data, PORT, &Secret::new(STATE));
    assert_no_canary(&response);
    let (head, body) = response.split_once("\r\n\r\n").expect("a head");
    let status = head.lines().next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).expect("a status");
    assert!(STATUSES.contains(&status), "{status}");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    let whole = length.parse() == Ok(body.len());
    assert!(whole || (body.is_empty() && data.starts_with(b"HEAD ")), "{length}");
    assert!(response.len() < 8 * 1024);
    let Some(answer) = answer else { return };

    assert_eq!(status, "200 OK");
    let end = data.windows(4).position(|end| end == b"\r\n\r\n").expect("an end");
    // fields other than Host may hold any bytes, such as cookies of other programs on this machine
    let request = String::from_utf8_lossy(data.get(..end).unwrap_or_default());
    let target = request.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).expect("a GET");
    let hosts = request.lines().filter(|line| line.to_ascii_lowercase().starts_with("host:"));
    let hosts: Vec<&str> = hosts.map(|line| line.get("host:".len()..).unwrap_or_default().trim()).collect();
    let ours = ["127.0.0.1:8085", "localhost:8085", "[::1]:8085"];
    assert!(hosts.iter().any(|host| ours.iter().any(|our| our.eq_ignore_ascii_case(host))), "{hosts:?}");
    let query = target.strip_prefix("/?").expect("our own path");
    let mut states = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "state");
    assert!(states.next().is_some_and(|(_, state)| state == STATE) && states.next().is_none());
    assert_eq!(answer.state.as_ref().map(Secret::expose), Some(STATE));
}
