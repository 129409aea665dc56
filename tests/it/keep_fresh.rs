//! `bqcred export --token-only --keep-fresh`: what it wrote is renewed, and when that ends, says why.
#![cfg(target_os = "linux")]

use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{Endpoint, PERSON, Script, Vm, find_program, missing, mode, set_mode, venv};
use crate::double::CANARIES;

const KEEP: &[&str] = &["export", "--token-only", "--keep-fresh"];
const STOPPED: &str = "bqcred: the renewing of this access token has stopped: ";

/// In seconds: such a token is renewed after a few seconds, and then has ten minutes left, however slow this machine is.
const RENEWED_SOON: u64 = 605;

/// Waits until this holds, as a person would look again.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(90), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A VM whose server gives tokens of this many seconds.
fn vm(seconds: u64) -> Vm {
    let vm = Vm::with_login();
    vm.google.write_expires_in(Some(json!(seconds)));
    vm
}

/// It, at work. Its output goes to files.
struct Keeping<'v> {
    vm: &'v Vm,
    child: Child,
    log: PathBuf,
}

impl<'v> Keeping<'v> {
    fn start(vm: &'v Vm, args: &[&str]) -> Keeping<'v> {
        let log = vm.sandbox.path(&format!("log-{:?}", std::time::SystemTime::now()).replace([' ', ':'], ""));
        let mut command = vm.sandbox.command("bqcred");
        command.args(KEEP).args(args).envs(vm.google.env()).envs(vm.metadata.env()).stdin(Stdio::null());
        let out = std::fs::File::create(&log).unwrap();
        command.stdout(out.try_clone().unwrap()).stderr(out);
        Keeping { vm, child: command.spawn().unwrap(), log }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// The token in the file, once it is another one than `before`.
    fn token(&self, name: &str, before: Option<&str>) -> String {
        until(&format!("no new token: {}", self.said()), || {
            let token = read(self.vm, name)?["token"].as_str()?.to_owned();
            (Some(token.as_str()) != before).then_some(token)
        })
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Its exit code and what it said; nothing of that is a secret.
    fn end(mut self) -> (Option<i32>, String) {
        let status = until(&format!("it still runs: {}", self.said()), || self.child.try_wait().unwrap());
        let said = self.said();
        for canary in CANARIES {
            assert!(!said.contains(canary), "{said}");
        }
        (status.code(), said)
    }

    fn stop(self) -> String {
        self.signal("-TERM");
        let (code, said) = self.end();
        assert_eq!(code, Some(130), "{said}");
        said
    }
}

impl Drop for Keeping<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(vm: &Vm, name: &str) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(vm.sandbox.path(name)).ok()?).ok()
}

/// The reason that the file names.
fn stub(vm: &Vm, name: &str) -> String {
    let file = read(vm, name).unwrap();
    let keys: Vec<&String> = file.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["bqcred", "type"], "no token is left");
    let kind = file["type"].as_str().unwrap();
    kind.strip_prefix(STOPPED).unwrap_or_else(|| panic!("{kind}")).to_owned()
}

fn lines(vm: &Vm, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(vm.sandbox.path(name)).unwrap_or_default();
    serde_json::Deserializer::from_str(&text).into_iter().map_while(Result::ok).collect()
}

#[test]
fn the_file_is_renewed_until_it_is_stopped_and_keeps_owner_and_mode() {
    let vm = vm(3);
    let path = vm.sandbox.write("token.json", "");
    set_mode(&path, 0o640);
    let is_root = chown(&path, None, Some(4242)).is_ok();
    let keeping = Keeping::start(&vm, &["token.json"]);
    let first = keeping.token("token.json", None);
    let second = keeping.token("token.json", Some(&first));
    keeping.token("token.json", Some(&second));
    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!((mode(&path), metadata.gid() == 4242), (0o640, is_root));
    let file = read(&vm, "token.json").unwrap();
    assert_eq!((&file["type"], &file["account"]), (&json!("authorized_user"), &json!(PERSON)));
    let said = keeping.stop();
    assert!(said.contains(&format!("an access token of {PERSON}, renewed until this is stopped")), "{said}");
    assert!(said.ends_with("bqcred: stopped; the access token is not renewed any more\n"), "{said}");
    assert!(stub(&vm, "token.json").contains("it was stopped"));
    assert_eq!(mode(&path), 0o640);
    assert_eq!(vm.metadata.tokens(), 0);
    // its own file is taken over again, without --force
    let keeping = Keeping::start(&vm, &["token.json"]);
    keeping.token("token.json", None);
    keeping.stop();
}

