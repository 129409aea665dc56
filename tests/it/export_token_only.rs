//! `bqcred export --token-only`: a file with an access token, which Python's libraries read, and never the refresh
//! token.
#![cfg(target_os = "linux")]

use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::common::keyring::Keyring;
use crate::common::{Endpoint, Google, PERSON, Run, Script, Vm, find_program, missing, mode, venv};

const BOB: &str = "bob@example.com";
const WORDS: &str = "bqcred-hands-over-access-tokens-only";
const BIGQUERY: &str = "https://www.googleapis.com/auth/bigquery";

/// A query with google-cloud-bigquery, and what it prints if there is no credential.
const QUERY: &str = "
import google.auth.exceptions as errors
from google.cloud import bigquery
try:
    client = bigquery.Client(project='p1')
    print(*[row.who for row in client.query('SELECT SESSION_USER() AS who')])
except errors.GoogleAuthError as error:
    print(type(error).__name__, error)
";

fn export(vm: &Vm, args: &[&str]) -> Run {
    vm.program("bqcred", &[&["export", "--token-only"], args].concat()).may_print_secret().run()
}

fn read(vm: &Vm, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(vm.sandbox.path(name)).unwrap()).unwrap()
}

fn forget_token(vm: &Vm) {
    std::fs::remove_file(vm.sandbox.home().join(".cache/bqcred/default.token")).unwrap();
}

/// What the real library makes of the file, on a machine with nothing else of bqcred's.
fn query(vm: &Vm, name: &str) -> Option<String> {
    let python = venv(&["google.cloud.bigquery"])?;
    let run = vm.program(python, &["-c", QUERY]);
    let run =
        run.env("GOOGLE_APPLICATION_CREDENTIALS", vm.sandbox.path(name)).env("HOME", vm.sandbox.path("tmp"));
    Some(run.run().success().stdout.trim().to_owned())
}

#[test]
fn the_file_holds_an_access_token_and_words_for_the_rest() {
    let vm = Vm::with_login();
    let run = export(&vm, &["out.json"]).success();
    assert_eq!(run.stdout, "");
    let run = run.says(&format!("an access token of {PERSON}, valid until ")).says("(59 min)");
    run.says("Python's libraries read it; for R, Node, Go and Java: `bqcred exec --token-only -- PROGRAM`");
    assert_eq!(mode(&vm.sandbox.path("out.json")), 0o600);
    let mut file = read(&vm, "out.json");
    let keys: Vec<&str> = file.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["account", "bqcred", "client_id", "client_secret", "expiry", "refresh_token", "token", "type"];
    assert_eq!(keys, expected);
    let token = file["token"].take();
    assert!(token.as_str().unwrap().starts_with("ya29."));
    let expiry = file["expiry"].take();
    assert!(expiry.as_str().unwrap().ends_with('Z') && expiry.as_str().unwrap().len() == 20, "{expiry}");
    assert_eq!(
        file,
        json!({"type": "authorized_user", "account": PERSON, "client_id": WORDS, "client_secret": "none",
               "refresh_token": WORDS, "token": null, "expiry": null,
               "bqcred": {"profile": "default", "account": PERSON}})
    );
    let printed = export(&vm, &["-"]).success();
    let printed = (printed.json()["token"].clone(), printed.stderr);
    assert_eq!(printed.0, token, "the token is cached");
    assert!(
        printed.1.starts_with(&format!("bqcred: an access token of {PERSON}, valid until ")),
        "{printed:?}"
    );
    for valid in vm.google.valid_tokens(PERSON) {
        let holds = |name: &str| std::fs::read_to_string(vm.sandbox.path(name)).unwrap().contains(&valid);
        assert!(!holds("out.json"), "the refresh token is not in it");
    }
}

