//! Whether a profile's credential can be handed to programs: the one decision for `env`, kernelspecs and snippets.

use std::path::PathBuf;

use crate::app::App;
use crate::credential::profile::{self, Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::inside::Inside;
use crate::handover::broker::limits::Limits;
use crate::handover::broker::session_file::About;
use crate::handover::format::Change;
use crate::handover::variables::{self, VariableSet};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::store::session::{self, Provided};

/// A profile whose credential was found where programs will look for it.
pub(crate) struct Ready {
    /// The profile's name.
    pub(crate) name: ProfileName,
    /// What is known about the profile and its credential.
    pub(crate) profile: Profile,
    /// The file that libraries read.
    pub(crate) adc: PathBuf,
    /// Why a new sign-in is needed, if one is, which file was made, and what goes on as it was.
    pub(crate) notes: Notes,
    /// The `exec --token-only` that this process runs in, if the file is its session file.
    session: Option<About>,
}

impl Ready {
    /// The variables that make programs use it. Inside `exec --token-only` R's stays: it is where R gets its tokens.
    pub(crate) fn variables(&self, which: VariableSet) -> Vec<Change> {
        let mut changes = variables::set(&self.name, &self.profile, &self.adc, which);
        if self.session.is_some() {
            variables::keep_metadata_server(&mut changes);
        }
        changes
    }

    /// Who programs are with it, for people.
    pub(crate) fn who(&self) -> String {
        self.session.as_ref().map_or_else(|| self.profile.who().into_owned(), About::describe)
    }

    /// Why R finds no credential in it, and the command that gives R one. `None` if R finds one.
    pub(crate) fn about_r(&self, app: &App) -> Option<String> {
        self.without_r().and_then(|_| describe_r_of(app, &self.name, &self.profile))
    }

    /// The same of the R kernels of notebooks, with the command that gives them one.
    pub(crate) fn about_r_kernels(&self, app: &App) -> Option<String> {
        Some(describe_r(&self.without_r()?, &app.command("kernel install --token-only", &self.name)))
    }

    /// The service account that R can't act as by the file.
    fn without_r(&self) -> Option<String> {
        self.profile.acting_as_account().filter(|_| self.session.is_none())
    }
}

/// For people: that R finds no credential in a file that acts as a service account, and what gives it one.
pub(crate) fn describe_r(account: &str, command: &str) -> String {
    format!("R can't act as {account} by this file, and finds no credential: `{command}` hands R its tokens")
}

/// The same of the credential of a profile, for what hands it over itself. `None` if R finds one in it.
pub(crate) fn describe_r_of(app: &App, name: &ProfileName, profile: &Profile) -> Option<String> {
    let command = format!("{} -- R", app.command("exec --token-only", name));
    Some(describe_r(&profile.acting_as_account()?, &command))
}

/// For people: the whole credential as another way than access tokens for R, Node, Go and Java, by this command that
/// writes it into a file. `None` for programs that are meant to get less.
pub(crate) fn describe_whole(profile: &Profile, limits: &Limits, export: &str) -> Option<String> {
    if *limits != Limits::default() || Inside::here().is_some() {
        return None;
    }
    Some(match profile.acting_as {
        // gargle knows no file of this kind
        Some(_) => format!("for all but R, your whole credential by `{export} FILE`"),
        None => format!("your whole credential by `{export} FILE`"),
    })
}

/// For programs that are started in this login session. A keyring profile gets a session file; while that is up to
/// date, the keyring is not asked. Inside `exec --token-only` its session goes on.
///
/// # Errors
/// If there is no credential, it can't be used as it is kept, or the session is another profile's.
pub(crate) fn for_programs(app: &App, name: ProfileName, profile: Profile) -> Result<Ready> {
    if let Some(inside) = Inside::here() {
        let inside = inside.of(&app.paths, &name)?;
        let mut notes = problem_note(app, &name, &profile);
        if let Some(refusal) = inside.refusal(app, &name, &profile) {
            notes.add(refusal.in_one_line());
        }
        notes.add(inside.describe());
        let session = Some(inside.about().clone());
        return Ok(Ready { name, profile, adc: inside.file, notes, session });
    }
    if profile.store == StoreKind::File {
        return in_store(app, name, profile);
    }
    let file = match session::provide(&app.paths, &name, &profile)? {
        Provided::File(file) => *file,
        Provided::NoCredential => {
            let sign_in = app.sign_in_command(&name, Some(&profile));
            return Err(profile::without_credential(&name, &profile, &sign_in));
        }
        Provided::Moved => {
            let (name, profile) = app.stored_profile(name)?;
            return in_store(app, name, profile);
        }
    };
    let mut notes = problem_note(app, &name, &file.profile);
    if file.is_new {
        notes.add(format!(
            "profile {name} now has a session file in memory, {}; `bqcred lock` removes it",
            file.path.display()
        ));
    }
    Ok(Ready { name, profile: file.profile, adc: file.path, notes, session: None })
}

/// For what outlasts this session and can only name a file: a kernelspec, a snippet.
///
/// # Errors
/// As [`for_programs`], and for a profile that is kept in the keyring.
pub(crate) fn for_good(app: &App, name: ProfileName, profile: Profile) -> Result<Ready> {
    if profile.store != StoreKind::File {
        let what = format!(
            "profile {name} is kept in the {}, and a kernelspec or snippet can only name a file",
            profile.store
        );
        return Err(Error::new(Kind::Store, what).hint(format!(
            "`{} --exec` hands it over when a kernel starts",
            app.command("kernel install", &name)
        )));
    }
    let mut ready = in_store(app, name, profile)?;
    if let Some(inside) = Inside::here() {
        ready.notes.add(inside.widened_by("what uses this"));
    }
    Ok(ready)
}

/// For `bqcred exec`, which reads the store itself.
///
/// # Errors
/// As [`for_programs`].
pub(crate) fn in_store(app: &App, name: ProfileName, profile: Profile) -> Result<Ready> {
    let loaded = app.load_credential(name, profile)?;
    let (name, profile) = (loaded.name, loaded.profile);
    let notes = problem_note(app, &name, &profile);
    Ok(Ready { adc: app.paths.adc(&name), notes, name, profile, session: None })
}

fn problem_note(app: &App, name: &ProfileName, profile: &Profile) -> Notes {
    let mut notes = Notes::none();
    if let Some(problem) = app.problem(name, profile) {
        notes.add(problem);
    }
    notes
}
