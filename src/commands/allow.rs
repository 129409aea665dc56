//! `bqcred allow` and `bqcred deny`: which `.bqcred` files may choose a profile.

use serde_json::json;

use crate::app::App;
use crate::cli::{Allow, Deny};
use crate::credential::pins::{Allowed, Pin};
use crate::output::error::Result;
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &Allow, app: &App) -> Result<Output> {
    if args.list {
        return list(args, app);
    }
    let pin = match &args.file {
        Some(file) => Pin::read(file)?,
        None => Pin::read(&Pin::nearest()?)?,
    };
    ui::show(Allowed::allow(&app.paths, &pin)?);
    ui::note(&format!("{} may choose profile {}", pin.path.display(), pin.profile));
    if app.known_profile(&pin.profile).is_ok_and(|known| known.is_none()) {
        ui::note(&format!("that profile doesn't exist yet: `bqcred login --profile {}`", pin.profile));
    }
    Ok(Output::none())
}

pub(crate) fn deny(args: &Deny, app: &App) -> Result<Output> {
    let file = match &args.file {
        Some(file) => file.clone(),
        None => Pin::nearest()?,
    };
    let (was_allowed, notes) = Allowed::deny(&app.paths, &file)?;
    ui::show(notes);
    ui::note(&match was_allowed {
        true => format!("{} is not allowed any more", file.display()),
        false => format!("{} was not allowed", file.display()),
    });
    Ok(Output::none())
}

fn list(args: &Allow, app: &App) -> Result<Output> {
    let Allowed(allowed) = Allowed::load(&app.paths)?;
    if args.json {
        let rows = allowed.iter().map(|(path, profile)| json!({"path": path, "profile": profile})).collect();
        return Ok(Output::json(&serde_json::Value::Array(rows)));
    }
    let rows: Vec<Vec<String>> = allowed.into_iter().map(|(path, profile)| vec![profile, path]).collect();
    Ok(Output::for_people(&ui::table(&rows)))
}