#[test]
fn what_is_left_of_a_stopped_one_is_an_error_of_the_library_that_says_so() {
    let vm = vm(3_599);
    let Some(python) = venv(&["google.auth"]) else { return };
    let keeping = Keeping::start(&vm, &["token.json"]);
    keeping.token("token.json", None);
    keeping.signal("-INT");
    assert_eq!(keeping.end().0, Some(130));
    let script =
        "import google.auth\ntry: google.auth.default()\nexcept Exception as e: print(type(e).__name__, e)";
    let run = vm.program(python, &["-c", script]);
    let run = run.env("GOOGLE_APPLICATION_CREDENTIALS", vm.sandbox.path("token.json")).run().success();
    assert!(
        run.stdout.starts_with("DefaultCredentialsError") && run.stdout.contains(STOPPED),
        "{}",
        run.stdout
    );
    assert_eq!(vm.metadata.tokens(), 0);
}

#[test]
fn a_killed_one_leaves_a_token_that_ends_by_itself() {
    let vm = vm(3_599);
    let mut keeping = Keeping::start(&vm, &["token.json"]);
    let token = keeping.token("token.json", None);
    keeping.child.kill().unwrap();
    keeping.child.wait().unwrap();
    assert_eq!(read(&vm, "token.json").unwrap()["token"], token);
    // the next one is not kept out by the killed one's lock
    let keeping = Keeping::start(&vm, &["token.json"]);
    until("a second one", || keeping.said().contains("renewed until this is stopped").then_some(()));
    keeping.stop();
}

#[test]
fn a_program_gets_each_renewal_and_the_reason_at_the_end() {
    let vm = vm(3);
    vm.sandbox.link_program("cat");
    let keeping = Keeping::start(&vm, &["--", "sh", "-c", "cat >> remote"]);
    until("three renewals", || (lines(&vm, "remote").len() >= 3).then_some(()));
    keeping.stop();
    let mut remote = lines(&vm, "remote");
    let last = remote.pop().unwrap();
    assert!(last["type"].as_str().unwrap().starts_with(STOPPED), "{last}");
    let mut tokens: Vec<&str> = remote.iter().map(|file| file["token"].as_str().unwrap()).collect();
    tokens.dedup();
    assert_eq!(tokens.len(), remote.len(), "each is a new one");
    // a file and a program
    let keeping = Keeping::start(&vm, &["token.json", "--", "sh", "-c", "cat > both"]);
    let token = keeping.token("token.json", None);
    until("both", || lines(&vm, "both").iter().any(|file| file["token"].is_string()).then_some(()));
    assert!(token.starts_with("ya29."));
    keeping.stop();
    assert_eq!(
        std::fs::read(vm.sandbox.path("both")).unwrap(),
        std::fs::read(vm.sandbox.path("token.json")).unwrap()
    );
}

#[test]
fn a_program_that_fails_at_first_ends_it_and_later_is_tried_again_until_the_token_expires() {
    let vm = vm(3_599);
    vm.sandbox.link_program("cat");
    vm.program("bqcred", &["export", "--token-only", "token.json"]).run().success();
    let earlier = read(&vm, "token.json");
    for (script, code) in [("cat >/dev/null; exit 7", 7), ("exit 9", 9), ("kill -9 $$", 137)] {
        let keeping = Keeping::start(&vm, &["token.json", "--", "sh", "-c", script]);
        let (ended, said) = keeping.end();
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains("sh failed"), "{said}");
        assert_eq!(read(&vm, "token.json"), earlier, "what an earlier one left is valid");
    }
    let keeping = Keeping::start(&vm, &["token.json", "--", "no-such-program"]);
    let (code, said) = keeping.end();
    assert!(code == Some(127) && said.contains("no such program"), "{said}");
    assert_eq!(read(&vm, "token.json"), earlier);
    vm.google.write_expires_in(Some(json!(RENEWED_SOON)));
    std::fs::remove_file(vm.sandbox.home().join(".cache/bqcred/default.token")).unwrap();
    let keeping = Keeping::start(&vm, &["--", "sh", "-c", "cat >> remote; test ! -e broken"]);
    until("the first", || keeping.said().contains("renewed until this is stopped").then_some(()));
    vm.sandbox.write("broken", "");
    until("a retry", || keeping.said().contains("trying again until the token expires").then_some(()));
    vm.google.write_expires_in(Some(json!(3)));
    std::fs::remove_file(vm.sandbox.path("broken")).unwrap();
    until("success", || keeping.said().contains("renewed again, valid until").then_some(()));
    let count = lines(&vm, "remote").len();
    until("short tokens", || (lines(&vm, "remote").len() >= count + 2).then_some(()));
    vm.sandbox.write("broken", "");
    let (code, said) = keeping.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        lines(&vm, "remote").last().unwrap()["type"].as_str().unwrap().contains("sh failed (with code 1)")
    );
}

