//! What the real libraries do in an environment: the identity that BigQuery sees, or how they fail.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use super::interpreters::Pool;
use super::scene::Scene;
use crate::common::{find_program, missing, r_package, venv};

/// Python's libraries.
const PYTHON: &str = include_str!("real.py");
/// bigrquery's `bq_auth()` with its scopes.
const R: &str = include_str!("real.R");
/// google-auth-library.
const NODE: &str = include_str!("real.cjs");

static PYTHONS: Pool = Pool::new();
static RS: Pool = Pool::new();
static NODES: Pool = Pool::new();

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
    /// The account that BigQuery saw.
    pub account: Option<String>,
    /// The project and quota project that it found by itself; none where it wasn't asked.
    pub projects: Option<(Option<String>, Option<String>)>,
    /// How it failed, for messages.
    pub error: String,
}

impl Observed {
    /// The name under which doctor predicts it: google-cloud-bigquery does what google-auth does.
    pub fn library(&self) -> &str {
        if self.name == "google-cloud-bigquery" { "google-auth" } else { &self.name }
    }
}

impl Libraries {
    /// Looks for them once, and reports what is missing.
    pub fn here() -> &'static Self {
        static HERE: OnceLock<Libraries> = OnceLock::new();
        HERE.get_or_init(Self::look)
    }

    fn look() -> Self {
        let python = venv(&["google.auth", "google.cloud.bigquery", "pydata_google_auth", "pandas_gbq"]);
        let rscript = r_package(&["gargle", "httr", "jsonlite"]);
        let node = node();
        let gcloud = find_program("gcloud").is_some();
        for (there, what) in [
            (
                python.is_some(),
                "Python with google-cloud-bigquery, pydata-google-auth and pandas-gbq in BQCRED_TEST_VENV",
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

    /// Runs all of them in this environment, side by side.
    pub fn observe(&self, scene: &Scene) -> Vec<Observed> {
        std::thread::scope(|scope| {
            let families = [
                self.python.as_deref().map(|python| scope.spawn(|| self.python(python, scene))),
                self.rscript.as_deref().map(|rscript| scope.spawn(|| r(rscript, scene))),
                self.node.as_ref().map(|(program, modules)| {
                    let modules = modules.to_str().unwrap();
                    scope.spawn(move || read(&NODES.play(program, &["-e", NODE, modules], scene, &["node"])))
                }),
            ];
            let done = families.into_iter().flatten().map(|family| family.join());
            done.flat_map(|found| found.unwrap_or_else(|panic| resume_unwind(panic))).collect()
        })
    }

    fn python(&self, python: &Path, scene: &Scene) -> Vec<Observed> {
        let mut names = vec!["google-auth"];
        names.extend((!scene.slow).then_some("google-cloud-bigquery"));
        names.extend(["pydata-google-auth", "pandas-gbq", "ibis"].iter().filter(|_| !scene.slow));
        // they read nothing else, so that the other environments would repeat the same
        names.extend((self.gcloud && scene.concerns_gcloud).then_some("gcloud"));
        names.extend((self.bq && scene.concerns_gcloud).then_some("bq"));
        read(&PYTHONS.play(python, &["-c", PYTHON], scene, &names))
    }

    /// How many are asked at most.
    pub fn count(&self) -> usize {
        self.python.iter().count() * 5 + self.rscript.iter().count() + self.node.iter().count()
    }
}

fn node() -> Option<(PathBuf, PathBuf)> {
    let modules = PathBuf::from(std::env::var_os("BQCRED_TEST_NODE_MODULES")?);
    modules.join("google-auth-library").is_dir().then_some(())?;
    Some((find_program("node")?, modules))
}

/// What R reads when it starts, a child of a running one would not have read.
fn r(rscript: &Path, scene: &Scene) -> Vec<Observed> {
    if scene.concerns_start_of_r {
        ["R", "Rscript"].into_iter().for_each(|name| scene.sandbox.link_program(name));
        return read(&scene.program(rscript, &["-e", R]).run().success().stdout);
    }
    read(&RS.play(rscript, &["--vanilla", "-e", R, "serve"], scene, &["gargle"]))
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
