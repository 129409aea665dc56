//! `bqcred exec`: runs a program with the credential, and leaves nothing on disk.

mod token_only;

use std::path::Path;
use std::process::Command;

use crate::app::App;
use crate::cli::{Exec, StartUnder};
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::inside::Inside;
use crate::handover::broker::limits::Limits;
use crate::handover::detached::{self, Detached, DetachedKind};
use crate::handover::variables::{self, VariableSet};
use crate::handover::{self, ready, stub, supervised};
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
use crate::system::env;

pub(crate) fn run(args: &Exec, app: &App) -> Result<Output> {
    let Some((name, arguments)) = args.program.split_first() else {
        return Err(Error::usage("no program given").hint("`bqcred exec -- jupyter lab`"));
    };
    if let Some(detached) = detached::find(&args.program) {
        ui::note(&describe(args, app, &detached));
    }
    if args.token_only {
        return token_only::run(args, app);
    }
    let mut program = Command::new(name);
    program.args(arguments);
    let loaded = match app.load() {
        Ok(loaded) => loaded,
        Err(error) if args.always_start => return start_without(args, app, program, &error),
        Err(error) => return Err(error),
    };
    note_nesting(&loaded.name);
    if let Some(inside) = Inside::here() {
        ui::note(&inside.widened_by("what it starts"));
    }
    if let Some(problem) = app.problem(&loaded.name, &loaded.profile) {
        ui::note(&problem);
    }
    // a kernel's own log is not read, and `kernel install` has said it
    if let Some(about_r) =
        ready::describe_r_of(app, &loaded.name, &loaded.profile).filter(|_| !args.always_start)
    {
        ui::note(&about_r);
    }
    let credential = loaded.credential.to_adc_json();
    if args.file || cfg!(not(target_os = "linux")) {
        let file = supervised::file(&app.paths, &credential)?;
        prepare(args, app, &mut program, &loaded.name, &loaded.profile, &file.path());
        // this process stays until the program ends, and needs the secret no more
        drop((credential, loaded));
        return supervised::run(&mut program, || file.remove()).map(|code| Output::none().with_code(code));
    }
    #[cfg(target_os = "linux")]
    {
        let memory = handover::memory::InMemory::new(&credential)?;
        prepare(args, app, &mut program, &loaded.name, &loaded.profile, &memory.path());
        Err(memory.become_program(&mut program))
    }
    #[cfg(not(target_os = "linux"))]
    Ok(Output::none())
}

/// Sets the variables that `env` prints, guard included, and removes what an earlier profile set.
fn prepare(args: &Exec, app: &App, program: &mut Command, name: &ProfileName, profile: &Profile, adc: &Path) {
    let changes = variables::set(name, profile, adc, VariableSet { guard: true, gcloud: args.gcloud });
    handover::apply(&variables::replace(&app.paths, name, changes), program);
}

/// Starts the program with a file in place of the credential that names the reason.
fn start_without(args: &Exec, app: &App, mut program: Command, why: &Error) -> Result<Output> {
    ui::fail(why);
    let named = app.profile_name();
    let name = named.clone().unwrap_or_default();
    // nothing of another profile's, if the name can't be one
    let known = named.is_ok().then(|| app.known_profile(&name).ok().flatten());
    let profile = known.flatten().unwrap_or_default();
    let stub = stub::write(&app.paths, why);
    ui::note("starting the program without a credential");
    prepare(args, app, &mut program, &name, &profile, &stub);
    if named.is_err() {
        // the name of a profile that doesn't exist must not reach the program
        program.env_remove(variables::PROFILE);
    }
    Err(handover::become_program(&mut program))
}

/// The options of this `exec --token-only` as they were given, for a command that gets no more.
fn limit_options(args: &Exec) -> Vec<String> {
    let limits = Limits::new(&args.scopes, args.acting_as.clone()).unwrap_or_default();
    limits.to_options()
}

/// What becomes of a credential that ends with `exec`, and what works instead: with no more than this `exec` gives.
fn describe(args: &Exec, app: &App, detached: &Detached) -> String {
    let name = &detached.name;
    let command = |command: &str, options: &[String]| {
        let words: Vec<&str> = std::iter::once(command).chain(options.iter().map(String::as_str)).collect();
        let command = words.join(" ");
        app.profile_name().map_or_else(|_| format!("bqcred {command}"), |name| app.command(&command, &name))
    };
    let options = if args.token_only { limit_options(args) } else { Vec::new() };
    let exec = format!("{} -- PROGRAM", command("exec", &options));
    match detached.kind {
        DetachedKind::Queue => format!(
            "{name} runs its job later, and the credential ends with this command: let the job itself run `{exec}`"
        ),
        DetachedKind::Cluster => format!(
            "{name} leaves processes running that lose the credential when this command ends: {}",
            match args.token_only {
                true => "`bqcred export --help` shows how they get files of access tokens".to_owned(),
                false => format!("start {name} after `eval $(bqcred env)` instead"),
            }
        ),
        DetachedKind::Container => format!(
            "{name} starts a container that does not see this credential and goes on after this command: {}",
            match args.token_only {
                true => {
                    let snippet = command("snippet docker", options.get(1..).unwrap_or_default());
                    format!("`{snippet}` prints options that give it access tokens only")
                }
                false =>
                    "mount the file that `bqcred env` names, and set GOOGLE_APPLICATION_CREDENTIALS to where it is mounted".to_owned(),
            }
        ),
        DetachedKind::Background => format!(
            "what {name} leaves running in the background loses the credential when this command ends: let {name} \
             start `{exec}` instead"
        ),
    }
}

/// Says so if this `exec` runs inside another one.
fn note_nesting(name: &ProfileName) {
    let handed_over =
        env::text(variables::ADC).is_some_and(|path| handover::is_handed_over(Path::new(&path)));
    let outer = env::text(variables::PROFILE).filter(|_| handed_over && Inside::ended().is_none());
    if let Some(outer) = outer {
        ui::note(&format!("profile {name}, inside `bqcred exec` with profile {outer}"));
    }
}

/// Becomes the program that [`token_only`] starts.
pub(crate) fn start_under(args: &StartUnder) -> Result<Output> {
    let Some((name, arguments)) = args.program.split_first() else {
        return Err(Error::usage("no program given"));
    };
    let mut program = Command::new(name);
    program.args(arguments);
    #[cfg(target_os = "linux")]
    return Err(handover::parent_death::become_program_under(args.parent, &mut program));
    #[cfg(not(target_os = "linux"))]
    Err(handover::become_program(&mut program))
}
