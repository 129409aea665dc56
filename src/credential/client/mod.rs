//! The OAuth client that a sign-in runs under: the "Desktop app" JSON file that Google's console offers for
//! download.

mod source;

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::credential::adc::encoding_problem;
use crate::oauth::Endpoints;
use crate::output::error::{Error, Kind, Result, json_problem};
use crate::output::secret::{Secret, SecretBytes};
use crate::output::shell_word::shell_word;
use crate::system::private_file::{self, Content};

pub(crate) use source::{ClientSource, FoundClient};

/// An OAuth client, checked.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// The client id, which is public.
    pub(crate) id: String,
    /// What Google calls its secret; a Desktop client's is in every copy of the file.
    pub(crate) secret: Secret,
    /// The Cloud project that it belongs to, if the file says.
    pub(crate) project: Option<String>,
    /// Endpoints that the file names; `None` for Google's.
    pub(crate) endpoints: Option<Endpoints>,
}

/// The file as it is, before it is checked.
#[derive(Deserialize)]
struct ClientFile {
    installed: Option<Installed>,
    web: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<Value>,
}

#[derive(Deserialize)]
struct Installed {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    project_id: Option<String>,
    auth_uri: Option<String>,
    token_uri: Option<String>,
    revoke_uri: Option<String>,
    tokeninfo_uri: Option<String>,
}

const CONSOLE_HINT: &str =
    "`bqcred client guide` shows how to make a Desktop app client and download its file";

impl Client {
    /// Reads and checks a client file. `None` if there is none.
    pub(crate) fn read(path: &Path, content: Content) -> Result<Option<(Client, SecretBytes)>> {
        let Some(bytes) = private_file::read(path, content)? else { return Ok(None) };
        Ok(Some((Client::parse(path, &bytes)?, bytes)))
    }

    /// Checks a client file's content; `path` is for the messages.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Client> {
        if let Some(problem) = encoding_problem(bytes) {
            return Err(refused(path, problem).hint(CONSOLE_HINT));
        }
        let file: ClientFile = serde_json::from_slice(bytes).map_err(|error| {
            refused(path, &json_problem(&error))
                .hint("download the file again: the console offers plain JSON")
        })?;
        match (file.installed, file.web, file.kind) {
            (Some(_), Some(_), _) => Err(refused(path, "holds two clients, `installed` and `web`")
                .hint("download the file of one Desktop app client")),
            (Some(installed), None, _) => Client::from_installed(path, installed),
            (None, Some(_), _) => Err(refused(
                path,
                "is a client of type \"Web application\", which can't sign in on a command line",
            )
            .hint("make a client of type \"Desktop app\": `bqcred client guide`")),
            (None, None, Some(kind)) => Err(refuse_credential(path, kind.as_str())),
            (None, None, None) => {
                Err(refused(path, "is not an OAuth client file: it has no `installed` object")
                    .hint(CONSOLE_HINT))
            }
        }
    }

    fn from_installed(path: &Path, installed: Installed) -> Result<Client> {
        let id = installed.client_id.unwrap_or_default();
        if id.is_empty() || id.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(refused(path, "has no usable `client_id`").hint(CONSOLE_HINT));
        }
        let Some(secret) = installed.client_secret.filter(|secret| !secret.expose().is_empty()) else {
            return Err(refused(path, "has no `client_secret`, which Google asks of Desktop apps too").hint(
                "the console shows a secret only once: add a new secret to the client and download its file",
            ));
        };
        let endpoints = Endpoints::from_client_file(
            installed.auth_uri.as_deref(),
            installed.token_uri.as_deref(),
            installed.revoke_uri.as_deref(),
            installed.tokeninfo_uri.as_deref(),
        )
        .map_err(|problem| {
            refused(path, &problem).hint("use the file as Google's console gives it: `bqcred client guide`")
        })?;
        Ok(Client { id, secret, project: installed.project_id, endpoints })
    }

    /// The server to sign in at.
    pub(crate) fn server(&self) -> Endpoints {
        self.endpoints.clone().unwrap_or_else(Endpoints::google)
    }

    /// Whether it signs in at Google.
    pub(crate) fn is_for_google(&self) -> bool {
        is_googles(&self.id) || self.server().foreign_host().is_none()
    }
}

