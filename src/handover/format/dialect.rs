//! The languages of shells, their names, and the lines to type in them.

use super::nushell;

/// A language that a shell evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// sh, dash, bash, zsh, mksh, yash, busybox and similar shells.
    Posix,
    /// ksh: the same after a backslash. Its `eval` ignores everything if its first argument is empty, which it is if
    /// IFS holds the first character.
    Ksh,
    /// fish.
    Fish,
    /// tcsh and csh.
    Tcsh,
    /// Elvish.
    Elvish,
    /// Nushell, which evaluates no text: it reads JSON.
    Nushell,
    /// PowerShell.
    PowerShell,
}

impl Dialect {
    /// Every dialect, in the order in which help names them.
    pub(crate) const ALL: &'static [Dialect] = &[
        Dialect::Posix,
        Dialect::Ksh,
        Dialect::Fish,
        Dialect::Tcsh,
        Dialect::Elvish,
        Dialect::Nushell,
        Dialect::PowerShell,
    ];

    /// The name of the dialect's best-known shell; [`Dialect::from_shell_name`] reads it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Dialect::Posix => "sh",
            Dialect::Ksh => "ksh",
            Dialect::Fish => "fish",
            Dialect::Tcsh => "tcsh",
            Dialect::Elvish => "elvish",
            Dialect::Nushell => "nu",
            Dialect::PowerShell => "pwsh",
        }
    }

    /// The line that evaluates the output of `env` in this shell. `env`: `bqcred env` with its options.
    pub(crate) fn line(self, env: &str) -> String {
        match self {
            Dialect::Posix | Dialect::Ksh => format!("eval $({env})"),
            Dialect::Fish => format!("{env} | source"),
            Dialect::Tcsh => format!("eval `{env}`"),
            Dialect::Elvish => format!("eval ({env} | slurp)"),
            Dialect::Nushell => format!("{env} | from json | load-env"),
            Dialect::PowerShell => format!("{env} --shell pwsh | Out-String | Invoke-Expression"),
        }
    }

    /// The dialect of a shell, by its name as users and process tables write it: with a folder, a
    /// version (`ksh93`), or the `-` of a login shell.
    pub(crate) fn from_shell_name(name: &str) -> Option<Dialect> {
        let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        let name = name.strip_prefix('-').unwrap_or(&name);
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches('-');
        match name {
            "sh" | "dash" | "bash" | "rbash" | "zsh" | "mksh" | "lksh" | "oksh" | "pdksh" | "yash"
            | "busybox" | "ash" | "posh" | "posix" => Some(Dialect::Posix),
            "ksh" | "rksh" => Some(Dialect::Ksh),
            "fish" => Some(Dialect::Fish),
            "tcsh" | "csh" | "bsd-csh" => Some(Dialect::Tcsh),
            "elvish" => Some(Dialect::Elvish),
            "nu" | "nushell" => Some(Dialect::Nushell),
            "pwsh" | "pwsh-preview" | "powershell" => Some(Dialect::PowerShell),
            _ => None,
        }
    }

    /// A statement that fails in this shell and does nothing else. Printed when `env` fails: evaluating an empty
    /// text would succeed, and the failure would go unnoticed.
    pub(crate) fn failing(self) -> &'static str {
        match self {
            Dialect::Posix | Dialect::Fish | Dialect::Tcsh => "false;\n",
            Dialect::Ksh => "\\false;\n",
            Dialect::Elvish => "fail 'bqcred env failed';\n",
            Dialect::Nushell => nushell::FAILING,
            Dialect::PowerShell => "throw 'bqcred env failed';\n",
        }
    }
}
