//! The nearest that other tools have to `bqcred env` and `bqcred token`, for the same account.

use std::path::PathBuf;

use super::binaries::Binary;
use super::measure::Start;
use super::table;
use bqcred_test_support::{Google, Sandbox, venv};

/// gcloud finds its Python here, and the programs that it starts.
const SYSTEM: &str = "/usr/local/bin:/usr/bin:/bin";

/// google-auth as a program would use it that only wants a token. It keeps none between runs.
const GOOGLE_AUTH: &str = "
import google.auth, google.auth.transport.requests as transport
credentials, _ = google.auth.default()
credentials.refresh(transport.Request())
print(credentials.token)";

/// pydata-google-auth with a file of its own, as it is after a sign-in. It refreshes while it loads.
const PYDATA: &str = "
import sys, pydata_google_auth
print(pydata_google_auth.load_user_credentials(sys.argv[1]).token)";

/// A query as users write it.
const QUERY: &str = "
from google.cloud import bigquery
assert list(bigquery.Client().query('SELECT SESSION_USER() AS who').result())[0].who == 'ada@example.com'";

/// All of them ask the double, through the proxy that stands before it.
pub(crate) fn print(google: &Google, sandbox: &Sandbox, binaries: &[Binary]) {
    let environment = [sandbox.env(), google.env()].concat();
    let adc = sandbox.adc("default").to_str().unwrap().to_owned();
    let variables = [
        ("GOOGLE_APPLICATION_CREDENTIALS", adc.as_str()),
        ("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", &adc),
        ("PATH", SYSTEM),
    ];
    let configured = with(&environment, &variables);
    let mut starts = vec![Start::of("`true`", "true", &[], &environment)];
    for binary in binaries {
        for (command, cached) in [("env", ""), ("token", ", cached")] {
            let name = format!("`bqcred {command}`{cached}, {}", binary.name);
            starts.push(Start::new(&name, &binary.path, &[command], &environment));
        }
    }
    let fetch = ["fetch", "--credentials", &adc, "bigquery"];
    starts.extend([
        Start::of("`oauth2l fetch`", "oauth2l", &fetch, &configured),
        Start::of("`aws-vault --version`: its own start-up alone", "aws-vault", &["--version"], &environment),
        Start::new("google-auth, Python", &python(), &["-c", GOOGLE_AUTH], &configured),
        Start::new(
            "pydata-google-auth, Python",
            &python(),
            &["-c", PYDATA, &pydata_file(sandbox)],
            &configured,
        ),
    ]);
    let gcloud: [&[&str]; 2] =
        [&["auth", "application-default", "print-access-token"], &["config", "config-helper"]];
    starts.extend(
        gcloud.map(|args| Start::of(&format!("`gcloud {}`", args.join(" ")), "gcloud", args, &configured)),
    );
    let rows = table::against_the_first(starts, 5, |start| {
        vec![start.memory().map_or_else(|| "–".to_owned(), |memory| format!("{} MB", memory.div_ceil(1000)))]
    });
    table::print(&["a token, or the way to one", "time", "of `true`", "memory"], &rows);
}

fn pydata_file(sandbox: &Sandbox) -> String {
    let adc = std::fs::read(sandbox.adc("default")).unwrap();
    let mut file: serde_json::Value = serde_json::from_slice(&adc).unwrap();
    file["token_uri"] = "https://oauth2.googleapis.com/token".into();
    sandbox.write("pydata.json", file.to_string()).to_str().unwrap().to_owned()
}

/// A query from a new shell, with the credential of `bqcred env` and with gcloud's own place for it.
pub(crate) fn end_to_end(google: &Google, sandbox: &Sandbox, binaries: &[Binary]) {
    let python = python();
    let query = format!("'{}' -c \"{QUERY}\"", python.display());
    let environment = with(&[sandbox.env(), google.env()].concat(), &[("PATH", SYSTEM)]);
    let adc = sandbox.adc("default");
    let variables =
        [("GOOGLE_APPLICATION_CREDENTIALS", adc.to_str().unwrap()), ("GOOGLE_CLOUD_PROJECT", "my-project")];
    let all = with(&environment, &variables);
    let mut starts =
        vec![Start::new("the query, and all variables set before", &python, &["-c", QUERY], &all)];
    for binary in binaries {
        let script = format!("eval $('{}' env) && {query}", binary.path.display());
        let name = format!("`eval $(bqcred env)` and the query, {}", binary.name);
        starts.push(Start::of(&name, "sh", &["-c", &script], &environment));
    }
    starts.extend(well_known(sandbox, &environment, &query));
    let rows = table::against_the_first(starts, 5, |_| Vec::new());
    table::print(&["from a new shell to a result", "time", "of the query"], &rows);
}

/// google-auth takes this place for gcloud's, and asks gcloud for the project.
fn well_known(sandbox: &Sandbox, environment: &[(String, String)], query: &str) -> Vec<Start> {
    let config = sandbox.path("gcloud");
    sandbox
        .write("gcloud/application_default_credentials.json", std::fs::read(sandbox.adc("default")).unwrap());
    let environment = with(environment, &[("CLOUDSDK_CONFIG", config.to_str().unwrap())]);
    let name = "gcloud's well-known file and the query";
    if !Start::of("", "gcloud", &["config", "set", "project", "my-project"], &environment).works() {
        return vec![Start::of(name, "gcloud", &[], &environment)];
    }
    let by_hand = format!("GOOGLE_CLOUD_PROJECT=my-project {query}");
    vec![
        Start::of(name, "sh", &["-c", query], &environment),
        Start::of("the same, with GOOGLE_CLOUD_PROJECT set by hand", "sh", &["-c", &by_hand], &environment),
    ]
}

/// These variables, and more.
fn with(environment: &[(String, String)], more: &[(&str, &str)]) -> Vec<(String, String)> {
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    environment.iter().cloned().chain(more).collect()
}

/// The Python of the tests, or none.
fn python() -> PathBuf {
    venv(&["google.cloud.bigquery", "pydata_google_auth"]).unwrap_or_else(|| "no-python".into())
}
