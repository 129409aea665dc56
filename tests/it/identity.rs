//! Who a profile is: ids, several data folders, sign-ins that were interrupted, and what profiles that are gone left.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::common::keyring::Keyring;
use crate::common::{Consent, Google, Invocation, Run, Sandbox, find_program, set_mode};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// bqcred with another data folder, as in the terminal of a snap.
struct Elsewhere<'k> {
    keyring: &'k Keyring,
    data: PathBuf,
}

impl Elsewhere<'_> {
    fn invoke(&self, args: &[&str]) -> Invocation {
        self.keyring.invoke(args).env("XDG_DATA_HOME", &self.data)
    }

    fn login(&self, google: &Google, who: &str) {
        let client = self.keyring.sandbox.client_file(google);
        let start = ["login", "--start", "--client-id-file", &client, "--store", "keyring"];
        let url = self.invoke(&start).run().success().stdout;
        let redirect = google.approve_with(url.trim(), Consent::all(who));
        self.invoke(&["login", "--finish", "-"]).stdin(redirect).run().success();
    }
}

/// Bob signs in under the name "work", into the file store.
fn login_as_work(keyring: &Keyring, google: &Google) -> Run {
    let client = keyring.sandbox.client_file(google);
    let start = ["login", "--start", "--client-id-file", &client, "--store", "file", "--profile", "work"];
    let url = keyring.bqcred(&start).success().stdout;
    let redirect = google.approve_with(url.trim(), Consent::all(BOB));
    keyring.invoke(&["login", "--finish", "-", "--profile", "work"]).stdin(redirect).run().success()
}

fn account_of_exec(invocation: Invocation) -> Value {
    let run = invocation.may_print_secret().run().success();
    run.json()["account"].clone()
}

const CAT: [&str; 4] = ["exec", "--", "sh", "-c"];

fn exec(invoke: impl Fn(&[&str]) -> Invocation) -> Value {
    account_of_exec(invoke(&[&CAT[..], &["cat $GOOGLE_APPLICATION_CREDENTIALS"]].concat()))
}

#[test]
fn two_data_folders_share_neither_item_nor_session_file() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let other = Elsewhere { keyring: &keyring, data: keyring.sandbox.path("home/snap") };
    other.login(&google, BOB);
    assert_eq!(keyring.users().len(), 2);
    let here = |args: &[&str]| keyring.invoke(args);
    assert_eq!((exec(here), exec(|args| other.invoke(args))), (json!(ADA), json!(BOB)));
    let file =
        |run: Run| PathBuf::from(run.success().json()["GOOGLE_APPLICATION_CREDENTIALS"].as_str().unwrap());
    let env = ["env", "--format", "json"];
    let (mine, theirs) = (file(here(&env).run()), file(other.invoke(&env).run()));
    assert_ne!(mine, theirs);
    let locked = other.invoke(&["lock"]).run().success();
    assert!(locked.stderr.contains("of another data folder") && mine.exists() && !theirs.exists());
    let gone = other.invoke(&["forget", "--yes"]).run().success();
    gone.says(&format!("({ADA}) of another data folder")).says("it is left as it is");
    assert_eq!((exec(here), keyring.users().len(), mine.exists()), (json!(ADA), 1, true));
    let finding = other.invoke(&["doctor", "--json", "--offline"]).run().json();
    let finding = finding["findings"].as_array().unwrap().iter().find(|it| it["code"] == "keyring_item");
    assert!(finding.unwrap()["what"].as_str().unwrap().contains(".local/share/bqcred"), "{finding:?}");
}

#[test]
fn an_item_shows_name_and_account() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    assert!(keyring.search().contains("label = bqcred: default (ada@example.com)"), "{}", keyring.search());
    keyring.login(&google, BOB, &[]).success();
    assert!(keyring.search().contains("label = bqcred: default (bob@example.com)"), "{}", keyring.search());
}

#[test]
fn an_id_lives_as_long_as_its_profile() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let sandbox = &keyring.sandbox;
    let id = || sandbox.id("default").unwrap();
    let first = id();
    assert!(
        first.len() == 16 && first.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    );
    keyring.login(&google, BOB, &[]).success();
    assert_eq!(id(), first);
    for store in ["file", "keyring"] {
        keyring.bqcred(&["move", "--store", store]).success();
        assert_eq!(id(), first);
    }
    let given = sandbox.write("given.json", keyring.lookup("default"));
    keyring.bqcred(&["import", given.to_str().unwrap(), "--force"]).success();
    assert_eq!(id(), first);
    // what bqcred_data_folder says is the item's own, and not in any file
    assert!(!keyring.bqcred(&["exec", "--", "true"]).stdout.contains("bqcred_data_folder"));
    std::fs::write(sandbox.data("default").join("profile.json"), "{ torn").unwrap();
    keyring.login(&google, ADA, &["--store", "keyring"]).success();
    assert_eq!((id(), keyring.users().len()), (first.clone(), 1), "{:?}", keyring.users());
    keyring.bqcred(&["forget"]).success();
    keyring.login(&google, ADA, &["--store", "keyring"]).success();
    assert_ne!(id(), first);
}

