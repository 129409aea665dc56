//! A token that a keyring holds, against the keyring's own tool.

use super::binaries::Binary;
use super::measure::Start;
use super::table;
use bqcred_test_support::keyring::Keyring;
use bqcred_test_support::{Google, find_program};

/// A gnome-keyring of its own, on a bus of its own.
pub(crate) fn print(google: &Google, binaries: &[Binary]) {
    let needed = ["dbus-daemon", "dbus-send", "gnome-keyring-daemon", "secret-tool"];
    let missing: Vec<_> = needed.into_iter().filter(|program| find_program(program).is_none()).collect();
    if !missing.is_empty() {
        return println!("No keyring here to measure: {} not here.\n", missing.join(", "));
    }
    let keyring = Keyring::with_login(google, "ada@example.com").unwrap();
    keyring.invoke(&["token"]).may_print_secret().run().success();
    let environment = [keyring.sandbox.env(), vec![keyring.bus.env()]].concat();
    let lookup = ["lookup", "service", "bqcred", "username", "default"];
    let mut starts = vec![Start::of("`secret-tool lookup`", "secret-tool", &lookup, &environment)];
    for binary in binaries {
        for command in [&["token"] as &[&str], &["exec", "--", "true"], &["env"]] {
            let name = format!("`bqcred {}`, {}", command.join(" "), binary.name);
            starts.push(Start::new(&name, &binary.path, command, &environment));
        }
    }
    let rows = table::against_the_first(starts, 100, table::work);
    table::print(
        &["from a keyring", "time", "of `secret-tool`", "memory", "page faults", "instructions"],
        &rows,
    );
}
