//! The user in the browser: signs in, consents or not, and is redirected to the app.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use url::Url;

use super::authorize::CONSENT_HEADER;
use super::request::{Request, Via};
use super::response::Response;
use super::{Google, routes};

/// Who signs in, and what they allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// The account.
    pub who: String,
    /// The ticked scopes; all of them if none are given.
    pub scopes: Option<Vec<String>>,
    /// Presses "Cancel".
    pub deny: bool,
}

impl Consent {
    /// Signs in as this account and allows everything.
    pub fn all(who: &str) -> Self {
        Consent { who: who.to_owned(), ..Consent::default() }
    }

    /// Signs in as this account and presses "Cancel".
    pub fn denied(who: &str) -> Self {
        Consent { deny: true, ..Consent::all(who) }
    }

    /// Signs in as this account and ticks these scopes only.
    pub fn only(who: &str, scopes: &[&str]) -> Self {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Consent { scopes: Some(scopes), ..Consent::all(who) }
    }

    fn encode(&self) -> String {
        json!({"who": self.who, "scopes": self.scopes, "deny": self.deny}).to_string()
    }

    pub(super) fn decode(text: &str) -> Self {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let list = value["scopes"].as_array();
        let words =
            |list: &Vec<serde_json::Value>| list.iter().map(|s| s.as_str().unwrap().to_owned()).collect();
        Consent {
            who: value["who"].as_str().unwrap().to_owned(),
            scopes: list.map(words),
            deny: value["deny"] == true,
        }
    }
}

impl Google {
    /// The user opens the authorization URL, signs in, and consents to everything. Returns where the
    /// browser is sent, without going there. Panics if Google would block the request.
    pub fn approve(&self, auth_url: &str, who: &str) -> String {
        self.approve_with(auth_url, Consent::all(who))
    }

    /// The same with another consent.
    pub fn approve_with(&self, auth_url: &str, consent: Consent) -> String {
        self.try_approve(auth_url, consent).unwrap_or_else(|problem| panic!("{problem}\nfor {auth_url}"))
    }

    /// The same; the error is the page that Google shows instead.
    pub fn try_approve(&self, auth_url: &str, consent: Consent) -> Result<String, String> {
        let url = Url::parse(auth_url).map_err(|problem| format!("{problem}: {auth_url:?}"))?;
        let origin = url.origin().ascii_serialization();
        let own = [self.http_base(), self.https_base(), "https://accounts.google.com".to_owned()];
        if !own.contains(&origin) {
            return Err(format!("{origin} is not Google"));
        }
        let mut request = Request {
            via: Via::Browser,
            method: "GET".into(),
            host: url.host_str().unwrap_or_default().to_owned(),
            path: url.path().to_owned(),
            query: url.query().unwrap_or_default().to_owned(),
            headers: vec![(CONSENT_HEADER.into(), consent.encode())],
            body: Vec::new(),
            identity: None,
            status: 0,
        };
        let response = routes::answer(&self.world, &mut request);
        location(&response)
            .ok_or_else(|| format!("{}: {}", response.status, String::from_utf8_lossy(&response.body)))
    }

    /// Goes to a plain http address, as the browser does with a redirect. Status and body.
    pub fn visit(&self, address: &str) -> (u16, String) {
        self.try_visit(address).unwrap_or_else(|problem| panic!("{problem} at {address}"))
    }

    /// The same, where it may fail.
    pub fn try_visit(&self, address: &str) -> io::Result<(u16, String)> {
        let url = Url::parse(address).map_err(io::Error::other)?;
        assert_eq!(url.scheme(), "http", "{address}");
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(80);
        let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        // in one piece: a listener that isn't bqcred may read once, and close
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status =
            text.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
        Ok((status, body))
    }
}

fn location(response: &Response) -> Option<String> {
    let found = response.headers.iter().find(|(name, _)| name == "Location");
    found.filter(|_| response.status == 302).map(|(_, value)| value.clone())
}
