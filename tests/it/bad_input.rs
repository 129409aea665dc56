//! Every file that bqcred reads, damaged in every way: a clear error that names the file, the right exit
//! code, nothing overwritten, nothing quoted, no panic.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::common::{self, Google, Run, Sandbox};

const ADA: &str = "ada@example.com";
/// Occurs in every damaged file, and must not occur in any output.
const CONTENT: &str = "quoted-content-marker";

type Damage = (&'static str, fn(&Path));

const DAMAGES: &[Damage] = &[
    ("empty", |path| std::fs::write(path, "").unwrap()),
    ("blank", |path| std::fs::write(path, "  \n\n").unwrap()),
    ("half", |path| {
        let whole = std::fs::read(path).unwrap();
        std::fs::write(path, &whole[..whole.len() / 2]).unwrap();
    }),
    ("binary", |path| std::fs::write(path, [0xff, 0xfe, 0, 1, 2, 0x80]).unwrap()),
    ("utf16", |path| {
        let text: Vec<u8> =
            "{\"a\":\"quoted-content-marker\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        std::fs::write(path, text).unwrap();
    }),
    ("bom", |path| std::fs::write(path, format!("\u{feff}{{\"a\":\"{CONTENT}\"}}")).unwrap()),
    ("huge", |path| std::fs::write(path, vec![b'x'; 3 << 20]).unwrap()),
    ("text", |path| std::fs::write(path, CONTENT).unwrap()),
    ("array", |path| std::fs::write(path, format!("[\"{CONTENT}\"]")).unwrap()),
    ("number", |path| std::fs::write(path, "7").unwrap()),
    ("wrong kinds", |path| {
        std::fs::write(path, format!(
            "{{\"type\":[\"{CONTENT}\"],\"refresh_token\":7,\"account\":{{}},\"installed\":\"{CONTENT}\",\"store\":\"{CONTENT}\",\
             \"profile\":[1],\"scopes\":\"{CONTENT}\",\"state\":1}}"
        ))
        .unwrap();
    }),
    ("folder", |path| {
        std::fs::remove_file(path).unwrap();
        std::fs::create_dir(path).unwrap();
    }),
    ("fifo", |path| {
        std::fs::remove_file(path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    }),
    ("link", |path| {
        let elsewhere = path.with_file_name("elsewhere");
        std::fs::rename(path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, path).unwrap();
    }),
    ("dangling link", |path| {
        std::fs::remove_file(path).unwrap();
        std::os::unix::fs::symlink("/no/such/place", path).unwrap();
    }),
    ("open to others", |path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap()
    }),
    ("unreadable", |path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap()),
];

/// The content of a path, to check that nothing was overwritten.
fn look(path: &Path) -> (Option<Vec<u8>>, Option<PathBuf>, bool) {
    let kind = path.symlink_metadata().map(|meta| meta.file_type());
    let file = kind.as_ref().is_ok_and(std::fs::FileType::is_file);
    let content = if file { std::fs::read(path).ok() } else { None };
    (content, std::fs::read_link(path).ok(), kind.is_ok_and(|kind| kind.is_dir()))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Damages the file at `place` in every way, runs each command, and checks its error.
fn damage_each(place: &str, commands: &[&[&str]], codes: &[i32], skip: &[&str]) {
    let google = Google::start();
    for (name, damage) in DAMAGES {
        if skip.contains(name) || (*name == "unreadable" && is_root()) {
            continue;
        }
        let sandbox = Sandbox::new();
        sandbox.bqcred(&["client", "set", &sandbox.client_file(&google)]).success();
        sandbox.login(&google, ADA, &["--project", "p1"]).success();
        sandbox.bqcred(&["use", "default"]).success();
        sandbox.bqcred(&["login", "--start"]).success();
        let path = sandbox.path(place);
        damage(&path);
        let before = look(&path);
        for words in commands {
            let run = sandbox.bqcred(words);
            let case = format!("{place}, {name}: {words:?}\n{run:?}");
            assert_eq!(look(&path), before, "{case}");
            check_error(&run, &path, codes, &case);
        }
    }
}

fn check_error(run: &Run, path: &Path, codes: &[i32], case: &str) {
    assert!(run.code.is_some_and(|code| codes.contains(&code)), "{case}");
    assert!(run.stderr.contains(path.to_str().unwrap()), "{case}");
    assert!(!run.stderr.contains("panicked") && !run.stderr.contains(CONTENT), "{case}");
    assert!(run.stderr.lines().count() <= 5, "{case}");
    assert!(run.stdout.is_empty() || run.is_failing_eval(), "{case}");
}

const ADC: &str = "home/.local/share/bqcred/default/adc.json";
const PROFILE: &str = "home/.local/share/bqcred/default/profile.json";
const CONFIG: &str = "home/.config/bqcred/config.json";
const CLIENT: &str = "home/.config/bqcred/client.json";
const PENDING: &str = "home/.local/state/bqcred/default.login";

#[test]
fn damaged_credential_file_is_refused() {
    damage_each(ADC, &[&["env", "--shell=sh"], &["token"], &["status", "--offline"]], &[6], &[]);
}

#[test]
fn damaged_profile_file_is_refused() {
    damage_each(PROFILE, &[&["env", "--shell=sh"], &["token"]], &[6], &[]);
}

#[test]
fn damaged_settings_file_is_refused() {
    // a link of the user's own is no damage
    damage_each(CONFIG, &[&["env", "--shell=sh"], &["use", "default"]], &[6], &["link"]);
}

#[test]
fn damaged_client_file_is_refused() {
    let commands = [&["client", "show", "--profile=new"][..], &["login", "--start", "--profile=new"]];
    damage_each(CLIENT, &commands, &[2, 6], &["link"]);
}

#[test]
fn damaged_input_file_is_refused() {
    let handed = "file.json";
    for (words, codes) in
        [(["import", "file.json", "--force"], [2, 6]), (["client", "set", "file.json"], [2, 6])]
    {
        for (name, damage) in DAMAGES {
            // links and modes of an input file are not checked
            if ["link", "open to others"].contains(name) || (*name == "unreadable" && is_root()) {
                continue;
            }
            let sandbox = Sandbox::new();
            let path =
                sandbox.write(handed, format!("{{\"type\": \"authorized_user\", \"a\": \"{CONTENT}\"}}"));
            damage(&path);
            let before = look(&path);
            let words = words.map(|word| if word == handed { path.to_str().unwrap() } else { word });
            let run = sandbox.bqcred(&words);
            let case = format!("{name}: {words:?}\n{run:?}");
            assert_eq!(look(&path), before, "{case}");
            let codes = if *name == "dangling link" { &[3][..] } else { &codes[..] };
            check_error(&run, &path, codes, &case);
        }
    }
}

#[test]
fn login_keeps_a_copy_of_an_invalid_file() {
    for place in [ADC, PROFILE] {
        let google = Google::start();
        let sandbox = Sandbox::new();
        sandbox.login(&google, ADA, &[]).success();
        std::fs::write(sandbox.path(place), CONTENT).unwrap();
        sandbox.login(&google, ADA, &[]).success().says("kept as");
        assert_eq!(sandbox.files_with(CONTENT).len(), 1, "{place}");
        sandbox.bqcred(&["status"]).success();
    }
}

#[test]
fn forget_keeps_a_copy_of_an_invalid_file() {
    for (file, damage) in [(ADC, "{ torn"), (PROFILE, "{ torn")] {
        let google = Google::start();
        let sandbox = Sandbox::new();
        sandbox.login(&google, ADA, &[]).success();
        std::fs::write(sandbox.path(file), damage).unwrap();
        sandbox.bqcred(&["forget"]).fails(0).says("kept as");
        let left: Vec<PathBuf> =
            std::fs::read_dir(sandbox.data("default")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(left[0].to_string_lossy().contains(".json.unreadable-"), "{left:?}");
        assert_eq!(std::fs::read_to_string(&left[0]).unwrap(), damage);
        sandbox.bqcred(&["status"]).fails(3);
    }
}

#[test]
fn damaged_pending_login_is_refused() {
    for (name, damage) in DAMAGES {
        if *name == "unreadable" && is_root() {
            continue;
        }
        let google = Google::start();
        let sandbox = Sandbox::new();
        sandbox.bqcred(&["client", "set", &sandbox.client_file(&google)]).success();
        let url = sandbox.bqcred(&["login", "--start"]).success().stdout;
        let answer = google.approve(url.trim(), ADA);
        damage(&sandbox.path(PENDING));
        let run = sandbox.bqcred(&["login", "--finish", &answer]);
        assert_eq!(run.code, Some(6), "{name}: {run:?}");
        assert!(!run.stderr.contains(CONTENT) && run.stderr.contains("default.login"), "{name}: {run:?}");
        assert!(!sandbox.adc("default").exists());
    }
}

#[test]
fn hinted_command_moves_a_blocking_folder_away() {
    let sandbox = Sandbox::new();
    common::write_profile(&sandbox, "default", "p1");
    let adc = sandbox.adc("default");
    std::fs::remove_file(&adc).unwrap();
    std::fs::create_dir(&adc).unwrap();
    let run = sandbox.bqcred(&["env", "--format", "json"]).fails(6);
    let (_, command) = run.stderr.split_once("move it away: `").unwrap();
    let (command, _) = command.split_once('`').unwrap();
    assert!(std::process::Command::new("sh").args(["-c", command]).status().unwrap().success());
    sandbox.bqcred(&["env", "--format", "json"]).fails(3);
    sandbox.bqcred(&["forget"]).success();
}

#[test]
fn damaged_token_cache_is_ignored() {
    for (name, damage) in DAMAGES {
        if ["folder"].contains(name) {
            continue;
        }
        let google = Google::start();
        let sandbox = Sandbox::new();
        sandbox.login(&google, ADA, &[]).success();
        sandbox.invoke(&["token"]).may_print_secret().run().success();
        damage(&sandbox.path("home/.cache/bqcred/default.token"));
        let run = sandbox.invoke(&["token"]).may_print_secret().run();
        assert_eq!(run.code, Some(0), "{name}: {run:?}");
    }
}

#[test]
fn list_shows_other_profiles_when_one_is_damaged() {
    let google = Google::start();
    let sandbox = Sandbox::new();
    sandbox.login(&google, ADA, &[]).success();
    sandbox.login(&google, ADA, &["--profile", "work"]).success();
    std::fs::write(sandbox.path(PROFILE), "{").unwrap();
    let list = sandbox.bqcred(&["list"]).success().stdout;
    assert!(list.contains("work     ada@example.com") && list.contains("default"), "{list}");
    sandbox.bqcred(&["forget", "--profile", "default"]).success();
}

#[test]
fn profile_folder_that_is_a_symlink_is_refused() {
    let google = Google::start();
    let sandbox = Sandbox::new();
    sandbox.login(&google, ADA, &[]).success();
    let (folder, elsewhere) = (sandbox.data("default"), sandbox.path("elsewhere"));
    std::fs::rename(&folder, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &folder).unwrap();
    for words in [&["env", "--shell=sh"][..], &["token"], &["forget"]] {
        let run = sandbox.bqcred(words);
        assert_eq!(run.code, Some(6), "{run:?}");
        assert!(run.stderr.contains("symbolic link"), "{run:?}");
    }
    assert!(elsewhere.join("adc.json").exists());
}