#[test]
fn a_program_that_hangs_does_not_delay_the_end() {
    let vm = vm(3_599);
    vm.sandbox.link_program("cat");
    vm.sandbox.link_program("sleep");
    let script = "test -e started || { : > started; exec sleep 1000; }; cat > remote";
    let keeping = Keeping::start(&vm, &["--", "sh", "-c", script]);
    until("the program", || vm.sandbox.path("started").exists().then_some(()));
    keeping.stop();
    // it may have passed the token on before it was killed
    assert!(lines(&vm, "remote")[0]["type"].as_str().unwrap().starts_with(STOPPED));
}

#[test]
fn a_refusal_ends_it_with_4_and_the_reason_in_the_file() {
    let vm = vm(3);
    let keeping = Keeping::start(&vm, &["token.json"]);
    keeping.token("token.json", None);
    vm.google.revoke_grant(PERSON);
    let (code, said) = keeping.end();
    assert_eq!(code, Some(4), "{said}");
    assert!(stub(&vm, "token.json").contains("`bqcred login`"), "{said}");
    // at the start as well: what an earlier one left doesn't last
    let (code, _) = Keeping::start(&vm, &["token.json"]).end();
    assert_eq!(code, Some(4));
    stub(&vm, "token.json");
}

#[test]
fn what_others_do_takes_effect() {
    let vm = vm(3);
    let keeping = Keeping::start(&vm, &["token.json"]);
    let first = keeping.token("token.json", None);
    vm.sandbox.login(&vm.google, PERSON, &["--project", "p1"]).success();
    keeping.token("token.json", Some(&first));
    vm.sandbox.login(&vm.google, "bob@example.com", &["--project", "p1"]).success();
    let (code, said) = keeping.end();
    assert!(code == Some(4) && said.contains("is of bob@example.com now"), "{said}");
    let path = vm.sandbox.path("token.json");
    let advice = format!(
        "profile default is of bob@example.com now, and the access token was of {PERSON} (`bqcred export --force \
         --token-only --keep-fresh '{}'` goes on as bob@example.com)",
        path.display()
    );
    assert_eq!(stub(&vm, "token.json"), advice);
    // neither is the file taken over by the other account, nor is a command named that is refused as well
    let (code, said) = Keeping::start(&vm, &["token.json"]).end();
    assert!(
        code == Some(2) && said.contains(&format!("is for an access token of {PERSON}; nothing")),
        "{said}"
    );
    assert!(said.ends_with("hint: name another file, or replace it with `--force`\n"), "{said}");
    assert_eq!(stub(&vm, "token.json"), advice);
    let run = vm.program("bqcred", &[]).env("GOOGLE_APPLICATION_CREDENTIALS", &path).run().success();
    assert!(run.stdout.contains("and profile default is of bob@example.com now"), "{run:?}");
    assert!(run.stdout.ends_with("next     bqcred exec --token-only -- PROGRAM\n"), "{run:?}");
    let keeping = Keeping::start(&vm, &["--force", "token.json"]);
    keeping.token("token.json", None);
    vm.program("bqcred", &["revoke", "--yes"]).run().success();
    let (code, said) = keeping.end();
    assert!(code == Some(4) && said.contains("revoked or removed"), "{said}");
    stub(&vm, "token.json");
    // one of an account that nobody has named is for that credential alone, whoever it turns out to be
    vm.google.omit_id_token(true);
    vm.google
        .script_always(Endpoint::Tokeninfo, Script::Body("application/json".to_owned(), "{}".to_owned()));
    vm.sandbox.login(&vm.google, PERSON, &["--project", "p1"]).success();
    let keeping = Keeping::start(&vm, &["--force", "token.json"]);
    keeping.token("token.json", None);
    keeping.stop();
    let of_unknown = std::fs::read(&path).unwrap();
    assert!(read(&vm, "token.json").unwrap()["bqcred"]["credential"].is_string());
    vm.google.omit_id_token(false);
    vm.google.clear_scripts();
    let keeping = Keeping::start(&vm, &["token.json"]);
    until("ada's", || (read(&vm, "token.json")?["account"] == PERSON).then_some(()));
    keeping.stop();
    assert_eq!(read(&vm, "token.json").unwrap()["bqcred"], json!({"profile": "default", "account": PERSON}));
    vm.sandbox.write("token.json", &of_unknown);
    vm.sandbox.login(&vm.google, "bob@example.com", &["--project", "p1"]).success();
    let (code, said) = Keeping::start(&vm, &["token.json"]).end();
    assert!(
        code == Some(2) && said.contains("is for an access token of an unknown account; nothing"),
        "{said}"
    );
    assert!(said.ends_with("hint: name another file, or replace it with `--force`\n"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), of_unknown);
    let run = vm.program("bqcred", &[]).env("GOOGLE_APPLICATION_CREDENTIALS", &path).run().success();
    assert!(run.stdout.contains("it was for an unknown account, and profile default is of bob@"), "{run:?}");
    assert!(run.stdout.ends_with("next     bqcred exec --token-only -- PROGRAM\n"), "{run:?}");
}

