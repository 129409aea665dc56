//! The person whom bqcred knows, with whom predictions are compared.

use std::path::PathBuf;

use super::identity::Identity;
use super::life::Lives;
use super::trace::Prediction;
use crate::app::App;
use crate::credential::profile::StoreKind;

/// The current profile's person.
#[derive(Debug, Default)]
pub(crate) struct Person {
    /// The current profile, if there is one with a credential.
    pub(crate) profile: Option<String>,
    /// Its address.
    pub(crate) account: Option<String>,
    /// Its ADC file.
    pub(super) adc: Option<PathBuf>,
    /// Its project.
    pub(crate) project: Option<String>,
    /// Tells its refresh token.
    pub(super) fingerprint: Option<String>,
    /// The command that signs it in again.
    pub(super) login: String,
    /// The command that prints its environment.
    pub(super) env: String,
}

impl Person {
    /// The current profile, and whether its credential lives.
    pub(super) fn meet(app: &App, lives: &Lives) -> Person {
        let mut person =
            Person { login: "bqcred login".to_owned(), env: "bqcred env".to_owned(), ..Person::default() };
        let Ok(name) = app.profile_name() else { return person };
        person.login = app.login_command(&name);
        person.env = app.command("env", &name);
        let Ok(mut loaded) = app.load() else { return person };
        lives.of_profile(app, &mut loaded);
        person.adc = match loaded.profile.store {
            StoreKind::File => Some(app.paths.adc(&name)),
            // where `env` makes it readable for this login session
            StoreKind::Keyring => app.paths.session_file(&name),
        };
        person.profile = Some(name.to_string());
        person.fingerprint = Some(loaded.credential.fingerprint());
        person.account = loaded.profile.account.filter(|account| !account.is_empty());
        person.project = loaded.profile.project;
        person
    }

    /// Whether a prediction is this person. With no profile to compare with, any person will do.
    pub(super) fn is(&self, prediction: &Prediction) -> bool {
        let account = match &prediction.identity {
            Identity::Person(account) => account,
            Identity::AccessToken(account) if account.is_some() => account,
            _ => return false,
        };
        match (&self.account, account) {
            (Some(mine), Some(theirs)) => mine.eq_ignore_ascii_case(theirs),
            (Some(_), None) => self.adc.is_some() && self.adc == prediction.file,
            (None, _) => true,
        }
    }
}
