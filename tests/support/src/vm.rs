//! A Google VM with a service account, and a user who has signed in on it and must not run as that account.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::run::{Invocation, Run};
use super::sandbox::{Sandbox, bqcred};
use crate::double::{Google, Metadata, metadata};

/// The user who signs in on the VM.
pub const PERSON: &str = "ada@example.com";

/// What `bqcred env` sets GCE_METADATA_URL to: nothing answers there.
pub const GUARD_HOST: &str = "255.255.255.255";

/// Runs a notebook's cells in a real kernel, and prints what they print.
pub const NOTEBOOK: &str = include_str!("notebook.py");

/// bigrquery's `bq_auth()`, with its scopes, and a query; it prints the account that BigQuery sees.
pub const R_QUERY: &str = r#"
token <- gargle::token_fetch(scopes = c(
  "https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/cloud-platform"))
if (is.null(token)) stop("Can't get Google credentials.")
answer <- httr::POST(
  "https://bigquery.googleapis.com/bigquery/v2/projects/p1/queries", httr::config(token = token),
  body = list(query = "SELECT SESSION_USER() AS who", useLegacySql = FALSE), encode = "json")
httr::stop_for_status(answer)
cat(httr::content(answer)$rows[[1]]$f[[1]]$v, "\n")
"#;

/// Makes R trust the double's authority: R reads no variable for it.
pub const R_TRUST: &str = "options(httr_config = httr::config(cainfo = Sys.getenv('CURL_CA_BUNDLE')))\n";

/// The VM.
pub struct Vm {
    // fields are dropped in this order: the double checks its log last
    pub metadata: Metadata,
    pub sandbox: Sandbox,
    pub google: Google,
}

impl Vm {
    /// A VM without a login.
    pub fn new() -> Self {
        let google = Google::start();
        let sandbox = Sandbox::new();
        sandbox.link("bqcred", bqcred());
        Vm { metadata: google.metadata_server(), sandbox, google }
    }

    /// A VM on which the user has signed in, with a project.
    pub fn with_login() -> Self {
        let vm = Vm::new();
        vm.sandbox.login(&vm.google, PERSON, &["--project", "p1"]).success();
        vm
    }

    /// Any program on this VM, with Google's host names and the metadata server.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Invocation {
        self.sandbox.program(program, args).envs(self.google.env()).envs(self.metadata.env())
    }

    /// A script of bash.
    pub fn bash(&self, script: &str) -> Invocation {
        self.program("bash", &["-euc", script])
    }

    /// A program after `eval $(bqcred env)`.
    pub fn after_eval(&self, program: &Path, args: &[&str]) -> Invocation {
        let invocation = self.bash("eval $(bqcred env); exec \"$@\"").arg("bash").arg(program);
        args.iter().fold(invocation, Invocation::arg)
    }

    /// Copies an installed kernelspec under another name, with the variables that bqcred prints for one.
    pub fn add_kernel(&self, name: &str, installed: &Path) {
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let mut spec = read(&std::fs::read_to_string(installed.join("kernel.json")).unwrap());
        let printed = self.program("bqcred", &["env", "--format", "kernel"]).run().success().json();
        let spec = spec.as_object_mut().unwrap();
        spec.extend(printed.as_object().unwrap().clone());
        let text = serde_json::to_string(&spec).unwrap();
        self.sandbox.write(&format!("home/.local/share/jupyter/kernels/{name}/kernel.json"), text);
    }

    /// A notebook's cells in a real kernel, run by `python`.
    pub fn notebook(&self, python: &Path, kernel: &str, cells: &[&str]) -> Invocation {
        self.program(python, &[&["-c", NOTEBOOK, kernel], cells].concat())
    }

    /// The same after `eval $(bqcred env)`.
    pub fn notebook_after_eval(&self, python: &Path, kernel: &str, cells: &[&str]) -> Invocation {
        self.after_eval(python, &[&["-c", NOTEBOOK, kernel], cells].concat())
    }

    /// Panics unless all queries ran as the user, and the VM's token was not requested.
    #[track_caller]
    pub fn assert_only_the_user(&self) {
        assert_eq!(self.google.identities(), [PERSON]);
        self.assert_never_the_vm();
    }

    /// Panics if a request came as the VM's service account, or its token was given out.
    #[track_caller]
    pub fn assert_never_the_vm(&self) {
        assert_eq!(self.metadata.tokens(), 0, "the VM's service account was asked for");
        for request in self.google.requests() {
            let vm = request.identity.as_deref() == Some(metadata::ACCOUNT);
            assert!(!vm, "{} came as the VM's service account", request.line());
        }
    }
}

/// The kernelspec folder of a virtual environment's Python.
pub fn python_kernel(python: &Path) -> PathBuf {
    python.parent().and_then(Path::parent).unwrap().join("share/jupyter/kernels/python3")
}

impl Run {
    /// Panics unless it succeeded and printed exactly this on stdout.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        let run = self.success();
        assert_eq!(run.stdout.trim(), text, "{}\nstderr:\n{}", run.line, run.stderr);
        run
    }
}
