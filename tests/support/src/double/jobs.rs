//! BigQuery jobs: insert, get, read.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::bigquery::{Data, error};
use super::grants::Token;
use super::request::Request;
use super::response::Response;
use super::sql::{self, Table};

/// A query that ran.
#[derive(Clone, Debug)]
pub struct Job {
    id: String,
    project: String,
    account: String,
    configuration: Value,
    /// Dataset and name of the table that holds the result.
    destination: (String, String),
    table: Table,
    at: u128,
}

/// How many bytes every query says it would read.
const BYTES: &str = "1048576";

impl Job {
    fn reference(&self) -> Value {
        json!({"projectId": self.project, "jobId": self.id, "location": "US"})
    }

    fn statistics(&self) -> Value {
        let at = self.at.to_string();
        json!({
            "creationTime": at, "startTime": at, "endTime": at, "totalBytesProcessed": BYTES,
            "query": {
                "totalBytesProcessed": BYTES, "totalBytesBilled": "10485760", "cacheHit": false,
                "statementType": "SELECT", "schema": self.table.schema(), "totalSlotMs": "1",
            },
        })
    }

    fn resource(&self) -> Value {
        let mut configuration = self.configuration.clone();
        configuration["jobType"] = "QUERY".into();
        configuration["query"]["destinationTable"] = json!({"projectId": self.project, "datasetId": self.destination.0, "tableId": self.destination.1});
        json!({
            "kind": "bigquery#job", "etag": "d", "id": format!("{}:US.{}", self.project, self.id),
            "selfLink": format!("https://bigquery.googleapis.com/bigquery/v2/projects/{}/jobs/{}", self.project, self.id),
            "user_email": self.account, "principal_subject": format!("user:{}", self.account),
            "jobReference": self.reference(), "configuration": configuration,
            "statistics": self.statistics(), "status": {"state": "DONE"},
        })
    }

    fn page(&self, kind: &str, request: Option<&Request>) -> Value {
        let rows = self.table.rows();
        let number = |name: &str| request.and_then(|r| r.param(name)).and_then(|v| v.parse::<usize>().ok());
        let rows = rows.iter().skip(number("startIndex").unwrap_or(0));
        let rows: Vec<&Value> = rows.take(number("maxResults").unwrap_or(usize::MAX)).collect();
        let mut page = json!({
            "kind": kind, "etag": "d", "schema": self.table.schema(), "jobReference": self.reference(),
            "jobComplete": true, "totalRows": self.table.rows().len().to_string(),
            "totalBytesProcessed": BYTES, "cacheHit": false,
        });
        if !rows.is_empty() {
            page["rows"] = json!(rows);
        }
        page
    }
}

/// Refuses what Google would refuse before it runs.
fn check(data: &Data, token: &Token, project: &str, sql_text: &str) -> Result<(), Box<Response>> {
    let account = &token.account;
    if !data.allows(account, project, "bigquery.jobs.create") {
        let message = format!(
            "Access Denied: Project {project}: User does not have bigquery.jobs.create permission in project {project}."
        );
        return Err(Box::new(error(403, "PERMISSION_DENIED", "accessDenied", &message)));
    }
    for (owner, dataset, table) in sql::tables(sql_text, project) {
        check_table(data, token, &owner, &dataset, &table)?;
    }
    Ok(())
}

