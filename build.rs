//! What the linker is told beyond the usual, so that the program starts sooner: a shell's start waits for
//! `bqcred env`, and most of its time is loading. Where this can't be had, it is linked as usual.

#![expect(clippy::disallowed_methods, reason = "cargo speaks to a build script by its environment")]

use std::path::PathBuf;
use std::process::Command;

/// What unwinds the stack, as the C compiler has it for programs that don't load libgcc_s.
const UNWINDER: &str = "libgcc_eh.a";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    let is_gnu = env("CARGO_CFG_TARGET_OS") == "linux" && env("CARGO_CFG_TARGET_ENV") == "gnu";
    let is_static = env("CARGO_CFG_TARGET_FEATURE").split(',').any(|feature| feature == "crt-static");
    if is_gnu && !is_static && env("HOST") == env("TARGET") {
        link_unwinder();
    }
}

/// Saves the loading of libgcc_s, a whole library for a few functions: a tenth of the time of `bqcred env`.
fn link_unwinder() {
    let linker = std::env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let Ok(out) = Command::new(linker).arg(format!("-print-file-name={UNWINDER}")).output() else { return };
    // the bare name comes back if there is none
    let archive = PathBuf::from(String::from_utf8_lossy(&out.stdout).trim());
    let Some(folder) = archive.parent().filter(|_| archive.is_absolute() && archive.is_file()) else {
        return;
    };
    println!("cargo::rustc-link-search=native={}", folder.display());
    println!("cargo::rustc-link-lib=static:+verbatim={UNWINDER}");
}
