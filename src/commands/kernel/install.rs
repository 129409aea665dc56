//! `bqcred kernel install`: assigns a profile to the kernels that the servers here read.

use crate::app::App;
use crate::cli::{KernelInstall, KernelPlace};
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::changes::install::{self, InstallPlan, InstallRequest, RefusedKernel};
use crate::jupyter::changes::kernel_profile::KernelProfile;
use crate::jupyter::changes::restart;
use crate::jupyter::changes::target::Placement;
use crate::jupyter::locate::machine::Machine;
use crate::output::error::{Kind, Result};
use crate::output::notes::Notes;
use crate::output::ui::{self, Output};

use super::show_errors;

pub(crate) fn run(args: &KernelInstall, app: &App) -> Result<Output> {
    let (name, profile) = app.profile()?;
    let kernel_profile = KernelProfile::new(app, name.clone(), &profile, args.exec)?;
    ui::show(describe_missing_project(args, app, &name, &profile));

    let machine = Machine::here(&app.paths.home);
    let servers = machine.servers();
    ui::show(install::describe_servers(&servers));
    let plan = install::plan(&servers, &kernel_profile, &request(args))?;
    let refused = describe_refused(&plan.refused);
    let code_of_refused = if plan.refused.is_empty() { 0 } else { Kind::Other.code() };
    if args.dry_run {
        ui::show(refused);
        let code = show_errors(&plan.errors).max(code_of_refused);
        return Ok(Output::for_people(&describe_plan(&plan)).with_code(code));
    }

    let mut report = install::apply(plan, &kernel_profile, &app.paths);
    ui::show(report.notes);
    report.errors.extend(install::check_read(&machine, &report.kernels).err());
    if machine.in_vs_code() {
        ui::note("VS Code's own Python kernels read no kernelspec: use `bqcred snippet vscode` for them");
    }
    if !report.kernels.is_empty() {
        ui::show(restart::after_install(&kernel_profile, &machine.running_kernels()));
    }
    ui::show(refused);
    Ok(Output::none().with_code(show_errors(&report.errors).max(code_of_refused)))
}

fn request(args: &KernelInstall) -> InstallRequest<'_> {
    InstallRequest {
        kernels: &args.kernels,
        all_languages: args.all,
        placement: match args.place {
            KernelPlace::Auto => Placement::Auto,
            KernelPlace::User => Placement::User,
            KernelPlace::Env => Placement::Environment,
        },
        new_name: args.new_kernel.as_deref(),
    }
}

fn describe_missing_project(args: &KernelInstall, app: &App, name: &ProfileName, profile: &Profile) -> Notes {
    let mut notes = Notes::none();
    if profile.project.is_none() && !args.exec {
        notes.add(format!(
            "profile {name} has no project, and Python needs one: `{}`, then `bqcred kernel sync`",
            app.project_command(name)
        ));
    }
    notes
}

fn describe_plan(plan: &InstallPlan) -> String {
    plan.changes
        .iter()
        .map(|planned| format!("{}: {}\n", planned.entry.kernel, planned.change.describe_plan()))
        .collect()
}

fn describe_refused(refused: &[RefusedKernel]) -> Notes {
    let mut notes = Notes::none();
    for RefusedKernel { kernel, obstacle } in refused {
        notes.add(format!("kernel {kernel} is not changed: {}", obstacle.describe()));
        notes.detail(format!("instead: {}", obstacle.alternative()));
    }
    notes
}