#[test]
fn items_and_session_files_of_gone_profiles_are_found_and_removed() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let sandbox = &keyring.sandbox;
    keyring.bqcred(&["env", "--shell", "sh"]).success();
    let file = sandbox.session_file("default");
    std::fs::remove_dir_all(sandbox.data("default")).unwrap();
    let command = "bqcred forget --leftovers --yes";
    let finding = keyring.bqcred(&["doctor", "--json", "--offline"]).json();
    let finding =
        finding["findings"].as_array().unwrap().iter().find(|it| it["code"] == "keyring_item").cloned();
    assert_eq!(finding.unwrap()["fix"], command);
    let run = login_as_work(&keyring, &google);
    run.says("(ada@example.com), whose profile is gone").says(command);
    keyring.bqcred(&["forget", "--leftovers"]).fails(2).says(command);
    assert!(file.exists() && keyring.users().len() == 1);
    keyring.bqcred(&["forget", "--leftovers", "--yes"]).success().says("is removed");
    assert!(!file.exists() && keyring.users().is_empty());
    keyring.bqcred(&["forget", "--leftovers", "--yes"]).success().says("left nothing");
}

#[test]
fn forget_offers_items_of_gone_profiles() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    std::fs::remove_dir_all(keyring.sandbox.data("default")).unwrap();
    login_as_work(&keyring, &google).success();
    let run = keyring.bqcred(&["forget", "work", "--yes"]).success();
    run.says("whose profile is gone").says("is removed from the keyring");
    assert!(keyring.users().is_empty());
}

#[test]
fn an_item_without_an_id_is_reported_and_left() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    keyring.put_as("default", &[], "{}");
    let command = "secret-tool clear service bqcred username 'default'";
    keyring.bqcred(&["status"]).success().says(command);
    keyring.login(&google, ADA, &[]).success().says(command);
    let report = keyring.bqcred(&["doctor", "--json", "--offline"]).stdout;
    assert!(report.contains(command), "{report}");
    assert_eq!(keyring.users().len(), 2);
}

#[test]
fn session_files_of_all_login_sessions_are_removed() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let earlier = tempfile::tempdir_in("/dev/shm").unwrap();
    set_mode(earlier.path(), 0o700);
    let read = || {
        let env = ["env", "--format", "json"];
        keyring.bqcred(&env).success();
        let run = keyring.invoke(&env).env("XDG_RUNTIME_DIR", earlier.path()).run().success();
        PathBuf::from(run.json()["GOOGLE_APPLICATION_CREDENTIALS"].as_str().unwrap())
    };
    let here = keyring.sandbox.session_file("default");
    for args in [&["lock"][..], &["lock", "--profile", "default"], &["move", "--store", "file"]] {
        let there = read();
        assert!(there.starts_with(earlier.path()) && there.exists() && here.exists());
        keyring.bqcred(args).success();
        assert!(!there.exists() && !here.exists(), "{args:?}");
    }
    for remove in ["forget", "revoke"] {
        keyring.login(&google, ADA, &["--store", "keyring"]).success();
        let (there, here) = (read(), keyring.sandbox.session_file("default"));
        keyring.bqcred(&[remove, "--yes"]).success();
        assert!(!there.exists() && !here.exists(), "{remove}");
    }
}

/// What every command says of the account, by name.
fn accounts(bqcred: impl Fn(&[&str]) -> Run) -> Vec<(&'static str, String)> {
    let list = bqcred(&["list", "--json"]).success().json();
    let json = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let text = |run: Run| if run.success().stdout.contains(BOB) { BOB.to_owned() } else { ADA.to_owned() };
    let used = bqcred(&["use", "default"]).success().stderr;
    vec![
        ("list --json", json(&list[0]["account"])),
        ("list", text(bqcred(&["list"]))),
        ("bqcred", text(bqcred(&[]))),
        ("use", if used.contains(BOB) { BOB.to_owned() } else { ADA.to_owned() }),
        ("login <TAB>", text(bqcred(&["__complete", "--", "bqcred", "login", ""]))),
        ("status", json(&bqcred(&["status", "--json", "--offline"]).json()["account"])),
    ]
}

/// The files of a profile, for another state of it.
fn profile_json(sandbox: &Sandbox) -> Vec<u8> {
    std::fs::read(sandbox.data("default").join("profile.json")).unwrap()
}

