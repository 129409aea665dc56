//! Credentials in the OS keyring: a real Secret Service, its failures, `move`, session files and `lock`.
#![cfg(target_os = "linux")]

use std::time::Duration;

use crate::common::keyring::{Bus, Keyring};
use crate::common::{self, Consent, Google, Run, Sandbox, mode};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// The time limit for a keyring that does not answer is 5 s, where D-Bus itself would wait for 25 s; a slow
/// machine adds to that.
const PATIENCE: Duration = Duration::from_secs(20);

fn session_file(keyring: &Keyring) -> std::path::PathBuf {
    keyring.sandbox.session_file("default")
}

#[test]
fn login_saves_secrets_in_the_keyring_only() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let token = keyring.bqcred_token();
    let item: serde_json::Value = serde_json::from_str(&keyring.lookup("default")).unwrap();
    assert_eq!((&item["type"], &item["account"]), (&"authorized_user".into(), &ADA.into()));
    assert_eq!(item["token"], token.as_str(), "google-auth's own key");
    assert!(item["expiry"].as_str().unwrap().ends_with('Z'));
    for secret in [item["refresh_token"].as_str().unwrap(), &token] {
        assert_eq!(keyring.sandbox.files_with(secret), Vec::<std::path::PathBuf>::new());
    }
    let list = keyring.bqcred(&["list", "--json"]).json();
    assert_eq!((&list[0]["store"], &list[0]["account"]), (&"keyring".into(), &ADA.into()));
    let status = keyring.bqcred(&["status"]).success().stdout;
    assert!(status.contains("store       keyring\n") && status.contains("credential  valid"), "{status}");
}

#[test]
fn exec_passes_the_credential_but_no_keyring_connection() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let script = "cat $GOOGLE_APPLICATION_CREDENTIALS; ls -l /proc/self/fd >&2";
    let run = keyring.invoke(&["exec", "--", "sh", "-c", script]).may_print_secret().run().success();
    assert!(run.stdout.contains(&keyring.refresh_token("default")));
    // descriptors that the tests themselves inherited do not count
    let plain = keyring.sandbox.program("sh", &["-c", "ls -l /proc/self/fd"]).run().success().stdout;
    let connections = |open: &str| open.matches("socket:").count() + open.matches("anon_inode:").count();
    assert_eq!(connections(&run.stderr), connections(&plain), "{}", run.stderr);
}

#[test]
fn access_token_is_cached_in_the_keyring() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let token = keyring.bqcred_token();
    let asked = google.count("/token");
    assert_eq!(keyring.bqcred_token(), token);
    assert_eq!(google.count("/token"), asked);
    keyring.invoke(&["token", "--min-ttl", "100000"]).may_print_secret().run().success();
    assert_eq!(google.count("/token"), asked + 1);
}

#[test]
fn login_without_store_option_keeps_the_store() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let before = keyring.refresh_token("default");
    keyring.login(&google, ADA, &[]).success();
    assert_ne!(keyring.refresh_token("default"), before);
    assert!(!keyring.sandbox.adc("default").exists());
}

#[test]
fn env_writes_the_session_file_once() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let file = session_file(&keyring);
    let first = keyring.bqcred(&["env", "--format", "json"]).success().says("bqcred lock");
    assert_eq!(first.json()["GOOGLE_APPLICATION_CREDENTIALS"], file.to_str().unwrap());
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let content: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(content["refresh_token"], keyring.refresh_token("default"));
    assert_eq!(content.get("token"), None, "no library is to find a token that gets stale");
    keyring.freeze();
    let second = keyring.bqcred(&["env", "--format", "json"]).success();
    assert_eq!((second.stdout, second.stderr.as_str()), (first.stdout, ""));
    keyring.bqcred(&["list"]).success();
    keyring.thaw();
}

