//! What people and programs see: stdout for the result of a command, written once; stderr for people.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::output::error::{Error, Result, reason};
use crate::output::masking::masked;
use crate::output::notes::{Note, Notes};
use crate::output::secret::SecretBytes;
use crate::output::shell_word;
use crate::output::table;

/// The result of a command for stdout, and its exit code.
pub(crate) struct Output {
    /// May be a secret (`token`, `export -`): it is wiped from memory, and can't be logged by accident.
    stdout: SecretBytes,
    code: u8,
}

impl Output {
    /// Nothing to print, exit code 0.
    pub(crate) fn none() -> Output {
        Output::bytes(Vec::new())
    }

    /// Lines for people. Secrets and control characters from elsewhere (a file's name, a server's answer) are
    /// made harmless.
    pub(crate) fn for_people(text: &str) -> Output {
        Output::text(harmless(&masked(&with_program(text))))
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
        // the same JSON, without characters that a terminal interprets
        Output::text(replaced(&text, |c| c == '\n', |c| format!("\\u{:04x}", u32::from(c))))
    }

    /// Ends with this exit code: for commands whose result is a problem that they found.
    #[must_use]
    pub(crate) fn with_code(mut self, code: u8) -> Output {
        self.code = code;
        self
    }

    /// Whether there is nothing to print.
    pub(crate) fn is_empty(&self) -> bool {
        self.stdout.is_empty()
    }

    /// Writes the whole result at once, and returns the exit code. A reader that closes the pipe (`| head`) is
    /// not a failure.
    pub(crate) fn print(&self) -> Result<u8> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(&self.stdout).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(self.code),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(self.code),
            Err(error) => Err(Error::other(format!("can't write to stdout: {}", reason(&error)))),
        }
    }
}

/// How this program is called in commands that are shown; see [`call_program_by`].
static PROGRAM: OnceLock<fn() -> Option<PathBuf>> = OnceLock::new();

/// Sets what finds the path that commands in messages name, where `bqcred` alone would not be found. It is asked only
/// when something is shown.
pub(crate) fn call_program_by(path: fn() -> Option<PathBuf>) {
    let _ = PROGRAM.set(path);
}

/// The text with commands as they are typed here.
fn with_program(text: &str) -> Cow<'_, str> {
    match PROGRAM.get().filter(|_| text.contains("bqcred ")).and_then(|path| path()) {
        Some(path) => shell_word::with_path(text, &path),
        None => Cow::Borrowed(text),
    }
}

/// Writes a message for people to stderr.
pub(crate) fn note(text: &str) {
    tell(&format!("bqcred: {text}\n"));
}

/// Writes the notes of a command's steps to stderr.
pub(crate) fn show(notes: Notes) {
    for note in notes {
        match note {
            Note::Statement(text) => self::note(&text),
            Note::Detail(text) => tell(&format!("  {text}\n")),
        }
    }
}

thread_local! {
    /// What this thread has to say to people, where that isn't written to stderr; see [`collected`].
    static COLLECTED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs this, and gives what it has to say to people instead of writing it to stderr. Other threads write as before: what
/// has to be said when a signal ends this one is seen.
pub(crate) fn collected<T>(run: impl FnOnce() -> T) -> (T, String) {
    COLLECTED.set(Some(String::new()));
    let result = run();
    (result, COLLECTED.take().unwrap_or_default())
}

/// Writes to stderr. A failure is ignored: there is no other place to report it.
pub(crate) fn tell(text: &str) {
    let text = with_program(text);
    let text = masked(&text);
    let text = harmless(&text);
    let is_collected =
        COLLECTED.with_borrow_mut(|collected| collected.as_mut().map(|all| all.push_str(&text)).is_some());
    if !is_collected {
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}

/// Writes the error and its hints to stderr. Returns the exit code.
pub(crate) fn fail(error: &Error) -> u8 {
    let mut text = format!("bqcred: {error}\n");
    for line in [error.hint_text(), error.then_text()].into_iter().flatten().flat_map(str::lines) {
        text.push_str(&format!("  hint: {line}\n"));
    }
    tell(&text);
    if !error.stdout().is_empty() {
        let _ = Output::text(error.stdout()).print();
    }
    error.kind().code()
}

/// The text with control characters written out (`\u{1b}`), so that a terminal neither interprets them nor
/// shows something else than the text. Line ends stay.
fn harmless(text: &str) -> Cow<'_, str> {
    replaced(text, |c| matches!(c, '\n' | '\t'), |c| c.escape_unicode().to_string())
}

/// The same for text that has to stay on one line.
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

/// Control characters, and those that change the direction of text or break lines (Unicode, annex 9 and 14).
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Lines of a name and a value for stdout, as wide as the terminal there allows.
pub(crate) fn columns(rows: &[(&str, String)]) -> String {
    let rows: Vec<(&str, String)> =
        rows.iter().map(|(name, value)| (*name, one_line(value).into_owned())).collect();
    table::pairs(&rows, stdout_width())
}

/// A table for stdout, as wide as the terminal there allows. The first row holds the names of the columns.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| one_line(cell).into_owned()).collect()).collect();
    table::table(&rows, stdout_width())
}

/// The text as one word: a command in [`columns`] that has to stay on its line.
pub(crate) fn unbroken(text: &str) -> String {
    table::unbroken(text)
}

/// How many characters a line of stdout may have; `None` if it is not a terminal, or the width is unknown.
fn stdout_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|width| *width > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
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
    fn json_escapes_control_characters() {
        let value = serde_json::json!({"a\u{9b}": ["\u{1b}\u{7f}\u{202e}\n é"]});
        let output = Output::json(&value);
        let text = std::str::from_utf8(&output.stdout).unwrap();
        assert!(!text.chars().any(|c| c != '\n' && is_obeyed(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(text).unwrap(), value);
    }
}
