//! `bqcred rotate`: the old credential is revoked, then the same user signs in again, in place.
//!
//! In that order: Google revokes a grant as a whole, so a new credential would be revoked with the old one. From
//! the revocation until the new credential is saved, the profile's state says so, and `bqcred login` completes it
//! as well; the old file stays where it is, so that libraries fail instead of falling back to another identity.

use std::time::Duration;

use crate::app::{App, Loaded};
use crate::cli::Rotate;
use crate::commands::cell;
use crate::credential::profile_name::ProfileName;
use crate::credential::waiting::StartedBy;
use crate::lifecycle::dependents::{self, Dependents};
use crate::lifecycle::grant;
use crate::lifecycle::refresh;
use crate::lifecycle::revocation::Revocation;
use crate::lifecycle::rotation::{self, OldRevoked};
use crate::lifecycle::save;
use crate::login::two_step;
use crate::login::{self, Flow, LoginOptions, Progress};
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::output::ui::{self, Output};
use crate::system::{own_program, stdout, terminal};

pub(crate) fn run(args: &Rotate, app: &App) -> Result<Output> {
    let (name, profile) = app.profile()?;
    let _claim = grant::claim(app, &name)?;
    if let Some(answer) = &args.finish {
        let finish = || finish(app, &name, answer);
        return args.cell.map_or_else(finish, |language| Ok(cell::run(language, app, &name, finish)));
    }
    let program = own_program::word()?;
    rotation::refuse_second(app, &name, &profile)?;
    let mut loaded = app.load_for_server()?;
    let options = options(args, app)?;
    if options.start_only {
        stdout::refuse_closed()?; // the address goes there, once the old credential is revoked
    }
    let answer = refresh::refresh(app, &mut loaded);
    ui::show(answer.notes);
    let heard = Revocation::heard(&answer.result);
    let account = rotation::account(app, &mut loaded, answer.result)?;
    let mut rotation = rotation::prepare(app, &loaded, account, &options, args.port.is_some())?;
    ui::show(std::mem::take(&mut rotation.notes));
    // a gcloud that doesn't start is known now, when nothing is revoked yet
    let ready = login::prepare(app, &rotation.request, &rotation.flow, &options)?;
    let dependents = dependents::of(app, &loaded);
    let old = end_old(args, app, &loaded, &dependents, heard)?;
    ui::show(old.notes);
    rotation.request.siblings = Some(old.siblings);
    let old = old.left;
    let explain = |error| rotation::explain(app, &name, loaded.profile.account.as_deref(), old, error);
    let progress =
        login::sign_in(app, &rotation.request, &rotation.flow, &options, ready).map_err(explain)?;
    let signed_in = match progress {
        Progress::Started { url, notes } => {
            ui::show(notes);
            return Ok(started(app, args, &name, &url, &rotation.flow, old, &program));
        }
        Progress::SignedIn(signed_in) => signed_in,
    };
    ui::show(save::save_sign_in(app, &name, *signed_in).map_err(explain)?.notes);
    let loaded = prove(app)?;
    tell_done(app, &loaded, &dependents.processes, old);
    Ok(Output::none())
}

/// What becomes of the old credential, of which the server has just been asked: `heard`.
fn end_old(
    args: &Rotate,
    app: &App,
    loaded: &Loaded,
    dependents: &Dependents,
    heard: Revocation,
) -> Result<OldRevoked> {
    let name = &loaded.name;
    if heard.is_over() {
        // what was allowed since then is another grant, and not this profile's to revoke
        let left = Some(Revocation::recorded(&loaded.profile)).filter(|left| left.is_over()).unwrap_or(heard);
        ui::note(&format!(
            "the old credential of profile {name} {}; all that is left is a new sign-in",
            left.describe()
        ));
        let siblings = rotation::waiting_siblings(app, name, dependents);
        return Ok(OldRevoked { left, siblings, notes: Notes::none() });
    }
    if args.keep_old {
        return Ok(OldRevoked { left: heard, siblings: Vec::new(), notes: Notes::none() });
    }
    grant::check_revocable(loaded, heard)
        .map_err(|error| error.hint("`bqcred rotate --keep-old` only signs in again"))?;
    tell_what_stops(loaded, dependents);
    let siblings = confirm(args, app, loaded, dependents)?;
    rotation::revoke_old(app, loaded, dependents, siblings, heard)
}

