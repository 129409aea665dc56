//! `bqcred rotate`: the old credential is revoked, then the same person signs in anew, in place.
//!
//! In that order: Google ends a grant as a whole, so a new credential would die with the old one. From
//! the revocation until the new credential is kept, the profile says that it has ended and why, and
//! `bqcred login` mends it; the old file stays where it is, so that libraries fail instead of falling
//! through to another identity.

use std::time::Duration;

use crate::app::{App, Loaded};
use crate::cli::Rotate;
use crate::credential::profile_name::ProfileName;
use crate::lifecycle::dependents::{self, Dependents};
use crate::lifecycle::grant;
use crate::lifecycle::rotation::{self, Manner, Way};
use crate::login::{self, Plan, terminal as terminal_login, two_step};
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
use crate::store::Store;
use crate::system::terminal;

/// What has become of the old credential.
enum Old {
    Revoked,
    HadEnded,
    Alive,
}

pub(crate) fn run(args: &Rotate, app: &App) -> Result<Output> {
    let (name, _) = app.profile()?;
    let _claim = grant::claim(app, &name)?;
    if let Some(answer) = &args.finish {
        return finish(app, &name, answer);
    }
    rotation::refuse_waiting(app, &name)?;
    let mut loaded = app.load()?;
    let manner = manner(args, app)?;
    let account = rotation::account(app, &mut loaded)?;
    let mut way = rotation::way(app, &loaded, account, &manner)?;
    Store::of(loaded.profile.store, &app.paths).probe(&name)?;
    let dependents = dependents::of(app, &loaded);
    let had_ended = loaded.profile.ended.is_some();
    let revokes = !args.keep_old && !had_ended;
    if revokes {
        grant::check_revocable(&loaded)
            .map_err(|error| error.hint("`bqcred rotate --keep-old` only signs in anew"))?;
        tell_what_ends(&loaded, &dependents);
        let along = agree(args, app, &loaded, &dependents)?;
        rotation::end(app, &loaded, &dependents, &along)?;
        way.bring_along(along);
    } else if had_ended {
        // what was allowed since then is another grant, and not this profile's to revoke
        ui::note(&format!(
            "the old credential of profile {name} has ended already; a sign-in is all it takes"
        ));
    }
    let told = |error| {
        if !revokes {
            error
        } else {
            rotation::without_new(app, &name, loaded.profile.account.as_deref(), &error)
        }
    };
    let kept = match way {
        Way::Own(plan) if manner.starts_only => {
            return start(args, app, &plan, manner.port, revokes).map_err(told);
        }
        Way::Own(plan) => {
            let (port, browser, timeout) = (manner.port, manner.browser, manner.timeout);
            terminal_login::run(app, &plan, &terminal_login::Manner { port, browser, timeout })
        }
        Way::Gcloud(login) => login.run(app),
    };
    kept.map_err(told)?;
    rotation::prove(app, &name)?;
    let old = match (revokes, had_ended) {
        (true, _) => Old::Revoked,
        (false, true) => Old::HadEnded,
        (false, false) => Old::Alive,
    };
    tell_done(&name, &dependents, old);
    Ok(Output::none())
}

/// Completes what `--start` began.
fn finish(app: &App, name: &ProfileName, answer: &str) -> Result<Output> {
    let (_, profile) = app.profile()?;
    two_step::finish(app, name, &two_step::pasted(answer)?).map_err(|error| match profile.ended {
        Some(_) => rotation::without_new(app, name, profile.account.as_deref(), &error),
        None => error,
    })?;
    let loaded = rotation::prove(app, name)?;
    let old = if profile.ended.is_some() { Old::Revoked } else { Old::Alive };
    tell_done(name, &dependents::of(app, &loaded), old);
    Ok(Output::none())
}

fn manner(args: &Rotate, app: &App) -> Result<Manner> {
    Ok(Manner {
        port: login::wanted_port(args.port, app)?,
        starts_only: args.start || app.in_notebook() || !terminal::is_interactive(),
        needs_own: args.start || args.port.is_some(),
        browser: !args.no_browser,
        timeout: Duration::from_secs(args.timeout),
    })
}

fn tell_what_ends(loaded: &Loaded, dependents: &Dependents) {
    let (name, who) = (&loaded.name, loaded.profile.account_or_unknown());
    ui::tell(&format!(
        "Rotating revokes everything that {who} allowed to this OAuth client's project, on every machine,\n\
         and then you sign in anew:\n  profile {name} ({who})\n"
    ));
    for line in dependents.lines() {
        ui::tell(&format!("  {line}\n"));
    }
}

/// Asks whether to go on, and which of the profiles that share the grant get the new credential: those of
/// the same account and client can.
fn agree(args: &Rotate, app: &App, loaded: &Loaded, dependents: &Dependents) -> Result<Vec<ProfileName>> {
    let client = Some(&loaded.credential.client_id);
    let able = dependents.siblings.iter().filter(|(_, profile)| profile.client_id.as_ref() == client);
    let able: Vec<ProfileName> = able.map(|(name, _)| name.clone()).collect();
    if args.yes {
        return Ok(able);
    }
    if app.in_notebook() || !terminal::is_interactive() {
        return Err(Error::usage(
            "a revocation can't be undone, and nobody can be asked here; nothing was changed",
        )
        .hint(format!("`{} --yes`", app.command("rotate", &loaded.name))));
    }
    if !terminal::confirm("Revoke, and sign in anew?")? {
        return Err(Error::other("nothing was revoked, nothing was changed"));
    }
    let mut along = Vec::new();
    for name in able {
        if terminal::confirm(&format!("Give profile {name} the new credential as well?"))? {
            along.push(name);
        }
    }
    Ok(along)
}

fn start(args: &Rotate, app: &App, plan: &Plan, port: u16, revoked: bool) -> Result<Output> {
    let url = two_step::start(app, plan, two_step::port(port)?)?;
    if revoked {
        ui::note("the old credential is revoked; the new one comes with the sign-in");
    }
    if args.start {
        ui::note(&format!("then: `bqcred rotate --profile {} --finish -`", plan.name));
    } else {
        two_step::explain(app, &plan.name, "rotate");
    }
    Ok(Output::text(format!("{url}\n")))
}

fn tell_done(name: &ProfileName, dependents: &Dependents, old: Old) {
    let words = match old {
        Old::Revoked => "the old one is revoked",
        Old::HadEnded => "the old one had ended before",
        Old::Alive => "the old one stays alive until it is revoked",
    };
    ui::note(&format!("profile {name} has a new credential, in the same place; {words}"));
    if matches!(old, Old::Alive) || dependents.processes.is_empty() {
        return;
    }
    ui::note("these were started with the old credential and keep it in memory:");
    for process in &dependents.processes {
        ui::tell(&format!("  {}\n", process.words()));
    }
    ui::tell("Restart them. In a kernel, what `bqcred kernel snippet` prints does it too.\n");
}
