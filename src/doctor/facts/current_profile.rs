//! bqcred's current profile: the user account that the libraries should use.

use std::path::PathBuf;

use crate::app::App;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::doctor::facts::token_only::TokenOnly;
use crate::doctor::facts::validity::Validities;
use crate::handover::broker::session_file::About;
use crate::lifecycle::group_access;
use crate::oauth::scopes;
use crate::output::error::{Error, Kind};
use crate::system::notebook::{self, Language};
use crate::system::terminal;

/// The current profile; without a name where there is none with a credential.
#[derive(Debug, Default)]
pub(crate) struct CurrentProfile {
    /// Its name.
    pub(crate) name: Option<String>,
    /// Its account's address.
    pub(crate) account: Option<String>,
    /// The service account that it acts as, if any.
    pub(crate) acting_as: Option<String>,
    /// The path of its ADC file.
    pub(crate) adc: Option<PathBuf>,
    /// Its project.
    pub(crate) project: Option<String>,
    /// The fingerprint of its refresh token.
    pub(crate) fingerprint: Option<String>,
    /// As it is kept.
    pub(crate) kept: Option<Profile>,
    /// Whether there is none any more of which this program was started.
    pub(crate) is_gone: bool,
    /// Whether it is another account's now than of whom this program was started.
    pub(crate) is_anothers: bool,
    /// Why it can't be used, if there is one.
    pub(crate) problem: Option<Error>,
    /// The command that starts a new sign-in of it.
    pub(crate) login: String,
    /// The command by which programs get to read Google Drive: a new sign-in, or tokens of its service account for that.
    pub(crate) with_drive: String,
    /// The command that makes it usable: it completes a sign-in that waits for its answer, else it starts one.
    pub(crate) sign_in: String,
    /// The command that prints its environment.
    pub(crate) env: String,
    /// Whether the commands here are a notebook's, which can't change its environment.
    pub(crate) in_notebook: bool,
    /// There: the command that prints a cell which does, or makes new kernels use the profile.
    pub(crate) cell: Option<String>,
    /// The command that runs gcloud's programs with it.
    pub(crate) exec_gcloud: String,
    /// The command that prints what a Jupyter server needs.
    pub(crate) server: String,
    /// The command that gives R its tokens.
    pub(crate) tokens_for_r: String,
}

impl CurrentProfile {
    /// Loads it, and asks whether its credential is valid.
    pub(crate) fn load(app: &App, validities: &Validities) -> CurrentProfile {
        let mut current = CurrentProfile {
            login: "bqcred login".to_owned(),
            sign_in: "bqcred login".to_owned(),
            env: "bqcred env".to_owned(),
            in_notebook: terminal::in_notebook(),
            ..CurrentProfile::default()
        };
        let name = match app.profile_name() {
            Ok(name) => name,
            Err(error) => return current.unusable(app, error),
        };
        current.login = app.login_command(&name);
        current.sign_in = app.sign_in_command(&name, app.known_profile(&name).ok().flatten().as_ref());
        current.env = app.command("env", &name);
        current.exec_gcloud = format!("{} -- PROGRAM", app.command("exec --gcloud", &name));
        current.server = app.command("snippet jupyter-server", &name);
        current.tokens_for_r = match current.in_notebook {
            true => app.command("kernel install --token-only", &name),
            false => format!("{} -- R", app.command("exec --token-only", &name)),
        };
        let mut loaded = match app.load_for_server() {
            Ok(loaded) => loaded,
            Err(error) => return current.unusable(app, error),
        };
        validities.of_profile(app, &mut loaded);
        current.adc = match loaded.profile.store {
            StoreKind::File => Some(app.paths.adc(&name)),
            // where `env` makes it readable for this login session
            StoreKind::Keyring => loaded.profile.id.as_ref().and_then(|id| app.paths.session_file(&name, id)),
        };
        current.with_drive = match loaded.profile.acting_as {
            // what the user granted is not what the service account's tokens allow
            Some(_) => {
                let exec = app.command("exec --token-only --scopes cloud-platform,drive", &name);
                format!("{exec} -- PROGRAM")
            }
            None => app.login_command_for(&name, &loaded.profile, &[scopes::DRIVE]),
        };
        current.cell = current.in_notebook.then(|| cell(app, &name, loaded.profile.store));
        current.name = Some(name.to_string());
        current.fingerprint = Some(loaded.credential.fingerprint());
        current.acting_as = loaded.profile.acting_as_account();
        current.account = loaded.profile.account.clone().filter(|account| !account.is_empty());
        current.project = loaded.profile.project.clone();
        current.kept = Some(loaded.profile);
        current
    }

    /// Becomes what a program of `exec --token-only` is, whatever profile is the current one by now.
    pub(crate) fn become_program(&mut self, app: &App, program: &TokenOnly) {
        let about = &program.about;
        let is_same_profile =
            self.name.as_ref() == Some(&about.profile) && about.data == About::data_of(&app.paths);
        self.is_anothers = is_same_profile && self.kept.as_ref().is_some_and(|now| !about.is_of(now));
        self.is_gone = self.name.is_none() && self.problem.is_none();
        self.name = Some(about.profile.clone());
        self.account = program.account().or(self.account.take().filter(|_| !self.is_anothers));
        self.acting_as = program.acting_as();
        self.problem = None;
    }

    /// The same for a profile that there is, but that can't be used.
    fn unusable(self, app: &App, error: Error) -> CurrentProfile {
        let error = group_access::with_command(app, error);
        CurrentProfile { problem: Some(error).filter(|error| error.kind() != Kind::Missing), ..self }
    }
}

/// A cell names the credential's file, which there is for one session only if a keyring keeps the credential.
fn cell(app: &App, name: &ProfileName, store: StoreKind) -> String {
    let command = match (store, notebook::language()) {
        (StoreKind::Keyring, _) => "kernel install --exec",
        (StoreKind::File, Some(Language::R)) => "snippet r",
        (StoreKind::File, _) => "snippet python",
    };
    app.command(command, name)
}
