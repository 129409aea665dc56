//! Disks that are full, broken, read-only or over quota, from any system call on: the exit code is right, the
//! message names the file, the reason and a fix, and nothing is lost.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::commands;
use super::scene::{Fault, Scene};
use super::{is_checked_in_detail, is_due, is_full};
use crate::common::Run;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
const EDQUOT: i32 = 122;

/// The message for each error, and a part of its hint.
const REASONS: [(i32, &str, &str); 4] = [
    (ENOSPC, "no space left on device", "make room on that disk"),
    (EIO, "input/output error", "the disk itself fails"),
    (EROFS, "read-only file system", "that file system is read-only"),
    (EDQUOT, "quota exceeded", "your quota is used up"),
];

/// How a disk fails, whether reading fails too, and every how many calls it is tried at least.
fn ways() -> Vec<(String, &'static str, usize)> {
    let mut ways =
        vec![(format!("from={ENOSPC}"), "", 2), (format!("once={EIO}"), "", 3), ("short".to_owned(), "", 5)];
    if is_full() {
        ways.extend([
            (format!("once={ENOSPC}"), "", 1),
            (format!("from={EIO}"), "", 1),
            (format!("from={EDQUOT}"), "", 1),
            (format!("once={EIO},named"), "", 1),
            (format!("from={ENOSPC},named"), "", 1),
            ("short,named".to_owned(), "", 1),
            (format!("once={EIO}"), ",reads", 1),
            (format!("from={EIO}"), ",reads", 1),
        ]);
    }
    ways
}

/// Lets the disk fail at the calls. `lenient`: the command may succeed without the disk.
fn fail(scene: Option<Scene>, lenient: bool) {
    let Some(scene) = scene else { return };
    let (mut faults, mut bad) = (0, 0);
    let mut tried = |fault: Fault| {
        // after a failed check the next fault is tried: one failure must not hide the others
        bad += usize::from(catch_unwind(AssertUnwindSafe(|| one(&scene, &fault, lenient))).is_err());
        faults += 1;
    };
    for (way, more, every) in ways() {
        // an unreadable kernelspec of another program is treated as absent
        if scene.name.starts_with("kernel") && more == ",reads" {
            continue;
        }
        let how = format!("{way}{more}");
        let words = if how.contains("named") { format!("named{more}") } else { format!("count{more}") };
        for n in (1..=scene.count(&words)).filter(|n| is_due(*n, every)) {
            tried(Fault { how: how.clone(), n });
        }
    }
    tried(Fault { how: format!("from={EROFS}"), n: 1 });
    println!("{}: {faults} failing calls", scene.name);
    assert_eq!(bad, 0, "{}: see the panics above", scene.name);
}

fn one(scene: &Scene, fault: &Fault, lenient: bool) {
    scene.restore();
    let run = scene.stopped(fault);
    let calls = scene.calls();
    let call = calls.get(fault.n - 1).cloned().unwrap_or_default();
    let what = format!("{} at call {}: {call}", fault.how, fault.n);
    check_run(scene, &run, &what, lenient);
    scene.check_files(&what);
    match is_checked_in_detail(fault.n) {
        true => scene.check_recovery(&what),
        false => scene.check_sweep(&what),
    }
}

/// Either the command succeeded, or it reports the reason.
fn check_run(scene: &Scene, run: &Run, what: &str, lenient: bool) {
    let at = || format!("{}, {what}: exit {:?}\n{}", scene.name, run.code, run.stderr);
    assert!(!run.stderr.contains("panicked"), "{}", at());
    if run.code == Some(0) {
        assert!(lenient || scene.is_done(), "{}\nbut it is not done", at());
        return;
    }
    assert_eq!(run.code, Some(6), "{}", at());
    assert!(run.stdout.is_empty() || run.is_failing_eval() || lenient, "{}", at());
    let reported =
        REASONS.iter().any(|(_, reason, help)| run.stderr.contains(reason) && run.stderr.contains(help));
    assert!(reported, "{}", at());
    let named = |root: &std::path::PathBuf| run.stderr.contains(root.to_str().unwrap());
    let is_exported = ["work/out.json", "work/token.json"].iter().any(|file| run.stderr.contains(file));
    let names = scene.roots().iter().any(named) || is_exported;
    assert!(names, "{}", at());
}

macro_rules! fails {
    ($($name:ident: $scenes:expr, $quiet:expr;)*) => {$(
        #[test]
        fn $name() {
            for scene in $scenes {
                fail(scene, $quiet);
            }
        }
    )*};
}

fails! {
    login_start: [commands::login_start()], false;
    first_login: [commands::first_login()], false;
    login: [commands::login_again()], false;
    import: [commands::import(), commands::import_over()], false;
    rotate: [commands::rotate()], false;
    // the new credential is saved before it is tried
    rotate_finish: [commands::rotate_finish()], true;
    revoke: [commands::revoke()], false;
    forget: [commands::forget()], false;
    token: [commands::token()], true;
    status: [commands::status()], true;
    small_commands: commands::small_ones(), false;
    export_undo: [commands::export_undo()], false;
    kernel_install: commands::kernels(), false;
    kernel_sync: [commands::kernel_sync()], false;
    env_session_file: [commands::session_file()], false;
    move_between_stores: [commands::move_to("file"), commands::move_to("keyring")], false;
    login_to_the_keyring: [commands::login_over_the_keyring()], false;
}
