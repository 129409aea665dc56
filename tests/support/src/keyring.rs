//! A keyring for one test: a session bus without activation, and gnome-keyring or KeePassXC on it.

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::keepassxc;
use super::programs::{find_program, missing};
use super::run::{Invocation, Run};
use super::sandbox::Sandbox;
use crate::double::{Consent, Google};

/// The password of the keyring.
const PASSWORD: &str = "correct horse";

/// A bus that allows everything except what `rules` forbid.
fn bus_config(folder: &Path, rules: &str) -> String {
    format!(
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
         \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
         <busconfig><type>session</type><listen>unix:tmpdir={}</listen><auth>EXTERNAL</auth>\
         <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
         <allow eavesdrop=\"true\"/><allow own=\"*\"/>{rules}</policy></busconfig>",
        folder.display()
    )
}

/// A session bus. It ends when this is dropped, and with it the services connected to it.
pub struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    /// Starts one; `None` where D-Bus is not installed.
    pub fn start(sandbox: &Sandbox, rules: &str) -> Option<Bus> {
        let Some(program) = find_program("dbus-daemon") else {
            missing("dbus-daemon");
            return None;
        };
        let config = sandbox.write("bus.conf", bus_config(&sandbox.path("tmp"), rules));
        let mut daemon = sandbox
            .command(program)
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Some(Bus { daemon, address: address.trim().to_owned() })
    }

    /// The variable with its address.
    pub fn env(&self) -> (String, String) {
        ("DBUS_SESSION_BUS_ADDRESS".to_owned(), self.address.clone())
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// A sandbox with a keyring, which every program run through this finds.
pub struct Keyring {
    pub sandbox: Sandbox,
    pub bus: Bus,
    kind: Kind,
    service: u32,
}

/// Implementations of the Secret Service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gnome,
    KeePassXc,
}

impl Kind {
    fn programs(self) -> &'static [&'static str] {
        match self {
            Kind::Gnome => &["gnome-keyring-daemon"],
            Kind::KeePassXc => &["keepassxc", "keepassxc-cli"],
        }
    }
}

impl Keyring {
    /// An unlocked, empty keyring; `None` where the programs for it are not installed.
    pub fn start() -> Option<Keyring> {
        Keyring::with_rules("")
    }

    /// The same for a sandbox that is there already.
    pub fn start_in(sandbox: Sandbox) -> Option<Keyring> {
        Keyring::of(sandbox, Kind::Gnome, "")
    }

    /// The same of KeePassXC.
    pub fn keepassxc() -> Option<Keyring> {
        Keyring::of(Sandbox::new(), Kind::KeePassXc, "")
    }

    /// The same on a bus with rules of its own.
    pub fn with_rules(rules: &str) -> Option<Keyring> {
        Keyring::of(Sandbox::new(), Kind::Gnome, rules)
    }

    fn of(sandbox: Sandbox, kind: Kind, rules: &str) -> Option<Keyring> {
        for program in [kind.programs(), &["secret-tool", "dbus-send"]].concat() {
            if find_program(program).is_none() {
                missing(program);
                return None;
            }
        }
        std::fs::create_dir_all(sandbox.path("home/.local/share/keyrings")).unwrap();
        let bus = Bus::start(&sandbox, rules)?;
        let mut keyring = Keyring { sandbox, bus, kind, service: 0 };
        keyring.start_service();
        Some(keyring)
    }

    /// Starts the service, unlocked, and waits until it answers.
    pub fn start_service(&mut self) {
        match self.kind {
            Kind::Gnome => self.start_gnome(),
            Kind::KeePassXc => keepassxc::start(self),
        }
        self.service = self.asked(|keyring| {
            let reply = keyring.dbus_send(&[
                "--dest=org.freedesktop.DBus",
                "/",
                "org.freedesktop.DBus.GetConnectionUnixProcessID",
                "string:org.freedesktop.secrets",
            ]);
            reply.split_whitespace().last()?.parse().ok()
        });
        self.asked(|keyring| (!keyring.is_locked()?).then_some(()));
    }

    /// Waits until the service shows its items: KeePassXC unlocks its collection before it has them.
    pub fn wait_for_items(&self) {
        self.asked(|keyring| keyring.search().contains("attribute.username").then_some(()));
    }

    /// Whether the collection that programs use is locked; nothing while there is none.
    fn is_locked(&self) -> Option<bool> {
        let alias = self.dbus_send(&[
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.ReadAlias",
            "string:default",
        ]);
        let collection = alias.split('"').nth(1).filter(|path| path.contains("collection/"))?;
        let locked = self.dbus_send(&[
            "--dest=org.freedesktop.secrets",
            collection,
            "org.freedesktop.DBus.Properties.Get",
            "string:org.freedesktop.Secret.Collection",
            "string:Locked",
        ]);
        locked.split_whitespace().last()?.parse().ok()
    }

