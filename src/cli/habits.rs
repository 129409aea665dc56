//! Words that people type from habit with other tools, and the bqcred command that does what they mean.
//!
//! The nearest spelling would mislead: of all commands, `login` is the one most like `logout`.

use clap::Command;

/// Habitual words, and the hint for them.
const HABITS: &[(&[&str], &str)] = &[
    (
        &["logout", "log-out", "logoff", "signout", "sign-out", "signoff", "disconnect"],
        "`bqcred forget` removes the profile here, `bqcred revoke` also ends it at Google",
    ),
    (
        &["rm", "remove", "delete", "del", "unlink", "drop"],
        "`bqcred forget PROFILE` removes a profile here, `bqcred revoke PROFILE` also ends it at Google",
    ),
    (
        &[
            "whoami",
            "who",
            "id",
            "me",
            "user",
            "account",
            "current",
            "current-profile",
            "info",
            "state",
            "valid",
        ],
        "`bqcred status` shows your account and whether the credential is valid",
    ),
    (
        &["show", "get", "describe", "view"],
        "`bqcred status` shows the current profile, `bqcred list` all profiles",
    ),
    (&["ls", "profiles", "accounts", "users", "credentials"], "`bqcred list` lists all profiles"),
    (
        &[
            "switch",
            "select",
            "activate",
            "change",
            "set",
            "set-profile",
            "set-account",
            "profile",
            "checkout",
        ],
        "`bqcred use PROFILE` sets the current profile",
    ),
    (
        &["project", "set-project", "set-quota-project"],
        "`bqcred use PROFILE --project PROJECT` sets the project of a profile",
    ),
    (
        &[
            "signin",
            "sign-in",
            "log-in",
            "authenticate",
            "authorize",
            "auth",
            "add",
            "create",
            "new",
            "connect",
        ],
        "`bqcred login` signs in",
    ),
    (
        &["application-default", "adc"],
        "`bqcred login` signs in, `bqcred env` prints the variables that make libraries use the credential",
    ),
    (
        &["setup", "configure", "config", "start"],
        "`bqcred login` signs in, `bqcred init SHELL` sets up a shell, `bqcred client guide` shows how to create an OAuth client",
    ),
    (
        &["shell", "shell-init", "hook", "profile.d", "bashrc"],
        "`bqcred init SHELL` prints shell functions and completions, `bqcred env` sets this shell's variables",
    ),
    (
        &["environment", "printenv", "shellenv", "source", "load", "unlock"],
        "`bqcred env` prints the environment variables",
    ),
    (
        &["unset", "deactivate", "clear", "off"],
        "`bqcred env --unset` prints commands that remove the variables",
    ),
    (
        &["print-access-token", "access-token", "get-token", "tokens", "bearer"],
        "`bqcred token` prints an access token",
    ),
    (
        &["refresh", "renew", "reauth", "relogin", "re-login"],
        "`bqcred login` signs in again, `bqcred rotate` also revokes the old credential",
    ),
    (&["run", "with", "wrap"], "`bqcred exec -- PROGRAM` runs a program with your credential"),
    (
        &["jupyter", "notebook", "kernels", "kernelspec", "ipykernel", "install"],
        "`bqcred kernel install` makes Jupyter kernels use your credential",
    ),
    (&["uninstall"], "`bqcred kernel uninstall` puts Jupyter kernels back as they were"),
    (&["sync"], "`bqcred kernel sync` renews the Jupyter kernels"),
    (&["guide"], "`bqcred client guide` shows how to create an OAuth client"),
    (
        &["diagnose", "debug", "check", "test", "verify", "why", "explain"],
        "`bqcred status` asks Google about the credential, `bqcred doctor` shows which identity each library uses",
    ),
    (&["save", "write", "dump", "copy", "cp"], "`bqcred export FILE` writes the credential as an ADC file"),
    (&["mv", "store", "keyring"], "`bqcred move --store keyring` moves a credential to the keyring"),
    (&["restore", "add-account", "load-credential"], "`bqcred import FILE` imports a credential"),
    (&["completion", "complete"], "`bqcred completions SHELL` prints completions"),
    (&["version"], "`bqcred --version` prints the version"),
];

