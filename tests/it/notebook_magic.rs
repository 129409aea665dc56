//! `%load_ext bqcred`: signing in within one cell, in a kernel that goes on running.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::common::{PERSON, Vm, missing, python_of, skipped};
use crate::double::metadata;
use crate::jupyter::add_kernel_with_wheel;
use crate::jupyter::front_end::{FrontEnd, address, assert_nothing_stays, shown, snippet};

const OTHER: &str = "bob@example.com";

/// Queries with everything that a notebook uses, each with what it has kept; each prints the account.
const NEW_CLIENT: &str = "
from google.cloud import bigquery
print(list(bigquery.Client(project='p1').query('SELECT SESSION_USER() AS who').result())[0].who)
";
const PANDAS_GBQ: &str = "
import pandas_gbq
print(pandas_gbq.read_gbq('SELECT SESSION_USER() AS who', **options)['who'][0])
";
const OPTIONS: &str = "options = {'dialect': 'standard', 'project_id': 'p1', 'progress_bar_type': None}";
const MAGIC: [&str; 2] = [
    "%%bigquery frame --progress_bar_type None --project p1\nSELECT SESSION_USER() AS who",
    "print(frame['who'][0])",
];

/// A kernel of this Python that has the wheel, which alone has the program.
fn add_kernel(vm: &Vm, python: &Path) {
    add_kernel_with_wheel(&vm.sandbox, python);
    std::fs::remove_file(vm.sandbox.path("bin/bqcred")).unwrap(); // it must not be needed on the PATH
}

/// A VM without a login, on which the user's client is set.
fn vm() -> Vm {
    let vm = Vm::new();
    vm.sandbox.bqcred(&["client", "set", &vm.sandbox.client_file(&vm.google)]).success();
    vm
}

fn front_end() -> Option<PathBuf> {
    let python =
        python_of("BQCRED_TEST_VENV", &["jupyter_client", "ipykernel", "bigquery_magics", "pandas_gbq"]);
    if python.is_none() {
        missing("a virtual environment with ipykernel, bigquery_magics, pandas_gbq (BQCRED_TEST_VENV)");
    }
    python
}

/// In a kernel that has asked BigQuery as the VM before: signs in, and all that comes then is the user's; `off`, and
/// it is the VM's again.
fn switches_a_running_kernel(python: &Path, kernel: &Path, magic: &[&str]) {
    let mut vm = vm();
    vm.google.expect_unexpected(); // as the VM, google-auth also asks where the service account may be used from
    add_kernel(&vm, kernel);
    let mut cells = FrontEnd::start(&vm, python, "wheel");
    if !magic.is_empty() {
        cells.run("%load_ext bigquery_magics");
    }
    cells.run(&format!("{OPTIONS}\nkept = 42\nimport os; before = dict(os.environ)"));
    let queries = [&[NEW_CLIENT, PANDAS_GBQ], magic].concat();
    let ask = |cells: &mut FrontEnd| -> String {
        let shown: String = queries.iter().map(|code| cells.run(code)).collect();
        // beside the progress
        shown.lines().filter(|line| line.contains('@')).map(|line| format!("{line}\n")).collect()
    };
    let all = |who: &str| format!("{who}\n").repeat(if magic.is_empty() { 2 } else { 3 });
    assert_eq!(ask(&mut cells), all(metadata::ACCOUNT));
    cells.run("client = bigquery.Client(project='p1')");

    cells.run("%load_ext bqcred");
    let (result, pasted) = cells.sign_in(&vm, "%bqcred login --project p1", PERSON);
    assert_eq!((&result["error"], &result["stderr"]), (&json!(""), &json!("")), "{result:#}");
    let said = shown(&result);
    assert!(said.contains("this notebook now runs as ada@example.com (project p1)"), "{said}");
    assert!(said.contains("create them again: client"), "{said}");
    let tokens = vm.metadata.tokens();
    assert_eq!(ask(&mut cells), all(PERSON));
    assert_eq!(vm.metadata.tokens(), tokens, "the VM's service account was asked for");
    assert_eq!(cells.run("print(kept, os.environ['NO_GCE_CHECK'])"), "42 true\n");
    assert!(cells.run("%bqcred status").contains(PERSON));

    if !magic.is_empty() {
        let doctor = cells.run("%bqcred doctor --offline");
        assert!(!doctor.contains("running kernel"), "the kernel that asks runs as the user by now: {doctor}");
        cells.run("%reload_ext bqcred");
    }
    assert!(cells.run("%bqcred off").contains("as it was before"));
    assert_eq!(cells.run("print(dict(os.environ) == before)"), "True\n");
    assert_eq!(ask(&mut cells), all(metadata::ACCOUNT));
    assert!(cells.run("%bqcred use default").contains("now runs as ada@example.com (project p1)"));
    assert_eq!(ask(&mut cells), all(PERSON));
    assert_nothing_stays(&vm, &cells.save(), &pasted);
}

