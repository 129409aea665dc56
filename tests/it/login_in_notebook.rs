//! Signing in from a notebook cell: nothing blocks, and what is pasted is stored nowhere.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::common::{PERSON, Vm, missing, python_kernel, r_package, venv};
use crate::double;
use serde_json::{Value, json};

const IR: &str = "/usr/share/jupyter/kernels/ir";

/// A kernel and the front end that talks to it.
struct FrontEnd {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    notebook: PathBuf,
}

impl FrontEnd {
    fn start(vm: &Vm, python: &Path, kernel: &str) -> Self {
        let notebook = vm.sandbox.path("home/work.ipynb");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jupyter/cells.py");
        let mut command = vm.sandbox.command(python);
        command.arg(script).arg(kernel).arg(&notebook).envs(vm.google.env()).envs(vm.metadata.env());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        FrontEnd { child, stdin, stdout: BufReader::new(stdout), notebook }
    }

    fn send(&mut self, cell: &Value) -> Value {
        writeln!(self.stdin, "{cell}").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let result: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{cell}: {e}: {line:?}"));
        assert_ne!(result["error"], "it hangs", "{cell}: {result:#}");
        result
    }

    /// Runs a cell that asks nothing; returns its output.
    fn run(&mut self, code: &str) -> String {
        let result = self.send(&json!({"code": code, "answer": "nobody should ask"}));
        assert_eq!((&result["error"], &result["asked"]), (&json!(""), &json!([])), "{code}: {result:#}");
        format!("{}{}", result["stdout"].as_str().unwrap(), result["stderr"].as_str().unwrap())
    }

    /// Runs a cell that asks once with hidden input, and types this.
    fn paste(&mut self, code: &str, answer: &str) -> String {
        let result = self.send(&json!({"code": code, "answer": answer}));
        assert_eq!(result["error"], "", "{code}: {result:#}");
        assert_eq!(result["asked"], json!([{"prompt": "Paste the address: ", "password": true}]), "{code}");
        format!("{}{}", result["stdout"].as_str().unwrap(), result["stderr"].as_str().unwrap())
    }

    /// Saves the notebook, and returns its text.
    fn save(self) -> String {
        drop(self.stdin);
        let mut child = self.child;
        assert!(child.wait().unwrap().success());
        std::fs::read_to_string(self.notebook).unwrap()
    }
}

/// A VM without a login, on which the organisation's client is set.
fn vm(person: bool) -> Vm {
    let vm = if person { Vm::with_login() } else { Vm::new() };
    let client = vm.sandbox.client_file(&vm.google);
    vm.sandbox.bqcred(&["client", "set", &client]).success();
    vm
}

fn python(modules: &[&str]) -> Option<PathBuf> {
    let python = venv(modules);
    if python.is_none() {
        missing(&format!("a virtual environment with {} (BQCRED_TEST_VENV)", modules.join(", ")));
    }
    python
}

/// The address in what a cell shows: on a line of its own, so that the front end makes a link of it.
fn address(shown: &str) -> String {
    let line = shown.lines().map(str::trim_end).find(|line| line.starts_with("http"));
    line.unwrap_or_else(|| panic!("no address: {shown}")).to_owned()
}

/// The code that begins like this in what a cell shows, up to the next empty line.
fn snippet(shown: &str, beginning: &str) -> String {
    let start = shown.find(beginning).unwrap_or_else(|| panic!("no {beginning:?}: {shown}"));
    let lines = shown[start..].lines().map(str::trim_end);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Neither the pasted text nor a secret is in the notebook or anywhere else.
fn assert_nothing_stays(vm: &Vm, notebook: &str, pasted: &str) {
    let code = pasted.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).unwrap();
    for text in [pasted, code] {
        assert!(!notebook.contains(text), "{notebook}");
        assert_eq!(vm.sandbox.files_with(text), Vec::<PathBuf>::new());
    }
    for canary in double::CANARIES {
        assert!(!notebook.contains(canary), "{notebook}");
    }
}

#[test]
fn sign_in_from_a_python_notebook() {
    let Some(python) = python(&["jupyter_client", "ipykernel"]) else { return };
    let vm = vm(false);
    vm.sandbox.write("home/.jupyter/migrated", "");
    let kernel = python_kernel(&python);
    assert!(kernel.is_dir());
    let mut cells = FrontEnd::start(&vm, &python, "python3");
    let shown = cells.run("!bqcred login --project p1");
    assert!(!shown.contains('\x1b'), "{shown:?}");
    let pasted = vm.google.approve(&address(&shown), PERSON);
    cells.paste(&snippet(&shown, "import subprocess, getpass"), &pasted);
    assert!(cells.run("!bqcred status").contains(PERSON));
    assert_nothing_stays(&vm, &cells.save(), &pasted);
}

