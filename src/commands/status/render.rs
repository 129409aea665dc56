//! What `status` prints, for programs and for people.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Check, Report};
use crate::app::App;
use crate::credential::forecast::{self, TOKEN_LIMIT};
use crate::credential::profile::StoreKind;
use crate::handover::broker::running::TokenOnlyProgram;
use crate::lifecycle::dependents;
use crate::oauth::scopes;
use crate::store::session;
use crate::system::clock::{Time, span};
use crate::system::json_path;
use crate::system::processes::Process;

/// Clocks that differ by less do no harm, and the network takes some of it. In seconds.
const CLOCK_TOLERANCE: u64 = 30;
/// From this share of [`TOKEN_LIMIT`] on, the user should know.
const MANY_TOKENS: u32 = TOKEN_LIMIT / 2;

impl Report {
    /// The schema is in the README: keys are added to it, and none goes or changes its meaning.
    pub(super) fn as_json(&self, app: &App) -> Value {
        let profile = &self.loaded.profile;
        let state = profile.state();
        let path = self.path(app);
        let needs_sign_in = profile.needs_sign_in();
        json!({
            "profile": self.loaded.name.as_str(),
            "account": profile.account,
            "acting_as": profile.acting_as_account(),
            "account_confirmed": profile.account_confirmed,
            "valid": self.is_valid(),
            "problem": self.validity_problem(app).map(|error| error.what().to_owned()),
            "state": state.name(),
            "revoked_by": state.revoked_by(),
            "state_since": profile.state_record.since,
            "rotation_started": profile.rotation.as_ref().map(|rotation| rotation.since),
            "login_started": self.login_started,
            "scopes": profile.scopes,
            "project": profile.project,
            "quota_project": profile.quota_project,
            "store": profile.store,
            "path": path.as_deref().map(json_path::value),
            "session_file": self.session_file(app).as_deref().map(json_path::value),
            "mode": path.as_deref().and_then(mode),
            "client_id": self.loaded.credential.client_id,
            "signed_in": profile.signed_in,
            "last_refreshed": profile.last_refreshed,
            "refresh_token_expires": profile.refresh_token_expires,
            "refresh_tokens": profile.refresh_tokens,
            "refresh_tokens_limit": TOKEN_LIMIT,
            "clock_offset": self.clock_offset,
            "good_until": forecast::good_until(profile),
            "token_only": self.token_only.iter().map(token_only_as_json).collect::<Vec<_>>(),
            "forecast": if needs_sign_in { Vec::new() } else { forecast::expiries(profile) },
        })
    }

    /// `None` where Google was not asked or did not answer; a state that needs a new sign-in is known anyway.
    fn is_valid(&self) -> Option<bool> {
        match &self.check {
            Check::Valid => Some(true),
            Check::Refused(_) => Some(false),
            Check::Unreachable(_) => None,
            Check::NotAsked => self.loaded.profile.needs_sign_in().then_some(false),
        }
    }

    pub(super) fn as_rows(&self, app: &App) -> Vec<(&'static str, String)> {
        let profile = &self.loaded.profile;
        let ago = |time: Time| format!("{} ago ({time})", span(self.now.since(time)));
        let confirmed = if profile.account_confirmed { "" } else { " (not confirmed by Google)" };
        let mut rows = vec![
            ("profile", self.loaded.name.to_string()),
            ("account", format!("{}{confirmed}", profile.who())),
            ("credential", self.describe_check()),
            ("project", profile.project.clone().unwrap_or_else(|| "none (Python needs one)".to_owned())),
        ];
        rows.extend(profile.quota_project.clone().map(|project| ("quota", project)));
        rows.extend(profile.acting_as.as_ref().map(|_| ("R", self.describe_r(app))));
        rows.push((
            "scopes",
            match profile.scopes.as_slice() {
                [] => "not known yet".to_owned(),
                scopes => scopes::short_list(scopes),
            },
        ));
        rows.push(("store", self.describe_store(app)));
        rows.push(("client", self.loaded.credential.client_id.clone()));
        rows.extend(profile.signed_in.map(|time| ("signed in", ago(time))));
        rows.extend(profile.last_refreshed.map(|time| ("refreshed", ago(time))));
        rows.extend(
            self.login_started
                .map(|time| ("sign-in", format!("started {}, waits for its answer", ago(time)))),
        );
        let programs = self.token_only.iter().map(|program| {
            let described = dependents::describe_token_only(program);
            match program.refusal(app, &self.loaded.name, profile) {
                None => described,
                Some(why) => format!("{described}; refused, because {why}"),
            }
        });
        rows.extend(programs.map(|program| ("used by", program)));
        rows.extend(self.ends().into_iter().map(|end| ("ends", end)));
        rows.extend(self.warnings());
        rows
    }