fn check_table(
    data: &Data,
    token: &Token,
    owner: &str,
    dataset: &str,
    table: &str,
) -> Result<(), Box<Response>> {
    let missing = |what: String| {
        Err(Box::new(error(
            404,
            "NOT_FOUND",
            "notFound",
            &format!("Not found: {what} was not found in location US"),
        )))
    };
    let Some(tables) = data.datasets.get(&(owner.to_owned(), dataset.to_owned())) else {
        return missing(format!("Dataset {owner}:{dataset}"));
    };
    if !data.allows(&token.account, owner, "bigquery.tables.getData") {
        let message = format!(
            "Access Denied: Table {owner}:{dataset}.{table}: User does not have permission to query table \
             {owner}:{dataset}.{table}, or perhaps it does not exist."
        );
        return Err(Box::new(error(403, "PERMISSION_DENIED", "accessDenied", &message)));
    }
    if !tables.contains(table) {
        return missing(format!("Table {owner}:{dataset}.{table}"));
    }
    let sheet = data.sheets.contains(&(owner.to_owned(), dataset.to_owned(), table.to_owned()));
    if sheet
        && !token.scopes.iter().any(|s| s.ends_with("/auth/drive") || s.ends_with("/auth/drive.readonly"))
    {
        let message = "Access Denied: BigQuery BigQuery: Permission denied while getting Drive credentials.";
        return Err(Box::new(error(403, "PERMISSION_DENIED", "accessDenied", message)));
    }
    Ok(())
}

/// Runs a query and keeps the job.
fn run(data: &mut Data, token: &Token, project: &str, id: Option<&str>, configuration: &Value) -> Job {
    data.counter += 1;
    let number = data.counter;
    data.runners.push(token.account.clone());
    let sql_text = configuration["query"]["query"].as_str().unwrap_or_default().to_owned();
    let job = Job {
        id: id.map_or_else(|| format!("job_double_{number}"), str::to_owned),
        project: project.to_owned(),
        account: token.account.clone(),
        table: sql::evaluate(&sql_text, &token.account),
        configuration: configuration.clone(),
        destination: (format!("_double{number}"), format!("anon{number}")),
        at: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis(),
    };
    data.jobs.insert((job.project.clone(), job.id.clone()), job.clone());
    job
}

/// `jobs.insert`, dry runs included.
pub fn insert(data: &mut Data, token: &Token, project: &str, body: &Value) -> Response {
    let configuration = &body["configuration"];
    let Some(sql_text) = configuration["query"]["query"].as_str() else {
        return error(400, "INVALID_ARGUMENT", "invalid", "Only query jobs are known here");
    };
    if let Err(refused) = check(data, token, project, sql_text) {
        return *refused;
    }
    if configuration["dryRun"] == true {
        return Response::json(200, &dry(token, project, configuration, sql_text));
    }
    let id = body["jobReference"]["jobId"].as_str();
    if id.is_some_and(|id| data.jobs.contains_key(&(project.to_owned(), id.to_owned()))) {
        return error(409, "ALREADY_EXISTS", "duplicate", "Already Exists: Job");
    }
    Response::json(200, &run(data, token, project, id, configuration).resource())
}

fn dry(token: &Token, project: &str, configuration: &Value, sql_text: &str) -> Value {
    let table = sql::evaluate(sql_text, &token.account);
    json!({
        "kind": "bigquery#job", "jobReference": {"projectId": project, "location": "US"},
        "user_email": token.account, "configuration": configuration,
        "statistics": {
            "creationTime": "0", "totalBytesProcessed": BYTES,
            "query": {
                "totalBytesProcessed": BYTES, "totalBytesBilled": "0", "cacheHit": false,
                "statementType": "SELECT", "schema": table.schema(),
            },
        },
        "status": {"state": "DONE"},
    })
}

/// `jobs.query`: insert and read in one.
pub fn query(data: &mut Data, token: &Token, project: &str, body: &Value) -> Response {
    let Some(sql_text) = body["query"].as_str() else {
        return error(400, "INVALID_ARGUMENT", "required", "Required parameter is missing: query");
    };
    if let Err(refused) = check(data, token, project, sql_text) {
        return *refused;
    }
    if body["dryRun"] == true {
        let schema = sql::evaluate(sql_text, &token.account).schema();
        let reference = json!({"projectId": project, "location": "US"});
        return Response::json(
            200,
            &json!({
                "kind": "bigquery#queryResponse", "schema": schema, "jobReference": reference,
                "totalBytesProcessed": BYTES, "jobComplete": true, "cacheHit": false,
            }),
        );
    }
    let configuration = json!({"query": {"query": sql_text, "useLegacySql": body["useLegacySql"]}});
    let job = run(data, token, project, None, &configuration);
    Response::json(200, &job.page("bigquery#queryResponse", None))
}

