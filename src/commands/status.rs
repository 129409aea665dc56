//! `bqcred status`: who am I, is it alive, where is it kept, what will end it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::app::{App, Loaded};
use crate::cli::Status;
use crate::credential::forecast::{self, TOKEN_LIMIT, Why};
use crate::credential::profile::StoreKind;
use crate::lifecycle::refresh;
use crate::login::pending;
use crate::oauth::scopes;
use crate::oauth::{Failure, Google};
use crate::output::error::{Error, Kind, Result};
use crate::output::ui::{self, Output};
use crate::store::session;
use crate::system::clock::{Time, span};

/// Clocks that differ by less do no harm, and the network takes some of it.
const CLOCK_TOLERANCE: u64 = 30;
/// From this share of [`TOKEN_LIMIT`] on, people should know.
const MANY_TOKENS: u32 = TOKEN_LIMIT / 2;

/// What is known about the credential at this moment.
struct Report {
    loaded: Loaded,
    health: Health,
    /// How far Google's clock is ahead, in seconds.
    clock_offset: Option<i64>,
    /// When anything last read the credential's file, before this run did.
    last_read: Option<Time>,
    /// When a login was started that waits for its answer.
    login_started: Option<Time>,
    now: Time,
}

/// Whether the credential works.
enum Health {
    Alive,
    Dead(Problem),
    /// It could not be found out.
    Unknown(Problem),
    NotAsked,
}

struct Problem {
    code: String,
    error: Error,
}

pub(crate) fn run(args: &Status, app: &App) -> Result<Output> {
    let last_read = app.profile_name().ok().and_then(|name| last_read(&app.paths.adc(&name)));
    let loaded = app.load()?;
    pending::sweep(app);
    let login_started = pending::waiting(app, &loaded.name).map(|waiting| waiting.since);
    let mut report = Report {
        loaded,
        health: Health::NotAsked,
        clock_offset: None,
        last_read,
        login_started,
        now: Time::now(),
    };
    if !args.offline {
        report.ask(app);
    }
    let problem = report.problem(args.wait_valid, app);
    if let Some(error) = problem.as_ref().filter(|_| !args.exit_code) {
        ui::fail(error);
    }
    let output = match (args.json, args.exit_code) {
        (true, _) => Output::json(&report.as_json(app)),
        (false, true) => Output::none(),
        (false, false) => Output::for_people(&ui::columns(&report.as_rows(app))),
    };
    Ok(output.with_code(problem.map_or(0, |error| error.kind().code())))
}

/// A hint at use by others: file systems write this down once a day or so (`relatime`), or never.
fn last_read(path: &Path) -> Option<Time> {
    path.symlink_metadata().ok()?.accessed().ok().map(Time::of)
}

fn mode(path: &Path) -> Option<String> {
    path.metadata().ok().map(|meta| format!("{:04o}", meta.permissions().mode() & 0o7777))
}

impl Report {
    /// Asks the server for an access token, and about it where the answer did not say everything.
    fn ask(&mut self, app: &App) {
        let loaded = &mut self.loaded;
        let fresh = match refresh::refresh(app, loaded) {
            Ok(fresh) => fresh,
            Err(failure) => {
                let unknown = matches!(failure, Failure::Unreachable(_));
                let problem =
                    Problem { code: failure.code().to_owned(), error: refresh::told(app, loaded, failure) };
                self.health = if unknown { Health::Unknown(problem) } else { Health::Dead(problem) };
                return;
            }
        };
        self.health = Health::Alive;
        self.clock_offset = fresh.clock_offset;
        if loaded.profile.scopes.is_empty() || loaded.profile.account.is_none() {
            // more would be good to know, but the credential is alive either way
            if let Ok(Some(identity)) = Google::at(&loaded.endpoints()).identify(&fresh.access_token) {
                loaded.profile.account = identity.email.or(loaded.profile.account.take());
                if let Some(scopes) = identity.scopes {
                    loaded.profile.scopes = scopes;
                }
            }
        }
    }

    /// Why the exit code is not 0, if it isn't. `needed` is how long the credential has to stay good.
    fn problem(&self, needed: Option<u64>, app: &App) -> Option<Error> {
        let login = app.login_command(&self.loaded.name);
        match &self.health {
            Health::Dead(problem) | Health::Unknown(problem) => return Some(problem.error.clone()),
            Health::Alive | Health::NotAsked => {}
        }
        if let Some(ended) = &self.loaded.profile.ended {
            return Some(
                Error::new(Kind::Refused, format!("this credential {}", ended.reason))
                    .hint(format!("`{login}`")),
            );
        }
        let needed = needed?;
        let end = forecast::of(&self.loaded.profile).into_iter().next()?;
        (end.from.since(self.now) < needed).then(|| {
            Error::new(
                Kind::Refused,
                format!(
                    "this credential may not stay good for {}: it ends {}",
                    span(needed),
                    end.words(self.now)
                ),
            )
            .hint(match end.why {
                Why::Unused => "use it in between: `bqcred token` does".to_owned(),
                _ => format!("`{login}` now starts its time anew"),
            })
        })
    }

    fn path(&self, app: &App) -> Option<PathBuf> {
        (self.loaded.profile.store == StoreKind::File).then(|| app.paths.adc(&self.loaded.name))
    }

