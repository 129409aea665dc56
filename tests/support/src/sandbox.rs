//! A home, a runtime folder and a PATH that belong to one test alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use super::programs::find_program;
use super::run::{Invocation, Run};
use crate::double::{Consent, Google};

/// Programs available to scripts in a sandbox. No gcloud, no browser.
const PROGRAMS: &[&str] = &[
    "sh", "bash", "dash", "env", "cat", "ls", "cp", "mv", "rm", "mkdir", "chmod", "ln", "stat", "head",
    "tail", "grep", "sed", "tr", "sort", "wc", "cut", "printf", "echo", "true", "false", "sleep", "kill",
    "id", "uname", "dirname", "basename", "readlink", "realpath", "date", "test", "touch", "tee", "ps",
    "expr", "xargs", "awk", "which", "tty", "stty", "timeout", "mktemp", "locale", "getconf", "rmdir",
    "find", "ldconfig", "gcc",
];

/// A home of its own, removed when dropped.
pub struct Sandbox {
    root: tempfile::TempDir,
    runtime: tempfile::TempDir,
}

impl Sandbox {
    /// An empty home, on a PATH without gcloud.
    pub fn new() -> Self {
        Sandbox::at(tempfile::Builder::new().prefix("bqcred-test-").tempdir().unwrap())
    }

    /// The same in memory, where the system supports it: for tests that write too much for a disk.
    /// Programs in it may not be executable.
    pub fn in_memory() -> Self {
        Sandbox::at(memory_folder("bqcred-test-"))
    }

    fn at(root: tempfile::TempDir) -> Self {
        restore_default_signals();
        let sandbox = Sandbox { root, runtime: memory_folder("bqcred-test-run-") };
        for folder in ["home", "tmp", "bin"] {
            std::fs::create_dir(sandbox.path(folder)).unwrap();
        }
        set_mode(&sandbox.path("home"), 0o700);
        PROGRAMS.iter().for_each(|name| sandbox.link_program(name));
        sandbox
    }

    /// A path inside of the sandbox.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    /// The home folder.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// `$XDG_RUNTIME_DIR`: 0700, and in memory where this system has `/dev/shm`.
    pub fn runtime(&self) -> &Path {
        self.runtime.path()
    }

    /// bqcred's data folder of this profile.
    pub fn data(&self, profile: &str) -> PathBuf {
        self.home().join(".local/share/bqcred").join(profile)
    }

    /// The ADC file of this profile.
    pub fn adc(&self, profile: &str) -> PathBuf {
        self.data(profile).join("adc.json")
    }

