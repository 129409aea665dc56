//! What the supervisor and the two steps of a sign-in tell each other: JSON, a line a message.

use serde::{Deserialize, Serialize};

use crate::output::secret::Secret;

/// From the supervisor to the first step, on its stdout: how gcloud's start went.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// gcloud waits for the code; this is the address to open.
    Address(String),
    /// gcloud could not be started; the system's reason.
    NotStarted(String),
    /// gcloud ended before it printed an address; what it said.
    Ended(String),
    /// gcloud printed no address in time; what it said.
    Silent(String),
}

/// From either step to the supervisor, through the pipe for the code.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    /// The code, for gcloud. The first one counts.
    Code(Secret),
    /// End gcloud and remove everything.
    Stop,
}

/// From the supervisor to the second step: what gcloud made of the code.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// gcloud ended with 0 and wrote this file.
    Credential(Secret),
    /// gcloud ended with 0 and wrote none.
    NoCredential,
    /// gcloud ended with an error; what it said.
    Ended(String),
    /// gcloud did not end in time; what it said.
    Silent(String),
}

impl Request {
    /// The message, without the end of its line.
    pub(super) fn line(&self) -> Secret {
        Secret::new(match self {
            Request::Code(code) => serde_json::json!({ "code": code.expose() }).to_string(),
            Request::Stop => serde_json::json!("stop").to_string(),
        })
    }
}

impl Outcome {
    /// The message, without the end of its line.
    pub(super) fn line(&self) -> Secret {
        Secret::new(match self {
            Outcome::Credential(file) => serde_json::json!({ "credential": file.expose() }).to_string(),
            Outcome::NoCredential => serde_json::json!("no_credential").to_string(),
            Outcome::Ended(words) => serde_json::json!({ "ended": words }).to_string(),
            Outcome::Silent(words) => serde_json::json!({ "silent": words }).to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let request = |request: Request| serde_json::from_str::<Request>(request.line().expose()).unwrap();
        assert!(
            matches!(request(Request::Code(Secret::new("4/\"x"))), Request::Code(code) if code.expose() == "4/\"x")
        );
        assert!(matches!(request(Request::Stop), Request::Stop));
        let outcome = |outcome: Outcome| serde_json::from_str::<Outcome>(outcome.line().expose()).unwrap();
        assert!(
            matches!(outcome(Outcome::Credential(Secret::new("{\n}"))), Outcome::Credential(file) if file.expose() == "{\n}")
        );
        assert!(matches!(outcome(Outcome::NoCredential), Outcome::NoCredential));
        assert!(matches!(outcome(Outcome::Ended("x".to_owned())), Outcome::Ended(words) if words == "x"));
        assert!(matches!(outcome(Outcome::Silent("x".to_owned())), Outcome::Silent(words) if words == "x"));
        assert!(!Request::Stop.line().expose().contains('\n'), "a line a message");
    }
}
