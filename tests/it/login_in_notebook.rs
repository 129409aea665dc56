//! Signing in from a notebook cell: nothing blocks, and what is pasted is stored nowhere.

use std::path::{Path, PathBuf};

use crate::common::{PERSON, Vm, missing, python_kernel, r_package, venv};
use crate::jupyter::front_end::{FrontEnd, address, assert_nothing_stays, snippet};
use serde_json::{Value, json};

const IR: &str = "/usr/share/jupyter/kernels/ir";

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