    /// The schema is in the README: keys are added to it, and none goes or changes its meaning.
    fn as_json(&self, app: &App) -> Value {
        let profile = &self.loaded.profile;
        let path = self.path(app);
        let (alive, problem) = match &self.health {
            Health::Alive => (Value::Bool(true), None),
            Health::Dead(problem) => (Value::Bool(false), Some(problem)),
            Health::Unknown(problem) => (Value::Null, Some(problem)),
            // what is known to have ended stays so
            Health::NotAsked if profile.ended.is_some() => (Value::Bool(false), None),
            Health::NotAsked => (Value::Null, None),
        };
        json!({
            "profile": self.loaded.name.as_str(),
            "account": profile.account,
            "account_confirmed": profile.account_confirmed,
            "alive": alive,
            "problem": problem.map(|problem| problem.error.what()),
            "problem_code": problem.map(|problem| problem.code.as_str()),
            "scopes": profile.scopes,
            "project": profile.project,
            "quota_project": profile.quota_project,
            "store": profile.store,
            "path": path,
            "session_file": session::existing(&app.paths, &self.loaded.name).next(),
            "mode": path.as_deref().and_then(mode),
            "client_id": self.loaded.credential.client_id,
            "signed_in": profile.signed_in,
            "last_refreshed": profile.last_refreshed,
            "last_read": self.last_read.filter(|_| path.is_some()),
            "login_started": self.login_started,
            "refresh_token_expires": profile.refresh_token_expires,
            "refresh_tokens": profile.refresh_tokens,
            "refresh_tokens_limit": TOKEN_LIMIT,
            "clock_offset": self.clock_offset,
            "ended": profile.ended,
            "good_until": forecast::good_until(profile),
            "forecast": if profile.ended.is_none() { forecast::of(profile) } else { Vec::new() },
        })
    }

    fn as_rows(&self, app: &App) -> Vec<(&'static str, String)> {
        let profile = &self.loaded.profile;
        let ago = |time: Time| format!("{} ago ({time})", span(self.now.since(time)));
        let confirmed = if profile.account_confirmed { "" } else { " (not confirmed by Google)" };
        let mut rows = vec![
            ("profile", self.loaded.name.to_string()),
            ("account", format!("{}{confirmed}", profile.account_or_unknown())),
            ("credential", self.health.words(profile.ended.is_some()).to_owned()),
            ("project", profile.project.clone().unwrap_or_else(|| "none (Python needs one)".to_owned())),
        ];
        rows.extend(profile.quota_project.clone().map(|project| ("quota", project)));
        rows.push((
            "scopes",
            match profile.scopes.as_slice() {
                [] => "not known yet".to_owned(),
                scopes => scopes::short_list(scopes),
            },
        ));
        rows.push((
            "store",
            match self.path(app) {
                Some(path) => format!("file {} (mode {})", path.display(), mode(&path).unwrap_or_default()),
                None => match session::existing(&app.paths, &self.loaded.name).next() {
                    Some(file) => format!("keyring; unlocked for this session as {}", file.display()),
                    None => "keyring".to_owned(),
                },
            },
        ));
        rows.push(("client", self.loaded.credential.client_id.clone()));
        rows.extend(profile.signed_in.map(|time| ("signed in", ago(time))));
        rows.extend(profile.last_refreshed.map(|time| ("refreshed", ago(time))));
        rows.extend(self.last_read.filter(|_| self.path(app).is_some()).map(|time| ("file read", ago(time))));
        rows.extend(
            self.login_started.map(|time| ("login", format!("started {}, waits for its answer", ago(time)))),
        );
        rows.extend(self.ends().into_iter().map(|end| ("ends", end)));
        rows.extend(self.warnings());
        rows
    }

    /// What will end the credential, as far as it can be foretold.
    fn ends(&self) -> Vec<String> {
        let profile = &self.loaded.profile;
        if let Some(ended) = &profile.ended {
            return vec![format!("ended: it {} (seen {})", ended.reason, ended.at)];
        }
        let mut ends: Vec<String> = forecast::of(profile).iter().map(|end| end.words(self.now)).collect();
        ends.push("when it is revoked, or when your organisation asks for a new sign-in".to_owned());
        ends
    }

    fn warnings(&self) -> Vec<(&'static str, String)> {
        let tokens = self.loaded.profile.refresh_tokens;
        let many = (tokens >= MANY_TOKENS).then(|| {
            format!(
                "{tokens} made here since the last revocation; Google keeps {TOKEN_LIMIT} for an account and client, \
                 and then ends the oldest without a word"
            )
        });
        let offset = self.clock_offset.filter(|offset| offset.unsigned_abs() >= CLOCK_TOLERANCE);
        let clock = offset.map(|offset| {
            let direction = if offset > 0 { "behind" } else { "ahead of" };
            format!("this machine's is {} {direction} Google's: set it right", span(offset.unsigned_abs()))
        });
        many.map(|text| ("tokens", text)).into_iter().chain(clock.map(|text| ("clock", text))).collect()
    }
}

impl Health {
    fn words(&self, has_ended: bool) -> &'static str {
        match self {
            Health::NotAsked if has_ended => "ended, as far as is known (--offline)",
            Health::Alive => "alive",
            Health::Dead(_) => "dead",
            Health::Unknown(_) => "unknown: Google could not be asked",
            Health::NotAsked => "not asked (--offline)",
        }
    }
}
