//! A front end: it runs cells in a real kernel, answers their questions, and saves the notebook.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::common::{PERSON, Vm};
use crate::double;

/// A kernel and the front end that talks to it.
pub struct FrontEnd {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    notebook: PathBuf,
}

impl FrontEnd {
    /// Starts this kernel; `python` is the front end's, with jupyter_client.
    pub fn start(vm: &Vm, python: &Path, kernel: &str) -> Self {
        let notebook = vm.sandbox.path("home/work.ipynb");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jupyter/cells.py");
        let mut command = vm.sandbox.command(python);
        command.arg(script).arg(kernel).arg(&notebook).envs(vm.google.env()).envs(vm.metadata.env());
        if vm.sandbox.path("profile.R").exists() {
            command.env("R_PROFILE_USER", vm.sandbox.path("profile.R"));
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        FrontEnd { child, stdin, stdout: BufReader::new(stdout), notebook }
    }

    /// Runs a cell and tells how it went.
    pub fn send(&mut self, cell: &Value) -> Value {
        writeln!(self.stdin, "{cell}").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let result: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{cell}: {e}: {line:?}"));
        assert_ne!(result["error"], "it hangs", "{cell}: {result:#}");
        result
    }

    /// Runs a cell that asks nothing; returns its output.
    #[track_caller]
    pub fn run(&mut self, code: &str) -> String {
        let result = self.send(&json!({"code": code, "answer": "nobody should ask"}));
        assert_eq!((&result["error"], &result["asked"]), (&json!(""), &json!([])), "{code}: {result:#}");
        shown(&result)
    }

    /// Runs a cell that asks once with hidden input, and types this.
    #[track_caller]
    pub fn paste(&mut self, code: &str, answer: &str) -> String {
        let result = self.send(&json!({"code": code, "answer": answer}));
        assert_eq!(result["error"], "", "{code}: {result:#}");
        assert_eq!(result["asked"], json!([{"prompt": "Paste the address: ", "password": true}]), "{code}");
        assert_eq!(result["stderr"], "", "what succeeds is not red: {code}");
        shown(&result)
    }

    /// Runs a cell that shows an address and asks for where that leads, signs in there, and answers. Returns how it
    /// went, and what was pasted.
    #[track_caller]
    pub fn sign_in(&mut self, vm: &Vm, code: &str, who: &str) -> (Value, String) {
        let asked = self.send(&json!({"code": code, "dialogue": true}));
        assert_eq!(asked["asked"], json!([{"prompt": "Paste the address: ", "password": true}]), "{asked:#}");
        let pasted = vm.google.approve(&address(&shown(&asked)), who);
        (self.send(&json!(pasted)), pasted)
    }

    /// Saves the notebook, and returns its text.
    pub fn save(self) -> String {
        drop(self.stdin);
        let mut child = self.child;
        assert!(child.wait().unwrap().success());
        std::fs::read_to_string(self.notebook).unwrap()
    }
}

/// What a cell shows.
pub fn shown(result: &Value) -> String {
    format!("{}{}", result["stdout"].as_str().unwrap(), result["stderr"].as_str().unwrap())
}

/// The address in what a cell shows: on a line of its own, so that the front end makes a link of it.
pub fn address(shown: &str) -> String {
    let line = shown.lines().map(str::trim_end).find(|line| line.starts_with("http"));
    line.unwrap_or_else(|| panic!("no address: {shown}")).to_owned()
}

/// The code that begins like this in what a cell shows, up to the next empty line.
pub fn snippet(shown: &str, beginning: &str) -> String {
    let start = shown.find(beginning).unwrap_or_else(|| panic!("no {beginning:?}: {shown}"));
    let lines = shown[start..].lines().map(str::trim_end);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Neither the pasted text nor a secret is in the notebook or anywhere else: IPython's history, the kernel's log.
#[track_caller]
pub fn assert_nothing_stays(vm: &Vm, notebook: &str, pasted: &str) {
    let code = pasted.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).unwrap();
    assert!(vm.sandbox.path("home/kernel.log").is_file());
    for text in [pasted, code] {
        assert!(!notebook.contains(text), "{notebook}");
        assert_eq!(vm.sandbox.files_with(text), Vec::<PathBuf>::new());
    }
    for canary in double::CANARIES {
        assert!(!notebook.contains(canary), "{notebook}");
    }
    assert!(notebook.contains(PERSON), "it was saved with its output: {notebook}");
}
