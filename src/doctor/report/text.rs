//! What is shown of all this: a line for each library, steps where somebody wants to know why, the
//! commands to run; and the same as JSON.

use serde_json::{Value, json};

use crate::doctor::check::Checked;
use crate::doctor::facts::Surroundings;
use crate::doctor::finding::Finding;
use crate::doctor::prediction::identity::Identity;
use crate::doctor::prediction::steps::Prediction;
use crate::output::ui;

/// The report for people.
pub(crate) fn text(
    s: &Surroundings,
    predictions: &[Prediction],
    findings: &[Finding],
    checked: Option<&Checked>,
    with_steps: bool,
) -> String {
    let mut text = person(s);
    let rows: Vec<(&str, String)> = predictions.iter().map(verdict).collect();
    text += &ui::columns(&rows);
    for prediction in explained(predictions, with_steps) {
        text += &steps(prediction);
    }
    if let Some(checked) = checked {
        text += &check(checked);
    }
    if !findings.is_empty() {
        text += "\nworth knowing\n";
        findings.iter().for_each(|finding| text += &item(finding));
    }
    text + &commands(predictions, findings, checked)
}

fn person(s: &Surroundings) -> String {
    match (&s.person.profile, &s.person.account) {
        (Some(profile), account) => {
            let account = account.as_deref().unwrap_or("an unknown account");
            format!("you are {account} (profile {profile}); here, programs would act as:\n")
        }
        (None, _) => "nobody has logged in with bqcred; here, programs would act as:\n".to_owned(),
    }
}

fn verdict(prediction: &Prediction) -> (&'static str, String) {
    let words = prediction.identity.words();
    let acts = !matches!(prediction.identity, Identity::Fails(_) | Identity::Prompt | Identity::Anonymous);
    let text = match (prediction.is_you, acts) {
        (true, _) if prediction.identity.account().is_some() => format!("you, {words}"),
        (true, _) => "you".to_owned(),
        (false, true) => format!("not you, but {words}"),
        (false, false) => words,
    };
    (prediction.library.title(), text)
}

/// The predictions whose steps are shown: all that were asked for, else one for each way in which
/// something that is meant to work doesn't.
fn explained(predictions: &[Prediction], all: bool) -> Vec<&Prediction> {
    let mut shown: Vec<&Prediction> = Vec::new();
    for prediction in predictions {
        let wrong = !prediction.is_you && prediction.library.is_covered();
        let known = shown.iter().any(|other| other.identity == prediction.identity);
        if all || (wrong && !known) {
            shown.push(prediction);
        }
    }
    shown
}

fn steps(prediction: &Prediction) -> String {
    let mut text = format!("\n{}\n", prediction.library.title());
    for (number, step) in prediction.steps.iter().enumerate() {
        let outcome = match step.outcome {
            crate::doctor::Outcome::Passed => "",
            crate::doctor::Outcome::Failed => " (of no use, so on to the next)",
            crate::doctor::Outcome::Decided => " (this decides it)",
        };
        text += &format!("  {}. {}{outcome}\n", number + 1, step.what);
    }
    for note in &prediction.notes {
        text += &format!("  note: {note}\n");
    }
    if let Some(project) = &prediction.project {
        text += &format!("  project: {project}\n");
    }
    text
}

fn check(checked: &Checked) -> String {
    let mut text =
        format!("\nasked BigQuery about {}, for a job in {}\n", checked.target, checked.job_project);
    match (checked.missing.is_empty(), checked.bytes) {
        (true, Some(bytes)) => {
            text += &format!("  allowed; a query of the whole table reads {bytes} bytes\n")
        }
        (true, None) => text += "  allowed\n",
        (false, _) => checked.missing.iter().for_each(|missing| text += &item(missing)),
    }
    text
}

fn item(finding: &Finding) -> String {
    format!("  {}\n", finding.what)
}

/// The commands to run, each once.
fn commands(predictions: &[Prediction], findings: &[Finding], checked: Option<&Checked>) -> String {
    let covered = predictions.iter().filter(|prediction| prediction.library.is_covered());
    let others = predictions.iter().filter(|prediction| !prediction.library.is_covered());
    let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
    for prediction in covered.chain(others) {
        let Some(command) = prediction.fix.as_deref() else { continue };
        let title = prediction.library.title();
        match commands.iter_mut().find(|(known, _)| *known == command) {
            Some((_, titles)) => titles.push(title),
            None => commands.push((command, vec![title])),
        }
    }
    let one_for_all = commands.len() == 1;
    let missing = checked.iter().flat_map(|checked| &checked.missing);
    for command in missing.chain(findings).filter_map(|finding| finding.fix.as_deref()) {
        if !commands.iter().any(|(known, _)| *known == command) {
            commands.push((command, Vec::new()));
        }
    }
    if commands.is_empty() {
        return String::new();
    }
    let rows: String = commands
        .iter()
        .map(|(command, titles)| match titles.as_slice() {
            [] => format!("  {command}\n"),
            _ if one_for_all => format!("  {command}\n"),
            [title] => format!("  {command}    (for {title})\n"),
            [title, others @ ..] => format!("  {command}    (for {title} and {} more)\n", others.len()),
        })
        .collect();
    format!("\nto change that\n{rows}")
}

/// The report for programs. Its form stays as it is; keys may be added.
pub(crate) fn json(
    s: &Surroundings,
    predictions: &[Prediction],
    findings: &[Finding],
    checked: Option<&Checked>,
    everywhere: bool,
) -> Value {
    json!({
        "person": s.person.profile.as_ref().map(|profile| json!({
            "profile": profile,
            "account": s.person.account,
            "needs_login": s.needs_login(),
        })),
        "everywhere": everywhere,
        "libraries": predictions.iter().map(library).collect::<Vec<_>>(),
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
        "check": checked.map(|checked| json!({
            "target": checked.target.to_string(),
            "job_project": checked.job_project,
            "account": checked.account,
            "allowed": checked.missing.is_empty(),
            "bytes": checked.bytes,
            "missing": checked.missing.iter().map(finding).collect::<Vec<_>>(),
        })),
    })
}

fn library(prediction: &Prediction) -> Value {
    json!({
        "name": prediction.library.name(),
        "covered": prediction.library.is_covered(),
        "identity": prediction.identity.kind(),
        "account": prediction.identity.account(),
        "problem": prediction.identity.problem().map(crate::doctor::Problem::code),
        "is_you": prediction.is_you,
        "file": prediction.file,
        "project": prediction.project,
        "quota_project": prediction.quota_project,
        "steps": prediction.steps.iter().map(|step| json!({
            "what": step.what,
            "outcome": step.outcome.name(),
        })).collect::<Vec<_>>(),
        "notes": prediction.notes,
        "fix": prediction.fix,
    })
}

fn finding(finding: &Finding) -> Value {
    json!({"code": finding.code, "what": finding.what, "fix": finding.fix})
}
