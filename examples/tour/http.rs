//! The query without any library: plain HTTP to the stand-in's own address.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::Result;
use bqcred_test_support::Google;
use bqcred_test_support::double::metadata::Metadata;

/// `SELECT SESSION_USER()` with this access token: who BigQuery says it is.
pub(crate) fn session_user(google: &Google, project: &str, token: &str) -> Result<String> {
    let body = json!({"query": "SELECT SESSION_USER()", "useLegacySql": false}).to_string();
    let base = google.http_base();
    let head = format!(
        "POST /bigquery/v2/projects/{project}/queries HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    let answer = ask(base.trim_start_matches("http://"), &head, &body)?;
    text(&answer, "/rows/0/f/0/v")
}

/// What every program on a virtual machine of Google's can have: a token of the machine's account.
pub(crate) fn machine_token(vm: &Metadata) -> Result<String> {
    let head = "GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1\r\n\
                Metadata-Flavor: Google\r\n";
    text(&ask(&vm.host(), head, "")?, "/access_token")
}

fn ask(host: &str, head: &str, body: &str) -> Result<Value> {
    let mut answer = String::new();
    TcpStream::connect(host)
        .and_then(|mut stream| {
            write!(stream, "{head}Host: {host}\r\nConnection: close\r\n\r\n{body}")?;
            stream.read_to_string(&mut answer)
        })
        .map_err(|e| format!("the stand-in for Google at {host}: {e}"))?;
    let (_, json) = answer.split_once("\r\n\r\n").unwrap_or_default();
    serde_json::from_str(json).map_err(|e| format!("the stand-in for Google at {host}: no JSON: {e}"))
}

fn text(answer: &Value, pointer: &str) -> Result<String> {
    let found = answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| "the stand-in for Google did not answer the query".to_owned())
}
