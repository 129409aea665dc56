//! BigQuery and the metadata server check the token that they get.

use super::*;

#[test]
fn queries_run_as_the_account_of_the_token() {
    let google = Google::start();
    let token = google.access_token(ADA, CLIENT_ID, &["bigquery"]);
    let query = json!({"query": "SELECT SESSION_USER() AS who, 1 AS n"});
    let (status, answer) = api(&google, "POST", "/bigquery/v2/projects/p1/queries", &token, &query);
    assert_eq!((status, &answer["rows"][0]["f"][0]["v"]), (200, &json!(ADA)));
    let job = json!({"configuration": {"query": query}, "jobReference": {"projectId": "p1", "jobId": "j1"}});
    assert_eq!(api(&google, "POST", "/bigquery/v2/projects/p1/jobs", &token, &job).1["user_email"], ADA);
    let (_, rows) = api(&google, "GET", "/bigquery/v2/projects/p1/queries/j1", &token, &json!({}));
    assert_eq!((&rows["rows"][0]["f"][1]["v"], &rows["totalRows"]), (&json!("1"), &json!("1")));
    let dry = json!({"configuration": {"query": query, "dryRun": true}});
    let (_, answer) = api(&google, "POST", "/bigquery/v2/projects/p1/jobs", &token, &dry);
    assert_eq!(answer["statistics"]["totalBytesProcessed"], "1048576");
    assert_eq!((google.identities(), google.job_runners().len()), (vec![ADA.to_owned()], 2));
    google.expire_access_tokens();
    assert_eq!(api(&google, "GET", "/bigquery/v2/projects", &token, &json!({})).0, 401);
}

#[test]
fn bigquery_returns_the_errors_of_google() {
    let google = Google::start();
    google.add_sheet("p1", "sales", "sheet");
    google.deny("closed", "bigquery.jobs.create");
    google.deny_to(ADA, "p2", "bigquery.tables.getData");
    google.add_table("p2", "d", "t");
    google.disable_api("sleeping");
    google.deny_quota("foreign");
    let token = google.access_token(ADA, CLIENT_ID, &["bigquery"]);
    let ask = |project: &str, sql: &str| {
        let path = format!("/bigquery/v2/projects/{project}/queries");
        let (status, answer) = api(&google, "POST", &path, &token, &json!({"query": sql}));
        (status, text(&answer["error"], "message"), answer)
    };
    for (project, sql, status, message) in [
        ("closed", "SELECT 1", 403, "does not have bigquery.jobs.create permission in project closed"),
        ("sleeping", "SELECT 1", 403, "BigQuery API has not been used in project sleeping"),
        ("p1", "SELECT * FROM nowhere.t", 404, "Not found: Dataset p1:nowhere"),
        ("p1", "SELECT * FROM `p1.sales.none`", 404, "Not found: Table p1:sales.none"),
        ("p1", "SELECT * FROM sales.sheet", 403, "Permission denied while getting Drive credentials"),
        ("p1", "SELECT * FROM p2.d.t", 403, "does not have permission to query table p2:d.t"),
    ] {
        let (got, words, _) = ask(project, sql);
        assert!(got == status && words.contains(message), "{project} {sql}: {got} {words}");
    }
    assert_eq!(ask("sleeping", "SELECT 1").2["error"]["details"][0]["reason"], "SERVICE_DISABLED");
    assert!(google.identities().is_empty());
    let narrow = google.access_token(ADA, CLIENT_ID, &["openid", "email"]);
    let (status, answer) = api(&google, "GET", "/bigquery/v2/projects", &narrow, &json!({}));
    assert_eq!(
        (status, &answer["error"]["details"][0]["reason"]),
        (403, &json!("ACCESS_TOKEN_SCOPE_INSUFFICIENT"))
    );
    let request =
        client(&google, false).get(google.http_base() + "/bigquery/v2/projects").bearer_auth(&token);
    let answer = request.header("x-goog-user-project", "foreign").send().unwrap().text().unwrap();
    assert!(answer.contains("USER_PROJECT_DENIED"), "{answer}");
}

#[test]
fn metadata_server_requires_the_flavor_header() {
    let google = Google::start();
    let vm = google.metadata_server();
    let address = format!("http://{}/computeMetadata/v1/instance/service-accounts/default/token", vm.host());
    let http = client(&google, false);
    assert_eq!(http.get(&address).send().unwrap().status().as_u16(), 403);
    let answer = http.get(&address).header("Metadata-Flavor", "Google").send().unwrap();
    assert_eq!(answer.headers()["metadata-flavor"], "Google");
    let token: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
    let token = text(&token, "access_token");
    assert!(token.starts_with("ya29.vm-"));
    api(&google, "POST", "/bigquery/v2/projects/p1/queries", &token, &json!({"query": "SELECT 1"}));
    assert_eq!(google.identities(), ["vm-sa@project.iam.gserviceaccount.com"]);
    assert_eq!(vm.tokens(), 1);
}
