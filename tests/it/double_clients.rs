//! Real, unchanged programs accept the double as Google: Python's libraries, R's, gcloud and bq, bqcred
//! itself.

use std::time::Duration;

use crate::common::{
    Consent, Google, NO_GCLOUD, Sandbox, find_program, gcloud_clients, missing, r_package, skipped, venv,
};
use crate::double;

const ADA: &str = "ada@example.com";
const VM: &str = "vm-sa@project.iam.gserviceaccount.com";

/// A query in Python, by two libraries and three ways to the result.
const PYTHON: &str = r#"
from google.cloud import bigquery
import pandas_gbq
client = bigquery.Client()
sql = "SELECT SESSION_USER() AS who"
print(*[row.who for row in client.query(sql).result()])
print(*[row.who for row in client.query_and_wait(sql)])
print(client.query("SELECT 1", job_config=bigquery.QueryJobConfig(dry_run=True)).total_bytes_processed)
print([project.project_id for project in client.list_projects()])
print(*pandas_gbq.read_gbq(sql, progress_bar_type=None, dialect="standard").who)
"#;

/// A query in R, with the scopes that bigrquery asks for.
const R: &str = r#"
scopes <- paste0("https://www.googleapis.com/auth/", c("bigquery", "cloud-platform"))
token <- gargle::token_fetch(scopes = scopes)
answer <- httr::POST("https://bigquery.googleapis.com/bigquery/v2/projects/p1/queries", token, encode = "json",
  body = list(query = "SELECT SESSION_USER()", useLegacySql = FALSE))
httr::stop_for_status(answer)
cat(httr::content(answer)$rows[[1]]$f[[1]]$v)
"#;

/// An ADC file of this user, as gcloud writes it.
fn adc(google: &Google, sandbox: &Sandbox, scopes: &[&str]) -> String {
    let value = serde_json::json!({
        "account": "", "client_id": double::CLIENT_ID, "client_secret": double::CLIENT_SECRET,
        "refresh_token": google.grant(ADA, double::CLIENT_ID, scopes),
        "type": "authorized_user", "universe_domain": "googleapis.com",
    });
    sandbox.write("adc.json", value.to_string()).to_str().unwrap().to_owned()
}

#[test]
fn bqcred_signs_in_under_google_host_names() {
    let google = Google::start();
    let sandbox = Sandbox::new();
    let client = sandbox.write("google.json", google.google_client_json());
    let login = ["login", "--start", "--client-id-file", client.to_str().unwrap()];
    let address = sandbox.invoke(&login).envs(google.env()).run().success().stdout;
    assert!(address.starts_with("https://accounts.google.com/o/oauth2/"), "{address}");
    let redirect = google.approve(address.trim(), ADA);
    sandbox.invoke(&["login", "--finish", "-"]).envs(google.env()).stdin(redirect).run().success();
    let hosts: Vec<String> = google.requests().into_iter().map(|request| request.host).collect();
    assert!(hosts.contains(&"oauth2.googleapis.com".to_owned()), "{hosts:?}");
    let token = sandbox.invoke(&["token"]).envs(google.env()).may_print_secret().run().success();
    assert!(token.stdout.starts_with("ya29.canary-"));
}

#[test]
fn python_queries_as_the_user_or_the_vm() {
    let Some(python) = venv(&["google.cloud.bigquery", "pandas_gbq"]) else {
        return missing("a virtual environment with google-cloud-bigquery and pandas-gbq");
    };
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let vm = google.metadata_server();
    let adc = adc(&google, &sandbox, &["bigquery"]);
    let python =
        || sandbox.program(&python, &["-W", "ignore", "-c", PYTHON]).envs(google.env()).envs(vm.env());
    let person = python().env("GOOGLE_APPLICATION_CREDENTIALS", adc).env("GOOGLE_CLOUD_PROJECT", "p1");
    let printed = |who: &str| format!("{who}\n{who}\n1048576\n['analytics-dev', 'p1']\n{who}\n");
    assert_eq!(person.run().success().stdout, printed(ADA));
    assert_eq!((google.identities(), vm.tokens()), (vec![ADA.to_owned()], 0));
    assert_eq!(python().run().success().stdout, printed(VM));
    assert_eq!(google.identities(), [ADA, VM]);
}

#[test]
fn r_queries_as_the_user_or_the_vm() {
    if r_package(&["gargle", "httr"]).is_none() {
        return missing("R with gargle and httr");
    }
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let vm = google.metadata_server();
    let adc = adc(&google, &sandbox, &["bigquery"]);
    let Some(r) = sandbox.r(&google, R) else { return skipped("no mount namespace may be made here") };
    assert_eq!(r.envs(vm.env()).env("GOOGLE_APPLICATION_CREDENTIALS", adc).run().success().stdout, ADA);
    assert_eq!(vm.tokens(), 0);
    let r = sandbox.r(&google, R).unwrap();
    assert_eq!(r.envs(vm.env()).run().success().stdout, VM);
    assert_eq!(google.identities(), [ADA, VM]);
}

#[test]
fn gcloud_signs_in_with_a_browser_and_revokes() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    if !sandbox.add_gcloud() {
        return skipped(NO_GCLOUD);
    }
    if find_program("curl").is_none() {
        return missing("curl, to play gcloud's browser,");
    }
    for (id, secret) in gcloud_clients() {
        google.add_client(&id, &secret, &[]);
    }
    let browser = sandbox.browser(&google, Consent::all(ADA));
    let gcloud = |args: &[&str]| sandbox.program(sandbox.path("bin/gcloud"), args).envs(google.env());
    let command = ["auth", "application-default"];
    gcloud(&[&command[..], &["login", "--project=p1"]].concat()).envs(browser).run().success();
    assert_eq!(google.valid_tokens(ADA).len(), 1);
    let print = [&command[..], &["print-access-token"]].concat();
    assert!(gcloud(&print).may_print_secret().run().success().stdout.starts_with("ya29.canary-"));
    google.allow_query_revoke();
    gcloud(&[&command[..], &["revoke", "--quiet"]].concat()).run().success().says("Credentials revoked.");
    assert!(google.valid_tokens(ADA).is_empty());
}

#[test]
fn bq_queries_as_the_user() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    if !sandbox.add_gcloud() || find_program("bq").is_none() {
        return skipped(NO_GCLOUD);
    }
    let adc = adc(&google, &sandbox, &["cloud-platform"]);
    let args = ["--format=csv", "query", "--nouse_legacy_sql", "SELECT SESSION_USER() AS who"];
    let bq =
        sandbox.program(sandbox.path("bin/bq"), &args).envs(google.env()).limit(Duration::from_secs(180));
    let bq = bq.env("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", adc).env("CLOUDSDK_CORE_ACCOUNT", ADA);
    assert_eq!(bq.env("CLOUDSDK_CORE_PROJECT", "p1").run().success().stdout, format!("who\n{ADA}\n"));
    assert_eq!(google.identities(), [ADA]);
}
