//! `bqcred kernel`: what it writes, prints and refuses. No Jupyter is needed: a folder that looks like a
//! Python with Jupyter is enough, since bqcred runs none.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use crate::common::{self, Google, PERSON, Run, Sandbox};
use serde_json::Value;

const NATIVE: &str = "{\n \"argv\": [\n  \"python\",\n  \"-m\",\n  \"ipykernel_launcher\",\n  \"-f\",\n  \"{connection_file}\"\n ],\n \"display_name\": \"Python 3 (ipykernel)\",\n \"language\": \"python\",\n \"metadata\": {\n  \"debugger\": true\n }\n}";

/// Styles of kernel.json in the wild.
const STYLES: &[(&str, &str)] = &[
    ("ipykernel", NATIVE),
    (
        "IRkernel",
        "{\"argv\": [\"R\", \"--slave\", \"-e\", \"IRkernel::main()\"],\n \"display_name\":\"R\",\n \"language\":\"R\"\n}\n",
    ),
    ("compact", "{\"argv\":[\"python3\"],\"language\":\"python\"}"),
    (
        "tabs and CRLF",
        "{\r\n\t\"argv\": [\r\n\t\t\"python\"\r\n\t],\r\n\t\"env\": {},\r\n\t\"language\": \"python\"\r\n}\r\n",
    ),
    (
        "own variables",
        "{\n    \"argv\": [\"python\"],\n    \"env\": {\n        \"A\": \"1\",\n        \"GOOGLE_APPLICATION_CREDENTIALS\": \"/key.json\"\n    },\n    \"language\": \"python\"\n}\n",
    ),
    (
        "big numbers",
        "{\"argv\": [\"python\"], \"language\": \"python\", \"metadata\": {\"a\": 123456789012345678901234567890, \"b\": 1.0E+2}}",
    ),
    (
        "unicode",
        "{\n  \"argv\": [\"python\"],\n  \"display_name\": \"Pyth\u{f6}n \\ud83d\\ude00 \u{1f40d}\",\n  \"language\": \"python\"\n}",
    ),
    (
        "four spaces, final newlines",
        "{\n    \"argv\": [\"python\"],\n    \"language\": \"python\",\n    \"metadata\": {\n    }\n}\n\n",
    ),
    ("one line with blanks", "{ \"argv\" : [ \"python\" ] , \"language\" : \"python\" }"),
];

/// A sandbox with a folder that looks like a virtual environment with Jupyter.
struct Scene {
    sandbox: Sandbox,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.add_jupyter();
        let scene = Scene { sandbox };
        scene.profile("default");
        scene.kernel("python3", NATIVE);
        scene
    }

    fn profile(&self, name: &str) -> PathBuf {
        let adc = self.sandbox.adc(name);
        let text = r#"{"account": "ada@example.com", "client_id": "id", "client_secret": "s", "refresh_token": "r", "type": "authorized_user", "universe_domain": "googleapis.com"}"#;
        self.sandbox.write(adc.strip_prefix(self.sandbox.path("")).unwrap().to_str().unwrap(), text);
        for (path, mode) in [
            (adc.parent().unwrap().parent().unwrap(), 0o700),
            (adc.parent().unwrap(), 0o700),
            (adc.as_path(), 0o600),
        ] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        adc
    }

    fn kernel(&self, name: &str, text: &str) -> PathBuf {
        self.sandbox.write(&format!("venv/share/jupyter/kernels/{name}/kernel.json"), text)
    }

    fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, &[])
    }

    fn run_with(&self, args: &[&str], env: &[(&str, &str)]) -> Run {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.sandbox.invoke(args).env("VIRTUAL_ENV", self.sandbox.path("venv")).envs(env).run()
    }

    fn list(&self) -> Value {
        serde_json::from_str(&self.run(&["kernel", "list", "--json"]).success().stdout).unwrap()
    }

    fn listed(&self, name: &str) -> Value {
        let list = self.list();
        let kernels = list["servers"][0]["kernels"].as_array().unwrap().clone();
        kernels.into_iter().find(|kernel| kernel["name"] == name).unwrap_or(Value::Null)
    }

    fn user_folder(&self, name: &str) -> PathBuf {
        self.sandbox.home().join(".local/share/jupyter/kernels").join(name)
    }
}

