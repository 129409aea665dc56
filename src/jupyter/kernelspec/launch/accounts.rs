//! Programs that start a command with a clean environment or as another user.

use super::options::{self, Long, Opt, Syntax};
use super::{Effect, Launcher, Passed, Walk};
use crate::system::env;

/// The programs that are read here.
pub(super) const NAMES: [&str; 12] =
    ["env", "genv", "sudo", "doas", "su", "runuser", "gosu", "su-exec", "chpst", "setpriv", "bwrap", "sg"];

/// Follows one of these programs; whether it is one.
pub(super) fn step(walk: &mut Walk<'_>, name: &str, words: &[String]) -> bool {
    match name {
        "env" | "genv" => env_command(walk, words),
        "sudo" | "doas" => sudo(walk, name, words),
        "su" | "runuser" => su(walk, name, words),
        "gosu" | "su-exec" => {
            let (user, rest) = words.split_first().map_or(("", words), |(user, rest)| (user.as_str(), rest));
            as_user(walk, Launcher::OtherAccount, name, user);
            walk.command(rest);
        }
        "setpriv" => setpriv(walk, words),
        "bwrap" => bwrap(walk, words),
        _ => return false,
    }
    true
}

/// `env [-i] [-u NAME] [NAME=VALUE]... COMMAND`.
fn env_command(walk: &mut Walk<'_>, words: &[String]) {
    let syntax = Syntax { short: "uCSP", long: Long::These(&["unset", "chdir", "split-string"]) };
    let (found, mut rest) = options::split(words, &syntax);
    let mut is_clean = found.iter().any(|option| option.is(&["-i", "--ignore-environment"]));
    if let Some(("-", after)) = rest.split_first().map(|(word, after)| (word.as_str(), after)) {
        (is_clean, rest) = (true, after);
    }
    let unset = found
        .iter()
        .any(|option| option.value_of(&["-u", "--unset"]).and_then(Passed::read) == Some(Passed::Name));
    if is_clean {
        walk.pass(Launcher::CleanEnvironment, "env -i", None);
    } else if unset {
        walk.pass(Launcher::CleanEnvironment, "env -u", None);
    }
    if let Some(text) = found.iter().find_map(|option| option.value_of(&["-S", "--split-string"])) {
        // its words stand in the place of the option
        let split: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        return env_command(walk, &[split.as_slice(), rest].concat());
    }
    let command = assigned(walk, rest, Launcher::CleanEnvironment, "env");
    walk.command(command);
}

/// Takes the `NAME=VALUE` words in front; the rest is the command.
fn assigned<'w>(walk: &mut Walk<'_>, words: &'w [String], launcher: Launcher, name: &str) -> &'w [String] {
    let start = words.iter().position(|word| !word.contains('=')).unwrap_or(words.len());
    let (assignments, command) = words.split_at(start);
    if let Some(passed) = assignments.iter().find_map(|word| Passed::read(word)) {
        walk.pass(launcher, name, Some(passed));
    }
    command
}

/// sudo(8) keeps the environment only with `-E` or `--preserve-env`; doas(1) never does by itself.
fn sudo(walk: &mut Walk<'_>, name: &str, words: &[String]) {
    let syntax = match name {
        "doas" => Syntax { short: "aCu", long: Long::These(&[]) },
        _ => Syntax {
            short: "aCcDghpRrTtUu",
            long: Long::These(&[
                "close-from",
                "chdir",
                "group",
                "host",
                "prompt",
                "chroot",
                "role",
                "command-timeout",
                "type",
                "other-user",
                "user",
                "login-class",
            ]),
        },
    };
    let (found, rest) = options::split(words, &syntax);
    let user = found.iter().rev().find_map(|option| option.value_of(&["-u", "--user"]));
    let is_login = found.iter().any(|option| option.is(&["-i", "--login"]));
    let command = shown(name, &found, user);
    let kept = found.iter().filter(|_| name == "sudo" && !is_login).find_map(preserved);
    walk.pass(Launcher::Sudo, &command, kept);
    let rest = assigned(walk, rest, Launcher::Sudo, &command);
    as_user(walk, Launcher::Sudo, &command, user.unwrap_or("root"));
    walk.command(rest);
}

fn preserved(option: &Opt) -> Option<Passed> {
    match &option.value {
        Some(list) if option.name == "--preserve-env" => Passed::in_list(list),
        None if option.is(&["-E", "--preserve-env"]) => Some(Passed::Name),
        _ => None,
    }
}

