//! One request to an OAuth server, and how often it is tried.

use std::time::{Duration, Instant};

use url::form_urlencoded;

use super::error_response::check_status;
use super::failure::Failure;
use super::http::{self, HttpAnswer};
use super::tokens::{Fresh, TokenResult, for_oauth2, issued};
use super::transport::Transport;
use crate::output::secret::Secret;
use crate::system::clock::Time;

/// Before the second and third attempt of a request.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1500)];
/// A request that took this long is not repeated.
const RETRY_LIMIT: Duration = Duration::from_secs(10);
const FORM: [(&str, &str); 2] =
    [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];

/// Repeats a request after a transient failure, with a pause, unless it took long already.
pub(super) fn with_retries<T>(mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    let started = Instant::now();
    for pause in PAUSES {
        match attempt() {
            Err(failure) if failure.is_transient() && started.elapsed() < RETRY_LIMIT => {
                std::thread::sleep(pause)
            }
            done => return done,
        }
    }
    attempt()
}

pub(super) type Sender<'s> = &'s dyn Fn(oauth2::HttpRequest) -> Result<oauth2::HttpResponse, Transport>;

/// One request of the `oauth2` crate's to the token endpoint, over our HTTPS.
pub(super) fn request_tokens(request: impl FnOnce(&Sender<'_>) -> TokenResult) -> Result<Fresh, Failure> {
    let before = Time::now();
    let date = std::cell::Cell::new(None);
    let send = |request: oauth2::HttpRequest| {
        let answer = http::post(&request.uri().to_string(), &FORM, request.body())?;
        date.set(answer.date);
        for_oauth2(&answer)
    };
    let sender: Sender<'_> = &send;
    issued(request(&sender), before, date.get())
}

pub(super) fn post_form(uri: &str, form: &[(&str, &str)]) -> Result<HttpAnswer, Failure> {
    let body = Secret::new(form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish());
    let answer = http::post(uri, &FORM, body.expose().as_bytes()).map_err(Failure::Unreachable)?;
    check_status(&answer).map_err(Failure::Unreachable)?;
    Ok(answer)
}
