//! What went wrong, why, and the command that helps.
//!
//! There are few kinds of error, and each has an exit code that scripts can rely on. The table of
//! codes is here ([`EXIT_CODES`]); docs/exit-codes.md shows it, and a test compares the two.
//!
//! An error names files, lines and columns, never their content: a parser's own message quotes the
//! value that it could not read, and that value may be a refresh token.

use std::fmt;
use std::path::Path;

use crate::output::shell_word::shell_word;

/// The result of everything here that can fail.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure this is, for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// None of the others: a bug, or a state that bqcred does not know.
    Other,
    /// The command line, or something typed, pasted or handed over, can't be used; or a `--yes` is missing.
    Usage,
    /// Nothing is stored under that name.
    Missing,
    /// Google refused, and will refuse again: the user has to act.
    Refused,
    /// Google could not be reached or did not answer as it should; a retry may help.
    Network,
    /// The place where a secret or a setting is kept can't be used: a file, a folder, the keyring.
    Store,
    /// `exec` found the program, but can't run it (as a shell says it).
    NotExecutable,
    /// `exec` did not find the program (as a shell says it).
    NotFound,
    /// Ctrl-C, or another signal that asks to stop.
    Interrupted,
}

/// Exit codes and their meaning, in the order in which docs/exit-codes.md shows them.
pub(crate) const EXIT_CODES: &[(u8, &str)] = &[
    (0, "done"),
    (1, "anything else"),
    (2, "the command line, or what was given with it, can't be used as it is"),
    (3, "nothing is stored under that name"),
    (4, "Google refused: sign in again"),
    (5, "network trouble: a retry may help"),
    (6, "the store (file or keyring) can't be used"),
    (126, "`exec` only: the program can't be executed"),
    (127, "`exec` only: the program was not found"),
    (130, "interrupted"),
];

impl Kind {
    /// The process's exit code, as listed in [`EXIT_CODES`].
    pub(crate) fn code(self) -> u8 {
        match self {
            Kind::Other => 1,
            Kind::Usage => 2,
            Kind::Missing => 3,
            Kind::Refused => 4,
            Kind::Network => 5,
            Kind::Store => 6,
            Kind::NotExecutable => 126,
            Kind::NotFound => 127,
            Kind::Interrupted => 130,
        }
    }
}

/// A failure, described so that a tired user knows what to do next.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    kind: Kind,
    what: String,
    is_unchanged: bool,
    hint: Option<String>,
    then: Option<String>,
    stdout: String,
    is_open_to_others: bool,
}

impl Error {
    /// An error of this kind; `what` says what happened and why, without a final full stop.
    pub(crate) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Error {
            kind,
            what: what.into(),
            is_unchanged: false,
            hint: None,
            then: None,
            stdout: String::new(),
            is_open_to_others: false,
        }
    }

    /// A failure that fits no other kind.
    pub(crate) fn other(what: impl Into<String>) -> Self {
        Error::new(Kind::Other, what)
    }

    /// Something typed or pasted that can't be understood.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Error::new(Kind::Usage, what)
    }

    /// A file or folder that can't be used, with the system's reason, and what helps against that.
    pub(crate) fn file(path: &Path, doing: &str, source: &std::io::Error) -> Self {
        let what = format!("can't {doing} {}: {}", path.display(), reason(source));
        Error { hint: remedy(path, source), ..Error::new(Kind::Store, what) }
    }

    /// A file whose content is not what it has to be. `problem` must not quote the content.
    pub(crate) fn content(path: &Path, problem: impl fmt::Display) -> Self {
        Error::new(Kind::Store, format!("{}: {problem}", path.display()))
    }

    /// Adds what helps; a command where there is one. Replaces an earlier hint.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the command for when what the hint is about is done.
    #[must_use]
    pub(crate) fn then(mut self, command: impl Into<String>) -> Self {
        self.then = Some(command.into());
        self
    }

    /// Says that nothing was changed, which is true of the step that failed. A caller that has changed something
    /// before that step builds its own error from [`Error::what`], which leaves it out.
    #[must_use]
    pub(crate) fn unchanged(mut self) -> Self {
        self.is_unchanged = true;
        self
    }

    /// Puts this on stdout all the same, for a reader that would not notice the exit code (`eval`).
    #[must_use]
    pub(crate) fn with_stdout(mut self, stdout: impl Into<String>) -> Self {
        self.stdout = stdout.into();
        self
    }

    /// Marks a file or folder of bqcred's that is refused because others have access to it.
    #[must_use]
    pub(crate) fn open_to_others(mut self) -> Self {
        self.is_open_to_others = true;
        self
    }

    /// Whether a file or folder was refused because others have access to it.
    pub(crate) fn is_open_to_others(&self) -> bool {
        self.is_open_to_others
    }

    /// Which kind of failure this is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What happened and why. What became of things here ([`Error::unchanged`]) is left out.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// The message with what helps.
    pub(crate) fn in_one_line(&self) -> String {
        match self.hint_text().and_then(|hint| hint.lines().next()) {
            Some(hint) => format!("{}; {hint}", self.what()),
            None => self.what().to_owned(),
        }
    }

    /// What helps, if anything is known to.
    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The command for after that.
    pub(crate) fn then_text(&self) -> Option<&str> {
        self.then.as_deref()
    }

    /// What `eval` has to see of this failure; empty for most.
    pub(crate) fn stdout(&self) -> &str {
        &self.stdout
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        f.write_str(if self.is_unchanged { "; nothing was changed" } else { "" })
    }
}

