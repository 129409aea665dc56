//! Links the part of the C compiler's library that unwinds the stack into the program. It would else be loaded at
//! every start, as a whole library: a fifth of the time of `bqcred env`. Where it can't be had, it is loaded.

#![expect(clippy::disallowed_methods, reason = "cargo tells a build script everything by its environment")]

use std::path::PathBuf;
use std::process::Command;

/// What GCC has for programs that don't load libgcc_s.
const UNWINDER: &str = "libgcc_eh.a";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    let is_static = env("CARGO_CFG_TARGET_FEATURE").split(',').any(|feature| feature == "crt-static");
    let is_dynamic = env("CARGO_CFG_TARGET_ENV") == "gnu" && !is_static;
    if !is_dynamic || env("PROFILE") != "release" || env("HOST") != env("TARGET") {
        return;
    }
    let linker = std::env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let Ok(out) = Command::new(linker).arg(format!("-print-file-name={UNWINDER}")).output() else { return };
    // the bare name comes back if there is none
    let archive = PathBuf::from(String::from_utf8_lossy(&out.stdout).trim());
    if let Some(folder) = archive.parent().filter(|_| archive.is_absolute() && archive.is_file()) {
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static:+verbatim={UNWINDER}");
    }
}
