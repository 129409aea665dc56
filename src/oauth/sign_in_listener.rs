//! Waits on 127.0.0.1 for the browser that comes back from a sign-in (RFC 8252 section 7.3).
//!
//! Whatever else connects must not disturb: browsers ask for icons and come twice; other pages in the same browser
//! may guess the port. Only a GET to our own address with the right state counts.

use std::io;
use std::sync::Arc;

use super::answer::Answer;
use super::http_server::{HttpServer, Refusal, Request, Response};
use crate::output::error::{Error, Kind, Result, reason};
use crate::output::secret::Secret;

const PAGE: &str = include_str!("sign_in_page.html");
const STILL_WAITING: &str =
    "The sign-in is still waiting. Go back to your terminal, and open the address that it shows.";

/// A listener for one sign-in.
pub(crate) struct SignInListener(HttpServer);

/// What the browser shows.
struct Page {
    status: &'static str,
    title: &'static str,
    text: &'static str,
    /// Whether the sign-in succeeded.
    good: bool,
}

impl SignInListener {
    /// Listens on this port of 127.0.0.1, or on a free one for 0.
    pub(crate) fn bind(port: u16) -> Result<SignInListener> {
        HttpServer::bind(port).map(SignInListener).map_err(|error| {
            let what = match error.kind() {
                io::ErrorKind::AddrInUse => format!("port {port} is taken by another program"),
                _ => format!("can't listen on port {port}: {}", reason(&error)),
            };
            Error::new(Kind::Other, what)
                .hint("choose another one: `bqcred login --port PORT`, or leave --port out")
        })
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.0.port()
    }

    /// The address that the browser has to come back to. An address and not `localhost`, which may
    /// mean another one (RFC 8252 section 8.3).
    pub(crate) fn redirect_uri(port: u16) -> String {
        format!("http://127.0.0.1:{port}/")
    }

    /// Serves until the process ends. `deliver` is called with every answer that has the right
    /// state, after the browser got its page.
    pub(crate) fn serve(self, state: Secret, deliver: impl Fn(Answer) + Send + Sync + 'static) {
        let deliver = Arc::new(deliver);
        self.0.serve(move |request, _| {
            let (page, answer) = judge(request, &state);
            match answer {
                Some(answer) => {
                    let deliver = Arc::clone(&deliver);
                    page.response().then(move || deliver(answer))
                }
                None => page.response(),
            }
        });
    }
}

/// What is sent back for these bytes, and the sign-in's answer if they were one.
#[cfg(any(test, feature = "internals"))]
pub(crate) fn respond_to_sign_in(bytes: &[u8], port: u16, state: &Secret) -> (String, Option<Answer>) {
    let mut found = None;
    let (response, _) = super::http_server::respond(Ok(bytes), port, |request| {
        let (page, answer) = judge(request, state);
        found = answer;
        page.response()
    });
    (String::from_utf8_lossy(&response).into_owned(), found)
}

/// Decides what a request is.
fn judge(request: std::result::Result<&Request<'_>, Refusal>, state: &Secret) -> (Page, Option<Answer>) {
    match request.map_err(refused).and_then(|request| Ok((request.method, answer_in(request, state)?))) {
        Err(page) => (page, None),
        Ok(("HEAD", _)) => (Page { status: "200 OK", title: "", text: "", good: true }, None),
        Ok((_, answer)) => (arrived(answer.result.is_ok()), Some(answer)),
    }
}

/// The sign-in's answer in a request, if it is the one that is waited for.
fn answer_in(request: &Request<'_>, state: &Secret) -> std::result::Result<Answer, Page> {
    let refuse = |status, title| Err(Page { status, title, text: STILL_WAITING, good: false });
    if !matches!(request.method, "GET" | "HEAD") {
        return refuse("405 Method Not Allowed", "Only GET is answered here");
    }
    if request.path != "/" {
        return refuse("404 Not Found", "There is no such page");
    }
    let Some(answer) = Answer::from_query(request.query).filter(|_| request.body.is_empty()) else {
        return refuse("400 Bad Request", "This address has no answer in it");
    };
    if !answer.state.as_ref().is_some_and(|sent| sent.is(state)) {
        return refuse("400 Bad Request", "This answer belongs to another sign-in");
    }
    Ok(answer)
}

