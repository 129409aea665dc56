//! Every command, with all its system calls traced.

use std::path::Path;

use super::trace::{Call, Tracer, calls};
use super::{ADA, TALKATIVE};
use crate::common::keyring::Keyring;
use crate::common::{Endpoint, Google, Sandbox, Script};
use crate::double::CLIENT_SECRET;

/// The kinds of secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Refresh,
    Access,
    Client,
    Code,
    Verifier,
    Identity,
}

fn kind(secret: &str) -> Kind {
    match secret {
        _ if secret.starts_with("1//") => Kind::Refresh,
        _ if secret.starts_with("4/") => Kind::Code,
        _ if secret.starts_with("ya29.") => Kind::Access,
        _ if secret.starts_with("GOCSPX") => Kind::Client,
        _ if secret.starts_with("eyJ") => Kind::Identity,
        _ => Kind::Verifier,
    }
}

/// A text and its percent-encoded forms.
fn trail(secret: &str) -> &str {
    secret.rsplit('/').next().unwrap()
}

/// Folders in which secrets may be written, and which kinds. A file gets its name when it is complete:
/// until then it has only a number, or a temporary name.
const PLACES: &[(&str, &[Kind])] = &[
    ("/bqcred/default", &[Kind::Refresh, Kind::Client]),
    ("/bqcred/copy", &[Kind::Refresh, Kind::Client]),
    ("/home", &[Kind::Refresh, Kind::Client]), // exported.json
    ("/tokens", &[Kind::Access]),              // exported access tokens
    ("/gcloud", &[Kind::Refresh, Kind::Client]),
    ("/.config/bqcred", &[Kind::Client]),
    ("/.cache/bqcred", &[Kind::Access]),
    ("/.local/state/bqcred", &[Kind::Verifier, Kind::Client]),
];

/// Whether a file that is being written there may hold this kind of secret.
fn belongs(path: &Path, kind: Kind) -> bool {
    let text = path.to_string_lossy();
    // the session file of a keyring profile is in memory, in the session's own folder
    let session =
        text.starts_with("/dev/shm/") && path.parent().is_some_and(|folder| folder.ends_with("bqcred"));
    if session || text.starts_with("/memfd:bqcred") || text.contains("/bqcred/exec/") {
        return [Kind::Refresh, Kind::Client].contains(&kind);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (passing, folder) = (name.starts_with(['#', '.']), path.parent().unwrap_or(Path::new("")));
    passing
        && PLACES
            .iter()
            .any(|(place, kinds)| folder.to_string_lossy().ends_with(place) && kinds.contains(&kind))
}

/// One run and what it may print.
struct Watched {
    words: Vec<String>,
    trace: String,
    prints: &'static [Kind],
}

impl Watched {
    /// Panics if this call contains a secret in the wrong place.
    fn check(&self, call: &Call<'_>, secrets: &[String]) {
        for secret in secrets.iter().filter(|secret| call.arguments.contains(trail(secret))) {
            let kind = kind(secret);
            let (descriptor, target) = call.target();
            let text = target.to_string_lossy();
            let allowed = match call.name {
                "write" | "writev" | "sendto" | "sendmsg" => {
                    text.starts_with("socket:")
                        || (descriptor == "1" && text.starts_with("pipe:") && self.prints.contains(&kind))
                        || belongs(target, kind)
                }
                _ => false,
            };
            assert!(allowed, "{:?}: {kind:?} in {} to {descriptor} {text}", self.words, call.name);
        }
    }
}

/// Runs commands one after the other, and records their calls.
struct Watch<'s> {
    tracer: Tracer,
    sandbox: &'s Sandbox,
    env: Vec<(String, String)>,
    watched: Vec<Watched>,
}

impl Watch<'_> {
    fn run(&mut self, words: &[&str], stdin: &str, prints: &'static [Kind]) -> String {
        let (run, trace) = self.tracer.run(self.sandbox, words, |invocation| {
            let talkative = TALKATIVE.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let invocation = invocation.envs(talkative).envs(self.env.clone()).stdin(stdin);
            if prints.is_empty() { invocation } else { invocation.may_print_secret() }
        });
        assert!(!run.stderr.contains("internal error"), "{run:?}");
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        self.watched.push(Watched { words, trace, prints });
        run.stdout
    }

    /// Commands that print no secret and read nothing from stdin.
    fn all(&mut self, lines: &[&str]) {
        for line in lines {
            self.run(&line.split(' ').collect::<Vec<_>>(), "", &[]);
        }
    }

    fn check(&self, secrets: &[String]) {
        for watched in &self.watched {
            let mut started = 0;
            for call in calls(&watched.trace) {
                watched.check(&call, secrets);
                started += usize::from(call.name == "execve");
            }
            assert!(started > 0, "strace saw nothing of {:?}", watched.words);
        }
    }

    /// Panics if a secret was readable on its way to a proxy or a bus.
    fn check_sockets(&self, secrets: &[String]) {
        for watched in &self.watched {
            let sent = calls(&watched.trace);
            for call in sent.filter(|call| call.target().1.to_string_lossy().starts_with("socket:")) {
                let shown = secrets.iter().find(|secret| call.arguments.contains(trail(secret)));
                assert!(shown.is_none(), "{:?}: {:?}", watched.words, shown.map(|secret| kind(secret)));
            }
        }
    }
}

