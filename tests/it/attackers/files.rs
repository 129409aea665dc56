//! Folders and links that the attacker made where bqcred writes.

use std::path::{Path, PathBuf};

use super::machine::{ADA, Machine, own};
use crate::common::set_mode;

/// What the attacker puts at `$1/shared/place/bqcred` before bqcred runs, and the expected message.
const PLANTS: &[(&str, &str, &str)] = &[
    ("a link to a folder of the attacker's", "ln -s \"$1/evil\" bqcred", "symbolic link"),
    ("a link to a folder of the person's", "ln -s \"$1/home/precious\" bqcred", "symbolic link"),
    ("a dangling link", "ln -s \"$1/home/nothing\" bqcred", "symbolic link"),
    ("an open folder", "mkdir -m 777 bqcred", "belongs to another user"),
    ("a closed folder", "mkdir -m 700 bqcred", ""),
    ("a file", "echo mine >bqcred", ""),
];

/// Everything in a folder, with its content: to check that nothing was added or changed.
fn look(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                _ => found.push((entry.path(), std::fs::read(entry.path()).unwrap_or_default())),
            }
        }
    }
    found.sort();
    found
}

/// A variable that makes bqcred use a world-writable folder, and a command that writes there.
const PLACES: &[(&str, &[&str])] = &[
    ("XDG_DATA_HOME", &["import", "adc.json"]),
    ("XDG_CONFIG_HOME", &["use", "default"]),
    ("XDG_STATE_HOME", &["login", "--start"]),
    ("XDG_CACHE_HOME", &["token", "--min-ttl", "99999"]),
];

#[test]
fn folders_of_another_user_are_not_written_to() {
    for (variable, words) in PLACES {
        let Some(machine) = Machine::new() else { return };
        machine.login(&[]);
        let adc = std::fs::read(machine.sandbox.adc("default")).unwrap();
        let file = machine.sandbox.write("home/adc.json", adc);
        own(&file, machine.uid);
        set_mode(&file, 0o600);
        let precious = machine.sandbox.write("home/precious/adc.json", "precious");
        own(&precious, machine.uid);
        own(precious.parent().unwrap(), machine.uid);
        let place = machine.sandbox.path("shared/place");
        for (plant, script, says) in PLANTS {
            machine.attacker(&format!("mkdir -m 1777 \"$1/shared/place\"; cd \"$1/shared/place\"; {script}"));
            let before =
                (look(&place), look(&machine.sandbox.path("evil")), look(precious.parent().unwrap()));
            let run = machine
                .person(words)
                .env(variable, &place)
                .env("BQCRED_CLIENT_ID_FILE", machine.sandbox.path("client.json"))
                .current_dir(machine.sandbox.home())
                .may_print_secret()
                .run();
            let case = format!("{variable}, {plant}: {run:?}");
            // a token that can't be cached is printed all the same
            let code = if *variable == "XDG_CACHE_HOME" { 0 } else { 6 };
            assert_eq!(run.code, Some(code), "{case}");
            assert!(code == 0 || run.stderr.contains(says), "{case}");
            let after = (look(&place), look(&machine.sandbox.path("evil")), look(precious.parent().unwrap()));
            assert_eq!(after, before, "{case}");
            machine.assert_kept_from_attacker();
            machine.attacker("rm -rf \"$1/shared/place\"");
        }
    }
}

