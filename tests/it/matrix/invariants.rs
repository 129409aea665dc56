//! What has to hold after each run, whatever the command and the state.

use super::cell::{Cell, Product, Step};
use super::facts::Facts;
use super::sentences::{self, Claim};
use crate::double::CANARIES;

/// The exit codes that README's table has, without those of `exec`'s programs.
const CODES: &[i32] = &[0, 1, 2, 3, 4, 5, 6, 130];

/// What is wrong with a run.
pub fn check(cell: &Cell<'_>, step: &mut Step) -> Vec<String> {
    let mut faults = Vec::new();
    ends_well(step, &mut faults);
    stdout_is_the_product(cell, step, &mut faults);
    no_secret_is_shown(cell, step, &mut faults);
    requests_are_as_few_as_they_can_be(cell, step, &mut faults);
    sentences_are_true(cell, step, &mut faults);
    if !is_trusted(cell, step) {
        nothing_is_lost(step, &mut faults);
    }
    revocations_are_said(cell, step, &mut faults);
    files_are_private(step, &mut faults);
    the_product_is_the_right_persons(cell, step, &mut faults);
    faults
}

pub fn ends_well(step: &Step, faults: &mut Vec<String>) {
    if !step.run.code.is_some_and(|code| CODES.contains(&code)) {
        faults.push("an exit code that no table has".to_owned());
    }
    if step.run.stderr.contains("panicked") || step.run.stderr.contains("bug in bqcred") {
        faults.push("a panic".to_owned());
    }
    if step.run.code != Some(0) && step.run.stderr.is_empty() && step.run.line.contains("terminal") {
        faults.push("fails without a word".to_owned());
    }
}

fn stdout_is_the_product(cell: &Cell<'_>, step: &Step, faults: &mut Vec<String>) {
    let (out, ok) = (step.run.stdout.as_str(), step.run.code == Some(0));
    match cell.product {
        Product::Nothing if !out.is_empty() => faults.push("something on stdout".to_owned()),
        Product::Text | Product::Secret if !ok && !out.is_empty() => {
            faults.push("fails, and yet there is something on stdout".to_owned());
        }
        Product::ShellCode => evaluates(cell, step, faults),
        _ => {}
    }
}

/// The code succeeds in a shell where the command did, and leads to the credential of the right person; else it fails,
/// and no program becomes anybody.
fn evaluates(cell: &Cell<'_>, step: &Step, faults: &mut Vec<String>) {
    let script = "eval \"$1\"; code=$?; printf '%s\\n%s\\n' \"$code\" \"$GOOGLE_APPLICATION_CREDENTIALS\"";
    let shell = cell.world.sandbox().program("/bin/sh", &["-c", script, "sh", &step.run.stdout]).run();
    let lines: Vec<&str> = shell.stdout.lines().collect();
    let (code, path) = (lines.first().copied().unwrap_or("none"), lines.get(1).copied().unwrap_or_default());
    if (code == "0") != (step.run.code == Some(0)) {
        faults.push(format!("the shell that evaluates stdout goes on with {code}"));
    }
    let is_unset = step.words.iter().any(|word| word == "--unset");
    match step.run.code {
        Some(0) if !is_unset => {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            check_person(cell, step, &text, faults);
        }
        _ => {
            // a file that says why there is no credential is no credential
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if CANARIES.iter().any(|canary| text.contains(canary)) {
                faults.push(format!("it failed, and the shell has the credential {path}"));
            }
        }
    }
}

fn no_secret_is_shown(cell: &Cell<'_>, step: &Step, faults: &mut Vec<String>) {
    let may = cell.product == Product::Secret && step.run.code == Some(0);
    let shows = |text: &str| CANARIES.iter().any(|canary| text.contains(canary));
    if shows(&step.run.stderr) || (shows(&step.run.stdout) && !may) {
        faults.push("a secret in the output".to_owned());
    }
}

fn requests_are_as_few_as_they_can_be(cell: &Cell<'_>, step: &Step, faults: &mut Vec<String>) {
    if !cell.online && !step.sent.is_empty() {
        faults.push(format!("asks the server: {}", step.sent));
    }
    let revokes = step.words.iter().any(|word| word == "revoke" || word == "rotate");
    let did: Vec<_> = step.sent.at("/revoke").filter(|request| request.status == 200).collect();
    if did.len() > 1 {
        faults.push(format!("{} revocations", did.len()));
    }
    if !revokes && step.sent.at("/revoke").next().is_some() {
        faults.push("a revocation that nobody asked for".to_owned());
    }
    let own = step.before.secret(&cell.profile).unwrap_or_default();
    let is_own = |token: String| token == own || step.after.share_a_grant(&token, &own);
    let of_others = step.sent.at("/revoke").any(|request| !request.field("token").is_some_and(is_own));
    if of_others {
        faults.push("revokes another credential than the profile's".to_owned());
    }
}

fn sentences_are_true(cell: &Cell<'_>, step: &mut Step, faults: &mut Vec<String>) {
    let mut text = step.run.stderr.clone();
    let first = step.words.first().map_or("", String::as_str);
    if ["", "status"].contains(&first) && !step.words.iter().any(|word| word == "--json") {
        text += &step.run.stdout; // people read it
    }
    if step.words.first().is_some_and(|word| word == "doctor" || word == "kernel") {
        return; // what libraries will do, not what was done
    }
    for sentence in sentences::read(&text) {
        step.claims.extend(sentence.claim);
        if let Some(why) = sentences::judge(cell, step, &sentence) {
            faults.push(format!("says {:?} ({:?}): {why}", sentence.clause.trim(), sentence.claim));
        }
    }
}