impl std::error::Error for Error {}

/// The system's reason in words, without Rust's "(os error 2)".
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_lowercase(),
        None => text,
    }
}

/// The number of the system's error. tempfile puts it behind an error that names the path.
fn os_error(error: &std::io::Error) -> Option<i32> {
    let inner = || error.get_ref()?.source()?.downcast_ref::<std::io::Error>()?.raw_os_error();
    error.raw_os_error().or_else(inner)
}

/// What helps against a disk that is full, read-only or broken, and against missing rights.
fn remedy(path: &Path, error: &std::io::Error) -> Option<String> {
    use std::io::ErrorKind;
    const EIO: i32 = 5; // the same number on every Unix
    let there = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let there = shell_word(there);
    match error.kind() {
        ErrorKind::StorageFull => Some(format!("make room on that disk (`df -h {there}`), then try again")),
        ErrorKind::QuotaExceeded => {
            Some("your quota is used up (`quota -s`): make room, then try again".to_owned())
        }
        ErrorKind::ReadOnlyFilesystem => Some(format!(
            "that file system is read-only (`findmnt -T {there}`): name a file on another one; the XDG_* variables lead bqcred's own folders there"
        )),
        ErrorKind::ResourceBusy if !path.is_dir() => Some(format!(
            "it is mounted on its own, so that it can't be replaced: mount its folder, {there}, in its place"
        )),
        ErrorKind::PermissionDenied => {
            Some(format!("`ls -ld {there}` shows its owner; it has to be yours, and writable"))
        }
        _ if os_error(error) == Some(EIO) => Some(
            "the disk itself fails (`dmesg | tail` shows more): save what matters, then try again".to_owned(),
        ),
        _ => None,
    }
}

/// Where JSON is invalid, without quoting it: serde_json's own message shows the value. The keys that
/// it names are ours.
pub(crate) fn json_problem(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Eof => "the JSON ends too early",
        Category::Syntax => "not valid JSON",
        Category::Data if error.to_string().starts_with("duplicate field") => "a key occurs twice",
        Category::Data => "valid JSON, but a value is of the wrong kind",
        Category::Io => "can't be read",
    };
    if error.line() == 0 {
        what.to_owned()
    } else {
        // serde_json gives column 0 for what begins a line
        format!("{what} (line {}, column {})", error.line(), error.column().max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_documented_exit_code() {
        for kind in [
            Kind::Other,
            Kind::Usage,
            Kind::Missing,
            Kind::Refused,
            Kind::Network,
            Kind::Store,
            Kind::NotExecutable,
            Kind::NotFound,
            Kind::Interrupted,
        ] {
            assert!(EXIT_CODES.iter().any(|(code, _)| *code == kind.code()), "{kind:?}");
        }
        let contract =
            [Kind::Usage, Kind::Missing, Kind::Refused, Kind::Network, Kind::Store, Kind::Interrupted];
        assert_eq!(contract.map(Kind::code), [2, 3, 4, 5, 6, 130]);
    }

    #[derive(serde::Deserialize)]
    struct OneKey {
        #[expect(dead_code, reason = "only read")]
        key: u8,
    }

    #[test]
    fn a_json_problem_gives_the_position_and_never_the_value() {
        let error = serde_json::from_str::<u8>("\n  \"1//0secret\"").unwrap_err();
        let text = json_problem(&error);
        assert_eq!(text, "valid JSON, but a value is of the wrong kind (line 2, column 14)");
        let problem = |text| json_problem(&serde_json::from_str::<OneKey>(text).err().unwrap());
        assert_eq!(problem("{\"key\": 1,\n\"key\": 2}"), "a key occurs twice (line 2, column 5)");
        assert_eq!(problem("[[[1]]]"), "valid JSON, but a value is of the wrong kind (line 1, column 1)");
    }

    #[test]
    fn errors_of_a_disk_have_a_hint() {
        use std::io;
        let file_error = |error: io::Error| Error::file(Path::new("/etc/no/such"), "write", &error);
        for (number, words) in [
            (28, "df -h"),
            (122, "quota"),
            (30, "read-only"),
            (13, "ls -ld "),
            (5, "dmesg"),
            (16, "mount its folder"),
        ] {
            let error = file_error(io::Error::from_raw_os_error(number));
            assert!(error.hint_text().unwrap().contains(words), "{number}: {:?}", error.hint_text());
            assert!(!error.what().contains("os error"), "{}", error.what());
        }
        assert_eq!(file_error(io::Error::other("x")).hint_text(), None);
    }
}