fn refused(refusal: Refusal) -> Page {
    let title = match refusal {
        Refusal::Malformed | Refusal::LengthRequired => "A browser does not send such a request",
        Refusal::WrongHost => "This address leads to another place than its name says",
        Refusal::HeadTooLarge | Refusal::BodyTooLarge => "This request is too large",
    };
    Page { status: refusal.status(), title, text: STILL_WAITING, good: false }
}

fn arrived(good: bool) -> Page {
    let (title, text) = if good {
        (
            "Google’s answer has arrived",
            "You can close this window and go back to your terminal, which shows how the sign-in ended.",
        )
    } else {
        (
            "The sign-in was not completed",
            "Google says that it was cancelled or refused. Your terminal shows why, and how to start again. \
             You can close this window.",
        )
    };
    Page { status: "200 OK", title, text, good }
}

impl Page {
    /// Nothing that was sent occurs in it.
    fn response(&self) -> Response {
        let (mark, mark_dark) = if self.good { ("#1a7f37", "#3fb950") } else { ("#9a6700", "#d29922") };
        let page = PAGE
            .replace("{title}", self.title)
            .replace("{text}", self.text)
            .replace("{mark}", mark)
            .replace("{mark-dark}", mark_dark);
        Response::html(self.status, page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The status, and whether it was the answer.
    fn status(request: &str) -> (String, bool) {
        let (response, answer) = respond_to_sign_in(request.as_bytes(), 8085, &Secret::new("right"));
        let status = response.lines().next().unwrap().strip_prefix("HTTP/1.1 ").unwrap();
        (status.to_owned(), answer.is_some())
    }

    fn get(target: &str) -> (String, bool) {
        status(&format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n\r\n"))
    }

    #[test]
    fn only_the_answer_with_the_right_state_counts() {
        assert_eq!(get("/?state=right&code=c"), ("200 OK".to_owned(), true));
        assert_eq!(get("/?error=access_denied&state=right"), ("200 OK".to_owned(), true));
        for target in ["/?state=wrong&code=c", "/?state=irght&code=c", "/?code=c", "/", "/?state=right"] {
            assert_eq!(get(target), ("400 Bad Request".to_owned(), false), "{target}");
        }
        assert_eq!(get("/favicon.ico"), ("404 Not Found".to_owned(), false));
        assert_eq!(get("/x?state=right&code=c"), ("404 Not Found".to_owned(), false));
    }

    #[test]
    fn only_get_to_this_machine_delivers_an_answer() {
        let request = |method: &str, fields: &str| {
            status(&format!("{method} /?state=right&code=c HTTP/1.1\r\n{fields}\r\n"))
        };
        let host = "Host: 127.0.0.1:8085\r\n";
        assert_eq!(request("HEAD", host), ("200 OK".to_owned(), false));
        assert_eq!(request("POST", host), ("405 Method Not Allowed".to_owned(), false));
        assert_eq!(
            request("GET", "Host: evil.example:8085\r\n"),
            ("421 Misdirected Request".to_owned(), false)
        );
        assert_eq!(request("GET", ""), ("421 Misdirected Request".to_owned(), false));
        let with_body = format!("{host}Content-Length: 4\r\n\r\nbody");
        assert_eq!(request("GET", &with_body), ("400 Bad Request".to_owned(), false));
    }

    #[test]
    fn the_page_says_how_the_sign_in_ended() {
        let page = |target: &str| {
            let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n\r\n");
            respond_to_sign_in(request.as_bytes(), 8085, &Secret::new("right")).0
        };
        assert!(page("/?state=right&code=c").contains("Google’s answer has arrived"));
        assert!(page("/?state=right&error=access_denied").contains("The sign-in was not completed"));
        assert!(page("/?state=wrong&code=c").contains(STILL_WAITING));
    }

    proptest! {
        #[test]
        fn nothing_sent_breaks_it(head in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (_, answer) = respond_to_sign_in(&head, 8085, &Secret::new("right"));
            prop_assert!(answer.is_none());
        }
    }
}
