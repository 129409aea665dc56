//! `bqcred kernel install`: puts a profile into the kernelspecs that the server reads.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::cli::{KernelInstall, KernelPlace};
use crate::credential::profile_name::ProfileName;
use crate::handover::variables;
use crate::jupyter::changes::here::Here;
use crate::jupyter::changes::place::{self, Place, Refusal, Where};
use crate::jupyter::changes::record::{Entry, Record};
use crate::jupyter::changes::restart;
use crate::jupyter::changes::step::{self, Step};
use crate::jupyter::kernelspec::edit::{self, Change};
use crate::jupyter::locate::config::Config;
use crate::jupyter::locate::discovery::Found;
use crate::jupyter::locate::listing::Kernel;
use crate::output::error::{Error, Kind, Result};
use crate::output::ui::{self, Output};

use super::words;

/// What the kernels are to be given.
struct Wanted {
    name: ProfileName,
    vars: Vec<(String, String)>,
    /// Path of bqcred, if the command is to be wrapped.
    bqcred: Option<String>,
}

/// A step and what to remember of it.
struct Planned {
    step: Step,
    entry: Entry,
}

/// A kernel that nothing can be done for.
struct Refused {
    kernel: String,
    why: Refusal,
}

/// What is to be done, and what can't be. One kernel that can't be changed keeps no other from it.
#[derive(Default)]
struct Plan {
    planned: Vec<Planned>,
    refused: Vec<Refused>,
    failed: Vec<Error>,
}

pub(crate) fn run(args: &KernelInstall, app: &App) -> Result<Output> {
    let here = Here::new(app);
    let wanted = wanted(args, app)?;
    let discovery = here.discover();
    for server in &discovery.foreign {
        ui::note(&format!(
            "the Jupyter server of process {} runs as another user ({}) and reads that user's kernels: run bqcred as that user",
            server.pid, server.uid
        ));
    }
    let mut plan = Plan::default();
    for found in words::meant(&discovery) {
        plan_server(args, found, &wanted, &mut plan)?;
    }
    if args.dry_run {
        let lines: Vec<String> = plan
            .planned
            .iter()
            .map(|planned| format!("{}: {}\n", planned.entry.kernel, planned.step.intent()))
            .collect();
        let code = plan.tell_failed();
        tell_refused(&plan.refused);
        return Ok(Output::for_people(&lines.concat()).with_code(code));
    }
    for planned in std::mem::take(&mut plan.planned) {
        match planned.step.apply() {
            Err(error) => plan.failed.push(error),
            Ok(()) => {
                tell(&planned, &wanted.name); // before anything else can fail
                ui::show(Record::change(&app.paths, |record| record.add(planned.entry.clone()))?);
                plan.planned.push(planned);
            }
        }
    }
    finish(&here, &wanted, &plan)
}

impl Plan {
    /// Two servers may read the same file.
    fn add(&mut self, planned: Planned) {
        if !self.planned.iter().any(|other| other.step.file() == planned.step.file()) {
            self.planned.push(planned);
        }
    }

    /// Tells what went wrong. Gives the exit code that is due for it; 0 if nothing did.
    fn tell_failed(&self) -> u8 {
        self.failed.iter().fold(0, |code, error| ui::fail(error).max(code))
    }
}

fn wanted(args: &KernelInstall, app: &App) -> Result<Wanted> {
    let (name, profile) = app.profile()?;
    if args.exec {
        return Ok(Wanted { name, vars: Vec::new(), bqcred: Some(words::own_path()?) });
    }
    let vars = words::vars(app, &name, &profile)?;
    if profile.project.is_none() {
        ui::note(&format!(
            "profile {name} has no project, and Python needs one: `{}`, then `bqcred kernel sync`",
            app.project_command(&name)
        ));
    }
    Ok(Wanted { name, vars, bqcred: None })
}

