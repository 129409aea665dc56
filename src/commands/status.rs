//! `bqcred status`: who am I, is it alive, where is it kept, what will end it.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::app::{App, Loaded};
use crate::cli::Status;
use crate::clock::{Time, span};
use crate::error::{Error, Result};
use crate::google::Google;
use crate::profile::StoreKind;
use crate::refresh;
use crate::scopes;
use crate::store::session;
use crate::ui::{self, Output};

/// Google ends a refresh token that nobody used for six months.
const IDLE_LIMIT_DAYS: u64 = 180;

/// Whether the credential works.
enum Health {
    Alive,
    Dead(Error),
    /// It could not be found out.
    Unknown(Error),
    NotAsked,
}

pub(crate) fn run(args: &Status, app: &App) -> Result<Output> {
    let mut loaded = app.load()?;
    let health = if args.offline { Health::NotAsked } else { ask(app, &mut loaded) };
    let code = match &health {
        Health::Alive | Health::NotAsked => 0,
        Health::Dead(error) | Health::Unknown(error) => {
            if !args.exit_code {
                ui::fail(error);
            }
            error.kind().code()
        }
    };
    let output = match (args.json, args.exit_code) {
        (true, _) => Output::json(&as_json(app, &loaded, &health)),
        (false, true) => Output::none(),
        (false, false) => Output::text(ui::columns(&as_rows(app, &loaded, &health))),
    };
    Ok(output.with_code(code))
}

/// Asks the server for an access token, and about it where the answer did not say everything.
fn ask(app: &App, loaded: &mut Loaded) -> Health {
    let told = app.login_command(&loaded.name);
    let fresh = match refresh::refresh(app, loaded) {
        Ok(fresh) => fresh,
        Err(failure) => {
            let unknown = matches!(failure, crate::google::Failure::Unreachable(_));
            let error = failure.into_error(&told);
            return if unknown { Health::Unknown(error) } else { Health::Dead(error) };
        }
    };
    if loaded.profile.scopes.is_empty() || loaded.profile.account.is_none() {
        // more would be good to know, but the credential is alive either way
        if let Ok(Some(identity)) = Google::at(&loaded.endpoints()).identify(&fresh.access_token) {
            loaded.profile.account = identity.email.or(loaded.profile.account.take());
            if let Some(scopes) = identity.scopes {
                loaded.profile.scopes = scopes;
            }
        }
    }
    Health::Alive
}

fn path(app: &App, loaded: &Loaded) -> Option<std::path::PathBuf> {
    (loaded.profile.store == StoreKind::File).then(|| app.paths.adc(&loaded.name))
}

fn mode(path: &std::path::Path) -> Option<String> {
    path.metadata().ok().map(|meta| format!("{:04o}", meta.permissions().mode() & 0o7777))
}

fn as_json(app: &App, loaded: &Loaded, health: &Health) -> Value {
    let profile = &loaded.profile;
    let path = path(app, loaded);
    let (alive, problem) = match health {
        Health::Alive => (Value::Bool(true), None),
        Health::Dead(error) => (Value::Bool(false), Some(error.what())),
        Health::Unknown(error) => (Value::Null, Some(error.what())),
        Health::NotAsked => (Value::Null, None),
    };
    json!({
        "profile": loaded.name.as_str(),
        "account": profile.account,
        "account_confirmed": profile.account_confirmed,
        "alive": alive,
        "problem": problem,
        "scopes": profile.scopes,
        "project": profile.project,
        "quota_project": profile.quota_project,
        "store": profile.store,
        "path": path,
        "session_file": session::existing(&app.paths, &loaded.name),
        "mode": path.as_deref().and_then(mode),
        "client_id": loaded.credential.client_id,
        "signed_in": profile.signed_in,
        "last_refreshed": profile.last_refreshed,
        "refresh_token_expires": profile.refresh_token_expires,
        "ended": profile.ended,
    })
}

fn as_rows(app: &App, loaded: &Loaded, health: &Health) -> Vec<(&'static str, String)> {
    let profile = &loaded.profile;
    let now = Time::now();
    let ago = |time: Time| format!("{} ago ({time})", span(now.since(time)));
    let confirmed = if profile.account_confirmed { "" } else { " (not confirmed by Google)" };
    let mut rows = vec![
        ("profile", loaded.name.to_string()),
        ("account", format!("{}{confirmed}", profile.account_or_unknown())),
        (
            "credential",
            match health {
                Health::Alive => "alive".to_owned(),
                Health::Dead(_) => "dead".to_owned(),
                Health::Unknown(_) => "unknown: Google could not be asked".to_owned(),
                Health::NotAsked => "not asked (--offline)".to_owned(),
            },
        ),
    ];
    rows.push(("project", profile.project.clone().unwrap_or_else(|| "none (Python needs one)".to_owned())));
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
        match path(app, loaded) {
            Some(path) => format!("file {} (mode {})", path.display(), mode(&path).unwrap_or_default()),
            None => match session::existing(&app.paths, &loaded.name) {
                Some(file) => format!("keyring; unlocked for this session as {}", file.display()),
                None => "keyring".to_owned(),
            },
        },
    ));
    rows.push(("client", loaded.credential.client_id.clone()));
    rows.extend(profile.signed_in.map(|time| ("signed in", ago(time))));
    rows.extend(profile.last_refreshed.map(|time| ("refreshed", ago(time))));
    rows.push(("ends", what_ends_it(loaded, now)));
    rows
}

/// What will end the credential, as far as it can be foretold.
fn what_ends_it(loaded: &Loaded, now: Time) -> String {
    if let Some(ended) = &loaded.profile.ended {
        return format!("ended: it {} (seen {})", ended.reason, ended.at);
    }
    if let Some(end) = loaded.profile.refresh_token_expires {
        return format!("in {} ({end}): Google granted it for a time", span(end.since(now)));
    }
    format!(
        "when revoked, when unused for {IDLE_LIMIT_DAYS} days, or when your organisation asks for a new sign-in"
    )
}
