//! The matrix: every state x every command. What has to hold for each pair is generated from what the double of
//! Google knows, and not written by hand; `table.txt` shows how each pair ends.
//!
//! Each command that matters most is run in each state, and of the others every third one, the next in the next state;
//! `BQCRED_TEST_FULL=1` runs all. `BQCRED_TEST_MATRIX='STATE/COMMAND'` runs those whose names contain these words, and
//! compares nothing else. `BQCRED_TEST_UPDATE=1` writes the table anew, or the part of it that was run.
#![cfg(target_os = "linux")]

mod agreement;
mod cell;
mod commands;
mod facts;
mod invariants;
mod keyring_states;
mod pairs;
mod phrases;
mod requests;
mod sentences;
mod states;
mod table;
mod world;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cell::Cell;
use commands::{COMMANDS, Command};
use states::State;
use table::Table;

/// Most of a cell's time is that of the programs it starts, and some wait for a server.
const THREADS: usize = 4;

#[test]
fn each_command_in_each_state_says_what_is_so_and_loses_nothing() {
    let wanted = std::env::var("BQCRED_TEST_MATRIX").unwrap_or_default();
    let (state, command) = wanted.split_once('/').unwrap_or((&wanted, ""));
    let states: Vec<&State> = states::STATES.iter().chain(keyring_states::KEYRING_STATES).collect();
    let states: Vec<&State> = states.into_iter().filter(|it| it.name.contains(state)).collect();
    let next = AtomicUsize::new(0);
    let results = Mutex::new((Table::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let row = next.fetch_add(1, Ordering::SeqCst);
                    let Some(state) = states.get(row) else { break };
                    let (cells, faults) = run_state(state, row, command);
                    if is_full() {
                        println!("{}: {} faults\n{}", state.name, faults.len(), faults.join("\n"));
                    }
                    let mut results = results.lock().unwrap();
                    cells
                        .into_iter()
                        .for_each(|(command, outcome)| results.0.add(command, state.name, outcome));
                    results.1.extend(faults);
                }
            });
        }
    });
    let (table, mut faults) = results.into_inner().unwrap();
    faults.sort();
    println!("{} cells of {} states", table.len(), states.len());
    table.update(wanted.is_empty());
    assert!(faults.is_empty(), "{} faults:\n\n{}", faults.len(), faults.join("\n"));
    table.compare();
}

/// Whether every pair is run.
fn is_full() -> bool {
    ["BQCRED_TEST_FULL", "BQCRED_TEST_UPDATE", "BQCRED_TEST_MATRIX"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|value| !value.is_empty()))
}

/// Runs the commands in one state, each from the same beginning.
fn run_state(state: &State, row: usize, wanted: &str) -> (Vec<(&'static str, String)>, Vec<String>) {
    let made = catch_unwind(AssertUnwindSafe(|| (state.make)().map(world::World::finish)));
    let world = match made {
        Ok(Some(world)) => world,
        Ok(None) => return (Vec::new(), Vec::new()),
        Err(_) => return (Vec::new(), vec![format!("{}: the state can't be made", state.name)]),
    };
    let (mut cells, mut faults, mut seen) = (Vec::new(), Vec::new(), Seen::default());
    let brief = world.lenient.slow;
    for (at, command) in COMMANDS.iter().enumerate() {
        if !command.name.contains(wanted)
            || (brief && !command.brief)
            || !(is_full() || command.brief || (at + row).is_multiple_of(3))
        {
            continue;
        }
        let ran = catch_unwind(AssertUnwindSafe(|| run_cell(&world, command, &mut seen)));
        match ran {
            Ok((outcome, found)) => {
                cells.push((command.name, outcome));
                faults.extend(
                    found.into_iter().map(|fault| format!("[{} / {}] {fault}", state.name, command.name)),
                );
            }
            Err(_) => faults.push(format!("[{} / {}] see the panic above", state.name, command.name)),
        }
    }
    (cells, faults)
}

/// What was checked in one state, and need not be checked again.
#[derive(Default)]
struct Seen {
    hints: BTreeSet<String>,
    agreed: Vec<facts::Facts>,
}

fn run_cell(world: &world::World, command: &Command, seen: &mut Seen) -> (String, Vec<String>) {
    world.restore(world.made());
    world.arm();
    world.google.take_requests();
    let mut cell = Cell::new(world, command.product, command.online);
    (command.run)(&mut cell);
    let outcome = cell.outcome();
    if command.product == cell::Product::Nothing || command.online {
        agreement::check(&mut cell, &mut seen.agreed);
    }
    agreement::try_hints(&mut cell, &mut seen.hints);
    (outcome, cell.faults)
}