/// The same below a command: the command, habitual words, and the hint for them.
const BELOW: &[(&str, &[&str], &str)] = &[
    ("kernel", &["ls", "show", "status"], "`bqcred kernel list` lists the kernels"),
    (
        "kernel",
        &["rm", "remove", "delete", "undo", "restore"],
        "`bqcred kernel uninstall` puts kernels back as they were",
    ),
    (
        "kernel",
        &["add", "create", "set", "use", "enable"],
        "`bqcred kernel install` makes kernels use your credential",
    ),
    ("kernel", &["update", "refresh", "renew", "upgrade"], "`bqcred kernel sync` renews the kernels"),
    ("client", &["get", "list", "ls", "status"], "`bqcred client show` shows which client is used"),
    ("client", &["use", "import", "add"], "`bqcred client set FILE` sets the client"),
    (
        "client",
        &["remove", "rm", "delete", "clear", "reset", "forget"],
        "`bqcred client unset` removes your client",
    ),
    ("client", &["new", "create", "make", "help"], "`bqcred client guide` shows how to create a client"),
];

/// Words that only say what the next one is about: `gcloud auth list`, `gcloud config set project`.
const GROUPS: &[&str] =
    &["auth", "application-default", "config", "profile", "profiles", "account", "accounts"];

/// The hint for words that were typed after `parent`, if there is one: the first is not a command of it.
pub(super) fn suggestion(parent: &Command, words: &[&str]) -> Option<String> {
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let first = words.first()?;
    if parent.get_name() != "bqcred" {
        let is_it = |(command, habits, _): &&(&str, &[&str], &str)| {
            *command == parent.get_name() && habits.contains(&first.as_str())
        };
        return BELOW.iter().find(is_it).map(|(_, _, hint)| (*hint).to_owned());
    }
    let meant = words.iter().find(|word| !GROUPS.contains(&word.as_str())).unwrap_or(first);
    match parent.find_subcommand(meant).filter(|command| !command.is_hide_set()) {
        Some(command) => Some(format!("did you mean `bqcred {}`?", command.get_name())),
        None => hint(meant).or_else(|| hint(first)).map(str::to_owned),
    }
}

fn hint(word: &str) -> Option<&'static str> {
    HABITS.iter().find(|(words, _)| words.contains(&word)).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::described;

    /// The commands in a hint: the words of each `bqcred …` up to the first argument.
    fn commands(hint: &str) -> Vec<Vec<String>> {
        let quoted = hint.split('`').skip(1).step_by(2);
        let is_name = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase());
        quoted.map(|line| line.split(' ').skip(1).take_while(is_name).map(str::to_owned).collect()).collect()
    }

    #[test]
    fn habits_are_not_commands_and_hints_name_commands() {
        let root = described(&[]).unwrap();
        let all = HABITS.iter().map(|(words, hint)| (&root, *words, *hint));
        let below =
            BELOW.iter().map(|(parent, words, hint)| (root.find_subcommand(parent).unwrap(), *words, *hint));
        for (parent, words, hint) in all.chain(below) {
            for word in words {
                assert!(parent.find_subcommand(word).is_none(), "{word} is a command");
            }
            let commands = commands(hint);
            assert!(!commands.is_empty(), "{hint}");
            for command in commands {
                assert!(described(&command).is_ok(), "{hint}: {command:?}");
            }
        }
    }

    #[test]
    fn no_habit_has_two_hints() {
        let mut words: Vec<&str> = HABITS.iter().flat_map(|(words, _)| words.iter().copied()).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }

    #[test]
    fn a_group_word_is_skipped() {
        let root = described(&[]).unwrap();
        let hint = |line: &str| suggestion(&root, &line.split(' ').collect::<Vec<_>>()).unwrap_or_default();
        assert_eq!(hint("auth login"), "did you mean `bqcred login`?");
        assert_eq!(
            hint("auth application-default print-access-token"),
            "`bqcred token` prints an access token"
        );
        assert!(
            hint("auth application-default").contains("`bqcred login`"),
            "{}",
            hint("auth application-default")
        );
        assert!(hint("config set").contains("`bqcred use PROFILE`"));
        assert!(hint("LogOut").contains("`bqcred forget`"));
        assert_eq!(hint("qqq"), "");
    }
}