#[test]
fn python_runs_as_the_user_until_the_token_expires_and_then_as_nobody() {
    let vm = Vm::with_login();
    export(&vm, &["out.json"]).success();
    let Some(answer) = query(&vm, "out.json") else { return };
    assert_eq!(answer, PERSON);
    let mut file = read(&vm, "out.json");
    file["expiry"] = "2026-01-01T00:00:00Z".into();
    vm.sandbox.write("out.json", file.to_string());
    let answer = query(&vm, "out.json").unwrap();
    assert!(answer.starts_with("RefreshError") && answer.contains("invalid_client"), "{answer}");
    vm.assert_only_the_user();
}

#[test]
fn an_existing_file_is_replaced_only_with_force() {
    let vm = Vm::with_login();
    vm.sandbox.write("out.json", "old");
    let before = vm.google.requests().len();
    export(&vm, &["out.json"]).fails(2).says("exists already").says("`--force` replaces it");
    assert_eq!(std::fs::read(vm.sandbox.path("out.json")).unwrap(), b"old");
    assert_eq!(vm.google.requests().len(), before, "nothing is asked for in vain");
    export(&vm, &["--force", "out.json"]).success();
    assert_eq!(mode(&vm.sandbox.path("out.json")), 0o600);
    symlink("out.json", vm.sandbox.path("link")).unwrap();
    export(&vm, &["link"]).fails(2).says("exists already");
    std::fs::write(vm.sandbox.path("out.json"), "old").unwrap();
    export(&vm, &["--force", "link"]).success();
    assert!(vm.sandbox.path("link").is_symlink() && read(&vm, "out.json")["token"].is_string());
    std::fs::create_dir(vm.sandbox.path("folder")).unwrap();
    for name in ["folder", "/dev/null", "/dev/stdout", "/proc/self/fd/1"] {
        let run = export(&vm, &["--scopes", "bigquery", name]).fails(2).says("is not a regular file");
        let run = run.says("`bqcred export --token-only --scopes bigquery -` prints it");
        assert!(!run.stderr.contains("--force"), "{run:?}");
    }
    for args in [&["--force", "folder"][..], &["--force", "/dev/null"], &["--force", "no/such/out.json"]] {
        let run = export(&vm, args);
        assert!(run.code != Some(0) && run.stdout.is_empty(), "{run:?}");
    }
    for wrong in [
        &["export", "--scopes", "bigquery", "x"][..],
        &["export", "--as", "a@b", "x"],
        &["export", "--token-only"],
    ] {
        vm.program("bqcred", wrong).run().fails(2);
    }
    vm.program("bqcred", &["export", "--token-only", "--well-known"]).run().fails(2);
}

#[test]
fn the_folders_of_bqcred_are_never_written_to() {
    let vm = Vm::with_login();
    vm.sandbox.login(&vm.google, BOB, &["--profile", "work", "--project", "p1"]).success();
    vm.program("bqcred", &["token"]).may_print_secret().run().success();
    let data = vm.sandbox.data("default");
    symlink(&data, vm.sandbox.path("folder")).unwrap();
    symlink(data.join("profile.json"), vm.sandbox.path("profile")).unwrap();
    symlink(data.join("new.json"), vm.sandbox.path("new")).unwrap();
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    let before = std::fs::read(data.join("adc.json")).unwrap();
    let settings = std::fs::read(data.join("profile.json")).unwrap();
    let token = text(vm.sandbox.home().join(".cache/bqcred/default.token"));
    for path in [
        text(data.join("adc.json")),
        text(data.join("../default/adc.json")),
        text(data.join("new.json")),
        token,
        "folder/adc.json".to_owned(),
        "profile".to_owned(),
        "new".to_owned(),
    ] {
        for options in [
            &["--profile", "work", "--force"][..],
            &["--token-only", "--force"],
            &["--token-only", "--keep-fresh", "--force"],
            &[],
        ] {
            let run = vm.program("bqcred", &[&["export"], options, &[&path]].concat()).run();
            run.fails(2).says("is in a folder of bqcred's own; nothing was changed");
        }
    }
    let run = vm.program("bqcred", &["export", "--well-known"]);
    let run = run.env("CLOUDSDK_CONFIG", data.join("gcloud")).run().fails(2).says("bqcred's own");
    run.says("`unset CLOUDSDK_CONFIG`");
    assert_eq!(std::fs::read(data.join("adc.json")).unwrap(), before);
    assert_eq!(std::fs::read(data.join("profile.json")).unwrap(), settings);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 2);
    // but for the place that the profile's snippets name, and for access tokens alone
    let place = vm.sandbox.home().join(".cache/bqcred/token-only/default");
    let file = text(place.join("adc.json"));
    for is_there in [false, true] {
        if is_there {
            std::fs::create_dir_all(&place).unwrap();
        }
        for args in [&["export", &file][..], &["export", "--profile", "work", "--token-only", &file]] {
            vm.program("bqcred", args).run().fails(2).says("is in a folder of bqcred's own");
        }
        let run = export(&vm, &["--force", &file]);
        if is_there {
            run.success()
        } else {
            run.fails(6).says("can't write")
        };
    }
}

