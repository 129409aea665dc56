//! The table of all cells, as a text file: for each command, each way it ends, and the states in which it ends so.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::commands::COMMANDS;
use super::keyring_states::KEYRING_STATES;
use super::states::STATES;

#[derive(Default)]
pub struct Table(BTreeMap<(String, String), String>);

const HEAD: &str = "\
# How each command ends in each state: exit code, what it asks the server, what becomes of the credential, what it says
# of it. Each line with a number is one way to end; the states follow. Written by the test `matrix` with
# BQCRED_TEST_UPDATE=1; read the difference before you commit it.
";

/// Between two states on one line.
const SEPARATOR: &str = " · ";

/// In characters.
const WIDTH: usize = 110;

impl Table {
    pub fn add(&mut self, command: &str, state: &str, outcome: String) {
        self.0.insert((command.to_owned(), state.to_owned()), outcome);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn path() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/matrix/table.txt")
    }

    fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        let states: Vec<&str> = STATES.iter().chain(KEYRING_STATES).map(|state| state.name).collect();
        for command in COMMANDS {
            text += &format!("\nbqcred {}\n", command.name);
            let mut ways: Vec<(&str, Vec<&str>)> = Vec::new();
            for state in &states {
                let Some(outcome) = self.0.get(&(command.name.to_owned(), (*state).to_owned())) else {
                    continue;
                };
                match ways.iter_mut().find(|(known, _)| known == outcome) {
                    Some((_, states)) => states.push(state),
                    None => ways.push((outcome, vec![state])),
                }
            }
            ways.sort();
            for (outcome, states) in ways {
                text += &format!("  {outcome}\n");
                text += &lines(&states);
            }
        }
        text
    }

    fn parse(text: &str) -> Table {
        let mut table = Table::default();
        let (mut command, mut outcome) = ("", "");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some(states) = line.strip_prefix("      ") {
                states.split(SEPARATOR).for_each(|state| table.add(command, state, outcome.to_owned()));
            } else if let Some(way) = line.strip_prefix("  ") {
                outcome = way;
            } else if let Some(name) = line.strip_prefix("bqcred ").or(line.strip_prefix("bqcred")) {
                command = name;
            }
        }
        table
    }

    /// Writes the file, where that is asked for. What was not run stays as it is.
    pub fn update(&self, is_whole: bool) {
        if std::env::var_os("BQCRED_TEST_UPDATE").is_some() {
            let mut table = if is_whole { Table::default() } else { Table::known() };
            table.0.extend(self.0.clone());
            std::fs::write(Table::path(), table.text()).unwrap();
        }
    }

    fn known() -> Table {
        Table::parse(&std::fs::read_to_string(Table::path()).unwrap_or_default())
    }

    /// Compares with the file. States that this machine can't have are left as they are.
    pub fn compare(&self) {
        let known = Table::known();
        let mut differences = Vec::new();
        for ((command, state), outcome) in &self.0 {
            let expected = known.0.get(&(command.clone(), state.clone()));
            if expected != Some(outcome) {
                let expected = expected.map_or("nothing", String::as_str);
                differences
                    .push(format!("bqcred {command}, {state}:\n  is     {outcome}\n  table  {expected}"));
            }
        }
        assert!(
            differences.is_empty(),
            "{} cells end in another way than tests/it/matrix/table.txt says (BQCRED_TEST_UPDATE=1 writes it anew):\n{}",
            differences.len(),
            differences.join("\n")
        );
    }
}

/// The states, several on a line.
fn lines(states: &[&str]) -> String {
    let mut text = String::new();
    let mut line = String::new();
    for state in states {
        if !line.is_empty() && line.chars().count() + state.len() > WIDTH {
            text += &format!("      {line}\n");
            line.clear();
        }
        let before = if line.is_empty() { "" } else { SEPARATOR };
        line += &format!("{before}{state}");
    }
    text + &format!("      {line}\n")
}
