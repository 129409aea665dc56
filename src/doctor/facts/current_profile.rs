//! bqcred's current profile: the user account that the libraries should use.

use std::path::PathBuf;

use crate::app::App;
use crate::credential::profile::StoreKind;
use crate::doctor::facts::validity::Validities;

/// The current profile; without a name where there is none with a credential.
#[derive(Debug, Default)]
pub(crate) struct CurrentProfile {
    /// Its name.
    pub(crate) name: Option<String>,
    /// Its account's address.
    pub(crate) account: Option<String>,
    /// The path of its ADC file.
    pub(crate) adc: Option<PathBuf>,
    /// Its project.
    pub(crate) project: Option<String>,
    /// The fingerprint of its refresh token.
    pub(crate) fingerprint: Option<String>,
    /// The command that signs it in again.
    pub(crate) login: String,
    /// The command that prints its environment.
    pub(crate) env: String,
}

impl CurrentProfile {
    /// Loads it, and asks whether its credential is valid.
    pub(crate) fn load(app: &App, validities: &Validities) -> CurrentProfile {
        let mut current = CurrentProfile {
            login: "bqcred login".to_owned(),
            env: "bqcred env".to_owned(),
            ..CurrentProfile::default()
        };
        let Ok(name) = app.profile_name() else { return current };
        current.login = app.login_command(&name);
        current.env = app.command("env", &name);
        let Ok(mut loaded) = app.load() else { return current };
        validities.of_profile(app, &mut loaded);
        current.adc = match loaded.profile.store {
            StoreKind::File => Some(app.paths.adc(&name)),
            // where `env` makes it readable for this login session
            StoreKind::Keyring => loaded.profile.id.as_ref().and_then(|id| app.paths.session_file(&name, id)),
        };
        current.name = Some(name.to_string());
        current.fingerprint = Some(loaded.credential.fingerprint());
        current.account = loaded.profile.account.filter(|account| !account.is_empty());
        current.project = loaded.profile.project;
        current
    }
}
