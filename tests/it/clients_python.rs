//! Python's BigQuery libraries, unchanged, run as the user and as nobody else.

use std::path::{Path, PathBuf};

use crate::common::{Endpoint, PERSON, Vm, missing, python_kernel, python_of, skipped, venv};
use crate::double::{Script, metadata};

/// A user's code, and the modules that it needs. Each prints the account that BigQuery sees.
struct Client {
    modules: &'static [&'static str],
    code: &'static str,
}

const BIGQUERY: Client = Client {
    modules: &["google.cloud.bigquery"],
    code: "
from google.cloud import bigquery
client = bigquery.Client()
print(list(client.query('SELECT SESSION_USER() AS who').result())[0].who)
",
};

const PANDAS_GBQ: Client = Client {
    modules: &["pandas_gbq"],
    code: "
import pandas_gbq
print(pandas_gbq.read_gbq('SELECT SESSION_USER() AS who', dialect='standard', progress_bar_type=None)['who'][0])
",
};

const PYDATA: Client = Client {
    modules: &["pydata_google_auth", "google.cloud.bigquery"],
    code: "
import pydata_google_auth
from google.cloud import bigquery
credentials, project = pydata_google_auth.default(['https://www.googleapis.com/auth/bigquery'])
client = bigquery.Client(project=project, credentials=credentials)
print(list(client.query('SELECT SESSION_USER() AS who').result())[0].who)
",
};

/// The cells of a notebook that uses the `%%bigquery` magic.
const MAGIC: &[&str] = &[
    "%load_ext bigquery_magics",
    "%%bigquery frame --progress_bar_type None\nSELECT SESSION_USER() AS who",
    "print(frame['who'][0])",
];

fn today(modules: &[&str]) -> Option<PathBuf> {
    found("BQCRED_TEST_VENV", modules, venv(modules))
}

fn found(place: &str, modules: &[&str], python: Option<PathBuf>) -> Option<PathBuf> {
    if python.is_none() {
        missing(&format!("Python with {} in {place}", modules.join(", ")));
    }
    python
}

/// The libraries of late 2020. Those that need pandas have none for Python 3.12 and later.
fn of_2020(modules: &[&str]) -> Option<PathBuf> {
    let place = "BQCRED_TEST_VENV_OLD";
    let python = python_of(place, modules);
    if python.is_none() && python_of(place, &["google.auth"]).is_some() {
        skipped(&format!("{} of 2020 is not for this Python", modules.join(", ")));
        return None;
    }
    found(place, modules, python)
}

fn runs_as_the_user(client: &Client, python: Option<PathBuf>) {
    let Some(python) = python else { return };
    let vm = Vm::with_login();
    vm.after_eval(&python, &["-c", client.code]).run().prints(PERSON);
    vm.assert_only_the_user();
    assert_eq!(vm.metadata.requests().len(), 0, "nobody has to ask whether this is a VM");
}

#[test]
fn bigquery_after_env() {
    runs_as_the_user(&BIGQUERY, today(BIGQUERY.modules));
}

#[test]
fn pandas_gbq_after_env() {
    runs_as_the_user(&PANDAS_GBQ, today(PANDAS_GBQ.modules));
}

#[test]
fn pydata_google_auth_after_env() {
    runs_as_the_user(&PYDATA, today(PYDATA.modules));
}

#[test]
fn bigquery_of_2020_after_env() {
    runs_as_the_user(&BIGQUERY, of_2020(BIGQUERY.modules));
}

#[test]
fn pandas_gbq_of_2020_after_env() {
    runs_as_the_user(&PANDAS_GBQ, of_2020(PANDAS_GBQ.modules));
}

#[test]
fn pydata_google_auth_of_2020_after_env() {
    runs_as_the_user(&PYDATA, of_2020(PYDATA.modules));
}

#[test]
fn notebook_magic_after_env() {
    let Some(python) = today(&["bigquery_magics", "ipykernel", "nbclient"]) else { return };
    let vm = Vm::with_login();
    vm.notebook_after_eval(&python, "python3", MAGIC).run().prints(PERSON);
    vm.assert_only_the_user();
}

/// The server has no variables of bqcred here: the kernel gets them from its kernelspec alone.
#[test]
fn all_libraries_in_a_kernel_with_variables_in_its_kernelspec() {
    let modules = ["bigquery_magics", "ipykernel", "nbclient", "pandas_gbq", "pydata_google_auth"];
    let Some(python) = today(&modules) else { return };
    let vm = Vm::with_login();
    vm.add_kernel("bigquery", &python_kernel(&python));
    let cells = [MAGIC, &[BIGQUERY.code, PANDAS_GBQ.code, PYDATA.code]].concat();
    vm.notebook(&python, "bigquery", &cells).run().prints(&[PERSON; 4].join("\n"));
    vm.assert_only_the_user();
}

/// The control: the same code without bqcred runs as the VM.
#[test]
fn without_bqcred_queries_run_as_the_vm() {
    let Some(python) = today(BIGQUERY.modules) else { return };
    let mut vm = Vm::with_login();
    vm.google.expect_unexpected(); // it also asks where the service account may be used from
    vm.program(&python, &["-c", BIGQUERY.code]).run().prints(metadata::ACCOUNT);
    assert_eq!(vm.google.identities(), [metadata::ACCOUNT]);
    assert!(vm.metadata.tokens() > 0);
}

fn fails_and_is_not_the_vm(vm: &Vm, python: &Path, says: &str) {
    let run = vm.after_eval(python, &["-c", BIGQUERY.code]).run().fails(1);
    run.says(says);
    assert_eq!(vm.google.identities(), [""; 0]);
    vm.assert_never_the_vm();
}

#[test]
fn missing_credential_raises_and_does_not_fall_back_to_the_vm() {
    let Some(python) = today(BIGQUERY.modules) else { return };
    let vm = Vm::with_login();
    let printed = vm.bash("bqcred env; bqcred forget >/dev/null").run().success().stdout;
    let script = format!("eval $(cat <<'END'\n{printed}\nEND\n)\nexec \"$@\"");
    let run = vm.bash(&script).arg("bash").arg(&python).arg("-c").arg(BIGQUERY.code).run();
    run.fails(1).says("was not found");
    vm.assert_never_the_vm();
}

#[test]
fn revoked_credential_raises_and_does_not_fall_back_to_the_vm() {
    let Some(python) = today(BIGQUERY.modules) else { return };
    let vm = Vm::with_login();
    vm.google.revoke_grant(PERSON);
    fails_and_is_not_the_vm(&vm, &python, "Token has been expired or revoked");
}

#[test]
fn failing_token_endpoint_raises_and_does_not_fall_back_to_the_vm() {
    let Some(python) = today(BIGQUERY.modules) else { return };
    let vm = Vm::with_login();
    vm.google.script_always(Endpoint::Token, Script::Unavailable(500));
    fails_and_is_not_the_vm(&vm, &python, "RefreshError");
}