#[test]
fn session_file_is_updated_with_the_credential() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let file = session_file(&keyring);
    keyring.bqcred(&["env", "--shell", "sh"]).success();
    let old = std::fs::read(&file).unwrap();
    keyring.login(&google, ADA, &["--quota-project", "q1"]).success();
    let new: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_ne!(std::fs::read(&file).unwrap(), old);
    assert_eq!(new["quota_project_id"], "q1");
    // another file in its place, or a broken one: the next `env` fixes it
    for other in [old.as_slice(), b"{", b""] {
        std::fs::write(&file, other).unwrap();
        keyring.bqcred(&["env", "--shell", "sh"]).success().says("now has a session file in memory");
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&std::fs::read(&file).unwrap()).unwrap(), new);
    }
    keyring.bqcred(&["forget"]).success();
    assert!(!file.exists() && keyring.lookup("default").is_empty());
}

#[test]
fn lock_removes_session_files_and_keeps_the_keyring_item() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    for profile in ["default", "default", "other"] {
        if profile == "other" {
            let adc = keyring.sandbox.write("adc.json", keyring.lookup("default"));
            let import =
                ["import", adc.to_str().unwrap(), "--profile", "other", "--store", "keyring", "--move"];
            keyring.bqcred(&import).success();
        }
        keyring.bqcred(&["env", "--shell", "sh", "--profile", profile]).success();
    }
    let (file, other) = (session_file(&keyring), keyring.sandbox.session_file("other"));
    keyring.bqcred(&["lock", "--profile", "othr"]).fails(3).says("other");
    keyring.bqcred(&["lock", "--profile", "other"]).fails(0).says("session files removed: other;");
    assert!(file.exists() && !other.exists());
    keyring.bqcred(&["env", "--shell", "sh", "--profile", "other"]).success();
    keyring.bqcred(&["lock"]).fails(0).says("session files removed: default, other;");
    assert!(!file.exists() && !other.exists());
    keyring.bqcred(&["lock", "--all"]).fails(0).says("no session file to remove");
    keyring.bqcred(&["lock", "--all", "--profile", "other"]).fails(2);
    keyring.bqcred(&["env", "--shell", "sh"]).success();
}

#[test]
fn env_refuses_a_session_file_outside_memory_and_suggests_exec() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let env = |runtime: &str| {
        let run = keyring.invoke(&["env", "--shell", "sh"]).env("XDG_RUNTIME_DIR", runtime).run();
        assert!(run.is_failing_eval(), "{run:?}");
        run.code(6).says("bqcred exec -- PROGRAM")
    };
    env("").says("XDG_RUNTIME_DIR, the folder for session files, is not set to an absolute path");
    env("relative").says("XDG_RUNTIME_DIR, the folder for session files, is not set to an absolute path");
    let nowhere = keyring.sandbox.path("nowhere");
    env(nowhere.to_str().unwrap()).says("no such file");
    let disk = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    if keyring.file_system(disk) != "tmpfs" {
        let folder = tempfile::tempdir_in(disk).unwrap();
        env(folder.path().to_str().unwrap()).says("is on a disk, not in memory");
        assert!(!folder.path().join("bqcred").exists());
    }
    let open = tempfile::tempdir_in("/dev/shm").unwrap();
    common::set_mode(open.path(), 0o777);
    env(open.path().to_str().unwrap()).says("can be changed by others");
    let link = open.path().join("bqcred");
    common::set_mode(open.path(), 0o700);
    std::os::unix::fs::symlink("/dev/shm", &link).unwrap();
    env(open.path().to_str().unwrap()).says("symbolic link");
}