#[test]
fn the_folder_of_session_files_in_memory_is_one_of_bqcreds_own() {
    let vm = Vm::with_login();
    let user = std::process::Command::new("id").arg("-u").output().unwrap();
    let folder = format!("/dev/shm/bqcred-{}", String::from_utf8(user.stdout).unwrap().trim());
    export(&vm, &["--force", &format!("{folder}/adc.json")]).fails(2).says("is in a folder of bqcred's own");
}

#[test]
fn the_advice_is_for_the_same_profile_and_limits() {
    let vm = Vm::with_login();
    vm.sandbox.login(&vm.google, BOB, &["--profile", "work", "--project", "p1"]).success();
    let run = export(&vm, &["--profile", "work", "--scopes", "bigquery", "-"]).success();
    let run = run.says("`bqcred exec --profile work --token-only --scopes bigquery -- PROGRAM`");
    assert!(!run.stderr.contains("whole credential"), "{}", run.stderr);
    let run = export(&vm, &["--profile", "work", "-"]).success();
    run.says(", or your whole credential by `bqcred export --profile work FILE`");
    let inside =
        ["exec", "--token-only", "--scopes", "bigquery", "--", "bqcred", "export", "--token-only", "-"];
    let run = vm.program("bqcred", &inside).may_print_secret().run().success();
    let run = run.says("`bqcred exec --token-only --scopes bigquery -- PROGRAM` (");
    assert!(!run.stderr.contains("whole credential by"), "{}", run.stderr);
}

#[test]
fn a_file_of_another_user_is_refused() {
    let vm = Vm::with_login();
    if std::os::unix::fs::chown(vm.sandbox.write("theirs", "x"), Some(4242), Some(4242)).is_err() {
        return missing("root, for a second user");
    }
    // root could replace it, and its owner would then be another one
    export(&vm, &["--force", "theirs"]).fails(6).says("belongs to another user (uid 4242)");
    assert_eq!(std::fs::read(vm.sandbox.path("theirs")).unwrap(), b"x");
}

#[test]
fn a_token_with_little_time_left_is_replaced_before() {
    let vm = Vm::with_login();
    vm.google.write_expires_in(Some(json!(2_000)));
    vm.program("bqcred", &["token"]).may_print_secret().run().success();
    vm.google.write_expires_in(None);
    export(&vm, &["out.json"]).success().says("(59 min)");
    vm.google.write_expires_in(Some(json!(100)));
    forget_token(&vm);
    export(&vm, &["short.json"])
        .success()
        .says("(1 min); Python's libraries use none with less than 225 s left");
    vm.google.write_expires_in(Some(json!(0)));
    forget_token(&vm);
    export(&vm, &["none.json"]).fails(5);
    assert!(!vm.sandbox.path("none.json").exists());
}

