//! `bqcred snippet`: what is pasted does what it says, in the programs that it is pasted into.

use std::process::Command;

use crate::common::{GUARD_HOST, find_program, missing, python_of};
use crate::jupyter::{Scene, Server};

fn scene(modules: &[&str]) -> Option<Scene> {
    let Some(python) = python_of("BQCRED_TEST_VENV", modules) else {
        missing(&format!("a virtual environment with {} (BQCRED_TEST_VENV)", modules.join(", ")));
        return None;
    };
    let scene = Scene::new(Server::Venv, &python);
    scene.profile("default");
    Some(scene)
}

fn snippet(scene: &Scene, lang: &str) -> String {
    scene.bqcred(&["snippet", lang]).success().stdout
}

fn output(command: &mut Command) -> String {
    let out = command.output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    assert!(out.status.success(), "{text}\n{}", String::from_utf8_lossy(&out.stderr));
    text
}

#[test]
fn python_snippet_resets_cached_magics_credentials() {
    let Some(scene) = scene(&["bigquery_magics", "google.cloud.bigquery", "google.auth"]) else { return };
    let adc = scene.sandbox.adc("default");
    let code = snippet(&scene, "python");
    let code = scene.sandbox.write("snippet.py", &code);
    let check = format!(
        "import sys, os, bigquery_magics, google.cloud.bigquery.magics.magics as old, google.oauth2.credentials as c\n\
         stale = c.Credentials(token='stale')\n\
         bigquery_magics.context.credentials = stale\nold.context.credentials = stale\n\
         for _ in range(2):\n    exec(open({:?}).read())\n\
         print(os.environ['GOOGLE_APPLICATION_CREDENTIALS'], bigquery_magics.context.credentials.refresh_token, old.context.credentials.refresh_token)\n",
        code.to_str().unwrap()
    );
    let python = scene.prefix.join("bin/python3");
    let text = output(scene.command(&python).args(["-c", &check]));
    assert_eq!(text, format!("{} r r", adc.display()));
    // where none of it is loaded or installed, it only sets the environment
    let bare = format!(
        "exec(open({:?}).read()); print(sorted(m for m in sys.modules if m.startswith('google')))",
        code.to_str().unwrap()
    );
    assert_eq!(output(scene.command(&python).args(["-S", "-c", &bare])), "[]");
}

#[test]
fn ipython_startup_file_applies_to_every_kernel() {
    let Some(scene) = scene(&["jupyter_client", "ipykernel"]) else { return };
    let code = snippet(&scene, "ipython-startup");
    scene.sandbox.write("home/.ipython/profile_default/startup/50-bqcred.py", &code);
    let ask = "import os; print(os.environ['GOOGLE_APPLICATION_CREDENTIALS'])";
    let answer = scene.drive(&["run", "python3", ask]);
    assert_eq!(answer.as_str().unwrap().trim(), scene.sandbox.adc("default").to_str().unwrap());
}

#[test]
fn r_snippets_set_the_environment() {
    let Some(scene) = scene(&["jupyter_client"]) else { return };
    let Some(rscript) = find_program("Rscript") else { return missing("R") };
    let adc = scene.sandbox.adc("default");
    let ask = "cat(Sys.getenv(c('GOOGLE_APPLICATION_CREDENTIALS', 'GCE_METADATA_URL')))";
    let code = scene.sandbox.write("snippet.R", snippet(&scene, "r"));
    let source = format!("source({:?}); {ask}", code.to_str().unwrap());
    let text = output(scene.command(&rscript).args(["--vanilla", "-e", &source]));
    assert_eq!(text, format!("{} {GUARD_HOST}", adc.display()));
    let file = scene.sandbox.write("home/.Renviron", snippet(&scene, "renviron"));
    let text = output(scene.command(&rscript).args(["-e", ask]));
    assert_eq!(text, format!("{} {GUARD_HOST}", adc.display()), "{}", file.display());
}

#[test]
fn jupyterhub_snippet_gives_each_user_their_own_file() {
    let Some(scene) = scene(&["jupyter_client"]) else { return };
    let code = scene.sandbox.write("hub.py", snippet(&scene, "jupyterhub"));
    let check = format!(
        "import types, os\nN = types.SimpleNamespace\nc = N(Spawner=N(environment={{}}))\n\
         exec(open({:?}).read())\ne = c.Spawner.environment\n\
         f = e['GOOGLE_APPLICATION_CREDENTIALS']\n\
         print(f(N(user=N(name='root'))), f(N(user=N(name='ada.of.a.container'))), e['BQCRED_PROFILE'])",
        code.to_str().unwrap()
    );
    let python = scene.prefix.join("bin/python3");
    let home = output(scene.command(&python).args(["-c", "import os; print(os.path.expanduser('~root'))"]));
    let text = output(scene.command(&python).args(["-c", &check]));
    let below = ".local/share/bqcred/default/adc.json";
    assert_eq!(text, format!("{home}/{below} /home/jovyan/{below} default"));
}

#[test]
fn vscode_and_docker_snippets_use_their_own_formats() {
    let Some(scene) = scene(&["jupyter_client"]) else { return };
    let adc = scene.sandbox.adc("default");
    let vscode = snippet(&scene, "vscode");
    assert!(
        vscode.lines().any(|line| line.replace(['"', '\''], "")
            == format!("GOOGLE_APPLICATION_CREDENTIALS={}", adc.display())),
        "{vscode}"
    );
    let docker = scene.bqcred(&["snippet", "docker", "--whole"]).success().stdout;
    let folder = adc.parent().unwrap().display();
    assert!(
        docker.contains(&format!("--mount type=bind,source={folder},target=/run/bqcred,readonly")),
        "{docker}"
    );
    assert!(docker.contains("--env GOOGLE_APPLICATION_CREDENTIALS=/run/bqcred/adc.json"), "{docker}");
    // a shell hands docker exactly these words
    let script = format!("printf '[%s]' {docker}");
    let words = output(scene.command("sh").args(["-c", &script]));
    assert!(
        words
            .starts_with(&format!("[--mount][type=bind,source={folder},target=/run/bqcred,readonly][--env]")),
        "{words}"
    );
}
