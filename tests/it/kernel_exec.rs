//! A kernel started through `bqcred exec`, or `exec --token-only`, behaves like any other kernel: interrupt, restart,
//! restart after SIGKILL, shutdown, a killed server; for Python and for R.
#![cfg(target_os = "linux")]

use crate::common::{Google, PERSON, find_program, missing, python_of};
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

/// The same, with a profile that gets tokens.
fn scene_with_login(google: &Google) -> Option<Scene> {
    let scene = scene()?;
    std::fs::remove_dir_all(scene.sandbox.data("default")).unwrap();
    scene.sandbox.login(google, PERSON, &["--project", "p1"]).success();
    Some(scene)
}

fn server_at(scene: &Scene, google: &Google) -> JupyterServer {
    let mut command = scene.command(scene.prefix.join("bin/python3"));
    command.args(["-m", "jupyter_server"]).envs(google.env());
    JupyterServer::of(command)
}

/// The lifecycle of a kernel with `--token-only`.
fn lives_with_tokens(scene: &Scene, google: &Google, kernel: &str, language: &str) {
    scene.bqcred(&["kernel", "install", kernel, "--token-only"]).success();
    let server = server_at(scene, google);
    let found = scene.drive(&["life", &server.url, TOKEN, kernel, language]);
    for (name, value) in found.as_object().unwrap() {
        match name.as_str() {
            "credential" => {
                let file = value.as_str().unwrap();
                assert!(file.contains("external_account_authorized_user"), "{file}");
                assert!(google.valid_tokens(PERSON).iter().all(|token| !file.contains(token)));
            }
            _ => assert_eq!(value, true, "{name}: {found:#?}"),
        }
    }
}

/// Compares the lifecycle of a kernel without and with `--exec`.
fn lives(scene: &Scene, kernel: &str, language: &str) {
    let server = JupyterServer::start(scene);
    let mut found = Vec::new();
    for extra in [&[][..], &["--exec"][..]] {
        scene.bqcred(&[&["kernel", "install", kernel], extra].concat()).success();
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
fn python_kernel_lifecycle_with_tokens_only() {
    let google = Google::start();
    let Some(scene) = scene_with_login(&google) else { return };
    lives_with_tokens(&scene, &google, "python3", "python");
    let server = server_at(&scene, &google);
    let kernel = scene.drive(&["start", &server.url, TOKEN, "python3"]);
    let pid = scene.drive(&["ask", kernel.as_str().unwrap(), "import os; print(os.getpid())"]);
    let listed = scene.bqcred(&["kernel", "list", "--json"]).json();
    let running = listed["running_kernels"].as_array().unwrap();
    assert_eq!(running.len(), 1, "bqcred itself is none: {running:?}");
    assert_eq!(running[0]["pid"].to_string(), pid.as_str().unwrap().trim());
    assert_eq!((&running[0]["state"], &running[0]["profile"]), (&"current".into(), &"default".into()));
    assert!(running[0]["token_only"].is_object(), "{running:?}");
    let doctor = scene.invoke(&["doctor", "--offline"]).envs(google.env()).run();
    assert!(!doctor.stdout.contains("running kernel"), "{}", doctor.stdout);
}

#[test]
fn r_kernel_lifecycle_with_tokens_only() {
    let google = Google::start();
    let Some(scene) = scene_with_login(&google) else { return };
    if !std::path::Path::new("/usr/share/jupyter/kernels/ir/kernel.json").is_file()
        || find_program("R").is_none()
    {
        return missing("R with IRkernel");
    }
    scene.sandbox.link_program("R");
    lives_with_tokens(&scene, &google, "ir", "r");
}

#[test]
fn killed_server_leaves_no_orphan_kernel() {
    let google = Google::start();
    let Some(scene) = scene_with_login(&google) else { return };
    for extra in [&[][..], &["--exec"][..], &["--token-only"][..]] {
        scene.bqcred(&[&["kernel", "install", "python3"], extra].concat()).success();
        let server = server_at(&scene, &google);
        let pid = server.pid().to_string();
        assert_eq!(scene.drive(&["orphan", &server.url, TOKEN, "python3", &pid]), true, "{extra:?}");
    }
}

#[test]
fn kernel_starts_without_a_credential() {
    let ask = "import google.auth\ntry:\n    print(google.auth.default())\nexcept Exception as e:\n    print(type(e).__name__, e)";
    for way in ["--exec", "--token-only"] {
        let Some(scene) = scene() else { return };
        scene.bqcred(&["kernel", "install", "python3", way]).success();
        std::fs::remove_file(scene.sandbox.adc("default")).unwrap();
        let answer = scene.drive(&["run", "python3", ask]);
        let said = answer.as_str().unwrap();
        assert!(said.starts_with("DefaultCredentialsError"), "{way}: it fails, and loudly: {said}");
        assert!(said.contains("not signed in"), "{way}: {said}");
    }
}
