//! Planning: which kernels of each server are meant, and which change gives each the profile.

use std::path::Path;

use super::{InstallPlan, InstallRequest, PlannedChange, RefusedKernel};
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::limits::Limits;
use crate::jupyter::changes::kernel_profile::{self, KernelProfile};
use crate::jupyter::changes::obstacle::Obstacle;
use crate::jupyter::changes::record::Entry;
use crate::jupyter::changes::sharing;
use crate::jupyter::changes::target::{self, Target};
use crate::jupyter::kernelspec::file_change;
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::servers::{Server, Servers};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;

/// Plans the changes for every server that [`Servers::to_change`] gives.
pub(crate) fn plan(
    servers: &Servers,
    profile: &KernelProfile,
    request: &InstallRequest<'_>,
) -> Result<InstallPlan> {
    let mut plan = InstallPlan::default();
    for server in servers.to_change() {
        let kernels = server.kernels();
        for kernel in choose(&kernels, request)? {
            match choose_target(server, &kernels, kernel, profile, request) {
                Ok((source, target)) => {
                    plan.notes.append(sharing::describe(servers, &server.context, source, &target));
                    plan.notes.append(describe_loss(kernel, source, profile));
                    match plan_change(server, source, target, profile, request.new_name) {
                        Ok(change) => plan.add(change),
                        Err(error) => plan.errors.push(error),
                    }
                }
                Err(obstacle) => {
                    plan.refused.push(RefusedKernel { kernel: kernel.name.clone(), obstacle });
                }
            }
        }
    }
    Ok(plan)
}

impl InstallPlan {
    fn add(&mut self, planned: PlannedChange) {
        if !self.changes.iter().any(|other| other.entry.file == planned.entry.file) {
            self.changes.push(planned);
        }
    }
}

/// The kernels to change: those named, else the usable ones.
fn choose<'a>(kernels: &'a [Kernel], request: &InstallRequest<'_>) -> Result<Vec<&'a Kernel>> {
    if request.kernels.is_empty() {
        return choose_usable(kernels, request);
    }
    if request.new_name.is_some() && request.kernels.len() > 1 {
        return Err(Error::usage("--new-kernel makes one kernel, so it takes the name of one kernel"));
    }
    let find = |name: &String| {
        let found = kernels.iter().find(|kernel| kernel.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let known: Vec<&str> = kernels.iter().map(|kernel| kernel.name.as_str()).collect();
            let what = format!("there is no kernel {name:?} here; the kernels are: {}", known.join(", "));
            Error::new(Kind::Missing, what).hint("`bqcred kernel list`")
        })
    };
    request.kernels.iter().map(find).collect()
}

fn choose_usable<'a>(kernels: &'a [Kernel], request: &InstallRequest<'_>) -> Result<Vec<&'a Kernel>> {
    let usable = |kernel: &&Kernel| {
        kernel.is_listed()
            && kernel.spec.as_ref().is_ok_and(|spec| spec.flaw.is_none())
            && (request.all_languages || kernel.is_for_python_or_r())
    };
    let mut chosen: Vec<&Kernel> = kernels.iter().filter(usable).collect();
    if request.new_name.is_some() {
        chosen.retain(|kernel| kernel.name == "python3");
    }
    if chosen.is_empty() {
        return Err(Error::new(Kind::Missing, "no kernel for Python or R was found here")
            .hint("`bqcred kernel list` shows which directories were searched"));
    }
    Ok(chosen)
}

/// What to write for a kernel, and which kernel's text is changed or copied: a copy that bqcred made under the
/// new name is changed, and not made again.
fn choose_target<'a>(
    server: &Server,
    kernels: &'a [Kernel],
    kernel: &'a Kernel,
    profile: &KernelProfile,
    request: &InstallRequest<'_>,
) -> std::result::Result<(&'a Kernel, Target), Obstacle> {
    let context = &server.context;
    let barrier = kernel.spec.as_ref().ok().and_then(|spec| profile.barrier(&kernel.folder, spec));
    if let Some(barrier) = barrier {
        return Err(Obstacle::Barrier(barrier));
    }
    let Some(name) = request.new_name else {
        return Ok((kernel, target::choose(context, kernel, request.placement)?));
    };
    let Some(known) = kernels.iter().find(|known| known.name.eq_ignore_ascii_case(name)) else {
        return Ok((kernel, Target::Copy(target::folder_for_new(context, name, request.placement)?)));
    };
    let made = known.marker().and_then(|marker| marker.folder);
    if made.is_none_or(|made| !made.renamed || Path::new(&made.from) != kernel.folder) {
        return Err(Obstacle::NameTaken(known.folder.clone()));
    }
    match target::choose(context, known, request.placement)? {
        Target::Patch(file) => Ok((known, Target::Patch(file))),
        Target::Copy(folder) => Ok((kernel, Target::Copy(folder))),
    }
}

fn plan_change(
    server: &Server,
    source: &Kernel,
    target: Target,
    profile: &KernelProfile,
    new_name: Option<&str>,
) -> Result<PlannedChange> {
    let python = source.python(&server.context);
    let python_text = kernel_profile::python_text(python.as_deref())?;
    let assignment = profile.assignment(&python_text);
    let change = match target {
        Target::Patch(file) => file_change::patch(&file, &source.text, &assignment)?,
        Target::Copy(to) => {
            let display_name = new_name.map(|_| display_name(source, &profile.name));
            file_change::copy(&source.folder, &source.text, &to, &assignment, display_name.as_deref())?
        }
    };
    let entry = Entry {
        file: change.file(),
        kernel: new_name.unwrap_or(&source.name).to_owned(),
        profile: profile.name.to_string(),
        exec: profile.is_exec(),
        token_only: profile.token_only().cloned(),
        python,
    };
    let finds_credential = about_r(source, profile).is_none();
    Ok(PlannedChange { change, entry, finds_credential })
}

/// What the kernel does not get by this profile: the limits that it had, a credential that R can read.
fn describe_loss(kernel: &Kernel, source: &Kernel, profile: &KernelProfile) -> Notes {
    let mut notes = Notes::none();
    let name = &kernel.name;
    let marker = source.marker();
    let earlier = marker.as_ref().and_then(|marker| Some((marker.token_only()?, &marker.profile)));
    if let Some((limits, earlier)) = earlier.filter(|(limits, _)| profile.token_only() != Some(limits)) {
        let new = profile.token_only().map_or_else(|| "the whole credential".to_owned(), Limits::describe);
        let options = limits.to_options().join(" ");
        notes.add(format!(
            "kernel {name} was installed as {}; with this it gets {new}; `bqcred kernel install {options} --profile {earlier} {name}` \
             keeps it",
            limits.describe()
        ));
    }
    if let Some(about_r) = about_r(source, profile) {
        notes.add(about_r);
    }
    notes
}

/// Of an R kernel: why it finds no credential by this profile, if so.
fn about_r(kernel: &Kernel, profile: &KernelProfile) -> Option<String> {
    profile.about_r(&kernel.name, kernel.spec.as_ref().ok()?)
}

/// The display name of a copy beside its original. Every notebook that uses the kernel contains it, so it names no
/// account.
fn display_name(kernel: &Kernel, profile: &ProfileName) -> String {
    let original = kernel.spec.as_ref().map_or("", |spec| spec.display_name.as_str());
    let original = original.trim_end_matches(" (ipykernel)");
    match profile.as_str() {
        "default" => format!("{original} (BigQuery)"),
        name => format!("{original} (BigQuery: {name})"),
    }
}
