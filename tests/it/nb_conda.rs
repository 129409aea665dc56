//! nb_conda_kernels: a server that lists the kernels of all conda environments under its own names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::common::{self, missing, python_of, skipped, write_program};
use crate::jupyter::{JupyterServer, Scene, Server, TOKEN};
use serde_json::{Value, json};

const SPEC: &str = "{\"argv\": [\"python\", \"-m\", \"ipykernel_launcher\", \"-f\", \"{connection_file}\"], \"display_name\": \"Python 3\", \"language\": \"python\"}";

/// Prints the credential that a kernel was given, and the Python that it is.
const ASK: &str =
    "import os, sys; print(os.environ.get('GOOGLE_APPLICATION_CREDENTIALS', 'none'), sys.prefix)";

/// A machine with a stand-in for conda: its base is the scene's Python; environments are made without conda, which
/// would need its own channels.
struct Conda {
    scene: Scene,
    adc: PathBuf,
}

impl Conda {
    fn new() -> Option<Self> {
        let Some(python) = python_of("BQCRED_TEST_VENV", &["jupyter_server", "ipykernel"]) else {
            missing("a virtual environment with jupyter_server and ipykernel (BQCRED_TEST_VENV)");
            return None;
        };
        let scene = Scene::new(Server::Venv, &python);
        let manager =
            json!({"ServerApp": {"kernel_spec_manager_class": "nb_conda_kernels.CondaKernelSpecManager"}});
        scene.write("{prefix}/etc/jupyter/jupyter_config.json", &manager.to_string());
        scene.write("{prefix}/conda-meta/history", "");
        scene.write("{prefix}/bin/activate", "export CONDA_PREFIX=\"$1\" PATH=\"$1/bin:$PATH\"\n");
        let adc = scene.profile("default");
        let conda = Conda { scene, adc };
        conda.environment("{prefix}/envs/science", &["python3", "ir"]);
        conda.environment("{home}/.conda/envs/science", &["python3"]);
        conda.environment("{home}/work/odd name", &["python3", "special"]);
        conda.scene.write(
            "{home}/.conda/environments.txt",
            &conda.scene.fill("{home}/work/odd name\n{root}/gone\n"),
        );
        conda.scene.write("{home}/.local/share/jupyter/kernels/mine/kernel.json", SPEC);
        // what the real one prints, as far as it is read
        let envs =
            ["{home}/.conda/envs/science", "{home}/work/odd name", "{prefix}", "{prefix}/envs/science"];
        let mut envs: Vec<String> = envs.iter().map(|path| conda.scene.fill(path)).collect();
        envs.sort();
        let info = json!({"conda_prefix": conda.scene.prefix, "envs": envs, "envs_dirs": [conda.scene.fill("{prefix}/envs")]});
        conda.scene.write("{prefix}/info.json", &info.to_string());
        let script = conda.scene.fill("#!/bin/sh\nexec cat '{prefix}/info.json'\n");
        write_program(&conda.scene.prefix.join("bin/conda"), script.as_bytes());
        Some(conda)
    }

    /// An environment with the packages of the scene's Python, and these kernels.
    fn environment(&self, prefix: &str, kernels: &[&str]) {
        let scene = &self.scene;
        scene.write(&format!("{prefix}/conda-meta/history"), "");
        let config = std::fs::read_to_string(scene.prefix.join("pyvenv.cfg")).unwrap();
        scene.write(&format!("{prefix}/pyvenv.cfg"), &config);
        scene.link("{prefix}/lib", &format!("{prefix}/lib"));
        scene.link("{prefix}/bin/python3", &format!("{prefix}/bin/python"));
        for kernel in kernels {
            scene.write(&format!("{prefix}/share/jupyter/kernels/{kernel}/kernel.json"), SPEC);
        }
    }

    fn env(&self) -> Vec<(String, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jupyter");
        let folder = std::env::var_os("BQCRED_TEST_NB_CONDA_KERNELS").map_or(folder, PathBuf::from);
        let conda = self.scene.prefix.join("bin/conda");
        [("PYTHONPATH", folder), ("CONDA_EXE", conda)]
            .map(|(name, path)| (name.to_owned(), path.to_str().unwrap().to_owned()))
            .into()
    }

    fn bqcred(&self, args: &[&str]) -> common::Run {
        self.scene.invoke(args).envs(self.env()).run()
    }

    /// A new server each time: nb_conda_kernels refreshes once a minute.
    fn server(&self) -> JupyterServer {
        let mut command = self.scene.command(self.scene.prefix.join("bin/python3"));
        command.args(["-m", "jupyter_server"]).envs(self.env());
        JupyterServer::of(command)
    }

    fn specs(&self, server: &JupyterServer) -> BTreeMap<String, Value> {
        let specs = self.scene.drive(&["specs", &server.url, TOKEN]);
        specs.as_object().unwrap().iter().map(|(name, spec)| (name.clone(), spec["spec"].clone())).collect()
    }

