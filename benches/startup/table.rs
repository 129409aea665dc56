//! Tables in Markdown.

use super::measure::{self, Start};

/// What a table shows for a program that isn't installed.
const MISSING: &str = "not here";

/// The first column to the left, the others to the right.
pub(crate) fn print(head: &[&str], rows: &[Vec<String>]) {
    println!("| {} |", head.join(" | "));
    println!("|---|{}", "---:|".repeat(head.len() - 1));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
    println!();
}

/// A row for each program: how long it takes, and how often that is what the first one takes. `more` gives
/// the further columns. A program that doesn't run here gets a row that says so.
pub(crate) fn against_the_first(
    starts: Vec<Start>,
    runs: usize,
    more: impl Fn(&Start) -> Vec<String>,
) -> Vec<Vec<String>> {
    let (here, away): (Vec<_>, Vec<_>) = starts.into_iter().partition(Start::works);
    let times = measure::times(&here, runs);
    let row = |(start, time): (&Start, &f64)| {
        [vec![start.name.clone(), self::time(*time), ratio(*time, times[0])], more(start)].concat()
    };
    let mut rows: Vec<_> = here.iter().zip(&times).map(row).collect();
    rows.extend(away.into_iter().map(|start| vec![start.name, MISSING.to_owned()]));
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    rows.iter_mut().for_each(|row| row.resize(width, String::new()));
    rows
}

/// Its memory, page faults and instructions: further columns of tables of start-up.
pub(crate) fn work(start: &Start) -> Vec<String> {
    let thousands = start.instructions().map(|count| count / 1000);
    vec![count(start.memory(), " KiB"), count(start.page_faults(), ""), count(thousands, " k")]
}

/// Microseconds as milliseconds, with as many digits as mean something.
pub(crate) fn time(microseconds: f64) -> String {
    if microseconds < 9_950.0 {
        format!("{:.2} ms", microseconds / 1e3)
    } else {
        format!("{:.0} ms", microseconds / 1e3)
    }
}

pub(crate) fn ratio(time: f64, unit: f64) -> String {
    let ratio = time / unit;
    if ratio < 10.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

/// A number with its unit, or a dash where the tool for it is missing.
fn count(number: Option<u64>, unit: &str) -> String {
    number.map_or_else(|| "–".to_owned(), |number| format!("{number}{unit}"))
}