#[test]
fn swapped_data_folder_is_not_trusted() {
    let Some(machine) = Machine::new() else { return };
    let data = machine.sandbox.path("open/data");
    let (state, cache) = (machine.sandbox.path("open/state"), machine.sandbox.path("open/cache"));
    let env: [(&str, &Path); 3] =
        [("XDG_DATA_HOME", &data), ("XDG_STATE_HOME", &state), ("XDG_CACHE_HOME", &cache)];
    machine.login(&env);
    machine.assert_kept_from_attacker();
    // a user who can write to the parent folder can replace ours
    let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let uri = format!("http://{}/token", trap.local_addr().unwrap());
    let mallorys = serde_json::json!({"type": "authorized_user", "client_id": "x", "client_secret": "y",
        "refresh_token": "mallorys", "account": "mallory@example.com"});
    let profile = serde_json::json!({"account": ADA, "store": "file", "endpoints":
        {"auth_uri": uri, "token_uri": uri, "revoke_uri": uri, "tokeninfo_uri": uri}});
    let plants = [
        format!("echo '{mallorys}' >adc.json; echo '{profile}' >profile.json; chmod 644 *"),
        format!("echo '{mallorys}' >adc.json; echo '{profile}' >profile.json; chmod 600 *"),
        // the user's own credential, with the attacker's server
        format!(
            "ln -s \"$1/open/theirs/bqcred/default/adc.json\" adc.json; echo '{profile}' >profile.json; chmod 644 profile.json"
        ),
        "rmdir ../default; ln -s \"$1/open/theirs/bqcred/default\" ../default".to_owned(),
        "cd ../..; rm -r bqcred; ln -s \"$1/open/theirs/bqcred\" bqcred".to_owned(),
    ];
    machine.attacker("mv \"$1/open/data\" \"$1/open/theirs\"");
    for plant in plants {
        machine.attacker(&format!(
            "rm -rf \"$1/open/data\"; mkdir -p \"$1/open/data/bqcred/default\"; cd \"$1/open/data/bqcred/default\"; {plant}"
        ));
        for words in [
            &["token"][..],
            &["env", "--shell=sh"],
            &["status"],
            &["revoke", "--yes"],
            &["exec", "--", "true"],
        ] {
            let run = env.iter().fold(machine.person(words), |it, (name, value)| it.env(name, value)).run();
            assert!(matches!(run.code, Some(3 | 6)), "{plant}\n{run:?}");
            assert!(!run.stdout.contains("mallory"), "{run:?}");
        }
        assert!(trap.accept().is_err(), "{plant}: the attacker's server was asked");
    }
    assert_eq!(machine.google.valid_tokens(ADA).len(), 1);
}

#[test]
fn home_of_another_user_is_not_trusted() {
    let Some(machine) = Machine::new() else { return };
    let client = serde_json::json!({"installed": {"client_id": "evil", "client_secret": "x"}});
    machine.attacker(&format!(
        "mkdir -p \"$1/evil/home/.config/bqcred\"; cd \"$1/evil/home/.config/bqcred\"; chmod 755 . ..\n\
         echo '{client}' >client.json; echo '{{\"profile\": \"evil\"}}' >config.json; chmod 644 *"
    ));
    let home = machine.sandbox.path("evil/home");
    // as after `sudo -u` without -H
    let run = |words: &[&str]| {
        let mut invocation = machine.person(words).env("HOME", &home);
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            invocation = invocation.env_remove(name);
        }
        invocation.run()
    };
    run(&["client", "show", "--profile", "x"]).fails(6).says("belongs to another user");
    run(&["login", "--start", "--profile", "x"]).fails(6);
    assert_eq!(run(&["env"]).code, Some(6));
    machine.assert_kept_from_attacker();
}

#[test]
fn export_does_not_follow_links_of_another_user() {
    let Some(machine) = Machine::new() else { return };
    machine.login(&[]);
    let precious = machine.sandbox.write("home/precious", "precious");
    own(&precious, machine.uid);
    let target = machine.sandbox.path("shared/adc.json");
    let export = |more: &[&str]| {
        let words = [&["export"], more].concat();
        machine.person(&words).env("CLOUDSDK_CONFIG", machine.sandbox.path("shared")).run()
    };
    let unharmed = || {
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
        assert_eq!(look(&machine.sandbox.path("evil")), []);
        machine.assert_kept_from_attacker();
    };
    for to in ["home/precious", "evil/file", "home/new"] {
        machine.attacker(&format!("ln -s \"$1/{to}\" \"$1/shared/adc.json\""));
        export(&[target.to_str().unwrap()]).fails(2).says("exists already");
        export(&[target.to_str().unwrap(), "--force"]).fails(6);
        unharmed();
        machine.attacker("rm \"$1/shared/adc.json\"");
    }
    // a link of the user that leads to one of the attacker's
    machine.attacker("ln -s \"$1/home/precious\" \"$1/shared/adc.json\"");
    let own_link = machine.sandbox.path("home/link");
    std::os::unix::fs::symlink(&target, &own_link).unwrap();
    own(&own_link, machine.uid);
    export(&[own_link.to_str().unwrap(), "--force"]).fails(6).says("belongs to another user");
    unharmed();
    // gcloud's default file, and the backup of the previous one
    for name in ["application_default_credentials.json", "application_default_credentials.json.before-bqcred"]
    {
        // the backups of the user's previous file
        for left in [name.to_owned(), format!("{name}.before-bqcred")] {
            let _ = std::fs::remove_file(machine.sandbox.path("shared").join(left));
        }
        machine.attacker(&format!("ln -sf \"$1/home/precious\" \"$1/shared/{name}\""));
        if name.ends_with("bqcred") {
            let there = machine.sandbox.write("shared/application_default_credentials.json", "theirs");
            own(&there, machine.uid);
        }
        assert!(matches!(export(&["--well-known", "--force"]).code, Some(1 | 6)), "{name}");
        unharmed();
        machine.attacker(&format!("rm \"$1/shared/{name}\""));
    }
}

