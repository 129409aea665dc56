//! The commands that lead on from a file that `bqcred export --token-only` wrote: they give nobody more than the file,
//! and renew it only as the account that it is for.

use std::path::Path;

use crate::app::App;
use crate::credential::profile_name::ProfileName;
use crate::credential::token_only_file::IssuedFor;
use crate::handover::broker::limits::Limits;
use crate::output::shell_word::{in_shell, shell_word};

/// What can be done with such a file here.
#[derive(Debug)]
pub(crate) struct WayOn {
    issued_for: IssuedFor,
    /// `bqcred export` of its profile; `None` if that is gone, or is another account's.
    export: Option<String>,
    /// `bqcred exec` of its profile, or of the current one if that is gone or another account's.
    exec: String,
}

impl WayOn {
    /// By the profiles as they are now.
    pub(crate) fn find(app: &App, issued_for: IssuedFor) -> WayOn {
        let name = profile_of(app, &issued_for);
        let of_current = || app.profile_name().map(|name| app.command("exec", &name)).ok();
        let exec = match &name {
            Some(name) => app.command("exec", name),
            None => of_current().unwrap_or_else(|| "bqcred exec".to_owned()),
        };
        let export = name.map(|name| app.command("export", &name));
        WayOn { issued_for, export, exec }
    }

    /// What the file is for.
    pub(crate) fn issued_for(&self) -> &IssuedFor {
        &self.issued_for
    }

    /// The command that renews the file as it was, if there is one that isn't refused.
    pub(crate) fn renewing(&self, file: &Path) -> Option<String> {
        Some(renewing(self.export.as_ref()?, &self.issued_for, Some(file)))
    }

    /// The command that gives a program no more than the file.
    pub(crate) fn start_line(&self, options: &str) -> String {
        let mut limits = Limits::of(&self.issued_for);
        if self.export.is_none() {
            limits.acting_as.clone_from(&self.issued_for.acting_as); // another profile doesn't act as that by itself
        }
        format!("{} {}{options} -- PROGRAM", self.exec, limits.to_options().join(" "))
    }
}

/// The profile that the file is for, if its tokens are still what the file gives.
fn profile_of(app: &App, issued_for: &IssuedFor) -> Option<ProfileName> {
    let name = ProfileName::parse(&issued_for.profile).ok()?;
    let profile = app.known_profile(&name).ok()??;
    let now = Limits::of(issued_for).issued_for(&name, &profile);
    issued_for.covers(&now, &profile).then_some(name)
}

/// The command that renews a file for this. `export`: `bqcred export`, perhaps with a profile.
pub(crate) fn renewing(export: &str, issued_for: &IssuedFor, file: Option<&Path>) -> String {
    let options = Limits::of(issued_for).to_options();
    let options: Vec<String> = options.iter().map(|word| in_shell(word)).collect();
    let file = file.map(|file| format!(" {}", shell_word(file))).unwrap_or_default();
    format!("{export} {} --keep-fresh{file}", options.join(" "))
}
