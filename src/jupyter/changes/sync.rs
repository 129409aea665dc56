//! Making kernels again what they were installed as, after an upgrade replaced their kernelspec or their profile
//! has changed.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::changes::install;
use crate::jupyter::changes::kernel_profile::{self, KernelProfile};
use crate::jupyter::changes::record::{Entry, Record};
use crate::jupyter::changes::state;
use crate::jupyter::kernelspec::edit::{self, Assignment};
use crate::jupyter::kernelspec::file_change::{self, FileChange, FileUndo};
use crate::jupyter::kernelspec::spec;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;

/// What is to be done for the recorded kernels. One that can't be updated does not stop the others.
#[derive(Debug, Default)]
pub(crate) struct SyncPlan {
    steps: Vec<SyncStep>,
    /// Why others can't be updated.
    pub(crate) errors: Vec<Error>,
}

/// What is to be done for one kernel.
#[derive(Debug)]
struct SyncStep {
    kernel: String,
    file: PathBuf,
    action: SyncAction,
}

#[derive(Debug)]
enum SyncAction {
    /// Nothing is left to update or to restore, for this reason: the kernel leaves the record.
    Forget(String),
    /// These changes assign the profile again.
    Assign(KernelProfile, Vec<FileChange>),
}

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct SyncReport {
    /// What was done for each kernel, for people.
    pub(crate) notes: Notes,
    /// Whether a kernelspec has changed.
    pub(crate) has_changed: bool,
    /// Why others were not updated.
    pub(crate) errors: Vec<Error>,
}

/// Plans what makes the recorded kernels what they were installed as.
pub(crate) fn plan(app: &App, record: &Record) -> SyncPlan {
    let mut plan = SyncPlan::default();
    for entry in &record.kernels {
        let action = match reason_to_forget(app, entry) {
            Some(reason) => Ok(SyncAction::Forget(reason)),
            None => assign_again(app, entry),
        };
        match action {
            Ok(action) => {
                plan.steps.push(SyncStep { kernel: entry.kernel.clone(), file: entry.file.clone(), action });
            }
            Err(error) => plan.errors.push(error),
        }
    }
    plan
}

/// Why nothing of an entry is left to update or to restore, if so.
fn reason_to_forget(app: &App, entry: &Entry) -> Option<String> {
    if !entry.file.exists() {
        return Some(format!("{} does not exist any more", entry.file.display()));
    }
    let known = ProfileName::parse(&entry.profile).and_then(|name| app.known_profile(&name));
    let is_useless = known.is_ok_and(|known| known.is_none()) && edit::marker_in(&entry.file).is_none();
    is_useless
        .then(|| format!("profile {} does not exist any more, and the kernel is restored", entry.profile))
}

/// Assigns the profile as it is now. If the original of a copy has changed, the copy is made again.
fn assign_again(app: &App, entry: &Entry) -> Result<SyncAction> {
    let name = ProfileName::parse(&entry.profile)?;
    let known = app.known_profile(&name)?.ok_or_else(|| {
        Error::other(format!("kernel {} uses profile {name}, which does not exist any more", entry.kernel))
            .hint("`bqcred kernel uninstall` restores it")
    })?;
    let profile = KernelProfile::new(app, name, &known, entry.exec)?;
    let python = kernel_profile::python_text(entry.python.as_deref())?;
    let assignment = profile.assignment(&python);
    let text = spec::read_file(&entry.file)?;
    let outdated_copy = edit::marker(&text).filter(state::is_copy_outdated).and_then(|marker| marker.folder);
    let changes = match outdated_copy {
        Some(copy) => copy_again(&entry.file, Path::new(&copy.from), &assignment)?,
        None => None,
    };
    let changes = match changes {
        Some(changes) => changes,
        None => vec![file_change::patch(&entry.file, &text, &assignment)?],
    };
    Ok(SyncAction::Assign(profile, changes))
}

/// Removes a copy and makes it again; `None` if it has to stay, because it was changed since.
fn copy_again(file: &Path, original: &Path, assignment: &Assignment<'_>) -> Result<Option<Vec<FileChange>>> {
    let Some(FileUndo { change: removal @ FileChange::Remove { .. }, .. }) = file_change::restore(file)?
    else {
        return Ok(None);
    };
    let text = spec::read_file(&original.join("kernel.json"))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let copy = file_change::copy(original, &text, folder, assignment, None)?;
    Ok(Some(vec![removal, copy]))
}

impl SyncPlan {
    /// For people: a line for each thing that is to be done.
    pub(crate) fn describe(&self) -> String {
        let mut text = String::new();
        for SyncStep { kernel, action, .. } in &self.steps {
            match action {
                SyncAction::Forget(reason) => text += &format!("{kernel}: forget it: {reason}\n"),
                SyncAction::Assign(_, changes) => {
                    for change in changes {
                        text += &format!("{kernel}: {}\n", change.describe_plan());
                    }
                }
            }
        }
        text
    }
}

/// Carries a plan out.
pub(crate) fn apply(plan: SyncPlan, paths: &Paths) -> SyncReport {
    let mut report = SyncReport { errors: plan.errors, ..SyncReport::default() };
    for step in plan.steps {
        if let Err(error) = apply_step(step, paths, &mut report) {
            report.errors.push(error);
        }
    }
    report
}

fn apply_step(step: SyncStep, paths: &Paths, report: &mut SyncReport) -> Result<()> {
    let SyncStep { kernel, file, action } = step;
    match action {
        SyncAction::Forget(reason) => {
            report.notes.append(Record::change(paths, |record| record.remove(&file))?);
            report.notes.add(format!("kernel {kernel} is forgotten: {reason}"));
        }
        SyncAction::Assign(profile, changes) => {
            for change in &changes {
                change.apply()?;
                report.has_changed |= !matches!(change, FileChange::Unchanged(_));
            }
            if let Some(last) = changes.last() {
                report.notes.append(install::describe_installed(&kernel, last, &profile));
            }
        }
    }
    Ok(())
}