#[test]
fn a_rotation_is_waited_for() {
    let vm = vm(RENEWED_SOON);
    let keeping = Keeping::start(&vm, &["token.json"]);
    let first = keeping.token("token.json", None);
    let url = vm.program("bqcred", &["rotate", "--yes", "--start"]).run().success().stdout;
    until("trouble", || keeping.said().contains("trying again until the token expires").then_some(()));
    let answer = vm.google.approve(url.trim(), PERSON);
    vm.program("bqcred", &["rotate", "--finish", "-"]).stdin(answer).run().success();
    keeping.token("token.json", Some(&first));
    until("the end of trouble", || keeping.said().contains("renewed again, valid until").then_some(()));
    keeping.stop();
}

#[test]
fn a_revocation_is_noticed_before_the_next_renewal() {
    let vm = vm(3_599);
    let keeping = Keeping::start(&vm, &["token.json"]);
    keeping.token("token.json", None);
    vm.program("bqcred", &["revoke", "--yes"]).run().success();
    assert_eq!(keeping.end().0, Some(4)); // within 15 s, and not in 50 min
    stub(&vm, "token.json");
}

#[test]
fn network_trouble_is_ridden_out_until_the_token_expires() {
    let vm = vm(RENEWED_SOON);
    let keeping = Keeping::start(&vm, &["token.json"]);
    let first = keeping.token("token.json", None);
    vm.google.script_always(Endpoint::Token, Script::Html200);
    until("trouble", || keeping.said().contains("trying again until the token expires").then_some(()));
    assert_eq!(read(&vm, "token.json").unwrap()["token"], first);
    vm.google.write_expires_in(Some(json!(3)));
    vm.google.clear_scripts();
    let second = keeping.token("token.json", Some(&first));
    until("the end of trouble", || keeping.said().contains("renewed again, valid until").then_some(()));
    vm.google.script_always(Endpoint::Token, Script::Html200);
    let before = vm.google.count("/token");
    let (code, said) = keeping.end();
    assert_eq!(code, Some(5), "{said}");
    assert!(stub(&vm, "token.json").contains("page"), "{said}");
    assert!(vm.google.count("/token") - before < 20, "{}", vm.google.count("/token") - before);
    // a network that is down at the start leaves what an earlier one left
    let old = json!({"type": "authorized_user", "client_id": "bqcred-hands-over-access-tokens-only",
                     "token": second, "expiry": "2026-01-01T00:00:00Z",
                     "bqcred": {"profile": "default", "account": PERSON}});
    vm.sandbox.write("token.json", old.to_string());
    let (code, _) = Keeping::start(&vm, &["token.json"]).end();
    assert_eq!((code, read(&vm, "token.json").unwrap()), (Some(5), old));
}

#[test]
fn a_second_one_for_the_same_file_is_refused() {
    let vm = vm(3_599);
    std::os::unix::fs::symlink("token.json", vm.sandbox.path("link")).unwrap();
    let keeping = Keeping::start(&vm, &["token.json"]);
    let token = keeping.token("token.json", None);
    for name in ["token.json", "./token.json", "link"] {
        let (code, said) = Keeping::start(&vm, &[name]).end();
        assert!(code == Some(1) && said.contains("another bqcred renews"), "{said}");
    }
    let process = keeping.child.id();
    for args in [
        &["--token-only", "--force", "link"][..],
        &["--token-only", "token.json"],
        &["--force", "token.json"],
    ] {
        let run = vm.program("bqcred", &[&["export"], args].concat()).run().fails(1);
        run.says(&format!("(process {process}); nothing was changed"))
            .says(&format!("`kill {process}` ends it"));
    }
    std::fs::create_dir(vm.sandbox.path("g")).unwrap();
    let well_known = vm.sandbox.path("g/application_default_credentials.json");
    std::os::unix::fs::symlink("../token.json", well_known).unwrap();
    let run = vm.program("bqcred", &["export", "--well-known"]);
    run.env("CLOUDSDK_CONFIG", vm.sandbox.path("g")).run().fails(1).says("another bqcred renews");
    assert_eq!(read(&vm, "token.json").unwrap()["token"], token);
    keeping.stop();
    let keeping = Keeping::start(&vm, &["link"]);
    keeping.token("token.json", None);
    keeping.stop();
    assert!(vm.sandbox.path("link").is_symlink());
}

