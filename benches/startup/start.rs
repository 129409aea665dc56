//! Start-up: what every new shell pays, against `true` and the least that a program of Rust can be.

use super::binaries::Binary;
use super::measure::Start;
use super::table;
use bqcred_test_support::Sandbox;

const COMMANDS: [&[&str]; 8] = [
    &["env"],
    // with an option, the whole command line is parsed
    &["env", "--profile", "default"],
    &["env", "--unset"],
    &["token"],
    &["list"],
    &["exec", "--", "true"],
    // as tools do that stay as a parent
    &["exec", "--file", "--", "true"],
    &["init", "bash"],
];

/// `token` answers from its cache here: it was asked once before.
pub(crate) fn print(sandbox: &Sandbox, binaries: &[Binary]) {
    let environment = sandbox.env();
    let mut starts = vec![Start::of("`true`", "true", &[], &environment)];
    for binary in binaries {
        if let Some(program) = &binary.least {
            let name = format!("a line from Rust, {}", binary.name);
            starts.push(Start::new(&name, program, &[], &environment));
        }
        for args in COMMANDS {
            let cached = if args == ["token"] { ", cached" } else { "" };
            let name = format!("`bqcred {}`{cached}, {}", args.join(" "), binary.name);
            starts.push(Start::new(&name, &binary.path, args, &environment));
        }
    }
    let rows = table::against_the_first(starts, 1000, table::work);
    table::print(&["start-up", "time", "of `true`", "memory", "page faults", "instructions"], &rows);
}
