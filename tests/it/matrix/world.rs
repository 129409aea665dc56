//! One state: a double of Google, a home, perhaps a keyring; how bqcred is run there, and what the server answers.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use rexpect::session::PtySession;
use serde_json::Value;

use super::facts::Facts;
use crate::common::keyring::Keyring;
use crate::common::{
    Endpoint, Google, Invocation, Sandbox, Script, bqcred, find_program, set_mode, spawn_in_terminal,
};
use crate::double::{CLIENT_ID, CLIENT_SECRET};

pub const ADA: &str = "ada@example.com";
pub const BOB: &str = "bob@example.com";
/// A service account.
pub const READER: &str = "reader@p1.iam.gserviceaccount.com";
/// Nobody's user id, for what belongs to another user.
const STRANGER: u32 = 65_534;

/// Where the secrets are.
pub enum Place {
    Plain(Sandbox),
    WithKeyring(Box<Keyring>),
}

/// How bqcred is started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mount {
    Usual,
    /// The home is read-only.
    ReadOnly,
    /// The home is on a full disk.
    Full,
}

/// The server's answers to what a command asks, beside the usual ones.
#[derive(Clone)]
pub enum Answer {
    /// Each request there.
    Always(Endpoint, Script),
    /// The first request there.
    First(Endpoint, Script),
}

/// What a state lets a check leave out, each with its reason.
#[derive(Clone, Copy, Default)]
pub struct Leniency {
    /// profile.json says what is not so at the server: what is said without asking repeats that.
    pub record_is_wrong: bool,
    /// The stored account was never confirmed, or is another one: without asking it can't be known.
    pub account_is_wrong: bool,
    /// A keyring call waits for its time limit: only commands that matter there are run.
    pub slow: bool,
}

pub struct World {
    pub google: Google,
    pub place: Place,
    pub env: Vec<(String, String)>,
    pub mount: Mount,
    pub answers: Vec<Answer>,
    pub lenient: Leniency,
    /// Files that belong to another user.
    pub strangers: Vec<PathBuf>,
    /// Whether the keyring can be read, to look and to restore.
    pub keyring_opens: bool,
    /// The address of a sign-in that waits for its answer.
    pub pending_url: Option<String>,
    saved: Option<(Facts, Vec<PathBuf>)>,
}

const READ_ONLY: &str = r#"
    mount --bind "$HOME" "$HOME"
    mount -o remount,bind,ro "$HOME"
    export PATH="$REAL_PATH"; unset REAL_PATH
    exec "$@"
"#;

const FULL: &str = r#"
    cp -a "$HOME" "$KEPT"
    mount -t tmpfs -o size=512k,mode=700 none "$HOME"
    cp -a "$KEPT/." "$HOME/"
    dd if=/dev/zero of="$HOME/fill" bs=1k 2>/dev/null || true
    code=0
    (export PATH="$REAL_PATH"; unset REAL_PATH; exec "$@") || code=$?
    rm -rf "$HOME/fill" "$KEPT"
    cp -a "$HOME" "$KEPT"
    exit $code
"#;

impl World {
    /// A home with the user's OAuth client, and nothing else.
    pub fn new() -> World {
        World::at(Place::Plain(Sandbox::in_memory()))
    }

    /// The same with a keyring; `None` where there is none.
    pub fn with_keyring() -> Option<World> {
        Some(World::at(Place::WithKeyring(Box::new(Keyring::start_in(Sandbox::in_memory())?))))
    }

    fn at(place: Place) -> World {
        let mut world = World {
            google: Google::start(),
            place,
            env: Vec::new(),
            mount: Mount::Usual,
            answers: Vec::new(),
            lenient: Leniency::default(),
            strangers: Vec::new(),
            keyring_opens: true,
            pending_url: None,
            saved: None,
        };
        world.google.expect_unexpected(); // tokens that a test made up
        let client = world.sandbox().client_file(&world.google);
        world.bqcred(&["client", "set", &client]).run().success();
        std::fs::remove_file(client).unwrap();
        for folder in ["work", "venv"] {
            std::fs::create_dir_all(world.sandbox().path(folder)).unwrap();
        }
        world
    }

