//! Whether a command takes longer when there is more of what it reads.

use super::binaries::Binary;
use super::measure::{self, Start};
use super::table;
use bqcred_test_support::{Sandbox, write_profile};

const COUNTS: [usize; 3] = [1, 100, 1000];

/// `env` and `list` with so many profiles.
pub(crate) fn profiles(binaries: &[Binary]) {
    let homes = COUNTS.map(|count| {
        let sandbox = Sandbox::new();
        for number in 1..=count {
            let name = if number == 1 { "default".to_owned() } else { format!("profile-{number}") };
            write_profile(&sandbox, &name, "my-project");
        }
        sandbox
    });
    print("profiles", &[&["env"], &["list"]], 100, &homes, binaries);
}

/// `kernel list` with so many kernels.
pub(crate) fn kernels(binaries: &[Binary]) {
    let homes = COUNTS.map(|count| {
        let sandbox = Sandbox::new();
        write_profile(&sandbox, "default", "my-project");
        for number in 1..=count {
            let spec = format!(
                r#"{{"argv": ["python3", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"],
                     "display_name": "Python {number}", "language": "python"}}"#
            );
            let folder = format!("home/.local/share/jupyter/kernels/k{number}");
            sandbox.write(&format!("{folder}/kernel.json"), spec);
        }
        sandbox
    });
    print("kernelspecs", &[&["kernel", "list"], &["env"]], 20, &homes, binaries);
}

fn print(what: &str, commands: &[&[&str]], runs: usize, homes: &[Sandbox], binaries: &[Binary]) {
    let mut rows = Vec::new();
    for binary in binaries {
        for command in commands {
            let name = format!("`bqcred {}`, {}", command.join(" "), binary.name);
            let starts: Vec<Start> =
                homes.iter().map(|home| Start::new(&name, &binary.path, command, &home.env())).collect();
            let times = measure::times(&starts, runs);
            rows.push([name].into_iter().chain(times.into_iter().map(table::time)).collect());
        }
    }
    let head: Vec<String> = COUNTS.iter().map(|count| format!("{count} {what}")).collect();
    table::print(&[&[""], head.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat(), &rows);
}

/// So many processes at once.
pub(crate) fn processes(sandbox: &Sandbox, binaries: &[Binary]) {
    let counts = [1, 10, 100];
    let environment = sandbox.env();
    let mut starts = vec![Start::of("`true`", "true", &[], &environment)];
    for binary in binaries {
        for command in [&["env"] as &[&str], &["token"], &["exec", "--", "true"]] {
            let name = format!("`bqcred {}`, {}", command.join(" "), binary.name);
            starts.push(Start::new(&name, &binary.path, command, &environment));
        }
    }
    let row = |start: &Start| {
        let times = measure::times_at_once(start, &counts, 10);
        [start.name.clone()].into_iter().chain(times.into_iter().map(table::time)).collect()
    };
    let rows: Vec<Vec<String>> = starts.iter().map(row).collect();
    table::print(&["time for each of", "1", "10 at once", "100 at once"], &rows);
}