fn read(path: &PathBuf) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn json(path: &PathBuf) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

#[test]
fn uninstall_restores_every_style_to_the_byte_and_install_is_idempotent() {
    let scene = Scene::new();
    let adc = scene.profile("default");
    for exec in [false, true] {
        for (style, text) in STYLES {
            let file = scene.kernel("python3", text);
            let install: &[&str] = if exec {
                &["kernel", "install", "python3", "--exec"]
            } else {
                &["kernel", "install", "python3"]
            };
            scene.run(install).success();
            let once = read(&file);
            let spec: Value = serde_json::from_str(&once).unwrap();
            if exec {
                assert_eq!(spec["argv"][1], "exec", "{style}");
            } else {
                assert_eq!(spec["env"]["GOOGLE_APPLICATION_CREDENTIALS"], adc.to_str().unwrap(), "{style}");
                assert_eq!(spec["env"]["NO_GCE_CHECK"], "true", "{style}: the guard");
            }
            scene.run(install).success();
            assert_eq!(read(&file), once, "{style}: twice");
            scene.run(&["kernel", "uninstall"]).success();
            assert_eq!(read(&file), *text, "{style}");
        }
    }
    assert_eq!(scene.sandbox.files_with("metadata.bqcred"), Vec::<PathBuf>::new());
}

#[test]
fn hard_linked_cache_file_is_not_changed() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    let cache = scene.sandbox.path("uv-cache");
    std::fs::hard_link(&file, &cache).unwrap();
    scene.run(&["kernel", "install"]).success();
    assert_eq!(read(&cache), NATIVE);
    assert_ne!(read(&file), NATIVE);
}

#[test]
fn file_mode_is_kept_and_no_other_file_is_left() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o664)).unwrap();
    scene.run(&["kernel", "install"]).success();
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o664);
    let names: Vec<_> =
        std::fs::read_dir(file.parent().unwrap()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(names, ["kernel.json"]);
}

#[test]
fn symlinked_kernelspec_stays_a_symlink() {
    let scene = Scene::new();
    // with any name
    let target = scene.sandbox.write("dotfiles/python.json", NATIVE);
    let file = scene.kernel("python3", NATIVE);
    std::fs::remove_file(&file).unwrap();
    symlink(&target, &file).unwrap();
    scene.run(&["kernel", "install"]).success();
    assert!(file.is_symlink());
    assert!(json(&target)["metadata"]["bqcred"].is_object());
    let installed = read(&target);
    std::fs::write(&target, NATIVE).unwrap();
    scene.run(&["kernel", "sync"]).success();
    assert_eq!(read(&target), installed);
    scene.run(&["kernel", "uninstall"]).success();
    assert_eq!(read(&target), NATIVE);
}

#[test]
fn uninstall_keeps_edits_made_after_install() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    scene.run(&["kernel", "install"]).success();
    let theirs = read(&file)
        .replace("\"NO_GCE_CHECK\": \"true\"", "\"NO_GCE_CHECK\": \"false\"")
        .replace("Python 3 (ipykernel)", "Mine");
    scene.kernel("python3", &theirs);
    assert_eq!(scene.listed("python3")["state"], "edited");
    let run = scene.run(&["kernel", "uninstall"]).success();
    assert!(run.stderr.contains("kept, because it was changed since: NO_GCE_CHECK"), "{}", run.stderr);
    let spec = json(&file);
    assert_eq!(spec["display_name"], "Mine");
    assert_eq!(spec["env"], serde_json::json!({"NO_GCE_CHECK": "false"}));
    assert!(spec["metadata"]["bqcred"].is_null());
}

