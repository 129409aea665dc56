//! A Jupyter server itself: lines for its configuration, or a drop-in for the systemd service that runs it. Plugins run
//! in the server and not in a kernel, and no kernelspec reaches them.

use super::Pasted;
use crate::app::App;
use crate::credential::profile_name::ProfileName;
use crate::handover::ready;
use crate::handover::variables::{self, VariableSet};
use crate::jupyter::cell::python_removal;
use crate::jupyter::changes::kernel_profile::lasting_variables;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::servers::RunningServer;
use crate::jupyter::server_variables;
use crate::oauth::scopes;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::output::shell_word::shell_word;

/// The service of Workbench's servers.
const USUAL_UNIT: &str = "jupyter.service";

/// `systemd`: the drop-in and not the lines.
pub(super) fn snippet(systemd: bool, app: &App) -> Result<Pasted> {
    let (name, profile) = app.profile()?;
    let mut ready = ready::for_good(app, name, profile)?;
    let mut advice = std::mem::take(&mut ready.notes);
    let which = VariableSet { guard: true, gcloud: false };
    let vars = lasting_variables(variables::set(&ready.name, &ready.profile, &ready.adc, which))?;
    let servers = Machine::here(&app.paths.home).running_servers();
    let text = match systemd {
        true => drop_in(ready.name.as_str(), &vars)?,
        false => {
            let removal = format!("import os\n{}", python_removal(app, &ready.name, &vars));
            server_variables::lines(ready.name.as_str(), &removal, &vars)
        }
    };
    match systemd {
        true => advise_on_service(&servers, &mut advice),
        false => advise_on_config(app, &ready.name, &servers, &mut advice),
    }
    let who = ready.profile.who();
    advice.add(format!(
        "it, its plugins, its terminals and the kernels that it starts from then on run as {who}"
    ));
    ready.about_r_kernels(app).into_iter().for_each(|about_r| advice.add(about_r));
    let known = &ready.profile.scopes;
    if !known.is_empty() && !known.iter().any(|scope| scope == scopes::CLOUD_PLATFORM) {
        advice.add(format!(
            "bigquery-jupyter-plugin lists projects only with the scope cloud-platform, which profile {} doesn't have: \
             `{}`",
            ready.name,
            app.login_command_for(&ready.name, &ready.profile, &[scopes::CLOUD_PLATFORM])
        ));
    }
    Ok(Pasted { text, advice })
}

/// The file that a running server reads, else the one that a new server will read.
fn advise_on_config(app: &App, name: &ProfileName, servers: &[RunningServer], advice: &mut Notes) {
    let first = servers.first();
    let folder = first.and_then(|server| server.context.config_dir());
    let file = folder.unwrap_or_else(|| app.paths.home.join(".jupyter")).join("jupyter_server_config.py");
    let restart = match servers {
        [] => "then start the Jupyter server".to_owned(),
        servers => {
            format!("then restart {}, which ends its kernels: save the notebooks first", named(servers))
        }
    };
    advice.add(format!("add this to {}, {restart}", shell_word(&file)));
    if let Some(unit) = servers.iter().find_map(|server| server.unit.as_deref()) {
        advice.add(format!(
            "systemd runs that server: `sudo systemctl restart {unit}`, or `{}` for a drop-in in place of these lines",
            app.command("snippet jupyter-server --systemd", name)
        ));
    }
}

fn advise_on_service(servers: &[RunningServer], advice: &mut Notes) {
    let unit = servers.iter().find_map(|server| server.unit.as_deref()).unwrap_or(USUAL_UNIT);
    advice.add(format!(
        "save this as /etc/systemd/system/{unit}.d/bqcred.conf, with sudo; the service has to run as you (its User=)"
    ));
    advice.add(format!(
        "then `sudo systemctl daemon-reload && sudo systemctl restart {unit}`, which ends its kernels: save the notebooks \
         first"
    ));
}

fn named(servers: &[RunningServer]) -> String {
    let pids: Vec<String> = servers.iter().map(|server| server.pid.to_string()).collect();
    match pids.as_slice() {
        [pid] => format!("the server (process {pid})"),
        pids => format!("the servers (processes {})", pids.join(", ")),
    }
}

/// systemd.unit(5) and systemd.exec(5): `%` begins a specifier; in double quotes a backslash goes before `"` and `\`.
fn drop_in(profile: &str, vars: &[(String, String)]) -> Result<String> {
    let mut text =
        format!("# Printed by `bqcred snippet jupyter-server --systemd`: profile {profile}\n[Service]\n");
    for (name, value) in vars {
        if value.chars().any(char::is_control) {
            return Err(Error::usage(format!(
                "the value of {name} can't be written to a unit of systemd: it holds a control character"
            ))
            .hint("leave out --systemd: then it prints lines for the server's configuration"));
        }
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
        text += &format!("Environment=\"{name}={value}\"\n");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_a_drop_in_mean_themselves() {
        let text = drop_in("work", &[("A".to_owned(), "/h/50% \"x\" \\$".to_owned())]).unwrap();
        assert!(text.ends_with("[Service]\nEnvironment=\"A=/h/50%% \\\"x\\\" \\\\$\"\n"), "{text}");
        assert!(drop_in("work", &[("A".to_owned(), "a\nb".to_owned())]).is_err());
    }
}
