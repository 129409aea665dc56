//! The command that makes a library use the person's credential.

use crate::doctor::Library;
use crate::doctor::facts::Surroundings;
use crate::doctor::prediction::identity::{Identity, Problem};
use crate::doctor::prediction::steps::Prediction;
use crate::handover::parent_shell;
use crate::handover::variables::ADC;

/// The command, or `None` where nothing is wrong or nothing helps.
pub(crate) fn command(prediction: &Prediction, s: &Surroundings) -> Option<String> {
    if prediction.is_you || prediction.library == Library::Connectorx {
        return None;
    }
    if matches!(
        prediction.identity,
        Identity::Fails(Problem::Unreachable | Problem::NotGoogle | Problem::ServerTrouble)
    ) {
        return None;
    }
    if s.person.profile.is_none() {
        return Some(format!("{} && {}", s.person.login, parent_shell::line(&s.person.env)));
    }
    if s.needs_login() {
        return Some(s.person.login.clone());
    }
    let env = &s.person.env;
    let with_gcloud = || parent_shell::line(&format!("{env} --gcloud"));
    match prediction.library {
        Library::Gcloud | Library::Bq => Some(with_gcloud()),
        Library::Gsutil => Some(format!("{}, then `gcloud storage`", with_gcloud())),
        Library::Gargle if s.r.sets_adc.is_some() => s.r.sets_adc.as_ref().map(|file| {
            format!(
                "remove {ADC} from {}, or put there what `{env} --format renviron` prints",
                file.display()
            )
        }),
        _ => Some(parent_shell::line(env)),
    }
}
