//! The programs that run with `exec --token-only` now, by their session files.

use std::path::Path;

use super::session_file::About;
use crate::app::App;
use crate::credential::paths::Paths;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::handover::{supervised, variables};
use crate::system::processes::{Process, Processes};

/// A program that gets access tokens alone, and asks for each of them.
pub(crate) struct TokenOnlyProgram {
    /// What it gets, and from which process.
    pub(crate) about: About,
    /// Its process, where the system shows it.
    pub(crate) process: Option<Process>,
}

impl TokenOnlyProgram {
    /// Whether it was started as who the profile is now.
    pub(crate) fn is_of(&self, profile: &Profile) -> bool {
        self.about.is_of(profile)
    }

    /// For people: why it gets no access token of the profile as this is now, as far as is known here.
    pub(crate) fn refusal(&self, app: &App, name: &ProfileName, profile: &Profile) -> Option<String> {
        if !self.is_of(profile) {
            return Some(format!("it was started as {}", self.about.who()));
        }
        self.about.refusal(app, name, profile).map(|error| error.what().to_owned())
    }
}

/// The programs of a profile that is kept here.
pub(crate) fn of_profile(paths: &Paths, name: &ProfileName) -> Vec<TokenOnlyProgram> {
    let found = supervised::running(paths).into_iter().filter_map(|file| {
        let about = About::read(&file)?;
        let is_meant = about.profile == name.as_str() && about.data == About::data_of(paths);
        is_meant.then(|| TokenOnlyProgram { process: program_of(about.broker, &file), about })
    });
    let mut found: Vec<TokenOnlyProgram> = found.collect();
    found.sort_by_key(|program| program.about.broker);
    found
}

/// The process that a broker started. In a container with processes of its own, the id may be another one's.
fn program_of(broker: u32, file: &Path) -> Option<Process> {
    let is_meant = |process: &Process| {
        process.parent() == Some(broker)
            && process.variable(variables::ADC).is_some_and(|path| Path::new(&path) == file)
    };
    Processes::here().all().find(is_meant)
}

/// What stays in place of a session file whose bqcred has ended: what programs that were given it could get, as long as
/// one of them runs.
pub(crate) fn remains(file: &Path) -> Option<Vec<u8>> {
    let about = About::read(file).or_else(|| About::read_ended(file))?;
    (!given(file).is_empty()).then(|| about.to_ended())
}

/// The processes that were given this session file, without this one.
pub(crate) fn given(file: &Path) -> Vec<Process> {
    let me = std::process::id();
    let is_given = |process: &Process| {
        process.pid != me && process.variable(variables::ADC).is_some_and(|path| Path::new(&path) == file)
    };
    Processes::here().all().filter(is_given).collect()
}
