//! What programs in containers and on other machines get: access tokens in a token-only file, and never the refresh
//! token.

use std::path::{Path, PathBuf};

use super::Pasted;
use crate::app::App;
use crate::cli::{Snippet, SnippetKind};
use crate::credential::profile_name::ProfileName;
use crate::handover::ready::{self, Ready};
use crate::handover::variables::{self, Inherited};
use crate::jupyter::changes::kernel_profile::{lasting_variables, utf8};
use crate::oauth::scopes;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::output::shell_word::shell_word;

/// A profile whose access tokens are handed over.
pub(super) struct TokenOnly<'a> {
    app: &'a App,
    args: &'a Snippet,
    ready: Ready,
}

impl<'a> TokenOnly<'a> {
    /// The profile that is meant.
    ///
    /// # Errors
    /// If `bqcred env` would refuse its credential, or a scope is unknown.
    pub(super) fn new(args: &'a Snippet, app: &'a App) -> Result<Self> {
        scopes::exactly(&args.scopes)?;
        let (name, profile) = app.profile()?;
        // one in the keyring, too: its tokens are handed over, and no path of it
        let mut ready = ready::in_store(app, name, profile)?;
        if ready.profile.project.is_none() {
            ready.notes.add(format!(
                "profile {} has no project, which Python's libraries need: `{}`",
                ready.name,
                app.project_command(&ready.name)
            ));
        }
        Ok(TokenOnly { app, args, ready })
    }

    /// The text with what is to be said of the credential, then `advice`.
    pub(super) fn pasted(mut self, text: String, advice: Notes) -> Pasted {
        let mut notes = std::mem::take(&mut self.ready.notes);
        notes.append(advice);
        Pasted { text, advice: notes }
    }

    /// The profile's name.
    pub(super) fn name(&self) -> &ProfileName {
        &self.ready.name
    }

    /// Whose tokens they are.
    pub(super) fn account(&self) -> String {
        match &self.args.acting_as {
            Some(account) => account.to_string(),
            None => self.ready.profile.who().into_owned(),
        }
    }

    /// The variables for a place that can set variables and not remove any; empty values count as unset there.
    pub(super) fn variables(&self, file: &str) -> Result<Vec<(String, String)>> {
        let Ready { name, profile, .. } = &self.ready;
        lasting_variables(variables::set_for_good(name, profile, Path::new(file), &Inherited::default()))
    }

    /// The arguments of bqcred that print a token-only file, or write it.
    pub(super) fn export(&self, target: &str) -> Vec<String> {
        let mut words = vec!["export".to_owned(), "--token-only".to_owned(), target.to_owned()];
        words.extend(["--profile".to_owned(), self.ready.name.to_string()]);
        words.extend(self.limits());
        words
    }

    /// The same as a command that goes on renewing, for people. Without a file, a program is to follow: `-- PROGRAM`.
    pub(super) fn keep_fresh(&self, file: Option<&str>) -> String {
        let mut words = self.export(file.unwrap_or_default());
        words.retain(|word| !word.is_empty());
        format!("{} --keep-fresh", command(&words))
    }

    /// The options that hand over less, for `export` and for `exec --token-only`.
    pub(super) fn limits(&self) -> Vec<String> {
        let mut words = Vec::new();
        if !self.args.scopes.is_empty() {
            words.extend(["--scopes".to_owned(), self.args.scopes.join(",")]);
        }
        if let Some(account) = &self.args.acting_as {
            words.extend(["--as".to_owned(), account.to_string()]);
        }
        words
    }

    /// The path of the file that is read, absolute.
    ///
    /// # Errors
    /// If it can't be read where the programs run, or holds more than access tokens.
    pub(super) fn file(&self) -> Result<PathBuf> {
        let Some(given) = &self.args.file else { return Ok(self.app.paths.token_only_file(self.name())) };
        let path = std::path::absolute(given)
            .map_err(|_| Error::usage("the path of the token-only file is empty"))?;
        let is_elsewhere = matches!(self.args.kind, SnippetKind::Spark | SnippetKind::Slurm);
        check_place(self.app, &path, is_elsewhere)?;
        Ok(path)
    }

    /// What to do before: the folder, and the command that keeps the file renewed.
    pub(super) fn start_renewing(&self, file: &Path) -> Result<String> {
        let folder = file.parent().unwrap_or(Path::new("/"));
        Ok(format!("`mkdir -p -m 700 {}; {}`", word(&utf8(folder)?), self.keep_fresh(Some(&utf8(file)?))))
    }
}

/// bqcred's command line with these arguments.
pub(super) fn command(arguments: &[String]) -> String {
    let words: Vec<String> = arguments.iter().map(|argument| word(argument)).collect();
    format!("bqcred {}", words.join(" "))
}

/// A word of a command, quoted where a shell needs it.
pub(super) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=,@+%".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => shell_word(Path::new(text)),
    }
}

/// Refuses a file that the programs can't read, or that holds the refresh token.
fn check_place(app: &App, path: &Path, is_elsewhere: bool) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::usage(format!("{} {why}", path.display())).hint(
            "name a file of its own in a folder that the programs read, and keep it renewed with \
             `bqcred export --token-only FILE --keep-fresh`",
        ))
    };
    if path.starts_with("/proc") || path.starts_with("/dev/fd") {
        return refuse("is there only while one process of this machine runs");
    }
    let is_session_file = app.paths.session_folders().any(|folder| path.starts_with(folder));
    let is_in_memory = ["/run", "/dev/shm", "/var/run"].iter().any(|folder| path.starts_with(folder))
        || app
            .paths
            .runtime
            .as_ref()
            .and_then(|folder| folder.parent())
            .is_some_and(|top| path.starts_with(top));
    if is_session_file {
        return refuse("is for session files, which hold the refresh token and end with this login session");
    }
    if is_elsewhere && is_in_memory {
        return refuse("is in this machine's memory, which other machines don't have");
    }
    if path.starts_with(&app.paths.data) || path == app.gcloud_folder().adc() {
        return refuse("holds the refresh token, and workers get access tokens alone");
    }
    Ok(())
}
