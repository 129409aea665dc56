//! `bqcred token`: print an access token, for programs that take one.

use serde_json::json;

use crate::app::App;
use crate::cli::Token;
use crate::lifecycle::{program_tokens, refresh};
use crate::output::error::Result;
use crate::output::ui::{self, Output};
use crate::system::clock::{Time, span};

pub(crate) fn run(args: &Token, app: &App) -> Result<Output> {
    let mut loaded = app.load_for_server()?;
    let token = match program_tokens::of_service_account(app, &loaded) {
        Some(token) => token?,
        None => {
            let answer = refresh::access_token(app, &mut loaded, args.min_ttl);
            ui::show(answer.notes);
            answer.result.map_err(|failure| refresh::to_error(app, &loaded, failure))?
        }
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
            "profile": loaded.name.as_str(),
            "account": loaded.profile.account,
            "acting_as": loaded.profile.acting_as_account(),
            "access_token": token.token.expose(),
            "expires": token.expires,
        })));
    }
    Ok(Output::text(format!("{}\n", token.token.expose())))
}
