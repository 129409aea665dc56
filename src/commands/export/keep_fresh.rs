//! `bqcred export --token-only --keep-fresh`: renews an exported access token until it is stopped.
//!
//! What was delivered never just stops being renewed, except if the process is killed: it is replaced by a file that
//! names the reason. Then the token in it ends by itself, within an hour.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::token_only::{Fresh, Source, describe};
use super::{is_descriptor, is_stdout};
use crate::app::App;
use crate::cli::Export;
use crate::handover::delivery::{Delivery, Failure, RenewedFile, renewing};
use crate::handover::stub;
use crate::output::error::{Error, Kind, Result};
use crate::output::ui::{self, Output};
use crate::system::clock::Time;
use crate::system::interrupt::{self, Request};

/// In seconds before a token expires.
const EARLY: u64 = 600;
/// In seconds, between two renewals at least: for a server whose tokens are valid for little more than [`EARLY`].
const LEAST: u64 = 5;
/// In seconds, between the first attempts and at most; each pause is twice as long as the one before.
const PAUSES: (u64, u64) = (5, 60);
/// How often to look at the clock and at the profile. A machine that was suspended, and a new sign-in, are noticed
/// after this.
const TICK: Duration = Duration::from_secs(15);

pub(super) fn run(args: &Export, app: &App) -> Result<Output> {
    check_place(args)?;
    // a mistake in the command line changes nothing: no file is taken over before this
    let source = Source::new(args, app)?;
    let issued_for = source.issued_for();
    let file = args.file.as_deref();
    let claim = |path| RenewedFile::claim(path, (&issued_for, source.profile()), args.force, app);
    let delivery = Arc::new(Delivery::to(file.map(claim).transpose()?, args.program.clone()));
    let (ending, again) = (Arc::clone(&delivery), again(&source.export(), &source, &delivery));
    let _heeded = interrupt::heed(move |request| {
        if request == Request::Stop {
            end(&ending, &format!("it was stopped (start `{again}` again)"), false);
        }
        false
    });
    let mut renewal = Renewal { source, delivery: &delivery, pending: None };
    let failure = renewal.run();
    let failure = renewal.with_way_on(failure);
    // a token that an earlier process left ends with its credential, and by nothing else that fails at the start
    end(&delivery, &stub::in_words(&failure.error), renewal.source.has_ended());
    ui::fail(&failure.error);
    Ok(Output::none().with_code(failure.code))
}

/// A file, a program or both have to be named.
fn check_place(args: &Export) -> Result<()> {
    let refuse = |what: &str, hint: &str| Err(Error::usage(what).hint(hint));
    let no_file = "--keep-fresh writes a file again and again, and stdout is none";
    let hint = "name a FILE, or a program that gets each new file on stdin: `-- PROGRAM`";
    match args.file.as_deref() {
        Some(path) if is_stdout(path) || is_descriptor(path) => match args.program.is_empty() {
            true => refuse(no_file, hint),
            false => {
                let shown = path.display();
                refuse(no_file, &format!("leave out `{shown}`: the program gets each new file on stdin"))
            }
        },
        None if args.program.is_empty() => refuse("no file given", hint),
        _ => Ok(()),
    }
}

/// The command that starts this again. `export`: `bqcred export`, perhaps with options.
fn again(export: &str, source: &Source, delivery: &Delivery) -> String {
    let file = delivery.file().map(RenewedFile::path);
    let program = if delivery.has_program() { " -- PROGRAM" } else { "" };
    format!("{}{program}", renewing(export, &source.issued_for(), file))
}

/// Whether Google or bqcred itself refuses, so that trying again is of no use.
fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), Kind::Refused | Kind::Missing | Kind::Usage)
}

/// Puts the reason in place of the token, wherever it was delivered.
fn end(delivery: &Delivery, why: &str, of_earlier: bool) {
    for failure in delivery.end(&format!("the renewing of this access token has stopped: {why}"), of_earlier)
    {
        match failure.is_final {
            true => ui::note(&failure.error.to_string()), // it is somebody else's file
            false => ui::note(&format!("{}; what is there ends by itself", failure.error)),
        }
    }
}

struct Renewal<'d> {
    source: Source,
    delivery: &'d Delivery,
    /// A token that could not be delivered yet.
    pending: Option<Fresh>,
}

