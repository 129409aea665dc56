//! Taking bqcred's changes out of kernelspecs again.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::credential::profile_name::ProfileName;
use crate::handover::variables;
use crate::jupyter::changes::step::{self, Step, Undoing};
use crate::jupyter::kernelspec::edit;
use crate::jupyter::kernelspec::marker::Marker;
use crate::jupyter::locate::config::Config;
use crate::jupyter::locate::running::Running;
use crate::output::error::Result;
use crate::output::ui;
use crate::system::terminal;

use super::here::Here;
use super::record::Record;
use super::restart::{self, Outcome};

/// A kernelspec that bqcred changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    /// The kernel's name.
    pub(crate) kernel: String,
    /// Its `kernel.json`, links resolved.
    pub(crate) file: PathBuf,
    /// The profile that it uses, or used when the change was made.
    pub(crate) profile: String,
    /// Whether its command is wrapped in `bqcred exec`.
    pub(crate) exec: bool,
    /// Whether the change is in it still: an upgrade of the kernel, too, puts it back.
    is_there: bool,
}

/// Every kernelspec that was changed: those remembered, and those with a marker where servers look,
/// hidden ones included.
pub(crate) fn changed(app: &App, here: &Here) -> Result<Vec<Changed>> {
    let mut found: Vec<Changed> = Vec::new();
    let (record, notes) = Record::load_or_set_aside(&app.paths)?;
    ui::show(notes);
    for entry in record.kernels {
        let marker = marker_in(&entry.file);
        found.push(Changed {
            kernel: entry.kernel,
            exec: marker.as_ref().map_or(entry.exec, |marker| marker.argv.is_some()),
            is_there: marker.is_some(),
            profile: marker.map_or(entry.profile, |marker| marker.profile),
            file: entry.file,
        });
    }
    for server in here.discover().found {
        for kernel in server.context.kernels(&Config::of(&server.context)) {
            for folder in [&kernel.folder].into_iter().chain(&kernel.shadowed) {
                let Ok(file) = folder.join("kernel.json").canonicalize() else { continue };
                if found.iter().any(|known| known.file == file) {
                    continue;
                }
                if let Some(marker) = marker_in(&file) {
                    let (profile, exec) = (marker.profile, marker.argv.is_some());
                    let kernel = kernel.name.clone();
                    found.push(Changed { kernel, file, profile, exec, is_there: true });
                }
            }
        }
    }
    found.sort_by(|one, other| (&one.kernel, &one.file).cmp(&(&other.kernel, &other.file)));
    Ok(found)
}

/// Whether a kernelspec holds a change of bqcred's.
pub(crate) fn is_changed(file: &Path) -> bool {
    marker_in(file).is_some()
}

fn marker_in(file: &Path) -> Option<Marker> {
    edit::marker(&step::read(file).ok()?)
}

/// The kernels that use a profile, those of them that an upgrade has put back left out.
pub(crate) fn of_profile(app: &App, here: &Here, name: &ProfileName) -> Result<Vec<Changed>> {
    let mut found = changed(app, here)?;
    found.retain(|changed| changed.is_there && changed.profile == name.as_str());
    Ok(found)
}

/// Undoes one change; gives a line to tell, or nothing where nothing was to be undone.
pub(crate) fn undo(app: &App, changed: &Changed, dry_run: bool) -> Result<Option<String>> {
    let Changed { kernel, file, .. } = changed;
    let undone = if file.exists() { step::uninstall(file)? } else { None };
    let Some(Undoing { step, kept, stays }) = undone else {
        if !dry_run {
            ui::show(Record::change(&app.paths, |record| record.remove(file))?);
        }
        return Ok(None);
    };
    if dry_run {
        return Ok(Some(format!("{kernel}: {}\n", step.intent())));
    }
    step.apply()?;
    ui::show(Record::change(&app.paths, |record| record.remove(file))?);
    let what = match &step {
        Step::Remove { folder, .. } => format!("the copy {} is removed", folder.display()),
        _ => format!("{} is as it was", file.display()),
    };
    let mut line = format!("bqcred: kernel {kernel}: {what}");
    if !kept.is_empty() {
        line += &format!("; kept, because somebody changed it since: {}", kept.join(", "));
    }
    if let Some(folder) = stays {
        line += &format!("; the copy stays, because somebody changed it since: {}", folder.display());
    }
    Ok(Some(line + "\n"))
}

/// Says what to click for kernels that were started with a profile.
pub(crate) fn tell_what_to_click(here: &Here) {
    let without = |kernel: &Running| kernel.vars.get(variables::PROFILE).is_none_or(Option::is_none);
    restart::tell(Outcome::Taken, &here.running(), without);
}

/// After a profile went: offers to put back the kernels that still use it. `yes` is the answer where
/// nobody is to be asked; where nobody can be, the command is told. What goes wrong is told and no more:
/// the profile is gone, which is what was asked for.
pub(crate) fn offer(app: &App, name: &ProfileName, yes: bool) {
    let here = Here::new(app);
    let left = of_profile(app, &here, name).unwrap_or_default();
    if left.is_empty() {
        return;
    }
    ui::note("these kernels use the profile that is gone, and will fail:");
    for changed in &left {
        ui::tell(&format!("  {} ({})\n", changed.kernel, changed.file.display()));
    }
    let ask = || terminal::confirm("Put them back as they were?").unwrap_or(false);
    let can_ask = terminal::can_ask();
    let agreed = yes || (can_ask && ask());
    if !agreed {
        ui::note(&format!("`bqcred kernel uninstall --profile {name}` puts them back as they were"));
        return;
    }
    for changed in &left {
        match undo(app, changed, false) {
            Ok(line) => ui::tell(&line.unwrap_or_default()),
            Err(error) => {
                ui::fail(&error);
            }
        }
    }
    tell_what_to_click(&here);
}