/// Failures of a keyring: what is wrong, the run, a part of the message, a part of the hint.
fn failures(google: &Google) -> Vec<(&'static str, Option<Run>, &'static str, &'static str)> {
    let exec = |keyring: &Keyring| keyring.bqcred(&["exec", "--", "true"]);
    let with = |act: &dyn Fn(&mut Keyring) -> Run| {
        Keyring::with_login(google, ADA).map(|mut keyring| act(&mut keyring))
    };
    let on_bus = |rules: &str, keyring: &Keyring| {
        let bus = Bus::start(&keyring.sandbox, rules).unwrap();
        keyring.invoke(&["exec", "--", "true"]).envs([bus.env()]).run()
    };
    vec![
        (
            "no bus",
            with(&|keyring| keyring.sandbox.bqcred(&["exec", "--", "true"])),
            "there is no session bus",
            "dbus-run-session",
        ),
        (
            "no service",
            with(&|keyring| on_bus("", keyring)),
            "nothing provides org.freedesktop.secrets",
            "--start",
        ),
        (
            "locked",
            with(&|keyring| {
                keyring.lock();
                exec(keyring)
            }),
            "the keyring is locked, and no prompt can be shown here",
            "--unlock",
        ),
        (
            "prompt closed",
            with(&|keyring| {
                keyring.lock();
                keyring.invoke(&["exec", "--", "true"]).env("DISPLAY", ":77").run()
            }),
            "the prompt to unlock it was closed",
            "run the same command again",
        ),
        (
            "killed",
            with(&|keyring| {
                keyring.kill_service();
                exec(keyring)
            }),
            "nothing provides org.freedesktop.secrets",
            "--start",
        ),
        (
            "hangs",
            with(&|keyring| {
                keyring.freeze();
                let run = exec(keyring);
                keyring.thaw();
                run
            }),
            "did not answer within 5 s",
            "--replace",
        ),
    ]
}

#[test]
fn each_keyring_failure_has_its_own_message_and_hint() {
    let google = Google::start();
    let mut words = Vec::new();
    for (what, run, said, remedy) in failures(&google) {
        let Some(run) = run else { return };
        assert!(run.time < PATIENCE, "{what} took {:?}", run.time);
        let run = run.fails(6).says(said).says(remedy);
        assert!(!run.stderr.contains("sign in again"), "{what}: {}", run.stderr);
        words.push(run.stderr);
    }
    words.sort();
    words.dedup();
    assert_eq!(words.len(), 5, "a service that was killed is one that isn't there; all others differ");
}

#[test]
fn access_denied_by_the_bus_is_reported() {
    let rules = "<deny send_destination=\"org.freedesktop.secrets\" send_interface=\"org.freedesktop.Secret.Service\" send_member=\"OpenSession\"/>";
    let Some(keyring) = Keyring::with_rules(rules) else { return };
    let adc = keyring.sandbox.write("adc.json", ADC);
    keyring
        .bqcred(&["import", adc.to_str().unwrap(), "--store", "keyring"])
        .fails(6)
        .says("access to the keyring is denied");
}

const ADC: &str =
    r#"{"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}"#;

#[test]
fn unusable_keyring_is_reported_before_sign_in() {
    let google = Google::start();
    let Some(mut keyring) = Keyring::start() else { return };
    let client = keyring.sandbox.client_file(&google);
    let login = ["login", "--start", "--client-id-file", &client, "--store", "keyring"];
    keyring.lock();
    keyring.bqcred(&login).fails(6).says("locked");
    keyring.freeze();
    let run = keyring.bqcred(&login).fails(6).says("did not answer");
    assert!(run.time < PATIENCE, "{:?}", run.time);
    keyring.thaw();
    keyring.kill_service();
    keyring.bqcred(&login).fails(6).says("nothing provides");
    assert_eq!(google.requests().len(), 0);
    assert!(!keyring.sandbox.home().join(".local/state/bqcred").exists(), "no login waits for an answer");
}

#[test]
fn store_auto_uses_the_keyring_or_explains_why_not() {
    let google = Google::start();
    let Some(mut keyring) = Keyring::start() else { return };
    keyring.login(&google, ADA, &["--store", "auto"]).success();
    assert!(!keyring.lookup("default").is_empty() && !keyring.sandbox.adc("default").exists());
    keyring.kill_service();
    let adc = keyring.sandbox.write("adc.json", ADC);
    let import = ["import", adc.to_str().unwrap(), "--store", "auto", "--profile", "two"];
    // the double knows nothing of this credential
    let run = keyring.bqcred(&import);
    let line = "bqcred: there is no keyring on this session bus (nothing provides org.freedesktop.secrets); \
                the credential is stored in a file that only you can read\n";
    assert!(run.stderr.starts_with(line), "{}", run.stderr);
}

