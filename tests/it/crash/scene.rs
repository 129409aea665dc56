//! A command, the state before it, which can be restored, and what must hold wherever the command was
//! stopped.

use std::path::{Path, PathBuf};

use crate::common::faults::faults;
use crate::common::keyring::Keyring;
use crate::common::tree::{Tree, meaning};
use crate::common::{Consent, Google, Invocation, Run, Sandbox};
use crate::double::grants::Grants;

pub const ADA: &str = "ada@example.com";

/// Where the command runs.
pub enum Place {
    Plain(Sandbox),
    WithKeyring(Box<Keyring>),
}

/// A command, the state before it, and the state after it if nothing goes wrong.
pub struct Scene {
    pub name: &'static str,
    pub google: Google,
    place: Place,
    args: Vec<String>,
    /// What is pasted on stdin, new each time.
    stdin: Box<dyn Fn(&Google) -> String>,
    /// The exit codes of the same command after a run that was stopped.
    again: &'static [i32],
    roots: Vec<PathBuf>,
    grants: Grants,
    item: Option<String>,
    before: Tree,
    after: Tree,
    /// How long it takes undisturbed.
    pub time: std::time::Duration,
}

/// How a command is stopped: the words of `faults.c`, and the number of the call.
#[derive(Clone, Debug)]
pub struct Fault {
    pub how: String,
    pub n: usize,
}

impl Scene {
    /// The current state is the one before; the command is run once to see the one after. `None` where
    /// this machine can't stop programs at a system call.
    pub fn new(
        name: &'static str,
        (google, place): (Google, Place),
        args: &[&str],
        stdin: impl Fn(&Google) -> String + 'static,
        again: &'static [i32],
    ) -> Option<Scene> {
        faults()?;
        let mut scene = Scene {
            name,
            grants: google.snapshot(),
            google,
            place,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            stdin: Box::new(stdin),
            again,
            roots: Vec::new(),
            item: None,
            before: Tree::default(),
            after: Tree::default(),
            time: std::time::Duration::ZERO,
        };
        std::fs::create_dir_all(scene.sandbox().path("work")).unwrap();
        scene.roots = ["home", "tmp", "work", "venv"].map(|folder| scene.sandbox().path(folder)).into();
        scene.roots.push(scene.sandbox().runtime().to_owned());
        scene.roots.retain(|root| root.is_dir());
        scene.item = scene.keyring().map(|keyring| keyring.lookup("default"));
        scene.before = Tree::of(&scene.roots);
        let run = scene.stopped_command().run();
        assert_eq!(run.code, Some(0), "{name}: {}", run.stderr);
        scene.time = run.time;
        scene.after = Tree::of(&scene.roots);
        Some(scene)
    }

    pub fn sandbox(&self) -> &Sandbox {
        match &self.place {
            Place::Plain(sandbox) => sandbox,
            Place::WithKeyring(keyring) => &keyring.sandbox,
        }
    }

    fn keyring(&self) -> Option<&Keyring> {
        match &self.place {
            Place::Plain(_) => None,
            Place::WithKeyring(keyring) => Some(keyring),
        }
    }

    fn invoke(&self, program: &Path, args: &[&str]) -> Invocation {
        let invocation =
            self.sandbox().program(program, args).env("VIRTUAL_ENV", self.sandbox().path("venv"));
        let bus = self.keyring().map(|keyring| keyring.bus.env());
        invocation.envs(bus).limit(std::time::Duration::from_secs(60))
    }

    /// bqcred, without a fault.
    pub fn bqcred(&self, args: &[&str]) -> Invocation {
        self.invoke(Path::new(env!("CARGO_BIN_EXE_bqcred")), args)
    }

    /// The command, without a fault.
    pub fn stopped_command(&self) -> Invocation {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        self.bqcred(&args).stdin((self.stdin)(&self.google)).may_print_secret()
    }

