//! Real kernels, started by the usual programs, use the credential of the profile.

use std::io::Write as _;
use std::process::Stdio;

use crate::common::{find_program, missing, python_of};
use crate::jupyter::{JupyterServer, Scene, Server, TOKEN};
use serde_json::{Value, json};

const ASK_PYTHON: &str = "import os; print(os.environ.get('GOOGLE_APPLICATION_CREDENTIALS', 'none'))";
const ASK_PID: &str = "import os; print(os.getpid())";
const ASK_R: &str = "cat(Sys.getenv('GOOGLE_APPLICATION_CREDENTIALS', 'none'))";

fn scene(modules: &[&str]) -> Option<Scene> {
    let Some(python) = python_of("BQCRED_TEST_VENV", modules) else {
        missing(&format!("a virtual environment with {} (BQCRED_TEST_VENV)", modules.join(", ")));
        return None;
    };
    Some(Scene::new(Server::Venv, &python))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().trim().to_owned()
}

#[test]
fn python_kernel_uses_the_credential_until_uninstall() {
    let Some(scene) = scene(&["jupyter_client", "ipykernel"]) else { return };
    let adc = scene.profile("default");
    let before = std::fs::read(scene.spec("python3")).unwrap();
    assert_eq!(text(&scene.drive(&["run", "python3", ASK_PYTHON])), "none");
    scene.bqcred(&["kernel", "install"]).success();
    assert_eq!(text(&scene.drive(&["run", "python3", ASK_PYTHON])), adc.to_str().unwrap());
    scene.bqcred(&["kernel", "uninstall"]).success();
    assert_eq!(text(&scene.drive(&["run", "python3", ASK_PYTHON])), "none");
    assert_eq!(std::fs::read(scene.spec("python3")).unwrap(), before);
}

#[test]
fn python3_without_a_kernelspec_file_is_copied() {
    let Some(scene) = scene(&["jupyter_client", "ipykernel"]) else { return };
    let adc = scene.profile("default");
    scene.remove_native();
    scene.bqcred(&["kernel", "install", "python3"]).success();
    assert_eq!(text(&scene.drive(&["run", "python3", ASK_PYTHON])), adc.to_str().unwrap());
    let code = "import sys; print(sys.executable)";
    let python = text(&scene.drive(&["run", "python3", code]));
    assert_eq!(python, scene.prefix.join("bin/python3").to_str().unwrap(), "still the server's Python");
    assert!(scene.spec("python3").with_file_name("logo-64x64.png").is_file(), "with its logo");
    scene.bqcred(&["kernel", "uninstall"]).success();
    assert!(!scene.spec("python3").parent().unwrap().exists());
    assert_eq!(text(&scene.drive(&["run", "python3", ASK_PYTHON])), "none");
}

#[test]
fn r_kernel_uses_the_credential() {
    let Some(scene) = scene(&["jupyter_client"]) else { return };
    let system = std::path::Path::new("/usr/share/jupyter/kernels/ir/kernel.json");
    if !system.is_file() || find_program("R").is_none() {
        return missing("R with IRkernel");
    }
    scene.sandbox.link_program("R");
    let adc = scene.profile("default");
    let before = std::fs::read(system).unwrap();
    scene.bqcred(&["kernel", "install", "ir"]).success();
    assert!(scene.user_spec("ir").is_file(), "the system's spec is shadowed by one of the user's");
    assert_eq!(text(&scene.drive(&["run", "ir", ASK_R])), adc.to_str().unwrap());
    scene.bqcred(&["kernel", "uninstall", "ir"]).success();
    assert_eq!(std::fs::read(system).unwrap(), before);
    assert!(!scene.user_spec("ir").parent().unwrap().exists());
}

#[test]
fn nbclient_and_papermill_use_the_credential() {
    let Some(scene) = scene(&["nbclient", "papermill", "ipykernel"]) else { return };
    let adc = scene.profile("work");
    scene.bqcred(&["kernel", "install", "python3", "--profile", "work"]).success();
    for program in ["nbclient", "papermill"] {
        assert_eq!(text(&scene.drive(&[program, "python3", ASK_PYTHON])), adc.to_str().unwrap(), "{program}");
    }
}