    pub fn sandbox(&self) -> &Sandbox {
        match &self.place {
            Place::Plain(sandbox) => sandbox,
            Place::WithKeyring(keyring) => &keyring.sandbox,
        }
    }

    pub fn keyring(&self) -> Option<&Keyring> {
        match &self.place {
            Place::Plain(_) => None,
            Place::WithKeyring(keyring) => Some(keyring),
        }
    }

    /// bqcred as it is started in this state.
    pub fn bqcred(&self, args: &[&str]) -> Invocation {
        let (program, words) = self.line(args);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.sandbox().program(program, &words).envs(self.variables()).may_print_secret()
    }

    /// The same in a terminal.
    pub fn terminal(&self, args: &[&str]) -> PtySession {
        let (program, words) = self.line(args);
        let mut command = self.sandbox().command(program);
        command.args(words).envs(self.variables()).env("TERM", "xterm").env("COLUMNS", "1000");
        spawn_in_terminal(command)
    }

    /// The same, to be started otherwise.
    pub fn command(&self, args: &[&str]) -> Command {
        self.program(bqcred(), args)
    }

    /// Another program with the same surroundings.
    pub fn program(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = self.sandbox().command(program);
        command.args(args).envs(self.variables());
        command
    }

    fn line(&self, args: &[&str]) -> (PathBuf, Vec<String>) {
        let args = args.iter().map(|arg| (*arg).to_owned());
        let script = match self.mount {
            Mount::Usual => return (bqcred().to_owned(), args.collect()),
            Mount::ReadOnly => READ_ONLY,
            Mount::Full => FULL,
        };
        let head = ["-rm", "sh", "-euc", script, "sh", bqcred().to_str().unwrap()].map(str::to_owned);
        (find_program("unshare").unwrap(), head.into_iter().chain(args).collect())
    }

    fn variables(&self) -> Vec<(String, String)> {
        let at = |path: PathBuf| path.to_str().unwrap().to_owned();
        let mut variables = vec![("VIRTUAL_ENV".to_owned(), at(self.sandbox().path("venv")))];
        if self.mount != Mount::Usual {
            variables.push(("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".to_owned()));
            variables.push(("REAL_PATH".to_owned(), at(self.sandbox().path("bin"))));
            variables.push(("KEPT".to_owned(), at(self.kept())));
        }
        variables.extend(self.keyring().map(|keyring| keyring.bus.env()));
        variables.extend(self.env.clone());
        variables
    }

    fn kept(&self) -> PathBuf {
        self.sandbox().path("kept")
    }

    /// After a run: the home is as the run left it.
    pub fn after_run(&self) {
        if self.mount == Mount::Full {
            let home = self.sandbox().home();
            std::fs::remove_dir_all(&home).unwrap();
            std::fs::rename(self.kept(), home).unwrap();
        }
    }

