//! Real programs to test against. A missing one is a failure where `CI=true`, and a skipped test elsewhere.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Why a test of gcloud is skipped, even where everything else has to be there.
pub const NO_GCLOUD: &str = "gcloud and bq are missing; they have an installer of their own";

/// The path of a program on the PATH of the tests.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Fails where `CI=true`, since everything must be installed there; elsewhere reports a skipped test.
#[track_caller]
pub fn missing(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what} is missing: `tests/run` installs it");
    skipped(&format!("{what} is missing; `tests/run` installs it"));
}

/// Reports a skipped test, also to `tests/run`, which lists them at the end.
pub fn skipped(why: &str) {
    use std::io::Write as _;
    eprintln!("skipped: {why}");
    if let Some(list) = std::env::var_os("BQCRED_TEST_SKIPPED") {
        let mut list = std::fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        writeln!(list, "{test}: {why}").unwrap();
    }
}

/// The Python of the virtual environment in `BQCRED_TEST_VENV`, if that has all of these modules.
pub fn venv(modules: &[&str]) -> Option<PathBuf> {
    python_of("BQCRED_TEST_VENV", modules)
}

/// The same for a virtual environment that another variable names. The modules are found, and not loaded: that takes a
/// second.
pub fn python_of(variable: &str, modules: &[&str]) -> Option<PathBuf> {
    const FIND: &str =
        "import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))";
    let python = PathBuf::from(std::env::var_os(variable)?).join("bin/python");
    has(&python, &[&["-c", FIND], modules].concat()).then_some(python)
}

/// `Rscript`, if all of these packages are installed.
pub fn r_package(packages: &[&str]) -> Option<PathBuf> {
    const FIND: &str = "quit(status = !all(nzchar(system.file(package = commandArgs(TRUE)))))";
    let rscript = find_program("Rscript")?;
    let find = |package: &&str| has(&rscript, &["--vanilla", "-e", FIND, package]);
    packages.iter().all(find).then_some(rscript)
}

/// Whether this command succeeds. It is run once.
fn has(program: &Path, args: &[&str]) -> bool {
    type Asked = HashMap<(PathBuf, Vec<String>), bool>;
    static ASKED: LazyLock<Mutex<Asked>> = LazyLock::new(Mutex::default);
    let key = (program.to_owned(), args.iter().map(|arg| (*arg).to_owned()).collect());
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    *asked.entry(key).or_insert_with(|| {
        Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
    })
}

/// The client id and secret that gcloud signs people in with: first those of its
/// `application-default login`, then its own. Read from the installed SDK; none are in this source.
pub fn gcloud_clients() -> Vec<(String, String)> {
    let Some(gcloud) = find_program("gcloud").and_then(|program| program.canonicalize().ok()) else {
        return Vec::new();
    };
    let sdk = gcloud.parent().and_then(Path::parent).unwrap_or(Path::new("/")).join("lib/googlecloudsdk");
    let read = |file: &str| std::fs::read_to_string(sdk.join(file)).unwrap_or_default();
    let pair = |text: &str, id: &str, secret: &str| Some((assigned(text, id)?, assigned(text, secret)?));
    let adc = pair(
        &read("api_lib/auth/util.py"),
        "DEFAULT_CREDENTIALS_DEFAULT_CLIENT_ID",
        "DEFAULT_CREDENTIALS_DEFAULT_CLIENT_SECRET",
    );
    let own = pair(&read("core/config.py"), "CLOUDSDK_CLIENT_ID", "CLOUDSDK_CLIENT_NOTSOSECRET");
    [adc, own].into_iter().flatten().collect()
}

/// The text that a Python line assigns to a name.
fn assigned(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.split('=').next().is_some_and(|left| left.trim() == name))?;
    line.split('\'').nth(1).map(str::to_owned)
}
