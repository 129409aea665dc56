//! The programs that are measured: bqcred as `cargo build --release` makes it, the static one where it can
//! be built, and for each the smallest Rust program of its kind.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::table;
use bqcred_test_support::{Sandbox, find_program};

const STATIC: &str = "x86_64-unknown-linux-musl";

/// A build of bqcred.
pub(crate) struct Binary {
    /// Its name in tables.
    pub(crate) name: &'static str,
    pub(crate) path: PathBuf,
    /// A program that prints a line, built for the same target.
    pub(crate) least: Option<PathBuf>,
}

/// bqcred as it was built for this run, and the static one.
pub(crate) fn all(sandbox: &Sandbox) -> Vec<Binary> {
    let own = Binary {
        name: "dynamic",
        path: install("dynamic", Path::new(env!("CARGO_BIN_EXE_bqcred"))),
        least: least(sandbox, "least", None),
    };
    let fixed = build_static().map(|path| Binary {
        name: "static",
        path: install("static", &path),
        least: least(sandbox, "least-static", Some(STATIC)),
    });
    [Some(own), fixed].into_iter().flatten().collect()
}

/// A copy, as an installation makes one. A linker writes its file in random order: the system then has it in
/// memory in single pages, which takes longer to map.
fn install(name: &str, path: &Path) -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bqcred-{name}"));
    std::fs::copy(path, &copy).unwrap();
    copy
}

/// The binary that is shipped for Linux, built if its target and C compiler are installed.
fn build_static() -> Option<PathBuf> {
    if !has_target(STATIC) || find_program("musl-gcc").is_none() {
        eprintln!("no static binary: `rustup target add {STATIC}` and musl-gcc (musl-tools) would make one");
        return None;
    }
    eprintln!("building the static binary (`cargo build --release --target {STATIC}`)");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--release", "--target", STATIC]);
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().is_ok_and(|status| status.success());
    // the folder of this run's binary is `target/release`, or what CARGO_TARGET_DIR has for it
    let target = Path::new(env!("CARGO_BIN_EXE_bqcred")).parent()?.parent()?;
    Some(target.join(STATIC).join("release/bqcred")).filter(|path| built && path.is_file())
}

fn has_target(target: &str) -> bool {
    let out = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    out.is_ok_and(|out| Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_dir())
}

fn least(sandbox: &Sandbox, name: &str, target: Option<&str>) -> Option<PathBuf> {
    let source = sandbox.write("least.rs", "fn main() { println!(\"a line\"); }");
    let program = sandbox.path(name);
    let mut rustc = Command::new("rustc");
    rustc.args(["-C", "opt-level=3", "-C", "strip=symbols", "-o"]).arg(&program).arg(source);
    if let Some(target) = target {
        rustc.args(["--target", target]);
    }
    rustc.status().is_ok_and(|status| status.success()).then_some(program)
}

/// The sizes.
pub(crate) fn print(binaries: &[Binary]) {
    let row = |binary: &Binary| {
        let bytes = std::fs::metadata(&binary.path).unwrap().len();
        vec![format!("bqcred, {}", binary.name), format!("{:.1} MB", bytes as f64 / 1e6)]
    };
    table::print(&["", "size"], &binaries.iter().map(row).collect::<Vec<_>>());
}