    /// What a kernel of this server prints.
    fn ask(&self, server: &JupyterServer, kernel: &str) -> String {
        let id = self.scene.drive(&["start", &server.url, TOKEN, kernel]);
        let id = id.as_str().unwrap();
        let answer = self.scene.drive(&["ask", id, ASK]);
        self.scene.drive(&["stop", &server.url, TOKEN, id]);
        answer.as_str().unwrap().trim().to_owned()
    }
}

#[test]
fn list_uses_the_kernel_names_of_the_server() {
    let Some(conda) = Conda::new() else { return };
    if std::env::var_os("BQCRED_TEST_NB_CONDA_KERNELS").is_none() {
        skipped("the real nb_conda_kernels comes from conda's channels only; a stand-in takes its place");
    }
    let names = |pairs: Vec<(String, Value)>| -> BTreeMap<String, Value> {
        pairs.into_iter().map(|(name, spec)| (name, spec["display_name"].clone())).collect()
    };
    let server = conda.server();
    let theirs = names(conda.specs(&server).into_iter().collect());
    let list = conda.bqcred(&["kernel", "list", "--json"]).success().json();
    let kernels = list["servers"][0]["kernels"].as_array().unwrap();
    let ours = names(
        kernels.iter().map(|kernel| (kernel["name"].as_str().unwrap().to_owned(), kernel.clone())).collect(),
    );
    assert_eq!(ours, theirs);
    for name in [
        "conda-base-py",
        "conda-env-science-py",
        "conda-env-science-r",
        "conda-env-.conda-science-py",
        "mine",
    ] {
        assert!(theirs.contains_key(name), "{name}: {theirs:#?}");
    }
    assert!(theirs.contains_key("conda-env-odd_name-special"), "{theirs:#?}");
}

#[test]
fn install_that_the_server_would_ignore_is_refused_with_a_hint() {
    let Some(conda) = Conda::new() else { return };
    let adc = conda.adc.to_str().unwrap();
    // this has no effect: the usual name still means the environment's own file
    let shadow =
        json!({"argv": ["python"], "display_name": "x", "env": {"GOOGLE_APPLICATION_CREDENTIALS": adc}});
    for name in ["python3", "conda-base-py"] {
        conda
            .scene
            .write(&format!("{{home}}/.local/share/jupyter/kernels/{name}/kernel.json"), &shadow.to_string());
    }
    let server = conda.server();
    assert_eq!(conda.specs(&server)["conda-base-py"]["env"], json!({}));
    for name in ["python3", "conda-base-py"] {
        std::fs::remove_dir_all(conda.scene.user_spec(name).parent().unwrap()).unwrap();
    }
    drop(server);

    for kernel in ["conda-base-py", "conda-env-science-py"] {
        let run = conda.bqcred(&["kernel", "install", "--kernel", kernel, "--where", "user"]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(run.stderr.contains("nb_conda_kernels"), "{}", run.stderr);
        assert!(run.stderr.contains("`bqcred kernel install --where env`"), "{}", run.stderr);
        assert!(!conda.scene.user_spec(kernel).exists());
        conda.bqcred(&["kernel", "install", "--kernel", kernel, "--where", "env"]).success();
    }
    let server = conda.server();
    let prefix = conda.scene.prefix.display();
    assert_eq!(conda.ask(&server, "conda-base-py"), format!("{adc} {prefix}"));
    assert_eq!(conda.ask(&server, "conda-env-science-py"), format!("{adc} {prefix}/envs/science"));
}

#[test]
fn kernels_of_all_environments_are_installed_and_uninstalled() {
    let Some(conda) = Conda::new() else { return };
    let base = std::fs::read_to_string(conda.scene.spec("python3")).unwrap();
    conda.bqcred(&["kernel", "install", "--exec"]).success();
    let server = conda.server();
    for (name, spec) in conda.specs(&server) {
        let wrapped = spec["argv"].as_array().unwrap().iter().any(|word| word == "--always-start");
        assert_eq!(wrapped, spec["language"] == "python" || spec["language"] == "R", "{name}: {spec:#}");
    }
    // with conda's activation and bqcred's wrapper the environment's Python still runs
    let answer = conda.ask(&server, "conda-env-odd_name-py");
    let home = conda.scene.sandbox.home();
    assert!(answer.starts_with("/proc/"), "{answer}");
    assert!(answer.ends_with(&format!(" {}", home.join("work/odd name").display())), "{answer}");
    drop(server);
    let run = conda.bqcred(&["kernel", "uninstall"]).success();
    assert!(run.stderr.contains("kernel conda-env-science-r: "), "{}", run.stderr);
    assert_eq!(std::fs::read_to_string(conda.scene.spec("python3")).unwrap(), base);
    for folder in ["{prefix}/envs/science", "{home}/.conda/envs/science", "{home}/work/odd name"] {
        let file = conda.scene.fill(&format!("{folder}/share/jupyter/kernels/python3/kernel.json"));
        assert_eq!(std::fs::read_to_string(file).unwrap(), SPEC, "{folder}");
    }
}