#[test]
fn install_names_the_account_that_each_kernel_runs_as() {
    let scene = Scene::new();
    let other = scene.kernel("other", NATIVE);
    // by the credential file itself, as long as nothing else is known
    let run = scene.run(&["kernel", "install", "python3"]).success();
    let line = "kernel python3 runs as ada@example.com (profile default)\n";
    assert!(run.stderr.contains(line), "{}", run.stderr);
    let profile = scene.sandbox.write(
        "home/.local/share/bqcred/default/profile.json",
        r#"{"account": "ada@example.com", "project": "p-1"}"#,
    );
    common::set_mode(&profile, 0o600);
    let run = scene.run(&["kernel", "install", "OTHER", "python3"]).success();
    for kernel in ["other", "python3"] {
        let line = format!("bqcred: kernel {kernel} runs as ada@example.com (profile default)\n");
        assert!(run.stderr.contains(&line), "{}", run.stderr);
    }
    assert!(run.stderr.contains(&format!("  changed {}\n", other.display())), "{}", run.stderr);
    let run = scene.run(&["kernel", "sync"]).success();
    assert!(run.stderr.contains("kernel other runs as ada@example.com"), "{}", run.stderr);
    let run = scene.run(&["kernel", "uninstall", "other"]).success();
    assert!(run.stderr.contains(&format!("  restored {}\n", other.display())), "{}", run.stderr);
    assert_eq!(scene.listed("python3")["state"], "current", "only the named kernel is restored");
}

#[test]
fn dry_run_prints_and_writes_nothing() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    let run = scene.run(&["kernel", "install", "python3", "--dry-run"]).success();
    assert_eq!(run.stdout, format!("python3: change {}\n", file.display()));
    assert_eq!(read(&file), NATIVE);
    scene.run(&["kernel", "install", "python3"]).success();
    let installed = read(&file);
    let run = scene.run(&["kernel", "uninstall", "--dry-run"]).success();
    assert_eq!(run.stdout, format!("python3: change {}\n", file.display()));
    assert_eq!(read(&file), installed);
}

#[test]
fn install_copies_to_the_user_directory_when_jupyter_prefers_it() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    scene.sandbox.write("venv/share/jupyter/kernels/python3/logo.svg", "<svg/>");
    let prefer = [("JUPYTER_PREFER_ENV_PATH", "0")];
    let refused = scene.run(&["kernel", "install", "python3", "--where", "user"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("the server reads"), "{}", refused.stderr);
    scene.run_with(&["kernel", "install", "python3", "--where", "user"], &prefer).success();
    assert_eq!(read(&file), NATIVE);
    let copy = scene.user_folder("python3");
    assert_eq!(read(&copy.join("logo.svg")), "<svg/>");
    assert_eq!(json(&copy.join("kernel.json"))["argv"][0], "python", "it follows the server's Python");
    // without the variable, too: its place is recorded
    scene.run(&["kernel", "uninstall"]).success();
    assert!(!copy.exists());
}

#[test]
fn uninstall_removes_an_unchanged_copy_only() {
    let prefer = [("JUPYTER_PREFER_ENV_PATH", "0")];
    let install = ["kernel", "install", "python3", "--where", "user"];
    for (name, stays) in [(".bqcred-of-a-killed-one.tmp", false), ("logo-svg.svg", true)] {
        let scene = Scene::new();
        scene.kernel("python3", NATIVE);
        scene.run_with(&install, &prefer).success();
        let copy = scene.user_folder("python3");
        std::fs::write(copy.join(name), "theirs").unwrap();
        let run = scene.run(&["kernel", "uninstall"]).success();
        assert_eq!(copy.join("kernel.json").exists(), stays, "{name}: {}", run.stderr);
        assert_eq!(
            run.stderr.contains("the copy stays, because it was changed since"),
            stays,
            "{}",
            run.stderr
        );
        assert_eq!(std::fs::read(copy.join(name)).unwrap(), b"theirs");
        if stays {
            assert_eq!(read(&copy.join("kernel.json")), NATIVE);
        }
    }
}

#[test]
fn an_invalid_record_is_set_aside_and_not_needed() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    scene.run(&["kernel", "install", "python3"]).success();
    let record = scene.sandbox.path("home/.local/state/bqcred/kernels.json");
    std::fs::write(&record, "{").unwrap();
    let run = scene.run(&["kernel", "uninstall"]).success();
    assert!(run.stderr.contains("kernels.json.unreadable-"), "{}", run.stderr);
    assert_eq!(read(&file), NATIVE);
    std::fs::write(&record, "[]").unwrap();
    common::set_mode(&record, 0o600);
    scene.run(&["kernel", "install", "python3"]).success();
    scene.run(&["kernel", "sync"]).success();
    scene.sandbox.bqcred(&["kernel", "uninstall"]).success();
    assert_eq!(read(&file), NATIVE, "remembered anew");
}

