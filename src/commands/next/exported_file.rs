//! The state of a file that `bqcred export --token-only` wrote, and what leads on from it.

use std::path::PathBuf;

use super::Step;
use crate::app::App;
use crate::credential::profile_name::ProfileName;
use crate::credential::token_only_file::{FoundTokenOnly, IssuedFor, PYTHON_MARGIN, TimeLeft};
use crate::handover::delivery::{self, WayOn};
use crate::handover::variables;
use crate::system::clock::Time;
use crate::system::private_file::{self, Content};
use crate::system::{env, terminal};

/// Where the environment names such a file: what is proposed gives programs no more than that.
pub(super) fn step(app: &App) -> Option<Step> {
    let path = PathBuf::from(env::get(variables::ADC).filter(|_| !terminal::in_notebook())?);
    let bytes = private_file::read(&path, Content::Foreign).ok()??;
    let issued_for = IssuedFor::read(&bytes)?;
    let (now, file) = (Time::now(), path.display());
    let expiry = FoundTokenOnly::read(&bytes).map(|token| token.expiry);
    let held = match expiry.map(|expiry| (TimeLeft::of(expiry, now), expiry.local(now))) {
        Some((TimeLeft::Enough, then)) => {
            let who = issued_for.owner().unwrap_or("an unknown account");
            let now =
                format!("all set: Python here runs as {who}, by the access token in {file} (until {then})");
            return Some(Step { now, next: None });
        }
        Some((TimeLeft::TooLittle, then)) => format!(
            "{file} holds an access token that expires at {then}; Python uses none with less than \
             {PYTHON_MARGIN} s left"
        ),
        Some((TimeLeft::None, _)) | None => format!("{file} holds no valid access token any more"),
    };
    if delivery::is_renewed(&path, &app.paths.state) {
        return Some(Step { now: format!("{held}; a bqcred on this machine renews it"), next: None });
    }
    let way_on = WayOn::find(app, issued_for);
    Some(match way_on.renewing(&path) {
        Some(renewing) => Step::new(held, renewing),
        None => Step::new(format!("{held}{}", now_of(app, way_on.issued_for())), way_on.start_line("")),
    })
}

/// Why the profile that a file is for doesn't renew it.
fn now_of(app: &App, issued_for: &IssuedFor) -> String {
    let name = &issued_for.profile;
    let before = issued_for.owner().unwrap_or("an unknown account");
    let profile = ProfileName::parse(name).ok().and_then(|name| app.known_profile(&name).ok()?);
    match profile {
        Some(profile) => format!("; it was for {before}, and profile {name} is of {} now", profile.who()),
        None => format!("; it was for {before}, and profile {name} is gone"),
    }
}
