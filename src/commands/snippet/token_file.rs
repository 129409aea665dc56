//! What programs in containers and on other machines get: access tokens in a token-only file, and never the refresh
//! token.

use std::path::{Path, PathBuf};

use super::{Pasted, place};
use crate::app::App;
use crate::cli::{Snippet, SnippetKind};
use crate::credential::profile_name::ProfileName;
use crate::credential::token_only_file::IssuedFor;
use crate::handover::broker::inside::Inside;
use crate::handover::broker::limits::Limits;
use crate::handover::ready::{self, Ready};
use crate::handover::variables::{self, Inherited};
use crate::jupyter::changes::kernel_profile::{lasting_variables, own_path, utf8};
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::output::shell_word::shell_word;
use crate::system::env;

/// A profile whose access tokens are handed over.
pub(super) struct TokenOnly<'a> {
    app: &'a App,
    args: &'a Snippet,
    limits: Limits,
    ready: Ready,
}

impl<'a> TokenOnly<'a> {
    /// The profile that is meant.
    ///
    /// # Errors
    /// If `bqcred env` would refuse its credential, or the profile has no tokens of that scope or service account.
    pub(super) fn new(args: &'a Snippet, app: &'a App) -> Result<Self> {
        let mut limits = Limits::new(&args.scopes, args.acting_as.clone())?;
        let (name, profile) = app.profile()?;
        let inside = Inside::here();
        if let Some(inside) = &inside {
            limits = inside.kept_to(&app.paths, &name, limits);
        }
        limits.check(app, &name, &profile)?;
        // one in the keyring, too: its tokens are handed over, and no path of it
        let mut ready = ready::in_store(app, name, profile)?;
        let whose = (&ready.name, &ready.profile);
        let more = Inside::exceeded_by("what uses this", &limits, &app.paths, whose);
        let here = more.or_else(|| inside.and_then(|inside| inside.narrowed()));
        here.into_iter().for_each(|here| ready.notes.add(here));
        if ready.profile.project.is_none() {
            ready.notes.add(format!(
                "profile {} has no project, which Python's libraries need: `{}`",
                ready.name,
                app.project_command(&ready.name)
            ));
        }
        Ok(TokenOnly { app, args, limits, ready })
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

    /// What surrounds this run.
    pub(super) fn app(&self) -> &App {
        self.app
    }

    /// The kind of snippet that is asked for.
    pub(super) fn kind(&self) -> SnippetKind {
        self.args.kind
    }

    /// Whose tokens they are.
    pub(super) fn account(&self) -> String {
        match &self.limits.acting_as {
            Some(account) => account.to_string(),
            None => self.ready.profile.who().into_owned(),
        }
    }

    /// What the token-only file is for.
    pub(super) fn issued_for(&self) -> IssuedFor {
        self.limits.issued_for(&self.ready.name, &self.ready.profile)
    }

    /// Whether what a file is for covers that.
    pub(super) fn is_covered_by(&self, found: &IssuedFor) -> bool {
        found.covers(&self.issued_for(), &self.ready.profile)
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
    pub(super) fn keep_fresh(&self, file: Option<&str>) -> Result<String> {
        let mut words = self.export(file.unwrap_or_default());
        words.retain(|word| !word.is_empty());
        Ok(format!("{} --keep-fresh", command(&words)?))
    }

    /// The options that hand over less, for `export`, `snippet` and `exec --token-only`.
    pub(super) fn limits(&self) -> impl Iterator<Item = String> {
        self.limits.to_options().into_iter().filter(|option| option != "--token-only")
    }

    /// Another command of bqcred's for the same profile, as it is named in a sentence.
    pub(super) fn whole(&self, command: &str) -> String {
        self.app.command(command, self.name())
    }

    /// The same for a command that hands over access tokens, which are limited as these are.
    pub(super) fn limited(&self, command: &str) -> String {
        let words = std::iter::once(self.whole(command)).chain(self.limits().map(|limit| word(&limit)));
        words.collect::<Vec<_>>().join(" ")
    }

    /// The snippet of another kind with the same options.
    pub(super) fn as_kind(&self, kind: &str) -> String {
        let snippet = self.limited(&format!("snippet {kind}"));
        match &self.args.file {
            Some(file) => format!("{snippet} --file {}", word(&file.to_string_lossy())),
            None => snippet,
        }
    }

    /// How R, Node, Go and Java get the credential, which can't read the file.
    pub(super) fn for_others(&self) -> String {
        let whole = ready::describe_whole(&self.ready.profile, &self.limits, &self.whole("export"));
        let whole = whole.map_or(String::new(), |whole| format!(", or where they run {whole}"));
        let exec = self.limited("exec --token-only");
        format!("R, Node, Go and Java: run them on this machine under `{exec} -- PROGRAM`{whole}")
    }

    /// The path of the file that is read, absolute.
    ///
    /// # Errors
    /// If it can't be read where the programs run, or holds something else than access tokens of this profile.
    pub(super) fn file(&self) -> Result<PathBuf> {
        let path = match &self.args.file {
            Some(given) => std::path::absolute(given)
                .map_err(|_| Error::usage("the path of the token-only file is empty"))?,
            None => self.app.paths.token_only_file(self.name()),
        };
        place::check(self, &path)?;
        Ok(path)
    }

    /// Adds what to do `when` the programs run: the folders, and the command that keeps the file renewed; then what
    /// there is to know of its place.
    pub(super) fn advise_renewing(&self, when: &str, file: &Path, advice: &mut Notes) -> Result<()> {
        // `mkdir -p` gives its mode to what it is told by name alone
        let own = &self.app.paths.cache;
        let mut folders: Vec<&Path> =
            file.ancestors().skip(1).take_while(|path| path.starts_with(own)).collect();
        folders.reverse();
        if folders.is_empty() {
            folders.extend(file.parent());
        }
        let folders: Vec<String> =
            folders.iter().map(|folder| utf8(folder).map(|folder| word(&folder))).collect::<Result<_>>()?;
        let renew = self.keep_fresh(Some(&utf8(file)?))?;
        advice
            .add(format!("{when}, keep the token renewed: `mkdir -p -m 700 {}; {renew}`", folders.join(" ")));
        advice.append(place::notes(self, file));
        Ok(())
    }
}

/// bqcred's command line with these arguments, which is found wherever it is pasted on this machine.
///
/// # Errors
/// If bqcred is not on the PATH, and its own path is not UTF-8.
pub(super) fn command(arguments: &[String]) -> Result<String> {
    let program = match env::find_program("bqcred") {
        Some(_) => "bqcred".to_owned(),
        None => own_path()?,
    };
    let words: Vec<String> =
        std::iter::once(&program).chain(arguments).map(|argument| word(argument)).collect();
    Ok(words.join(" "))
}

/// A word of a command, quoted where a shell needs it.
pub(super) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=,@+%".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => shell_word(Path::new(text)),
    }
}
