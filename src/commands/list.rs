//! `bqcred list`: all profiles, from their files alone.

use serde_json::{Value, json};

use crate::app::App;
use crate::cli::List;
use crate::credential::profile;
use crate::credential::profile_name::ProfileName;
use crate::login::two_step;
use crate::output::error::Result;
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &List, app: &App) -> Result<Output> {
    two_step::sweep(app);
    let names = profile::names(&app.paths)?;
    let current = app.profile_name()?;
    if args.json {
        let rows: Vec<Value> = names.iter().map(|name| as_json(app, name, &current)).collect();
        return Ok(Output::json(&Value::Array(rows)));
    }
    if names.is_empty() {
        ui::note("not signed in: `bqcred login`");
        return Ok(Output::none());
    }
    let mut rows = vec![["", "PROFILE", "ACCOUNT", "PROJECT", "STORE", ""].map(str::to_owned).to_vec()];
    rows.extend(names.iter().map(|name| row(app, name, &current)));
    Ok(Output::for_people(&ui::table(&rows)))
}

/// One line; a profile that can't be read is shown as such, and the others all the same.
fn row(app: &App, name: &ProfileName, current: &ProfileName) -> Vec<String> {
    let mark = if name == current { "*" } else { "" };
    let dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let cells = match app.known_profile(name) {
        Ok(profile) => {
            let profile = profile.unwrap_or_default();
            let problem =
                profile.condition.describe().or_else(|| profile.sign_in_reason()).unwrap_or_default();
            let is_known = profile.account.is_some() || profile.acting_as.is_some();
            let who = is_known.then(|| profile.who().into_owned());
            [dash(who), dash(profile.project), profile.store.to_string(), problem]
        }
        Err(error) => [dash(None), dash(None), dash(None), error.what().to_owned()],
    };
    [mark.to_owned(), name.to_string()].into_iter().chain(cells).collect()
}

/// `valid` is `false` where a new sign-in is known to be needed, else `null`: Google is not asked. The keys about the
/// state are those of `status --json`.
fn as_json(app: &App, name: &ProfileName, current: &ProfileName) -> Value {
    match app.known_profile(name) {
        Ok(profile) => {
            let profile = profile.unwrap_or_default();
            json!({
                "profile": name.as_str(),
                "current": name == current,
                "account": profile.account,
                "acting_as": profile.acting_as_account(),
                "project": profile.project,
                "quota_project": profile.quota_project,
                "store": profile.store,
                "scopes": profile.scopes,
                "valid": profile.needs_sign_in().then_some(false),
                "problem": profile.problem(),
                "interrupted_sign_in": profile.condition.interrupted_account(),
                "state": profile.state().name(),
                "revoked_by": profile.state().revoked_by(),
                "state_since": profile.state_record.since,
                "rotation_started": profile.rotation.map(|rotation| rotation.since),
            })
        }
        Err(error) => json!({"profile": name.as_str(), "current": name == current, "error": error.what()}),
    }
}
