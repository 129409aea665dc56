//! Making kernels again what they were installed as, after an upgrade replaced their kernelspec or their profile
//! has changed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::app::App;
use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::handover::variables::Inherited;
use crate::jupyter::changes::kernel_profile::{self, KernelProfile, Way};
use crate::jupyter::changes::record::{Entry, Record};
use crate::jupyter::changes::{detour, install, state};
use crate::jupyter::kernelspec::edit;
use crate::jupyter::kernelspec::file_change::{self, FileChange};
use crate::jupyter::kernelspec::spec;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;

/// What is to be done for the recorded kernels. One that can't be updated does not stop the others.
#[derive(Debug, Default)]
pub(crate) struct SyncPlan {
    steps: Vec<SyncStep>,
    /// What is to be said of the credentials.
    pub(crate) credentials: Vec<Notes>,
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
    /// This change assigns the profile again.
    Assign(Box<Assigned>),
}

#[derive(Debug)]
struct Assigned {
    profile: KernelProfile,
    change: FileChange,
    /// Of an R kernel that finds no credential with the profile as it is now: why, and what gives it one.
    about_r: Option<String>,
}

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct SyncReport {
    /// What was done for each kernel, for people.
    pub(crate) notes: Notes,
    /// The profiles of the kernelspecs that have changed.
    pub(crate) changed: Vec<KernelProfile>,
    /// Why others were not updated.
    pub(crate) errors: Vec<Error>,
}

/// Plans what makes the recorded kernels what they were installed as.
///
/// `inherited`: what the environments of the servers here have.
pub(crate) fn plan(app: &App, record: &Record, inherited: &Inherited) -> SyncPlan {
    let mut plan = SyncPlan::default();
    for entry in &record.kernels {
        let action = match reason_to_forget(app, entry) {
            Some(reason) => Ok((SyncAction::Forget(reason), Notes::none())),
            None => assign_again(app, entry, inherited),
        };
        match action {
            Ok((action, notes)) => {
                if !plan.credentials.contains(&notes) {
                    plan.credentials.push(notes); // once, for all kernels of a profile
                }
                plan.steps.push(SyncStep { kernel: entry.kernel.clone(), file: entry.file.clone(), action });
            }
            Err(error) => plan.errors.push(error),
        }
    }
    plan
}

/// Why nothing of an entry is left to update or to restore, if so.
fn reason_to_forget(app: &App, entry: &Entry) -> Option<String> {
    // a file that can't be seen at the moment, as on a folder that is not mounted, stays recorded
    if entry.file.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Some(format!("{} does not exist any more", entry.file.display()));
    }
    let known = ProfileName::parse(&entry.profile).and_then(|name| app.known_profile(&name));
    let is_useless = known.is_ok_and(|known| known.is_none()) && edit::marker_in(&entry.file).is_none();
    is_useless
        .then(|| format!("profile {} does not exist any more, and the kernel is restored", entry.profile))
}

/// Assigns the profile as it is now. If the original of a copy has changed, the copy is made again.
fn assign_again(app: &App, entry: &Entry, inherited: &Inherited) -> Result<(SyncAction, Notes)> {
    let name = ProfileName::parse(&entry.profile)?;
    let known = app.known_profile(&name)?.ok_or_else(|| {
        Error::other(format!("kernel {} uses profile {name}, which does not exist any more", entry.kernel))
            .hint("`bqcred kernel uninstall` restores it")
    })?;
    let text = spec::read_file(&entry.file)?;
    let way = match (entry.exec, edit::marker(&text)) {
        (true, _) => Way::Exec(entry.token_only.clone()),
        (false, Some(marker)) => {
            Way::Variables(Inherited::when_set(&marker.set).with_gcloud_of(inherited, &name))
        }
        (false, None) => Way::Variables(inherited.clone()),
    };
    let (profile, notes) = KernelProfile::new(app, name, known, &way)?;
    refuse_barrier(entry, &text, &profile)?;
    let python = kernel_profile::python_text(entry.python.as_deref())?;
    let assignment = profile.assignment(&python);
    let outdated_copy = edit::marker(&text).filter(state::is_copy_outdated).and_then(|marker| marker.folder);
    let renewed = match outdated_copy {
        Some(copy) => file_change::renew(&entry.file, Path::new(&copy.from), &assignment)?,
        None => None,
    };
    let change = match renewed {
        Some(change) => change,
        None => file_change::patch(&entry.file, &text, &assignment)?,
    };
    let about_r = spec::parse(&text).ok().and_then(|spec| profile.about_r(&entry.kernel, &spec));
    Ok((SyncAction::Assign(Box::new(Assigned { profile, change, about_r })), notes))
}

/// A kernel whose command was changed since, so that it does not get the credential any more.
fn refuse_barrier(entry: &Entry, text: &str, profile: &KernelProfile) -> Result<()> {
    let Ok(spec) = spec::parse(text) else { return Ok(()) }; // the change itself reports it
    let folder = entry.file.parent().unwrap_or(Path::new("."));
    match profile.barrier(folder, &spec) {
        None => Ok(()),
        Some(barrier) => {
            let what = format!("kernel {} is not updated: {}", entry.kernel, barrier.describe());
            Err(Error::other(what).hint(detour::describe(&barrier, profile).join("\n")))
        }
    }
}

impl SyncPlan {
    /// For people: a line for each thing that is to be done.
    pub(crate) fn describe(&self) -> String {
        let mut text = String::new();
        for SyncStep { kernel, action, .. } in &self.steps {
            match action {
                SyncAction::Forget(reason) => text += &format!("{kernel}: forget it: {reason}\n"),
                SyncAction::Assign(assigned) => {
                    text += &format!("{kernel}: {}\n", assigned.change.describe_plan());
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
        SyncAction::Assign(assigned) => {
            let Assigned { profile, change, about_r } = *assigned;
            change.apply()?;
            report.notes.append(install::describe_installed(&kernel, &change, &profile, about_r.is_none()));
            about_r.into_iter().for_each(|about_r| report.notes.add(about_r));
            if !matches!(change, FileChange::Unchanged(_)) {
                report.changed.push(profile);
            }
        }
    }
    Ok(())
}
