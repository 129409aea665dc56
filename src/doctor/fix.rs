//! The command that makes a library use the person's credential.

use super::Library;
use super::identity::{Identity, Problem};
use super::surroundings::Surroundings;
use super::trace::Prediction;
use crate::environment::ADC;

/// The command, or `None` where nothing is wrong or nothing helps.
pub(super) fn command(prediction: &Prediction, s: &Surroundings) -> Option<String> {
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
        return Some(format!("{} && eval $(bqcred env)", s.person.login));
    }
    if s.needs_login() {
        return Some(s.person.login.clone());
    }
    let profile = match s.person.profile.as_deref() {
        Some("default") | None => String::new(),
        Some(name) => format!(" --profile {name}"),
    };
    match prediction.library {
        Library::Gcloud | Library::Bq => Some(format!("eval $(bqcred env{profile} --gcloud)")),
        Library::Gsutil => Some(format!("eval $(bqcred env{profile} --gcloud), then `gcloud storage`")),
        Library::Gargle if s.r.sets_adc.is_some() => s.r.sets_adc.as_ref().map(|file| {
            format!(
                "remove {ADC} from {}, or put there what `bqcred env{profile} --format renviron` prints",
                file.display()
            )
        }),
        _ => Some(format!("eval $(bqcred env{profile})")),
    }
}
