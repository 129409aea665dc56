//! Assigning a profile to kernels: planned for every server, carried out, and checked against what the servers read.

use std::path::PathBuf;

use crate::credential::paths::Paths;
use crate::jupyter::changes::kernel_profile::KernelProfile;
use crate::jupyter::changes::obstacle::Obstacle;
use crate::jupyter::changes::record::{Entry, Record};
use crate::jupyter::changes::target::Placement;
use crate::jupyter::kernelspec::file_change::FileChange;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::servers::{Server, ServerOrigin, Servers};
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;

mod plan;

pub(crate) use plan::plan;

/// Which kernels are to be changed, and where.
#[derive(Clone, Debug)]
pub(crate) struct InstallRequest<'a> {
    /// Names of kernels; if empty, every usable one for Python and R.
    pub(crate) kernels: &'a [String],
    /// Without names: the kernels of other languages, too.
    pub(crate) all_languages: bool,
    /// Which directory is to be changed.
    pub(crate) placement: Placement,
    /// The name of a copy that gets the profile instead of the kernel itself.
    pub(crate) new_name: Option<&'a str>,
}

/// What is to be done. A kernel that can't be changed does not stop the others.
#[derive(Debug, Default)]
pub(crate) struct InstallPlan {
    /// The changes, one for each file: several servers may read the same one.
    pub(crate) changes: Vec<PlannedChange>,
    /// Kernels that no change of a file would reach.
    pub(crate) refused: Vec<RefusedKernel>,
    /// Why other kernels can't be changed.
    pub(crate) errors: Vec<Error>,
    /// Whom the changes concern besides the user, and which won't last.
    pub(crate) notes: Notes,
}

/// A change, and what is recorded of it.
#[derive(Debug)]
pub(crate) struct PlannedChange {
    /// The change.
    pub(crate) change: FileChange,
    /// What is recorded.
    pub(crate) entry: Entry,
    /// Whether the kernel finds a credential with it: R finds none in some files.
    pub(crate) finds_credential: bool,
}

/// A kernel that is not changed.
#[derive(Debug)]
pub(crate) struct RefusedKernel {
    /// Its name.
    pub(crate) kernel: String,
    /// Why.
    pub(crate) obstacle: Obstacle,
}

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct InstallReport {
    /// The kernels that have the profile now, for people.
    pub(crate) notes: Notes,
    /// The same, as recorded.
    pub(crate) kernels: Vec<Entry>,
    /// Why other kernels were not changed.
    pub(crate) errors: Vec<Error>,
}

/// What a user wants to know of the servers before their kernels are changed.
pub(crate) fn describe_servers(servers: &Servers) -> Notes {
    let mut notes = Notes::none();
    for server in &servers.of_others {
        notes.add(format!(
            "the Jupyter server of process {} runs as another user ({}) and reads that user's kernels: run bqcred as that user",
            server.pid, server.uid
        ));
    }
    for server in servers.to_change() {
        notes.add(match server.origin {
            ServerOrigin::NoJupyter => "no Jupyter was found; other programs read these kernels".to_owned(),
            _ => format!("Jupyter at {}", server.describe()),
        });
        if server.config().is_nb_conda() {
            notes.detail("nb_conda_kernels lists its kernels, and sees a change after a minute at most");
        }
    }
    notes
}

/// Carries a plan out, and records each change. If a change can't be recorded, nothing more is changed.
pub(crate) fn apply(plan: InstallPlan, profile: &KernelProfile, paths: &Paths) -> InstallReport {
    let mut report = InstallReport { errors: plan.errors, ..InstallReport::default() };
    for PlannedChange { change, entry, finds_credential } in plan.changes {
        if let Err(error) = change.apply() {
            report.errors.push(error);
            continue;
        }
        report.notes.append(describe_installed(&entry.kernel, &change, profile, finds_credential));
        report.kernels.push(entry.clone());
        match Record::change(paths, |record| record.add(entry)) {
            Ok(notes) => report.notes.append(notes),
            Err(error) => {
                report.errors.push(error);
                break;
            }
        }
    }
    report
}

/// For people: who a kernel runs as now, and in which file that stands.
pub(crate) fn describe_installed(
    kernel: &str,
    change: &FileChange,
    profile: &KernelProfile,
    finds_credential: bool,
) -> Notes {
    let mut notes = Notes::none();
    notes.add(match finds_credential {
        true => format!("kernel {kernel} {}", profile.describe()),
        false => format!("kernel {kernel} has profile {} now, and no credential that R finds", profile.name),
    });
    notes.detail(change.describe_result());
    notes
}

/// Looks again as the servers would: each file that was written has to be one that a server reads.
pub(crate) fn check_read(machine: &Machine, installed: &[Entry]) -> Result<()> {
    let kernels = machine.servers().own.iter().flat_map(Server::kernels).collect::<Vec<_>>();
    let read: Vec<PathBuf> = kernels.iter().filter_map(|kernel| kernel.file()?.canonicalize().ok()).collect();
    for entry in installed {
        let file = entry.file.canonicalize().unwrap_or_else(|_| entry.file.clone());
        if !read.contains(&file) {
            let what = format!("kernel {} was written, but the server does not read it", entry.kernel);
            return Err(Error::other(what).hint(
                "`bqcred kernel list` shows what it reads; `bqcred kernel uninstall` restores all kernels",
            ));
        }
    }
    Ok(())
}