/// Completes what `--start` began.
fn finish(app: &App, name: &ProfileName, answer: &str) -> Result<Output> {
    let (_, profile) = app.profile()?;
    // what is known of another credential than the stored one says nothing of this one
    let profile = app.load_credential(name.clone(), profile.clone()).map_or(profile, |loaded| loaded.profile);
    let old = Revocation::recorded(&profile);
    let explain = |error| rotation::explain(app, name, profile.account.as_deref(), old, error);
    let answer = two_step::read_answer(answer)?;
    let signed_in = two_step::finish(app, name, &answer, StartedBy::Rotate).map_err(explain)?;
    ui::show(save::save_sign_in(app, name, signed_in).map_err(explain)?.notes);
    let loaded = prove(app)?;
    tell_done(app, &loaded, &dependents::processes(app, &loaded), old);
    Ok(Output::none())
}

fn options(args: &Rotate, app: &App) -> Result<LoginOptions> {
    Ok(LoginOptions {
        port: login::port(args.port, app)?,
        browser: !args.no_browser,
        timeout: Duration::from_secs(args.timeout),
        start_only: args.start || !terminal::can_ask(),
    })
}

fn tell_what_stops(loaded: &Loaded, dependents: &Dependents) {
    let (name, profile) = (&loaded.name, &loaded.profile);
    ui::tell(&format!(
        "Rotating revokes everything that {} allowed to this OAuth client's project, on every machine,\n\
         and then you sign in again:\n  profile {name} ({})\n",
        profile.account_or_unknown(),
        profile.who()
    ));
    for line in dependents.lines() {
        ui::tell(&format!("  {line}\n"));
    }
}

/// Asks whether to go on, and which of the profiles that share the grant get the new credential: those of
/// the same account and client can.
fn confirm(args: &Rotate, app: &App, loaded: &Loaded, dependents: &Dependents) -> Result<Vec<ProfileName>> {
    let client = Some(&loaded.credential.client_id);
    let able = dependents.siblings.iter().filter(|(_, profile)| profile.client_id.as_ref() == client);
    let able: Vec<ProfileName> = able.map(|(name, _)| name.clone()).collect();
    if args.yes {
        return Ok(able);
    }
    if !terminal::can_ask() {
        return Err(Error::usage("a revocation can't be undone, and bqcred can't ask for confirmation here")
            .unchanged()
            .hint(format!("`{} --yes`", app.command("rotate", &loaded.name))));
    }
    if !terminal::confirm("Revoke, and sign in again?")? {
        return Err(Error::other("nothing was revoked").unchanged());
    }
    if !able.is_empty() {
        ui::tell(
            "The profiles that share the grant are revoked with it. Each can get the new credential, too; with no, it \
             stays revoked until you sign in to it.\n",
        );
    }
    let mut siblings = Vec::new();
    for name in able {
        if terminal::confirm(&format!("Give profile {name} the new credential as well?"))? {
            siblings.push(name);
        }
    }
    Ok(siblings)
}

fn started(
    app: &App,
    args: &Rotate,
    name: &ProfileName,
    url: &str,
    flow: &Flow,
    old: Revocation,
    program: &str,
) -> Output {
    if old == Revocation::Done {
        ui::note(&format!("the old credential {}; the sign-in brings the new one", old.describe()));
    }
    if args.start {
        ui::note(&format!("then: `bqcred rotate --profile {name} --finish -`"));
    } else if terminal::in_notebook() {
        return Output::text(two_step::instructions_in_notebook(app, program, name, "rotate", flow, url));
    } else {
        ui::tell(&two_step::instructions(app, program, name, "rotate", flow));
    }
    Output::text(format!("{url}\n"))
}

/// Tries the new credential.
fn prove(app: &App) -> Result<Loaded> {
    let mut loaded = app.load_for_server()?;
    let answer = refresh::refresh(app, &mut loaded);
    ui::show(answer.notes);
    rotation::prove_new(app, &loaded, answer.result)?;
    Ok(loaded)
}

/// `processes` are those that use the profile.
fn tell_done(app: &App, loaded: &Loaded, processes: &[String], old: Revocation) {
    let (name, who) = (&loaded.name, loaded.profile.who());
    let kept = if old.is_over() { "" } else { "was not revoked, and " };
    ui::note(&format!(
        "profile {name} ({who}) has a new credential, in the same place; the old one {kept}{}",
        old.describe()
    ));
    let (served, refused) = dependents::token_only_now(app, loaded);
    tell_programs(
        "these get access tokens of the new credential from their next request on, without a restart:",
        &served,
    );
    tell_programs("these get no access token of the new credential:", &refused);
    if !old.is_over() || processes.is_empty() {
        return;
    }
    tell_programs("these were started with the old credential and keep it in memory:", processes);
    ui::tell("Restart them. In a kernel, running what `bqcred snippet python` prints does it, too.\n");
}

/// `what`, and the programs, a line each; nothing if there are none.
fn tell_programs(what: &str, programs: &[String]) {
    if !programs.is_empty() {
        ui::note(what);
        programs.iter().for_each(|program| ui::tell(&format!("  {program}\n")));
    }
}
