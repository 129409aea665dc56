//! What went to the server during a run.

use std::fmt;

use crate::double::{Request, Via};

pub struct Sent(Vec<Request>);

impl Sent {
    /// The browser's own requests don't count.
    pub fn of(requests: Vec<Request>) -> Sent {
        Sent(requests.into_iter().filter(|request| request.via != Via::Browser).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The requests to this endpoint.
    pub fn at<'s>(&'s self, end: &'static str) -> impl Iterator<Item = &'s Request> {
        self.0.iter().filter(move |request| request.path.ends_with(end))
    }

    /// Refreshes with this token.
    pub fn refreshes<'s>(&'s self, token: &'s str) -> impl Iterator<Item = &'s Request> {
        self.at("/token").filter(move |request| request.field("refresh_token").as_deref() == Some(token))
    }

    /// Whether each request got an answer of the server's.
    pub fn is_answered(&self) -> bool {
        self.0.iter().all(|request| matches!(request.status, 200 | 400 | 401 | 403))
    }
}

/// `refresh`, `code`, `revoke`, `who`, each with a number if it came several times in a row.
impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(String, usize)> = Vec::new();
        for request in &self.0 {
            let kind = match request.path.rsplit('/').next().unwrap_or_default() {
                "token" if request.field("code").is_some() => "code",
                "token" => "refresh",
                "revoke" => "revoke",
                "tokeninfo" | "userinfo" => "who",
                other if other.ends_with(":generateAccessToken") => "act",
                other => other,
            };
            match runs.last_mut() {
                Some((last, count)) if last == kind => *count += 1,
                _ => runs.push((kind.to_owned(), 1)),
            }
        }
        let shown = runs.into_iter().map(|(kind, n)| if n > 1 { format!("{kind} x{n}") } else { kind });
        f.write_str(&shown.collect::<Vec<_>>().join(" "))
    }
}
