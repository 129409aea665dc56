//! After a command: whatever shows who a profile is names the same account, and the hint helps.

use super::cell::Cell;
use super::facts::Facts;
use crate::common::Run;

/// Who each command says that the current profile is.
pub fn check(cell: &mut Cell<'_>, checked: &mut Vec<Facts>) {
    if checked.iter().any(|facts| facts.looks_like(&cell.now)) {
        return;
    }
    checked.push(cell.now.clone());
    let mut named: Vec<(&str, String)> = Vec::new();
    let ran = |words: &[&str]| {
        let run = cell.world.bqcred(words).run();
        cell.world.after_run();
        run
    };
    // it completes what was interrupted, so it comes first
    let status = ran(&["status", "--offline", "--json"]);
    if let Ok(report) = serde_json::from_str::<serde_json::Value>(&status.stdout) {
        named.push(("status --offline", account(&report)));
    }
    let listed = ran(&["list", "--json"]);
    if let Ok(rows) = serde_json::from_str::<serde_json::Value>(&listed.stdout) {
        let rows = rows.as_array().cloned().unwrap_or_default();
        let row =
            rows.into_iter().find(|row| row["profile"] == cell.profile.as_str() && row["error"].is_null());
        named.extend(row.map(|row| ("list", account(&row))));
    }
    let bare = ran(&[]);
    let row = bare.stdout.lines().find_map(|line| line.strip_prefix("account "));
    named.extend(row.map(|row| ("bqcred", row.trim().to_owned())));
    let used = ran(&["use", &cell.profile.clone()]);
    named.extend(used_account(&used).map(|account| ("use", account)));
    for run in [&listed, &status, &bare, &used] {
        if !cell.online && run.code == Some(101) {
            cell.faults.push(format!("{} panics", run.line));
        }
    }
    if named.windows(2).any(|pair| pair[0].1 != pair[1].1) {
        cell.faults.push(format!("after `bqcred {}`, who is it? {named:?}", last(cell)));
    }
    let now = Facts::of(cell.world, cell.world.roots());
    if let (Some((_, account)), Some(person)) = (named.first(), now.person(&cell.profile))
        && account != "unknown"
        && account.split(' ').next() != Some(person)
        && !cell.world.lenient.account_is_wrong
    {
        cell.faults
            .push(format!("after `bqcred {}`: {account} is named, and programs are {person}", last(cell)));
    }
    cell.now = now;
}

/// As people are told it: with the service account that it acts as.
fn account(row: &serde_json::Value) -> String {
    let account = row["account"].as_str().unwrap_or("unknown");
    row["acting_as"].as_str().map_or(account.to_owned(), |service| format!("{account} acting as {service}"))
}

/// "the current profile is default (ada@example.com)"
fn used_account(run: &Run) -> Option<String> {
    let line = run.stderr.lines().find(|line| line.contains("the current profile is"))?;
    let account = line.split('(').nth(1)?.split(')').next()?;
    Some(if account.contains('@') { account.to_owned() } else { "unknown".to_owned() })
}

fn last(cell: &Cell<'_>) -> String {
    cell.steps.last().map(|step| step.words.join(" ")).unwrap_or_default()
}

/// The commands between backticks that a failed run offers.
pub fn hints(run: &Run) -> Vec<Vec<String>> {
    let quoted = run.stderr.split('`').skip(1).step_by(2);
    let commands = quoted.filter_map(|text| text.strip_prefix("bqcred "));
    let words = commands.map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let is_complete = |words: &Vec<String>| {
        let placeholder = |word: &String| {
            let letters = word.trim_matches(|c: char| "[]<>.|".contains(c));
            letters.len() > 1 && letters.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        };
        !words.iter().any(placeholder) && !words.iter().any(|word| word == "-" || word == "--finish")
    };
    words.filter(is_complete).collect()
}

/// Runs what the last run offers, and then goes back.
pub fn try_hints(cell: &mut Cell<'_>, tried: &mut std::collections::BTreeSet<String>) {
    let Some(step) = cell.steps.last().filter(|step| step.run.code != Some(0)) else { return };
    let (first, after) = (reason(&step.run), step.after.clone());
    let offered = hints(&step.run);
    for words in offered {
        if !tried.insert(format!("{words:?} {first}")) {
            continue;
        }
        cell.world.restore(&after);
        cell.world.arm();
        let run = cell.world.bqcred(&words.iter().map(String::as_str).collect::<Vec<_>>()).run();
        cell.world.after_run();
        let hint = words.join(" ");
        let is_usage = run.code == Some(2) && run.stderr.contains("--help");
        if is_usage || run.code == Some(101) {
            cell.faults.push(format!(
                "`{}` hints at `bqcred {hint}`, which fails: {}",
                last(cell),
                run.stderr
            ));
        } else if run.code != Some(0) && reason(&run) == first && !first.is_empty() {
            cell.faults.push(format!(
                "`{}` hints at `bqcred {hint}`, which says the same again: {}",
                last(cell),
                run.stderr
            ));
        }
    }
}

fn reason(run: &Run) -> String {
    run.stderr.lines().rfind(|line| line.starts_with("bqcred: ")).unwrap_or_default().to_owned()
}
