//! Signing in from a notebook cell: nothing blocks, and what is pasted is stored nowhere.

use std::path::{Path, PathBuf};

use crate::common::{PERSON, R_QUERY, R_TRUST, Vm, missing, python_kernel, python_of, r_package, venv};
use crate::double::metadata;
use crate::jupyter::front_end::{FrontEnd, address, assert_nothing_stays, shown, snippet};
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

/// A query of the client library; prints the account that BigQuery sees.
const QUERY: &str = "
from google.cloud import bigquery
print(list(bigquery.Client(project='p1').query('SELECT SESSION_USER() AS who').result())[0].who)
";

/// `!bqcred login` and the cell that it prints, in a kernel that has asked BigQuery as the VM before.
fn one_cell_makes_a_python_kernel_the_users(python: &Path, kernel: &str, mut vm: Vm) {
    vm.google.expect_unexpected(); // as the VM, google-auth also asks where the service account may be used from
    let mut cells = FrontEnd::start(&vm, python, kernel);
    assert_eq!(cells.run(QUERY).lines().last(), Some(metadata::ACCOUNT));
    cells.run("client = bigquery.Client(project='p1'); names = set(globals())");
    let login = cells.run("!bqcred login --project p1");
    assert!(!login.contains('\x1b'), "{login:?}");
    let lines: Vec<&str> = login.lines().map(str::trim_end).collect();
    assert!(lines[0].starts_with("Open this address") && lines[1].starts_with("http"), "{login}");
    assert!(!login.contains("In R"), "{login}");
    assert!(lines.iter().all(|line| line.len() <= 80 || line.starts_with("http")), "{login}");
    let pasted = vm.google.approve(&address(&login), PERSON);
    let cell = snippet(&login, "import subprocess, getpass");

    // nothing that is pasted by mistake, or refused, changes anything
    let mistake = cells.send(&json!({"code": cell, "answer": "ls -l"}));
    assert!(mistake["error"].as_str().unwrap().starts_with("BqcredError: bqcred: "), "{mistake:#}");
    assert!(!shown(&mistake).contains("Traceback"), "{mistake:#}");
    assert_eq!(cells.run(QUERY).trim(), metadata::ACCOUNT);

    let said = cells.paste(&cell, &pasted);
    assert!(said.contains("signed in as ada@example.com"), "{said}");
    assert!(said.contains("this notebook now runs as ada@example.com (project p1)"), "{said}");
    assert!(said.contains("create them again: client"), "{said}");
    assert!(said.contains("for all notebooks, from now on: `bqcred kernel install"), "{said}");
    let tokens = vm.metadata.tokens();
    assert_eq!(cells.run(QUERY).trim(), PERSON);
    assert_eq!(vm.metadata.tokens(), tokens, "the VM's service account was asked for");
    let new = "print(sorted(name for name in set(globals()) - names - {'names'} if name[0] != '_'))";
    assert_eq!(cells.run(new).trim(), "['getpass', 'subprocess']", "the cell leaves nothing else");
    assert!(cells.run("!bqcred status").contains(PERSON));
    assert_nothing_stays(&vm, &cells.save(), &pasted);
}

#[test]
fn one_cell_after_login_makes_a_running_kernel_the_users() {
    let Some(python) = python(&["jupyter_client", "ipykernel", "google.cloud.bigquery"]) else { return };
    let vm = vm(false);
    vm.sandbox.write("home/.jupyter/migrated", "");
    assert!(python_kernel(&python).is_dir());
    one_cell_makes_a_python_kernel_the_users(&python, "python3", vm);
}

