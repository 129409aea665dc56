//! `bqcred export --token-only`: an ADC file with an access token, and never the refresh token.

use super::{check_target, is_stdout, write};
use crate::app::App;
use crate::cli::Export;
use crate::credential::profile_name::ProfileName;
use crate::credential::token_only_file::{PYTHON_MARGIN, TokenOnlyFile};
use crate::handover::broker::limits::Limits;
use crate::lifecycle::program_tokens::ProgramTokens;
use crate::output::error::Result;
use crate::output::secret::SecretBytes;
use crate::output::ui::{self, Output};
use crate::system::clock::{Time, span};

/// In seconds: what is exported is valid for at least this, if the server gives that much. Google's tokens are valid
/// for an hour.
const LASTING: u64 = 2_700;

/// Other libraries refresh the token at once, which this file is not for.
const READERS: &str = "Python's libraries read it; for R, Node, Go and Java: `bqcred exec --token-only -- PROGRAM` (a \
                       container on the host's network), or your whole credential by `bqcred export`";

pub(super) fn run(args: &Export, app: &App) -> Result<Output> {
    let file = args.file.as_deref().filter(|path| !is_stdout(path));
    if let Some(path) = file {
        check_target(args, path)?;
    }
    let source = Source::new(args, app)?;
    let (content, expires) = source.content()?;
    let what = match file {
        Some(path) => {
            write(args, path, &content)?;
            format!("written to {}: an access token", path.display())
        }
        None => "an access token".to_owned(),
    };
    ui::note(&format!("{what} of {}, {}", source.account(), describe(expires)));
    ui::tell(&format!("  {READERS}\n"));
    Ok(if file.is_none() { Output::bytes(content.to_vec()) } else { Output::none() })
}

/// Where the files come from.
struct Source {
    app: App,
    name: ProfileName,
    acting_as: Option<String>,
    tokens: ProgramTokens,
}

impl Source {
    fn new(args: &Export, app: &App) -> Result<Source> {
        let limits = Limits::new(&args.scopes, args.acting_as.clone())?;
        let (name, profile) = app.profile()?;
        let tokens = ProgramTokens::new(app.clone(), name.clone(), &profile, limits)?;
        let acting_as = tokens.acting_as().map(ToString::to_string);
        Ok(Source { app: app.clone(), name, acting_as, tokens })
    }
    /// The content of a file with a token that has just been issued, or has nearly all of its time left; and when it
    /// expires.
    fn content(&self) -> Result<(SecretBytes, Time)> {
        let token = self.tokens.lasting(LASTING)?;
        // the first answer may have said who it is
        let (_, profile) = self.app.profile_named(self.name.clone())?;
        let account = self.acting_as.clone().or(profile.account);
        let file = TokenOnlyFile {
            account: account.as_deref(),
            token: &token.token,
            expires: token.expires,
            quota_project: profile.quota_project.as_deref(),
        };
        Ok((file.to_json(), token.expires))
    }

    /// Whose tokens they are, for people.
    fn account(&self) -> String {
        let known = || self.app.profile_named(self.name.clone()).ok()?.1.account;
        let account = self.acting_as.clone().or_else(known);
        account.unwrap_or_else(|| "an unknown account".to_owned())
    }
}

/// Until when a token can be used.
fn describe(expires: Time) -> String {
    let now = Time::now();
    let left = expires.since(now);
    let valid = format!("valid until {} ({})", expires.local(now), span(left));
    match left {
        0..=PYTHON_MARGIN => {
            format!("{valid}; Python's libraries use none with less than {PYTHON_MARGIN} s left")
        }
        _ => valid,
    }
}