#[test]
fn other_files_are_refused() {
    let vm = vm(3_599);
    vm.sandbox.write("mine", "precious");
    let requests = vm.google.requests().len();
    for (args, code, words) in [
        (&["mine"][..], 2, "exists already"),
        (&["/dev/null"], 6, "is not a regular file"),
        (&["."], 6, "is not a regular file"),
        (&["no/such"], 6, "can't write"),
        (&["-"], 2, "stdout is none"),
        (&["/dev/stdout"], 2, "stdout is none"),
        (&["-", "--", "true"], 2, "leave out `-`"),
    ] {
        let (ended, said) = Keeping::start(&vm, args).end();
        assert!(ended == Some(code) && said.contains(words), "{args:?}: {said}");
    }
    vm.program("bqcred", &["export", "--token-only", "x", "--", "true"]).run().fails(2).says("--keep-fresh");
    vm.program("bqcred", &["export", "--keep-fresh", "x"]).run().fails(2).says("--token-only");
    assert_eq!(std::fs::read(vm.sandbox.path("mine")).unwrap(), b"precious");
    assert_eq!(vm.google.requests().len(), requests);
    let keeping = Keeping::start(&vm, &["--force", "mine"]);
    keeping.token("mine", None);
    keeping.stop();
}

#[test]
fn a_mistake_in_the_command_line_leaves_an_earlier_token() {
    let vm = Vm::new();
    vm.sandbox.login(&vm.google, PERSON, &["--project", "p1", "--scopes", "bigquery"]).success();
    vm.program("bqcred", &["export", "--token-only", "token.json"]).run().success();
    let earlier = read(&vm, "token.json");
    for (args, code) in [
        (&["--scopes", "drvie", "token.json"][..], 2),
        (&["--scopes", "drive", "token.json"], 4),
        (&["--profile", "wrok", "token.json"], 3),
        (&["--as", "reader@p1.iam.gserviceaccount.com", "token.json"], 2),
    ] {
        let (ended, said) = Keeping::start(&vm, args).end();
        assert_eq!((ended, read(&vm, "token.json")), (Some(code), earlier.clone()), "{said}");
    }
    vm.program("bqcred", &[KEEP, &["--"]].concat()).run().fails(2).says("`-- PROGRAM`");
    vm.program("bqcred", KEEP).run().fails(2).says("no file given").says("`-- PROGRAM`");
}

/// A token, and what is left of one.
#[test]
fn a_file_for_another_account_profile_or_less_is_replaced_only_with_force() {
    let vm = vm(3_599);
    for (profile, account) in [("work", "bob@example.com"), ("again", PERSON)] {
        vm.sandbox.login(&vm.google, account, &["--profile", profile, "--project", "p1"]).success();
    }
    vm.program("bqcred", &["export", "--token-only", "--scopes", "bigquery", "token.json"]).run().success();
    let path = vm.sandbox.path("token.json");
    let refused = |args: &[&str], what: &str| {
        let profile = if args.contains(&"--profile") { " --profile default" } else { "" };
        let renew = format!(
            "`bqcred export{profile} --token-only --scopes bigquery --keep-fresh '{}'` renews it",
            path.display()
        );
        let earlier = read(&vm, "token.json");
        let (code, said) = Keeping::start(&vm, &[args, &["token.json"]].concat()).end();
        assert_eq!((code, read(&vm, "token.json")), (Some(2), earlier), "{said}");
        assert!(said.contains(&format!("is for an access token of {what}; nothing was changed")), "{said}");
        assert!(said.contains(&renew) && said.contains("`--force` replaces it"), "{said}");
    };
    let all = || {
        refused(&["--profile", "work", "--scopes", "bigquery"], "ada@example.com, narrowed to bigquery");
        refused(
            &["--profile", "again", "--scopes", "bigquery"],
            "ada@example.com by profile default, narrowed to bigquery",
        );
        refused(&[], "ada@example.com, narrowed to bigquery");
    };
    all();
    let keeping = Keeping::start(&vm, &["--scopes", "bigquery", "token.json"]);
    keeping.token("token.json", read(&vm, "token.json").unwrap()["token"].as_str());
    keeping.stop();
    all();
    let keeping = Keeping::start(&vm, &["--profile", "work", "--force", "token.json"]);
    until("bob's", || (read(&vm, "token.json")?["account"] == "bob@example.com").then_some(()));
    until("advice", || keeping.said().contains("`bqcred exec --profile work --token-only -- ").then_some(()));
    keeping.stop();
    // what starts it again is a command, for the same file
    let again = format!("`bqcred export --profile work --token-only --keep-fresh '{}'`", path.display());
    assert!(stub(&vm, "token.json").contains(&again));
    // narrower is fine
    let keeping = Keeping::start(&vm, &["--profile", "work", "--scopes", "bigquery", "token.json"]);
    keeping.token("token.json", None);
    keeping.stop();
}