fn plan_server(args: &KernelInstall, found: &Found, wanted: &Wanted, plan: &mut Plan) -> Result<()> {
    let config = Config::of(&found.context);
    let kernels = found.context.kernels(&config);
    ui::note(&format!("Jupyter at {}", words::describe(found)));
    if config.is_nb_conda() {
        ui::note("nb_conda_kernels lists its kernels, and sees a change after a minute at most");
    }
    for kernel in chosen(args, &kernels)? {
        let renamed = args.new_kernel.as_ref();
        let placed = match renamed {
            Some(name) => place_new(found, &kernels, kernel, name, args.place.wanted()),
            None => place::place(&found.context, kernel, args.place.wanted()).map(|place| (kernel, place)),
        };
        match placed {
            Err(why) => plan.refused.push(Refused { kernel: kernel.name.clone(), why }),
            Ok((known, place)) => {
                // a kernel of that name that we made is changed, not copied again
                let source = if matches!(place, Place::Patch(_)) { known } else { kernel };
                match planned(found, source, &place, wanted, renamed) {
                    Err(error) => plan.failed.push(error),
                    Ok(planned) => plan.add(planned),
                }
            }
        }
    }
    Ok(())
}

/// The kernels to change: those named, else the usable ones for Python and R.
fn chosen<'a>(args: &KernelInstall, kernels: &'a [Kernel]) -> Result<Vec<&'a Kernel>> {
    if args.kernel.is_empty() {
        let usable = |kernel: &&Kernel| {
            kernel.is_listed()
                && kernel
                    .spec
                    .as_ref()
                    .is_ok_and(|spec| spec.flaw.is_none() && (args.all || spec.is_python() || spec.is_r()))
        };
        let mut chosen: Vec<&Kernel> = kernels.iter().filter(usable).collect();
        if args.new_kernel.is_some() {
            chosen.retain(|kernel| kernel.name == "python3");
        }
        if chosen.is_empty() {
            return Err(Error::new(Kind::Missing, "no kernel for Python or R was found here")
                .hint("`bqcred kernel list` shows where was looked"));
        }
        return Ok(chosen);
    }
    if args.new_kernel.is_some() && args.kernel.len() > 1 {
        return Err(Error::usage("--new-kernel makes one kernel, from one --kernel"));
    }
    args.kernel
        .iter()
        .map(|name| {
            let found = kernels.iter().find(|kernel| kernel.name.eq_ignore_ascii_case(name));
            found.ok_or_else(|| {
                let known: Vec<&str> = kernels.iter().map(|kernel| kernel.name.as_str()).collect();
                Error::new(
                    Kind::Missing,
                    format!("there is no kernel {name:?} here; there are: {}", known.join(", ")),
                )
                .hint("`bqcred kernel list`")
            })
        })
        .collect()
}

/// Where a copy of a kernel under a new name goes; the copy itself, if it is there already.
fn place_new<'a>(
    found: &Found,
    kernels: &'a [Kernel],
    original: &'a Kernel,
    name: &str,
    wanted: Where,
) -> std::result::Result<(&'a Kernel, Place), Refusal> {
    let Some(known) = kernels.iter().find(|kernel| kernel.name.eq_ignore_ascii_case(name)) else {
        let folder = place::place_new(&found.context, name, wanted)?;
        return Ok((original, Place::Copy(folder)));
    };
    let made = edit::marker(&known.text).and_then(|marker| marker.folder);
    if made.is_none_or(|made| !made.renamed || Path::new(&made.from) != original.folder) {
        return Err(Refusal::Taken(known.folder.clone()));
    }
    Ok((known, place::place(&found.context, known, wanted)?))
}

fn planned(
    found: &Found,
    kernel: &Kernel,
    place: &Place,
    wanted: &Wanted,
    renamed: Option<&String>,
) -> Result<Planned> {
    let python = kernel.python(&found.context);
    let python_text = match &python {
        Some(python) => words::text(python)?,
        None => "/usr/bin/python3".to_owned(),
    };
    let change = Change {
        profile: wanted.name.as_str(),
        vars: &wanted.vars,
        exec: wanted.bqcred.as_deref().map(|bqcred| words::exec(bqcred, &python_text)),
        folder: None,
    };
    let display_name = renamed.map(|_| display_name(kernel, &wanted.name));
    let step = step::install(kernel, place, &change, display_name.as_deref())?;
    let entry = Entry {
        file: step.file(),
        kernel: renamed.map_or_else(|| kernel.name.clone(), |name| name.to_lowercase()),
        profile: wanted.name.to_string(),
        exec: wanted.bqcred.is_some(),
        python,
    };
    Ok(Planned { step, entry })
}

