//! `bqcred status`: who am I, is the credential valid, where is it kept, what will end it.

mod render;

use crate::app::{App, Loaded};
use crate::cli::Status;
use crate::commands::leftovers;
use crate::credential::forecast::{self, ExpiryReason};
use crate::credential::profile::StoreKind;
use crate::handover::broker::inside::Inside;
use crate::handover::broker::running::{self, TokenOnlyProgram};
use crate::lifecycle::{change, program_tokens, refresh, unfinished};
use crate::login::two_step;
use crate::oauth::{Failure, Google};
use crate::output::error::{Error, Kind, Result};
use crate::output::ui::{self, Output};
use crate::system::clock::{Time, span};

/// What is known about the credential at this moment.
struct Report {
    loaded: Loaded,
    check: Check,
    /// How far Google's clock is ahead, in seconds.
    clock_offset: Option<i64>,
    /// When a sign-in was started that waits for its answer.
    login_started: Option<Time>,
    /// Running programs that get access tokens by it.
    token_only: Vec<TokenOnlyProgram>,
    now: Time,
}

/// What Google said to the credential.
enum Check {
    /// It gave an access token.
    Valid,
    /// It refused; why.
    Refused(Error),
    /// It could not be asked; why.
    Unreachable(Error),
    /// `--offline`.
    NotAsked,
}

pub(crate) fn run(args: &Status, app: &App) -> Result<Output> {
    let (name, profile) = app.stored_profile(app.profile_name()?)?;
    if let Some(ended) = Inside::ended() {
        ui::note(&format!("{}: {}", ended.describe_end(), ended.start_again()));
    }
    if profile.store == StoreKind::Keyring {
        leftovers::report_without_id(&name);
    }
    ui::show(unfinished::resolve(app, &name)?);
    let loaded = app.load_for_server()?;
    two_step::sweep(app);
    let login_started = app.waiting(&loaded.name, None).map(|waiting| waiting.since);
    let mut report = Report {
        token_only: running::of_profile(&app.paths, &loaded.name),
        loaded,
        check: Check::NotAsked,
        clock_offset: None,
        login_started,
        now: Time::now(),
    };
    if !args.offline {
        report.ask(app);
    }
    let problem = report.problem(args.valid_for, app);
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

impl Report {
    /// Asks the server for an access token, and about it where the answer did not say everything.
    fn ask(&mut self, app: &App) {
        let loaded = &mut self.loaded;
        let answer = refresh::refresh(app, loaded);
        ui::show(answer.notes);
        let fresh = match answer.result {
            Ok(fresh) => fresh,
            Err(failure) => {
                let is_refusal = matches!(failure, Failure::Refused(_));
                let error = refresh::to_error(app, loaded, failure);
                self.check = if is_refusal { Check::Refused(error) } else { Check::Unreachable(error) };
                return;
            }
        };
        self.check = match program_tokens::of_service_account(app, loaded) {
            Some(Err(error)) if error.kind() == Kind::Refused => Check::Refused(error),
            Some(Err(error)) => Check::Unreachable(error),
            Some(Ok(_)) | None => Check::Valid,
        };
        self.clock_offset = fresh.clock_offset;
        if loaded.profile.scopes.is_empty() || loaded.profile.account.is_none() {
            // more would be good to know, but the credential is valid either way
            if let Ok(Some(identity)) = Google::at(&loaded.endpoints()).identify(&fresh.access_token) {
                loaded.profile.account_confirmed |= identity.email.is_some();
                loaded.profile.account = identity.email.or(loaded.profile.account.take());
                if let Some(scopes) = identity.scopes {
                    loaded.profile.scopes = scopes;
                }
                match change::save_identity(app, loaded) {
                    Ok(notes) => ui::show(notes),
                    Err(error) => ui::note(&format!("the account could not be saved: {error}")),
                }
            }
        }
    }

    /// Why the exit code is not 0, if it isn't. `needed` is how long the credential has to stay valid, in seconds.
    fn problem(&self, needed: Option<u64>, app: &App) -> Option<Error> {
        self.validity_problem(app).or_else(|| self.duration_problem(needed?, app))
    }

    fn validity_problem(&self, app: &App) -> Option<Error> {
        if let Check::Refused(error) | Check::Unreachable(error) = &self.check {
            return Some(error.clone());
        }
        let reason = self.loaded.profile.sign_in_reason()?;
        let sign_in = app.sign_in_command(&self.loaded.name, Some(&self.loaded.profile));
        Some(Error::new(Kind::Refused, format!("this credential {reason}")).hint(format!("`{sign_in}`")))
    }

    fn duration_problem(&self, needed: u64, app: &App) -> Option<Error> {
        let expiry = forecast::expiries(&self.loaded.profile).into_iter().next()?;
        if expiry.at.since(self.now) >= needed {
            return None;
        }
        let what = format!(
            "this credential may not stay valid for {}: it expires {}",
            span(needed),
            expiry.describe(self.now)
        );
        Some(Error::new(Kind::Refused, what).hint(match expiry.why {
            ExpiryReason::Unused => "use it in between: `bqcred token` does".to_owned(),
            _ => format!("`{}` now starts its time again", app.login_command(&self.loaded.name)),
        }))
    }
}
