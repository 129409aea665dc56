//! A machine with two users: the user, and an attacker.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::{Google, Invocation, Run, Sandbox, copy_program, set_mode, skipped};

pub const ADA: &str = "ada@example.com";
pub const MALLORY: &str = "mallory@example.com";

/// The uid of `nobody`, which owns nothing on any machine.
const ATTACKER: u32 = 65_534;

/// Two users, and folders that they share.
pub struct Machine {
    pub google: Google,
    pub sandbox: Sandbox,
    /// The user's uid, unique on this machine.
    pub uid: u32,
    bqcred: PathBuf,
}

impl Machine {
    /// Sets it up; `None`, reported as skipped, where these tests may not change users.
    pub fn new() -> Option<Machine> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        if !rustix::process::geteuid().is_root() {
            skipped("only root can be two users");
            return None;
        }
        let uid = 200_000 + (std::process::id() % 20_000) * 100 + NEXT.fetch_add(1, Ordering::SeqCst);
        let sandbox = Sandbox::new();
        let bqcred = sandbox.path("bin/bqcred");
        let program = env!("CARGO_BIN_EXE_bqcred");
        if std::fs::hard_link(program, &bqcred).is_err() {
            copy_program(program.as_ref(), &bqcred);
        }
        set_mode(&sandbox.path(""), 0o755);
        let machine = Machine { google: Google::start(), sandbox, uid, bqcred };
        for folder in ["home", "tmp"] {
            own(&machine.sandbox.path(folder), uid);
        }
        own(machine.sandbox.runtime(), uid);
        machine.folder("shared", 0, 0o1777); // as /tmp
        machine.folder("open", 0, 0o777);
        machine.folder("evil", ATTACKER, 0o777);
        let client = machine.sandbox.write("client.json", machine.google.client_json());
        set_mode(&client, 0o644);
        machine.person(&["client", "set", client.to_str().unwrap()]).run().success();
        Some(machine)
    }

    fn folder(&self, name: &str, owner: u32, mode: u32) {
        let path = self.sandbox.path(name);
        std::fs::create_dir(&path).unwrap();
        own(&path, owner);
        set_mode(&path, mode);
    }

    /// bqcred, run by the user.
    pub fn person(&self, words: &[&str]) -> Invocation {
        self.sandbox.program(&self.bqcred, words).user(self.uid)
    }

    /// bqcred in a terminal, run by the user; more can be set before it starts.
    pub fn person_command(&self, words: &[&str]) -> Command {
        use std::os::unix::process::CommandExt as _;
        let mut command = self.sandbox.command(&self.bqcred);
        command.args(words).env("TERM", "xterm").gid(self.uid).uid(self.uid);
        command
    }

    /// Runs shell lines as the attacker; `$1` is the sandbox.
    pub fn attacker(&self, script: &str) -> Run {
        let root = self.sandbox.path("");
        let root = root.to_str().unwrap().trim_end_matches('/');
        self.sandbox.program("sh", &["-euc", script, "sh", root]).user(ATTACKER).run().success()
    }

    /// The user signs in, with these variables.
    pub fn login(&self, env: &[(&str, &Path)]) {
        let with = |invocation: Invocation| {
            env.iter().fold(invocation, |invocation, (name, value)| invocation.env(name, value))
        };
        let url = with(self.person(&["login", "--start", "--project", "p1"])).run().success().stdout;
        let answer = self.google.approve(url.trim(), ADA);
        with(self.person(&["login", "--finish", "-"])).stdin(answer).run().success();
    }

    /// Panics if the attacker can read a token, or owns a file that holds one.
    #[track_caller]
    pub fn assert_kept_from_attacker(&self) {
        let runtime = self.sandbox.runtime().to_str().unwrap();
        // the client secret is in a world-readable file: it is no secret (RFC 8252 section 8.5)
        let search = format!(
            "grep -rsl -e 0canary- -e ya29.canary- -e 0canary%2D \"$1\" {runtime} /dev/shm/bqcred-{} || true",
            self.uid
        );
        assert_eq!(self.attacker(&search).stdout, "", "the attacker can read a secret");
        for (path, content) in self.sandbox.files() {
            let text = String::from_utf8_lossy(&content);
            let holds = ["0canary-", "ya29.canary-"].iter().any(|secret| text.contains(secret));
            assert!(!holds || path.symlink_metadata().unwrap().uid() == self.uid, "{}", path.display());
            let mode = path.symlink_metadata().unwrap().permissions().mode();
            assert!(!holds || mode & 0o077 == 0, "{} {mode:o}", path.display());
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(format!("/dev/shm/bqcred-{}", self.uid));
        let _ = std::fs::remove_file(format!("/dev/shm/bqcred-{}", self.uid));
    }
}

/// Gives a file or folder to a user.
pub fn own(path: &Path, uid: u32) {
    std::os::unix::fs::lchown(path, Some(uid), Some(uid)).unwrap();
}
