//! The report for people: a line for each library, the steps where something is wrong, the commands to run.

use super::DoctorReport;
use crate::doctor::check::Checked;
use crate::doctor::facts::token_only::TokenOnly;
use crate::doctor::finding::Finding;
use crate::doctor::prediction::Prediction;
use crate::doctor::prediction::steps::StepOutcome;
use crate::doctor::servers::ServerPrediction;
use crate::oauth::scopes;
use crate::system::clock::Time;

/// How lines of a name and a value are laid out.
pub(crate) type Columns = fn(&[(&str, String)]) -> String;

/// `all_steps`: the steps of every library are shown.
pub(super) fn render(report: &DoctorReport, all_steps: bool, columns: Columns) -> String {
    let mut text = headline(report);
    let title = |prediction: &Prediction| (prediction.library.title, verdict(prediction));
    let rows: Vec<(&str, String)> = report.predictions.iter().map(title).collect();
    text += &columns(&rows);
    for prediction in explained(&report.predictions, all_steps) {
        text += &steps(prediction);
    }
    text += &servers(&report.servers, columns);
    text += &report.checked().map(check).unwrap_or_default();
    if !report.findings.is_empty() {
        text += "\nalso found\n";
        report.findings.iter().for_each(|finding| text += &line(finding));
    }
    text + &fixes(report)
}

fn headline(report: &DoctorReport) -> String {
    if let Some(problem) = &report.profile_problem {
        let hints = problem.hint_text().into_iter().flat_map(str::lines);
        let hints: String = hints.map(|hint| format!("  hint: {hint}\n")).collect();
        return format!("your profile can't be used: {problem}\n{hints}libraries here would use:\n");
    }
    match &report.profile {
        Some(profile) => {
            let account = profile.account.as_deref().unwrap_or("an unknown account");
            let acting_as = profile.acting_as.as_ref();
            let acting_as = acting_as.map_or_else(String::new, |service| format!(" acting as {service}"));
            let program = report.token_only.as_ref().map_or_else(|| "; ".to_owned(), token_only);
            let who = match profile.is_gone {
                true => format!("started as {account}{acting_as}; profile {} is gone", profile.name),
                false => format!("you are {account}{acting_as} (profile {})", profile.name),
            };
            format!("{who}{program}libraries here would use:\n")
        }
        None => "not signed in with bqcred; libraries here would use:\n".to_owned(),
    }
}

/// What this program gets, and until when: a line, between two others.
fn token_only(program: &TokenOnly) -> String {
    let about = &program.about;
    let scopes = match about.narrowed {
        _ if about.is_unknown() => "what they were narrowed to is not known any more".to_owned(),
        true => format!("narrowed to {}", scopes::short_list(&about.scopes)),
        false => "not narrowed".to_owned(),
    };
    format!("\naccess tokens only, {scopes}; {}\n", program.describe_token(Time::now()))
}

fn verdict(prediction: &Prediction) -> String {
    let identity = prediction.identity.describe();
    match (prediction.is_you, prediction.identity.has_credential()) {
        (true, _) if prediction.identity.account().is_some() => format!("you, {identity}"),
        (true, _) => "you".to_owned(),
        (false, true) => format!("not you, but {identity}"),
        (false, false) => identity,
    }
}

/// The servers that run, each with the identity of its plugins.
fn servers(servers: &[ServerPrediction], columns: Columns) -> String {
    if servers.is_empty() {
        return String::new();
    }
    let names: Vec<String> = servers.iter().map(|server| format!("process {}", server.pid)).collect();
    let verdicts = servers.iter().map(|server| match &server.changed {
        None => verdict(&server.prediction),
        Some(file) => {
            format!("{}; restart it: {} was changed since", verdict(&server.prediction), file.display())
        }
    });
    let rows: Vec<(&str, String)> = names.iter().map(String::as_str).zip(verdicts).collect();
    format!("\nthe plugins of Jupyter servers that run use:\n{}", columns(&rows))
}

/// The predictions whose steps are shown: all of them, or one for each way in which something that is meant to work
/// doesn't.
fn explained(predictions: &[Prediction], all: bool) -> Vec<&Prediction> {
    let mut shown: Vec<&Prediction> = Vec::new();
    for prediction in predictions {
        let is_wrong = !prediction.is_you && prediction.library.is_covered;
        let is_known = shown.iter().any(|other| other.identity == prediction.identity);
        if all || (is_wrong && !is_known) {
            shown.push(prediction);
        }
    }
    shown
}

fn steps(prediction: &Prediction) -> String {
    let mut text = format!("\n{}\n", prediction.library.title);
    for (number, step) in prediction.steps.iter().enumerate() {
        let outcome = match step.outcome {
            StepOutcome::Passed => "",
            StepOutcome::Failed => " (so it tries the next)",
            StepOutcome::Decided => " (this decides it)",
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
        (false, _) => checked.missing.iter().for_each(|missing| text += &line(missing)),
    }
    text
}

fn line(finding: &Finding) -> String {
    format!("  {}\n", finding.what)
}

/// The commands to run, each once, with the libraries that each is for.
fn fixes(report: &DoctorReport) -> String {
    let commands = fixes_of_libraries(&report.predictions);
    let is_one_for_all = commands.len() == 1;
    let mut lines: Vec<String> = commands
        .iter()
        .map(|(command, titles)| match titles.as_slice() {
            _ if is_one_for_all => (*command).to_owned(),
            [title] => format!("{command}    (for {title})"),
            [title, others @ ..] => format!("{command}    (for {title} and {} more)", others.len()),
            [] => (*command).to_owned(),
        })
        .collect();
    let missing = report.checked().into_iter().flat_map(|checked| &checked.missing);
    let mut known: Vec<&str> = commands.iter().map(|(command, _)| *command).collect();
    let of_servers = report.servers.iter().filter_map(|server| server.prediction.fix.as_deref());
    let others = missing.chain(&report.findings).filter_map(|finding| finding.fix.as_deref());
    for command in of_servers.chain(others) {
        if !known.contains(&command) {
            known.push(command);
            lines.push(command.to_owned());
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    format!("\nto fix this\n  {}\n", lines.join("\n  "))
}

/// The libraries that count first.
fn fixes_of_libraries(predictions: &[Prediction]) -> Vec<(&str, Vec<&'static str>)> {
    let covered = predictions.iter().filter(|prediction| prediction.library.is_covered);
    let others = predictions.iter().filter(|prediction| !prediction.library.is_covered);
    let mut commands: Vec<(&str, Vec<&'static str>)> = Vec::new();
    for prediction in covered.chain(others) {
        let Some(command) = prediction.fix.as_deref() else { continue };
        let title = prediction.library.title;
        match commands.iter_mut().find(|(known, _)| *known == command) {
            Some((_, titles)) => titles.push(title),
            None => commands.push((command, vec![title])),
        }
    }
    commands
}