#[test]
fn every_command_names_the_person_of_the_file_after_a_kill_between_two_writes() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1"]).success();
    let (ada, ada_adc) = (profile_json(&sandbox), std::fs::read(sandbox.adc("default")).unwrap());
    sandbox.login(&google, BOB, &[]).success();
    let (bob, bob_adc) = (profile_json(&sandbox), std::fs::read(sandbox.adc("default")).unwrap());
    let at = |file: &str| sandbox.data("default").join(file);
    for (adc, who) in [(&bob_adc, BOB), (&ada_adc, ADA)] {
        for (file, content) in [("profile.json", &ada), ("profile.json.next", &bob), ("adc.json", adc)] {
            std::fs::write(at(file), content).unwrap();
            set_mode(&at(file), 0o600);
        }
        if who == ADA {
            let list = sandbox.bqcred(&["list"]).success().stdout;
            assert!(list.contains("the sign-in as bob@example.com was interrupted"), "{list}");
        }
        let interrupted = sandbox.bqcred(&["list", "--json"]).json()[0]["account"].clone();
        assert_eq!(interrupted, who);
        if who == BOB {
            for (command, account) in accounts(|args| sandbox.bqcred(args)) {
                assert_eq!(account, who, "{command}");
            }
        }
        sandbox.bqcred(&["status", "--offline"]).success();
        assert!(!at("profile.json.next").exists());
        for (command, account) in accounts(|args| sandbox.bqcred(args)) {
            assert_eq!(account, who, "{command}");
        }
    }
}

#[test]
fn an_interrupted_sign_in_to_the_keyring_is_unknown_until_status_asks_it() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let sandbox = &keyring.sandbox;
    let (ada, ada_item) = (profile_json(sandbox), keyring.lookup("default"));
    keyring.login(&google, BOB, &[]).success();
    let (bob, bob_item) = (profile_json(sandbox), keyring.lookup("default"));
    let at = |file: &str| sandbox.data("default").join(file);
    let words = "the sign-in as bob@example.com was interrupted";
    for (item, who) in [(&bob_item, BOB), (&ada_item, ADA)] {
        keyring.put("default", &[], item);
        for (file, content) in [("profile.json", &ada), ("profile.json.next", &bob)] {
            std::fs::write(at(file), content).unwrap();
            set_mode(&at(file), 0o600);
        }
        keyring.freeze();
        let row = keyring.bqcred(&["list", "--json"]).json()[0].clone();
        assert_eq!((&row["account"], &row["interrupted_sign_in"]), (&Value::Null, &json!(BOB)));
        assert!(row["problem"].as_str().unwrap().contains(words), "{row}");
        for args in [&["list"][..], &[]] {
            let text = keyring.bqcred(args).success().stdout;
            assert!(
                text.replace('\n', " ").contains("interrupted") && !text.contains(ADA),
                "{args:?}: {text}"
            );
        }
        keyring.bqcred(&["use", "default"]).success().says(words).says("bqcred status");
        keyring.thaw();
        assert_eq!(exec(|args| keyring.invoke(args)), who);
        keyring.bqcred(&["status", "--offline"]).success().says(words);
        assert!(!at("profile.json.next").exists());
        for (command, account) in accounts(|args| keyring.bqcred(args)) {
            assert_eq!(account, who, "{command}");
        }
    }
}

#[test]
fn a_first_sign_in_to_the_keyring_that_was_interrupted_is_resolved() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let at = |file: &str| keyring.sandbox.data("default").join(file);
    let item = keyring.lookup("default");
    let interrupt = || std::fs::rename(at("profile.json"), at("profile.json.next")).unwrap();
    interrupt();
    let row = keyring.bqcred(&["list", "--json"]).json()[0].clone();
    assert_eq!((&row["account"], &row["interrupted_sign_in"]), (&Value::Null, &json!(ADA)));
    keyring.bqcred(&["status", "--offline"]).success().says("is complete now");
    assert_eq!(keyring.bqcred(&["list", "--json"]).json()[0]["account"], ADA);
    interrupt();
    keyring.put_as(&keyring.user("default"), &[], &item);
    keyring.clear("default");
    keyring.bqcred(&["status"]).fails(3).says("was interrupted before its credential was saved");
    assert_eq!(keyring.bqcred(&["list", "--json"]).json(), json!([]));
}

#[test]
fn readers_find_the_credential_while_it_moves() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    keyring.bqcred(&["status"]).success();
    let moving = AtomicBool::new(true);
    let read = |args: &[&str]| {
        while moving.load(Ordering::Relaxed) {
            keyring.invoke(args).may_print_secret().run().success();
        }
    };
    let read = &read;
    std::thread::scope(|scope| {
        for args in [&["env", "--shell", "sh"][..], &["token"], &["exec", "--", "true"]] {
            scope.spawn(move || read(args));
        }
        for _ in 0..10 {
            for store in ["file", "keyring"] {
                keyring.bqcred(&["move", "--store", store]).success();
            }
        }
        moving.store(false, Ordering::Relaxed);
    });
}

