//! How a kernelspec stands to its profile: as installed, out of date, or edited by somebody else.

use std::path::Path;

use crate::app::App;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::kernelspec::file_change;
use crate::jupyter::kernelspec::edit;
use crate::jupyter::kernelspec::marker::{self, Marker};
use crate::jupyter::locate::kernels::Kernel;

use super::kernel_profile as words;

/// The state of one kernelspec.
pub(crate) enum State {
    /// bqcred changed nothing in it.
    Untouched,
    /// As bqcred would write it today.
    Current,
    /// `bqcred kernel sync` would change it, for this reason.
    Stale(&'static str),
    /// Somebody else changed this since.
    Edited(Vec<String>),
    /// Its profile does not exist any more.
    Orphaned,
}

impl State {
    /// One word for programs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            State::Untouched => "untouched",
            State::Current => "current",
            State::Stale(_) => "stale",
            State::Edited(_) => "edited",
            State::Orphaned => "orphaned",
        }
    }

    /// A few words for people.
    pub(crate) fn words(&self) -> String {
        match self {
            State::Untouched => "-".to_owned(),
            State::Current => "ok".to_owned(),
            State::Stale(why) => format!("out of date: {why}"),
            State::Edited(what) => format!("edited since: {}", what.join(", ")),
            State::Orphaned => "its profile is gone".to_owned(),
        }
    }

    /// The command that mends it.
    pub(crate) fn command(&self) -> Option<&'static str> {
        match self {
            State::Untouched | State::Current => None,
            State::Stale(_) | State::Edited(_) => Some("bqcred kernel sync"),
            State::Orphaned => Some("bqcred kernel uninstall"),
        }
    }
}

/// Compares a kernelspec with what bqcred would write today.
pub(crate) fn of(app: &App, kernel: &Kernel) -> (State, Option<Marker>) {
    let Some(marker) = edit::marker(&kernel.text) else { return (State::Untouched, None) };
    let state = compare(app, kernel, &marker);
    (state, Some(marker))
}

fn compare(app: &App, kernel: &Kernel, marker: &Marker) -> State {
    let profile = ProfileName::parse(&marker.profile).ok();
    let known = profile.as_ref().and_then(|name| app.known_profile(name).ok().flatten());
    let (Some(name), Some(profile)) = (profile, known) else { return State::Orphaned };
    let kept = edit::uninstall(&kernel.text).map(|undone| undone.kept).unwrap_or_default();
    if !kept.is_empty() {
        return State::Edited(kept);
    }
    if let Some(wrapped) = &marker.argv {
        let gone = wrapped.set.first().is_none_or(|bqcred| !Path::new(bqcred).is_file());
        if gone {
            return State::Stale("bqcred is not where it was");
        }
    } else {
        match words::vars(app, &name, &profile) {
            Ok(vars) if vars.iter().cloned().collect::<std::collections::BTreeMap<_, _>>() == marker.set => {}
            _ => return State::Stale("the profile has changed"),
        }
    }
    if is_copy_outdated(marker) {
        return State::Stale("the original has changed");
    }
    State::Current
}

/// Whether the kernelspec that a shadow was copied from says something else now. A copy that got a
/// name of its own differs anyway and is left alone.
pub(crate) fn is_copy_outdated(marker: &Marker) -> bool {
    let Some(folder) = &marker.folder else { return false };
    if folder.renamed {
        return false;
    }
    match file_change::read(&Path::new(&folder.from).join("kernel.json")) {
        Ok(text) => {
            let original = edit::uninstall(&text).map(|undone| undone.text).unwrap_or(text);
            marker::checksum(original.as_bytes()) != folder.checksum
        }
        // ipykernel's own resources have no file; a kernel that is gone can't be copied again
        Err(_) => false,
    }
}