    /// The command line, for other ways to start it.
    pub fn command(&self) -> std::process::Command {
        let mut command = self.sandbox().command(env!("CARGO_BIN_EXE_bqcred"));
        command.args(&self.args).env("VIRTUAL_ENV", self.sandbox().path("venv"));
        command.envs(self.keyring().map(|keyring| keyring.bus.env()));
        command
    }

    /// What is pasted.
    pub fn stdin(&self) -> String {
        (self.stdin)(&self.google)
    }

    /// Runs the command with this fault.
    pub fn stopped(&self, fault: &Fault) -> Run {
        let log = self.log();
        let n = fault.n.to_string();
        let roots: Vec<&str> = self.roots.iter().map(|root| root.to_str().unwrap()).collect();
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        let head = [&[log.to_str().unwrap(), &fault.how, &n], roots.as_slice()].concat();
        let tail = [&["--", env!("CARGO_BIN_EXE_bqcred")], args.as_slice()].concat();
        let run = self.invoke(faults().unwrap(), &[head, tail].concat());
        run.stdin(self.stdin()).may_print_secret().run()
    }

    fn log(&self) -> PathBuf {
        self.sandbox().path("calls.log")
    }

    /// The calls of the last run that was counted.
    pub fn calls(&self) -> Vec<String> {
        std::fs::read_to_string(self.log()).unwrap().lines().map(str::to_owned).collect()
    }

    /// How many calls can get the fault.
    pub fn count(&self, how: &str) -> usize {
        self.restore();
        let run = self.stopped(&Fault { how: format!("count,{how}"), n: 0 });
        assert_eq!(run.code, Some(0), "{}: {}", self.name, run.stderr);
        self.calls().len()
    }

    /// Restores everything: files, grants, the keyring item.
    pub fn restore(&self) {
        self.before.restore(&self.roots);
        self.google.restore(&self.grants);
        if let (Some(keyring), Some(item)) = (self.keyring(), &self.item) {
            match item.is_empty() {
                true => keyring.clear("default"),
                false => keyring.put("default", &[], item),
            }
        }
    }

    /// Checks the files after a run: each is the old one or the new one, complete, and private.
    pub fn check_files(&self, what: &str) {
        let secrets = self.google.secrets();
        let now = Tree::of(&self.roots);
        for (path, bytes, mode) in now.files() {
            let at = || format!("{}, {what}: {}", self.name, path.display());
            let name = path.file_name().unwrap().to_str().unwrap();
            if is_ours(path) {
                assert_eq!(mode & 0o077, 0, "{}: {mode:o}", at());
            }
            if is_left_over(name) {
                assert!(mode & 0o077 == 0 || !holds_secret(bytes), "{}: {mode:o}", at());
                continue;
            }
            let known = [self.before.file(path), self.after.file(path)];
            if known.into_iter().flatten().any(|known| known == bytes)
                || (name.ends_with(".lock") && bytes.is_empty())
                // a file that says why there is no credential
                || path.parent().unwrap().ends_with("bqcred/no-credential")
            {
                continue;
            }
            let content = meaning(bytes, &secrets).unwrap_or_else(|| panic!("{} is torn", at()));
            // it describes steps in between, too: the next commands show whether it is right
            let steps = name.starts_with("profile.json")
                || ["well-known.json", "kernels.json", "session-files.json"].contains(&name);
            let same =
                known.into_iter().flatten().any(|known| meaning(known, &secrets).as_ref() == Some(&content));
            assert!(steps || same, "{} is neither old nor new: {content:#}", at());
        }
        for (path, ..) in self.before.files() {
            // a cached access token is removed by a change of the credential
            let kept = self.after.file(path).is_some() && path.extension().is_none_or(|end| end != "token");
            let gone = kept && now.file(path).is_none();
            assert!(!gone, "{}, {what}: {} is lost", self.name, path.display());
        }
    }

    /// The next command removes leftovers.
    pub fn check_sweep(&self, what: &str) {
        let list = self.bqcred(&["list"]).run();
        assert_eq!(list.code, Some(0), "{}, {what}: {}", self.name, list.stderr);
        self.check_left_overs(what, is_ours);
    }

