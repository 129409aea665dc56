//! `bqcred kernel uninstall`: takes bqcred's changes out of kernelspecs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::app::App;
use crate::cli::KernelUninstall;
use crate::environment;
use crate::error::{Error, Kind, Result};
use crate::jupyter::context::Discovery;
use crate::jupyter::step::{self, Step};
use crate::jupyter::{edit, search};
use crate::kernel_record::Record;
use crate::ui::{self, Output};

use super::here::{self, Here};

/// A changed kernelspec: the kernel's name and its file.
type Changed = (String, PathBuf);

pub(crate) fn run(args: &KernelUninstall, app: &App) -> Result<Output> {
    let here = Here::new(app)?;
    let profile = app.asked_profile()?;
    let mut lines = String::new();
    let mut failed = None;
    let mut count = 0;
    for (name, file) in changed(app, &here.discover())? {
        let wanted = args.kernel.is_empty() || args.kernel.iter().any(|kernel| kernel.to_lowercase() == name);
        let its_profile =
            step::read(&file).ok().and_then(|text| edit::marker(&text)).map(|marker| marker.profile);
        let same = profile
            .as_ref()
            .is_none_or(|profile| its_profile.is_none() || its_profile.as_deref() == Some(profile.as_str()));
        if !wanted || !same {
            continue;
        }
        match undo(app, &name, &file, args.dry_run) {
            Ok(line) => {
                count += usize::from(!line.is_empty());
                lines += &line;
            }
            // one that can't be undone must not keep the others from it
            Err(error) => failed = Some(error),
        }
    }
    if args.dry_run {
        return failed.map_or(Ok(Output::text(lines)), Err);
    }
    ui::tell(&lines);
    if let Some(error) = failed {
        return Err(error);
    }
    if count == 0 {
        return nothing(args);
    }
    let with_ours = |kernel: &crate::jupyter::running::Running| {
        kernel.vars.get(environment::PROFILE).is_none_or(Option::is_none)
    };
    here::tell_what_to_click(&here.running(), with_ours);
    Ok(Output::none())
}

fn nothing(args: &KernelUninstall) -> Result<Output> {
    match args.kernel.first() {
        Some(name) => Err(Error::new(Kind::Missing, format!("bqcred changed no kernel {name:?}"))
            .hint("`bqcred kernel list`")),
        None => {
            ui::note("no kernel was changed by bqcred; there is nothing to put back");
            Ok(Output::none())
        }
    }
}

/// Every kernelspec with a marker: those remembered, and those found where servers look, hidden ones
/// included.
fn changed(app: &App, discovery: &Discovery) -> Result<BTreeSet<Changed>> {
    let record = Record::load(&app.paths)?;
    let mut found: BTreeSet<Changed> =
        record.kernels.into_iter().map(|entry| (entry.kernel, entry.file)).collect();
    let known: BTreeSet<PathBuf> = found.iter().map(|(_, file)| file.clone()).collect();
    let directories = discovery.found.iter().flat_map(|found| found.context.search_path());
    for directory in directories {
        for (name, folder) in search::folders_in(&directory.path) {
            let Ok(file) = folder.join("kernel.json").canonicalize() else { continue };
            let is_ours = || step::read(&file).is_ok_and(|text| edit::marker(&text).is_some());
            if !known.contains(&file) && is_ours() {
                found.insert((name, file));
            }
        }
    }
    Ok(found)
}

/// Undoes one; gives a line to tell, or nothing where nothing was to be undone.
fn undo(app: &App, name: &str, file: &Path, dry_run: bool) -> Result<String> {
    let undone = if file.exists() { step::uninstall(file)? } else { None };
    let Some((step, kept)) = undone else {
        if !dry_run {
            Record::change(&app.paths, |record| record.remove(file))?;
        }
        return Ok(String::new());
    };
    if dry_run {
        return Ok(format!("{name}: {}\n", here::intent(&step)));
    }
    step.apply()?;
    Record::change(&app.paths, |record| record.remove(file))?;
    let what = match &step {
        Step::Remove { folder, .. } => format!("the copy {} is removed", folder.display()),
        _ => format!("{} is as it was", file.display()),
    };
    let kept = if kept.is_empty() {
        String::new()
    } else {
        format!("; kept, because somebody changed it since: {}", kept.join(", "))
    };
    Ok(format!("bqcred: kernel {name}: {what}{kept}\n"))
}
