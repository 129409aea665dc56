//! Kernels that run already: whether they have what their kernelspec gives to new ones.

use serde_json::{Value, json};

use crate::app::App;
use crate::credential::profile_name::ProfileName;
use crate::handover::variables;
use crate::jupyter::kernelspec::edit;
use crate::jupyter::locate::config::Config;
use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::servers::Discovery;
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::running::Running;
use crate::output::ui;

/// The running kernels, as a table.
pub(crate) fn table(app: &App, discovery: &Discovery, running: &[Running]) -> String {
    let mut rows = vec![["RUNNING", "LANGUAGE", "PROFILE", "STATE"].map(str::to_owned).to_vec()];
    for kernel in running {
        let profile = var(kernel, variables::PROFILE).unwrap_or("-");
        let words = match is_current(app, discovery, kernel) {
            Some(true) => "ok",
            Some(false) => "old environment: Kernel > Shut Down Kernel, then Kernel > Restart Kernel",
            None => "-",
        };
        rows.push(vec![
            kernel.pid.to_string(),
            kernel.language.unwrap_or("-").to_owned(),
            profile.to_owned(),
            words.to_owned(),
        ]);
    }
    ui::table(&rows)
}

fn var<'a>(kernel: &'a Running, name: &str) -> Option<&'a str> {
    kernel.vars.get(name).and_then(Option::as_deref)
}

/// Whether a running kernel has what its kernelspec gives to a new one; none for a kernel that has no profile
/// and needs none.
fn is_current(app: &App, discovery: &Discovery, kernel: &Running) -> Option<bool> {
    let Some(profile) = var(kernel, variables::PROFILE) else {
        return was_changed_since(discovery, kernel).then_some(false);
    };
    let name = ProfileName::parse(profile).ok()?;
    let credential = var(kernel, variables::ADC);
    // `exec` hands it over in the kernel's own file descriptor
    let own = credential.is_some_and(|path| path.starts_with(&format!("/proc/{}/fd/", kernel.pid)));
    Some(own || credential.is_some_and(|path| app.paths.adc(&name).to_str() == Some(path)))
}

/// Whether all kernelspecs that a running kernel may have been started from give it a profile now. A process
/// does not tell its kernelspec: it can be each of the same language and the same Python.
fn was_changed_since(discovery: &Discovery, kernel: &Running) -> bool {
    let mut possible = discovery.found.iter().flat_map(|found| {
        let kernels = found.context.kernels(&Config::of(&found.context));
        kernels.into_iter().filter(|spec| may_be(spec, &found.context, kernel))
    });
    let Some(first) = possible.next() else { return false };
    std::iter::once(first).chain(possible).all(|spec| edit::marker(&spec.text).is_some())
}

fn may_be(kernel: &Kernel, context: &Context, running: &Running) -> bool {
    let Ok(spec) = &kernel.spec else { return false };
    match running.language {
        Some("R") => spec.is_r(),
        Some(_) if spec.is_python() => kernel.python(context).is_some_and(|python| python == running.program),
        _ => false,
    }
}

/// A running kernel, for programs.
pub(crate) fn json(app: &App, discovery: &Discovery, kernel: &Running) -> Value {
    json!({
        "pid": kernel.pid,
        "language": kernel.language,
        "profile": var(kernel, variables::PROFILE),
        "credentials": var(kernel, variables::ADC),
        "current": is_current(app, discovery, kernel),
    })
}
