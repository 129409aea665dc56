//! A `kernel.json` that is given a profile: everything else stays, and taking it out leaves no trace.

use super::assert_no_canary;
use crate::jupyter::kernelspec::argv::ExecWrapper;
use crate::jupyter::kernelspec::edit::{self, Assignment};
use crate::jupyter::kernelspec::{json, spec};

const EXEC: ExecWrapper<'_> =
    ExecWrapper { bqcred: "/usr/local/bin/bqcred", token_only: None, python: "/venv/bin/python" };
const VALUES: [&str; 4] = ["/home/ada/adc.json", "", "a \"b\" \\ c", "é\u{1f600}\t"];

pub(super) fn check(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    // the text may hold a marker that bqcred did not write
    let base = match edit::uninstall(text) {
        Ok(undone) => undone.text,
        Err(problem) => return assert_no_canary(&problem),
    };
    assert!(json::parse(&base).is_ok());
    let names = ["GOOGLE_APPLICATION_CREDENTIALS", "BQCRED_PROFILE", "NO_GCE_CHECK"];
    let value = VALUES.get(usize::from(first >> 3) % VALUES.len()).copied().unwrap_or_default();
    let vars: Vec<(String, String)> = names
        .iter()
        .take(usize::from(first >> 1) % 4)
        .map(|name| ((*name).to_owned(), value.to_owned()))
        .collect();
    let assignment =
        Assignment { profile: "me", vars: &vars, exec: (first % 2 == 1).then_some(EXEC), folder: None };
    match edit::install(&base, &assignment) {
        Ok(new) => check_installed(&base, &new, &assignment),
        Err(problem) => assert_no_canary(&problem),
    }
    if spec::parse(&base).is_ok()
        && let Ok(renamed) = edit::rename(&base, value)
    {
        assert_eq!(spec::parse(&renamed).map(|spec| spec.display_name).ok().as_deref(), Some(value));
    }
}

fn check_installed(base: &str, new: &str, assignment: &Assignment<'_>) {
    assert_eq!(edit::install(new, assignment).as_deref(), Ok(new), "twice is once");
    let undone = edit::uninstall(new).expect("what was put in can be taken out");
    assert_eq!(undone.text, base, "no trace is left");
    assert_eq!(undone.kept, Vec::<String>::new());
    assert_eq!(edit::marker(new).map(|marker| marker.profile).as_deref(), Some("me"));

    let (before, after) = (spec::parse(base).expect("a spec"), spec::parse(new).expect("a spec"));
    assert_eq!((&after.display_name, &after.language), (&before.display_name, &before.language));
    assert_eq!((&after.provisioner, after.flaw), (&before.provisioner, None));
    for (name, value) in assignment.vars {
        assert_eq!(after.var(name), Some(value.as_str()));
    }
    let ours = |name: &str| assignment.vars.iter().any(|(our, _)| our == name);
    let others =
        |spec: &spec::Spec| -> Vec<_> { spec.env.iter().filter(|(name, _)| !ours(name)).cloned().collect() };
    assert_eq!(others(&after), others(&before));
    match assignment.exec {
        None => assert_eq!(after.argv, before.argv),
        Some(exec) => {
            assert_eq!(after.argv.first().map(String::as_str), Some(exec.bqcred));
            assert!(after.argv.ends_with(before.argv.get(1..).unwrap_or_default()));
        }
    }
}
