//! JupyterLab in a browser: a user signs in by clicking, and the queries of the notebook run as them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::common::{Consent, Google, PERSON, find_program, missing, python_of};
use crate::double::CANARIES;
use crate::double::metadata::ACCOUNT as VM;
use crate::jupyter::{JupyterServer, Scene, Server, TOKEN, add_wheel};
use serde_json::{Value, json};

const PATH: &str = "import os; print(os.environ.get('GOOGLE_APPLICATION_CREDENTIALS', 'none'))";
const QUERY: &str = "from google.cloud import bigquery
rows = bigquery.Client(project='p1').query('SELECT SESSION_USER() AS who').result()
print(list(rows)[0].who)";
const CELLS: &[&str] = &[
    QUERY,
    "%load_ext bqcred\n%bqcred login --project p1",
    QUERY,
    "%bqcred off",
    "!bqcred login --project p1",
    "",
    QUERY,
    "!bqcred kernel install python3",
    PATH,
    PATH,
    "%load_ext bigquery_magics",
    "%%bigquery --progress_bar_type None --use_rest_api\nSELECT SESSION_USER() AS who",
];

/// The browser, the program that drives it, and the modules of that.
fn browser() -> Option<(PathBuf, PathBuf, PathBuf)> {
    let modules = PathBuf::from(std::env::var_os("BQCRED_TEST_NODE_MODULES")?);
    modules.join("playwright-core").is_dir().then_some(())?;
    Some((find_program("chromium")?, find_program("node")?, modules))
}

/// A notebook, as Lab saves it.
fn notebook() -> Value {
    let cell = |(number, code): (usize, &&str)| {
        json!({"cell_type": "code", "execution_count": null, "id": format!("cell-{number}"),
               "metadata": {}, "outputs": [], "source": code})
    };
    let kernel = json!({"name": "python3", "display_name": "native", "language": "python"});
    json!({"cells": CELLS.iter().enumerate().map(cell).collect::<Vec<_>>(),
           "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})
}

/// Where the screenshot of the notebook is saved.
fn screenshot() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jupyterlab");
    std::fs::create_dir_all(&folder).unwrap();
    let picture = folder.join("notebook.png");
    let _ = std::fs::remove_file(&picture);
    picture
}

#[test]
fn user_signs_in_and_queries_in_jupyterlab() {
    let Some(python) = python_of("BQCRED_TEST_VENV", &["jupyterlab", "ipykernel", "bigquery_magics"]) else {
        return missing(
            "a virtual environment with jupyterlab, ipykernel, bigquery_magics (BQCRED_TEST_VENV)",
        );
    };
    let Some((chromium, node, modules)) = browser() else {
        return missing("chromium, node, or playwright-core in BQCRED_TEST_NODE_MODULES,");
    };
    let mut google = Google::start();
    google.expect_unexpected(); // as the VM, google-auth also asks where the service account may be used from
    let metadata = google.metadata_server();
    google.sign_in_browser(Some(Consent::all(PERSON)));
    let scene = Scene::new(Server::Venv, &python);
    scene.link_lab(&python);
    scene.sandbox.link("bqcred", Path::new(env!("CARGO_BIN_EXE_bqcred")));
    scene.sandbox.bqcred(&["client", "set", &scene.sandbox.client_file(&google)]).success();
    let path = scene.sandbox.write("home/work.ipynb", notebook().to_string());

    let wheel = ("PYTHONPATH".to_owned(), add_wheel(&scene.sandbox).to_str().unwrap().to_owned());
    let server = JupyterServer::lab(&scene, google.env().into_iter().chain(metadata.env()).chain([wheel]));
    let address = format!("{}lab/tree/work.ipynb?token={TOKEN}", server.url);
    let picture = screenshot();
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jupyter/lab.cjs");
    let (folder, shot) = (scene.sandbox.path("tmp/chromium"), picture.to_str().unwrap());
    let words =
        [driver.to_str().unwrap(), chromium.to_str().unwrap(), &address, folder.to_str().unwrap(), shot];
    let run = scene.sandbox.program(node, &words).env("NODE_PATH", modules).limit(Duration::from_secs(400));
    let seen = run.run().success().json();

    assert!(text(&seen["before"]).ends_with(VM), "{seen:#}");
    assert_eq!((&seen["magicHidden"], &seen["hidden"]), (&json!(true), &json!(true)), "{seen:#}");
    assert!(
        text(&seen["magic"]).contains("this notebook now runs as ada@example.com (project p1)"),
        "{seen:#}"
    );
    assert_eq!(text(&seen["magicAsked"]), PERSON);
    assert!(text(&seen["off"]).contains("as it was before"), "{seen:#}");
    assert!(text(&seen["login"]).contains("signed in as ada@example.com"), "{seen:#}");
    assert!(
        text(&seen["login"]).contains("this notebook now runs as ada@example.com (project p1)"),
        "{seen:#}"
    );
    assert!(text(&seen["login"]).contains("`bqcred kernel install"), "{seen:#}");
    assert_eq!(text(&seen["asked"]), PERSON);
    assert!(text(&seen["install"]).contains("this notebook uses it already"), "{seen:#}");
    assert_eq!(text(&seen["restarted"]), "none", "a restart alone reads no kernelspec: hence the advice");
    assert_eq!(text(&seen["started"]), scene.sandbox.adc("default").to_str().unwrap());
    assert!(text(&seen["answer"]).contains(PERSON), "{seen:#}");
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG"));

    let saved = std::fs::read_to_string(path).unwrap();
    assert!(saved.contains(PERSON), "saved with its output: {saved}");
    for canary in CANARIES {
        assert!(!saved.contains(canary), "nothing of what was pasted is saved: {saved}");
    }
    assert_eq!(google.job_runners(), [VM, PERSON, PERSON, PERSON]);
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap().trim()
}