#[test]
fn new_kernel_leaves_the_original_and_names_no_account() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    scene.run(&["kernel", "install", "--new-kernel", "python3-bq"]).success();
    assert_eq!(read(&file), NATIVE);
    let new = scene.sandbox.path("venv/share/jupyter/kernels/python3-bq/kernel.json");
    let spec = json(&new);
    assert_eq!(spec["display_name"], "Python 3 (BigQuery)");
    assert_eq!(spec["metadata"]["debugger"], true);
    assert!(!read(&new).contains("ada@"), "an address would end up in every notebook");
    scene.run(&["kernel", "install", "--new-kernel", "python3-bq"]).success();
    assert_eq!(json(&new), spec);
    let taken = scene.run(&["kernel", "install", "--new-kernel", "python3"]);
    assert_eq!(taken.code, Some(1));
    assert!(taken.stderr.contains("there is a kernel of that name already"), "{}", taken.stderr);
    scene.kernel("other", NATIVE);
    let other = scene.run(&["kernel", "install", "other", "--new-kernel", "python3-bq"]);
    assert_eq!(other.code, Some(1), "it is another kernel's copy: {}", other.stderr);
    assert_eq!(json(&new), spec);
    scene.run(&["kernel", "uninstall"]).success();
    assert!(!new.parent().unwrap().exists());
}

#[test]
fn new_kernel_name_must_be_valid_for_jupyter() {
    let scene = Scene::new();
    for name in ["", ".", "..", "../evil", "a/b", "with space", "ada@example.com", "-x", "ü"] {
        let run = scene.run(&["kernel", "install", &format!("--new-kernel={name}")]);
        assert_eq!(run.code, Some(2), "{name}: {}", run.stderr);
    }
    scene.run(&["kernel", "install", "--new-kernel", "Py.BQ_2"]).success();
    assert!(scene.sandbox.path("venv/share/jupyter/kernels/py.bq_2/kernel.json").exists());
}

#[test]
fn read_only_kernelspec_is_changed_and_stays_read_only() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    common::set_mode(&file, 0o444);
    scene.run(&["kernel", "install", "python3"]).success();
    assert!(read(&file).contains("bqcred"));
    scene.run(&["kernel", "uninstall"]).success();
    assert_eq!(read(&file), NATIVE);
    assert_eq!(common::mode(&file), 0o444);
    // a read-only folder accepts no new file: that is reported, with a way that works
    common::set_mode(file.parent().unwrap(), 0o555);
    let run = scene.run(&["kernel", "install", "python3"]);
    common::set_mode(file.parent().unwrap(), 0o755);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains(&format!("you can't write {}", file.display())), "{}", run.stderr);
    assert!(run.stderr.contains("bqcred snippet ipython-startup"), "{}", run.stderr);
}

#[test]
fn exec_wraps_the_kernel_command_with_absolute_paths() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    scene.run(&["kernel", "install", "--exec"]).success();
    let argv = json(&file)["argv"].as_array().unwrap().clone();
    let argv: Vec<&str> = argv.iter().map(|word| word.as_str().unwrap()).collect();
    assert!(argv[0].starts_with('/') && argv[0].ends_with("bqcred"), "{argv:?}");
    assert_eq!(argv[1..6], ["exec", "--always-start", "--profile", "default", "--"]);
    assert_eq!(argv[6], scene.sandbox.path("venv/bin/python").to_str().unwrap());
    assert_eq!(argv[7..], ["-m", "ipykernel_launcher", "-f", "{connection_file}"]);
    assert_eq!(scene.listed("python3")["exec"], true);
    assert_eq!(scene.listed("python3")["state"], "current");
}

