//! Kernelspecs are found where Jupyter finds them: each configuration is compared with `jupyter kernelspec
//! list --json` in the same environment, for a current Jupyter and for an old pair (jupyter_client 6.1,
//! jupyter_core 4.11).

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::common::{missing, python_of};
use crate::jupyter::{Scene, Server};
use serde_json::Value;

/// Where the test kernels are; `{home}`, `{prefix}` and `{root}` stand for the sandbox's.
const USER: &str = "{home}/.local/share/jupyter";
const ENV: &str = "{prefix}/share/jupyter";

struct Case {
    name: &'static str,
    server: Server,
    /// Variables; a value of `-` removes one.
    env: &'static [(&'static str, &'static str)],
    /// Folders that get a kernel, below `kernels/` of a data directory.
    kernels: &'static [(&'static str, &'static str)],
    /// Other files and their content.
    files: &'static [(&'static str, &'static str)],
    /// Anything else.
    prepare: fn(&Scene),
}

const PLAIN: Case =
    Case { name: "", server: Server::Venv, env: &[], kernels: &[], files: &[], prepare: |_| {} };

const BOTH: &[(&str, &str)] = &[(USER, "python3"), (ENV, "python3"), (USER, "mine"), (ENV, "theirs")];

const ALLOW_MINE: &str = r#"{"KernelSpecManager": {"allowed_kernelspecs": ["mine"]}}"#;
const ALLOW_THEIRS: &str = r#"{"KernelSpecManager": {"allowed_kernelspecs": ["theirs", "ir"]}}"#;

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { name: "a venv of one's own comes before the user", kernels: BOTH, ..PLAIN },
    Case { name: "prefer the user", env: &[("JUPYTER_PREFER_ENV_PATH", "0")], kernels: BOTH, ..PLAIN },
    Case { name: "prefer the user, by False", env: &[("JUPYTER_PREFER_ENV_PATH", "False")], kernels: BOTH, ..PLAIN },
    Case { name: "prefer the user, by no", env: &[("JUPYTER_PREFER_ENV_PATH", "no")], kernels: BOTH, ..PLAIN },
    Case { name: "an empty preference is a yes", env: &[("JUPYTER_PREFER_ENV_PATH", "")], kernels: BOTH, ..PLAIN },
    Case { name: "prefer the environment", env: &[("JUPYTER_PREFER_ENV_PATH", "1")], kernels: BOTH, ..PLAIN },
    Case { name: "JUPYTER_PATH comes first", env: &[("JUPYTER_PATH", "{root}/a")], kernels: &[("{root}/a", "python3"), (USER, "python3")], ..PLAIN },
    Case { name: "the first of JUPYTER_PATH wins", env: &[("JUPYTER_PATH", "{root}/a:{root}/b")], kernels: &[("{root}/a", "x"), ("{root}/b", "x"), ("{root}/b", "y")], ..PLAIN },
    Case { name: "slashes at the end of JUPYTER_PATH", env: &[("JUPYTER_PATH", "{root}/a//")], kernels: &[("{root}/a", "x")], ..PLAIN },
    Case { name: "an empty entry is the working directory", env: &[("JUPYTER_PATH", "{root}/a::{root}/b")], kernels: &[("{root}", "x"), ("{root}/b", "x")], ..PLAIN },
    Case { name: "an empty JUPYTER_PATH is none", env: &[("JUPYTER_PATH", "")], kernels: &[("{root}", "x")], ..PLAIN },
    Case { name: "JUPYTER_DATA_DIR instead of the user's", env: &[("JUPYTER_DATA_DIR", "{root}/d")], kernels: &[("{root}/d", "x"), (USER, "y")], ..PLAIN },
    Case { name: "an empty JUPYTER_DATA_DIR is none", env: &[("JUPYTER_DATA_DIR", "")], kernels: &[(USER, "y")], ..PLAIN },
    Case { name: "XDG_DATA_HOME elsewhere", env: &[("XDG_DATA_HOME", "{root}/x")], kernels: &[("{root}/x/jupyter", "x"), (USER, "y")], ..PLAIN },
    Case { name: "no XDG_DATA_HOME", env: &[("XDG_DATA_HOME", "-")], kernels: &[(USER, "y")], ..PLAIN },
    Case { name: "an empty XDG_DATA_HOME", env: &[("XDG_DATA_HOME", "")], kernels: &[(USER, "y")], ..PLAIN },
    Case { name: "a home behind a link", env: &[("XDG_DATA_HOME", "-"), ("HOME", "{root}/link")], kernels: &[(USER, "y")], prepare: |s| symlink(s.sandbox.home(), s.sandbox.path("link")).unwrap(), ..PLAIN },
    Case { name: "platformdirs and XDG_DATA_DIRS", env: &[("JUPYTER_PLATFORM_DIRS", "1"), ("XDG_DATA_DIRS", "{root}/s1:{root}/s2")], kernels: &[("{root}/s1/jupyter", "x"), ("{root}/s2/jupyter", "x"), ("{root}/s2/jupyter", "z"), (USER, "y")], ..PLAIN },
    Case { name: "platformdirs without variables", env: &[("JUPYTER_PLATFORM_DIRS", "1"), ("XDG_DATA_HOME", "-")], kernels: BOTH, ..PLAIN },
    Case { name: "an allow-list of the user", kernels: BOTH, files: &[("{home}/.jupyter/jupyter_config.json", ALLOW_MINE)], ..PLAIN },
    Case { name: "an allow-list under its old name", kernels: BOTH, files: &[("{home}/.jupyter/jupyter_config.json", r#"{"KernelSpecManager": {"whitelist": ["mine"]}}"#)], ..PLAIN },
    Case { name: "an allow-list without configuration", env: &[("JUPYTER_NO_CONFIG", "1")], kernels: BOTH, files: &[("{home}/.jupyter/jupyter_config.json", ALLOW_MINE)], ..PLAIN },
    Case { name: "an allow-list of the environment", kernels: BOTH, files: &[("{prefix}/etc/jupyter/jupyter_config.json", ALLOW_THEIRS)], ..PLAIN },
    Case { name: "the environment's list over the user's", kernels: BOTH, files: &[("{home}/.jupyter/jupyter_config.json", ALLOW_MINE), ("{prefix}/etc/jupyter/jupyter_config.json", ALLOW_THEIRS)], ..PLAIN },
    Case { name: "the user's list over the environment's", env: &[("JUPYTER_PREFER_ENV_PATH", "0")], kernels: BOTH, files: &[("{home}/.jupyter/jupyter_config.json", ALLOW_MINE), ("{prefix}/etc/jupyter/jupyter_config.json", ALLOW_THEIRS)], ..PLAIN },
    Case { name: "an allow-list in Python", kernels: BOTH, files: &[("{home}/.jupyter/jupyter_config.py", "c = get_config()\nc.KernelSpecManager.allowed_kernelspecs = {\n  'mine', # me\n  \"python3\",\n}\n")], ..PLAIN },
    Case { name: "an empty allow-list", kernels: BOTH, files: &[("{home}/.jupyter/jupyter_config.json", r#"{"KernelSpecManager": {"allowed_kernelspecs": []}}"#)], ..PLAIN },
    Case { name: "JUPYTER_CONFIG_DIR", env: &[("JUPYTER_CONFIG_DIR", "{root}/c")], kernels: BOTH, files: &[("{root}/c/jupyter_config.json", ALLOW_MINE)], ..PLAIN },
    Case { name: "JUPYTER_CONFIG_PATH", env: &[("JUPYTER_CONFIG_PATH", "{root}/c:{root}/d")], kernels: BOTH, files: &[("{root}/c/jupyter_config.json", ALLOW_MINE), ("{root}/d/jupyter_config.json", ALLOW_THEIRS)], ..PLAIN },
    Case { name: "python3 without a file", prepare: Scene::remove_native, ..PLAIN },
    Case { name: "python3 without a file, unwanted", prepare: Scene::remove_native, files: &[("{home}/.jupyter/jupyter_config.json", r#"{"KernelSpecManager": {"ensure_native_kernel": false}}"#)], ..PLAIN },
    Case { name: "python3 without a file, but with the user's", prepare: Scene::remove_native, kernels: &[(USER, "python3")], ..PLAIN },
    Case { name: "~/.ipython", kernels: &[("{home}/.ipython", "x"), (USER, "y")], ..PLAIN },
    Case { name: "IPYTHONDIR", env: &[("IPYTHONDIR", "{root}/i")], kernels: &[("{root}/i", "x"), ("{home}/.ipython", "y")], ..PLAIN },
    Case { name: "IPYTHONDIR below ~", env: &[("IPYTHONDIR", "~/i")], kernels: &[("{home}/i", "x")], ..PLAIN },
    Case { name: "~/.config/ipython of old", kernels: &[("{home}/.config/ipython", "x")], ..PLAIN },
    Case { name: "names in capitals", kernels: &[(USER, "MiNe"), ("{home}/.ipython", "mine")], ..PLAIN },
    Case { name: "names that are not allowed are listed all the same", kernels: &[(USER, "with space"), (USER, "at@x"), (USER, "ümlaut")], ..PLAIN },
    Case { name: "a spec that can't be read hides a good one", env: &[("JUPYTER_PREFER_ENV_PATH", "0")], kernels: &[(ENV, "x")], files: &[("{home}/.local/share/jupyter/kernels/x/kernel.json", "\u{feff}{}")], ..PLAIN },
    Case { name: "specs of every kind of wrong", files: &[
        ("{home}/.local/share/jupyter/kernels/comment/kernel.json", "// hi\n{\"argv\": [\"x\"]}"),
        ("{home}/.local/share/jupyter/kernels/comma/kernel.json", "{\"argv\": [\"x\"],}"),
        ("{home}/.local/share/jupyter/kernels/list/kernel.json", "[]"),
        ("{home}/.local/share/jupyter/kernels/empty/kernel.json", ""),
        ("{home}/.local/share/jupyter/kernels/object/kernel.json", "{}"),
        ("{home}/.local/share/jupyter/kernels/envnull/kernel.json", "{\"argv\": [\"x\"], \"env\": null}"),
        ("{home}/.local/share/jupyter/kernels/envint/kernel.json", "{\"argv\": [\"x\"], \"env\": {\"A\": 1}}"),
        ("{home}/.local/share/jupyter/kernels/argvint/kernel.json", "{\"argv\": [1]}"),
        ("{home}/.local/share/jupyter/kernels/mode/kernel.json", "{\"argv\": [\"x\"], \"interrupt_mode\": \"no\"}"),
        ("{home}/.local/share/jupyter/kernels/modecase/kernel.json", "{\"argv\": [\"x\"], \"interrupt_mode\": \"MESSAGE\"}"),
        ("{home}/.local/share/jupyter/kernels/namenull/kernel.json", "{\"argv\": [\"x\"], \"display_name\": null}"),
        ("{home}/.local/share/jupyter/kernels/resource/kernel.json", "{\"argv\": [\"x\"], \"resource_dir\": \"/\"}"),
        ("{home}/.local/share/jupyter/kernels/self/kernel.json", "{\"argv\": [\"x\"], \"self\": \"/\"}"),
        ("{home}/.local/share/jupyter/kernels/unknown/kernel.json", "{\"argv\": [\"x\"], \"whatever\": [1]}"),
        ("{home}/.local/share/jupyter/kernels/nan/kernel.json", "{\"argv\": [\"x\"], \"metadata\": {\"a\": [NaN, -Infinity, 1e999]}}"),
        ("{home}/.local/share/jupyter/kernels/big/kernel.json", "{\"argv\": [\"x\"], \"metadata\": {\"a\": 123456789012345678901234567890}}"),
        ("{home}/.local/share/jupyter/kernels/surrogate/kernel.json", "{\"argv\": [\"x\"], \"language\": \"\\ud83d\\ude00\"}"),
        ("{home}/.local/share/jupyter/kernels/control/kernel.json", "{\"argv\": [\"x\ty\"]}"),
        ("{home}/.local/share/jupyter/kernels/twice/kernel.json", "{\"argv\": null, \"argv\": [\"x\"], \"language\": \"a\", \"language\": \"b\"}"),
        ("{home}/.local/share/jupyter/kernels/zeros/kernel.json", "{\"argv\": [\"x\"], \"metadata\": {\"a\": 01}}"),
        ("{home}/.local/share/jupyter/kernels/trailing/kernel.json", "{\"argv\": [\"x\"]} x"),
        ("{home}/.local/share/jupyter/kernels/tabs/kernel.json", "\r\n\t{\"argv\"\t:\r\n[\"x\"]}\r\n"),
        ("{home}/.local/share/jupyter/kernels/metalist/kernel.json", "{\"argv\": [\"x\"], \"metadata\": []}"),
        ], ..PLAIN },
    Case { name: "not UTF-8", prepare: |s| { s.sandbox.write("home/.local/share/jupyter/kernels/latin/kernel.json", b"{\"argv\": [\"\xe9\"]}"); }, ..PLAIN },
    Case { name: "provisioners", files: &[
        ("{home}/.local/share/jupyter/kernels/unknown/kernel.json", "{\"argv\": [\"x\"], \"metadata\": {\"kernel_provisioner\": {\"provisioner_name\": \"nobody\"}}}"),
        ("{home}/.local/share/jupyter/kernels/local/kernel.json", "{\"argv\": [\"x\"], \"metadata\": {\"kernel_provisioner\": {\"provisioner_name\": \"local-provisioner\"}}}"),
        ("{home}/.local/share/jupyter/kernels/none/kernel.json", "{\"argv\": [\"x\"], \"metadata\": {\"kernel_provisioner\": {}}}"),
        ("{home}/.local/share/jupyter/kernels/null/kernel.json", "{\"argv\": [\"x\"], \"metadata\": {\"kernel_provisioner\": null}}"),
        ], ..PLAIN },
    Case { name: "a default provisioner that is not there", env: &[("JUPYTER_DEFAULT_PROVISIONER_NAME", "nobody")], kernels: BOTH, ..PLAIN },
    Case { name: "a folder behind a link", kernels: &[("{root}/elsewhere", "x")], prepare: |s| { s.link("{root}/elsewhere/kernels/x", "{home}/.local/share/jupyter/kernels/y"); }, ..PLAIN },
    Case { name: "a kernel.json behind a link", kernels: &[("{root}/elsewhere", "x")], prepare: |s| { s.link("{root}/elsewhere/kernels/x/kernel.json", "{home}/.local/share/jupyter/kernels/y/kernel.json"); }, ..PLAIN },
    Case { name: "links to nowhere", prepare: |s| { s.link("{root}/nowhere", "{home}/.local/share/jupyter/kernels/y"); s.link("{root}/nowhere", "{home}/.local/share/jupyter/kernels/z/kernel.json"); }, ..PLAIN },
    Case { name: "a kernel.json that is a folder, a file that is no folder", files: &[("{home}/.local/share/jupyter/kernels/x/kernel.json/y", ""), ("{home}/.local/share/jupyter/kernels/z", "")], ..PLAIN },
    Case { name: "kernels is a file", files: &[("{home}/.local/share/jupyter/kernels", "")], ..PLAIN },
    Case { name: "a closed venv ignores the user base", env: &[("PYTHONUSERBASE", "{root}/u")], kernels: &[("{root}/u/share/jupyter", "x")], ..PLAIN },
    Case { name: "an open venv reads the user base", server: Server::OpenVenv, env: &[("PYTHONUSERBASE", "{root}/u")], kernels: &[("{root}/u/share/jupyter", "x"), (USER, "x")], ..PLAIN },
    Case { name: "an open venv without the user site", server: Server::OpenVenv, env: &[("PYTHONUSERBASE", "{root}/u"), ("PYTHONNOUSERSITE", "1")], kernels: &[("{root}/u/share/jupyter", "x")], ..PLAIN },
    Case { name: "a plain Python: the user first", server: Server::Prefix, kernels: BOTH, ..PLAIN },
    Case { name: "a plain Python that prefers its own", server: Server::Prefix, env: &[("JUPYTER_PREFER_ENV_PATH", "yes")], kernels: BOTH, ..PLAIN },
    Case { name: "a plain Python and the user base", server: Server::Prefix, env: &[("PYTHONUSERBASE", "{root}/u")], kernels: &[("{root}/u/share/jupyter", "x"), (ENV, "x")], ..PLAIN },
    Case { name: "a plain Python without the user site", server: Server::Prefix, env: &[("PYTHONUSERBASE", "{root}/u"), ("PYTHONNOUSERSITE", "x")], kernels: &[("{root}/u/share/jupyter", "x"), (ENV, "x")], ..PLAIN },
    Case { name: "conda's base: the user first", server: Server::Prefix, env: &[("CONDA_PREFIX", "{prefix}"), ("CONDA_DEFAULT_ENV", "base")], kernels: BOTH, ..PLAIN },
    Case { name: "a conda environment before the user", server: Server::Prefix, env: &[("CONDA_PREFIX", "{prefix}"), ("CONDA_DEFAULT_ENV", "science")], kernels: BOTH, ..PLAIN },
    Case { name: "a conda environment without a name", server: Server::Prefix, env: &[("CONDA_PREFIX", "{prefix}")], kernels: BOTH, ..PLAIN },
    Case { name: "another conda environment", server: Server::Prefix, env: &[("CONDA_PREFIX", "{root}/other"), ("CONDA_DEFAULT_ENV", "science")], kernels: BOTH, ..PLAIN },
    Case { name: "a conda prefix that is only a part of the name", server: Server::Prefix, env: &[("CONDA_PREFIX", "{root}/pre"), ("CONDA_DEFAULT_ENV", "science")], kernels: BOTH, ..PLAIN },
    Case { name: "a venv of somebody else: the user first", kernels: BOTH, prepare: Scene::give_away, ..PLAIN },
];

/// The environment of a case.
fn environment(scene: &Scene, case: &Case) -> BTreeMap<String, String> {
    let mut env = scene.env();
    for (name, value) in case.env {
        if *value == "-" {
            env.remove(*name);
        } else {
            env.insert((*name).into(), scene.fill(value));
        }
    }
    env
}

/// Name, folder, display name and language of each kernel.
type Listing = BTreeMap<String, (String, String, String)>;

fn jupyter_lists(scene: &Scene, env: &BTreeMap<String, String>) -> Listing {
    let out = scene
        .sandbox
        .command(scene.prefix.join("bin/python3"))
        .args(["-m", "jupyter_client.kernelspecapp", "list", "--json"])
        .env_clear()
        .envs(env)
        .output()
        .unwrap();
    // Python prints numbers that are no JSON, for a spec that holds them
    let text = String::from_utf8(out.stdout).unwrap();
    let text = text.replace("NaN", "null").replace("-Infinity", "null").replace("Infinity", "null");
    let json: Value = serde_json::from_str(&text)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    let specs = json["kernelspecs"].as_object().unwrap();
    let entry = |spec: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&spec["resource_dir"]), text(&spec["spec"]["display_name"]), text(&spec["spec"]["language"]))
    };
    // relative to the working directory, if JUPYTER_PATH is
    specs
        .iter()
        .map(|(name, spec)| {
            let (folder, display, language) = entry(spec);
            let folder = scene.sandbox.path("").join(folder);
            (name.clone(), (folder.to_str().unwrap().to_owned(), display, language))
        })
        .collect()
}

fn bqcred_lists(scene: &Scene, env: &BTreeMap<String, String>) -> Listing {
    let mut command = scene.sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
    let out = command.args(["kernel", "list", "--json"]).env_clear().envs(env).output().unwrap();
    let json: Value = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    let prefix = scene.prefix.to_str().unwrap();
    let servers = json["servers"].as_array().unwrap();
    let server = servers.iter().find(|server| server["prefix"] == prefix);
    let server = server.unwrap_or_else(|| panic!("no server at {prefix}: {json:#}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let kernels = server["kernels"].as_array().unwrap().iter().filter(|kernel| kernel["listed"] == true);
    kernels
        .map(|kernel| {
            let values =
                (text(&kernel["resource_dir"]), text(&kernel["display_name"]), text(&kernel["language"]));
            (text(&kernel["name"]), values)
        })
        .collect()
}

/// Runs every case with this Python; returns those that differ.
fn differing(python: &Path) -> Vec<String> {
    let run = |case: &Case| {
        let scene = Scene::new(case.server, python);
        for (folder, name) in case.kernels {
            let text =
                format!("{{\"argv\": [\"x\"], \"display_name\": \"{folder}\", \"language\": \"{name}\"}}");
            scene.write(&format!("{folder}/kernels/{name}/kernel.json"), &text);
        }
        for (path, content) in case.files {
            scene.write(path, content);
        }
        (case.prepare)(&scene);
        let env = environment(&scene, case);
        // before Jupyter, which makes folders while it looks
        let ours = bqcred_lists(&scene, &env);
        let theirs = jupyter_lists(&scene, &env);
        (ours != theirs).then(|| format!("{}\n   bqcred: {ours:?}\n  jupyter: {theirs:?}", case.name))
    };
    let next = std::sync::atomic::AtomicUsize::new(0);
    let worker = || {
        let mut found = Vec::new();
        while let Some(case) = CASES.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            found.extend(run(case));
        }
        found
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

#[test]
fn finds_the_same_kernels_as_jupyter() {
    assert!(CASES.len() >= 40);
    let Some(python) = python_of("BQCRED_TEST_VENV", &["jupyter_client", "ipykernel"]) else {
        return missing("a virtual environment with jupyter_client and ipykernel (BQCRED_TEST_VENV)");
    };
    let differing = differing(&python);
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn finds_the_same_kernels_as_an_old_jupyter() {
    let Some(python) = python_of("BQCRED_TEST_VENV_OLD", &["jupyter_client", "ipykernel"]) else {
        return missing("a virtual environment with jupyter_client 6.1 (BQCRED_TEST_VENV_OLD)");
    };
    let differing = differing(&python);
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