    fn describe_check(&self) -> String {
        let profile = &self.loaded.profile;
        let since =
            profile.state_record.since.map_or(String::new(), |since| format!(" (known since {since})"));
        match (&self.check, profile.sign_in_reason()) {
            (Check::Valid, _) => "valid".to_owned(),
            (Check::Unreachable(_), _) => "unknown: Google could not be asked".to_owned(),
            (Check::Refused(_) | Check::NotAsked, Some(reason)) => format!("{reason}{since}"),
            (Check::Refused(_), None) => "refused by Google".to_owned(),
            (Check::NotAsked, None) => "not asked (--offline)".to_owned(),
        }
    }

    /// gargle knows no file of this kind.
    fn describe_r(&self, app: &App) -> String {
        format!("`{} -- R`: R can't use the file", app.command("exec --token-only", &self.loaded.name))
    }

    fn describe_store(&self, app: &App) -> String {
        match self.path(app) {
            Some(path) => format!("file {} (mode {})", path.display(), mode(&path).unwrap_or_default()),
            None => match self.session_file(app) {
                Some(file) => format!("keyring; session file {}", file.display()),
                None => "keyring".to_owned(),
            },
        }
    }

    /// What will end the credential, as far as it can be known.
    fn ends(&self) -> Vec<String> {
        let profile = &self.loaded.profile;
        if profile.needs_sign_in() {
            return Vec::new();
        }
        let expiries = forecast::expiries(profile);
        let expiries = expiries.iter().map(|expiry| expiry.describe(self.now));
        expiries.chain([forecast::OTHER_ENDS.to_owned()]).collect()
    }

    fn warnings(&self) -> Vec<(&'static str, String)> {
        let tokens = self.loaded.profile.refresh_tokens;
        let many = (tokens >= MANY_TOKENS).then(|| {
            format!(
                "{tokens} made here since the last revocation; Google keeps {TOKEN_LIMIT} for an account and client, \
                 and then revokes the oldest without notice"
            )
        });
        let offset = self.clock_offset.filter(|offset| offset.unsigned_abs() >= CLOCK_TOLERANCE);
        let clock = offset.map(|offset| {
            let direction = if offset > 0 { "behind" } else { "ahead of" };
            format!("this machine's clock is {} {direction} Google's: set it", span(offset.unsigned_abs()))
        });
        many.map(|text| ("tokens", text)).into_iter().chain(clock.map(|text| ("clock", text))).collect()
    }

    fn session_file(&self, app: &App) -> Option<PathBuf> {
        let id = self.loaded.profile.id.as_ref()?;
        session::existing(&app.paths, &self.loaded.name, id).into_iter().next()
    }

    fn path(&self, app: &App) -> Option<PathBuf> {
        (self.loaded.profile.store == StoreKind::File).then(|| app.paths.adc(&self.loaded.name))
    }
}

fn token_only_as_json(program: &TokenOnlyProgram) -> Value {
    let about = &program.about;
    json!({
        "pid": program.process.as_ref().map(|process| process.pid),
        "program": program.process.as_ref().and_then(Process::name),
        "broker": about.broker,
        "account": about.account,
        "acting_as": about.acting_as,
        "scopes": about.scopes,
        "narrowed": about.narrowed,
    })
}

fn mode(path: &Path) -> Option<String> {
    path.metadata().ok().map(|meta| format!("{:04o}", meta.permissions().mode() & 0o7777))
}
