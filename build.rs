//! What the linker is told beyond the usual, so that the program starts sooner: a shell's start waits for
//! `bqcred env`, and most of its time is loading. Where this can't be had, it is linked as usual.

#![expect(clippy::disallowed_methods, reason = "cargo speaks to a build script by its environment")]

use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    if env("CARGO_CFG_TARGET_OS") != "linux" {
        return;
    }
    let is_static = env("CARGO_CFG_TARGET_FEATURE").split(',').any(|feature| feature == "crt-static");
    match env("CARGO_CFG_TARGET_ENV").as_str() {
        "musl" if is_static && minor_version(&env("RUSTC")) >= Some(93) => pack_relocations(),
        "gnu" if !is_static && env("HOST") == env("TARGET") => link_unwinder(),
        _ => {}
    }
}

/// A static program relocates itself. 4,000 relocations of 24 bytes, all read at each start, become 1 KB.
/// musl can read that form since 1.2.4, which Rust has had since 1.93.
fn pack_relocations() {
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}

/// libgcc_s is a whole library to load for the few functions that unwind the stack; the C compiler has
/// them in an archive, too.
fn link_unwinder() {
    const ARCHIVE: &str = "libgcc_eh.a";
    let linker = std::env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let Ok(out) = Command::new(linker).arg(format!("-print-file-name={ARCHIVE}")).output() else { return };
    // the bare name comes back if there is none
    let archive = PathBuf::from(String::from_utf8_lossy(&out.stdout).trim());
    let Some(folder) = archive.parent().filter(|_| archive.is_absolute() && archive.is_file()) else {
        return;
    };
    println!("cargo::rustc-link-search=native={}", folder.display());
    println!("cargo::rustc-link-lib=static:+verbatim={ARCHIVE}");
}

/// The 93 of `rustc 1.93.0 (254b59607 2026-01-19)`.
fn minor_version(rustc: &str) -> Option<u32> {
    let out = Command::new(rustc).arg("--version").output().ok()?;
    String::from_utf8_lossy(&out.stdout).split('.').nth(1)?.parse().ok()
}