#[test]
fn answer_can_be_given_again_after_a_locked_keyring() {
    let google = Google::start();
    let Some(mut keyring) = Keyring::start() else { return };
    let client = keyring.sandbox.client_file(&google);
    let start =
        keyring.bqcred(&["login", "--start", "--client-id-file", &client, "--store", "keyring"]).success();
    let redirect = google.approve_with(start.stdout.trim(), Consent::all(ADA));
    let finish = |keyring: &Keyring| keyring.invoke(&["login", "--finish", "-"]).stdin(&redirect).run();
    keyring.lock();
    finish(&keyring).fails(6).says("locked");
    keyring.kill_service();
    keyring.start_service();
    finish(&keyring).success();
    assert!(keyring.lookup("default").contains(ADA));
}

#[test]
fn waiting_for_the_keyring_is_shown_and_can_be_stopped() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    keyring.freeze();
    let mut command = keyring.command(env!("CARGO_BIN_EXE_bqcred"));
    command.args(["exec", "--", "true"]);
    let mut terminal = common::spawn_in_terminal(command);
    terminal.exp_string("waiting for the keyring").unwrap();
    terminal.exp_string("Ctrl-C cancels").unwrap();
    terminal.send_control('c').unwrap();
    terminal.exp_eof().unwrap();
    keyring.thaw();
}

#[test]
fn duplicate_items_are_reported_and_forget_removes_them() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    keyring.put("default", &["target", "other"], "x");
    keyring.bqcred(&["exec", "--", "true"]).fails(6).says("holds 2 items").says("secret-tool search");
    keyring.bqcred(&["forget"]).success();
    assert!(!keyring.search().contains("username"), "{}", keyring.search());
}

#[test]
fn invalid_item_is_reported_and_kept() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    keyring.put("default", &[], "{\"refresh_token\": \"1//0canary-mine\", ");
    keyring.bqcred(&["exec", "--", "true"]).fails(6).says("item for profile default").says("ends too early");
    keyring.login(&google, ADA, &[]).success().says(".unreadable-");
    keyring.bqcred(&["exec", "--", "true"]).success();
    assert!(keyring.search().contains("1//0canary-mine"));
}

#[test]
fn move_to_file_and_back_to_keyring() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let token = keyring.refresh_token("default");
    keyring.bqcred(&["env", "--shell", "sh"]).success();
    keyring.bqcred(&["move", "--store", "file"]).fails(0).says("is now in the file");
    let adc = std::fs::read_to_string(keyring.sandbox.adc("default")).unwrap();
    assert!(adc.contains(&token) && keyring.lookup("default").is_empty());
    assert!(!session_file(&keyring).exists());
    keyring.bqcred(&["status"]).success();
    keyring.bqcred(&["move", "--store", "file"]).fails(0).says("is in the file already");
    let spec = "{\"argv\": [\"python\"], \"language\": \"python\"}";
    keyring.sandbox.write("home/.local/share/jupyter/kernels/py/kernel.json", spec);
    keyring.bqcred(&["kernel", "install", "py"]).success();
    let run = keyring.bqcred(&["move", "--store", "keyring"]).fails(0);
    run.says("is now in the keyring").says("`bqcred kernel install --exec`");
    assert_eq!(keyring.refresh_token("default"), token);
    assert_eq!(keyring.sandbox.files_with(&token), Vec::<std::path::PathBuf>::new());
    let known = keyring.bqcred(&["list", "--json"]).json();
    assert_eq!(known[0]["account"], ADA, "what is known about the profile came along");
    keyring.bqcred(&["move", "--store", "auto"]).fails(2);
    keyring.bqcred(&["move", "--store", "file", "--profile", "nobody"]).fails(3);
}