fn find<'a>(data: &'a Data, project: &str, id: &str) -> Result<&'a Job, Box<Response>> {
    data.jobs.get(&(project.to_owned(), id.to_owned())).ok_or_else(|| {
        Box::new(error(404, "NOT_FOUND", "notFound", &format!("Not found: Job {project}:US.{id}")))
    })
}

/// `jobs.get`.
pub fn get(data: &Data, project: &str, id: &str) -> Response {
    find(data, project, id).map_or_else(|refused| *refused, |job| Response::json(200, &job.resource()))
}

/// `jobs.list`.
pub fn list(data: &Data, project: &str) -> Response {
    let jobs: Vec<Value> =
        data.jobs.values().filter(|job| job.project == project).map(Job::resource).collect();
    Response::json(200, &json!({"kind": "bigquery#jobList", "jobs": jobs}))
}

/// `jobs.cancel`.
pub fn cancel(data: &Data, project: &str, id: &str) -> Response {
    let answer = |job: &Job| json!({"kind": "bigquery#jobCancelResponse", "job": job.resource()});
    find(data, project, id).map_or_else(|refused| *refused, |job| Response::json(200, &answer(job)))
}

/// `jobs.getQueryResults`.
pub fn results(data: &Data, request: &Request, project: &str, id: &str) -> Response {
    find(data, project, id).map_or_else(
        |refused| *refused,
        |job| Response::json(200, &job.page("bigquery#getQueryResultsResponse", Some(request))),
    )
}

fn of_table<'a>(data: &'a Data, project: &str, dataset: &str, table: &str) -> Option<&'a Job> {
    data.jobs
        .values()
        .find(|job| job.project == project && job.destination.0 == dataset && job.destination.1 == table)
}

/// `tables.get`: a result's table, or one that was added.
pub fn table(data: &Data, account: &str, project: &str, dataset: &str, name: &str) -> Response {
    let schema = match of_table(data, project, dataset, name) {
        Some(job) => job.table.schema(),
        None if !data.allows(account, project, "bigquery.tables.get") => {
            let message = format!(
                "Access Denied: Table {project}:{dataset}.{name}: Permission bigquery.tables.get denied on table \
                 {project}:{dataset}.{name} (or it may not exist)."
            );
            return error(403, "PERMISSION_DENIED", "accessDenied", &message);
        }
        None => match data.datasets.get(&(project.to_owned(), dataset.to_owned())) {
            None => {
                return error(
                    404,
                    "NOT_FOUND",
                    "notFound",
                    &format!("Not found: Dataset {project}:{dataset}"),
                );
            }
            Some(tables) if tables.contains(name) => sql::evaluate("SELECT 1", account).schema(),
            Some(_) => {
                return error(
                    404,
                    "NOT_FOUND",
                    "notFound",
                    &format!("Not found: Table {project}:{dataset}.{name}"),
                );
            }
        },
    };
    let reference = json!({"projectId": project, "datasetId": dataset, "tableId": name});
    Response::json(
        200,
        &json!({
            "kind": "bigquery#table", "id": format!("{project}:{dataset}.{name}"), "tableReference": reference,
            "schema": schema, "numRows": "1", "numBytes": "8", "type": "TABLE", "location": "US",
            "creationTime": "1700000000000", "lastModifiedTime": "1700000000000",
        }),
    )
}

/// `tabledata.list`.
pub fn table_rows(data: &Data, request: &Request, project: &str, dataset: &str, name: &str) -> Response {
    match of_table(data, project, dataset, name) {
        Some(job) => Response::json(200, &job.page("bigquery#tableDataList", Some(request))),
        None => error(404, "NOT_FOUND", "notFound", &format!("Not found: Table {project}:{dataset}.{name}")),
    }
}
