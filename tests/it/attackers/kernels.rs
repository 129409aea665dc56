//! Kernelspecs in folders where another user can write.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::machine::{Machine, own};
use crate::common::Run;

/// A kernel that Jupyter would start, as the attacker writes it.
const SPEC: &str = r#"{"argv": ["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "P", "language": "python"}"#;

/// A file of the user's, outside of any kernelspec.
fn own_file(machine: &Machine, name: &str) -> PathBuf {
    let path = machine.sandbox.write(&format!("home/{name}"), SPEC);
    own(&path, machine.uid);
    path
}

/// Runs every kernel command with this variable set, and calls `check` after each of them.
fn kernel_commands(machine: &Machine, variable: &str, folder: &Path, check: impl Fn(&Run)) {
    let lines = [
        "kernel list",
        "kernel install --all",
        "kernel install --kernel one --where user",
        "kernel install --kernel one --new-kernel mine",
        "kernel sync",
        "kernel uninstall",
    ];
    let run = |line: &&str| {
        let words: Vec<&str> = line.split(' ').collect();
        let run = machine.person(&words).env(variable, folder).run();
        assert!(!run.stderr.contains("fault in bqcred"), "{run:?}");
        assert!(matches!(run.code, Some(0 | 1 | 6)), "{run:?}");
        check(&run);
    };
    lines.iter().for_each(run);
}

#[test]
fn kernelspec_of_another_user_is_named_and_not_changed() {
    let Some(machine) = Machine::new() else { return };
    machine.login(&[]);
    let script = "mkdir -p \"$1\"/shared/j/kernels/one; cd \"$1\"/shared/j/kernels/one; chmod a+rwx .; cat >kernel.json";
    machine.attacker(&format!("{script} <<'X'\n{SPEC}\nX"));
    let spec = machine.sandbox.path("shared/j/kernels/one/kernel.json");
    let before = (std::fs::read(&spec).unwrap(), spec.metadata().unwrap().ino());
    kernel_commands(&machine, "JUPYTER_PATH", &machine.sandbox.path("shared/j"), |run| {
        assert_eq!((std::fs::read(&spec).unwrap(), spec.metadata().unwrap().ino()), before, "{run:?}");
    });
    machine.assert_kept_from_attacker();
}

#[test]
fn kernelspec_links_and_pipes_of_another_user_are_not_followed() {
    let Some(machine) = Machine::new() else { return };
    machine.login(&[]);
    let [linked, hard] = ["profile.json", "notes.json"].map(|name| own_file(&machine, name));
    // the attacker can link to what the user can write
    let script = "mkdir -p \"$1\"/evil/j/kernels/one \"$1\"/evil/j/kernels/pipe \"$1\"/evil/j/kernels/loop; cd \"$1\"/evil/j/kernels
        ln -s \"$1\"/home/profile.json one/kernel.json
        mkfifo pipe/kernel.json; chmod a+rw pipe/kernel.json
        ln -s kernel.json loop/kernel.json
        ln -s \"$1\"/home mine
        chmod a+rwx . one pipe loop";
    machine.sandbox.link_program("mkfifo");
    machine.attacker(script);
    std::fs::create_dir(machine.sandbox.path("evil/j/kernels/hard")).unwrap();
    std::fs::hard_link(&hard, machine.sandbox.path("evil/j/kernels/hard/kernel.json")).unwrap();
    for variable in ["JUPYTER_PATH", "JUPYTER_DATA_DIR"] {
        kernel_commands(&machine, variable, &machine.sandbox.path("evil/j"), |run| {
            for file in [&linked, &hard] {
                assert_eq!(std::fs::read_to_string(file).unwrap(), SPEC, "{variable}: {run:?}");
            }
            assert!(!machine.sandbox.path("home/kernel.json").exists(), "{variable}: {run:?}");
        });
    }
    machine.assert_kept_from_attacker();
}