#[test]
fn failed_move_to_the_keyring_changes_nothing() {
    let google = Google::start();
    let Some(keyring) = Keyring::start() else { return };
    keyring.login(&google, ADA, &["--store", "file"]).success();
    let before = std::fs::read(keyring.sandbox.data("default").join("profile.json")).unwrap();
    keyring.lock();
    keyring.bqcred(&["move", "--store", "keyring"]).fails(6).says("locked");
    assert_eq!(std::fs::read(keyring.sandbox.data("default").join("profile.json")).unwrap(), before);
    assert!(keyring.sandbox.adc("default").exists());
}

/// Whether the credential is in the file, and in the keyring.
fn places(keyring: &Keyring) -> (bool, bool) {
    (keyring.sandbox.adc("default").exists(), !keyring.lookup("default").is_empty())
}

#[test]
fn killed_move_loses_nothing_and_the_next_run_completes_it() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let token = keyring.refresh_token("default");
    // how long a move takes on this machine, so that the kills are spread over all of it
    let started = std::time::Instant::now();
    for to in ["file", "keyring"] {
        keyring.bqcred(&["move", "--store", to]).success();
    }
    let whole = started.elapsed() / 2;
    let mut to_file = true;
    let mut halves = 0;
    for round in 0..60_u32 {
        let to = if to_file { "file" } else { "keyring" };
        let mut moving = keyring.command(env!("CARGO_BIN_EXE_bqcred"));
        let mut moving =
            moving.args(["move", "--store", to]).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole * round / 50); // chance, not order
        let _ = moving.kill();
        moving.wait().unwrap();
        assert_ne!(places(&keyring), (false, false), "round {round}: it lies nowhere");
        let profile = std::fs::read_to_string(keyring.sandbox.data("default").join("profile.json")).unwrap();
        halves += usize::from(profile.contains("leftover"));
        // the first command after it finds a valid credential
        keyring.bqcred(&["status", "--offline"]).success();
        keyring.bqcred(&["move", "--store", to]).success();
        assert_eq!(places(&keyring), (to_file, !to_file), "round {round}");
        to_file = !to_file;
    }
    if halves == 0 {
        common::skipped("no kill hit the middle of a move");
    }
    let kept = if to_file { keyring.refresh_token("default") } else { token.clone() };
    assert_eq!(kept, token);
}

#[test]
fn leftover_copy_is_removed_by_refresh_and_forget() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let item = keyring.lookup("default");
    keyring.bqcred(&["move", "--store", "file"]).success();
    let leave = || {
        keyring.put("default", &[], &item);
        let path = keyring.sandbox.data("default").join("profile.json");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen('{', "{\"leftover\": \"keyring\",", 1)).unwrap();
        assert_eq!(places(&keyring), (true, true));
    };
    leave();
    keyring.bqcred(&["status"]).success();
    assert_eq!(places(&keyring), (true, false));
    leave();
    keyring.bqcred(&["forget"]).success();
    assert_eq!(places(&keyring), (false, false));
}

#[test]
fn login_to_the_other_store_clears_the_first() {
    let google = Google::start();
    let Some(mut keyring) = Keyring::with_login(&google, ADA) else { return };
    keyring.login(&google, BOB, &["--store", "file"]).success();
    assert_eq!(places(&keyring), (true, false));
    keyring.login(&google, ADA, &["--store", "keyring"]).success();
    assert_eq!(places(&keyring), (false, true));
    // a stopped keyring must not block the file store, and is cleared when it runs again
    keyring.kill_service();
    keyring
        .login(&google, BOB, &["--store", "file"])
        .success()
        .says("earlier credential is still in the keyring");
    keyring.start_service();
    assert_eq!(places(&keyring), (true, true));
    keyring.bqcred(&["status"]).success();
    assert_eq!(places(&keyring), (true, false));
}

