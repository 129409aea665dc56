//! `bqcred kernel install`: assigns a profile to the kernels that the servers here read.

use crate::app::App;
use crate::cli::{KernelInstall, KernelPlace};
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::limits::Limits;
use crate::jupyter::changes::install::{self, InstallPlan, InstallRequest, RefusedKernel};
use crate::jupyter::changes::kernel_profile::{KernelProfile, Way};
use crate::jupyter::changes::obstacle::Obstacle;
use crate::jupyter::changes::restart;
use crate::jupyter::changes::target::Placement;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::servers::Servers;
use crate::output::error::{Kind, Result};
use crate::output::notes::Notes;
use crate::output::ui::{self, Output};

use super::show_errors;

pub(crate) fn run(args: &KernelInstall, app: &App) -> Result<Output> {
    let (name, profile) = app.profile()?;
    let machine = Machine::here(&app.paths.home);
    let servers = machine.servers();
    let way = way(args, app, &servers)?;
    let no_project = describe_missing_project(args, app, &name, &profile);
    let (kernel_profile, notes) = KernelProfile::new(app, name, profile, &way)?;
    ui::show(notes);
    ui::show(no_project);
    ui::show(install::describe_servers(&servers));
    let mut plan = install::plan(&servers, &kernel_profile, &request(args))?;
    ui::show(std::mem::take(&mut plan.notes));
    let refused = describe_refused(&plan.refused, &kernel_profile);
    // a kernel that nobody asked for is no failure if no change of it would help
    let is_failure = |refused: &RefusedKernel| {
        !kernels(args).is_empty() || !matches!(refused.obstacle, Obstacle::Barrier(_))
    };
    let code_of_refused = if plan.refused.iter().any(is_failure) { Kind::Other.code() } else { 0 };
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

fn way(args: &KernelInstall, app: &App, servers: &Servers) -> Result<Way> {
    if args.token_only {
        return Ok(Way::Exec(Some(Limits::new(&args.scopes, args.acting_as.clone())?)));
    }
    Ok(match args.exec {
        true => Way::Exec(None),
        false => Way::Variables(servers.inherited(&app.paths)),
    })
}

/// The kernels that are asked for.
fn kernels(args: &KernelInstall) -> &[String] {
    if args.kernels.is_empty() { &args.kernel } else { &args.kernels }
}

fn request(args: &KernelInstall) -> InstallRequest<'_> {
    InstallRequest {
        kernels: kernels(args),
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
    if profile.project.is_none() && !args.exec && !args.token_only {
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

fn describe_refused(refused: &[RefusedKernel], profile: &KernelProfile) -> Notes {
    let mut notes = Notes::none();
    for RefusedKernel { kernel, obstacle } in refused {
        notes.add(format!("kernel {kernel} is not changed: {}", obstacle.describe()));
        let lines = obstacle.alternative(profile);
        let mut lead = "instead: ";
        lines.iter().for_each(|line| notes.detail(format!("{}{line}", std::mem::take(&mut lead))));
    }
    notes
}