    /// Whether this user may mount what the state needs.
    pub fn can_mount(&self) -> bool {
        let Some(unshare) = find_program("unshare") else { return false };
        let tried = self.sandbox().program(unshare, &["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]);
        tried.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").run().code == Some(0)
    }

    /// Signs in. `extra` goes to `login --start`.
    pub fn login(&self, who: &str, extra: &[&str]) {
        let url = self.start("login", extra);
        let finish: Vec<&str> = match extra.iter().position(|arg| *arg == "--profile") {
            Some(at) => vec!["login", "--finish", "-", "--profile", extra[at + 1]],
            None => vec!["login", "--finish", "-"],
        };
        self.bqcred(&finish).stdin(self.google.approve(&url, who)).run().success();
    }

    /// Starts a sign-in that is to be completed; gives its address.
    pub fn start(&self, command: &str, extra: &[&str]) -> String {
        let run = self.bqcred(&[&[command, "--start"], extra].concat()).run().success();
        run.stdout.trim().to_owned()
    }

    /// A file below `work`, private.
    pub fn work(&self, name: &str, content: &str) -> String {
        let path = self.sandbox().write(&format!("work/{name}"), content);
        set_mode(&path, 0o600);
        path.to_str().unwrap().to_owned()
    }

    /// Writes a file of bqcred's or of another tool's, private.
    pub fn put(&self, path: &Path, content: impl AsRef<[u8]>) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        set_mode(path, 0o600);
    }

    pub fn profile_json(&self, profile: &str) -> PathBuf {
        self.sandbox().data(profile).join("profile.json")
    }

    pub fn read_json(&self, path: &Path) -> Value {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// Changes what profile.json says.
    pub fn edit(&self, profile: &str, change: impl FnOnce(&mut Value)) {
        let path = self.profile_json(profile);
        let mut value = self.read_json(&path);
        change(&mut value);
        self.put(&path, format!("{value:#}"));
    }

    /// Writes another state into profile.json.
    pub fn record(&self, profile: &str, state: &str) {
        let since = "2026-09-21T14:13:20Z";
        let state = match state.split_once(' ') {
            Some((name, by)) => serde_json::json!({"name": name, "by": by, "since": since}),
            None => serde_json::json!({"name": state, "since": since}),
        };
        self.edit(profile, |value| value["state"] = state);
        let _ = std::fs::remove_file(self.cached_token(profile));
    }

    pub fn cached_token(&self, profile: &str) -> PathBuf {
        self.sandbox().home().join(format!(".cache/bqcred/{profile}.token"))
    }

    /// A credential of this account as another tool keeps it.
    pub fn credential(&self, who: &str, client: &str) -> String {
        let token = self.google.grant(who, client, &["openid", "userinfo.email", "bigquery"]);
        serde_json::json!({
            "account": who, "client_id": client, "client_secret": CLIENT_SECRET,
            "refresh_token": token, "type": "authorized_user",
        })
        .to_string()
    }

    /// The files that commands of the table work with. To be called when the state is made.
    pub fn finish(mut self) -> World {
        self.work("bob.json", &self.credential(BOB, CLIENT_ID));
        self.work("ada.json", &self.credential(ADA, CLIENT_ID));
        let roots = ["home", "tmp", "work", "venv"].map(|folder| self.sandbox().path(folder));
        let mut roots: Vec<PathBuf> = roots.into();
        roots.push(self.sandbox().runtime().to_owned());
        roots.extend(self.env.iter().filter(|(name, _)| name == "XDG_RUNTIME_DIR").map(|(_, at)| at.into()));
        self.google.take_requests();
        self.strangers.iter().for_each(|path| chown(path, Some(STRANGER), Some(STRANGER)).unwrap());
        let facts = Facts::of(&self, &roots);
        self.saved = Some((facts, roots));
        self
    }

    pub fn roots(&self) -> &[PathBuf] {
        &self.saved.as_ref().unwrap().1
    }

    /// The state as it was made.
    pub fn made(&self) -> &Facts {
        &self.saved.as_ref().unwrap().0
    }

    /// Back to these facts.
    pub fn restore(&self, facts: &Facts) {
        facts.tree.restore(self.roots());
        self.google.restore(&facts.grants);
        self.restore_items(facts);
        for path in self.strangers.iter().filter(|path| path.symlink_metadata().is_ok()) {
            chown(path, Some(STRANGER), Some(STRANGER)).unwrap();
        }
    }

    fn restore_items(&self, facts: &Facts) {
        let Some(keyring) = self.keyring().filter(|_| self.keyring_opens) else { return };
        let now = Facts::items_of(self);
        for user in now.keys().filter(|user| !facts.items.contains_key(*user)) {
            let clear = ["clear", "service", "bqcred", "username", user];
            assert!(keyring.command("secret-tool").args(clear).status().unwrap().success());
        }
        for (user, content) in facts.items.iter().filter(|(user, content)| now.get(*user) != Some(content)) {
            keyring.put_as(user, &[], content);
        }
    }

    /// Makes the server answer as the state wants it.
    pub fn arm(&self) {
        self.google.clear_scripts();
        for answer in &self.answers {
            match answer.clone() {
                Answer::Always(endpoint, script) => self.google.script_always(endpoint, script),
                Answer::First(endpoint, script) => self.google.script(endpoint, script),
            }
        }
    }
}