/// Of the same account, even: profiles share nothing.
#[test]
fn a_profile_that_is_refused_does_not_end_the_token_of_another() {
    let vm = vm(3_599);
    vm.sandbox.login(&vm.google, PERSON, &["--profile", "c", "--project", "p1"]).success();
    vm.program("bqcred", &["export", "--token-only", "token.json"]).run().success();
    let valid = read(&vm, "token.json");
    vm.google.revoke_grant(PERSON);
    vm.program("bqcred", &["status", "--profile", "c"]).run();
    for force in [&[][..], &["--force"]] {
        let (code, said) = Keeping::start(&vm, &[&["--profile", "c"], force, &["token.json"]].concat()).end();
        assert!(code == Some(if force.is_empty() { 2 } else { 4 }), "{said}");
        assert_eq!(read(&vm, "token.json"), valid);
    }
}

#[test]
fn what_somebody_else_put_there_is_left_alone() {
    let vm = vm(RENEWED_SOON);
    vm.sandbox.link_program("cat");
    let start = |args: &[&str]| {
        vm.sandbox.write("token.json", "");
        let keeping = Keeping::start(&vm, &[&["token.json"], args].concat());
        keeping.token("token.json", None);
        keeping
    };
    let put = || {
        let other = vm.sandbox.write("other", "precious");
        std::fs::rename(other, vm.sandbox.path("token.json")).unwrap();
    };
    let is_there = || std::fs::read(vm.sandbox.path("token.json")).unwrap() == b"precious";
    let keeping = start(&["--", "sh", "-c", "cat > remote"]);
    put();
    let (code, said) = keeping.end();
    assert!(code == Some(1) && is_there(), "{said}");
    assert_eq!(said.matches("is left as it is, and not renewed").count(), 1, "{said}");
    let reason = lines(&vm, "remote")[0]["type"].as_str().unwrap().to_owned();
    assert!(reason.starts_with(STOPPED) && reason.contains("is left as it is"), "{reason}");
    // at the end as well
    let keeping = start(&[]);
    put();
    assert!(keeping.stop().contains("is left as it is") && is_there());
    let keeping = start(&[]);
    std::fs::remove_file(vm.sandbox.path("token.json")).unwrap();
    std::fs::create_dir(vm.sandbox.path("token.json")).unwrap();
    assert!(keeping.stop().contains("is left as it is") && vm.sandbox.path("token.json").is_dir());
}

/// At boot, a name can't be resolved yet.
#[test]
fn the_unit_in_the_docs_is_started_again_until_there_is_a_network() {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/clusters.md")).unwrap();
    let unit = docs.split("```ini\n").nth(1).unwrap().split("```").next().unwrap();
    let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    assert_eq!((value("Restart"), value("StartLimitIntervalSec")), (Some("on-failure"), Some("0")));
    assert!(value("RestartSec").is_some_and(|seconds| seconds.parse().unwrap_or(0) >= 10), "{unit}");
    let final_codes = value("RestartPreventExitStatus").unwrap();
    assert!(!final_codes.split(' ').any(|code| code == "5"), "{unit}");
}

/// root keeps the owner; anybody else is refused.
#[test]
fn a_file_of_another_user_keeps_its_owner_or_is_refused() {
    let vm = vm(3_599);
    let path = vm.sandbox.write("theirs.json", "");
    if chown(&path, Some(4242), Some(4242)).is_err() {
        return missing("root, for a second user");
    }
    let keeping = Keeping::start(&vm, &["theirs.json"]);
    keeping.token("theirs.json", None);
    keeping.stop();
    assert_eq!(std::fs::metadata(&path).unwrap().uid(), 4242);
    let Some(setpriv) = find_program("setpriv") else { return missing("setpriv") };
    let ids = ["--reuid", "4343", "--regid", "4343", "--clear-groups"];
    set_mode(&path, 0o644);
    set_mode(vm.sandbox.path("bin").parent().unwrap(), 0o755);
    std::fs::create_dir(vm.sandbox.path("home/other")).unwrap();
    let home = vm.sandbox.path("home/other");
    set_mode(&vm.sandbox.home(), 0o755);
    let own = home.join("XDG_DATA_HOME");
    std::fs::create_dir(&own).unwrap();
    let data = vm.sandbox.data("default");
    let signed_in = Command::new("cp").arg("-r").arg(data.parent().unwrap()).arg(own.join("bqcred")).status();
    assert!(signed_in.unwrap().success());
    assert!(Command::new("chown").args(["-R", "4343:4343"]).arg(&home).status().unwrap().success());
    let text = path.to_str().unwrap();
    let run = vm.program(setpriv, &[&ids[..], &["bqcred"], KEEP, &["--force", text]].concat());
    let run = ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"]
        .iter()
        .fold(run.env("HOME", &home), |run, name| run.env(name, home.join(name)));
    run.run().fails(6).says("belongs to another user (uid 4242)");
}