#[test]
fn hard_linked_file_is_replaced_not_overwritten() {
    let Some(machine) = Machine::new() else { return };
    machine.login(&[]);
    // where the system lets people make hard links to files of others (fs.protected_hardlinks=0)
    let precious = machine.sandbox.write("home/precious", "precious");
    own(&precious, machine.uid);
    for name in ["shared/adc.json", "home/.cache/bqcred/default.token"] {
        let _ = std::fs::remove_file(machine.sandbox.path(name));
        std::fs::create_dir_all(machine.sandbox.path(name).parent().unwrap()).unwrap();
        std::fs::hard_link(&precious, machine.sandbox.path(name)).unwrap();
    }
    own(&machine.sandbox.path("home/.cache"), machine.uid);
    own(&machine.sandbox.path("home/.cache/bqcred"), machine.uid);
    let target = machine.sandbox.path("shared/adc.json");
    machine.person(&["export", "--force", target.to_str().unwrap()]).run().success();
    machine.person(&["token", "--min-ttl", "99999"]).may_print_secret().run().success();
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
    machine.assert_kept_from_attacker();
}

#[test]
fn runtime_folder_of_another_user_is_not_used() {
    let Some(machine) = Machine::new() else { return };
    machine.login(&[]);
    let shm = format!("/dev/shm/bqcred-{}", machine.uid);
    let evil = tempfile::Builder::new().prefix("bqcred-evil-").tempdir_in("/dev/shm").unwrap();
    set_mode(evil.path(), 0o777);
    let exec = |runtime: &Path| {
        let words = ["exec", "--file", "--", "sh", "-c", "echo \"$GOOGLE_APPLICATION_CREDENTIALS\""];
        machine.person(&words).env("XDG_RUNTIME_DIR", runtime).current_dir(machine.sandbox.home()).run()
    };
    // a folder of the user's that anybody can write to, a link, no absolute path, and the attacker's own
    let open = evil.path().join("open");
    std::fs::create_dir(&open).unwrap();
    own(&open, machine.uid);
    set_mode(&open, 0o777);
    machine.attacker(&format!(
        "ln -s {} {}/link; mkdir -m 777 {0}/own",
        evil.path().display(),
        evil.path().display()
    ));
    for runtime in
        [&open, &evil.path().join("link"), Path::new("relative"), &evil.path().join("own"), Path::new("/")]
    {
        let path = exec(runtime).success().stdout;
        assert!(path.starts_with(&format!("{shm}/")), "{}: {path}", runtime.display());
    }
    assert!(!machine.sandbox.home().join("relative").exists());
    // the fallback folder, taken by the attacker
    std::fs::remove_dir_all(&shm).unwrap();
    for plant in [
        format!("mkdir -m 777 {shm}"),
        format!("ln -s {} {shm}", evil.path().display()),
        format!("echo x >{shm}"),
    ] {
        machine.attacker(&plant);
        exec(&evil.path().join("own")).fails(6).says("no folder in memory");
        // and it does not block cleaning up
        machine.person(&["lock"]).run().success();
        machine.assert_kept_from_attacker();
        machine.attacker(&format!("rm -rf {shm}"));
    }
    let left = look(evil.path());
    assert!(left.iter().all(|(path, _)| path.ends_with("link")), "{left:?}");
}

#[test]
fn no_file_is_created_in_a_world_writable_folder() {
    let Some(machine) = Machine::new() else { return };
    let evil = machine.sandbox.path("evil");
    let before = std::fs::metadata(&evil).unwrap().modified().unwrap();
    let run = |words: &[&str]| machine.person(words).env("TMPDIR", &evil).may_print_secret().run();
    machine.login(&[("TMPDIR", &evil)]);
    let copy = machine.sandbox.home().join("copy.json");
    for words in [
        &["token"][..],
        &["env", "--shell=sh"],
        &["status"],
        &["exec", "--", "true"],
        &["exec", "--file", "--", "true"],
        &["export", copy.to_str().unwrap()],
        &["import", copy.to_str().unwrap(), "--force"],
        &["doctor", "--offline"],
        &["revoke", "--yes"],
    ] {
        run(words);
    }
    // even a temporary file would have changed the folder's time
    assert_eq!(std::fs::metadata(&evil).unwrap().modified().unwrap(), before);
    machine.assert_kept_from_attacker();
}
