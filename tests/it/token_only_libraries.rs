//! Unchanged libraries under `exec --token-only` are the user, or fail with bqcred's message, whatever happens to the
//! credential; and never the VM's service account.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{
    Endpoint, Invocation, NO_GCLOUD, PERSON, Script, Vm, find_program, gcloud_clients, missing, python_of,
    skipped, venv,
};

const LIBRARIES: &str = include_str!("../support/src/libraries.py");

/// Python, and the libraries that tests/requirements-more.txt adds to it.
fn python() -> Option<(PathBuf, PathBuf)> {
    let found = venv(&["google.cloud.bigquery", "pandas_gbq", "bigquery_magics", "pydata_google_auth"]);
    let more = found.as_ref().and_then(|python| Some(python.ancestors().nth(3)?.join("python-more")));
    let found = found.zip(more.filter(|folder| folder.join("ibis").is_dir()));
    if found.is_none() {
        missing("Python with BigQuery's libraries in BQCRED_TEST_VENV, and python-more beside it");
    }
    found
}

/// One Python process for all states: starting the libraries takes longer than asking them.
struct Libraries {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Libraries {
    fn start(vm: &Vm, python: &Path, more: &Path) -> Libraries {
        let mut command = vm.sandbox.command("bqcred");
        command.args(["exec", "--token-only", "--"]).arg(python).args(["-c", LIBRARIES]);
        command.envs(vm.google.env()).envs(vm.metadata.env()).env("PYTHONPATH", more);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Libraries { child, input, output: BufReader::new(output) }
    }