/// ipykernel 5 doesn't show what a program writes to stderr, or to its own stdout.
#[test]
fn one_cell_after_login_makes_a_kernel_of_2020_the_users() {
    let Some(python) = python(&["jupyter_client"]) else { return };
    let Some(old) = python_of("BQCRED_TEST_VENV_OLD", &["ipykernel", "google.cloud.bigquery"]) else {
        return missing("Python with ipykernel in BQCRED_TEST_VENV_OLD");
    };
    let vm = vm(false);
    vm.sandbox.write("home/.jupyter/migrated", "");
    let spec = json!({"argv": [old, "-W", "ignore", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "old", "language": "python"});
    vm.sandbox.write("home/.local/share/jupyter/kernels/old/kernel.json", spec.to_string());
    one_cell_makes_a_python_kernel_the_users(&python, "old", vm);
}

/// VS Code starts kernels without a kernelspec, and without Jupyter's variable. A cell's command has a terminal.
#[test]
fn login_does_not_ask_in_a_kernel_that_vs_code_starts() {
    let Some(python) = python(&["jupyter_client", "ipykernel"]) else { return };
    let vm = vm(false);
    let start = "import os, sys; os.environ.pop('JPY_PARENT_PID'); \
                 os.execv(sys.executable, [sys.executable, '-m', 'ipykernel_launcher', '-f', sys.argv[1]])";
    let spec = json!({"argv": [python, "-c", start, "{connection_file}"], "display_name": "vs", "language": "python"});
    vm.sandbox.write("home/.local/share/jupyter/kernels/vs/kernel.json", spec.to_string());
    let mut cells = FrontEnd::start(&vm, &python, "vs");
    assert_eq!(cells.run("import os; print(os.environ.get('JPY_PARENT_PID'))"), "None\n");
    let login = cells.run("!bqcred login --project p1");
    let pasted = vm.google.approve(&address(&login), PERSON);
    let said = cells.paste(&snippet(&login, "import subprocess, getpass"), &pasted);
    assert!(said.contains("this notebook now runs as ada@example.com (project p1)"), "{said}");
    assert_eq!(cells.run("print(os.environ['BQCRED_PROFILE'])"), "default\n");
    cells.save();
}

/// The documented line of R: what `system` shows is lost in IRkernel.
const LOGIN_IN_R: &str =
    "cat(system2('bqcred', c('login', '--project', 'p1'), stdout = TRUE, stderr = TRUE), sep = '\\n')";

fn r_kernel(person: bool) -> Option<(PathBuf, Vm)> {
    let python = python(&["jupyter_client"])?;
    if r_package(&["IRkernel", "gargle", "httr"]).is_none() || !Path::new(IR).is_dir() {
        missing("R with IRkernel, gargle and httr");
        return None;
    }
    let vm = vm(person);
    ["R", "Rscript"].into_iter().for_each(|name| vm.sandbox.link_program(name));
    vm.sandbox.write("profile.R", R_TRUST);
    Some((python, vm))
}

#[test]
fn one_cell_after_login_makes_an_r_kernel_the_users() {
    let Some((python, mut vm)) = r_kernel(false) else { return };
    vm.google.expect_unexpected(); // gargle asks for the scopes of the VM's token
    let mut cells = FrontEnd::start(&vm, &python, "ir");
    assert_eq!(cells.run(R_QUERY).trim(), metadata::ACCOUNT);
    let login = cells.run(LOGIN_IN_R);
    assert!(!login.contains("import subprocess"), "{login}");
    assert!(login.lines().all(|line| line.len() <= 80 || line.starts_with("http")), "{login}");
    let pasted = vm.google.approve(&address(&login), PERSON);
    let cell = snippet(&login, "eval(parse(");
    let mistake = cells.send(&json!({"code": cell, "answer": "ls -l"}));
    assert!(mistake["error"].as_str().unwrap().contains("bqcred: "), "{mistake:#}");
    let said = cells.paste(&cell, &pasted);
    assert!(said.contains("this notebook now runs as ada@example.com (project p1)"), "{said}");
    let tokens = vm.metadata.tokens();
    assert_eq!(cells.run(R_QUERY).trim(), PERSON);
    assert_eq!(vm.metadata.tokens(), tokens, "the VM's service account was asked for");
    assert_nothing_stays(&vm, &cells.save(), &pasted);
}

/// An IRkernel without getPass shows what is pasted: the cell removes it from its output.
#[test]
fn cell_of_an_r_kernel_that_can_not_hide_input_clears_what_was_pasted() {
    let Some((python, vm)) = r_kernel(false) else { return };
    let mut cells = FrontEnd::start(&vm, &python, "ir");
    let login = cells.run(LOGIN_IN_R);
    let pasted = vm.google.approve(&address(&login), PERSON);
    // each cell defines getPass anew
    let cell = format!("exists <- function(...) FALSE\n{}", snippet(&login, "eval(parse("));
    let result = cells.send(&json!({"code": cell, "answer": pasted}));
    assert_eq!(result["asked"], json!([{"prompt": "Paste the address: ", "password": false}]), "{result:#}");
    assert!(shown(&result).contains("save the notebook now"), "{result:#}");
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
    assert!(told.contains(&format!("!{program} kernel install")), "{told}");
    assert!(run(&["token"], elsewhere).contains(&format!("`{program} login")), "hints, too");
    let next = run(&[], elsewhere);
    assert!(next.contains(&format!("{program} login")), "{next}");
    let folder = Path::new(program).parent().unwrap().to_str().unwrap();
    let told = run(&["login"], &format!("{elsewhere}:{folder}"));
    assert!(told.contains("subprocess.run([\"bqcred\", "), "{told}");
}

/// A cell is text, and can't name every path: nothing is started then that no cell could complete.
#[test]
#[cfg(target_os = "linux")] // macOS has no such paths
fn a_program_that_no_cell_can_name_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let vm = vm(true);
    let folder = std::ffi::OsString::from_vec(
        [vm.sandbox.path("venv").as_os_str().as_encoded_bytes(), b"\xff"].concat(),
    );
    std::fs::create_dir(&folder).unwrap();
    let program = Path::new(&folder).join("bqcred");
    std::fs::copy(env!("CARGO_BIN_EXE_bqcred"), &program).unwrap();
    let run = |args: &[&str]| {
        let run = vm.program(&program, args).env("JPY_PARENT_PID", "1").env("PATH", "/usr/bin:/bin");
        run.run()
    };
    for command in [&["login"][..], &["rotate", "--yes"]] {
        run(command).code(1).says("is not UTF-8, so a cell can't name it");
    }
    assert!(!run(&["status", "--offline"]).stdout.contains("a sign-in was started"));
    assert!(run(&["login", "--start"]).success().stdout.starts_with("http"), "a program needs no cell");
}

