//! `bqcred kernel sync`: makes the kernels again what they were installed as, after an upgrade of the
//! kernel replaced its spec, or the profile has got another project.

use std::path::Path;

use crate::app::App;
use crate::cli::KernelSync;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::changes::here::Here;
use crate::jupyter::changes::place::Place;
use crate::jupyter::changes::record::{Entry, Record};
use crate::jupyter::changes::restart::{self, Outcome};
use crate::jupyter::changes::step::{self, Step, Undoing};
use crate::jupyter::changes::undo;
use crate::jupyter::kernelspec::edit::{self, Change};
use crate::jupyter::kernelspec::spec;
use crate::jupyter::locate::listing::Kernel;
use crate::jupyter::locate::search::Source;
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};

use super::state;
use super::words;

pub(crate) fn run(args: &KernelSync, app: &App) -> Result<Output> {
    let here = Here::new(app);
    let (record, notes) = Record::load_or_set_aside(&app.paths)?;
    ui::show(notes);
    let mut lines = String::new();
    let mut changed = false;
    let mut failed = None;
    for entry in &record.kernels {
        if let Some(why) = nothing_to_keep(app, entry) {
            lines += &format!("{}: {why}\n", entry.kernel);
            if !args.dry_run {
                ui::show(Record::change(&app.paths, |record| record.remove(&entry.file))?);
            }
            continue;
        }
        let renewed = steps(app, entry).and_then(|steps| {
            for step in steps {
                if !args.dry_run {
                    step.apply()?;
                }
                lines += &format!("{}: {}\n", entry.kernel, step.intent());
                changed |= !matches!(step, Step::Nothing(_));
            }
            Ok(())
        });
        if let Err(error) = renewed {
            ui::fail(&error);
            failed = Some(error);
        }
    }
    let code = failed.map_or(0, |error| error.kind().code());
    if args.dry_run {
        return Ok(Output::for_people(&lines).with_code(code));
    }
    ui::tell(&lines);
    if record.kernels.is_empty() {
        ui::note("no kernel was changed by bqcred: `bqcred kernel install`");
    }
    if changed {
        restart::tell(Outcome::GivenFile, &here.running(), |_| false);
    }
    Ok(Output::none().with_code(code))
}

/// Why an entry is of no use any more, if so: nothing of it is left to renew or to put back.
fn nothing_to_keep(app: &App, entry: &Entry) -> Option<String> {
    if !entry.file.exists() {
        return Some(format!("{} is gone", entry.file.display()));
    }
    let known = ProfileName::parse(&entry.profile).and_then(|name| app.known_profile(&name));
    let is_left = known.is_ok_and(|known| known.is_none()) && !undo::is_changed(&entry.file);
    is_left.then(|| format!("profile {} is gone, and {} is as it was", entry.profile, entry.file.display()))
}

/// What makes a kernelspec what it was installed as. A copy whose original has changed is made anew.
fn steps(app: &App, entry: &Entry) -> Result<Vec<Step>> {
    let name = ProfileName::parse(&entry.profile)?;
    let profile = app.known_profile(&name)?.ok_or_else(|| {
        Error::other(format!("kernel {} uses profile {name}, which is gone", entry.kernel))
            .hint("`bqcred kernel uninstall` puts it back as it was")
    })?;
    let vars = if entry.exec { Vec::new() } else { words::vars(app, &name, &profile)? };
    let bqcred = words::own_path()?;
    let python = match &entry.python {
        Some(python) => words::text(python)?,
        None => "/usr/bin/python3".to_owned(),
    };
    let exec = entry.exec.then(|| words::exec(&bqcred, &python));
    let change = Change { profile: name.as_str(), vars: &vars, exec, folder: None };
    let text = step::read(&entry.file)?;
    let marker = edit::marker(&text);
    if let Some(marker) = marker.filter(state::is_copy_outdated)
        && let Some(folder) = &marker.folder
        && let Some(Undoing { step: removal @ Step::Remove { .. }, .. }) = step::uninstall(&entry.file)?
    {
        let original = kernel(&Path::new(&folder.from).join("kernel.json"), &entry.kernel)?;
        let to = entry.file.parent().unwrap_or(Path::new("."));
        let copy = step::install(&original, &Place::Copy(to.to_owned()), &change, None)?;
        return Ok(vec![removal, copy]);
    }
    let kernel = kernel(&entry.file, &entry.kernel)?;
    Ok(vec![step::install(&kernel, &Place::Patch(entry.file.clone()), &change, None)?])
}

/// The kernel whose `kernel.json` this is, by whatever name: it may be what a link led to.
fn kernel(file: &Path, name: &str) -> Result<Kernel> {
    let text = step::read(file)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let spec = spec::parse(&text);
    Ok(Kernel {
        name: name.to_owned(),
        folder: folder.to_owned(),
        source: Source::User,
        shadowed: Vec::new(),
        text,
        spec,
        allowed: true,
        conda: None,
    })
}
