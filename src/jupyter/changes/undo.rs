//! Restoring the kernelspecs that bqcred changed.

use std::path::PathBuf;

use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::changes::record::Record;
use crate::jupyter::kernelspec::edit;
use crate::jupyter::kernelspec::file_change::{self, FileChange, FileUndo};
use crate::jupyter::locate::kernelspecs;
use crate::jupyter::locate::machine::Machine;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;

/// A kernel with a kernelspec that bqcred changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChangedKernel {
    /// The kernel's name.
    pub(crate) name: String,
    /// Its `kernel.json`, symbolic links resolved.
    pub(crate) file: PathBuf,
    /// The profile that it uses, or used when the change was made.
    pub(crate) profile: String,
    /// Whether its command is wrapped in `bqcred exec`.
    pub(crate) exec: bool,
    /// Whether the change is still in the file: an upgrade of the kernel writes a new one.
    is_marked: bool,
}

/// A kernel, and how it is restored.
#[derive(Debug)]
pub(crate) struct PlannedUndo {
    /// The kernel.
    pub(crate) kernel: ChangedKernel,
    /// The change; `None` if there is nothing to undo, and the kernel only has to leave the record.
    pub(crate) undo: Option<FileUndo>,
}

/// How kernels are restored. One that can't be restored does not stop the others.
#[derive(Debug, Default)]
pub(crate) struct UndoPlan {
    /// The kernels.
    pub(crate) kernels: Vec<PlannedUndo>,
    /// Why others can't be restored.
    pub(crate) errors: Vec<Error>,
}

/// What was restored.
#[derive(Debug, Default)]
pub(crate) struct UndoReport {
    /// What was done with each kernel, for people; empty if there was nothing to undo.
    pub(crate) notes: Notes,
    /// Why others were not restored.
    pub(crate) errors: Vec<Error>,
}

/// Every kernel that was changed: those recorded, and those with a marker where servers search, hidden ones
/// included.
pub(crate) fn changed_kernels(paths: &Paths, machine: &Machine) -> Result<(Vec<ChangedKernel>, Notes)> {
    let (record, notes) = Record::load_or_set_aside(paths)?;
    let mut found: Vec<ChangedKernel> = Vec::new();
    for entry in record.kernels {
        let marker = edit::marker_in(&entry.file);
        found.push(ChangedKernel {
            name: entry.kernel,
            exec: marker.as_ref().map_or(entry.exec, |marker| marker.argv.is_some()),
            is_marked: marker.is_some(),
            profile: marker.map_or(entry.profile, |marker| marker.profile),
            file: entry.file,
        });
    }
    for spec in kernelspecs::all(machine) {
        if found.iter().any(|known| known.file == spec.file) {
            continue;
        }
        let Some(marker) = edit::marker_in(&spec.file) else { continue };
        let exec = marker.argv.is_some();
        let (name, file, profile) = (spec.kernel, spec.file, marker.profile);
        found.push(ChangedKernel { name, file, profile, exec, is_marked: true });
    }
    found.sort_by(|one, other| (&one.name, &one.file).cmp(&(&other.name, &other.file)));
    Ok((found, notes))
}

/// The kernels that use a profile now.
pub(crate) fn kernels_of_profile(
    paths: &Paths,
    machine: &Machine,
    profile: &ProfileName,
) -> Result<(Vec<ChangedKernel>, Notes)> {
    let (mut kernels, notes) = changed_kernels(paths, machine)?;
    kernels.retain(|kernel| kernel.is_marked && kernel.profile == profile.as_str());
    Ok((kernels, notes))
}

/// Plans to restore these kernels.
pub(crate) fn plan(kernels: Vec<ChangedKernel>) -> UndoPlan {
    let mut plan = UndoPlan::default();
    for kernel in kernels {
        let undo = if kernel.file.exists() { file_change::restore(&kernel.file) } else { Ok(None) };
        match undo {
            Ok(undo) => plan.kernels.push(PlannedUndo { kernel, undo }),
            Err(error) => plan.errors.push(error),
        }
    }
    plan
}

impl UndoPlan {
    /// Whether nothing is to be undone, and nothing went wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty() && self.kernels.iter().all(|planned| planned.undo.is_none())
    }

    /// For people: a line for each file that is to be changed.
    pub(crate) fn describe(&self) -> String {
        let changes = self.kernels.iter().filter_map(|planned| Some((planned, planned.undo.as_ref()?)));
        changes
            .map(|(planned, undo)| format!("{}: {}\n", planned.kernel.name, undo.change.describe_plan()))
            .collect()
    }
}

/// Carries a plan out, and removes the kernels from the record.
pub(crate) fn apply(plan: UndoPlan, paths: &Paths) -> UndoReport {
    let mut report = UndoReport { notes: Notes::none(), errors: plan.errors };
    for PlannedUndo { kernel, undo } in plan.kernels {
        let applied = undo.as_ref().map_or(Ok(()), |undo| undo.change.apply());
        match applied.and_then(|()| Record::change(paths, |record| record.remove(&kernel.file))) {
            Ok(notes) => {
                report.notes.append(notes);
                report.notes.append(undo.map_or_else(Notes::none, |undo| describe(&kernel, &undo)));
            }
            Err(error) => report.errors.push(error),
        }
    }
    report
}

fn describe(kernel: &ChangedKernel, undo: &FileUndo) -> Notes {
    let mut notes = Notes::none();
    notes.add(format!("kernel {} is restored", kernel.name));
    notes.detail(match &undo.change {
        FileChange::Remove { .. } => undo.change.describe_result(),
        change => format!("restored {}", change.file().display()),
    });
    if !undo.kept.is_empty() {
        notes.detail(format!("kept, because it was changed since: {}", undo.kept.join(", ")));
    }
    if let Some(folder) = &undo.kept_copy {
        notes.detail(format!("the copy stays, because it was changed since: {}", folder.display()));
    }
    notes
}