/// What doctor advises can be done in a cell.
#[test]
fn doctor_in_a_notebook_advises_what_changes_the_notebook() {
    let vm = vm(true);
    let fixes = |profile: &[&str]| {
        let args = [&["doctor", "--offline", "--json"], profile].concat();
        let run = vm.sandbox.invoke(&args).envs(vm.metadata.env()).env("JPY_PARENT_PID", "1").run();
        let libraries = run.json()["libraries"].as_array().unwrap().clone();
        let fix = |library: &Value| library["fix"].as_str().map(str::to_owned);
        libraries.iter().filter_map(fix).collect::<std::collections::BTreeSet<String>>()
    };
    let found = fixes(&[]);
    assert!(found.contains("bqcred snippet python"), "{found:?}");
    assert!(!found.iter().any(|fix| fix.contains("bqcred env")), "{found:?}");
    let found = fixes(&["--profile", "other"]);
    assert!(found.contains("bqcred login --profile other"), "{found:?}");
    assert!(!found.iter().any(|fix| fix.contains("bqcred env")), "{found:?}");
}

/// Signs in with `--cell`, where the credential file's path has characters that a literal has to escape; returns the code,
/// and the folder.
fn code_for_cell(vm: &Vm, command: &str, language: &str) -> (String, String) {
    let data = vm.sandbox.path("home/a 'b\" \\n ${c} %d é");
    std::fs::create_dir_all(&data).unwrap();
    let run = |args: &[&str]| vm.sandbox.invoke(args).env("XDG_DATA_HOME", &data).env("JPY_PARENT_PID", "1");
    if command == "rotate" {
        let started = run(&["login", "--start"]).run().success();
        let pasted = vm.google.approve(started.stdout.trim(), PERSON);
        run(&["login", "--finish", "-"]).stdin(pasted).run().success();
    }
    let start: &[&str] =
        if command == "rotate" { &["rotate", "--start", "--yes"] } else { &["login", "--start"] };
    let pasted = vm.google.approve(run(start).run().success().stdout.trim(), PERSON);
    let finish = run(&[command, "--finish", "-", "--cell", language]).stdin(pasted).run().success();
    assert_eq!(finish.stderr, "", "all of it is in the code");
    (finish.stdout, data.to_str().unwrap().to_owned())
}