#[test]
fn a_full_disk_is_ridden_out_too() {
    let Some(unshare) = find_program("unshare") else { return missing("unshare") };
    let vm = vm(RENEWED_SOON);
    for program in ["mount", "dd", "cat", "mkdir", "rm", "grep", "sleep", "kill", "cp"] {
        vm.sandbox.link_program(program);
    }
    let script = "mkdir full && mount -t tmpfs -o size=64k none full || exit 77
        bqcred export --token-only --keep-fresh full/token.json 2>log & pid=$!
        until grep -q token full/token.json 2>/dev/null; do sleep 0.02; done
        dd if=/dev/zero of=full/filler bs=1k 2>/dev/null
        cp full/token.json before
        until grep -q 'trying again' log; do sleep 0.02; done
        cmp before full/token.json || exit 1
        rm full/filler
        until grep -q 'renewed again' log; do sleep 0.02; done
        kill $pid; wait $pid; echo $?; cat full/token.json";
    vm.sandbox.link_program("cmp");
    let run = vm.program(unshare, &["-m", "bash", "-c", script]).run();
    if run.code == Some(77) || run.stdout.is_empty() && run.stderr.contains("unshare") {
        return missing("a mount namespace");
    }
    assert!(run.stdout.starts_with("130\n") && run.stdout.contains(STOPPED), "{run:?}");
}

/// What doctor says of the file that the variable names.
fn diagnosis(vm: &Vm) -> (String, Value) {
    let run = vm.program("bqcred", &["doctor", "--json", "--for", "python,r,go"]);
    let answer = run.env("GOOGLE_APPLICATION_CREDENTIALS", vm.sandbox.path("token.json")).run().json();
    let codes = ["exported_token", "no_credential"];
    let findings = answer["findings"].as_array().unwrap();
    let found = findings.iter().find(|one| codes.iter().any(|code| one["code"] == *code));
    (
        found.map(|one| one["what"].as_str().unwrap().to_owned()).unwrap_or_default(),
        answer["libraries"].clone(),
    )
}

fn library<'l>(libraries: &'l Value, name: &str) -> &'l Value {
    libraries.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()
}