    fn start_gnome(&self) {
        let mut starter = self
            .command("gnome-keyring-daemon")
            .args(["--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        starter.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        assert!(starter.wait().unwrap().success());
    }

    /// Asks until there is an answer, for 60 s at most, and leaves the service time between two questions.
    fn asked<T>(&self, ask: impl Fn(&Keyring) -> Option<T>) -> T {
        let ends = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(answer) = ask(self) {
                return answer;
            }
            assert!(Instant::now() < ends, "the keyring does not become ready");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Locks it, as a desktop does. What it holds is on disk then.
    pub fn lock(&self) {
        if self.kind == Kind::KeePassXc {
            keepassxc::lock(self); // which only asks for it
            return self.asked(|keyring| keyring.is_locked()?.then_some(()));
        }
        self.dbus_send(&[
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        ]);
    }

    /// Stops answering until [`Keyring::thaw`].
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Answers again.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// Kills it.
    pub fn kill_service(&mut self) {
        self.signal("KILL");
        // its name is free once the bus has noticed
        self.asked(|keyring| {
            let names =
                keyring.dbus_send(&["--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.ListNames"]);
            (!names.contains("freedesktop.secrets")).then_some(())
        });
        self.service = 0;
    }

    /// The user name of a profile's item: by its id, else that of the item that is there, else the bare name.
    pub fn user(&self, profile: &str) -> String {
        let known = self.sandbox.id(profile).map(|id| format!("{profile}/{id}"));
        let start = format!("{profile}/");
        let found = || self.users().into_iter().find(|user| user.starts_with(&start) && !user.contains('.'));
        known.or_else(found).unwrap_or_else(|| profile.to_owned())
    }

    /// The user names of all items of bqcred's.
    pub fn users(&self) -> Vec<String> {
        let found = self.search();
        let users = found.lines().filter_map(|line| line.strip_prefix("attribute.username = "));
        users.map(str::to_owned).collect()
    }

    /// What the item of a profile holds, as another program reads it. Empty if there is none.
    pub fn lookup(&self, profile: &str) -> String {
        let user = self.user(profile);
        let read =
            self.command("secret-tool").args(["lookup", "service", "bqcred", "username", &user]).output();
        String::from_utf8(read.unwrap().stdout).unwrap()
    }

    /// Removes the item of a profile as another program does.
    pub fn clear(&self, profile: &str) {
        let user = self.user(profile);
        let mut tool = self.command("secret-tool");
        tool.args(["clear", "service", "bqcred", "username", &user]).status().unwrap();
    }

    /// The refresh token in it.
    pub fn refresh_token(&self, profile: &str) -> String {
        let item: serde_json::Value = serde_json::from_str(&self.lookup(profile)).unwrap();
        item["refresh_token"].as_str().unwrap().to_owned()
    }

    /// Everything in it that belongs to bqcred, as secret-tool prints it.
    pub fn search(&self) -> String {
        let found =
            self.command("secret-tool").args(["search", "--all", "service", "bqcred"]).output().unwrap();
        String::from_utf8(found.stdout).unwrap() + &String::from_utf8(found.stderr).unwrap()
    }

    /// Writes the item of a profile as another program does.
    pub fn put(&self, profile: &str, more: &[&str], content: &str) {
        self.put_as(&self.user(profile), more, content);
    }

    /// Writes the item with this user name as another program does.
    pub fn put_as(&self, user: &str, more: &[&str], content: &str) {
        let mut tool = self.command("secret-tool");
        tool.args(["store", "--label=test", "service", "bqcred", "username", user]).args(more);
        let mut tool = tool.stdin(Stdio::piped()).spawn().unwrap();
        tool.stdin.take().unwrap().write_all(content.as_bytes()).unwrap();
        assert!(tool.wait().unwrap().success());
    }

    /// A program of this machine with access to the keyring.
    pub fn command(&self, program: &str) -> Command {
        let mut command =
            self.sandbox.command(find_program(program).unwrap_or_else(|| PathBuf::from(program)));
        let (name, value) = self.bus.env();
        command.env(name, value);
        command
    }

    /// bqcred, not run yet.
    pub fn invoke(&self, args: &[&str]) -> Invocation {
        self.sandbox.invoke(args).envs([self.bus.env()])
    }

    /// Runs bqcred.
    pub fn bqcred(&self, args: &[&str]) -> Run {
        self.invoke(args).run()
    }

    /// Signs a user in, in two steps.
    pub fn login(&self, google: &Google, who: &str, extra: &[&str]) -> Run {
        let client = self.sandbox.client_file(google);
        let start = self
            .invoke(&[&["login", "--start", "--client-id-file", &client], extra].concat())
            .run()
            .success();
        let redirect = google.approve_with(start.stdout.trim(), Consent::all(who));
        self.invoke(&["login", "--finish", "-"]).stdin(format!("{redirect}\n")).run()
    }

    /// A keyring with this user's credential.
    pub fn with_login(google: &Google, who: &str) -> Option<Keyring> {
        let keyring = Keyring::start()?;
        keyring.login(google, who, &["--store", "keyring", "--project", "p1"]).success();
        Some(keyring)
    }

    fn dbus_send(&self, args: &[&str]) -> String {
        let sent =
            self.command("dbus-send").args(["--session", "--print-reply"]).args(args).output().unwrap();
        String::from_utf8(sent.stdout).unwrap()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.service.to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        if self.service != 0 {
            let _ = Command::new("kill").args(["-s", "KILL", &self.service.to_string()]).status();
        }
    }
}