#[test]
fn scopes_and_service_accounts_are_those_of_exec() {
    const READER: &str = "reader@p1.iam.gserviceaccount.com";
    let vm = Vm::new();
    vm.sandbox.login(&vm.google, PERSON, &["--project", "p1", "--scopes", "bigquery,drive"]).success();
    export(&vm, &["--scopes", "bigquery", "narrow.json"]).success();
    let refresh =
        vm.google.requests().into_iter().rfind(|request| request.field("grant_type").is_some()).unwrap();
    assert_eq!(refresh.field("scope").as_deref(), Some(BIGQUERY));
    let before = vm.google.requests().len();
    export(&vm, &["--scopes", "storage", "-"]).fails(4).says("did not grant bqcred devstorage");
    assert_eq!(vm.google.requests().len(), before, "what was not granted is not asked for");
    export(&vm, &["--as", PERSON, "-"]).fails(2).says("name@project.iam.gserviceaccount.com");
    export(&vm, &["--as", READER, "-"]).fails(2).says("its tokens don't reach there");
}

#[test]
fn what_cannot_be_had_leaves_no_file() {
    let vm = Vm::new();
    export(&vm, &["out.json"]).fails(3);
    vm.sandbox.login(&vm.google, PERSON, &["--project", "p1", "--quota-project", "p2"]).success();
    assert_eq!(export(&vm, &["-"]).success().json()["quota_project_id"], "p2");
    vm.google.script_times(20, Endpoint::Token, &Script::Unavailable(503));
    export(&vm, &["--scopes", "bigquery", "out.json"]).fails(5);
    vm.google.clear_scripts();
    vm.google.revoke_grant(PERSON);
    forget_token(&vm);
    let run = export(&vm, &["out.json"]).fails(4).says("bqcred login");
    assert_eq!(run.stdout, "");
    vm.sandbox.login(&vm.google, BOB, &["--project", "p1"]).success();
    assert_eq!(export(&vm, &["-"]).success().json()["account"], BOB);
    assert!(!vm.sandbox.path("out.json").exists());
}

#[test]
fn it_is_not_taken_for_a_credential_by_import() {
    let vm = Vm::with_login();
    export(&vm, &["out.json"]).success();
    vm.google.script_always(Endpoint::Token, Script::Close);
    let run = vm.program("bqcred", &["import", "--profile", "other", "out.json"]).run().fails(2);
    run.says("an access token, and nothing to get another one with").says("`bqcred export FILE` writes");
    assert!(!vm.sandbox.data("other").exists());
}

#[test]
fn a_full_disk_leaves_nothing() {
    let Some(unshare) = find_program("unshare") else { return missing("unshare") };
    let vm = Vm::with_login();
    for program in ["mount", "dd", "ls", "mkdir"] {
        vm.sandbox.link_program(program);
    }
    let script = "mkdir full && mount -t tmpfs -o size=64k none full || exit 77
        dd if=/dev/zero of=full/filler bs=1k 2>/dev/null
        bqcred export --token-only full/out.json; echo $?; ls -A full";
    let run = vm.program(unshare, &["-m", "bash", "-c", script]).run();
    if run.code == Some(77) || run.stdout.is_empty() {
        return missing("a mount namespace");
    }
    assert_eq!(run.stdout, "6\nfiller\n", "{run:?}");
    assert!(run.stderr.contains("df -h"), "{}", run.stderr);
}

#[test]
fn a_keyring_profile_is_exported_and_leaves_nothing_on_disk() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, PERSON) else { return };
    let run = keyring.invoke(&["export", "--token-only", "-"]).may_print_secret().run().success();
    let file = run.json();
    assert_eq!((file["account"].as_str(), file["refresh_token"].as_str()), (Some(PERSON), Some(WORDS)));
    let token = file["token"].as_str().unwrap();
    assert!(token.starts_with("ya29.") && keyring.sandbox.files_with(token).is_empty());
}