/// Everything that a user does: each command at least once, with and without success.
fn live(watch: &mut Watch<'_>, google: &Google, client: &str) -> Vec<String> {
    let mut verifiers = Vec::new();
    watch.all(&["", "status", "token", "env --shell sh", "list", "revoke --yes", "--help", "help login"]);
    watch.run(&["client", "set", client], "", &[]);
    watch.all(&["client show", "client show --json", "client guide"]);
    let mut sign_in = |watch: &mut Watch<'_>, start: &str, finish: &str| {
        let url = watch.run(&start.split(' ').collect::<Vec<_>>(), "", &[]);
        let pending = watch.sandbox.home().join(".local/state/bqcred/default.login");
        let pending: serde_json::Value = serde_json::from_slice(&std::fs::read(pending).unwrap()).unwrap();
        verifiers.push(pending["verifier"].as_str().unwrap().to_owned());
        let answer = google.approve(url.trim(), ADA);
        let finish: Vec<&str> = finish.split(' ').collect();
        watch.run(&finish, &answer.replace("state=", "state=x"), &[]);
        google.fail_token(Script::Close);
        watch.run(&finish, &answer, &[]);
        watch.run(&finish, &answer, &[]);
        watch.run(&finish, &answer, &[]);
    };
    sign_in(watch, "login --start --project p1 ada@example.com", "login --finish -");
    watch.run(&["token"], "", &[Kind::Access]);
    watch.run(&["token", "--json", "--min-ttl", "99999"], "", &[Kind::Access]);
    let exported = watch.run(&["export", "-"], "", &[Kind::Refresh, Kind::Client]);
    watch.run(&["import", "-", "--profile", "copy"], &exported, &[]);
    watch.run(&["import", "-", "--profile", "other"], &exported.replace("authorized_user", "other"), &[]);
    watch.run(&["import", "-", "--profile", "other"], &exported[..exported.len() - 3], &[]);
    watch.all(&[
        "status",
        "status --json",
        "status --offline",
        "list --json",
        "use default",
        "env --shell sh",
        "env --shell fish --gcloud",
        "env --format json",
        "env --format dotenv",
        "env --format renviron",
        "env --format systemd",
        "env --format kernel",
        "env --unset --shell sh",
        "env --shell sh --bogus",
        "exec -- sh -c true",
        "exec --file -- sh -c true",
        "exec -- /no/such/program",
        "export home/exported.json",
        "export home/exported.json",
        "export --token-only tokens/token.json",
        "export --token-only --scopes bigquery tokens/narrow.json",
        "export --token-only tokens/token.json",
        "import --profile other tokens/token.json",
        "export --well-known",
        "export --well-known --undo",
        "doctor --offline --verbose",
        "doctor --json",
        "kernel list --json",
        "snippet python",
        "snippet dask",
        "snippet k8s --whole --yes",
        "kernel install --all",
        "kernel sync",
        "kernel uninstall",
        "init bash",
        "completions zsh",
        "man login",
        "lock",
        "move --store keyring",
        "status --profile nosuch",
    ]);
    for script in
        [Script::refuse("invalid_rapt"), Script::Html200, Script::Huge(300_000), Script::Status(418)]
    {
        google.script_always(Endpoint::Token, script);
        watch.all(&["token --min-ttl 99999", "status --json", "revoke --yes"]);
    }
    google.clear_scripts();
    sign_in(watch, "rotate --yes --start", "rotate --finish -");
    watch.all(&["revoke --yes --profile copy", "revoke --yes", "forget"]);
    verifiers
}

/// The files that contain a secret at the end.
fn files_with(sandbox: &Sandbox, secret: &str) -> Vec<String> {
    let root = sandbox.path("");
    let relative = |path: &Path| path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned();
    sandbox.files_with(trail(secret)).iter().map(|path| relative(path)).collect()
}

