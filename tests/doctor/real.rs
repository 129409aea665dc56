//! What the real libraries do in an environment: as whom BigQuery sees them, or how they fail.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::common::{find_program, missing, r_package, venv};
use super::scene::Scene;

/// Python's libraries, one after the other; the last line is the result.
const PYTHON: &str = include_str!("real.py");
/// bigrquery's `bq_auth()` with its scopes.
const R: &str = include_str!("real.R");
/// google-auth-library.
const NODE: &str = include_str!("real.cjs");

/// The real libraries of this machine.
pub struct Libraries {
    python: Option<PathBuf>,
    rscript: Option<PathBuf>,
    node: Option<(PathBuf, PathBuf)>,
    gcloud: bool,
    bq: bool,
}

/// What one library did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Which.
    pub name: String,
    /// In the words of `doctor --json`.
    pub identity: String,
    /// As whom BigQuery saw it.
    pub account: Option<String>,
    /// The project and quota project that it found by itself; nothing where it wasn't asked.
    pub projects: Option<(Option<String>, Option<String>)>,
    /// How it failed, for messages.
    pub error: String,
}

impl Libraries {
    /// Looks for them, and says what is missing.
    pub fn here() -> Self {
        let python = venv(&["google.auth", "pydata_google_auth", "pandas_gbq", "requests"]);
        let rscript = r_package(&["gargle", "httr", "jsonlite"]);
        let node = node();
        let gcloud = find_program("gcloud").is_some();
        for (there, what) in [
            (
                python.is_some(),
                "Python with google-auth, pydata-google-auth and pandas-gbq in BQCRED_TEST_VENV",
            ),
            (rscript.is_some(), "R with gargle"),
            (node.is_some(), "Node.js with google-auth-library in BQCRED_TEST_NODE_MODULES"),
        ] {
            if !there {
                missing(what);
            }
        }
        Libraries { python, rscript, node, gcloud, bq: gcloud && find_program("bq").is_some() }
    }

    /// Runs all of them in this environment.
    pub fn observe(&self, scene: &Scene) -> Vec<Observed> {
        let mut observed = Vec::new();
        if let Some(python) = &self.python {
            let mut args = vec!["-c", PYTHON, "google-auth"];
            let built_on_it = ["pydata-google-auth", "pandas-gbq", "ibis"];
            args.extend(built_on_it.iter().filter(|_| !scene.slow));
            // they look at nothing else, so that the other environments would be asked the same again
            args.extend((self.gcloud && scene.concerns_gcloud).then_some("gcloud"));
            args.extend((self.bq && scene.concerns_gcloud).then_some("bq"));
            let run = scene.program(python, &args).limit(Duration::from_secs(300)).run();
            observed.extend(read(&run.success().stdout));
        }
        if let Some(rscript) = &self.rscript {
            ["R", "Rscript"].into_iter().for_each(|name| scene.sandbox.link_program(name));
            let run = scene.program(rscript, &["-e", R]).env("R_PROFILE_USER", trusting(scene)).run();
            observed.extend(read(&run.success().stdout));
        }
        if let Some((node, modules)) = &self.node {
            let run = scene.program(node, &["-e", NODE]).env("NODE_PATH", modules).run();
            observed.extend(read(&run.success().stdout));
        }
        observed
    }

    /// How many are asked at most.
    pub fn count(&self) -> usize {
        self.python.iter().count() * 4 + self.rscript.iter().count() + self.node.iter().count()
    }
}

fn node() -> Option<(PathBuf, PathBuf)> {
    let modules = PathBuf::from(std::env::var_os("BQCRED_TEST_NODE_MODULES")?);
    modules.join("google-auth-library").is_dir().then_some(())?;
    Some((find_program("node")?, modules))
}

/// R trusts the system's certificates only, and reads no variable for others.
fn trusting(scene: &Scene) -> PathBuf {
    let trust = "options(httr_config = httr::config(cainfo = Sys.getenv('CURL_CA_BUNDLE')))\n";
    scene.sandbox.write("profile.R", trust)
}

/// The last line: a JSON list.
fn read(stdout: &str) -> Vec<Observed> {
    let line = stdout.trim().lines().last().unwrap_or_default();
    let list: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {stdout}"));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| Observed {
            name: text(&one["name"]).unwrap(),
            identity: text(&one["identity"]).unwrap(),
            account: text(&one["account"]),
            projects: one.get("project").map(|project| (text(project), text(&one["quota_project"]))),
            error: text(&one["error"]).unwrap_or_default(),
        })
        .collect()
}
