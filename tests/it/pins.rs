//! `.bqcred` files: which of them apply, and who allows them.

use crate::common::{Run, Sandbox, write_profile};

/// A sandbox with profile `work`, which the files of two folders name.
fn two_pins() -> Sandbox {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "work", "second");
    sandbox.write("a/.bqcred", "work\n");
    sandbox.write("b/.bqcred", "work\n");
    sandbox
}

fn env(sandbox: &Sandbox, folder: &str) -> Run {
    let file = sandbox.path(folder).join(".bqcred");
    sandbox.bqcred(&["env", "--format", "json", "--pinned-by", file.to_str().unwrap()])
}

fn allowed(sandbox: &Sandbox) -> Vec<(String, String)> {
    let rows = sandbox.bqcred(&["allow", "--list", "--json"]).success().json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(|row| (text(&row["path"]), text(&row["profile"]))).collect()
}

#[test]
fn hinted_allow_command_works_from_any_folder() {
    let sandbox = two_pins();
    sandbox.write("it's here/.bqcred", "work\n");
    let run = env(&sandbox, "it's here").code(1);
    let (_, command) = run.stderr.split_once("hint: `bqcred ").unwrap();
    let (command, _) = command.split_once('`').unwrap();
    let bqcred = env!("CARGO_BIN_EXE_bqcred");
    sandbox.program("sh", &["-c", &format!("'{bqcred}' {command}")]).run().success();
    env(&sandbox, "it's here").success();
}

#[test]
fn allow_applies_to_one_file_until_deny() {
    let sandbox = two_pins();
    let folder = sandbox.path("a").canonicalize().unwrap();
    let (file, folder) = (folder.join(".bqcred"), folder.to_str().unwrap());
    assert_eq!(allowed(&sandbox), []);
    assert!(env(&sandbox, "a").code(1).stderr.contains("but is not allowed"));

    sandbox.bqcred(&["allow", folder]).success();
    assert_eq!(allowed(&sandbox), [(file.to_str().unwrap().to_owned(), "work".to_owned())]);
    assert_eq!(env(&sandbox, "a").success().json()["BQCRED_PROFILE"], "work");
    assert!(env(&sandbox, "b").code(1).stderr.contains("but is not allowed"));

    let run = sandbox.bqcred(&["deny", folder]).success();
    assert!(run.stderr.contains("is no longer allowed"), "{run:?}");
    assert!(env(&sandbox, "a").code(1).stderr.contains("but is not allowed"));
    assert_eq!(allowed(&sandbox), []);
    let run = sandbox.bqcred(&["deny", folder]).success();
    assert!(run.stderr.contains("was not allowed"), "{run:?}");
}

#[test]
fn deleted_file_can_be_denied() {
    let sandbox = two_pins();
    let file = sandbox.path("a/.bqcred");
    sandbox.bqcred(&["allow", file.to_str().unwrap()]).success();
    std::fs::remove_file(&file).unwrap();
    let run = sandbox.bqcred(&["deny", file.to_str().unwrap()]).success();
    assert!(run.stderr.contains("is no longer allowed"), "{run:?}");
    assert_eq!(allowed(&sandbox), []);
}

#[test]
fn an_invalid_list_is_kept_under_another_name_when_a_pin_is_allowed() {
    let sandbox = two_pins();
    let list = sandbox.write("home/.local/state/bqcred/pins.json", "{ torn");
    let file = sandbox.path("a/.bqcred");
    assert!(env(&sandbox, "a").code(6).stderr.contains("`bqcred allow` starts a new list"));
    assert_eq!(std::fs::read_to_string(&list).unwrap(), "{ torn");
    let run = sandbox.bqcred(&["allow", file.to_str().unwrap()]).success();
    run.says("not valid JSON").says("pins.json.unreadable-");
    assert_eq!(allowed(&sandbox).len(), 1);
    assert_eq!(sandbox.files_with("{ torn").len(), 1);
}
