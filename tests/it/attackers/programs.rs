//! Programs that the attacker put where bqcred looks for one.

use super::machine::{Machine, own};
use crate::common::{ends_with, set_mode, spawn_in_terminal};

/// Leaves a mark when it is run.
const MARK: &str = "#!/bin/sh\\necho \\\"$0 $*\\\" >>\\\"$1/evil/ran\\\"\\nexit 0\\n";

/// The attacker's programs of these names in this folder of the sandbox.
fn plant(machine: &Machine, folder: &str, names: &[&str]) {
    for name in names {
        machine.attacker(&format!(
            "mkdir -p \"$1/{folder}\"; printf \"{MARK}\" >\"$1/{folder}/{name}\"; chmod 755 \"$1/{folder}/{name}\""
        ));
    }
}

fn ran(machine: &Machine) -> String {
    std::fs::read_to_string(machine.sandbox.path("evil/ran")).unwrap_or_default()
}

fn path(machine: &Machine, first: &str) -> String {
    format!("{first}:{}", machine.sandbox.path("bin").display())
}

#[test]
fn gcloud_in_a_folder_others_can_write_is_not_run() {
    for (folder, mode) in [("open", 0o777), ("shared", 0o1777), ("open/deeper", 0o755)] {
        let Some(machine) = Machine::new() else { return };
        plant(&machine, folder, &["gcloud"]);
        if folder == "open/deeper" {
            // a program of the user, in a folder that others can replace
            own(&machine.sandbox.path(folder), machine.uid);
            own(&machine.sandbox.path("open/deeper/gcloud"), machine.uid);
        }
        set_mode(&machine.sandbox.path(folder), mode);
        std::fs::remove_file(machine.sandbox.config().join("client.json")).unwrap();
        let first = machine.sandbox.path(folder);
        let path = path(&machine, first.to_str().unwrap());
        for words in [&["login"][..], &["login", "--via", "gcloud"]] {
            let run = machine.person(words).env("PATH", &path).run();
            run.fails(1).says("others can change").says("bqcred client guide");
        }
        assert_eq!(ran(&machine), "", "{folder}");
    }
}

#[test]
fn gcloud_in_the_current_folder_is_not_run() {
    let Some(machine) = Machine::new() else { return };
    plant(&machine, "shared", &["gcloud"]);
    std::fs::remove_file(machine.sandbox.config().join("client.json")).unwrap();
    for first in [".", "", "./", "bin/.."] {
        let run = machine.person(&["login"]).env("PATH", path(&machine, first));
        run.current_dir(machine.sandbox.path("shared")).run().fails(3).says("no gcloud on the PATH");
    }
    assert_eq!(ran(&machine), "");
}

#[test]
fn browser_in_a_folder_others_can_write_is_not_run() {
    let Some(machine) = Machine::new() else { return };
    let browsers = [
        "xdg-open",
        "x-www-browser",
        "gio",
        "gnome-open",
        "kde-open",
        "firefox",
        "xdg-settings",
        "www-browser",
    ];
    plant(&machine, "shared", &browsers);
    plant(&machine, "open", &browsers);
    let (shared, open) = (machine.sandbox.path("shared"), machine.sandbox.path("open"));
    for first in [".", "", shared.to_str().unwrap(), open.to_str().unwrap()] {
        for browser in [None, Some("firefox")] {
            let mut command = machine.person_command(&["login"]);
            command.env("PATH", path(&machine, first)).env("DISPLAY", ":0").current_dir(&shared);
            command.envs(browser.map(|browser| ("BROWSER", browser)));
            let mut terminal = spawn_in_terminal(command);
            let said = terminal.exp_string("Paste the address: ").unwrap();
            assert!(said.contains("no browser is opened") && said.contains("Open this address"), "{said}");
            terminal.send_control('c').unwrap();
            terminal.exp_eof().unwrap();
            ends_with(&terminal, 130);
        }
    }
    assert_eq!(ran(&machine), "");
}

#[test]
fn programs_in_a_safe_folder_are_run() {
    // the control for the tests above
    let Some(machine) = Machine::new() else { return };
    plant(&machine, "shared", &["gcloud", "x-www-browser"]);
    for name in ["gcloud", "x-www-browser"] {
        std::fs::rename(machine.sandbox.path("shared").join(name), machine.sandbox.path("bin").join(name))
            .unwrap();
        own(&machine.sandbox.path("bin").join(name), 0);
    }
    machine.person(&["login", "--via", "gcloud"]).run().fails(1).says("without a credential");
    let mut command = machine.person_command(&["login"]);
    command.env("DISPLAY", ":0");
    let mut terminal = spawn_in_terminal(command);
    let said = terminal.exp_string("Paste the address: ").unwrap();
    assert!(said.contains("Your browser opens"), "{said}");
    terminal.send_control('c').unwrap();
    terminal.exp_eof().unwrap();
    let ran = ran(&machine);
    assert!(ran.contains("sh /tmp"), "{ran}");
}