#[test]
fn token_only_wraps_the_command_with_its_limits_and_is_undone_to_the_byte() {
    const READER: &str = "reader@p1.iam.gserviceaccount.com";
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    let words = || -> Vec<String> {
        let argv = json(&file)["argv"].as_array().unwrap().clone();
        argv.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let install = ["kernel", "install", "python3", "--token-only"];
    let planned = scene.run(&[&install[..], &["--dry-run"]].concat()).success();
    assert!(planned.stdout.contains(&format!("python3: change {}", file.display())), "{}", planned.stdout);
    assert_eq!(read(&file), NATIVE);
    let limited = ["--scopes", "bigquery,storage", "--as", READER];
    for (options, argv, said, scopes, acting_as) in [
        (&[][..], "--token-only --", "token-only)", 0, None),
        (
            &limited[..2],
            "--token-only --scopes bigquery,storage --",
            "token-only, narrowed to bigquery, devstorage.read_write)",
            2,
            None,
        ),
        (
            &limited[2..],
            "--token-only --as reader@p1.iam.gserviceaccount.com --",
            "token-only, as reader@p1.iam.gserviceaccount.com)",
            0,
            Some(READER),
        ),
    ] {
        let run = scene.run(&[&install[..], options].concat()).success();
        assert!(run.stderr.contains(said), "{}", run.stderr);
        let found = words().join(" ");
        assert!(found.contains(&format!("bqcred exec --always-start --profile default {argv} /")), "{found}");
        assert!(found.ends_with("-m ipykernel_launcher -f {connection_file}"), "{found}");
        let listed = scene.listed("python3");
        assert_eq!((&listed["exec"], &listed["state"]), (&true.into(), &"current".into()));
        let limits = &listed["token_only"];
        assert_eq!(
            (limits["scopes"].as_array().unwrap().len(), limits["acting_as"].as_str()),
            (scopes, acting_as)
        );
        let table = scene.run(&["kernel", "list"]).success();
        assert!(table.stdout.contains(&format!("default ({said}")), "{}", table.stdout);
        // an upgrade of ipykernel writes its own file again
        let installed = read(&file);
        std::fs::write(&file, NATIVE).unwrap();
        scene.run(&["kernel", "sync"]).success();
        assert_eq!(read(&file), installed);
        scene.run(&["kernel", "uninstall"]).success();
        assert_eq!(read(&file), NATIVE);
    }
    for options in [["--scopes", "bigquery"], ["--as", READER]] {
        assert_eq!(scene.run(&[&["kernel", "install"][..], &options].concat()).code, Some(2));
    }
    assert_eq!(scene.run(&["kernel", "install", "--exec", "--token-only"]).code, Some(2));
}

#[test]
fn token_only_is_refused_where_the_grant_is_too_small() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    let google = Google::start();
    scene.sandbox.login(&google, PERSON, &["--project", "p1"]).success();
    let install = |options: &[&str]| scene.run(&[&["kernel", "install", "--token-only"], options].concat());
    install(&["--scopes", "drive"]).fails(4).says("did not grant bqcred drive").says("--scopes drive");
    assert_eq!(read(&file), NATIVE);
    install(&["--scopes", "bigquery"]).success();
}

#[test]
fn settings_that_hide_the_kernel_are_reported_with_a_fix() {
    let scene = Scene::new();
    let config = scene.sandbox.home().join(".jupyter/jupyter_config.json");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, r#"{"KernelSpecManager": {"allowed_kernelspecs": ["other"]}}"#).unwrap();
    let run = scene.run(&["kernel", "install", "python3"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("allowed_kernelspecs leaves this kernel out"), "{}", run.stderr);
    std::fs::write(
        &config,
        r#"{"ServerApp": {"kernel_spec_manager_class": "nb_conda_kernels.CondaKernelSpecManager"}}"#,
    )
    .unwrap();
    let conda = scene.sandbox.path("venv/bin/conda");
    let conda = [("JUPYTER_PREFER_ENV_PATH", "0"), ("CONDA_EXE", conda.to_str().unwrap())];
    scene.sandbox.write("venv/conda-meta/history", "");
    let args = ["kernel", "install", "conda-base-py", "--where", "user"];
    let run = scene.run_with(&args, &conda);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("nb_conda_kernels") && run.stderr.contains("--where env"), "{}", run.stderr);
    scene.run(&["kernel", "install", "python3", "--where", "env"]).success();
    std::fs::remove_file(&config).unwrap();
    let args = ["kernel", "install", "python3", "--where", "user"];
    let run = scene.run_with(&args, &[("JUPYTERHUB_DISABLE_USER_CONFIG", "1")]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("disable_user_config") && run.stderr.contains("bqcred snippet jupyterhub"),
        "{}",
        run.stderr
    );
}