#[test]
fn forget_without_a_keyring_removes_nothing_or_keeps_the_item() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let run = keyring.sandbox.bqcred(&["forget"]).fails(6).says("nothing was removed");
    run.says("there is no session bus").says("`bqcred forget --profile default --keep-item`");
    assert_eq!(keyring.bqcred(&["list", "--json"]).json()[0]["account"], ADA);
    let run = keyring.sandbox.bqcred(&["forget", "--keep-item"]).success();
    run.says("is removed here").says("its item stays in the keyring").says("--leftovers");
    assert_eq!((keyring.users().len(), keyring.sandbox.data("default").exists()), (1, false));
    keyring.bqcred(&["forget", "--leftovers", "--yes"]).success();
    assert!(keyring.users().is_empty());
}

#[test]
fn forget_removes_secret_and_profile_together_or_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let profile = sandbox.data("default").join("profile.json");
    for mode in [0o622, 0o666] {
        set_mode(&profile, mode);
        sandbox.bqcred(&["forget", "--yes"]).fails(6).says("nothing was removed").says("chmod 600");
        assert!(profile.exists() && sandbox.adc("default").exists());
    }
    std::fs::write(&profile, "{ torn").unwrap();
    set_mode(&profile, 0o600);
    sandbox.bqcred(&["forget", "--yes"]).success();
    assert!(!profile.exists() && !sandbox.adc("default").exists());
}

#[test]
fn root_creates_no_folders_in_the_home_of_another_user() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    if !rustix_is_root() {
        return crate::common::skipped("only root can create folders in another user's home");
    }
    let home = sandbox.path("someone");
    std::fs::create_dir(&home).unwrap();
    std::os::unix::fs::chown(&home, Some(65_533), Some(65_533)).unwrap();
    let (client, adc) = (sandbox.client_file(&google), sandbox.write("given.json", "{}"));
    let adc = adc.to_str().unwrap();
    let in_home = |args: &[&str]| {
        let folders = ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];
        let invocation = sandbox.invoke(args).env("HOME", &home);
        folders.into_iter().fold(invocation, Invocation::env_remove).run()
    };
    for args in [
        &["login", "--start", "--client-id-file", &client][..],
        &["client", "set", &client],
        &["import", adc],
        &["export", "--well-known", "--undo"],
        &["use", "default"],
    ] {
        let run = in_home(args);
        assert_eq!(std::fs::read_dir(&home).unwrap().count(), 0, "{args:?}: {}", run.stderr);
        assert_ne!(run.code, Some(0), "{args:?}");
    }
    let run = in_home(&["client", "set", &client]).fails(6);
    run.says("belongs to another user (uid 65533)").says("sudo -H -u '#65533'");
}

fn rustix_is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

#[test]
fn what_prints_fails_where_its_output_goes_nowhere() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1"]).success();
    let code = |shell: &str, words: &str, redirect: &str| {
        let script = format!("{shell}\"$0\" {words} {redirect}");
        let run = sandbox.program("sh", &["-c", &script, env!("CARGO_BIN_EXE_bqcred")]).run();
        assert_eq!(
            run.code == Some(1),
            run.stderr.contains("can't write to stdout"),
            "{words}: {}",
            run.stderr
        );
        run.code
    };
    let prints =
        ["env --shell sh", "token", "list", "status --offline", "export -", "client show", "man", "--help"];
    for words in prints {
        for (redirect, expected) in [(">&-", 1), (">/dev/full", 1), (">/dev/null", 0)] {
            assert_eq!(code("", words, redirect), Some(expected), "{words} {redirect}");
        }
    }
    assert_eq!(code("", "use default", ">&-"), Some(0), "it prints nothing");
    // a parent whose own output is discarded hands that down
    assert_eq!(code("exec 1<>/dev/null; ", "list", "; exit $?"), Some(0));
    let python = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL))";
    let Some(runtime) = find_program("python3") else { return };
    let words = ["-c", python, env!("CARGO_BIN_EXE_bqcred"), "list"];
    sandbox.program(runtime, &words).run().success();
}

#[test]
fn use_changes_nothing_with_invalid_settings() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1"]).success();
    sandbox.bqcred(&["use", "default"]).success();
    let before = profile_json(&sandbox);
    std::fs::write(sandbox.config().join("config.json"), "{ torn").unwrap();
    sandbox.bqcred(&["use", "default", "--project", "p2"]).fails(6).says("config.json");
    assert_eq!(profile_json(&sandbox), before);
}
