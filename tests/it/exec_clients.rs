//! Unchanged libraries under `exec`, as the user, with the credential in the keyring: no file contains the
//! refresh token.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::common::keyring::Keyring;
use crate::common::{
    Google, Invocation, NOTEBOOK, PERSON, R_QUERY, R_TRUST, find_program, missing, python_kernel, r_package,
    venv,
};
use crate::double::Metadata;

const PYTHON: &str = "
from google.cloud import bigquery
print(list(bigquery.Client().query('SELECT SESSION_USER() AS who').result())[0].who)
";

const PANDAS_GBQ: &str = "
import pandas_gbq
print(pandas_gbq.read_gbq('SELECT SESSION_USER() AS who', dialect='standard', progress_bar_type=None)['who'][0])
";

/// A notebook with the magic, and a program that its kernel starts.
const CELLS: &[&str] = &[
    "%load_ext bigquery_magics",
    "%%bigquery frame --progress_bar_type None\nSELECT SESSION_USER() AS who",
    "print(frame['who'][0])",
    "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', '''
from google.cloud import bigquery
print(list(bigquery.Client().query(\"SELECT SESSION_USER() AS who\").result())[0].who)
'''], capture_output=True, text=True).stdout)",
];

/// The query in R, as the double needs it.
fn r_code() -> String {
    format!("{R_TRUST}{R_QUERY}")
}

/// Google's library for Node, which resolves the path that it is given.
const NODE: &str = "
const { GoogleAuth } = require('google-auth-library');
const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/bigquery' });
auth.request({
  url: 'https://bigquery.googleapis.com/bigquery/v2/projects/p1/queries', method: 'POST',
  data: { query: 'SELECT SESSION_USER() AS who', useLegacySql: false },
}).then(answer => console.log(answer.data.rows[0].f[0].v), error => { console.error(error.message); process.exit(1); });
";

/// A VM on which the user has signed in, with the credential in the keyring.
struct Vm {
    metadata: Metadata,
    keyring: Keyring,
    google: Google,
}

impl Vm {
    fn new() -> Option<Vm> {
        let google = Google::start();
        let keyring = Keyring::with_login(&google, PERSON)?;
        Some(Vm { metadata: google.metadata_server(), keyring, google })
    }

    fn bqcred(&self, args: &[&str]) -> Invocation {
        self.keyring.invoke(args).envs(self.google.env()).envs(self.metadata.env())
    }

    fn exec(&self, way: &[&str], program: &Path, args: &[&str]) -> Invocation {
        self.bqcred(&[&["exec"], way, &["--", program.to_str().unwrap()], args].concat())
    }

    fn assert_only_the_user(&self) {
        assert_eq!(self.google.identities(), [PERSON]);
        assert_eq!(self.metadata.tokens(), 0, "the VM's service account was asked for");
    }
}

fn python() -> Option<PathBuf> {
    let python = venv(&["google.cloud.bigquery", "pandas_gbq", "bigquery_magics", "nbclient"]);
    if python.is_none() {
        missing("Python with BigQuery's libraries in BQCRED_TEST_VENV");
    }
    python
}

/// Google's library for Node: the program, and where its modules lie.
fn node() -> Option<(PathBuf, PathBuf)> {
    let modules = std::env::var_os("BQCRED_TEST_NODE_MODULES").map(PathBuf::from);
    let found = find_program("node").zip(modules.filter(|place| place.join("google-auth-library").is_dir()));
    if found.is_none() {
        missing("Node with google-auth-library in BQCRED_TEST_NODE_MODULES");
    }
    found
}

#[test]
fn python_is_the_user_in_every_way() {
    let Some(python) = python() else { return };
    let Some(vm) = Vm::new() else { return };
    for way in [&[] as &[&str], &["--file"], &["--always-start"], &["--token-only"]] {
        vm.exec(way, &python, &["-c", PYTHON]).run().prints(PERSON);
    }
    for way in [&[] as &[&str], &["--token-only", "--scopes", "bigquery"]] {
        vm.exec(way, &python, &["-c", PANDAS_GBQ]).run().prints(PERSON);
    }
    vm.assert_only_the_user();
}

#[test]
fn notebook_kernel_and_its_children_are_the_user() {
    let Some(python) = python() else { return };
    let Some(vm) = Vm::new() else { return };
    let kernel = vm.keyring.sandbox.path("home/.local/share/jupyter/kernels/bigquery");
    std::fs::create_dir_all(&kernel).unwrap();
    std::fs::copy(python_kernel(&python).join("kernel.json"), kernel.join("kernel.json")).unwrap();
    for way in [&[] as &[&str], &["--token-only"]] {
        let run = vm.exec(way, &python, &[&["-c", NOTEBOOK, "bigquery"], CELLS].concat()).run().success();
        assert_eq!(run.stdout.split_whitespace().collect::<Vec<_>>(), [PERSON, PERSON], "{}", run.stderr);
    }
    vm.assert_only_the_user();
}

#[test]
fn r_is_the_user_in_every_way() {
    let Some(rscript) = r_package(&["gargle", "httr", "jsonlite"]) else {
        return missing("R with gargle, httr and jsonlite");
    };
    let Some(vm) = Vm::new() else { return };
    vm.keyring.sandbox.link_program("R");
    for way in [&[] as &[&str], &["--file"], &["--token-only"], &["--token-only", "--scopes", "bigquery"]] {
        vm.exec(way, &rscript, &["-e", &r_code()]).run().prints(PERSON);
    }
    vm.assert_only_the_user();
}

/// The reason for `--file`.
#[test]
fn node_reads_files_but_not_memory() {
    let Some((node, modules)) = node() else { return };
    let Some(vm) = Vm::new() else { return };
    // Node looks for no proxy by itself, but its library does
    let run = |way: &[&str]| vm.exec(way, &node, &["-e", NODE]).env("NODE_PATH", &modules).run();
    run(&["--file"]).prints(PERSON);
    run(&["--token-only"]).prints(PERSON);
    run(&[]).code(1).says("memfd:bqcred");
    vm.assert_only_the_user();
}

#[test]
fn python_reads_the_session_file() {
    let Some(python) = python() else { return };
    let Some(vm) = Vm::new() else { return };
    let printed = vm.bqcred(&["env", "--format", "json"]).run().success().json();
    let variables = printed.as_object().unwrap().iter();
    let variables = variables.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    let program = || {
        let program = vm.keyring.sandbox.program(&python, &["-c", PYTHON]);
        program.envs(vm.google.env()).envs(vm.metadata.env()).envs(variables.clone())
    };
    program().run().prints(PERSON);
    vm.bqcred(&["lock"]).run().success();
    program().run().fails(1).says("was not found");
    vm.assert_only_the_user();
}

/// Without a credential nothing runs as the VM: Python shows the reason, R refuses.
#[test]
fn libraries_fail_on_the_stub_and_name_the_reason() {
    let Some(vm) = Vm::new() else { return };
    vm.keyring.lock();
    let start = ["--always-start"];
    if let Some(python) = python() {
        let run = vm.exec(&start, &python, &["-c", PYTHON]).run().fails(1);
        run.says("does not have a valid type. Type is bqcred: the keyring is locked");
    }
    match r_package(&["gargle", "httr", "jsonlite"]) {
        Some(rscript) => {
            vm.keyring.sandbox.link_program("R");
            vm.exec(&start, &rscript, &["-e", &r_code()]).run().fails(1).says("Can't get Google credentials");
        }
        None => missing("R with gargle, httr and jsonlite"),
    }
    if let Some((node, modules)) = node() {
        let run = vm.exec(&start, &node, &["-e", NODE]).env("NODE_PATH", &modules).run().fails(1);
        run.says("bqcred");
    }
    assert_eq!(vm.google.identities(), [""; 0]);
    assert_eq!(vm.metadata.tokens(), 0);
}

/// While the program runs, and after.
#[test]
fn no_file_contains_the_refresh_token() {
    let Some(python) = python() else { return };
    let Some(vm) = Vm::new() else { return };
    let token = vm.keyring.refresh_token("default");
    let mark = vm.keyring.sandbox.write("mark", "");
    // All files written since, wherever a user can write. The search works: with
    // $2 it finds a file that the script made itself.
    let script = "\"$1\" -c \"$CODE\" && printf '%s' \"$TOKEN\" >\"$2\" && cut -c 1-10 \"$GOOGLE_APPLICATION_CREDENTIALS\" >/dev/null &&
        find \"$HOME\" /tmp /var/tmp /run /dev/shm -newer \"$MARK\" -type f -exec grep -lsF -e \"$TOKEN\" {} +";
    let witness = vm.keyring.sandbox.path("witness");
    let sh = find_program("sh").unwrap();
    let args = ["-c", script, "sh", python.to_str().unwrap(), witness.to_str().unwrap()];
    let run = vm.exec(&[], &sh, &args).env("CODE", PYTHON).env("TOKEN", &token).env("MARK", &mark);
    // a large /tmp takes time
    let run = run.limit(Duration::from_secs(600)).run();
    let found: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(found, [PERSON, witness.to_str().unwrap()], "{}", run.stderr);
    std::fs::remove_file(&witness).unwrap();
    assert_eq!(vm.keyring.sandbox.files_with(&token), Vec::<PathBuf>::new());
}