#[test]
fn install_changes_python_and_r_kernels_unless_all_is_given() {
    let scene = Scene::new();
    let julia = scene.kernel("julia", "{\"argv\": [\"julia\"], \"language\": \"julia\"}");
    let broken = scene.kernel("broken", "{\"argv\": [\"python\"], \"language\": \"python\", \"env\": null}");
    scene.run(&["kernel", "install"]).success();
    assert!(!read(&julia).contains("bqcred") && !read(&broken).contains("bqcred"));
    scene.run(&["kernel", "install", "--all"]).success();
    assert!(read(&julia).contains("bqcred") && !read(&broken).contains("bqcred"));
    let named = scene.run(&["kernel", "install", "broken"]);
    assert_eq!(named.code, Some(1));
    assert!(
        named.stderr.contains("Jupyter does not accept this kernelspec: env is not an object"),
        "{}",
        named.stderr
    );
}

#[test]
fn one_invalid_kernel_does_not_stop_the_others() {
    let scene = Scene::new();
    let odd = |marker: &str| {
        format!(r#"{{"argv": ["python"], "language": "python", "metadata": {{"bqcred": {marker}}}}}"#)
    };
    let first = scene.kernel("a-number", &odd("5"));
    let last = scene.kernel("z-newer", &odd(r#"{"v": 99, "profile": "default"}"#));
    let before = (read(&first), read(&last));
    for dry in [true, false] {
        let args = ["kernel", "install", "--dry-run"];
        let run = scene.run(if dry { &args } else { &args[..2] }).code(6);
        for file in [&first, &last] {
            assert!(run.stderr.contains(file.to_str().unwrap()), "{}", run.stderr);
        }
    }
    assert_eq!(scene.listed("python3")["profile"], "default");
    assert_eq!((read(&first), read(&last)), before);

    // for each kernel that can't be restored, the reason is reported
    let spoilt: Vec<_> = ["one", "two"].map(|name| scene.kernel(name, NATIVE)).into();
    scene.run(&["kernel", "install"]).code(6);
    spoilt.iter().for_each(|file| std::fs::write(file, "spoilt").unwrap());
    assert!(scene.run(&["kernel", "sync", "--dry-run"]).code(6).stdout.contains("python3"));
    assert!(scene.run(&["kernel", "sync"]).code(6).stderr.contains("python3"));
    let run = scene.run(&["kernel", "uninstall"]).code(6);
    for file in &spoilt {
        assert!(run.stderr.contains(file.to_str().unwrap()), "{}", run.stderr);
    }
    assert_eq!(scene.listed("python3")["profile"], Value::Null);
}

#[test]
fn kernels_are_completed_without_jupyter() {
    let scene = Scene::new();
    scene.sandbox.write("home/.local/share/jupyter/kernels/mine/kernel.json", NATIVE);
    for verb in ["install", "uninstall"] {
        let run = scene.sandbox.bqcred(&["__complete", "--", "bqcred", "kernel", verb, "m"]);
        assert_eq!(run.success().stdout, "mine\tpython\n");
    }
}

#[test]
fn unknown_kernel_name_exits_with_3() {
    let scene = Scene::new();
    let run = scene.run(&["kernel", "install", "pyhton3"]);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("python3"), "{}", run.stderr);
    assert_eq!(scene.run(&["kernel", "uninstall", "x"]).code, Some(3));
    scene.run(&["kernel", "uninstall"]).success();
}

#[test]
fn keyring_profile_requires_exec() {
    let scene = Scene::new();
    scene.sandbox.write(
        "home/.local/share/bqcred/secret/profile.json",
        r#"{"id": "0123456789abcdef", "store": "keyring"}"#,
    );
    for (path, mode) in
        [("home/.local/share/bqcred/secret", 0o700), ("home/.local/share/bqcred/secret/profile.json", 0o600)]
    {
        std::fs::set_permissions(scene.sandbox.path(path), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let run = scene.run(&["kernel", "install", "--profile", "secret"]);
    assert_eq!(run.code, Some(6));
    assert!(run.stderr.contains("--exec"), "{}", run.stderr);
    // there is no keyring here, so `bqcred exec` could not start a kernel with the credential either
    let exec = scene.run(&["exec", "--profile", "secret", "--", "true"]);
    let run = scene.run(&["kernel", "install", "--profile", "secret", "--exec"]);
    assert_eq!((run.code, &run.stderr), (Some(6), &exec.stderr));
    assert_eq!(scene.run(&["kernel", "install", "--profile", "nobody"]).code, Some(3));
}

#[test]
fn path_with_a_dollar_sign_is_refused() {
    let scene = Scene::new();
    let data = scene.sandbox.path("pay$day");
    std::fs::create_dir_all(data.join("bqcred/default")).unwrap();
    std::fs::copy(scene.sandbox.adc("default"), data.join("bqcred/default/adc.json")).unwrap();
    for folder in ["bqcred", "bqcred/default"] {
        std::fs::set_permissions(data.join(folder), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let run = scene.run_with(&["kernel", "install"], &[("XDG_DATA_HOME", data.to_str().unwrap())]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("Jupyter replaces what follows a $"), "{}", run.stderr);
}

#[test]
fn list_shows_changed_and_outdated_kernels() {
    let scene = Scene::new();
    assert_eq!(scene.listed("python3")["state"], "not_installed");
    scene.run(&["kernel", "install"]).success();
    let kernel = scene.listed("python3");
    assert_eq!((&kernel["state"], &kernel["profile"]), (&"current".into(), &"default".into()));
    let table = scene.run(&["kernel", "list"]).success().stdout;
    assert!(table.contains("python3  python    default  ok"), "{table}");

    scene.sandbox.write("home/.local/share/bqcred/default/profile.json", r#"{"project": "p-1"}"#);
    let settings = scene.sandbox.data("default").join("profile.json");
    std::fs::set_permissions(&settings, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(scene.listed("python3")["state"], "outdated");
    scene.run(&["kernel", "sync"]).success();
    assert_eq!(scene.listed("python3")["state"], "current");
    let file = scene.sandbox.path("venv/share/jupyter/kernels/python3/kernel.json");
    assert_eq!(json(&file)["env"]["GOOGLE_CLOUD_PROJECT"], "p-1");

    std::fs::remove_dir_all(scene.sandbox.data("default")).unwrap();
    assert_eq!(scene.listed("python3")["state"], "profile_missing");
    scene.run(&["kernel", "uninstall"]).success();
    assert_eq!(read(&file), NATIVE);
}

#[test]
fn sync_updates_a_copy_of_a_changed_original() {
    let scene = Scene::new();
    let prefer = [("JUPYTER_PREFER_ENV_PATH", "0")];
    scene.run_with(&["kernel", "install", "python3", "--where", "user"], &prefer).success();
    scene.kernel("python3", &NATIVE.replace("\"-m\"", "\"-Xfrozen_modules=off\",\n  \"-m\""));
    scene.run_with(&["kernel", "sync"], &prefer).success();
    let copy = json(&scene.user_folder("python3").join("kernel.json"));
    assert_eq!(copy["argv"][1], "-Xfrozen_modules=off");
    assert_eq!(copy["env"]["BQCRED_PROFILE"], "default");
}

#[test]
fn uninstall_of_one_profile_keeps_the_others() {
    let scene = Scene::new();
    scene.profile("work");
    let other = scene.kernel("other", NATIVE);
    scene.run(&["kernel", "install", "python3"]).success();
    scene.run(&["kernel", "install", "other", "--profile", "work"]).success();
    scene.run(&["kernel", "uninstall", "--profile", "default"]).success();
    assert_eq!(scene.listed("python3")["state"], "not_installed");
    assert_eq!(scene.listed("other")["profile"], "work");
    scene.run(&["kernel", "uninstall", "--profile", "work"]).success();
    assert_eq!(read(&other), NATIVE);
}

#[test]
fn uninstall_works_in_an_inactive_environment() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    scene.run(&["kernel", "install"]).success();
    scene.sandbox.bqcred(&["kernel", "uninstall"]).success();
    assert_eq!(read(&file), NATIVE);
}

#[test]
fn forget_without_terminal_names_kernels_and_the_restore_command() {
    let scene = Scene::new();
    let file = scene.kernel("python3", NATIVE);
    scene.profile("work");
    let other = scene.kernel("other", NATIVE);
    scene.run(&["kernel", "install", "python3"]).success();
    scene.run(&["kernel", "install", "other", "--profile", "work"]).success();
    let installed = read(&file);
    // an environment that isn't active counts, too
    let run = scene.sandbox.bqcred(&["forget"]).success();
    assert!(run.stderr.contains(&format!("python3 ({})", file.display())), "{}", run.stderr);
    assert!(!run.stderr.contains("other ("), "{}", run.stderr);
    assert_eq!(read(&file), installed, "not unasked");
    let command = run.stderr.split('`').find(|part| part.starts_with("bqcred kernel uninstall")).unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    scene.sandbox.bqcred(&words).success();
    assert_eq!(read(&file), NATIVE);
    assert!(read(&other).contains("bqcred"), "another profile's");
    let run = scene.sandbox.bqcred(&["forget", "--profile", "work", "--yes"]).success();
    assert!(run.stderr.contains("kernel other is restored"), "{}", run.stderr);
    assert_eq!(read(&other), NATIVE);
}

#[test]
fn forget_at_a_terminal_offers_to_restore_kernels() {
    for (answer, is_put_back) in [("", false), ("y", true)] {
        let scene = Scene::new();
        let file = scene.kernel("python3", NATIVE);
        scene.run(&["kernel", "install"]).success();
        let mut session = scene.sandbox.terminal(&["forget"]);
        let before = session.exp_string("Restore them as they were? [y/N] ").unwrap();
        assert!(before.contains(file.to_str().unwrap()), "{before}");
        session.send_line(answer).unwrap();
        let rest = session.exp_eof().unwrap();
        common::ends_with(&session, 0);
        assert_eq!(read(&file) == NATIVE, is_put_back, "{rest}");
        assert_eq!(rest.contains("bqcred kernel uninstall --profile default"), !is_put_back, "{rest}");
        assert!(!scene.sandbox.data("default").exists());
    }
}

#[test]
fn forget_without_kernels_does_not_mention_them() {
    let scene = Scene::new();
    let run = scene.run(&["forget"]).success();
    assert!(!run.stderr.contains("kernel"), "{}", run.stderr);
}

#[test]
fn sync_drops_records_of_removed_profiles() {
    let scene = Scene::new();
    scene.run(&["kernel", "install", "python3"]).success();
    scene.kernel("python3", NATIVE);
    scene.run(&["forget"]).success();
    let run = scene.run(&["kernel", "sync"]).success();
    assert!(run.stderr.contains("profile default does not exist any more"), "{}", run.stderr);
    let run = scene.run(&["kernel", "sync"]).success();
    assert!(!run.stderr.contains("does not exist"), "{}", run.stderr);
}

#[test]
fn inactive_environments_are_found_in_known_folders() {
    for place in [
        ".venv",
        "home/.local/share/uv/tools/jupyterlab",
        "home/.local/share/pipx/venvs/jupyterlab",
        "home/miniforge3/envs/science",
        "home/.conda/envs/science",
        "home/.virtualenvs/science",
    ] {
        let scene = Scene::new();
        let prefix = scene.sandbox.path(place);
        std::fs::create_dir_all(prefix.parent().unwrap()).unwrap();
        std::fs::rename(scene.sandbox.path("venv"), &prefix).unwrap();
        let list = scene.sandbox.bqcred(&["kernel", "list", "--json"]).success().json();
        // the machine may have a conda of its own, which comes before some of these
        let servers = list["servers"].as_array().unwrap();
        let found = servers.iter().any(|server| server["prefix"] == prefix.to_str().unwrap());
        assert!(found, "{place}: {list:#}");
    }
}

/// Kernels that get access tokens only don't lose that without a word.
#[test]
fn an_install_that_takes_limits_away_says_so() {
    let scene = Scene::new();
    scene.kernel("python3", NATIVE);
    let install = ["kernel", "install", "python3"];
    let limited = [&install[..], &["--token-only", "--scopes", "bigquery"]].concat();
    let said = "kernel python3 was installed as token-only, narrowed to bigquery; with this it gets ";
    for extra in [&["--dry-run"][..], &[], &["--token-only"]] {
        let run = scene.run(&limited).success();
        assert!(!run.stderr.contains("was installed as"), "{}", run.stderr);
        let run = scene.run(&[&install[..], extra].concat()).success();
        let new = if extra == ["--token-only"] { "token-only;" } else { "the whole credential;" };
        assert!(run.stderr.contains(&format!("{said}{new}")), "{extra:?}: {}", run.stderr);
        assert!(
            run.stderr.contains(
                "`bqcred kernel install --token-only --scopes bigquery --profile default python3` keeps it"
            ),
            "{}",
            run.stderr
        );
    }
}
