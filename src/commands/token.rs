//! `bqcred token`: print an access token, for programs that take one.

use serde_json::json;

use crate::app::App;
use crate::cli::Token;
use crate::handover::broker::inside::Inside;
use crate::lifecycle::program_tokens::{self, ProgramTokens};
use crate::lifecycle::refresh;
use crate::output::error::Result;
use crate::output::ui::{self, Output};
use crate::store::AccessToken;
use crate::system::clock::{Time, span};

/// A token, and whose it is.
struct Printed {
    profile: String,
    account: Option<String>,
    acting_as: Option<String>,
    token: AccessToken,
}

pub(crate) fn run(args: &Token, app: &App) -> Result<Output> {
    let Printed { profile, account, acting_as, token } = match Inside::here() {
        Some(inside) => of_session(args, app, inside)?,
        None => of_profile(args, app)?,
    };
    let life = token.expires.since(Time::now());
    if life < args.min_ttl {
        ui::note(&format!(
            "access tokens are valid for {} here, so --min-ttl {} gets a new one each time",
            span(life),
            args.min_ttl
        ));
    }
    if args.json {
        return Ok(Output::json(&json!({
            "profile": profile,
            "account": account,
            "acting_as": acting_as,
            "access_token": token.token.expose(),
            "expires": token.expires,
        })));
    }
    Ok(Output::text(format!("{}\n", token.token.expose())))
}

fn of_profile(args: &Token, app: &App) -> Result<Printed> {
    let mut loaded = app.load_for_server()?;
    let token = match program_tokens::of_service_account(app, &loaded) {
        Some(token) => token?,
        None => {
            let answer = refresh::access_token(app, &mut loaded, args.min_ttl);
            ui::show(answer.notes);
            answer.result.map_err(|failure| refresh::to_error(app, &loaded, failure))?
        }
    };
    Ok(Printed {
        profile: loaded.name.to_string(),
        acting_as: loaded.profile.acting_as_account(),
        account: loaded.profile.account,
        token,
    })
}

/// Inside `exec --token-only`: what the programs there get, and no more.
fn of_session(args: &Token, app: &App, inside: Inside) -> Result<Printed> {
    let (name, profile) = app.profile()?;
    let inside = inside.of(&app.paths, &name)?;
    ui::note(&inside.describe());
    let is_lasting = |token: &AccessToken| token.expires.since(Time::now()) >= args.min_ttl;
    let token = match inside.token().filter(is_lasting) {
        Some(token) => token,
        // a longer one, or why there is none
        None => ProgramTokens::of_session(app.clone(), name.clone(), &profile, inside.about())?
            .lasting(args.min_ttl)?,
    };
    let about = inside.about();
    Ok(Printed {
        profile: name.to_string(),
        account: about.person().account.or(profile.account),
        acting_as: about.acting_as.as_ref().map(ToString::to_string),
        token,
    })
}