#[test]
fn running_server_is_found_and_new_kernels_use_the_credential() {
    let Some(scene) = scene(&["jupyter_server", "ipykernel"]) else { return };
    let adc = scene.profile("default");
    let adc = adc.to_str().unwrap();
    let server = JupyterServer::start(&scene);
    let url = server.url.as_str();
    let old = text(&scene.drive(&["start", url, TOKEN, "python3"]));
    assert_eq!(text(&scene.drive(&["ask", &old, ASK_PYTHON])), "none");

    // other kernels of this user run as well, those of other tests among them
    let list = || scene.sandbox.bqcred(&["kernel", "list", "--json"]).success().json();
    let listed = |kernel: &str| {
        let pid: u32 = text(&scene.drive(&["ask", kernel, ASK_PID])).trim().parse().unwrap();
        let list = list();
        let mut running = list["running_kernels"].as_array().unwrap().iter();
        running.find(|kernel| kernel["pid"] == pid).unwrap_or_else(|| panic!("{pid}: {list:#}")).clone()
    };
    assert_eq!(listed(&old)["state"], "not_installed", "nothing was changed yet");

    // from a shell that knows nothing of that Python
    let installed = scene.sandbox.bqcred(&["kernel", "install", "python3"]).success();
    assert!(installed.stderr.contains(&format!("process {}", server.pid())), "{}", installed.stderr);
    assert!(installed.stderr.contains("Kernel > Shut Down Kernel, then Kernel > Restart Kernel"));
    let spec = &scene.drive(&["specs", url, TOKEN])["python3"]["spec"];
    assert_eq!(spec["env"]["GOOGLE_APPLICATION_CREDENTIALS"], adc);

    // the kernel that ran before keeps its environment, also when restarted: hence the hint
    scene.drive(&["restart", url, TOKEN, &old]);
    assert_eq!(text(&scene.drive(&["ask", &old, ASK_PYTHON])), "none");
    let new = text(&scene.drive(&["start", url, TOKEN, "python3"]));
    assert_eq!(text(&scene.drive(&["ask", &new, ASK_PYTHON])), adc);

    let servers = list()["servers"].clone();
    let mut servers = servers.as_array().unwrap().iter();
    let found = servers.find(|found| found["pid"] == server.pid()).expect("the server is listed");
    assert_eq!(found["origin"], "running");
    assert_eq!([&listed(&new)["credential_file"], &listed(&new)["state"]], [&json!(adc), &json!("current")]);
    // it runs without what its kernelspec gives now
    assert_eq!(
        [&listed(&old)["credential_file"], &listed(&old)["state"]],
        [&Value::Null, &json!("needs_restart")]
    );

    scene.sandbox.bqcred(&["kernel", "uninstall"]).success();
    let last = text(&scene.drive(&["start", url, TOKEN, "python3"]));
    assert_eq!(text(&scene.drive(&["ask", &last, ASK_PYTHON])), "none");
    for kernel in [old, new, last] {
        scene.drive(&["stop", url, TOKEN, &kernel]);
    }
}

/// What gcloud and Google's libraries make of a kernel's environment.
const ASK_WHO: &str = "import json, os, warnings; warnings.simplefilter('ignore'); import google.auth\n\
    c, project = google.auth.default()\n\
    names = ('CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE', 'CLOUDSDK_CORE_ACCOUNT', 'CLOUDSDK_CORE_PROJECT')\n\
    print(json.dumps([c.refresh_token, project, c.quota_project_id, *(os.environ.get(n) for n in names)]))";