/// A name for a kernel beside its original. It ends up in every notebook that uses it, so there is no
/// address in it.
fn display_name(kernel: &Kernel, profile: &ProfileName) -> String {
    let original = kernel.spec.as_ref().map_or("", |spec| spec.display_name.as_str());
    let original = original.trim_end_matches(" (ipykernel)");
    match profile.as_str() {
        "default" => format!("{original} (BigQuery)"),
        name => format!("{original} (BigQuery: {name})"),
    }
}

fn tell(planned: &Planned, profile: &ProfileName) {
    let kernel = &planned.entry.kernel;
    let file = planned.step.file();
    match &planned.step {
        Step::Nothing(_) => {
            ui::note(&format!("kernel {kernel} runs as profile {profile} already ({})", file.display()))
        }
        Step::Replace { .. } => {
            ui::note(&format!("kernel {kernel} runs as profile {profile} now ({})", file.display()))
        }
        Step::Copy { from, .. } => ui::note(&format!(
            "kernel {kernel} runs as profile {profile} now ({}, a copy of {})",
            file.display(),
            from.display()
        )),
        Step::Remove { .. } => {}
    }
}

fn tell_refused(refused: &[Refused]) {
    for Refused { kernel, why } in refused {
        ui::note(&format!("kernel {kernel} was left alone: {}", why.what()));
        ui::tell(&format!("  instead: {}\n", why.instead()));
    }
}

fn finish(here: &Here, wanted: &Wanted, plan: &Plan) -> Result<Output> {
    verify(here, &plan.planned)?;
    if here.in_vs_code() {
        ui::note(
            "VS Code's own Python kernels read no kernelspec: `bqcred kernel snippet --lang vscode` is for them",
        );
    }
    if !plan.planned.is_empty() {
        let credential = wanted.vars.iter().find(|(name, _)| name == variables::ADC).map(|(_, value)| value);
        let outcome =
            if credential.is_some() { restart::Outcome::GivenFile } else { restart::Outcome::Given };
        restart::tell(outcome, &here.running(), |kernel| match credential {
            Some(path) => kernel.vars.get(variables::ADC).and_then(Option::as_ref) == Some(path),
            None => {
                kernel.vars.get(variables::PROFILE).and_then(Option::as_deref) == Some(wanted.name.as_str())
            }
        });
    }
    if let (Some(first), true) = (plan.refused.first(), plan.planned.is_empty() && plan.failed.is_empty()) {
        return Err(Error::other(format!("kernel {} can't be changed: {}", first.kernel, first.why.what()))
            .hint(first.why.instead()));
    }
    tell_refused(&plan.refused);
    let left_alone = if plan.refused.is_empty() { 0 } else { Kind::Other.code() };
    Ok(Output::none().with_code(plan.tell_failed().max(left_alone)))
}

/// Looks again, as the servers would: what was written has to be what they read.
fn verify(here: &Here, plan: &[Planned]) -> Result<()> {
    let discovery = here.discover();
    let read: Vec<PathBuf> = discovery
        .found
        .iter()
        .flat_map(|found| found.context.kernels(&Config::of(&found.context)))
        .filter_map(|kernel| kernel.file()?.canonicalize().ok())
        .collect();
    for Planned { entry, .. } in plan {
        let file = entry.file.canonicalize().unwrap_or_else(|_| entry.file.clone());
        if !read.contains(&file) {
            return Err(Error::other(format!(
                "kernel {} was written, but the server does not read it",
                entry.kernel
            ))
            .hint(
                "`bqcred kernel list` shows what it reads; `bqcred kernel uninstall` puts everything back",
            ));
        }
    }
    Ok(())
}

impl KernelPlace {
    fn wanted(self) -> Where {
        match self {
            KernelPlace::Auto => Where::Auto,
            KernelPlace::User => Where::User,
            KernelPlace::Env => Where::Environment,
        }
    }
}
