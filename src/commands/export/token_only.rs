//! `bqcred export --token-only`: an ADC file with an access token, and never the refresh token.

use super::{check_target, is_stdout, keep_fresh, write};
use crate::app::App;
use crate::cli::Export;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::credential::state::CredentialState;
use crate::credential::token_only_file::{IssuedFor, PYTHON_MARGIN, TokenOnlyFile};
use crate::handover::broker::TokenSource as _;
use crate::handover::broker::inside::Inside;
use crate::handover::broker::limits::Limits;
use crate::handover::ready;
use crate::lifecycle::program_tokens::ProgramTokens;
use crate::output::error::{Error, Kind, Result};
use crate::output::secret::SecretBytes;
use crate::output::shell_word::in_shell;
use crate::output::ui::{self, Output};
use crate::system::clock::{Time, span};

/// In seconds: what is exported is valid for at least this, if the server gives that much. Google's tokens are valid
/// for an hour.
const LASTING: u64 = 2_700;

pub(super) fn run(args: &Export, app: &App) -> Result<Output> {
    if args.keep_fresh {
        return keep_fresh::run(args, app);
    }
    let file = args.file.as_deref().filter(|path| !is_stdout(path));
    if let Some(path) = file {
        check_target(args, app, path)?;
    }
    let mut source = Source::new(args, app)?;
    let fresh = source.renew()?;
    let what = match file {
        Some(path) => {
            write(args, app, path, &fresh.content)?;
            format!("written to {}: an access token", path.display())
        }
        None => "an access token".to_owned(),
    };
    ui::note(&format!("{what} of {}, {}", source.account(), describe(fresh.expires)));
    source.tell_readers();
    Ok(if file.is_none() { Output::bytes(fresh.content.to_vec()) } else { Output::none() })
}

/// Where the files come from.
pub(super) struct Source {
    app: App,
    name: ProfileName,
    limits: Limits,
    tokens: ProgramTokens,
    /// The profile when the last token was issued.
    profile: Profile,
}

/// A file with a token that has nearly all of its time left.
pub(super) struct Fresh {
    pub(super) content: SecretBytes,
    pub(super) expires: Time,
    pub(super) issued_for: IssuedFor,
}

impl Source {
    pub(super) fn new(args: &Export, app: &App) -> Result<Source> {
        let limits = Limits::new(&args.scopes, args.acting_as.clone())?;
        let (name, profile) = app.profile()?;
        if let Some(more) = Inside::exceeded_by("what reads this", &limits, &app.paths, (&name, &profile)) {
            ui::note(&more);
        }
        let tokens = ProgramTokens::new(app.clone(), name.clone(), &profile, limits.clone())?;
        Ok(Source { app: app.clone(), name, limits, tokens, profile })
    }

    /// The next file.
    pub(super) fn renew(&mut self) -> Result<Fresh> {
        let token = self.tokens.lasting(LASTING)?;
        // the first answer may have said who it is
        (_, self.profile) = self.app.profile_named(self.name.clone())?;
        self.tokens.check_person(&self.profile)?;
        let issued_for = self.issued_for();
        let file = TokenOnlyFile {
            issued_for: &issued_for,
            token: &token.token,
            expires: token.expires,
            quota_project: self.profile.quota_project.as_deref(),
        };
        Ok(Fresh { content: file.to_json(), expires: token.expires, issued_for })
    }

    /// Which tokens the files are for.
    pub(super) fn issued_for(&self) -> IssuedFor {
        self.limits.issued_for(&self.name, &self.profile)
    }

    /// The profile when the last token was issued.
    pub(super) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Whether the tokens that were issued before are likely to have ended by something that was done here.
    pub(super) fn has_changed(&self) -> bool {
        match self.app.known_profile(&self.name) {
            // the old credential is revoked, and a new one is on its way
            Ok(Some(now)) if now.rotation.is_some() => false,
            Ok(Some(now)) => {
                now.signed_in != self.profile.signed_in
                    || matches!(now.state(), CredentialState::Revoked { .. })
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// Whether the user is just signing in again, which a rotation asks for.
    pub(super) fn is_being_rotated(&self) -> bool {
        matches!(self.app.known_profile(&self.name), Ok(Some(now)) if now.rotation.is_some())
    }

    /// Whether the credential is known to be revoked or to need a new sign-in: then the tokens that were issued before
    /// have ended, too.
    pub(super) fn has_ended(&self) -> bool {
        match self.app.known_profile(&self.name) {
            Ok(Some(now)) => now.state().needs_sign_in(),
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// The error where the profile is another account's now. `again`: what renews with tokens of that.
    pub(super) fn another_account(&self, again: &str) -> Option<Error> {
        let now = self.app.known_profile(&self.name).ok()??;
        let is_same = self.tokens.check_person(&now).is_ok();
        let (name, now) = (&self.name, now.who());
        let what = format!("profile {name} is of {now} now, and the access token was of {}", self.account());
        (!is_same).then(|| Error::new(Kind::Refused, what).hint(format!("`{again}` goes on as {now}")))
    }

    /// `bqcred export` of this profile, as it is typed.
    pub(super) fn export(&self) -> String {
        self.app.command("export", &self.name)
    }

    /// For whom the file is: other libraries refresh the token at once, which it is not for.
    pub(super) fn tell_readers(&self) {
        let own = self.limits.clone();
        let limits =
            Inside::here().map_or(own.clone(), |here| here.kept_to(&self.app.paths, &self.name, own));
        let options: Vec<String> = limits.to_options().iter().map(|word| in_shell(word)).collect();
        let exec = format!("{} {}", self.app.command("exec", &self.name), options.join(" "));
        let whole = ready::describe_whole(&self.profile, &limits, &self.export());
        let whole = whole.map_or(String::new(), |whole| format!(", or {whole}"));
        ui::tell(&format!(
            "  Python's libraries read it; for R, Node, Go and Java: `{exec} -- PROGRAM` (a container on the host's \
             network){whole}\n"
        ));
    }

    /// Whose tokens they are, for people.
    pub(super) fn account(&self) -> String {
        self.tokens.account().to_owned()
    }
}

/// Until when a token can be used.
pub(super) fn describe(expires: Time) -> String {
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
