//! A Jupyter server itself: its plugins run in the server, where no kernelspec counts. Shown with Google's own BigQuery
//! plugin.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::common::{Google, PERSON, find_program, missing, python_of};
use crate::double::{Metadata, metadata};
use crate::jupyter::{JupyterServer, Scene, Server, TOKEN};

const CONFIG: &str = "{home}/.jupyter/jupyter_server_config.py";

/// Python with Jupyter, and the folder of the plugin.
fn programs() -> Option<(PathBuf, PathBuf)> {
    let python = python_of("BQCRED_TEST_VENV", &["jupyter_server", "ipykernel", "google.cloud.bigquery"]);
    let plugins = python.as_ref().and_then(|python| {
        let library = python.ancestors().nth(3)?.join("plugins/lib").read_dir().ok()?.next()?.ok()?;
        Some(library.path().join("site-packages"))
            .filter(|path| path.join("bigquery_jupyter_plugin").is_dir())
    });
    if python.is_none() || plugins.is_none() || find_program("curl").is_none() {
        missing("curl, jupyter_server (BQCRED_TEST_VENV), or the plugins beside it");
    }
    python.zip(plugins)
}

/// A machine with a metadata server, where a user has signed in, and a server with the plugin.
struct Machine {
    scene: Scene,
    plugins: PathBuf,
    // dropped last: it checks its log
    google: Google,
    metadata: Metadata,
}

impl Machine {
    fn new(scopes: &[&str]) -> Option<Machine> {
        let (python, plugins) = programs()?;
        let google = Google::start();
        let metadata = google.metadata_server();
        let scene = Scene::new(Server::Venv, &python);
        scene.sandbox.link("bqcred", Path::new(env!("CARGO_BIN_EXE_bqcred")));
        scene.sandbox.login(&google, PERSON, &[&["--project", "p1"], scopes].concat()).success();
        Some(Machine { scene, plugins, google, metadata })
    }

    /// A server, in which these variables are set.
    fn start(&self, variables: &[(&str, &str)]) -> JupyterServer {
        // the system gives the start of a process to the second: a file as new as that may count as changed after it
        if let Ok(config) = std::fs::File::options().write(true).open(self.scene.fill(CONFIG)) {
            config.set_modified(SystemTime::now() - Duration::from_secs(10)).unwrap();
        }
        let mut command = self.scene.command(self.scene.prefix.join("bin/python3"));
        command.args(["-m", "jupyter_server"]).envs(self.google.env()).envs(self.metadata.env());
        command.arg("--ServerApp.jpserver_extensions={\"bigquery_jupyter_plugin\": True}");
        command.env("PYTHONPATH", &self.plugins).envs(variables.iter().copied());
        JupyterServer::of(command)
    }

    /// Whom the plugin shows. It waits 10 s for Google, and then shows nobody.
    fn config(&self, server: &JupyterServer) -> Value {
        let mut shown = self.plugin(server, "config");
        for _ in 0..5 {
            if !shown["principal"].is_null() {
                break;
            }
            shown = self.plugin(server, "config");
        }
        shown
    }

    /// What the plugin answers.
    fn plugin(&self, server: &JupyterServer, what: &str) -> Value {
        let address = format!("{}bigquery-jupyter-plugin/{what}", server.url);
        let header = format!("Authorization: token {TOKEN}");
        // the server names its address a moment before it listens
        let patient = ["-s", "--retry", "30", "--retry-connrefused", "--retry-delay", "1"];
        let words = [&patient[..], &["-H", &header, &address]].concat();
        let run = self.scene.sandbox.program(find_program("curl").unwrap(), &words);
        run.run().success().json()
    }

    fn bqcred(&self, words: &[&str]) -> crate::common::Run {
        self.scene.invoke(words).envs(self.google.env()).envs(self.metadata.env()).run()
    }

    /// What doctor says of this server.
    fn doctor(&self, server: &JupyterServer) -> Value {
        let report = self.bqcred(&["doctor", "--json"]).json();
        let servers = report["servers"].as_array().unwrap();
        servers
            .iter()
            .find(|found| found["pid"] == server.pid())
            .unwrap_or_else(|| panic!("{report:#}"))
            .clone()
    }