/// A bus that never answers: any use of the keyring would connect to it.
#[test]
fn file_profiles_never_use_the_keyring() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--store", "file", "--project", "p1"]).success();
    let path = sandbox.path("bus");
    let bus = std::os::unix::net::UnixListener::bind(&path).unwrap();
    bus.set_nonblocking(true).unwrap();
    let bqcred = |args: &[&str]| {
        let address = format!("unix:path={}", path.display());
        sandbox.invoke(args).env("DBUS_SESSION_BUS_ADDRESS", address).run()
    };
    for args in
        [&["env", "--shell", "sh"] as &[&str], &["list"], &["lock"], &["exec", "--", "true"], &["status"]]
    {
        bqcred(args).success();
        assert!(bus.accept().is_err(), "{args:?} asked for the keyring");
    }
    bqcred(&["move", "--store", "keyring"]).fails(6);
    assert!(bus.accept().is_ok(), "nobody was noticed");
}

#[test]
fn concurrent_token_commands_refresh_once() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let before = google.count("/token");
    let tokens: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..12).map(|_| scope.spawn(|| keyring.bqcred_token())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_eq!(google.count("/token"), before + 1);
    assert_eq!(keyring.search().matches("attribute.username").count(), 1);
}

/// What a library of a program under `exec --token-only` does, whenever it reads a line.
const ASK: &str = r#"
  file=$GOOGLE_APPLICATION_CREDENTIALS
  field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$file"; }
  while read -r line; do
    curl -s "$(field token_url)" -d grant_type=refresh_token -d "refresh_token=$(field refresh_token)" |
      sed 's/ya29[^"]*/TOKEN/'; echo
  done
"#;

#[test]
fn a_program_with_tokens_outlasts_a_keyring_that_can_not_be_used() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::process::Stdio;
    let google = Google::start();
    let Some(mut keyring) = Keyring::with_login(&google, ADA) else { return };
    for program in ["bash", "curl", "sed"] {
        keyring.sandbox.link_program(program);
    }
    keyring.lock();
    let exec = ["exec", "--token-only", "--scopes", "bigquery"];
    let run = keyring.invoke(&[&exec[..], &["--", "true"]].concat()).envs(google.env()).run();
    run.fails(6).says("the keyring is locked");
    let mut command = keyring.command(env!("CARGO_BIN_EXE_bqcred"));
    command.args(exec).args(["--always-start", "--", "bash", "-euc", ASK]).envs(google.env());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = command.spawn().unwrap();
    let mut answers = BufReader::new(program.stdout.take().unwrap()).lines();
    let input = program.stdin.take().unwrap();
    let mut ask = || -> serde_json::Value {
        writeln!(&input, "ask").unwrap();
        serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap()
    };
    let words =
        |answer: &serde_json::Value| answer["error_description"].as_str().unwrap_or_default().to_owned();
    let answer = ask();
    assert!(words(&answer).starts_with("bqcred: the keyring is locked"), "{answer}");
    keyring.kill_service();
    let answer = ask();
    assert!(words(&answer).contains("org.freedesktop.secrets"), "{answer}");
    keyring.start_service();
    keyring.freeze();
    let answer = ask();
    assert!(words(&answer).contains("did not answer within 5 s"), "{answer}");
    keyring.thaw();
    // the request that was given up has to come to its end first
    let ends = std::time::Instant::now() + PATIENCE;
    loop {
        let answer = ask();
        if answer["access_token"] == "TOKEN" {
            break;
        }
        assert!(std::time::Instant::now() < ends, "{answer}");
    }
    drop(input);
    let mut said = String::new();
    program.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(program.wait().unwrap().success());
    assert!(said.contains("starting the program all the same") && !said.contains("waiting for"), "{said}");
}

#[test]
fn an_empty_sandbox_has_nothing_to_lock() {
    Sandbox::new().bqcred(&["lock"]).fails(0).says("no session file to remove");
}

trait Tokens {
    fn bqcred_token(&self) -> String;
    fn file_system(&self, path: &std::path::Path) -> String;
}

impl Tokens for Keyring {
    fn bqcred_token(&self) -> String {
        self.invoke(&["token"]).may_print_secret().run().success().stdout.trim().to_owned()
    }

    fn file_system(&self, path: &std::path::Path) -> String {
        self.sandbox
            .program("stat", &["-f", "-c", "%T", path.to_str().unwrap()])
            .run()
            .stdout
            .trim()
            .to_owned()
    }
}
