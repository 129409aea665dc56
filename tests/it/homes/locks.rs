//! A home without locks, as on NFS without its lock service and on Lustre: `flock` is replaced by one that fails.

use std::path::PathBuf;
use std::process::Command;

use super::{import, imported, offline};
use crate::common::{Sandbox, find_program, missing};

/// `ENOLCK` and `ENOSYS`.
const REASONS: [&str; 2] = ["ENOLCK", "ENOSYS"];

fn flock_that_fails(sandbox: &Sandbox, reason: &str) -> Option<PathBuf> {
    let Some(compiler) = find_program("cc") else {
        missing("cc");
        return None;
    };
    let code = format!(
        "#include <errno.h>\nint flock(int fd, int op) {{ (void)fd; (void)op; errno = {reason}; return -1; }}\n"
    );
    let source = sandbox.write("flock.c", code);
    let library = sandbox.path("flock.so");
    let built = Command::new(compiler).args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
    built.unwrap().success().then_some(library)
}

#[test]
fn a_home_without_locks_is_used_and_said_once() {
    for reason in REASONS {
        let sandbox = Sandbox::new();
        let Some(library) = flock_that_fails(&sandbox, reason) else { return };
        import(&sandbox).env("LD_PRELOAD", &library).run().success().says("has no locks");
        let again = |words: &[&str]| {
            let run = offline(sandbox.invoke(words)).env("LD_PRELOAD", &library).run().success();
            assert!(!run.stderr.contains("locks"), "{}", run.stderr);
            run
        };
        assert!(again(&["env", "--shell", "sh"]).stdout.contains("GOOGLE_APPLICATION_CREDENTIALS"));
        again(&["use", "default", "--project", "other"]);
        again(&["list"]);
        again(&["exec", "--file", "--", "true"]);
        again(&["forget"]);
        assert!(!sandbox.adc("default").exists());
    }
}

#[test]
fn a_killed_writers_file_is_removed_when_it_is_old() {
    let sandbox = imported();
    let Some(library) = flock_that_fails(&sandbox, "ENOLCK") else { return };
    let folder = sandbox.data("default");
    let [old, new] = [".bqcred-01.tmp", ".bqcred-02.tmp"].map(|name| folder.join(name));
    for path in [&old, &new] {
        std::fs::write(path, "half of a credential").unwrap();
    }
    let earlier = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    std::fs::File::options().write(true).open(&old).unwrap().set_modified(earlier).unwrap();
    offline(sandbox.invoke(&["list"])).env("LD_PRELOAD", &library).run().success();
    assert!(!old.exists() && new.exists(), "without locks, a new file may be another process's");
}