#[test]
fn code_of_a_cell_is_exact_in_python() {
    let Some(python) = python(&["IPython"]) else { return };
    for command in ["login", "rotate"] {
        let vm = vm(false);
        let (code, data) = code_for_cell(&vm, command, "python");
        let ask =
            "import os, sys; exec(sys.stdin.read(), {}); print(os.environ['GOOGLE_APPLICATION_CREDENTIALS'])";
        let run = vm.program(&python, &["-c", ask]).stdin(code).run().success();
        assert_eq!(run.stdout.lines().last().unwrap(), format!("{data}/bqcred/default/adc.json"));
        assert!(run.stdout.contains("this notebook now runs as ada@example.com"), "{}", run.stdout);
    }
}

#[test]
fn code_of_a_cell_is_exact_in_r() {
    let Some(rscript) = r_package(&["IRdisplay"]) else { return missing("R with IRdisplay") };
    let vm = vm(false);
    ["R", "Rscript"].into_iter().for_each(|name| vm.sandbox.link_program(name));
    let (code, data) = code_for_cell(&vm, "login", "r");
    let ask = "eval(parse(text = readLines(file('stdin'), encoding = 'UTF-8'))); cat(Sys.getenv('GOOGLE_APPLICATION_CREDENTIALS'))";
    let run = vm.program(rscript, &["-e", ask]).stdin(code).run().success();
    assert_eq!(run.stdout.lines().last().unwrap(), format!("{data}/bqcred/default/adc.json"));
}

#[test]
fn failure_in_a_cell_is_code_with_the_reason() {
    let vm = vm(false);
    vm.sandbox.bqcred(&["login", "--cell", "python"]).fails(2);
    let run = vm
        .sandbox
        .invoke(&["login", "--finish", "-", "--cell", "python"])
        .stdin("4/0AbCdEfGhIjKlMnOpQrStUvWxYz")
        .run()
        .code(3);
    assert!(
        run.stdout.contains("raise BqcredError(\"bqcred: no sign-in of profile default waits"),
        "{}",
        run.stdout
    );
    assert_eq!(run.stderr, "");
    let run = vm
        .sandbox
        .invoke(&["login", "--finish", "-", "--cell", "r"])
        .stdin("4/0AbCdEfGhIjKlMnOpQrStUvWxYz")
        .run()
        .code(3);
    assert!(run.stdout.contains("stop(\"bqcred: no sign-in of profile default waits"), "{}", run.stdout);
}

/// `--start` prints the address alone, and at a cell's terminal what comes next on stderr: a cell, too.
#[test]
fn start_in_a_cell_shows_the_cell_as_well() {
    let Some(python) = python(&["jupyter_client", "ipykernel"]) else { return };
    let vm = vm(false);
    let mut cells = FrontEnd::start(&vm, &python, "python3");
    let shown = cells.run("!bqcred login --start --project p1");
    let pasted = vm.google.approve(&address(&shown), PERSON);
    let said = cells.paste(&snippet(&shown, "import subprocess, getpass"), &pasted);
    assert!(said.contains("this notebook now runs as ada@example.com (project p1)"), "{said}");
    assert!(cells.run("r = !bqcred login --start 2>/dev/null\nprint(len(r), r[0])").starts_with("1 http"));
    cells.save();
}