#[test]
fn doctor_says_until_when_a_token_is_valid_and_whether_it_is_renewed() {
    let vm = vm(3_599);
    let keeping = Keeping::start(&vm, &["token.json"]);
    keeping.token("token.json", None);
    let (what, libraries) = diagnosis(&vm);
    assert!(what.contains(&format!("an access token of {PERSON} alone, valid until ")), "{what}");
    assert!(what.ends_with("min), and a bqcred on this machine renews it"), "{what}");
    let python = library(&libraries, "google-auth");
    assert_eq!((&python["identity"], &python["account"]), (&json!("user"), &json!(PERSON)));
    assert_eq!(python["is_you"], true);
    assert_eq!(library(&libraries, "go")["problem"], "access_token_only");
    keeping.stop();
    let (what, libraries) = diagnosis(&vm);
    assert!(
        what.contains("and says why: the renewing of this access token has stopped: it was stopped"),
        "{what}"
    );
    assert_eq!(library(&libraries, "google-auth")["problem"], "unknown_type");
    vm.program("bqcred", &["export", "--token-only", "--force", "token.json"]).run().success();
    let (what, _) = diagnosis(&vm);
    assert!(
        what.contains("valid until")
            && what.contains("no bqcred of yours on this machine renews it: if none"),
        "{what}"
    );
    let mut file = read(&vm, "token.json").unwrap();
    file["expiry"] = "2026-01-01T00:00:00Z".into();
    vm.sandbox.write("token.json", file.to_string());
    let (what, libraries) = diagnosis(&vm);
    assert!(
        what.contains("that expired at 2026-01-01")
            && what.ends_with("and no bqcred of yours on this machine renews it"),
        "{what}"
    );
    assert_eq!(library(&libraries, "google-auth")["problem"], "not_renewed");
    // one that Python doesn't use any more has not expired yet, and may be renewed
    vm.google.write_expires_in(Some(json!(200)));
    std::fs::remove_file(vm.sandbox.home().join(".cache/bqcred/default.token")).unwrap();
    let keeping = Keeping::start(&vm, &["token.json"]);
    keeping.token("token.json", file["token"].as_str());
    let step = || {
        let python = library(&diagnosis(&vm).1, "google-auth").clone();
        assert_eq!(python["problem"], "token_expiring", "{python}");
        let run = vm.program("bqcred", &[]);
        run.env("GOOGLE_APPLICATION_CREDENTIALS", vm.sandbox.path("token.json")).run().success().stdout
    };
    assert!(diagnosis(&vm).0.ends_with("min), and a bqcred on this machine renews it"));
    let renewed = step();
    assert!(renewed.ends_with("less than 225 s left; a bqcred on this machine renews it\n"), "{renewed}");
    let short = std::fs::read(vm.sandbox.path("token.json")).unwrap();
    keeping.stop();
    vm.google.write_expires_in(Some(json!(3_599)));
    vm.sandbox.write("token.json", short);
    assert!(step().contains("next     bqcred export --token-only --keep-fresh "));
    vm.sandbox.write("token.json", file.to_string());
    // what helps is a command of that account's profile
    let fix = |vm: &Vm| {
        let run = vm.program("bqcred", &["doctor", "--json", "--offline"]);
        let run = run.env("GOOGLE_APPLICATION_CREDENTIALS", vm.sandbox.path("token.json")).run();
        let findings = run.json()["findings"].as_array().unwrap().clone();
        findings.into_iter().find(|one| one["code"] == "exported_token").unwrap()["fix"].clone()
    };
    let path = vm.sandbox.path("token.json");
    let shown = path.display();
    assert_eq!(fix(&vm), format!("bqcred export --token-only --keep-fresh '{shown}'"));
    file["bqcred"] = json!({"profile": "work", "account": "bob@example.com",
                            "scopes": ["https://www.googleapis.com/auth/bigquery"]});
    vm.sandbox.write("token.json", file.to_string());
    assert_eq!(fix(&vm), Value::Null);
    vm.sandbox.login(&vm.google, "bob@example.com", &["--profile", "work", "--project", "p1"]).success();
    let narrowed =
        format!("bqcred export --profile work --token-only --scopes bigquery --keep-fresh '{shown}'");
    assert_eq!(fix(&vm), narrowed);
    // a stub holds nothing that could be read
    let stub = json!({"type": "bqcred: it has stopped", "bqcred": file["bqcred"]});
    vm.sandbox.write("token.json", stub.to_string());
    set_mode(&path, 0o644);
    let run = vm.program("bqcred", &["doctor", "--json", "--offline"]);
    let answer = run.env("GOOGLE_APPLICATION_CREDENTIALS", &path).run().json();
    let of = |code: &str| answer["findings"].as_array().unwrap().iter().find(|one| one["code"] == code);
    assert_eq!(of("no_credential").unwrap()["fix"], narrowed);
    // and nothing else leads to more
    let program = "bqcred exec --profile work --token-only --scopes bigquery";
    assert_eq!(library(&answer["libraries"], "google-auth")["fix"], format!("{program} -- PROGRAM"));
    assert!(!answer.to_string().contains("bqcred env"), "{answer}");
    let next = |vm: &Vm| {
        let run = vm.program("bqcred", &[]).env("GOOGLE_APPLICATION_CREDENTIALS", &path).run();
        run.success().stdout.lines().last().unwrap().to_owned()
    };
    assert_eq!(next(&vm), format!("next     {narrowed}"));
    vm.program("bqcred", &["export", "--token-only", "--force", "token.json"]).run().success();
    assert!(
        next(&vm).starts_with("now      all set: Python here runs as ada@example.com, by the access token")
    );
    assert_eq!(of("readable_by_others"), None);
    // the words in it are not sent to Google
    let words = "bqcred-hands-over-access-tokens-only";
    assert!(!vm.google.requests().iter().any(|request| request.text().contains(words)));
}

#[test]
fn doctor_names_what_dataproc_reads() {
    let vm = Vm::with_login();
    let account = "sa@p1.iam.gserviceaccount.com";
    let run = vm.program("bqcred", &["doctor", "--offline"]);
    let run = run.env("DATAPROC_SPARK_CONNECT_SERVICE_ACCOUNT", account).run();
    assert!(
        run.stdout.contains(&format!("Dataproc's sessions run as the service account {account}")),
        "{run:?}"
    );
}
