//! What the linker is told beyond the usual, so that the program starts sooner: a shell's start waits for
//! `bqcred env`, and most of its time is loading. Where this can't be had, it is linked as usual.

#![expect(clippy::disallowed_methods, reason = "cargo speaks to a build script by its environment")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What unwinds the stack, as the C compiler has it for programs that don't load libgcc_s.
const UNWINDER: &str = "libgcc_eh.a";
/// The functions that run at every start, for GNU ld and lld. `benches/order` writes it.
const ORDER: &str = "src/start.ld";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={ORDER}");
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    if env("CARGO_CFG_TARGET_OS") != "linux" || env("PROFILE") != "release" {
        return;
    }
    let chosen = std::env::var_os("RUSTC_LINKER");
    let linker = chosen.clone().unwrap_or_else(|| "cc".into());
    let is_static = env("CARGO_CFG_TARGET_FEATURE").split(',').any(|feature| feature == "crt-static");
    let is_dynamic = env("CARGO_CFG_TARGET_ENV") == "gnu" && !is_static && env("HOST") == env("TARGET");
    if is_dynamic {
        link_unwinder(&linker);
    }
    if is_dynamic || env("CARGO_CFG_TARGET_ENV") == "musl" {
        pack_relocations(chosen, &env("TARGET"), &PathBuf::from(env("OUT_DIR")));
    }
    // another linker than the usual ones may not read the list
    if !env("CARGO_ENCODED_RUSTFLAGS").contains("fuse-ld") {
        gather_start(&linker, &PathBuf::from(env("CARGO_MANIFEST_DIR")).join(ORDER));
    }
}

/// Saves the loading of libgcc_s, a whole library for a few functions: a tenth of the time of `bqcred env`.
fn link_unwinder(linker: &OsString) {
    let Ok(out) = Command::new(linker).arg(format!("-print-file-name={UNWINDER}")).output() else { return };
    // the bare name comes back if there is none
    let archive = PathBuf::from(String::from_utf8_lossy(&out.stdout).trim());
    let Some(folder) = archive.parent().filter(|_| archive.is_absolute() && archive.is_file()) else {
        return;
    };
    println!("cargo::rustc-link-search=native={}", folder.display());
    println!("cargo::rustc-link-lib=static:+verbatim={UNWINDER}");
}

/// Writes the addresses that the loader adjusts as a bit map, 1.5 KB instead of 130: a twentieth of the time of
/// `bqcred env`. The loader has to know it (glibc 2.36, musl 1.2.4), so a small program is tried.
fn pack_relocations(linker: Option<OsString>, target: &str, out: &Path) {
    const OPTION: &str = "-Wl,-z,pack-relative-relocs";
    let (source, trial) = (out.join("relocated.rs"), out.join("relocated"));
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--target", target, "-C", &format!("link-arg={OPTION}"), "-o"]).arg(&trial).arg(&source);
    if let Some(linker) = linker {
        let mut option = OsString::from("linker=");
        option.push(linker);
        rustc.arg("-C").arg(option);
    }
    let works = std::fs::write(&source, "fn main() {}\n").is_ok()
        && rustc.output().is_ok_and(|out| out.status.success())
        && Command::new(&trial).output().is_ok_and(|out| out.status.success());
    if works {
        println!("cargo::rustc-link-arg-bins={OPTION}");
    }
}

/// Puts what `bqcred env` runs into a few pages, instead of one here and one there: a third of its memory,
/// and a tenth of its time.
fn gather_start(linker: &OsString, order: &Path) {
    let option = format!("-Wl,-T,{}", order.display());
    let mut trial = Command::new(linker);
    trial.args(["-shared", "-nostdlib", "-x", "c", "/dev/null", &option, "-o"]);
    let trial = trial.arg(PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("trial"));
    if trial.output().is_ok_and(|out| out.status.success()) {
        println!("cargo::rustc-link-arg-bins={option}");
    }
}
