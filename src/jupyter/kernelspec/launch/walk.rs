//! Following a command to the kernel, from launcher to launcher and through shell scripts.

use std::path::Path;

use super::{
    Barrier, Effect, Handed, Launcher, MAX_DEPTH, MAX_SCRIPT, REMOTE, SHELLS, TRANSPARENT, accounts, base,
    containers, elsewhere, is_known, options, shell,
};
use crate::handover::variables;
use crate::jupyter::kernelspec::files;
use crate::system::env;

/// What became of `GOOGLE_APPLICATION_CREDENTIALS` on the way to the kernel.
#[derive(Clone, Debug)]
pub(super) enum Variable {
    Ours,
    Dropped(Barrier),
    Set(String, Barrier),
}

/// How a launcher passes the variable on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// With the value that it has.
    Name,
    /// With this value.
    Value(String),
}

impl Passed {
    /// `NAME` or `NAME=VALUE`, if it is about the variable.
    pub(super) fn read(text: &str) -> Option<Passed> {
        match text.trim().strip_prefix(variables::ADC)? {
            "" => Some(Passed::Name),
            rest => rest.strip_prefix('=').map(|value| Passed::Value(value.to_owned())),
        }
    }

    /// The same in a list with commas.
    pub(super) fn in_list(text: &str) -> Option<Passed> {
        text.split(',').find_map(Passed::read)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Walk<'a> {
    pub(super) handed: &'a Handed<'a>,
    pub(super) variable: Variable,
    /// What keeps the credential off whatever the variable is.
    found: Option<Barrier>,
    depth: u8,
}

impl<'a> Walk<'a> {
    pub(super) fn new(handed: &'a Handed<'a>) -> Walk<'a> {
        Walk { handed, variable: Variable::Ours, found: None, depth: 0 }
    }

    pub(super) fn follow(mut self, words: &[String]) -> Option<Barrier> {
        self.command(words);
        self.found.or(match self.variable {
            Variable::Ours => None,
            Variable::Dropped(barrier) => Some(barrier),
            Variable::Set(value, barrier) => (!is_ours(&value, self.handed.file)).then_some(barrier),
        })
    }

    /// Follows a command to the kernel.
    pub(super) fn command(&mut self, words: &[String]) {
        self.depth += 1;
        let Some((first, rest)) = words.split_first() else { return };
        if self.depth > MAX_DEPTH {
            return;
        }
        let name = base(first);
        if accounts::step(self, name, rest)
            || containers::step(self, name, rest)
            || elsewhere::step(self, name, rest)
        {
            return;
        }
        if SHELLS.contains(&name) {
            self.shell(rest);
        } else if TRANSPARENT.contains(&name) {
            if let Some(at) = rest.iter().position(|word| is_known(base(word))) {
                self.command(rest.get(at..).unwrap_or_default());
            }
        } else if words.iter().take(4).any(|word| REMOTE.contains(&base(word))) {
            self.block(Launcher::Remote, Effect::DropsVariables, name.to_owned());
        } else {
            self.script_file(first);
        }
    }

    /// `sh [-c TEXT | FILE]`.
    fn shell(&mut self, words: &[String]) {
        let syntax = options::Syntax { short: "oO", long: options::Long::These(&["rcfile", "init-file"]) };
        let (found, rest) = options::split(words, &syntax);
        match (rest.first(), found.iter().any(|option| option.is(&["-c"]))) {
            (Some(text), true) => self.script(text),
            (Some(file), false) => self.script_file(file),
            (None, _) => {}
        }
    }

    /// A program that may be a shell script.
    fn script_file(&mut self, program: &str) {
        let path = match program.contains('/') {
            true => Some(program.into()),
            false => env::find_program(program),
        };
        let Some(bytes) = path.and_then(|path| files::read(&path, MAX_SCRIPT).ok()) else { return };
        let Ok(text) = std::str::from_utf8(&bytes) else { return };
        let interpreter = text.strip_prefix("#!").and_then(|text| text.lines().next()).unwrap_or_default();
        if interpreter.split_whitespace().any(|word| SHELLS.contains(&base(word))) {
            self.script(text);
        }
    }

    /// Follows the commands of a shell text that start the kernel: those that take the script's arguments or name a
    /// kernel's program, and the last.
    pub(super) fn script(&mut self, text: &str) {
        let commands = shell::commands(text);
        for (position, words) in commands.iter().enumerate() {
            let words = self.assignments(words);
            let is_last = position + 1 == commands.len();
            if !is_last && !words.iter().any(|word| names_kernel(word)) {
                continue;
            }
            if let Some(barrier) = self.clone().follow(words) {
                self.found.get_or_insert(barrier);
                return;
            }
        }
    }

    /// The command behind keywords and assignments, with what it does to the variable.
    fn assignments<'w>(&mut self, words: &'w [String]) -> &'w [String] {
        const KEYWORDS: [&str; 10] = ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "eval"];
        let is_prefix = |word: &String| {
            KEYWORDS.contains(&word.as_str())
                || word.split_once('=').is_some_and(|(name, _)| {
                    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                })
        };
        let start = words.iter().position(|word| !is_prefix(word)).unwrap_or(words.len());
        let (prefix, command) = words.split_at(start);
        let arguments = command.get(1..).unwrap_or_default();
        let (set, unset) = match command.first().map(String::as_str) {
            Some("export" | "declare" | "typeset" | "readonly") => (arguments, &[][..]),
            Some("unset") => (&[][..], arguments),
            _ => (prefix, &[][..]),
        };
        let barrier =
            |effect| Barrier { launcher: Launcher::Script, effect, command: "its script".to_owned() };
        for word in set {
            if let Some(Passed::Value(value)) = Passed::read(word) {
                self.variable = Variable::Set(value, barrier(Effect::OtherCredential));
            }
        }
        if unset.iter().any(|word| word == variables::ADC) {
            self.variable = Variable::Dropped(barrier(Effect::DropsVariables));
        }
        command
    }

    /// Passes a launcher that takes the variable along only as `passed` says.
    pub(super) fn pass(&mut self, launcher: Launcher, command: &str, passed: Option<Passed>) {
        let barrier = |effect| Barrier { launcher, effect, command: command.to_owned() };
        match passed {
            Some(Passed::Name) => {}
            Some(Passed::Value(value)) => {
                self.variable = Variable::Set(value, barrier(Effect::OtherCredential));
            }
            None => self.variable = Variable::Dropped(barrier(Effect::DropsVariables)),
        }
    }

    /// Nothing later in the command helps.
    pub(super) fn block(&mut self, launcher: Launcher, effect: Effect, command: String) {
        self.found.get_or_insert(Barrier { launcher, effect, command });
    }
}

/// Whether a value of the variable is the credential file that is handed over.
pub(super) fn is_ours(value: &str, file: Option<&Path>) -> bool {
    let reference = ["$GOOGLE_APPLICATION_CREDENTIALS", "${GOOGLE_APPLICATION_CREDENTIALS"];
    reference.iter().any(|start| value.starts_with(start))
        || file.is_some_and(|file| Path::new(value) == file)
}

/// Whether a word of a script is what starts the kernel: the script's arguments, or the program of a kernel.
fn names_kernel(word: &str) -> bool {
    let arguments = ["$@", "$*", "${@", "${*"];
    let positional = word.split('$').skip(1).any(|rest| {
        rest.strip_prefix('{').unwrap_or(rest).starts_with(|c: char| c.is_ascii_digit() && c != '0')
    });
    positional
        || arguments.iter().any(|text| word.contains(text))
        || ["ipykernel", "IRkernel", "connection_file"].iter().any(|text| word.contains(text))
}