impl Renewal<'_> {
    /// Renews until that can't succeed any more.
    fn run(&mut self) -> Failure {
        let mut until = match self.renew() {
            Ok(expires) => expires,
            Err(failure) => return failure,
        };
        self.tell_start(until);
        let (mut told, mut attempts) = (None::<String>, 0);
        let mut pause = before_renewal(until.since(Time::now()));
        loop {
            self.wait(pause);
            match self.renew() {
                Ok(expires) => {
                    if told.take().is_some() {
                        ui::note(&format!("renewed again, {}", describe(expires)));
                    }
                    (until, attempts) = (expires, 0);
                    pause = before_renewal(until.since(Time::now()));
                }
                Err(failure) => {
                    let left = until.since(Time::now());
                    let is_refused = is_refusal(&failure.error) && !self.source.is_being_rotated();
                    if left == 0 || failure.is_final || is_refused {
                        return as_refusal(failure);
                    }
                    let what = failure.error.to_string();
                    if told.as_ref() != Some(&what) {
                        let at = until.local(Time::now());
                        ui::note(&format!("{what}; trying again until the token expires, at {at}"));
                        told = Some(what);
                    }
                    pause = before_retry(left, attempts);
                    attempts += 1;
                }
            }
        }
    }

    /// Delivers a new token, or the one that could not be delivered before. Returns when it expires.
    fn renew(&mut self) -> Result<Time, Failure> {
        self.delivery.check()?;
        let is_good = |fresh: &Fresh| fresh.expires.since(Time::now()) > EARLY;
        let fresh = match self.pending.take().filter(is_good).filter(|_| !self.source.has_changed()) {
            Some(fresh) => fresh,
            None => self.source.renew()?,
        };
        match self.delivery.deliver(&fresh.content, &fresh.issued_for) {
            Ok(()) => Ok(fresh.expires),
            Err(failure) => {
                self.pending = Some(fresh);
                Err(failure)
            }
        }
    }

    /// Waits this many seconds, by the clock or, if that was set back, by the time that this process has run; less if
    /// something has changed here.
    fn wait(&self, seconds: u64) {
        let (began, end) = (Instant::now(), Time::now().plus(seconds));
        loop {
            let left = Duration::from_secs(end.since(Time::now()).min(seconds))
                .min(Duration::from_secs(seconds).saturating_sub(began.elapsed()));
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(TICK));
            if self.source.has_changed() && self.pending.is_none() || self.delivery.check().is_err() {
                return;
            }
        }
    }

    /// A profile that became another account's renews this as that only if it is asked to.
    fn with_way_on(&self, failure: Failure) -> Failure {
        let force = if self.delivery.file().is_some() { " --force" } else { "" };
        let again = again(&format!("{}{force}", self.source.export()), &self.source, self.delivery);
        let another = self.source.another_account(&again).filter(|_| is_refusal(&failure.error));
        match another {
            Some(error) => Failure { error, ..failure },
            None => failure,
        }
    }

    fn tell_start(&self, expires: Time) {
        let (place, account) = (self.delivery.describe(), self.source.account());
        ui::note(&format!("{place}: an access token of {account}, renewed until this is stopped"));
        ui::tell(&format!("  now {}\n", describe(expires)));
        self.source.tell_readers();
        if let Some(mode) = self.delivery.file().and_then(RenewedFile::open_to_all) {
            ui::note(&format!(
                "every user of this machine can use the token: the file keeps its mode {mode:04o}"
            ));
        }
    }
}

/// A profile that was there before is gone because somebody revoked it.
fn as_refusal(failure: Failure) -> Failure {
    match failure.error.kind() {
        Kind::Missing => {
            let error = Error::new(Kind::Refused, "this profile was revoked or removed meanwhile");
            error.hint(failure.error.hint_text().unwrap_or("`bqcred login`")).into()
        }
        _ => failure,
    }
}

/// How many seconds after a token was issued that is valid for `lifetime` seconds it is renewed.
fn before_renewal(lifetime: u64) -> u64 {
    match lifetime.checked_sub(EARLY) {
        Some(0) | None => (lifetime * 2 / 3).max(1),
        Some(seconds) => seconds.max(LEAST),
    }
}

/// How many seconds to wait after so many failures before, while the token is valid for `left` more seconds.
fn before_retry(left: u64, attempts: u32) -> u64 {
    let (first, longest) = PAUSES;
    first.saturating_mul(2_u64.saturating_pow(attempts)).min(longest).min((left / 8).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_ten_minutes_before_its_end() {
        for (lifetime, seconds) in
            [(3_599, 2_999), (1_200, 600), (605, 5), (601, 5), (600, 400), (30, 20), (1, 1)]
        {
            assert_eq!(before_renewal(lifetime), seconds, "{lifetime}");
        }
    }

    #[test]
    fn retries_are_dense_at_first_and_at_the_end_and_never_a_storm() {
        for (left, attempts, seconds) in
            [(600, 0, 5), (595, 1, 10), (500, 9, 60), (400, 99, 50), (80, 3, 10), (9, 0, 1), (0, 5, 1)]
        {
            assert_eq!(before_retry(left, attempts), seconds, "{left} {attempts}");
        }
    }
}