#[test]
fn a_kernel_in_another_profiles_server_uses_its_own_profile() {
    let Some(scene) = scene(&["jupyter_client", "ipykernel", "google.auth"]) else { return };
    let import = |name: &str, options: &[&str]| {
        let text = json!({
            "account": format!("{name}@example.com"), "client_id": "id", "client_secret": "s",
            "refresh_token": format!("token-of-{name}"), "type": "authorized_user",
        });
        let file = scene.sandbox.write("given.json", text.to_string());
        crate::common::set_mode(&file, 0o600);
        let args = ["import", "--profile", name, file.to_str().unwrap()];
        scene.bqcred(&[&args[..], options].concat()).success();
    };
    import("ada", &["--project", "proj-ada"]);
    import("bob", &[]);
    let mut ada = scene.bqcred(&["env", "--gcloud", "--format", "json", "--profile", "ada"]).success().json();
    ada["GOOGLE_CLOUD_QUOTA_PROJECT"] = json!("quota-ada");
    let ada: Vec<(String, String)> =
        ada.as_object().unwrap().iter().map(|(n, v)| (n.clone(), v.as_str().unwrap().to_owned())).collect();
    let ask = || {
        let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jupyter/drive.py");
        let mut command = scene.command(scene.prefix.join("bin/python3"));
        let out = command.arg(script).args(["run", "python3", ASK_WHO]).envs(ada.clone()).output().unwrap();
        let answer: Value = serde_json::from_slice(&out.stdout).unwrap();
        serde_json::from_str::<Value>(&text(&answer)).unwrap()
    };
    assert_eq!(ask()[0], "token-of-ada", "the server's environment, without a change of the kernel");
    // before the server was started, by a shell that knows nothing of it
    scene.bqcred(&["kernel", "install", "python3", "--profile", "bob"]).success();
    let found = ask();
    assert_eq!((&found[0], &found[1], &found[2]), (&json!("token-of-bob"), &Value::Null, &Value::Null));
    assert_eq!(found[3], "", "gcloud takes an empty file for none");
    // afterwards, where the server is seen
    let program = env!("CARGO_BIN_EXE_bqcred");
    let sync = scene.command(program).args(["kernel", "sync"]).envs(ada.clone()).output().unwrap();
    assert!(sync.status.success(), "{sync:?}");
    let found = ask();
    let bobs = scene.sandbox.adc("bob");
    assert_eq!(found[3], bobs.to_str().unwrap());
    assert_eq!((&found[4], &found[5]), (&json!("bob@example.com"), &json!("")));
}

#[test]
fn sync_fixes_a_kernelspec_replaced_by_an_upgrade() {
    let Some(scene) = scene(&["jupyter_client", "ipykernel"]) else { return };
    let adc = scene.profile("default");
    scene.bqcred(&["kernel", "install", "python3"]).success();
    let python = scene.prefix.join("bin/python3");
    let prefix = scene.prefix.to_str().unwrap();
    let install = ["-m", "ipykernel", "install", "--prefix", prefix, "--name", "python3"];
    assert!(scene.command(&python).args(install).output().unwrap().status.success());
    let fresh = std::fs::read(scene.spec("python3")).unwrap();
    assert_eq!(text(&scene.drive(&["run", "python3", ASK_PYTHON])), "none");
    scene.bqcred(&["kernel", "sync"]).success();
    assert_eq!(text(&scene.drive(&["run", "python3", ASK_PYTHON])), adc.to_str().unwrap());
    scene.bqcred(&["kernel", "uninstall"]).success();
    assert_eq!(std::fs::read(scene.spec("python3")).unwrap(), fresh);
}

#[test]
fn concurrent_listings_never_see_a_partial_kernelspec() {
    let Some(scene) = scene(&["jupyter_client"]) else { return };
    scene.profile("default");
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jupyter/drive.py");
    let mut lister = scene.command(scene.prefix.join("bin/python3"));
    let lister = lister.arg(script).args(["listings", "10000"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut lister = lister.spawn().unwrap();
    for _ in 0..500 {
        scene.bqcred(&["kernel", "install", "python3"]).success();
        scene.bqcred(&["kernel", "uninstall", "python3"]).success();
    }
    let mut stdin = lister.stdin.take().unwrap();
    stdin.write_all(b"done").unwrap();
    drop(stdin);
    let out = lister.wait_with_output().unwrap();
    let counts: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(counts["bad"], 0, "{counts}");
    assert!(counts["good"].as_u64().unwrap() >= 10_000, "{counts}");
    assert!(counts["changed"].as_u64().unwrap() > 0, "the changes were seen, too: {counts}");
}