/// The program with what matters of its options.
fn shown(name: &str, found: &[Opt], user: Option<&str>) -> String {
    let login = if found.iter().any(|option| option.is(&["-i", "--login", "-l"])) { " -i" } else { "" };
    let user = user.map_or(String::new(), |user| format!(" -u {user}"));
    format!("{name}{login}{user}")
}

/// `su [-] [USER] [-c TEXT]`, `runuser [-u USER] COMMAND`.
fn su(walk: &mut Walk<'_>, name: &str, words: &[String]) {
    let syntax = Syntax {
        short: "cCgGsTuw",
        long: Long::These(&[
            "command",
            "session-command",
            "group",
            "supp-group",
            "shell",
            "user",
            "whitelist-environment",
        ]),
    };
    // options may also follow the user
    let (mut found, mut positional, mut rest) = (Vec::new(), Vec::new(), words);
    while !rest.is_empty() {
        let (options, after) = options::split(rest, &syntax);
        found.extend(options);
        let Some((word, after)) = after.split_first() else { break };
        positional.push(word.clone());
        rest = after;
    }
    let dash = positional.first().is_some_and(|word| word == "-");
    let is_login = dash || found.iter().any(|option| option.is(&["-l", "--login"]));
    let mut words = positional.iter().skip(usize::from(dash));
    let named = found.iter().find_map(|option| option.value_of(&["-u", "--user"])).map(str::to_owned);
    let user = named.clone().or_else(|| words.next().cloned()).unwrap_or_else(|| "root".to_owned());
    let command = format!("{name}{} {user}", if is_login { " -" } else { "" });
    if is_login {
        let kept = found.iter().find_map(|option| option.value_of(&["-w", "--whitelist-environment"]));
        walk.pass(Launcher::OtherAccount, &command, kept.and_then(Passed::in_list));
    }
    as_user(walk, Launcher::OtherAccount, &command, &user);
    match found.iter().find_map(|option| option.value_of(&["-c", "--command", "--session-command"])) {
        Some(text) => walk.script(text),
        None => walk.command(&words.cloned().collect::<Vec<_>>()),
    }
}

/// `setpriv [--reset-env] [--reuid UID] COMMAND`.
fn setpriv(walk: &mut Walk<'_>, words: &[String]) {
    let flags = Long::AllBut(&[
        "clear-groups",
        "keep-groups",
        "init-groups",
        "reset-env",
        "nnp",
        "no-new-privs",
        "dump",
    ]);
    let (found, rest) = options::split(words, &Syntax { short: "", long: flags });
    if found.iter().any(|option| option.is(&["--reset-env"])) {
        walk.pass(Launcher::CleanEnvironment, "setpriv --reset-env", None);
    }
    if let Some(user) = found.iter().find_map(|option| option.value_of(&["--reuid", "--ruid"])) {
        as_user(walk, Launcher::OtherAccount, "setpriv", user);
    }
    walk.command(rest);
}

/// `bwrap [--clearenv] [--setenv NAME VALUE] [--unsetenv NAME] COMMAND`: what follows the options is not needed.
fn bwrap(walk: &mut Walk<'_>, words: &[String]) {
    let name = |at: usize| words.get(at + 1).and_then(|word| Passed::read(word));
    for (at, word) in words.iter().enumerate() {
        let passed = match word.as_str() {
            "--clearenv" => None,
            "--unsetenv" if name(at).is_some() => None,
            "--setenv" if name(at).is_some() => words.get(at + 2).cloned().map(Passed::Value),
            _ => continue,
        };
        walk.pass(Launcher::CleanEnvironment, &format!("bwrap {word}"), passed);
    }
    if let Some(at) = words.iter().position(|word| super::is_known(super::base(word))) {
        walk.command(words.get(at..).unwrap_or_default());
    }
}

/// The kernel runs as this user. Root reads every file; another user can't read a private one.
fn as_user(walk: &mut Walk<'_>, launcher: Launcher, command: &str, user: &str) {
    let own =
        [env::text("USER"), env::text("LOGNAME"), Some(rustix::process::geteuid().as_raw().to_string())];
    let user = user.split(':').next().unwrap_or(user).trim_start_matches('#');
    if !["root", "0", ""].contains(&user) && !own.into_iter().flatten().any(|name| name == user) {
        walk.block(launcher, Effect::OtherUser, command.to_owned());
    }
}