#[test]
fn sign_in_from_an_r_notebook() {
    let Some(python) = python(&["jupyter_client"]) else { return };
    if r_package(&["IRkernel"]).is_none() || !Path::new(IR).is_dir() {
        return missing("R with IRkernel");
    }
    let vm = vm(false);
    ["R", "Rscript"].into_iter().for_each(|name| vm.sandbox.link_program(name));
    let mut cells = FrontEnd::start(&vm, &python, "ir");
    let shown = cells.run(
        "cat(system2('bqcred', c('login', '--project', 'p1'), stdout = TRUE, stderr = TRUE), sep = '\\n')",
    );
    let pasted = vm.google.approve(&address(&shown), PERSON);
    let shown = cells.paste(&snippet(&shown, "cat(system2("), &pasted);
    assert!(shown.contains("signed in as ada@example.com"), "{shown}");
    assert_nothing_stays(&vm, &cells.save(), &pasted);
}

#[test]
fn login_in_a_cell_never_blocks() {
    let Some(python) = python(&["jupyter_client", "ipykernel"]) else { return };
    let vm = vm(false);
    let mut cells = FrontEnd::start(&vm, &python, "python3");
    for code in [
        "!bqcred login",
        "!bqcred login </dev/null",
        "!echo nothing of use | bqcred login",
        "r = !bqcred login\nprint('\\n'.join(r))",
        "print(get_ipython().getoutput('bqcred login', split=False))",
        "r = %system bqcred login\nprint('\\n'.join(r))",
        "import subprocess; print(subprocess.run(['bqcred', 'login'], text=True, capture_output=True).stdout)",
    ] {
        let shown = cells.run(code);
        assert!(shown.contains("http"), "{code}: {shown:?}");
        vm.google.approve(&address(&shown), PERSON);
        assert!(!shown.contains('\x1b'), "{code}: {shown:?}");
    }
    // their output may be shown after the cell has ended
    cells.run("import os; assert os.system('bqcred login') == 0");
    cells.run("import subprocess; subprocess.run(['bqcred', 'login'], check=True)");
    // bash reads the cell from stdin: a program that also reads it would take the next line
    let shown = cells.run("%%bash\nbqcred login\necho and the rest of the cell");
    vm.google.approve(&address(&shown), PERSON);
    assert!(shown.contains("and the rest of the cell"), "{shown}");
    cells.save();
}

#[test]
fn commands_in_a_cell_do_not_prompt() {
    let Some(python) = python(&["jupyter_client", "ipykernel"]) else { return };
    let vm = vm(true);
    let mut cells = FrontEnd::start(&vm, &python, "python3");
    let shown = cells.run("!bqcred revoke");
    assert!(shown.contains("--yes"), "{shown}");
    assert!(vm.sandbox.adc("default").is_file());
    let shown = cells.run("!bqcred rotate");
    assert!(vm.sandbox.adc("default").is_file(), "{shown}");
    cells.save();
}

#[test]
fn unattended_notebook_stops_at_the_prompt() {
    let Some(python) = python(&["papermill", "jupyter_client", "ipykernel"]) else { return };
    let vm = vm(false);
    let mut cells = FrontEnd::start(&vm, &python, "python3");
    let shown = cells.send(&json!({"code": "!bqcred login"}));
    let shown = shown["stdout"].as_str().unwrap();
    let result = cells.send(&json!({"code": snippet(shown, "import subprocess, getpass")}));
    assert!(result["error"].as_str().unwrap().starts_with("StdinNotImplementedError"), "{result:#}");
    cells.save();

    let drive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jupyter/drive.py");
    let papermill = ["papermill", "python3", "!bqcred login"];
    let run = vm.program(&python, &[&[drive.to_str().unwrap()], &papermill[..]].concat()).run().success();
    let printed: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    vm.google.approve(&address(printed.as_str().unwrap()), PERSON);
}

#[test]
fn what_is_to_be_run_in_a_cell_names_the_program_where_its_name_is_not_found() {
    let vm = vm(false);
    let program = env!("CARGO_BIN_EXE_bqcred");
    let run = |args: &[&str], path: &str| {
        let run = vm.sandbox.invoke(args).env("JPY_PARENT_PID", "1").env("PATH", path).run();
        format!("{}{}", run.stdout, run.stderr)
    };
    let elsewhere = "/usr/bin:/bin";
    let told = run(&["login"], elsewhere);
    assert!(told.contains(&format!("subprocess.run([\"{program}\", \"login\"")), "{told}");
    assert!(told.contains(&format!("system2(\"{program}\", c(\"login\"")), "{told}");
    assert!(run(&["token"], elsewhere).contains(&format!("`{program} login")), "hints, too");
    let next = run(&[], elsewhere);
    assert!(next.contains(&format!("{program} login")), "{next}");
    let folder = Path::new(program).parent().unwrap().to_str().unwrap();
    let told = run(&["login"], &format!("{elsewhere}:{folder}"));
    assert!(told.contains("subprocess.run([\"bqcred\", "), "{told}");
}