    /// The next commands work, no leftover stays, and the same command succeeds.
    pub fn check_recovery(&self, what: &str) {
        let ran = |run: Run, codes: &[i32]| {
            let code = run.code.unwrap_or(-1);
            assert!(
                codes.contains(&code),
                "{}, {what}: {} ends with {code}: {}",
                self.name,
                run.line,
                run.stderr
            );
            run
        };
        ran(self.bqcred(&["list"]).run(), &[0]);
        ran(self.bqcred(&["status", "--offline"]).run(), &[0, 3, 4]);
        ran(self.bqcred(&["env", "--shell", "sh"]).run(), &[0, 3]);
        // at the server that it belongs to: another one could not be reached
        ran(self.bqcred(&["token", "--min-ttl", "7200"]).may_print_secret().run(), &[0, 3, 4]);
        self.check_left_overs(what, is_ours);
        let again = ran(self.stopped_command().run(), self.again);
        self.check_left_overs(what, |_| true);
        self.check_places(what);
        self.check_kernels(what);
        // and in any case: a new sign-in repairs everything
        let client = self.sandbox().client_file(&self.google);
        let login = ["login", "--start", "--client-id-file", &client];
        let url = ran(self.bqcred(&login).run(), &[0]).stdout;
        let redirect = self.google.approve_with(url.trim(), Consent::all(ADA));
        ran(self.bqcred(&["login", "--finish", "-"]).stdin(redirect).run(), &[0]);
        ran(self.bqcred(&["status"]).run(), &[0]);
        drop(again);
    }

    /// Kernelspecs are complete after the second run.
    fn check_kernels(&self, what: &str) {
        let now = Tree::of(&self.roots);
        let is_kernel = |path: &Path| path.components().any(|part| part.as_os_str() == "kernels");
        for (path, bytes, _) in self.after.files().filter(|(path, ..)| is_kernel(path)) {
            assert_eq!(now.file(path), Some(bytes), "{}, {what}: {}", self.name, path.display());
        }
        let more = now.files().find(|(path, ..)| is_kernel(path) && self.after.file(path).is_none());
        assert!(more.is_none(), "{}, {what}: {} stays", self.name, more.unwrap().0.display());
    }

    fn check_left_overs(&self, what: &str, counts: impl Fn(&Path) -> bool) {
        for (path, ..) in Tree::of(&self.roots).files().filter(|(path, ..)| counts(path)) {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(!is_left_over(name), "{}, {what}: {} stays", self.name, path.display());
        }
    }

    /// Secrets are only where the design allows them.
    fn check_places(&self, what: &str) {
        for (path, bytes, _) in Tree::of(&self.roots).files() {
            let name = path.file_name().unwrap().to_str().unwrap();
            let may = name == "adc.json"
                || name.ends_with(".token")
                || name.ends_with(".login")
                || name == "client.json"
                || path.parent().unwrap().ends_with("work")
                || path.starts_with(self.sandbox().runtime())
                || self.after.file(path).is_some_and(holds_secret);
            assert!(may || !holds_secret(bytes), "{}, {what}: a secret in {}", self.name, path.display());
        }
    }

    /// Whether everything is as after an undisturbed run.
    pub fn is_done(&self) -> bool {
        let secrets = self.google.secrets();
        let now = Tree::of(&self.roots);
        self.after.files().all(|(path, bytes, _)| {
            let known = now.file(path);
            known == Some(bytes)
                || known.is_some_and(|known| meaning(known, &secrets) == meaning(bytes, &secrets))
        })
    }

    /// A copy of the state before, in another folder.
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }
}

/// Whether the path is in one of bqcred's own folders.
fn is_ours(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "bqcred")
}

fn is_left_over(name: &str) -> bool {
    name.starts_with(".bqcred-") && name.ends_with(".tmp")
}

fn holds_secret(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    crate::double::CANARIES.iter().any(|canary| text.contains(canary))
}
