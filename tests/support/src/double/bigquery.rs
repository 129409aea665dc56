//! BigQuery's REST interface, as far as its clients use it, and the project's permissions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::grants::Token;
use super::jobs::{self, Job};
use super::request::Request;
use super::response::Response;
use super::world::{World, lock};

/// Scopes that BigQuery accepts.
const SCOPES: &[&str] = &["bigquery", "cloud-platform", "bigquery.readonly", "cloud-platform.read-only"];

/// The content of BigQuery, and its permissions.
#[derive(Default)]
pub struct Data {
    /// Table names by project and dataset.
    pub datasets: BTreeMap<(String, String), BTreeSet<String>>,
    /// Tables that are Google Sheets.
    pub sheets: BTreeSet<(String, String, String)>,
    /// Account (or `*`), project, permission.
    pub denied: BTreeSet<(String, String, String)>,
    /// Projects that no account may use as quota project.
    pub quota_denied: BTreeSet<String>,
    /// Projects without the BigQuery API.
    pub disabled: BTreeSet<String>,
    /// What `projects.list` shows.
    pub projects: Vec<String>,
    /// By project and id.
    pub jobs: BTreeMap<(String, String), Job>,
    /// The account of each job, in order.
    pub runners: Vec<String>,
    /// Makes names.
    pub counter: u64,
}

impl Data {
    /// Whether this account has this permission.
    pub fn allows(&self, account: &str, project: &str, permission: &str) -> bool {
        !["*", account]
            .iter()
            .any(|who| self.denied.contains(&((*who).to_owned(), project.to_owned(), permission.to_owned())))
    }
}

/// A refusal in the form of Google's APIs.
pub fn error(code: u16, status: &str, reason: &str, message: &str) -> Response {
    error_with(code, status, reason, message, &json!([]))
}

/// The same with an `ErrorInfo` of this reason, if there is one.
pub fn error_with_reason(code: u16, status: &str, reason: &str, message: &str, service: &str) -> Response {
    let details = if reason.is_empty() { json!([]) } else { info(reason, service, "p1") };
    error_with(code, status, "forbidden", message, &details)
}

fn error_with(code: u16, status: &str, reason: &str, message: &str, details: &Value) -> Response {
    let errors = json!([{"message": message, "domain": "global", "reason": reason}]);
    let mut body = json!({"code": code, "message": message, "errors": errors, "status": status});
    if details.as_array().is_some_and(|list| !list.is_empty()) {
        body["details"] = details.clone();
    }
    Response::json(code, &json!({"error": body}))
}

fn info(reason: &str, service: &str, consumer: &str) -> Value {
    json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": service, "consumer": format!("projects/{consumer}")},
    }])
}

/// The caller's token, or Google's 401 or 403 about it.
pub fn caller(world: &World, request: &Request, scopes: &[&str]) -> Result<Token, Box<Response>> {
    let now = world.now();
    let found = request.bearer().and_then(|text| lock(&world.grants).valid_access(text, now).cloned());
    let Some(token) = found else {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie \
                       or other valid authentication credential. \
                       See https://developers.google.com/identity/sign-in/web/devconsole-project.";
        let answer = error(401, "UNAUTHENTICATED", "authError", message);
        let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
        return Err(Box::new(answer.with("WWW-Authenticate", challenge)));
    };
    let granted = |wanted: &&str| token.scopes.iter().any(|s| s.rsplit('/').next() == Some(*wanted));
    if !scopes.iter().any(granted) {
        let message = "Request had insufficient authentication scopes.";
        let details = info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "bigquery.googleapis.com", "0");
        return Err(Box::new(error_with(
            403,
            "PERMISSION_DENIED",
            "insufficientPermissions",
            message,
            &details,
        )));
    }
    let quota = request.header("x-goog-user-project");
    if let Some(project) = quota
        && (lock(&world.data).quota_denied.contains(project)
            || !lock(&world.data).allows(&token.account, project, "serviceusage.services.use"))
    {
        let message = format!(
            "Caller does not have required permission to use project {project}. Grant the caller the \
             roles/serviceusage.serviceUsageConsumer role, or a custom role with the \
             serviceusage.services.use permission."
        );
        let details = info("USER_PROJECT_DENIED", "bigquery.googleapis.com", project);
        return Err(Box::new(error_with(403, "PERMISSION_DENIED", "forbidden", &message, &details)));
    }
    Ok(token)
}

/// Answers a call to BigQuery.
pub fn answer(world: &World, request: &Request) -> Response {
    let token = match caller(world, request, SCOPES) {
        Ok(token) => token,
        Err(refused) => return *refused,
    };
    let path = request.path.trim_start_matches("/bigquery/v2/");
    let parts: Vec<String> = path.split('/').map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    if let ["projects", project, ..] = parts[..]
        && lock(&world.data).disabled.contains(project)
    {
        let message = format!(
            "BigQuery API has not been used in project {project} before or it is disabled. Enable it by visiting \
             https://console.developers.google.com/apis/api/bigquery.googleapis.com/overview?project={project} \
             then retry."
        );
        let details = info("SERVICE_DISABLED", "bigquery.googleapis.com", project);
        return error_with(403, "PERMISSION_DENIED", "accessNotConfigured", &message, &details);
    }
    route(world, request, &token, &parts)
}

fn decoded(part: &str) -> String {
    super::request::pairs(format!("x={part}").as_bytes()).pop().map(|(_, value)| value).unwrap_or_default()
}

