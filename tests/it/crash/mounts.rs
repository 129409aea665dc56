//! A home on a full disk, and one on a read-only disk: mounted in a namespace of its own.

use std::path::PathBuf;

use super::scene::ADA;
use crate::common::{Google, Invocation, Run, Sandbox, find_program, missing};

const FULL: &str = r#"
    cp -a "$HOME" "$KEPT"
    mount -t tmpfs -o size=512k,mode=700 none "$HOME"
    cp -a "$KEPT/." "$HOME/"
    dd if=/dev/zero of="$HOME/fill" bs=1k 2>/dev/null || true
    "$@" || code=$?
    rm "$HOME/fill" "$KEPT" -rf
    cp -a "$HOME" "$KEPT"
    exit ${code:-0}
"#;

const READ_ONLY: &str = r#"
    mount --bind "$HOME" "$HOME"
    mount -o remount,bind,ro "$HOME"
    "$@" || code=$?
    cp -a "$HOME" "$KEPT"
    exit ${code:-0}
"#;

/// A home in which Ada has signed in, mounted by a script.
struct Mounted {
    google: Google,
    sandbox: Sandbox,
    script: &'static str,
}

impl Mounted {
    /// `None` where this user may not mount anything.
    fn new(script: &'static str) -> Option<Mounted> {
        let mounted = Mounted { google: Google::start(), sandbox: Sandbox::new(), script };
        let unshare = find_program("unshare")?;
        if mounted
            .sandbox
            .program(unshare, &["-rm", "mount", "-t", "tmpfs", "none", "/mnt"])
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .run()
            .code
            != Some(0)
        {
            missing("a mount namespace for an ordinary user");
            return None;
        }
        mounted.sandbox.login(&mounted.google, ADA, &["--project", "p1"]).success();
        mounted.sandbox.invoke(&["token"]).may_print_secret().run().success();
        Some(mounted)
    }

    fn kept(&self) -> PathBuf {
        self.sandbox.path("kept")
    }

    fn invoke(&self, args: &[&str]) -> Invocation {
        let _ = std::fs::remove_dir_all(self.kept());
        let head = ["-rm", "sh", "-euc", self.script, "sh", env!("CARGO_BIN_EXE_bqcred")];
        let unshare = self.sandbox.program(find_program("unshare").unwrap(), &[&head, args].concat());
        unshare.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("KEPT", self.kept()).may_print_secret()
    }

    fn bqcred(&self, args: &[&str]) -> Run {
        self.invoke(args).run()
    }

    /// The files of the home after the last run: names and contents.
    fn after(&self, relative: &str) -> Option<Vec<u8>> {
        std::fs::read(self.kept().join(relative)).ok()
    }

    /// Panics unless the credential is unchanged, and no leftover file exists.
    fn is_as_before(&self) {
        let data = ".local/share/bqcred/default";
        for file in ["adc.json", "profile.json"] {
            let file = format!("{data}/{file}");
            assert!(self.after(&file) == std::fs::read(self.sandbox.home().join(&file)).ok(), "{file}");
        }
        let names = std::fs::read_dir(self.kept().join(data)).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }
}

#[test]
fn full_disk_keeps_the_old_files_and_hints_at_a_fix() {
    let Some(home) = Mounted::new(FULL) else { return };
    let url = home.sandbox.bqcred(&["login", "--start"]).success().stdout;
    let answer = || home.google.approve(url.trim(), ADA);
    let full = |run: Run| {
        home.is_as_before();
        run.fails(6).says("no space left on device").says("make room on that disk (`df -h '")
    };
    // detected before the answer is used
    full(home.invoke(&["login", "--finish", "-"]).stdin(answer()).run());
    assert!(home.after(".local/state/bqcred/default.login").is_some(), "the answer can be given again");
    full(home.bqcred(&["rotate", "--yes"]));
    assert!(home.google.count("/revoke") == 0, "nothing was revoked");
    full(home.bqcred(&["use", "default"]));
    full(home.bqcred(&["export", "home/copy.json"]));
    full(home.bqcred(&["export", "--well-known"]));
    // removing needs no space
    home.bqcred(&["forget"]).success();
    assert!(home.after(".local/share/bqcred/default/adc.json").is_none());
}

#[test]
fn full_disk_allows_reading_commands_and_warns_of_unsaved_state() {
    let Some(home) = Mounted::new(FULL) else { return };
    home.bqcred(&["env", "--shell", "sh"]).success();
    home.bqcred(&["list"]).success();
    home.bqcred(&["status"])
        .success()
        .says("what the server answered could not be kept")
        .says("no space left");
    home.is_as_before();
    home.google.rotate_on_refresh(true);
    let run = home.bqcred(&["token", "--min-ttl", "7200"]).success();
    assert!(run.stdout.starts_with("ya29."), "{}", run.stdout);
    run.says("the server replaced the refresh token of this profile, and the new one could not be kept")
        .says("no space left on device")
        .says("`bqcred login`");
    home.is_as_before();
}

#[test]
fn read_only_home_allows_reading_commands() {
    let Some(home) = Mounted::new(READ_ONLY) else { return };
    let url = home.sandbox.bqcred(&["login", "--start"]).success().stdout;
    home.bqcred(&["env", "--shell", "sh"]).success();
    home.bqcred(&["list"]).success();
    home.bqcred(&["exec", "--", "true"]).success();
    home.bqcred(&["token"]).success();
    home.bqcred(&["token", "--min-ttl", "7200"]).success().says("read-only file system");
    home.bqcred(&["status"]).success().says("what the server answered could not be kept");
    let answer = home.google.approve(url.trim(), ADA);
    let finish = home.invoke(&["login", "--finish", "-"]).stdin(answer);
    let refused = [
        finish.run(),
        home.bqcred(&["login", "--start"]),
        home.bqcred(&["rotate", "--yes"]),
        home.bqcred(&["revoke", "--yes"]),
        home.bqcred(&["forget"]),
        home.bqcred(&["use", "default"]),
    ];
    for run in refused {
        run.fails(6).says("read-only file system").says("`findmnt -T '");
    }
    home.is_as_before();
    assert!(home.google.count("/revoke") == 0, "nothing was revoked");
}
