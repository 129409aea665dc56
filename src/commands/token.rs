//! `bqcred token`: an access token for programs that take one.

use serde_json::json;

use crate::app::App;
use crate::cli::Token;
use crate::error::Result;
use crate::refresh;
use crate::ui::Output;

pub(crate) fn run(args: &Token, app: &App) -> Result<Output> {
    let mut loaded = app.load()?;
    let token = refresh::access_token(app, &mut loaded, args.min_ttl)
        .map_err(|failure| refresh::told(app, &loaded, failure))?;
    if args.json {
        return Ok(Output::json(&json!({
            "profile": loaded.name.as_str(),
            "account": loaded.profile.account,
            "access_token": token.token.expose(),
            "expires": token.expires,
        })));
    }
    Ok(Output::text(format!("{}\n", token.token.expose())))
}