    /// The id of this profile, as its `profile.json` has it.
    pub fn id(&self, profile: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.data(profile).join("profile.json")).ok()?;
        let known: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(known["id"].as_str()?.to_owned())
    }

    /// Where the session file of this profile is.
    pub fn session_file(&self, profile: &str) -> PathBuf {
        self.runtime().join(format!("bqcred/{profile}-{}.json", self.id(profile).unwrap()))
    }

    /// bqcred's configuration folder.
    pub fn config(&self) -> PathBuf {
        self.home().join(".config/bqcred")
    }

    /// Writes a file, with its folders.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Makes a program of this machine available, if it is installed.
    pub fn link_program(&self, name: &str) {
        if let Some(program) = find_program(name) {
            self.link(name, &program);
        }
    }

    /// Makes a program available under this name.
    pub fn link(&self, name: &str, program: &Path) {
        let link = self.path("bin").join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(program, link).unwrap();
        }
    }

    /// Puts a shell script on the PATH.
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        self.program_file(&format!("bin/{name}"), format!("#!/bin/sh\n{body}\n"))
    }

    /// Writes an executable file with this content.
    pub fn program_file(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        write_program(&path, content.as_ref());
        path
    }

    /// Makes a folder `venv` that looks like a virtual environment with Jupyter.
    pub fn add_jupyter(&self) {
        self.write("base/lib/python3.11/os.py", "");
        self.write("base/bin/python3", "");
        self.write("venv/pyvenv.cfg", format!("home = {}\n", self.path("base/bin").display()));
        std::fs::create_dir_all(self.path("venv/bin")).unwrap();
        std::os::unix::fs::symlink(self.path("base/bin/python3"), self.path("venv/bin/python")).unwrap();
        self.write("venv/lib/python3.11/site-packages/jupyter_client/__init__.py", "");
    }

    /// Makes the real gcloud and bq available. False if they aren't installed.
    pub fn add_gcloud(&self) -> bool {
        self.link_program("bq");
        find_program("gcloud").is_some_and(|program| {
            self.link("gcloud", &program);
            true
        })
    }

    /// Puts a program on the PATH that signs people in as gcloud does, with this client. Its exchange of the code waits
    /// while [`Sandbox::path`]`("tmp/hold-the-exchange")` exists.
    pub fn add_gcloud_stand_in(&self, client: &str, secret: &str) {
        let python = find_program("python3").expect("python3 is needed to play gcloud");
        let script =
            include_str!("gcloud.py").replace("@CLIENT_ID@", client).replace("@CLIENT_SECRET@", secret);
        let script = self.write("tmp/gcloud.py", script);
        // as gcloud itself: a script of sh that becomes Python
        self.script("gcloud", &format!("exec '{}' '{}' \"$@\"", python.display(), script.display()));
    }

    /// The whole environment of a program in here.
    pub fn env(&self) -> Vec<(String, String)> {
        let home = self.home();
        let at = |path: &Path| path.to_str().unwrap().to_owned();
        [
            ("HOME", at(&home)),
            ("PATH", at(&self.path("bin"))),
            ("LANG", "C.UTF-8".to_owned()),
            ("TMPDIR", at(&self.path("tmp"))),
            ("XDG_CONFIG_HOME", at(&home.join(".config"))),
            ("XDG_DATA_HOME", at(&home.join(".local/share"))),
            ("XDG_CACHE_HOME", at(&home.join(".cache"))),
            ("XDG_STATE_HOME", at(&home.join(".local/state"))),
            ("XDG_RUNTIME_DIR", at(self.runtime())),
            // an organisation's settings on this machine must not affect a test
            ("BQCRED_TEST_ETC", at(&self.path("etc"))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Any program, in here: cleared environment, working folder in the sandbox.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env()).current_dir(self.root.path());
        command
    }

    /// Any program, run and checked as bqcred is.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Invocation {
        let mut command = self.command(program);
        command.args(args);
        Invocation::new(command)
    }

    /// bqcred with these arguments, not run yet: `.stdin(…)`, `.env(…)`, `.run()`.
    pub fn invoke(&self, args: &[&str]) -> Invocation {
        self.program(bqcred(), args)
    }

    /// Runs bqcred, with nothing on stdin.
    pub fn bqcred(&self, args: &[&str]) -> Run {
        self.invoke(args).run()
    }

    /// Writes the double's client file and returns its path.
    pub fn client_file(&self, google: &Google) -> String {
        self.write("client_secret.json", google.client_json()).to_str().unwrap().to_owned()
    }

    /// Signs a user in, in two steps as a notebook does. `extra` is passed to `login --start`.
    pub fn login(&self, google: &Google, who: &str, extra: &[&str]) -> Run {
        self.login_with(google, Consent::all(who), extra)
    }

    /// The same with another consent. Does not check the exit code.
    pub fn login_with(&self, google: &Google, consent: Consent, extra: &[&str]) -> Run {
        let client = self.client_file(google);
        let mut start = vec!["login", "--start"];
        if !extra.contains(&"--client-id-file") {
            start.extend(["--client-id-file", &client]);
        }
        start.extend(extra);
        let started = self.invoke(&start).run().success();
        let redirect = google.approve_with(started.stdout.trim(), consent);
        let mut finish = vec!["login", "--finish", "-"];
        if let Some(at) = extra.iter().position(|arg| *arg == "--profile") {
            finish.extend(["--profile", extra[at + 1]]);
        }
        self.invoke(&finish).stdin(format!("{redirect}\n")).run()
    }

    /// A browser in which this user is signed in and consents like this: the variables that make programs
    /// open it. It runs `curl`, which goes where the pages send it.
    pub fn browser(&self, google: &Google, consent: Consent) -> Vec<(String, String)> {
        google.sign_in_browser(Some(consent));
        let curl = find_program("curl").expect("curl is needed to play a browser");
        let variables: Vec<String> =
            google.env().iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        let call = format!("env {} {} -sSL -o /dev/null \"$1\"", variables.join(" "), curl.display());
        let script =
            self.script("browser", &format!("({call} >'{}' 2>&1 &)", self.path("browser.log").display()));
        let command = format!("{} %s", script.display());
        [("BROWSER", command), ("DISPLAY", ":0".to_owned())]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    /// R code, with the double as Google: R's curl trusts the system's certificates only, so this needs a
    /// mount namespace. `None` where R is missing or namespaces are not allowed.
    pub fn r(&self, google: &Google, code: &str) -> Option<Invocation> {
        let rscript = find_program("Rscript")?;
        let mut command = google.under_system_ca(&rscript)?;
        command.args(["-e", code]).env_clear().envs(self.env()).envs(google.env());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").current_dir(self.root.path());
        Some(Invocation::new(command))
    }

    /// Every file below the home, with its content: to look for secrets.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.path().to_owned(), self.runtime().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() && entry.path() != self.path("bin") {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    found.push((entry.path(), std::fs::read(entry.path()).unwrap_or_default()));
                }
            }
        }
        found
    }

    /// The files below the home that contain this text.
    pub fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let holds = |content: &[u8]| content.windows(text.len()).any(|window| window == text.as_bytes());
        self.files().into_iter().filter(|(_, content)| holds(content)).map(|(path, _)| path).collect()
    }

    /// bqcred in a terminal.
    pub fn terminal(&self, args: &[&str]) -> rexpect::session::PtySession {
        let mut command = self.command(bqcred());
        command.args(args).env("TERM", "xterm");
        spawn_in_terminal(command)
    }
}

