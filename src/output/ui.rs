//! What people and programs see: stdout for the product of a verb, written once; stderr for people.

use std::borrow::Cow;
use std::io::{ErrorKind, Write};

use crate::output::error::{Error, Result, reason};
use crate::output::masking::masked;
use crate::output::notes::{Note, Notes};
use crate::output::secret::SecretBytes;

/// What a verb made, for stdout, and the exit code to end with.
pub(crate) struct Output {
    /// May be a secret (`token`, `export -`), so it is wiped and can't be shown by accident.
    stdout: SecretBytes,
    code: u8,
}

impl Output {
    /// Nothing to print; done.
    pub(crate) fn none() -> Output {
        Output::bytes(Vec::new())
    }

    /// Lines for people. What came from elsewhere (a file's name, a server's answer) can't play tricks on
    /// their terminal.
    pub(crate) fn for_people(text: &str) -> Output {
        Output::text(harmless(&masked(text)))
    }

    /// A text that ends in a newline, as it is: for programs.
    pub(crate) fn text(text: impl Into<String>) -> Output {
        Output::bytes(text.into().into_bytes())
    }

    /// Bytes as they are.
    pub(crate) fn bytes(bytes: Vec<u8>) -> Output {
        Output { stdout: SecretBytes::new(bytes), code: 0 }
    }

    /// JSON for programs: two spaces, a final newline.
    pub(crate) fn json(value: &serde_json::Value) -> Output {
        let text = format!("{value:#}\n");
        // the same to a program that reads it, and nothing that a terminal would obey
        Output::text(replaced(&text, |c| c == '\n', |c| format!("\\u{:04x}", u32::from(c))))
    }

    /// Ends with this exit code: for verbs whose product tells of something that isn't well.
    #[must_use]
    pub(crate) fn with_code(mut self, code: u8) -> Output {
        self.code = code;
        self
    }

    /// Writes the whole product at once, and gives the exit code. A reader who has seen enough
    /// (`| head`) is no failure.
    pub(crate) fn print(&self) -> Result<u8> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(&self.stdout).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(self.code),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(self.code),
            Err(error) => Err(Error::other(format!("can't write to stdout: {}", reason(&error)))),
        }
    }
}

/// Tells people something, on stderr.
pub(crate) fn note(text: &str) {
    tell(&format!("bqcred: {text}\n"));
}

/// Shows what the steps of a command have to say, on stderr.
pub(crate) fn show(notes: Notes) {
    for note in notes {
        match note {
            Note::Statement(text) => self::note(&text),
            Note::Detail(text) => tell(&format!("  {text}\n")),
        }
    }
}

/// Tells that something which could not be understood has another name now.
pub(crate) fn note_aside(path: &std::path::Path) {
    note(&format!("what lay there could not be understood; it is kept as {}", path.display()));
}

/// Writes to stderr. Somebody who closed stderr doesn't want to be told.
pub(crate) fn tell(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let text = masked(text);
    let _ = stderr.write_all(harmless(&text).as_bytes()).and_then(|()| stderr.flush());
}

/// Tells what went wrong, and what helps. Gives the exit code.
pub(crate) fn fail(error: &Error) -> u8 {
    let mut text = format!("bqcred: {}\n", error.what());
    if let Some(hint) = error.hint_text() {
        for line in hint.lines() {
            text.push_str(&format!("  hint: {line}\n"));
        }
    }
    tell(&text);
    if !error.stdout().is_empty() {
        let _ = Output::text(error.stdout()).print();
    }
    error.kind().code()
}

/// The text without what a terminal obeys, or what makes it show something else than there is: control
/// characters are written out (`\u{1b}`). Lines stay lines.
fn harmless(text: &str) -> Cow<'_, str> {
    replaced(text, |c| matches!(c, '\n' | '\t'), |c| c.escape_unicode().to_string())
}

/// The same for what has to stay on one line.
fn one_line(text: &str) -> Cow<'_, str> {
    replaced(text, |_| false, |c| c.escape_unicode().to_string())
}

fn replaced(text: &str, good: impl Fn(char) -> bool, by: impl Fn(char) -> String) -> Cow<'_, str> {
    let bad = |c: char| is_obeyed(c) && !good(c);
    if !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if bad(c) { by(c) } else { c.to_string() }).collect())
}

/// Control characters, and those that turn the direction of writing or break lines (Unicode, annex 9 and 14).
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Lines of two columns, the first as wide as it needs to be.
pub(crate) fn columns(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().fold(String::new(), |text, (name, value)| {
        text + format!("{name:width$}  {}", one_line(value)).trim_end() + "\n"
    })
}

/// A table whose columns are as wide as they need to be; two blanks between them.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<Cow<'_, str>>> =
        rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    rows.iter().fold(String::new(), |text, row| {
        let line: String =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ", width = *width)).collect();
        text + line.trim_end() + "\n"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(
            harmless("a\u{1b}[2Jb\r\n\tc\u{9b}\u{202e}\u{7f}"),
            "a\\u{1b}[2Jb\\u{d}\n\tc\\u{9b}\\u{202e}\\u{7f}"
        );
        assert_eq!(one_line("a\nb"), "a\\u{a}b");
        assert!(matches!(harmless("é – 日本 👩‍💻\n"), Cow::Borrowed(_)));
        let text = table(&[vec!["a\nb".to_owned(), "c".to_owned()], vec!["d".to_owned(), "e".to_owned()]]);
        assert_eq!(text, "a\\u{a}b  c\nd        e\n");
    }

    #[test]
    fn json_means_the_same_without_what_a_terminal_would_obey() {
        let value = serde_json::json!({"a\u{9b}": ["\u{1b}\u{7f}\u{202e}\n é"]});
        let output = Output::json(&value);
        let text = std::str::from_utf8(&output.stdout).unwrap();
        assert!(!text.chars().any(|c| c != '\n' && is_obeyed(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(text).unwrap(), value);
    }
}