#[test]
fn libraries_of_a_running_kernel_change_to_the_user_and_back() {
    let Some(python) = front_end() else { return };
    switches_a_running_kernel(&python, &python, &MAGIC);
}

#[test]
fn libraries_of_2020_change_to_the_user_and_back() {
    let Some(python) = front_end() else { return };
    let Some(old) = python_of("BQCRED_TEST_VENV_OLD", &["ipykernel", "pandas_gbq", "google.cloud.bigquery"])
    else {
        return match python_of("BQCRED_TEST_VENV_OLD", &["google.auth"]) {
            Some(_) => skipped("pandas-gbq of 2020 is not for this Python"),
            None => missing("Python with ipykernel and pandas_gbq in BQCRED_TEST_VENV_OLD"),
        };
    };
    // its %%bigquery can't be loaded by this Python
    switches_a_running_kernel(&python, &old, &[]);
}

/// With no client but gcloud, whose page shows a code.
#[test]
fn gcloud_is_enough_to_sign_in_by_one_cell() {
    let Some(python) = front_end() else { return };
    let vm = Vm::new();
    let (id, secret) = ("1234-gcloud.apps.googleusercontent.com", "gcloud-secret");
    vm.google.add_client(id, secret, &["https://sdk.cloud.google.com/applicationdefaultauthcode.html"]);
    vm.sandbox.add_gcloud_stand_in(id, secret);
    add_kernel(&vm, &python);
    let mut cells = FrontEnd::start(&vm, &python, "wheel");
    let asked =
        cells.send(&json!({"code": "%load_ext bqcred\n%bqcred login --project p1", "dialogue": true}));
    assert_eq!(asked["asked"], json!([{"prompt": "Paste the code: ", "password": true}]), "{asked:#}");
    let pasted = vm.google.approve(&address(&shown(&asked)), PERSON);
    let code = pasted.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).unwrap();
    let result = cells.send(&json!(code));
    assert!(shown(&result).contains("this notebook now runs as ada@example.com (project p1)"), "{result:#}");
    assert_eq!(cells.run(NEW_CLIENT).lines().last(), Some(PERSON));
    assert_nothing_stays(&vm, &cells.save(), &pasted);
    vm.assert_only_the_user();
}

#[test]
fn mistakes_are_explained_in_one_message_and_change_nothing() {
    let Some(python) = front_end() else { return };
    let vm = vm();
    add_kernel(&vm, &python);
    let mut cells = FrontEnd::start(&vm, &python, "wheel");
    cells.run("%load_ext bqcred\nimport os; before = dict(os.environ)");
    let mut fails = |cell: serde_json::Value, says: &str| {
        let result = cells.send(&cell);
        assert!(result["error"].as_str().unwrap().starts_with("BqcredError: "), "{cell}: {result:#}");
        assert!(shown(&result).contains(says), "{cell}: {result:#}");
        assert!(!shown(&result).contains("Traceback"), "{cell}: {result:#}");
        assert_eq!(result["asked"], json!([]), "{cell}");
    };
    let typed = |code: &str| json!({"code": code, "answer": "nobody should ask"});
    fails(typed("%bqcred"), "%bqcred login");
    fails(typed("%bqcred logni"), "%bqcred login");
    fails(typed("%bqcred use nobody"), "nobody");
    fails(typed("%bqcred login 'ada@example.com"), "quotation mark");
    fails(typed("%bqcred login ada"), "is not an account");
    fails(typed("%bqcred login --start"), "both steps by itself");
    // papermill and nbclient answer nothing; and no sign-in waits that nobody can complete
    fails(json!({"code": "%bqcred login"}), "nobody can be asked here");
    assert!(!cells.run("%bqcred status").contains("a sign-in was started"));

    let drive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jupyter/drive.py");
    let login = "%load_ext bqcred\n%bqcred login";
    vm.program(&python, &[drive.to_str().unwrap(), "papermill", "wheel", login])
        .run()
        .code(1)
        .says("nobody can be asked here");
    let history = std::fs::read(vm.sandbox.path("home/.ipython/profile_default/history.sqlite")).unwrap();
    assert!(
        String::from_utf8_lossy(&history).contains("use nobody"),
        "the history is kept, and looked through"
    );

    let asked = cells.send(&json!({"code": "%bqcred login ada@example.com", "dialogue": true}));
    let url = address(&shown(&asked));
    // something else is pasted: it asks again
    let again = cells.send(&json!("ls -l"));
    assert_eq!(again["asked"].as_array().unwrap().len(), 2, "{again:#}");
    let result = cells.send(&json!(vm.google.approve(&url, OTHER)));
    assert!(result["error"].as_str().unwrap().contains(OTHER), "the wrong account: {result:#}");
    assert_eq!(cells.run("print(dict(os.environ) == before)"), "True\n");
    cells.save();
}

