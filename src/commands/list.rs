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
        let rows: Vec<Value> = names.iter().map(|name| describe(app, name, &current)).collect();
        return Ok(Output::json(&Value::Array(rows)));
    }
    if names.is_empty() {
        ui::note("nobody has logged in yet: `bqcred login`");
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
            let state = profile.ended.map_or(String::new(), |ended| format!("ended: it {}", ended.reason));
            [dash(profile.account), dash(profile.project), profile.store.to_string(), state]
        }
        Err(error) => [dash(None), dash(None), dash(None), error.what().to_owned()],
    };
    [mark.to_owned(), name.to_string()].into_iter().chain(cells).collect()
}

fn describe(app: &App, name: &ProfileName, current: &ProfileName) -> Value {
    match app.known_profile(name) {
        Ok(profile) => {
            let profile = profile.unwrap_or_default();
            json!({
                "profile": name.as_str(),
                "current": name == current,
                "account": profile.account,
                "project": profile.project,
                "quota_project": profile.quota_project,
                "store": profile.store,
                "scopes": profile.scopes,
                "ended": profile.ended,
            })
        }
        Err(error) => json!({"profile": name.as_str(), "current": name == current, "error": error.what()}),
    }
}