#[test]
fn no_command_leaks_a_secret_to_the_system() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let Some(tracer) = Tracer::new() else { return };
    let client = sandbox.client_file(&google);
    std::fs::create_dir(sandbox.path("tokens")).unwrap();
    let mut watch = Watch { tracer, sandbox: &sandbox, env: Vec::new(), watched: Vec::new() };
    let verifiers = live(&mut watch, &google, &client);
    let mut secrets = google.secrets();
    for verifier in verifiers {
        assert!(secrets.contains(&verifier), "the server has seen what was kept");
    }
    secrets.sort();
    for wanted in [Kind::Refresh, Kind::Access, Kind::Client, Kind::Code, Kind::Verifier, Kind::Identity] {
        assert!(secrets.iter().any(|secret| kind(secret) == wanted), "there was no {wanted:?}");
    }
    watch.check(&secrets);
    // the search works: each kind was seen going to the server or into a file
    for wanted in [Kind::Refresh, Kind::Access, Kind::Client, Kind::Code, Kind::Verifier] {
        let of_kind = || secrets.iter().filter(|secret| kind(secret) == wanted);
        let seen = watch.watched.iter().any(|run| of_kind().any(|secret| run.trace.contains(trail(secret))));
        assert!(seen, "{wanted:?} was seen nowhere");
    }
    // at the end only files remain that the user made or asked for
    let given = ["client_secret.json", "home/.config/bqcred/client.json", "home/exported.json"];
    for secret in &secrets {
        for file in files_with(&sandbox, secret) {
            let good = match kind(secret) {
                Kind::Client => given.contains(&file.as_str()),
                Kind::Refresh => file == "home/exported.json",
                Kind::Access => file.starts_with("tokens/"),
                _ => false,
            };
            assert!(good, "{:?} is left in {file}", kind(secret));
        }
    }
    assert!(std::fs::read_dir(sandbox.path("tmp")).unwrap().next().is_none(), "temporary files are left");
}

#[test]
fn keyring_commands_leak_no_secret() {
    let google = Google::start();
    let (Some(tracer), Some(keyring)) = (Tracer::new(), Keyring::start()) else { return };
    let sandbox = &keyring.sandbox;
    let client = sandbox.write("client_secret.json", google.google_client_json());
    // by TLS, so that everything else sent to a socket can be checked, the keyring's bus among them
    let env = google.env().into_iter().chain([keyring.bus.env()]).collect();
    let mut watch = Watch { tracer, sandbox, env, watched: Vec::new() };
    watch.run(&["client", "set", client.to_str().unwrap()], "", &[]);
    let url = watch.run(&["login", "--start", "--store", "keyring", "--project", "p1"], "", &[]);
    watch.run(&["login", "--finish", "-"], &google.approve(url.trim(), ADA), &[]);
    watch.run(&["token"], "", &[Kind::Access]);
    watch.run(&["token", "--min-ttl", "99999"], "", &[Kind::Access]);
    watch.all(&["exec -- sh -c true", "status", "list --json", "doctor --offline"]);
    let on_disk = |secrets: &[String]| -> Vec<String> {
        let kept = secrets.iter().filter(|secret| kind(secret) != Kind::Client);
        kept.flat_map(|secret| files_with(sandbox, secret)).collect()
    };
    assert_eq!(on_disk(&google.secrets()), [""; 0], "a keyring profile's secret lies on disk");
    watch.all(&["env --shell sh", "env --shell sh", "exec --file -- sh -c true"]);
    let url = watch.run(&["rotate", "--yes", "--start"], "", &[]);
    watch.run(&["rotate", "--finish", "-"], &google.approve(url.trim(), ADA), &[]);
    watch.all(&["env --shell sh", "lock", "exec -- sh -c true"]);
    assert_eq!(on_disk(&google.secrets()), [""; 0], "a keyring profile's secret lies on disk");
    watch.all(&["move --store file", "env --shell sh", "move --store keyring", "status --json"]);
    assert_eq!(on_disk(&google.secrets()), [""; 0], "what was moved to the keyring stayed on disk");
    watch.all(&["revoke --yes"]);
    let secrets = google.secrets();
    watch.check(&secrets);
    watch.check_sockets(&secrets);
    let session = watch.watched.iter().any(|run| {
        run.words.first().is_some_and(|command| command == "env")
            && secrets.iter().any(|secret| kind(secret) == Kind::Refresh && run.trace.contains(trail(secret)))
    });
    assert!(session, "the file of the session was seen being written");
    let left = std::fs::read_dir(sandbox.runtime().join("bqcred")).into_iter().flatten().flatten();
    let files: Vec<_> = left.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    assert!(files.iter().all(|path| path.metadata().unwrap().len() == 0), "{files:?}");
}

#[test]
fn tls_commands_leak_no_secret() {
    let google = Google::start();
    let sandbox = Sandbox::new();
    let Some(tracer) = Tracer::new() else { return };
    let client = sandbox.write("client_secret.json", google.google_client_json());
    let mut env = google.env();
    // with it, a recorded connection could be decrypted
    let keys = sandbox.path("home/keys.log");
    env.push(("SSLKEYLOGFILE".to_owned(), keys.to_str().unwrap().to_owned()));
    let mut watch = Watch { tracer, sandbox: &sandbox, env, watched: Vec::new() };
    watch.run(&["client", "set", client.to_str().unwrap()], "", &[]);
    let url = watch.run(&["login", "--start", "--project", "p1"], "", &[]);
    let answer = google.approve(url.trim(), ADA);
    watch.run(&["login", "--finish", "-"], &answer, &[]);
    watch.run(&["token", "--min-ttl", "99999"], "", &[Kind::Access]);
    watch.all(&["status", "doctor --check p1", "revoke --yes"]);
    let secrets = google.secrets();
    watch.check(&secrets);
    watch.check_sockets(&secrets);
    assert!(!keys.exists(), "the session's keys were written down");
    assert!(!secrets.is_empty() && secrets.iter().any(|secret| secret == CLIENT_SECRET));
}
