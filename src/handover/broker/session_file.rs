//! The ADC file by which libraries find the broker: of type `external_account_authorized_user`, because its
//! `token_url` may be any address, and every current library reads it
//! (<https://google.aip.dev/auth/4117>).

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::requests::{self, TOKEN_PATH};
use crate::credential::adc::STUB;
use crate::credential::paths::Paths;
use crate::oauth::ServiceAccount;
use crate::output::secret::{Secret, SecretBytes};
use crate::system::clock::Time;
use crate::system::{hash, regular_file};

/// Larger than any session file, in bytes.
const LIMIT: u64 = 64 << 10;
/// The type that libraries know such a file by.
pub(crate) const TYPE: &str = "external_account_authorized_user";

/// The content of a session file, which holds a handle of the broker's where others hold a refresh token.
#[derive(Serialize)]
pub(crate) struct SessionFile {
    #[serde(rename = "type")]
    kind: String,
    /// There is no such pool. google-auth searches in it for a name, logs an error if there is none, and otherwise
    /// asks Google in the background where that pool may be used from, and ignores that it doesn't exist.
    audience: String,
    client_id: String,
    client_secret: String,
    refresh_token: String,
    token_url: String,
    /// gcloud asks there for a name, and asks Google if this is missing, which knows nothing of the handle.
    token_info_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_project_id: Option<String>,
    universe_domain: String,
    /// For bqcred itself.
    pub(crate) bqcred: About,
}

/// What `doctor`, `status` and others say of a session file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// The profile.
    pub(crate) profile: String,
    /// Where that profile is kept: a checksum of the data folder's path.
    #[serde(default)]
    pub(crate) data: String,
    /// The signed-in account, or words for an unknown one.
    pub(crate) account: String,
    /// Google's permanent identifier of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    /// Where it is unknown: which credential it was started with (its fingerprint).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<String>,
    /// When that was signed in, which stays the same where a server rotates refresh tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed_in: Option<Time>,
    /// The service account that it acts as, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acting_as: Option<ServiceAccount>,
    /// The service accounts between the user and it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) delegates: Vec<ServiceAccount>,
    /// Whether that is the one which the profile acts as, and no `--as` names it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_profiles_own: bool,
    /// What the tokens allow.
    pub(crate) scopes: Vec<String>,
    /// Whether that is less than was granted, because `--scopes` says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) narrowed: bool,
    /// The process that answers.
    pub(crate) broker: u32,
}

impl SessionFile {
    /// The file for a broker.
    pub(crate) fn new(broker: &super::Broker, quota_project: Option<&str>, about: About) -> SessionFile {
        SessionFile {
            kind: TYPE.to_owned(),
            audience: "//iam.googleapis.com/locations/global/workforcePools/bqcred/providers/token-only"
                .to_owned(),
            client_id: "bqcred".to_owned(),
            client_secret: "none".to_owned(),
            refresh_token: broker.secrets().handle.expose().to_owned(),
            token_info_url: format!(
                "http://127.0.0.1:{}{}",
                broker.port(),
                requests::introspection_path(broker.secrets()).expose()
            ),
            token_url: format!("http://127.0.0.1:{}{TOKEN_PATH}", broker.port()),
            quota_project_id: quota_project.map(str::to_owned),
            universe_domain: "googleapis.com".to_owned(),
            bqcred: about,
        }
    }

    /// As a file.
    pub(crate) fn to_json(&self) -> SecretBytes {
        // a struct of texts always becomes JSON
        SecretBytes::new(serde_json::to_vec_pretty(self).unwrap_or_default())
    }
}

/// A session file, as another bqcred than its broker reads it.
#[derive(Debug, Deserialize)]
pub(crate) struct Session {
    #[serde(rename = "type")]
    kind: String,
    /// Where its broker answers.
    pub(crate) token_url: String,
    /// What to ask with.
    #[serde(rename = "refresh_token")]
    pub(crate) handle: Secret,
    /// What it says.
    #[serde(rename = "bqcred")]
    pub(crate) about: About,
}

impl Session {
    /// The session file at a path, if there is one.
    pub(crate) fn read(path: &Path) -> Option<Session> {
        let bytes = regular_file::read(path, LIMIT).ok()?;
        let session: Session = serde_json::from_slice(&bytes).ok()?;
        (session.kind == TYPE).then_some(session)
    }

    /// The broker's address: `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        let address = self.token_url.strip_prefix("http://").and_then(|rest| rest.strip_suffix(TOKEN_PATH));
        address.unwrap_or_default().to_owned()
    }
}

/// What is put in place of a session file when its broker has ended, for programs that go on without it. Libraries
/// refuse the type, and show it; bqcred keeps such a program to what it could get.
#[derive(Serialize, Deserialize)]
struct Ended {
    #[serde(rename = "type")]
    kind: String,
    bqcred: About,
}

impl About {
    /// [`About::data`] of these paths.
    pub(crate) fn data_of(paths: &Paths) -> String {
        hash::fingerprint(paths.data.as_os_str().as_encoded_bytes())
    }