fn refused(path: &Path, problem: &str) -> Error {
    Error::new(Kind::Usage, format!("{}: {problem}", path.display()))
}

/// A file that has a `type` is a credential: names the command that is for it.
fn refuse_credential(path: &Path, kind: Option<&str>) -> Error {
    match kind {
        Some("service_account") => {
            refused(path, "is a service account key, not an OAuth client file").hint(CONSOLE_HINT)
        }
        Some("authorized_user") => {
            refused(path, "is a user credential (an ADC file), not an OAuth client file")
                .hint(format!("to use that credential: `bqcred import {}`", shell_word(path)))
        }
        _ => refused(path, "is a credential file, not an OAuth client file").hint(CONSOLE_HINT),
    }
}

/// Whether this is a client of Google's.
pub(crate) fn is_googles(client_id: &str) -> bool {
    client_id.ends_with(".apps.googleusercontent.com")
}

/// Whether this is a client of gcloud's: they are of two Cloud projects, for `gcloud auth application-default login`
/// and for `gcloud auth login` (googlecloudsdk/api_lib/auth/util.py, core/config.py).
pub(crate) fn is_gclouds(client_id: &str) -> bool {
    is_googles(client_id) && matches!(project_number(client_id), Some("764086051850" | "32555940559"))
}

/// The number of the Cloud project that a client belongs to: the part before the dash, or before the host's name. Revoking at Google
/// ends the grants of all clients of one project.
pub(crate) fn project_number(client_id: &str) -> Option<&str> {
    let (number, _) = client_id.split_once(['-', '.'])?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(text: &str) -> String {
        let error = Client::parse(Path::new("f"), text.as_bytes()).unwrap_err();
        assert!(error.hint_text().is_some(), "{error}");
        error.to_string()
    }

    #[test]
    fn a_client_of_googles_has_googles_ending() {
        assert!(is_googles("12-a.apps.googleusercontent.com"));
        assert!(!is_googles("12-a") && !is_googles("apps.googleusercontent.com.example"));
    }

    #[test]
    fn a_desktop_client_is_accepted() {
        let text = r#"{"installed":{"client_id":"12-a.apps.googleusercontent.com","project_id":"p",
            "auth_uri":"https://accounts.google.com/o/oauth2/auth","token_uri":"https://oauth2.googleapis.com/token",
            "auth_provider_x509_cert_url":"https://www.googleapis.com/oauth2/v1/certs","client_secret":"GOCSPX-x",
            "redirect_uris":["http://localhost"]}}"#;
        let client = Client::parse(Path::new("f"), text.as_bytes()).unwrap();
        assert_eq!(
            (client.id.as_str(), client.project.as_deref()),
            ("12-a.apps.googleusercontent.com", Some("p"))
        );
        assert!(client.endpoints.is_none());
    }

    #[test]
    fn other_keys_of_the_file_do_not_matter() {
        let text =
            r#"{"comment":["x"],"installed":{"client_id":"a","client_secret":"b","more":{}},"version":2}"#;
        assert_eq!(Client::parse(Path::new("f"), text.as_bytes()).unwrap().id, "a");
    }

    #[test]
    fn each_wrong_file_has_a_message_of_its_own() {
        let problems = [
            r#"{"web":{"client_id":"x"}}"#,
            r#"{"installed":{},"web":{}}"#,
            r#"{"type":"service_account"}"#,
            r#"{"type":"authorized_user"}"#,
            r#"{"installed":{}}"#,
            r#"{"installed":{"client_id":"x"}}"#,
            "{}",
            "[]",
            "{",
            "",
        ]
        .map(problem);
        let mut distinct = problems.to_vec();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), problems.len(), "{problems:#?}");
    }

    #[test]
    fn the_project_number_is_the_part_before_the_dash() {
        assert_eq!(project_number("123-abc.apps.googleusercontent.com"), Some("123"));
        assert_eq!(project_number("123.apps.googleusercontent.com"), Some("123"));
        assert_eq!(project_number("my-client"), None);
        assert!(is_gclouds("32555940559.apps.googleusercontent.com"));
        assert!(!is_gclouds("764086051850-x") && !is_gclouds("1-a.apps.googleusercontent.com"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Client::parse(Path::new("f"), &bytes);
        }
    }
}
