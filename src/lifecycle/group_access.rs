//! Group rights on bqcred's files, which the system gave ([`OpenFiles`]). They are taken away where nobody can have used
//! them. Addresses of servers other than Google's don't count any more until the user confirms them: secrets go there.

use std::path::Path;

use crate::app::App;
use crate::credential::client::Client;
use crate::credential::paths::Paths;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::login::two_step;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::output::shell_word::shell_word;
use crate::system::private_file::{self, Content, Lock, Obstacle, OpenFiles, Place};

/// What became of group rights.
pub(crate) enum Outcome {
    /// There are none.
    None,
    /// They are taken away; what the user should know of it.
    Closed(Notes),
    /// They are as they were; the error has the command that takes them away.
    Refused(Error),
}

/// Looks for group rights on bqcred's files and folders, and takes them away where nobody can have used them. `error`
/// is what they led to, if that is known.
pub(crate) fn close(app: &App, error: Option<Error>) -> Outcome {
    let refused = |error: Option<Error>, open: &OpenFiles, obstacle: Option<&Obstacle>| match error {
        Some(error) => Outcome::Refused(complete_hint(error, open, obstacle)),
        None => Outcome::None,
    };
    let places = places(&app.paths);
    let Some(open) = OpenFiles::find(&places) else {
        return error.map_or(Outcome::None, Outcome::Refused);
    };
    if let Some(obstacle) = open.obstacle() {
        return refused(error, &open, Some(&obstacle));
    }
    open.close_folders();
    let mut notes = Notes::none();
    notes.add(format!(
        "the system had opened bqcred's files to group {} (as Kubernetes' fsGroup does); they are yours alone again",
        open.groups()
    ));
    if let Err(problem) = distrust(app, &open, &mut notes) {
        return refused(error.or(Some(problem)), &open, None);
    }
    // some have another name now
    OpenFiles::find(&places).iter().for_each(OpenFiles::close_files);
    match OpenFiles::find(&places) {
        Some(still) => refused(error, &still, None),
        None => Outcome::Closed(notes),
    }
}

/// The error with one command for all that is open, if that is what the error is about.
pub(crate) fn with_command(app: &App, error: Error) -> Error {
    if !error.is_open_to_others() {
        return error;
    }
    match close(app, Some(error.clone())) {
        Outcome::Refused(error) => error,
        Outcome::Closed(_) | Outcome::None => error,
    }
}

fn places(paths: &Paths) -> Vec<Place<'_>> {
    let private = [&paths.data, &paths.cache, &paths.state].into_iter().chain(&paths.runtime);
    let private = private.map(|folder| Place { folder, is_shared: false });
    private.chain([Place { folder: &paths.config, is_shared: true }]).collect()
}

/// One command for all of it, unless only one file is concerned, whose own hint is shorter.
fn complete_hint(error: Error, open: &OpenFiles, obstacle: Option<&Obstacle>) -> Error {
    if open.is_single_file() {
        return error;
    }
    let why = match obstacle {
        Some(Obstacle::Accounts(names)) => {
            format!(" (bqcred doesn't do that by itself: {} can have used the group)", names.join(", "))
        }
        Some(Obstacle::Unknown) => {
            " (bqcred doesn't do that by itself: the user database doesn't say who has the group)".to_owned()
        }
        Some(Obstacle::Others) | None => String::new(),
    };
    error.hint(format!("`{}`, if you trust what is in there{why}", open.command()))
}

/// Marks addresses of other servers in files that the group could have changed.
fn distrust(app: &App, open: &OpenFiles, notes: &mut Notes) -> Result<()> {
    for file in open.files() {
        let name = file.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        if file.starts_with(&app.paths.data) && ["profile.json", "profile.json.next"].contains(&name) {
            let name = file.parent().and_then(Path::file_name).and_then(std::ffi::OsStr::to_str);
            let Some(Ok(name)) = name.map(ProfileName::parse) else { continue };
            Profile::distrust(&Lock::acquire(&app.paths.profile_lock(&name))?, file)?;
        } else if file == app.paths.client() {
            set_client_aside(&app.paths, file, notes)?;
        } else if file.starts_with(&app.paths.state) && two_step::is_foreign(file) {
            private_file::remove(file)?;
            notes.add("a sign-in at a server that is not Google was waiting for its answer: start it again");
        }
    }
    Ok(())
}

fn set_client_aside(paths: &Paths, file: &Path, notes: &mut Notes) -> Result<()> {
    let Ok(Some((client, _))) = Client::read(file, Content::Foreign) else { return Ok(()) };
    let Some(host) = client.server().foreign_host() else { return Ok(()) };
    let lock = Lock::acquire(&paths.config.join(".lock"))?;
    let aside = private_file::set_aside(&lock, file)?;
    notes.add(format!(
        "your OAuth client signs in at {host}, which is not Google, and others could have changed that: it is kept as {}",
        aside.display()
    ));
    notes.detail(format!("hint: if you trust it: `bqcred client set {}`", shell_word(&aside)));
    Ok(())
}
