//! A kernel started through `bqcred exec` behaves like any other kernel: interrupt, restart, restart after
//! SIGKILL, shutdown, a killed server; for Python and for R.
#![cfg(target_os = "linux")]

use crate::common::{find_program, missing, python_of};
use crate::jupyter::{JupyterServer, Scene, Server, TOKEN};

fn scene() -> Option<Scene> {
    let Some(python) = python_of("BQCRED_TEST_VENV", &["jupyter_server", "ipykernel"]) else {
        missing("a virtual environment with jupyter_server and ipykernel (BQCRED_TEST_VENV)");
        return None;
    };
    let scene = Scene::new(Server::Venv, &python);
    scene.profile("default");
    Some(scene)
}

/// Compares the lifecycle of a kernel without and with `--exec`.
fn lives(scene: &Scene, kernel: &str, language: &str) {
    let server = JupyterServer::start(scene);
    let mut found = Vec::new();
    for extra in [&[][..], &["--exec"][..]] {
        scene.bqcred(&[&["kernel", "install", "--kernel", kernel], extra].concat()).success();
        found.push(scene.drive(&["life", &server.url, TOKEN, kernel, language]));
    }
    let (plain, exec) = (&found[0], &found[1]);
    for (name, value) in exec.as_object().unwrap() {
        if name == "credential" {
            let (plain, exec) = (plain[name].as_str().unwrap(), value.as_str().unwrap());
            assert!(plain.starts_with(scene.sandbox.adc("default").to_str().unwrap()), "{plain}");
            assert!(exec.starts_with("/proc/PID/fd/") && exec.contains("refresh_token"), "{exec}");
        } else {
            assert_eq!(value, true, "{name} with --exec: {found:#?}");
            assert_eq!(plain[name], true, "{name} without --exec: {found:#?}");
        }
    }
}

#[test]
fn python_kernel_lifecycle_under_exec() {
    let Some(scene) = scene() else { return };
    lives(&scene, "python3", "python");
}

#[test]
fn r_kernel_lifecycle_under_exec() {
    let Some(scene) = scene() else { return };
    if !std::path::Path::new("/usr/share/jupyter/kernels/ir/kernel.json").is_file()
        || find_program("R").is_none()
    {
        return missing("R with IRkernel");
    }
    scene.sandbox.link_program("R");
    lives(&scene, "ir", "r");
}

#[test]
fn killed_server_leaves_no_orphan_kernel() {
    let Some(scene) = scene() else { return };
    for extra in [&[][..], &["--exec"][..]] {
        scene.bqcred(&[&["kernel", "install", "--kernel", "python3"], extra].concat()).success();
        let server = JupyterServer::start(&scene);
        let pid = server.pid().to_string();
        assert_eq!(scene.drive(&["orphan", &server.url, TOKEN, "python3", &pid]), true, "{extra:?}");
    }
}

#[test]
fn kernel_starts_without_a_credential() {
    let Some(scene) = scene() else { return };
    scene.bqcred(&["kernel", "install", "--kernel", "python3", "--exec"]).success();
    std::fs::remove_file(scene.sandbox.adc("default")).unwrap();
    let ask = "import google.auth\ntry:\n    print(google.auth.default())\nexcept Exception as e:\n    print(type(e).__name__)";
    let answer = scene.drive(&["run", "python3", ask]);
    assert_eq!(answer.as_str().unwrap().trim(), "DefaultCredentialsError", "it fails, and loudly");
}
