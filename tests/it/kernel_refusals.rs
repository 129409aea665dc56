//! `bqcred kernel` and `bqcred snippet` refuse and warn where `bqcred env` does, and say "runs as" only where it is so.

use std::path::{Path, PathBuf};

use crate::common::{Run, Sandbox, find_program, missing, set_mode};
use serde_json::{Value, json};

const ACCOUNT: &str = "ada@example.com";

/// A sandbox with a folder that looks like a virtual environment with Jupyter and the kernel `python3`.
fn scene() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.add_jupyter();
    profile(&sandbox, "default", ACCOUNT, &[]);
    kernel(&sandbox, "python3", &json!(["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]));
    sandbox
}

fn credential(account: &str) -> String {
    json!({
        "account": account, "client_id": "id", "client_secret": "s", "refresh_token": "r", "type": "authorized_user",
    })
    .to_string()
}

fn profile(sandbox: &Sandbox, name: &str, account: &str, options: &[&str]) {
    let file = sandbox.write("work/given.json", credential(account));
    set_mode(&file, 0o600);
    let file = file.to_str().unwrap().to_owned();
    sandbox.bqcred(&[&["import", "--profile", name, &file], options].concat()).success();
}

fn kernel(sandbox: &Sandbox, name: &str, argv: &Value) -> PathBuf {
    let text = json!({"argv": argv, "display_name": name, "language": "python"}).to_string();
    sandbox.write(&format!("venv/share/jupyter/kernels/{name}/kernel.json"), text)
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Run {
    sandbox.invoke(args).env("VIRTUAL_ENV", sandbox.path("venv")).run()
}

fn listed(sandbox: &Sandbox, name: &str) -> Value {
    let list = run(sandbox, &["kernel", "list", "--json"]).success().json();
    let kernels = list["servers"][0]["kernels"].as_array().unwrap().clone();
    kernels.into_iter().find(|kernel| kernel["name"] == name).unwrap()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// What is wrong with a credential file.
type Fault = (&'static str, fn(&Path));

const FAULTS: [Fault; 5] = [
    ("missing", |file| std::fs::remove_file(file).unwrap()),
    ("damaged", |file| std::fs::write(file, "{").unwrap()),
    ("another type", |file| std::fs::write(file, r#"{"type": "service_account"}"#).unwrap()),
    ("open to all", |file| set_mode(file, 0o644)),
    ("a link", |file| {
        let target = file.with_file_name("target.json");
        std::fs::rename(file, &target).unwrap();
        std::os::unix::fs::symlink(target, file).unwrap();
    }),
];

#[test]
fn commands_refuse_a_credential_file_that_env_refuses() {
    for (what, break_it) in FAULTS {
        let sandbox = scene();
        let file = sandbox.path("venv/share/jupyter/kernels/python3/kernel.json");
        let before = text(&file);
        run(&sandbox, &["kernel", "install", "python3"]).success();
        let installed = text(&file);
        break_it(&sandbox.adc("default"));
        let env = run(&sandbox, &["env", "--format", "json"]);
        assert_ne!(env.code, Some(0), "{what}: {}", env.stderr);
        let problem = env.stderr.lines().next().unwrap().to_owned();
        for args in [
            &["kernel", "install", "python3"][..],
            &["kernel", "install", "python3", "--exec"],
            &["kernel", "install", "python3", "--dry-run"],
            &["kernel", "sync"],
            &["snippet", "python"],
            &["snippet", "r"],
            &["snippet", "renviron"],
            &["snippet", "docker", "--whole"],
            &["snippet", "dask"],
            &["snippet", "slurm"],
        ] {
            let refused = run(&sandbox, args);
            assert_eq!(refused.code, env.code, "{what}, {args:?}: {}", refused.stderr);
            assert!(refused.stderr.contains(&problem), "{what}, {args:?}: {}", refused.stderr);
            assert!(!refused.stderr.contains("runs as"), "{what}, {args:?}: {}", refused.stderr);
            assert_eq!(refused.stdout, "", "{what}, {args:?}");
            assert_eq!(text(&file), installed, "{what}, {args:?}");
        }
        assert_eq!(listed(&sandbox, "python3")["state"], "credential_unusable", "{what}");
        run(&sandbox, &["kernel", "uninstall"]).success();
        assert_eq!(text(&file), before, "{what}");
    }
}

#[test]
fn a_credential_that_needs_a_new_sign_in_is_not_said_to_be_used() {
    for state in [
        json!({"name": "revoked", "by": "here", "since": "2026-09-21T14:13:20Z"}),
        json!({"name": "reauth_required", "since": "2026-09-21T14:13:20Z"}),
        json!({"name": "expired", "since": "2026-09-21T14:13:20Z"}),
    ] {
        let sandbox = scene();
        let file = sandbox.data("default").join("profile.json");
        let mut known: Value = serde_json::from_str(&text(&file)).unwrap();
        known["state"] = state.clone();
        std::fs::write(&file, known.to_string()).unwrap();
        let env = run(&sandbox, &["env", "--format", "json"]).success();
        let warning = env.stderr.lines().find(|line| line.contains("this credential")).unwrap().to_owned();
        for args in [
            &["kernel", "install", "python3"][..],
            &["kernel", "install", "python3", "--exec"],
            &["kernel", "sync"],
            &["snippet", "python"],
        ] {
            let warned = run(&sandbox, args).success();
            assert!(warned.stderr.contains(&warning), "{state}, {args:?}: {}", warned.stderr);
            assert!(!warned.stderr.contains("runs as"), "{state}, {args:?}: {}", warned.stderr);
        }
    }
}

#[test]
fn kernels_whose_command_drops_the_environment_get_the_way_that_works_for_them() {
    let sandbox = scene();
    let folder = sandbox.data("default");
    let folder = folder.to_str().unwrap();
    let mount = format!("\"-v\", \"{folder}:/run/bqcred:ro\", \"-e\"");
    let launchers = [
        ("docker", json!(["/usr/bin/docker", "run", "img", "-m", "ipykernel_launcher"]), mount.as_str()),
        ("inside", json!(["podman", "exec", "-i", "name", "python"]), "start that container with"),
        ("apptainer", json!(["apptainer", "exec", "--cleanenv", "x.sif", "python"]), "\"--bind\", "),
        ("ssh", json!(["ssh", "gpu1", "python"]), "SendEnv="),
        ("sudo", json!(["sudo", "python"]), "--preserve-env="),
        ("sudobob", json!(["sudo", "-u", "bqcred-bob", "python"]), "`bqcred login` there"),
        ("envi", json!(["env", "-i", "HOME=/x", "python"]), "behind `env -i`, add"),
        ("srun", json!(["srun", "--export=NONE", "python"]), "--export=ALL,"),
        ("unit", json!(["systemd-run", "--user", "python"]), "--setenv=GOOGLE_APPLICATION_CREDENTIALS="),
        ("pod", json!(["kubectl", "exec", "-i", "pod", "--", "python"]), "`bqcred login` there"),
    ];
    for (name, argv, _) in &launchers {
        kernel(&sandbox, name, argv);
    }
    let names: Vec<&str> = launchers.iter().map(|(name, ..)| *name).collect();
    let files =
        names.iter().map(|name| sandbox.path(&format!("venv/share/jupyter/kernels/{name}/kernel.json")));
    let files: Vec<PathBuf> = files.collect();
    let before: Vec<String> = files.iter().map(|file| text(file)).collect();
    let install = run(&sandbox, &[&["kernel", "install"], names.as_slice()].concat());
    assert_eq!(install.code, Some(1), "{}", install.stderr);
    assert!(!install.stderr.contains("runs as"), "{}", install.stderr);
    for (name, _, way) in launchers {
        let told =
            install.stderr.split("bqcred: kernel ").find(|part| part.starts_with(&format!("{name} is not")));
        assert!(told.is_some_and(|told| told.contains(way)), "{name}: {}", install.stderr);
        assert!(listed(&sandbox, name)["problem"].is_string(), "{name}");
    }
    assert_eq!(files.iter().map(|file| text(file)).collect::<Vec<_>>(), before);
    // unasked, they are no failure
    let all = run(&sandbox, &["kernel", "install"]).success();
    assert!(all.stderr.contains("kernel python3 runs as ada@example.com"), "{}", all.stderr);
    assert!(
        all.stderr.contains("kernel docker is not changed: `docker run` does not pass"),
        "{}",
        all.stderr
    );
    // what is told works: with these words the kernel gets the credential
    let words = all.stderr.split("kernel docker is not changed").nth(1).unwrap();
    let words = words.split("add to its argv: ").nth(1).unwrap().lines().next().unwrap();
    let words: Vec<String> = serde_json::from_str(&format!("[{words}]")).unwrap();
    let argv = [&["docker", "run"].map(str::to_owned)[..], &words, &["img".to_owned()]].concat();
    kernel(&sandbox, "docker", &json!(argv));
    let install = run(&sandbox, &["kernel", "install", "docker"]).success();
    assert!(install.stderr.contains("kernel docker runs as"), "{}", install.stderr);
    kernel(&sandbox, "python3", &json!(["ssh", "gpu1", "python"]));
    let sync = run(&sandbox, &["kernel", "sync"]).code(1);
    assert!(sync.stderr.contains("kernel python3 is not updated: `ssh` does not pass"), "{}", sync.stderr);
}

#[test]
fn a_kernel_has_nothing_of_the_profile_that_its_server_was_started_with() {
    let sandbox = scene();
    profile(&sandbox, "default", ACCOUNT, &["--force", "--project", "proj-ada"]);
    profile(&sandbox, "work", "bob@example.com", &[]);
    let used = ["use", "default", "--quota-project", "quota-ada"];
    sandbox.bqcred(&used);
    let ada =
        sandbox.bqcred(&["env", "--gcloud", "--format", "json", "--profile", "default"]).success().json();
    let ada: Vec<(String, String)> = ada
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    let with_ada =
        |args: &[&str]| sandbox.invoke(args).env("VIRTUAL_ENV", sandbox.path("venv")).envs(ada.clone()).run();
    with_ada(&["kernel", "install", "python3", "--profile", "work"]).success();
    let file = sandbox.path("venv/share/jupyter/kernels/python3/kernel.json");
    let env = serde_json::from_str::<Value>(&text(&file)).unwrap()["env"].clone();
    let adc = sandbox.adc("work");
    for (name, value) in &ada {
        let expected = match name.as_str() {
            "GOOGLE_APPLICATION_CREDENTIALS" | "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE" => {
                adc.to_str().unwrap()
            }
            "CLOUDSDK_CORE_ACCOUNT" => "bob@example.com",
            "BQCRED_PROFILE" => "work",
            name if name.starts_with("GCE_") || name == "NO_GCE_CHECK" => value,
            _ => "",
        };
        assert_eq!(env[name], expected, "{name}");
    }
    // an environment of the user's own is left alone, and gcloud's configuration with it
    run(&sandbox, &["kernel", "uninstall"]).success();
    let own = [("GOOGLE_CLOUD_PROJECT", "mine"), ("CLOUDSDK_CORE_PROJECT", "mine")];
    let install = sandbox
        .invoke(&["kernel", "install", "python3", "--profile", "work"])
        .env("VIRTUAL_ENV", sandbox.path("venv"))
        .envs(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    install.run().success();
    let env = serde_json::from_str::<Value>(&text(&file)).unwrap()["env"].clone();
    assert_eq!((&env["GOOGLE_CLOUD_PROJECT"], &env["CLOUDSDK_CORE_PROJECT"]), (&Value::Null, &Value::Null));
    assert_eq!(
        env["CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"], "",
        "another profile's file is not used by gcloud"
    );
    assert_eq!(listed(&sandbox, "python3")["state"], "current");
    // a server that is started with another profile's variables for gcloud is seen, and sync repairs it
    let list = with_ada(&["kernel", "list"]).success().stdout;
    assert!(list.contains("gcloud's variables of another profile"), "{list}");
    with_ada(&["kernel", "sync"]).success();
    let env = serde_json::from_str::<Value>(&text(&file)).unwrap()["env"].clone();
    assert_eq!(env["CLOUDSDK_CORE_ACCOUNT"], "bob@example.com");
    assert_eq!(listed(&sandbox, "python3")["state"], "current");
}

/// The kernel of the user's own directory, which Jupyter reads first here.
fn of_the_home(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".local/share/jupyter/kernels/python3/kernel.json")
}

#[test]
fn an_environment_outside_the_home_is_left_as_it_is_where_the_home_is_read_first() {
    let sandbox = scene();
    let file = sandbox.path("venv/share/jupyter/kernels/python3/kernel.json");
    let before = text(&file);
    let install = |more: &[&str], prefer: &str| {
        let args = [&["kernel", "install", "python3"], more].concat();
        let run = sandbox.invoke(&args).env("VIRTUAL_ENV", sandbox.path("venv"));
        run.env("JUPYTER_PREFER_ENV_PATH", prefer).env("CONDA_DIR", sandbox.path("venv")).run().success()
    };
    let home = install(&[], "0");
    assert!(!home.stderr.contains("does not last"), "{}", home.stderr);
    assert_eq!(text(&file), before);
    assert!(text(&of_the_home(&sandbox)).contains(sandbox.adc("default").to_str().unwrap()));
    sandbox.bqcred(&["kernel", "uninstall"]).success();
    assert!(!of_the_home(&sandbox).exists());
    // where the environment comes first, or is asked for, the user is told
    for (more, prefer) in [(&[][..], "1"), (&["--where", "env"][..], "0")] {
        let run = install(more, prefer);
        assert!(run.stderr.contains("of kernel python3 does not last"), "{}", run.stderr);
        assert!(run.stderr.contains("`bqcred kernel install --where user`"), "{}", run.stderr);
        assert_ne!(text(&file), before);
        sandbox.bqcred(&["kernel", "uninstall"]).success();
        assert_eq!(text(&file), before);
    }
    // one in the home is changed in place
    std::fs::rename(sandbox.path("venv"), sandbox.home().join("venv")).unwrap();
    let args = ["kernel", "install", "python3"];
    let run = sandbox.invoke(&args).env("VIRTUAL_ENV", sandbox.home().join("venv"));
    run.env("JUPYTER_PREFER_ENV_PATH", "0").run().success();
    assert!(!of_the_home(&sandbox).exists());
}

#[test]
fn a_shared_environment_is_named_with_who_reads_it() {
    let sandbox = scene();
    let folder = sandbox.path("venv/share/jupyter/kernels");
    let share = |mode: u32, group: Option<u32>| {
        set_mode(&folder, mode);
        if group.is_some() && std::os::unix::fs::chown(&folder, None, group).is_err() {
            return None; // only root may give a folder away
        }
        let run = run(&sandbox, &["kernel", "install", "python3"]).success();
        Some(run.stderr)
    };
    let told = share(0o755, None).unwrap();
    assert!(!told.contains("is read by"), "{told}");
    let told = share(0o777, None).unwrap();
    assert!(told.contains("kernel.json is read by everybody on this machine"), "{told}");
    assert!(told.contains("`bqcred kernel install --where user`"), "{told}");
    if let Some(told) = share(0o775, Some(54_321)) {
        assert!(told.contains("kernel.json is read by the group that shares it (54321)"), "{told}");
    }
}

#[test]
fn kernels_with_another_home_behind_the_same_path_are_not_listed() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let sandbox = scene();
    let Some(unshare) = find_program("unshare") else { return missing("unshare") };
    let stand_in = "echo started; read x";
    let hidden = format!("mount -t tmpfs none \"$HOME\" && {stand_in}");
    let mut started = Vec::new();
    for script in [stand_in, &hidden] {
        let mut command = sandbox.command(&unshare);
        let kernel = ["-rm", "sh", "-c", script, "IRkernel::main()", "/r/kernel-x.json"];
        let plain = ["sh", "-c", script, "IRkernel::main()", "/r/kernel-x.json"];
        if script == stand_in {
            command = sandbox.command("env");
            command.args(plain);
        } else {
            command.args(kernel);
        }
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            child.wait().unwrap();
            return missing("a mount namespace for an ordinary user");
        }
        started.push(child);
    }
    let list = run(&sandbox, &["kernel", "list", "--json"]).success().json();
    let pids: Vec<&Value> = list["running_kernels"].as_array().unwrap().iter().map(|k| &k["pid"]).collect();
    assert_eq!(pids, [&json!(started[0].id())], "{list:#}");
    for mut child in started {
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
