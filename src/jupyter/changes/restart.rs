//! What to do about kernels that run already: each keeps the environment of its start until it is shut down.

use crate::handover::variables;
use crate::jupyter::changes::kernel_profile::KernelProfile;
use crate::jupyter::changes::running::{token_only, value};
use crate::jupyter::locate::running::Running;
use crate::output::notes::Notes;
use crate::system::{env, notebook};

/// After kernels were given a profile: about the running ones that don't have it.
pub(crate) fn after_install(profile: &KernelProfile, running: &[Running]) -> Notes {
    let is_old = |kernel: &&Running| match profile.credential_file() {
        Some(file) => value(kernel, variables::ADC) != Some(file),
        None => {
            value(kernel, variables::PROFILE) != Some(profile.name.as_str())
                || match (token_only(kernel), profile.token_only()) {
                    (Some(about), Some(limits)) => !about.has(limits),
                    (about, limits) => about.is_some() || limits.is_some(),
                }
        }
    };
    // a sign-in in a cell has changed this notebook's kernel since it was started; what it starts inherits that
    let has_changed = |kernel: &&Running| {
        let file = env::text(variables::ADC);
        file.is_some() && file.as_deref() == profile.credential_file() && notebook::is_in(kernel.pid)
    };
    let (changed, old): (Vec<&Running>, Vec<&Running>) = running.iter().filter(is_old).partition(has_changed);
    let mut notes = Notes::none();
    if !changed.is_empty() {
        notes
            .add("this notebook uses it already, until its kernel is restarted; nothing has to be done here");
    }
    let has_snippet = |only_r| profile.has_snippet(only_r);
    notes.append(advice(old, has_snippet, "new notebooks use it; no kernel has to be restarted"));
    notes
}

/// After kernels were updated, with these profiles: about all running ones.
pub(crate) fn after_sync(profiles: &[KernelProfile], running: &[Running]) -> Notes {
    let has_snippet = |only_r| profiles.iter().all(|profile| profile.has_snippet(only_r));
    advice(running.iter().collect(), has_snippet, "new notebooks use it; no kernel has to be restarted")
}

/// After kernels were restored: about the running ones that still have a profile.
pub(crate) fn after_undo(running: &[Running]) -> Notes {
    let old = running.iter().filter(|kernel| value(kernel, variables::PROFILE).is_some());
    advice(old.collect(), |_| false, "new notebooks start as before; no kernel has to be restarted")
}

/// `has_snippet`: whether a snippet helps such kernels; it is told whether all are for R.
fn advice(old: Vec<&Running>, has_snippet: impl Fn(bool) -> bool, otherwise: &str) -> Notes {
    let mut notes = Notes::none();
    if old.is_empty() {
        notes.add(otherwise);
        return notes;
    }
    let name =
        |kernel: &&Running| format!("{} (process {})", kernel.language.unwrap_or("kernel"), kernel.pid);
    let names: Vec<String> = old.iter().map(name).collect();
    notes.add(format!("these kernels still run with their old environment: {}", names.join(", ")));
    let only_r = old.iter().all(|kernel| kernel.language == Some("R"));
    let snippet = if only_r { "r" } else { "python" };
    let has_snippet = has_snippet(only_r);
    if has_snippet {
        notes.detail(format!(
            "to keep what such a notebook has in memory: paste what `bqcred snippet {snippet}` prints into a cell"
        ));
    }
    let start = if has_snippet { "or start it anew" } else { "in each open notebook" };
    notes.detail(format!("{start}: Kernel > Shut Down Kernel, then Kernel > Restart Kernel"));
    notes.detail("(Restart alone keeps the old environment)");
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::notes::Note;

    fn kernel(language: &'static str, profile: Option<&str>) -> Running {
        let vars = [(variables::PROFILE.to_owned(), profile.map(str::to_owned))].into();
        Running { pid: 7, language: Some(language), program: "x".into(), connection: "/x.json".into(), vars }
    }

    fn text(notes: Notes) -> String {
        let line = |note| match note {
            Note::Statement(text) | Note::Detail(text) => text + "\n",
        };
        notes.into_iter().map(line).collect()
    }

    #[test]
    fn kernels_with_an_old_environment_are_named_with_what_to_click() {
        let advice = text(after_sync(&[], &[kernel("R", None)]));
        assert!(advice.contains("R (process 7)") && advice.contains("Kernel > Shut Down Kernel"), "{advice}");
        assert!(advice.contains("`bqcred snippet r`"), "{advice}");
        let mixed = text(after_sync(&[], &[kernel("R", None), kernel("python", None)]));
        assert!(mixed.contains("`bqcred snippet python`"), "{mixed}");
    }

    #[test]
    fn after_an_undo_only_kernels_with_a_profile_are_named_and_no_snippet() {
        let running = [kernel("R", None), kernel("python", Some("default"))];
        let advice = text(after_undo(&running));
        assert!(advice.contains("python (process 7)") && !advice.contains("R ("), "{advice}");
        assert!(!advice.contains("snippet"), "{advice}");
        assert!(text(after_undo(&running[..1])).contains("no kernel has to be restarted"));
    }
}