/// The program that is tested: cargo builds it for whatever test or benchmark runs it, beside the folder of that.
pub fn bqcred() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        // target/debug/deps/it-0123456789abcdef
        let this = std::env::current_exe().unwrap();
        let program = this.ancestors().nth(2).unwrap().join("bqcred");
        assert!(program.is_file(), "{} is missing: `cargo build` makes it", program.display());
        program
    });
    &PROGRAM
}

/// A folder for what tests make once, as `CARGO_TARGET_TMPDIR` is.
pub fn target_folder() -> PathBuf {
    let folder = bqcred().ancestors().nth(2).unwrap().join("tmp");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Lets Ctrl-C and SIGQUIT end the programs that are started here, even if the tests are a background job of a
/// script, which ignores both signals and passes that on. Children get a signal with a handler as its default.
fn restore_default_signals() {
    use signal_hook::consts::{SIGINT, SIGQUIT};
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        for signal in [SIGINT, SIGQUIT] {
            signal_hook::flag::register_conditional_default(signal, Arc::new(AtomicBool::new(true))).unwrap();
        }
    });
}

/// A command in a terminal; each expected output may take 120 s.
pub fn spawn_in_terminal(command: Command) -> rexpect::session::PtySession {
    rexpect::session::spawn_command(command, Some(120_000)).unwrap()
}

/// Waits for the program in a terminal, and panics unless it ends with this code.
#[track_caller]
pub fn ends_with(terminal: &rexpect::session::PtySession, code: i32) {
    let status = format!("{:?}", terminal.process().wait().unwrap());
    assert!(status.starts_with("Exited(") && status.ends_with(&format!(", {code})")), "{status}");
}

/// Writes an executable file, with its folders, by a child process: a program that another thread starts at the same
/// time inherits our open files until it executes, and a file open for writing can't be executed (`ETXTBSY`).
pub fn write_program(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let source = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(source.path(), content).unwrap();
    copy_program(source.path(), path);
    set_mode(path, 0o755);
}

/// Copies a program with its mode, by a child process as [`write_program`] does.
pub fn copy_program(from: &Path, to: &Path) {
    let copied = Command::new("cp").args(["-p", "--"]).args([from, to]).status().unwrap();
    assert!(copied.success(), "{} can't be copied", from.display());
}

/// Permission bits of a file or folder.
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::symlink_metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).permissions().mode()
        & 0o7777
}

/// Sets the permission bits of a file or folder.
pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A private folder in memory, as bqcred requires for its runtime folder: `/dev/shm` on Linux.
fn memory_folder(prefix: &str) -> tempfile::TempDir {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(prefix);
    let folder = builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir()).unwrap();
    set_mode(folder.path(), 0o700);
    folder
}
