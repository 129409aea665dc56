//! Start-up: what every new shell pays, against `true` and gcloud's nearest verbs.

use std::path::Path;

use super::binaries::Binary;
use super::common::{Google, Sandbox, find_program};
use super::measure::{self, Effort, Start};

const VERBS: [&[&str]; 6] =
    [&["env"], &["env", "--unset"], &["token"], &["list"], &["exec", "--", "true"], &["init", "bash"]];

/// `token` answers from its cache here: it was asked once before.
pub(crate) fn print(google: &Google, sandbox: &Sandbox, binaries: &[Binary]) {
    let environment = sandbox.env();
    let start = |name: &str, program: &Path, args: &[&str]| Start::new(name, program, args, &environment);
    let unit = find_program("true").unwrap();
    let mut starts = vec![start("`true`", &unit, &[])];
    for binary in binaries {
        if let Some(program) = &binary.least {
            starts.push(start(&format!("a line from Rust, {}", binary.name), program, &[]));
        }
        for args in VERBS {
            let cached = if args == ["token"] { ", cached" } else { "" };
            let name = format!("`bqcred {}`{cached}, {}", args.join(" "), binary.name);
            starts.push(start(&name, &binary.path, args));
        }
    }
    starts.retain(|start| start.works() || skip(start));
    let times = measure::times(&starts, Effort(20, 50));
    let mut rows: Vec<Vec<String>> =
        starts.iter().zip(&times).map(|(start, time)| row(start, *time, times[0])).collect();
    let slow = gcloud(google, sandbox);
    let slow_times = measure::times(&slow, Effort(1, 5));
    rows.extend(slow.iter().zip(slow_times).map(|(start, time)| {
        vec![
            start.name.clone(),
            measure::time(time),
            ratio(time, times[0]),
            count(start.memory(), " KiB"),
            String::new(),
        ]
    }));
    measure::table(&["start-up", "time", "of `true`", "memory", "instructions"], &rows);
}

fn row(start: &Start, time: f64, unit: f64) -> Vec<String> {
    let instructions = start.instructions().map(|count| count / 1000);
    vec![
        start.name.clone(),
        measure::time(time),
        ratio(time, unit),
        count(start.memory(), " KiB"),
        count(instructions, " k"),
    ]
}

fn ratio(time: f64, unit: f64) -> String {
    let ratio = time / unit;
    if ratio < 10.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

/// A number with its unit, or nothing where the tool for it is missing.
fn count(number: Option<u64>, unit: &str) -> String {
    number.map_or_else(|| "–".to_owned(), |number| format!("{number}{unit}"))
}

fn skip(start: &Start) -> bool {
    eprintln!("skipped: {} does not run here", start.name);
    false
}

/// The same person's token from gcloud, which reads the credential that bqcred wrote.
fn gcloud(google: &Google, sandbox: &Sandbox) -> Vec<Start> {
    let Some(gcloud) = find_program("gcloud") else { return Vec::new() };
    let adc = sandbox.adc("default").to_str().unwrap().to_owned();
    let mut environment = sandbox.env();
    environment.extend(google.env());
    environment.extend(
        [("GOOGLE_APPLICATION_CREDENTIALS", &adc), ("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", &adc)]
            .map(|(name, value)| (name.to_owned(), value.clone())),
    );
    environment.push(("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()));
    let verbs: [&[&str]; 2] =
        [&["auth", "application-default", "print-access-token"], &["config", "config-helper"]];
    let mut starts: Vec<Start> = verbs
        .iter()
        .map(|args| Start::new(&format!("`gcloud {}`", args.join(" ")), &gcloud, args, &environment))
        .collect();
    starts.retain(|start| start.works() || skip(start));
    starts
}
