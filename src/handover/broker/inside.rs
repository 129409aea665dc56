//! The session of `exec --token-only` that this process runs in: what hands a credential to programs keeps to it, also
//! when the session has ended.

mod more;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::limits::Limits;
use super::session_file::{About, Session};
use super::variables::METADATA_URL;
use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::handover::{parent_shell, supervised, variables};
use crate::oauth::ask_broker;
use crate::output::error::{Error, Kind, Result};
use crate::store::AccessToken;
use crate::system::{env, private_file, terminal};

/// The session file that this process's environment names.
pub(crate) struct Inside {
    /// Where it is.
    pub(crate) file: PathBuf,
    about: About,
    state: SessionState,
}

/// Whether the programs of a session get tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SessionState {
    /// Its bqcred answers.
    Running,
    /// Its bqcred has ended. What the programs could get is known.
    Ended,
    /// The same, and its file is gone: what the programs could get is not known any more.
    Gone,
}

impl Inside {
    /// `None` if the environment names none.
    pub(crate) fn here() -> Option<Inside> {
        let file = PathBuf::from(env::get(variables::ADC)?);
        let (about, state) = match About::read(&file) {
            Some(about) if private_file::is_abandoned(&file) => (about, SessionState::Ended),
            Some(about) => (about, SessionState::Running),
            None => match About::read_ended(&file) {
                Some(about) => (about, SessionState::Ended),
                None => (gone(&file)?, SessionState::Gone),
            },
        };
        Some(Inside { file, about, state })
    }

    /// The same, if it has ended.
    pub(crate) fn ended() -> Option<Inside> {
        Inside::here().filter(Inside::has_ended)
    }

    /// Whether its bqcred has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.state != SessionState::Running
    }

    /// Whose it is, and what its programs get.
    pub(crate) fn about(&self) -> &About {
        &self.about
    }

    /// What the programs here may get.
    pub(crate) fn limits(&self) -> Limits {
        self.about.limits()
    }

    /// Whether it is of this profile.
    pub(crate) fn is_of(&self, paths: &Paths, name: &ProfileName) -> bool {
        let is_same_data = self.state == SessionState::Gone || self.about.data == About::data_of(paths);
        self.about.profile == name.as_str() && is_same_data
    }

    /// This session, if it goes on and is of the profile.
    ///
    /// # Errors
    /// If its bqcred has ended. If it is another profile's: an environment that may get access tokens only doesn't change to a whole credential.
    pub(crate) fn of(self, paths: &Paths, name: &ProfileName) -> Result<Inside> {
        if self.has_ended() {
            return Err(self.end());
        }
        if self.is_of(paths, name) {
            return Ok(self);
        }
        let what = format!(
            "this program was started with `bqcred exec --token-only` and profile {}, and can't change to profile {name}",
            self.about.profile
        );
        Err(Error::usage(what)
            .hint(format!("leave the program, or start one of its own: `{}`", Inside::start_other(name))))
    }

    fn end(&self) -> Error {
        let mut hint = self.start_again();
        if !terminal::in_notebook() {
            let unset = parent_shell::line("bqcred env --unset");
            hint += &format!("\nfor the whole credential, use a new shell, or `{unset}` in this one first");
        }
        Error::new(Kind::Refused, self.describe_end()).hint(hint)
    }

    /// The command that starts a program with access tokens of another profile.
    pub(crate) fn start_other(name: &ProfileName) -> String {
        format!("bqcred exec --token-only --profile {name} -- PROGRAM")
    }

    /// The token that the programs here get; `None` if there is none at the moment.
    pub(crate) fn token(&self) -> Option<AccessToken> {
        let session = Session::read(&self.file)?;
        let (token, expires) = ask_broker(&session.token_url, &session.handle)?.ok()?;
        Some(AccessToken { token, expires })
    }

    /// For people: what the removal of the variables does here.
    pub(crate) fn left_by_unset(&self) -> String {
        format!(
            "this leaves `bqcred exec {}`: without these variables nothing keeps `bqcred env` to access tokens",
            self.limits().to_options().join(" ")
        )
    }

    /// For people, where the credential was asked for: that it is not handed over.
    pub(crate) fn describe(&self) -> String {
        format!("this stays as it was started: {}, profile {}", self.limits().describe(), self.about.profile)
    }

    /// For people, of a session that has ended.
    pub(crate) fn describe_end(&self) -> String {
        let what = "the bqcred that gave this program access tokens has ended";
        match self.state {
            SessionState::Running | SessionState::Ended => what.to_owned(),
            SessionState::Gone => {
                format!("{what}, and its session file, which said what they were narrowed to, is gone")
            }
        }
    }

    /// For people: how a program gets tokens again.
    pub(crate) fn start_again(&self) -> String {
        let (with, start) = (self.about.unknown_limits(), self.about.start_command());
        match terminal::in_notebook() {
            // a kernel has them of its kernelspec, or of the server that started it
            true => {
                format!(
                    "restart this kernel; where that changes nothing, start its server again{with}: `{start}`"
                )
            }
            false => format!("start the program again{with}: `{start}`"),
        }
    }
}

/// What is known of a session whose file is gone; `None` if this is not the path of one. `exec --file` has the same
/// paths, but its programs have no server on this machine.
fn gone(file: &Path) -> Option<About> {
    let is_missing = || file.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound);
    let has_server = || env::text(METADATA_URL).is_some_and(|address| address.starts_with("127.0.0.1:"));
    if !supervised::is_file_path(file) || !has_server() || !is_missing() {
        return None;
    }
    let profile = env::text(variables::PROFILE).unwrap_or_else(|| ProfileName::default().to_string());
    Some(About::unknown(profile))
}