    /// What each of these says; all of them if none is named.
    fn ask(&mut self, names: &str) -> Vec<(String, String)> {
        writeln!(self.input, "{names}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = |(name, said): (&String, &Value)| (name.clone(), said.as_str().unwrap().to_owned());
        said.as_object().unwrap().iter().map(text).collect()
    }

    #[track_caller]
    fn are_the_user(&mut self) {
        for (library, who) in self.ask("") {
            assert_eq!(who, PERSON, "{library}");
        }
    }

    #[track_caller]
    fn say(&mut self, names: &str, words: &str) {
        for (library, said) in self.ask(names) {
            assert!(said.contains(words), "{library} does not say {words:?}: {said}");
        }
    }

    fn end(mut self) {
        drop(self.input);
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn python_is_the_user_or_says_why_not() {
    let Some((python, more)) = python() else { return };
    let vm = Vm::with_login();
    let mut libraries = Libraries::start(&vm, &python, &more);
    libraries.are_the_user();

    // offline, with a token at hand
    let before = vm.google.count("/token");
    vm.google.script_always(Endpoint::Token, Script::Unavailable(503));
    libraries.are_the_user();
    assert_eq!(vm.google.count("/token"), before, "the token is kept");
    vm.google.clear_scripts();

    // during a rotation; from now on each request needs a new token
    vm.google.write_expires_in(Some(json!(260)));
    let url = vm.program("bqcred", &["rotate", "--yes", "--start"]).run().success().stdout;
    libraries.say("", "was revoked by a rotation that was not completed");
    let redirect = vm.google.approve(url.trim(), PERSON);
    vm.program("bqcred", &["rotate", "--finish", "-"]).stdin(redirect).run().success();
    libraries.are_the_user();

    vm.google.script_times(6, Endpoint::Token, &Script::Slow(Duration::from_millis(300)));
    libraries.are_the_user();
    vm.google.clear_scripts();

    // offline, without a valid token
    vm.google.script_always(Endpoint::Token, Script::Unavailable(503));
    libraries.say("bigquery", "bqcred: ");
    vm.google.clear_scripts();
    libraries.are_the_user();

    vm.google.require_reauth(PERSON);
    libraries.say("", "`bqcred login`");
    vm.sandbox.login(&vm.google, PERSON, &["--project", "p1"]).success();
    libraries.are_the_user();
    vm.program("bqcred", &["revoke", "--yes"]).run().success();
    libraries.say("", "bqcred: not signed in; `bqcred login`");
    libraries.end();
    vm.assert_only_the_user();
    assert_eq!(vm.metadata.requests().len(), 0, "nobody has to ask whether this is a VM");
}

/// `bqcred exec --token-only WAY -- PROGRAM ARGS`.
fn exec(vm: &Vm, way: &[&str], program: &Path, args: &[&str]) -> Invocation {
    vm.program("bqcred", &[&["exec", "--token-only"], way, &["--", program.to_str().unwrap()], args].concat())
}

/// Both of Google's libraries for Node: what they say of a credential, one after the other.
const NODE: &str = "
(async () => {
  for (const library of ['google-auth-library', 'google-auth-library-9']) {
    const { GoogleAuth } = require(library);
    const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/bigquery' });
    const url = 'https://bigquery.googleapis.com/bigquery/v2/projects/p1/queries';
    const data = { query: 'SELECT SESSION_USER() AS who', useLegacySql: false };
    const said = await auth.request({ url, method: 'POST', data })
      .then(answer => answer.data.rows[0].f[0].v, error => error.message);
    console.log(said);
  }
})();
";

#[test]
fn node_10_and_9_are_the_user_or_say_why_not() {
    let modules = std::env::var_os("BQCRED_TEST_NODE_MODULES").map(PathBuf::from);
    let modules = modules.filter(|place| place.join("google-auth-library-9").is_dir());
    let Some((node, modules)) = find_program("node").zip(modules) else {
        return missing("Node with google-auth-library 10 and 9 in BQCRED_TEST_NODE_MODULES");
    };
    let vm = Vm::with_login();
    let run = |way: &[&str]| exec(&vm, way, &node, &["-e", NODE]).env("NODE_PATH", &modules).run().success();
    assert_eq!(run(&[]).stdout.lines().collect::<Vec<_>>(), [PERSON, PERSON]);
    vm.google.require_reauth(PERSON);
    vm.program("bqcred", &["status"]).run().code(4);
    let refused = run(&["--always-start"]).stdout;
    assert_eq!(refused.matches("bqcred: this credential needs a new sign-in").count(), 2, "{refused}");
    vm.assert_only_the_user();
    assert_eq!(vm.metadata.requests().len(), 0);
}

/// The type of the session file is known from google-auth 2.13 on.
#[test]
fn google_auth_of_2020_fails_and_is_not_the_vm() {
    let Some(python) = python_of("BQCRED_TEST_VENV_OLD", &["google.auth", "google.cloud.bigquery"]) else {
        return missing("Python with google-auth 1.23 in BQCRED_TEST_VENV_OLD");
    };
    let vm = Vm::with_login();
    let code = "from google.cloud import bigquery\nlist(bigquery.Client().query('SELECT 1').result())";
    exec(&vm, &[], &python, &["-c", code]).run().fails(1).says("does not have a valid type");
    assert_eq!(vm.google.identities(), [""; 0]);
    vm.assert_never_the_vm();
}

/// What is left of a program whose broker was killed.
#[test]
fn libraries_without_a_broker_are_nobody() {
    let Some((python, more)) = python() else { return };
    let vm = Vm::with_login();
    // the grandchild outlives the broker, which takes its child along
    let script = "(setsid \"$0\" -c \"$1\" <\"$2/lines\" >\"$2/answers\" 2>/dev/null &)\nread -r line <\"$2/answers\"; echo up; sleep 600";
    let (lines, answers) = (vm.sandbox.path("tmp/lines"), vm.sandbox.path("tmp/answers"));
    let made = std::process::Command::new("mkfifo").args([&lines, &answers]).status().unwrap();
    assert!(made.success());
    for program in ["setsid", "sleep"] {
        vm.sandbox.link_program(program);
    }
    let folder = vm.sandbox.path("tmp");
    let mut command = vm.sandbox.command("bqcred");
    command
        .args(["exec", "--token-only", "--", "bash", "-euc", script])
        .arg(&python)
        .arg(LIBRARIES)
        .arg(&folder);
    command.envs(vm.google.env()).envs(vm.metadata.env()).env("PYTHONPATH", &more);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = std::fs::File::create(&lines).unwrap();
    writeln!(input, "pandas_gbq").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "up\n");
    child.kill().unwrap();
    child.wait().unwrap();
    let mut output = BufReader::new(std::fs::File::open(&answers).unwrap());
    writeln!(input, "pandas_gbq").unwrap();
    let mut said = String::new();
    output.read_line(&mut said).unwrap();
    assert!(said.contains("Connection refused") || said.contains("TimeoutError"), "{said}");
    drop(input);
    vm.assert_only_the_user();
    assert_eq!(vm.metadata.requests().len(), 0);
}

#[test]
fn gcloud_and_bq_are_the_user() {
    let clients = gcloud_clients();
    if clients.is_empty() {
        return skipped(NO_GCLOUD);
    }
    let vm = Vm::with_login();
    vm.sandbox.add_gcloud();
    let script = "bq --format=json query --nouse_legacy_sql 'SELECT SESSION_USER() AS who'
        gcloud auth print-access-token >/dev/null && echo has a token";
    let bash = find_program("bash").unwrap();
    let run = exec(&vm, &["--gcloud"], &bash, &["-euc", script]).run().success();
    assert!(run.stdout.contains(PERSON) && run.stdout.ends_with("has a token\n"), "{}", run.stdout);
    vm.assert_only_the_user();
}

/// A program that is beside the virtual environment only with `BQCRED_TEST_FULL=1`.
fn full() -> bool {
    let is_full = std::env::var("BQCRED_TEST_FULL").is_ok_and(|value| !value.is_empty());
    if !is_full {
        skipped("only with BQCRED_TEST_FULL=1");
    }
    is_full
}

/// ADBC's driver is in Go. It fetches results by gRPC, which the double doesn't speak: the job is what proves the account.
#[test]
fn adbc_runs_its_job_as_the_user() {
    const ADBC: &str = "
from adbc_driver_bigquery import DatabaseOptions, dbapi
with dbapi.connect({DatabaseOptions.PROJECT_ID.value: 'p1'}) as connection, connection.cursor() as cursor:
    cursor.execute('SELECT SESSION_USER() AS who')
";
    let Some((python, more)) = python().filter(|_| full()) else { return };
    let mut vm = Vm::with_login();
    vm.google.expect_unexpected();
    let mut command = vm.sandbox.command("bqcred");
    command.args(["exec", "--token-only", "--"]).arg(&python).args(["-c", ADBC]);
    command.envs(vm.google.env()).envs(vm.metadata.env()).env("PYTHONPATH", &more);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while vm.google.job_runners().is_empty() && child.try_wait().unwrap().is_none() && Instant::now() < until
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = std::process::Command::new("kill").arg(child.id().to_string()).status();
    child.wait().unwrap();
    assert_eq!(vm.google.job_runners(), [PERSON]);
    vm.assert_only_the_user();
}

#[test]
fn dbt_with_method_oauth_is_the_user() {
    if !full() {
        return;
    }
    let dbt =
        venv(&["google.auth"]).and_then(|python| Some(python.ancestors().nth(3)?.join("python-dbt/bin/dbt")));
    let Some(dbt) = dbt.filter(|dbt| dbt.is_file()) else { return missing("dbt in python-dbt") };
    let vm = Vm::with_login();
    vm.sandbox.write(
        "dbt/dbt_project.yml",
        "name: p\nversion: 1.0.0\nprofile: p\nflags: {send_anonymous_usage_stats: false}\n",
    );
    vm.sandbox.write(
        "dbt/profiles.yml",
        "p: {target: t, outputs: {t: {type: bigquery, method: oauth, project: p1, dataset: d, threads: 1, job_retries: 0}}}\n",
    );
    let show = [
        "--no-version-check",
        "show",
        "--inline",
        "select session_user() as who",
        "--output",
        "json",
        "--quiet",
    ];
    let run = exec(&vm, &[], &dbt, &show).current_dir(vm.sandbox.path("dbt")).run();
    assert!(run.stdout.contains(PERSON), "{}\n{}", run.stdout, run.stderr);
    vm.assert_only_the_user();
}