fn route(world: &World, request: &Request, token: &Token, parts: &[&str]) -> Response {
    let mut data = lock(&world.data);
    match (request.method.as_str(), parts) {
        ("GET", ["projects"]) => projects(&data),
        ("GET", ["projects", project, "datasets"]) => datasets(&data, &token.account, project),
        ("GET", ["projects", project, "datasets", name]) => dataset(&data, &token.account, project, name),
        ("GET", ["projects", project, "datasets", name, "tables"]) => tables(&data, project, name),
        ("GET", ["projects", project, "datasets", set, "tables", name]) => {
            jobs::table(&data, &token.account, project, set, name)
        }
        ("GET", ["projects", project, "datasets", set, "tables", name, "data"]) => {
            jobs::table_rows(&data, request, project, set, name)
        }
        ("POST", ["projects", project, "jobs"]) => jobs::insert(&mut data, token, project, &request.json()),
        ("GET", ["projects", project, "jobs"]) => jobs::list(&data, project),
        ("GET", ["projects", project, "jobs", id]) => jobs::get(&data, project, id),
        ("POST", ["projects", project, "jobs", id, "cancel"]) => jobs::cancel(&data, project, id),
        ("POST", ["projects", project, "queries"]) => jobs::query(&mut data, token, project, &request.json()),
        ("GET", ["projects", project, "queries", id]) => jobs::results(&data, request, project, id),
        _ => {
            drop(data);
            world.unexpected(format!("BigQuery has no {}", request.line()));
            error(404, "NOT_FOUND", "notFound", "Not Found")
        }
    }
}

fn projects(data: &Data) -> Response {
    let list: Vec<Value> = data
        .projects
        .iter()
        .map(|id| {
            let reference = json!({"projectId": id});
            json!({"kind": "bigquery#project", "id": id, "numericId": "1", "projectReference": reference, "friendlyName": id})
        })
        .collect();
    Response::json(200, &json!({"kind": "bigquery#projectList", "totalItems": list.len(), "projects": list}))
}

fn datasets(data: &Data, account: &str, project: &str) -> Response {
    if !data.allows(account, project, "bigquery.datasets.get") {
        let message = format!(
            "Access Denied: Project {project}: User does not have bigquery.datasets.get permission in project {project}."
        );
        return error(403, "PERMISSION_DENIED", "accessDenied", &message);
    }
    let list: Vec<Value> = data
        .datasets
        .keys()
        .filter(|(owner, _)| owner == project)
        .map(|(_, name)| describe(project, name))
        .collect();
    Response::json(200, &json!({"kind": "bigquery#datasetList", "datasets": list}))
}

fn describe(project: &str, name: &str) -> Value {
    let reference = json!({"projectId": project, "datasetId": name});
    json!({"kind": "bigquery#dataset", "id": format!("{project}:{name}"), "datasetReference": reference, "location": "US"})
}

fn dataset(data: &Data, account: &str, project: &str, name: &str) -> Response {
    if !data.allows(account, project, "bigquery.datasets.get") {
        let message = format!(
            "Access Denied: Dataset {project}:{name}: Permission bigquery.datasets.get denied on dataset \
             {project}:{name} (or it may not exist)."
        );
        return error(403, "PERMISSION_DENIED", "accessDenied", &message);
    }
    match data.datasets.contains_key(&(project.to_owned(), name.to_owned())) {
        true => Response::json(200, &describe(project, name)),
        false => error(404, "NOT_FOUND", "notFound", &format!("Not found: Dataset {project}:{name}")),
    }
}

fn tables(data: &Data, project: &str, name: &str) -> Response {
    let Some(tables) = data.datasets.get(&(project.to_owned(), name.to_owned())) else {
        return error(404, "NOT_FOUND", "notFound", &format!("Not found: Dataset {project}:{name}"));
    };
    let list: Vec<Value> = tables
        .iter()
        .map(|table| {
            let reference = json!({"projectId": project, "datasetId": name, "tableId": table});
            json!({"kind": "bigquery#table", "id": format!("{project}:{name}.{table}"), "tableReference": reference, "type": "TABLE"})
        })
        .collect();
    Response::json(200, &json!({"kind": "bigquery#tableList", "tables": list, "totalItems": list.len()}))
}

/// Answers a call to the Resource Manager: projects, and `testIamPermissions`.
pub fn resources(world: &World, request: &Request) -> Response {
    let token = match caller(world, request, &["cloud-platform", "cloud-platform.read-only"]) {
        Ok(token) => token,
        Err(refused) => return *refused,
    };
    let path =
        request.path.get(3..).unwrap_or_default().trim_start_matches("/projects").trim_start_matches('/');
    let data = lock(&world.data);
    match (request.method.as_str(), path.strip_suffix(":testIamPermissions")) {
        ("POST", Some(project)) => {
            let asked = request.json()["permissions"].as_array().cloned().unwrap_or_default();
            let has = |name: &Value| data.allows(&token.account, project, name.as_str().unwrap_or_default());
            let granted: Vec<Value> = asked.into_iter().filter(has).collect();
            Response::json(200, &if granted.is_empty() { json!({}) } else { json!({"permissions": granted}) })
        }
        ("GET", None) if path.is_empty() => {
            let list: Vec<Value> = data
                .projects
                .iter()
                .map(|id| json!({"projectId": id, "name": id, "lifecycleState": "ACTIVE", "projectNumber": "1"}))
                .collect();
            Response::json(200, &json!({"projects": list}))
        }
        ("GET", None) => Response::json(
            200,
            &json!({"projectId": path, "name": path, "lifecycleState": "ACTIVE", "projectNumber": "1"}),
        ),
        _ => {
            drop(data);
            world.unexpected(format!("the Resource Manager has no {}", request.line()));
            error(404, "NOT_FOUND", "notFound", "Not Found")
        }
    }
}