    /// Whether it is the user whose name the plugin shows and whose projects it lists, and doctor knows it.
    #[track_caller]
    fn assert_is_the_user(&self, server: &JupyterServer) {
        let shown = self.config(server);
        assert_eq!((&shown["principal"], &shown["project"]), (&json!(PERSON), &json!("p1")), "{shown:#}");
        self.google.take_requests();
        let projects = self.plugin(server, "projects");
        assert!(projects["projects"].as_array().is_some_and(|list| !list.is_empty()), "{projects:#}");
        let asked = self.google.take_requests();
        let list = asked.iter().find(|request| request.path == "/v1/projects").unwrap();
        assert_eq!(list.identity.as_deref(), Some(PERSON));
        let found = self.doctor(server);
        assert_eq!(found["plugins"]["account"], PERSON, "{found:#}");
        assert_eq!((&found["plugins"]["is_you"], &found["needs_restart"]), (&json!(true), &json!(false)));
    }
}

#[test]
fn the_snippet_makes_the_plugins_run_as_the_user() {
    let Some(machine) = Machine::new(&["--scopes", "cloud-platform"]) else { return };
    let server = machine.start(&[]);
    let shown = machine.config(&server);
    assert_eq!(shown["principal"], metadata::ACCOUNT, "the control: without the snippet it is the VM");
    let found = machine.doctor(&server);
    assert_eq!(found["plugins"]["identity"], "vm_service_account", "{found:#}");
    assert_eq!(found["plugins"]["fix"], "bqcred snippet jupyter-server");

    let printed = machine.bqcred(&["snippet", "jupyter-server"]).success();
    let config = machine.scene.fill(CONFIG);
    let pid = server.pid().to_string();
    let printed = printed.says(&config).says(&format!("restart the server (process {pid})"));
    assert!(!printed.stderr.contains("lists projects only"), "{}", printed.stderr);
    machine
        .scene
        .write(CONFIG, &format!("c = get_config()\nc.ServerApp.allow_root = True\n{}", printed.stdout));
    let found = machine.doctor(&server);
    assert_eq!(found["needs_restart"], true, "{found:#}");
    assert_eq!(found["plugins"]["identity"], "vm_service_account", "{found:#}");
    let text = machine.bqcred(&["doctor"]).stdout;
    assert!(text.contains(&format!("process {pid}")) && text.contains("restart it: "), "{text}");
    drop(server);

    let server = machine.start(&[]);
    machine.assert_is_the_user(&server);
    let text = machine.bqcred(&["doctor"]).stdout;
    assert!(!text.contains("the Jupyter server"), "its kernels inherit the credential:\n{text}");
    // a kernel without a kernelspec of bqcred's
    let kernel = machine.scene.drive(&["start", &server.url, TOKEN, "python3"]);
    let code = "import os; print(os.environ['GOOGLE_APPLICATION_CREDENTIALS'])";
    let said = machine.scene.drive(&["ask", kernel.as_str().unwrap(), code]);
    assert_eq!(said.as_str().unwrap().trim(), machine.scene.sandbox.adc("default").to_str().unwrap());
}

#[test]
fn the_drop_in_makes_the_plugins_run_as_the_user() {
    let Some(machine) = Machine::new(&["--scopes", "cloud-platform"]) else { return };
    let printed = machine.bqcred(&["snippet", "jupyter-server", "--systemd"]).success();
    let printed = printed
        .says("/etc/systemd/system/jupyter.service.d/bqcred.conf")
        .says("sudo systemctl daemon-reload && sudo systemctl restart jupyter.service");
    let mut lines = printed.stdout.lines().skip_while(|line| line.starts_with('#'));
    assert_eq!(lines.next(), Some("[Service]"));
    let variables: Vec<(&str, &str)> = lines
        .map(|line| line.strip_prefix("Environment=\"").and_then(|rest| rest.strip_suffix('"')).unwrap())
        .map(|line| line.split_once('=').unwrap())
        .collect();
    let server = machine.start(&variables);
    machine.assert_is_the_user(&server);
}

/// The lines replace what the environment has of another profile.
#[test]
fn the_snippet_names_what_the_plugin_lacks_and_removes_what_another_profile_left() {
    let Some(machine) = Machine::new(&[]) else { return };
    let printed =
        machine.bqcred(&["snippet", "jupyter-server"]).success().says("bqcred login --scopes cloud-platform");
    machine.scene.write(CONFIG, &printed.stdout);
    let left = [("BQCRED_PROFILE", "other"), ("GOOGLE_CLOUD_QUOTA_PROJECT", "of-another")];
    let server = machine.start(&left);
    let shown = machine.config(&server);
    assert_eq!((&shown["principal"], &shown["project"]), (&json!(PERSON), &json!("p1")), "{shown:#}");
    let found = machine.doctor(&server);
    assert_eq!(found["plugins"]["account"], PERSON, "{found:#}");
    machine.bqcred(&["snippet", "python", "--systemd"]).fails(2).says("--systemd is for jupyter-server");
}
