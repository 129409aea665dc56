//! `bqcred __complete`: run by the shells' completions at every Tab. Reads a few small files, asks neither
//! Google nor the keyring, and prints no errors.

use crate::app::App;
use crate::cli::completion::{self, Candidate, Expected};
use crate::cli::{self, Complete};
use crate::credential::profile;
use crate::jupyter::locate::machine::Machine;
use crate::output::ui::Output;

pub(crate) fn run(args: &Complete, app: &App) -> Output {
    let mut words: Vec<String> = args.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    if args.next {
        words.push(String::new());
    }
    let Ok(command) = cli::described(&[]) else { return Output::none() };
    let expected = completion::expected(&command, words.get(1..).unwrap_or_default());
    let lines = match expected {
        Expected::Values(values) => values,
        Expected::Profiles => profiles(app),
        Expected::Accounts => accounts(app),
        Expected::Kernels => kernels(app),
        Expected::Files => return Output::text("\tfiles\n"),
        Expected::Program => return Output::text("\tcommand\n"),
    };
    let current = words.last().map_or("", String::as_str);
    let text = completion::matching(lines, current).iter().fold(String::new(), |text, candidate| {
        text + &format!("{}\t{}\n", candidate.value, candidate.description)
    });
    Output::text(text)
}

fn profiles(app: &App) -> Vec<Candidate> {
    let account = |name| {
        app.known_profile(name)
            .ok()
            .flatten()
            .filter(|profile| profile.account.is_some())
            .map(|profile| profile.who().into_owned())
    };
    profile::names(&app.paths)
        .unwrap_or_default()
        .iter()
        .map(|name| Candidate::new(name.as_str(), &account(name).unwrap_or_default()))
        .collect()
}

fn kernels(app: &App) -> Vec<Candidate> {
    let kernels = Machine::here(&app.paths.home).servers().kernels();
    kernels.iter().map(|kernel| Candidate::new(&kernel.name, kernel.language())).collect()
}

fn accounts(app: &App) -> Vec<Candidate> {
    let mut accounts: Vec<Candidate> = profile::names(&app.paths)
        .unwrap_or_default()
        .iter()
        .filter_map(|name| {
            let account = app.known_profile(name).ok()??.account?;
            Some(Candidate::new(&account, &format!("profile {name}")))
        })
        .collect();
    accounts.sort_by(|one, other| one.value.cmp(&other.value));
    accounts.dedup_by(|one, other| one.value == other.value);
    accounts
}
