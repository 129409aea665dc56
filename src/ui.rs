//! What people and programs see: stdout for the product of a verb, written once; stderr for people.

use std::io::{ErrorKind, Write};

use crate::error::{Error, Result, reason};
use crate::secret::SecretBytes;

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

    /// A text that ends in a newline.
    pub(crate) fn text(text: impl Into<String>) -> Output {
        Output::bytes(text.into().into_bytes())
    }

    /// Bytes as they are.
    pub(crate) fn bytes(bytes: Vec<u8>) -> Output {
        Output { stdout: SecretBytes::new(bytes), code: 0 }
    }

    /// JSON for programs: two spaces, a final newline.
    pub(crate) fn json(value: &serde_json::Value) -> Output {
        Output::text(format!("{value:#}\n"))
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

/// Writes to stderr as it is. Somebody who closed stderr doesn't want to be told.
pub(crate) fn tell(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
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

/// Lines of two columns, the first as wide as it needs to be.
pub(crate) fn columns(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter()
        .fold(String::new(), |text, (name, value)| text + format!("{name:width$}  {value}").trim_end() + "\n")
}

/// A table whose columns are as wide as they need to be; two blanks between them.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
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