    /// Of a session of which only the profile is known.
    pub(crate) fn unknown(profile: String) -> About {
        About {
            profile,
            data: String::new(),
            account: String::new(),
            sub: None,
            credential: None,
            signed_in: None,
            acting_as: None,
            delegates: Vec::new(),
            is_profiles_own: false,
            scopes: Vec::new(),
            narrowed: false,
            broker: 0,
        }
    }

    /// For people: who programs are.
    pub(crate) fn who(&self) -> String {
        match &self.acting_as {
            Some(acting_as) => format!("{} acting as {acting_as}", self.account),
            None => self.account.clone(),
        }
    }

    /// For people: who programs are, and what they get: "ada@example.com acting as reader@… (token-only)".
    pub(crate) fn describe(&self) -> String {
        let narrowed = Limits { acting_as: None, ..self.limits() };
        format!("{} ({})", self.who(), narrowed.describe())
    }

    /// For people, to follow a command that hands out tokens: what the command lacks because it is not known any more.
    pub(crate) fn unknown_limits(&self) -> &'static str {
        if self.is_unknown() { ", with the --scopes and --as that it had" } else { "" }
    }

    /// Whether only the profile is known.
    pub(crate) fn is_unknown(&self) -> bool {
        self.account.is_empty()
    }

    /// Of the session file at a path; `None` if there is none, as when the program has ended that it was for.
    pub(crate) fn read(path: &Path) -> Option<About> {
        Session::read(path).map(|session| session.about)
    }

    /// What the session file at a path said, if this is what its end left.
    pub(crate) fn read_ended(path: &Path) -> Option<About> {
        let bytes = regular_file::read(path, LIMIT).ok()?;
        let ended: Ended = serde_json::from_slice(&bytes).ok()?;
        ended.kind.starts_with(STUB).then_some(ended.bqcred)
    }

    /// The file for programs that go on when their broker has ended.
    pub(crate) fn to_ended(&self) -> Vec<u8> {
        let kind = format!(
            "{STUB}the program that this credential was for has ended; start again with {}",
            self.start_command()
        );
        let mut json = serde_json::to_vec_pretty(&Ended { kind, bqcred: self.clone() }).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// The command that starts a program with the same limits.
    pub(crate) fn start_command(&self) -> String {
        format!("bqcred exec {} --profile {} -- PROGRAM", self.limits().to_options().join(" "), self.profile)
    }

    /// Whether the program was started with these limits. The service account may be the profile's own.
    pub(crate) fn has(&self, limits: &Limits) -> bool {
        let own = self.limits();
        own.scopes == limits.scopes && (limits.acting_as.is_none() || own.acting_as == limits.acting_as)
    }

    /// What the program may get.
    pub(crate) fn limits(&self) -> Limits {
        let scopes = if self.narrowed { self.scopes.clone() } else { Vec::new() };
        Limits { scopes, acting_as: self.acting_as.clone() }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes files directly")]
mod tests {
    use super::*;
    use crate::handover::broker::Broker;

    #[test]
    fn what_a_session_file_says_is_read_again() {
        let about = About {
            profile: "work".to_owned(),
            data: "d".to_owned(),
            account: "ada@example.com".to_owned(),
            sub: Some("1".to_owned()),
            credential: Some("f".to_owned()),
            signed_in: Some(Time::now()),
            delegates: ServiceAccount::parse("via@p1.iam.gserviceaccount.com").into_iter().collect(),
            acting_as: ServiceAccount::parse("reader@p1.iam.gserviceaccount.com").ok(),
            is_profiles_own: false,
            scopes: vec!["https://www.googleapis.com/auth/bigquery".to_owned()],
            narrowed: true,
            broker: 7,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.json");
        let file = SessionFile::new(&Broker::bind().unwrap(), None, about.clone());
        std::fs::write(&path, file.to_json()).unwrap();
        assert_eq!(About::read(&path), Some(about.clone()));
        assert!(Session::read(&path).unwrap().address().starts_with("127.0.0.1:"));
        assert_eq!(
            about.limits().describe(),
            "token-only, as reader@p1.iam.gserviceaccount.com, narrowed to bigquery"
        );
        for other in
            ["", "{}", r#"{"type":"authorized_user","bqcred":{}}"#, r#"{"type":"bqcred: it has ended"}"#]
        {
            std::fs::write(&path, other).unwrap();
            assert_eq!(About::read(&path), None, "{other}");
            assert_eq!(About::read_ended(&path), None, "{other}");
        }
        assert_eq!(About::read(folder.path()), None);
        std::fs::write(&path, about.to_ended()).unwrap();
        assert_eq!((About::read(&path), About::read_ended(&path)), (None, Some(about)));
        let left = std::fs::read_to_string(&path).unwrap();
        let command = "bqcred exec --token-only --scopes bigquery --as reader@p1.iam.gserviceaccount.com --profile work -- PROGRAM";
        assert!(left.contains(command), "{left}");
    }
}
