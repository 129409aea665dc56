//! What the user sees: plain text for a terminal of 80 columns.

use std::io::Write as _;

use crate::Result;

/// The terminal that lines are made for.
const COLUMNS: usize = 80;
/// What commands and their output are set off with.
const INDENT: &str = "  ";

/// Says something, as it is.
pub(crate) fn say(text: &str) -> Result<()> {
    put(&format!("{text}\n"))
}

/// Begins a line that is not finished yet. An interrupted tour says nothing more.
pub(crate) fn put(text: &str) -> Result<()> {
    crate::interrupt::wait_if_interrupted();
    let mut screen = std::io::stdout().lock();
    screen
        .write_all(text.as_bytes())
        .and_then(|()| screen.flush())
        .map_err(|e| format!("nothing can be shown: {e}"))
}

/// Shows a command as it is typed.
pub(crate) fn command(line: &str) -> Result<()> {
    say(&format!("{INDENT}$ {line}"))
}

/// Shows output, or a file: set off, and long lines broken where there is a space.
pub(crate) fn show(output: &str) -> Result<()> {
    output.lines().try_for_each(|line| say(fold(line).trim_end()))
}

/// Only as much of a line as fits, where the whole is of no use to a reader.
pub(crate) fn cut(line: &str) -> String {
    let room = COLUMNS - INDENT.len() - 1;
    let start: String = line.trim_end().chars().take(room).collect();
    format!("{start}…")
}

/// Writes what went wrong to stderr, after the line breaks that it begins with. A failure to do so is ignored.
pub(crate) fn complain(problem: &str) {
    let line_breaks = problem.len() - problem.trim_start_matches('\n').len();
    let (before, words) = problem.split_at(line_breaks);
    let _ = writeln!(std::io::stderr(), "{before}tour: {words}");
}

/// Breaks a line at spaces. What follows stands below the second column, if there is one.
fn fold(line: &str) -> String {
    let column =
        line.find("  ").map_or(2, |gap| line.len() - line.get(gap..).unwrap_or_default().trim_start().len());
    let hang = INDENT.len() + column;
    let mut folded = INDENT.to_owned();
    let mut width = folded.len();
    for (number, word) in line.split(' ').enumerate() {
        let length = word.chars().count();
        if number > 0 && length > 0 && width + 1 + length > COLUMNS {
            folded.push('\n');
            folded.push_str(&" ".repeat(hang));
            width = hang;
        } else if number > 0 {
            folded.push(' ');
            width += 1;
        }
        folded.push_str(word);
        width += length;
    }
    folded
}
