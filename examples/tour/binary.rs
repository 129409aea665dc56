//! The bqcred that the tour shows: the one of this source, built like the tour itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// The variables about their package that cargo sets for the programs that it runs.
const OWN: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// Builds it where the tour was built, and returns where it is. `cargo run --example` builds no programs.
pub(crate) fn build() -> Result<PathBuf> {
    let tour = std::env::current_exe().map_err(|e| format!("the tour can't find itself: {e}"))?;
    // target/debug/examples/tour
    let (Some(built), Some(target)) = (tour.ancestors().nth(2), tour.ancestors().nth(3)) else {
        return Err(format!("the tour can't run from {}", tour.display()));
    };
    let bqcred = built.join("bqcred");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from(env!("CARGO")));
    // with the tour, which is built already, so that the dependencies are the same
    let mut command = Command::new(&cargo);
    command.args(["build", "--bin", "bqcred", "--example", "tour", "--target-dir"]).arg(target);
    command.arg("--profile").arg(profile(built));
    // `cargo run` sets these for the tour; build scripts that look at them would run again
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| OWN.iter().any(|own| name.starts_with(own))) {
            command.env_remove(name);
        }
    }
    let done = command.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    match done {
        Ok(status) if status.success() && bqcred.is_file() => Ok(bqcred),
        Ok(_) => Err("bqcred can't be built".into()),
        Err(e) => Err(format!("{} can't be started: {e}", cargo.display())),
    }
}

/// The profile that belongs to a folder below `target`.
fn profile(built: &Path) -> OsString {
    match built.file_name() {
        Some(name) if name != "debug" => name.to_owned(),
        _ => "dev".into(),
    }
}
