//! How much a user does on a fresh VM until a query in the notebook is theirs: done as a user does it, and counted. The
//! table in docs/notebooks.md shows it.

use std::path::Path;

use serde_json::json;

use crate::common::{PERSON, Vm, missing, venv};
use crate::double::metadata;
use crate::jupyter::add_kernel_with_wheel;
use crate::jupyter::front_end::{FrontEnd, shown};

/// The query, with `%%bigquery`.
const LOAD: &str = "%load_ext bigquery_magics";
const QUERY: &str = "%%bigquery --progress_bar_type None --project p1\nSELECT SESSION_USER() AS who";

/// A notebook, and what its user has done in it.
struct User<'a> {
    vm: &'a Vm,
    cells: FrontEnd,
    actions: usize,
}

impl User<'_> {
    /// Runs a cell: one action.
    fn run(&mut self, code: &str) -> String {
        self.actions += 1;
        let result = self.cells.send(&json!({"code": code}));
        assert_eq!(result["error"], "", "{result:#}");
        format!("{}{}", result["html"].as_str().unwrap(), shown(&result))
    }

    /// Runs a cell, opens the address that it shows, and pastes what the browser shows at the end: three actions. What
    /// is clicked at Google is the same for all, and not counted.
    fn sign_in(&mut self, code: &str) -> String {
        self.actions += 3;
        let asked = shown(&self.cells.send(&json!({"code": code, "dialogue": true})));
        let url = asked.split_whitespace().find(|word| word.starts_with("http")).unwrap();
        let page = self.vm.google.approve(url, PERSON);
        let is_code = !page.starts_with("http://127.0.0.1");
        let parsed = url::Url::parse(&page).unwrap();
        let code = parsed.query_pairs().find(|(name, _)| name == "code").unwrap().1;
        let result = self.cells.send(&json!(if is_code { code.as_ref() } else { page.as_str() }));
        assert_eq!(result["error"], "", "{result:#}");
        shown(&result)
    }
}

/// A notebook on a VM whose `%%bigquery` is the VM's, as it is before anything is done.
fn user<'a>(vm: &'a Vm, python: &Path) -> User<'a> {
    let mut user = User { vm, cells: FrontEnd::start(vm, python, "wheel"), actions: 0 };
    user.run(LOAD);
    assert!(user.run(QUERY).contains(metadata::ACCOUNT));
    user.actions = 0;
    user
}

/// The number of actions that the table says for this way, with one for the installation.
fn documented(way: &str) -> usize {
    let docs = std::fs::read_to_string("docs/notebooks.md").unwrap();
    let line = docs.lines().find(|line| line.starts_with(&format!("| {way} |"))).unwrap();
    line.split('|').nth(3).unwrap().trim().parse().unwrap()
}

fn front_end() -> Option<std::path::PathBuf> {
    let python = venv(&["jupyter_client", "ipykernel", "bigquery_magics"]);
    if python.is_none() {
        missing("a virtual environment with bigquery_magics (BQCRED_TEST_VENV)");
    }
    python
}

const INSTALL: usize = 1;

#[test]
fn bqcred_takes_the_documented_actions_and_less_than_others() {
    let Some(python) = front_end() else { return };
    let own = Vm::new();
    own.sandbox.bqcred(&["client", "set", &own.sandbox.client_file(&own.google)]).success();
    let gcloud = Vm::new();
    let (id, secret) = ("1234-gcloud.apps.googleusercontent.com", "gcloud-secret");
    gcloud.google.add_client(id, secret, &["https://sdk.cloud.google.com/applicationdefaultauthcode.html"]);
    gcloud.sandbox.add_gcloud_stand_in(id, secret);
    let pydata = documented("pydata-google-auth");
    for (mut vm, way) in [(own, "bqcred, with an OAuth client"), (gcloud, "bqcred, with gcloud alone")] {
        vm.google.expect_unexpected(); // as the VM, google-auth also asks where the service account may be used from
        add_kernel_with_wheel(&vm.sandbox, &python);
        let mut user = user(&vm, &python);
        user.sign_in("%load_ext bqcred\n%bqcred login --project p1");
        assert!(user.run(QUERY).contains(PERSON));
        let actions = INSTALL + user.actions;
        assert_eq!(actions, documented(way), "{way}");
        assert!(actions < pydata && actions < documented("gcloud"), "{way}");
        user.cells.save();
    }
}