/// A refresh token that is valid stays somewhere, or bqcred has another one of the same grant, with which it can be
/// revoked; else its user learns that it stays valid at Google.
pub fn nothing_is_lost(step: &Step, faults: &mut Vec<String>) {
    let (before, after) = (step.before.stored(), step.after.stored());
    let own: Vec<String> = step.after.profiles().iter().filter_map(|name| step.after.secret(name)).collect();
    let is_covered = |token: &String| own.iter().any(|own| step.after.share_a_grant(own, token));
    let lost = before.difference(&after).filter(|token| step.after.valid.contains(*token));
    let lost = lost.filter(|token| !is_covered(token)).count();
    let said = [Claim::Valid, Claim::MayBeValid, Claim::NotRevoked];
    if lost > 0 && !step.claims.iter().any(|claim| said.contains(claim)) {
        faults.push(format!("{lost} valid credential(s) not stored any more, unsaid"));
    }
}

/// Whether profile.json says, wrongly, that nothing is left to revoke: that is believed.
fn is_trusted(cell: &Cell<'_>, step: &Step) -> bool {
    let known = step.before.profile_json(&cell.profile).unwrap_or_default();
    let is_over = ["revoked", "expired"].contains(&known["state"]["name"].as_str().unwrap_or_default());
    cell.world.lenient.record_is_wrong && is_over
}

/// Whatever was revoked is said, for each profile that had it; and the profile that is left knows it.
fn revocations_are_said(cell: &Cell<'_>, step: &Step, faults: &mut Vec<String>) {
    for profile in step.before.profiles() {
        let Some(token) = step.before.secret(&profile) else { continue };
        if !step.before.valid.contains(&token) || step.after.valid.contains(&token) {
            continue;
        }
        let named = step.run.stderr.contains(&format!("profile {profile}"));
        let said = step.claims.iter().any(|claim| {
            matches!(claim, Claim::Revoked | Claim::MayBeValid | Claim::MayBeRevoked | Claim::RevokedBefore)
        });
        if !said || (profile != cell.profile && !named) {
            faults.push(format!("profile {profile} is revoked, unsaid"));
        }
        let is_left = step.after.secret(&profile).as_ref() == Some(&token);
        let known = step.after.profile_json(&profile).unwrap_or_default();
        let is_known = known["state"]["name"] == "revoked" || known["rotation"].is_object();
        // what can't be proved is not written down
        if is_left && !is_known && step.claims.contains(&Claim::Revoked) {
            faults.push(format!("profile {profile} is revoked, and profile.json does not say so"));
        }
    }
}

fn files_are_private(step: &Step, faults: &mut Vec<String>) {
    let holds = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        CANARIES.iter().any(|canary| text.contains(canary))
    };
    for (path, bytes, mode) in step.after.tree.files() {
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with(".bqcred-") && name.ends_with(".tmp") {
            faults.push(format!("{} is left", path.display()));
        }
        let was = step.before.tree.0.get(path).map(|(_, mode)| *mode);
        let is_ours = path.iter().any(|part| part == "bqcred") || holds(bytes);
        if is_ours && mode & 0o077 != 0 && was != Some(mode) {
            faults.push(format!("{} has mode {mode:o}", path.display()));
        }
    }
}

/// A secret that is handed over is that of the person whose profile it is.
fn the_product_is_the_right_persons(cell: &Cell<'_>, step: &Step, faults: &mut Vec<String>) {
    if step.run.code != Some(0) {
        return;
    }
    let out = step.run.stdout.trim();
    match step.words.first().map(String::as_str) {
        Some("token") => check_access(cell, step, out, faults),
        Some("export") if step.words.iter().any(|word| word == "--token-only") => {
            let printed = serde_json::from_str::<serde_json::Value>(out).unwrap_or_default();
            let Some(token) = printed["token"].as_str() else { return };
            check_access(cell, step, token, faults);
            let named = printed["account"].as_str();
            if named.is_some() && named != step.after.owner_of_access(token) {
                faults.push(format!("names {named:?} beside a token of another account"));
            }
        }
        Some("exec") | Some("export") if out.starts_with('{') => check_person(cell, step, out, faults),
        _ => {}
    }
}

fn check_access(cell: &Cell<'_>, step: &Step, token: &str, faults: &mut Vec<String>) {
    let acting_as = step.after.acting_as(&cell.profile);
    let person = step.after.person(&cell.profile).or(step.before.person(&cell.profile));
    let expected = acting_as.as_deref().or(person);
    let owner = step.after.owner_of_access(token);
    if owner != expected {
        faults.push(format!("prints a token of {owner:?}, not of {expected:?}"));
    }
}

fn check_person(cell: &Cell<'_>, step: &Step, credential: &str, faults: &mut Vec<String>) {
    let Some(token) = Facts::token_in(credential.as_bytes()) else {
        return faults.push("hands over a file that is no credential".to_owned());
    };
    if step.after.secret(&cell.profile).as_ref() != Some(&token) {
        faults.push(format!("hands over {:?}'s credential", step.after.owner(&token)));
    }
}