/// A kernel that gets access tokens only doesn't change to the whole credential, whichever way its user signs in.
#[test]
#[cfg(target_os = "linux")] // `--token-only` is Linux's
fn a_kernel_with_tokens_only_keeps_to_them() {
    let Some(python) = front_end() else { return };
    let vm = Vm::with_login();
    let bqcred = |args: &[&str]| vm.sandbox.invoke(args).envs(vm.google.env());
    bqcred(&["client", "set", &vm.sandbox.client_file(&vm.google)]).run().success();
    let started = bqcred(&["login", "--start", "--profile", "other"]).run().success();
    let pasted = vm.google.approve(started.stdout.trim(), PERSON);
    bqcred(&["login", "--finish", "-", "--profile", "other"]).stdin(pasted).run().success();
    let exec = [env!("CARGO_BIN_EXE_bqcred"), "exec", "--token-only", "--scopes", "bigquery", "--"];
    let program = [python.to_str().unwrap(), "-m", "ipykernel_launcher", "-f", "{connection_file}"];
    let argv = [&exec[..], &program].concat();
    let path = crate::jupyter::add_wheel(&vm.sandbox);
    let spec =
        json!({"argv": argv, "display_name": "tokens", "language": "python", "env": {"PYTHONPATH": path}});
    vm.sandbox.write("home/.local/share/jupyter/kernels/tokens/kernel.json", spec.to_string());
    vm.sandbox.write("home/.jupyter/migrated", "");
    let mut cells = FrontEnd::start(&vm, &python, "tokens");
    cells.run("%load_ext bqcred\nimport os; before = dict(os.environ)");

    let said = cells.run("%bqcred use default");
    let runs = format!("this notebook now runs as {PERSON} (token-only, narrowed to bigquery)");
    assert!(said.contains(&runs), "{said}");
    let other = cells.send(&json!({"code": "%bqcred use other"}));
    assert!(other["error"].as_str().unwrap().contains("exec --token-only --profile other"), "{other:#}");

    let login = cells.run("!bqcred login");
    assert!(
        login.contains(&format!("This notebook stays as it is:\r\nit runs as {PERSON} (token-only")),
        "{login:?}"
    );
    assert!(login.contains("kernel install --profile default --token-only --scopes bigquery"), "{login}");
    let pasted = vm.google.approve(&address(&login), PERSON);
    let said = cells.paste(&snippet(&login, "import subprocess, getpass"), &pasted);
    assert!(said.contains("narrowed to bigquery"), "{said}");
    assert!(
        said.contains("`bqcred kernel install --token-only --scopes bigquery --profile default`"),
        "{said}"
    );
    let (result, _) = cells.sign_in(&vm, "%bqcred login", PERSON);
    assert!(shown(&result).contains("narrowed to bigquery"), "{result:#}");
    assert_eq!(cells.run("print({k for k in os.environ if os.environ[k] != before.get(k)})"), "set()\n");
    assert_eq!(cells.run(NEW_CLIENT).lines().last(), Some(PERSON));
    cells.save();
}
