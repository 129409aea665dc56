//! BigQuery's REST interface, as far as it takes to find out what an account may do: nothing here
//! starts a job or reads data (<https://cloud.google.com/bigquery/docs/reference/rest>).

use serde_json::{Value, json};
use url::form_urlencoded;

use super::http::{self, HttpAnswer};
use super::transport::Transport;
use crate::output::secret::Secret;

const BASE: &str = "https://bigquery.googleapis.com/bigquery/v2";

/// BigQuery, asked with one access token.
pub(crate) struct BigQuery<'t> {
    token: &'t Secret,
    quota_project: Option<String>,
}

/// A refusal of one of Google's APIs (<https://cloud.google.com/apis/design/errors>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Denied {
    /// The HTTP status.
    pub(crate) status: u16,
    /// `details[].reason` (`SERVICE_DISABLED`), else `errors[].reason` (`accessDenied`).
    pub(crate) reason: String,
    /// Google's message; it is looked at and not shown.
    pub(crate) message: String,
    /// The project that it is about, where Google names it.
    pub(crate) consumer: Option<String>,
}

impl<'t> BigQuery<'t> {
    /// Asks with this token; requests count against `quota_project`, if there is one.
    pub(crate) fn new(token: &'t Secret, quota_project: Option<String>) -> Self {
        BigQuery { token, quota_project }
    }

    /// Whether a query may be run, and how many bytes it would read. Nothing runs, nothing is billed.
    pub(crate) fn dry_run(&self, project: &str, sql: &str) -> Result<Result<u64, Denied>, Transport> {
        let body = json!({"configuration": {"dryRun": true, "query": {"query": sql, "useLegacySql": false}}});
        let uri = format!("{BASE}/projects/{}/jobs", encoded(project));
        let answer = http::send(&uri, &self.headers(), Some(body.to_string().as_bytes()))?;
        let bytes = |value: &Value| {
            let text = value.pointer("/statistics/totalBytesProcessed").and_then(Value::as_str);
            text.and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        Ok(read(&answer)?.map(|value| bytes(&value)))
    }

    /// Whether the dataset may be seen.
    pub(crate) fn dataset(&self, project: &str, dataset: &str) -> Result<Result<(), Denied>, Transport> {
        let uri = format!("{BASE}/projects/{}/datasets/{}", encoded(project), encoded(dataset));
        Ok(read(&http::send(&uri, &self.headers(), None)?)?.map(|_| ()))
    }

    /// Whether a table's content is in Google Drive or Sheets, where BigQuery needs a scope of its own.
    pub(crate) fn is_in_drive(
        &self,
        project: &str,
        dataset: &str,
        table: &str,
    ) -> Result<Result<bool, Denied>, Transport> {
        let (project, dataset) = (encoded(project), encoded(dataset));
        let uri = format!("{BASE}/projects/{project}/datasets/{dataset}/tables/{}", encoded(table));
        let answer = read(&http::send(&uri, &self.headers(), None)?)?;
        Ok(answer.map(|value| {
            let external = value.get("externalDataConfiguration");
            let format = external.and_then(|external| external.get("sourceFormat"));
            let first = external.and_then(|external| external.pointer("/sourceUris/0"));
            format.is_some_and(|format| format == "GOOGLE_SHEETS")
                || first.and_then(Value::as_str).is_some_and(|uri| uri.contains("//drive.google.com/"))
        }))
    }

    fn headers(&self) -> Vec<(&'static str, Secret)> {
        let mut headers = vec![
            ("authorization", Secret::new(format!("Bearer {}", self.token.expose()))),
            ("content-type", Secret::new("application/json")),
            ("accept", Secret::new("application/json")),
        ];
        headers
            .extend(self.quota_project.as_ref().map(|project| ("x-goog-user-project", Secret::new(project))));
        headers
    }
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The answer of one of Google's APIs as JSON.
pub(super) fn read(answer: &HttpAnswer) -> Result<Result<Value, Denied>, Transport> {
    if answer.status == 429 || answer.status >= 500 {
        return Err(Transport::Busy(answer.status));
    }
    let value: Value =
        serde_json::from_slice(&answer.body).map_err(|_| Transport::NotTheServer(answer.status))?;
    match value.get("error") {
        Some(error) => Ok(Err(denied(answer.status, error))),
        None if answer.status == 200 => Ok(Ok(value)),
        None => Err(Transport::NotTheServer(answer.status)),
    }
}

fn denied(status: u16, error: &Value) -> Denied {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let detail = error
        .get("details")
        .and_then(Value::as_array)
        .and_then(|details| details.iter().find(|detail| detail.get("reason").is_some()));
    let reason = text(detail.and_then(|detail| detail.get("reason")))
        .or_else(|| text(error.pointer("/errors/0/reason")))
        .unwrap_or_default();
    let consumer = text(detail.and_then(|detail| detail.pointer("/metadata/consumer")));
    Denied {
        status,
        reason,
        message: text(error.get("message")).unwrap_or_default(),
        consumer: consumer.and_then(|name| name.strip_prefix("projects/").map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::secret::SecretBytes;

    #[test]
    fn a_refusal_has_the_reason_and_the_project() {
        let body = br#"{"error":{"code":403,"message":"m","errors":[{"reason":"forbidden"}],"details":[
            {"@type":"x"},{"reason":"USER_PROJECT_DENIED","metadata":{"consumer":"projects/q1"}}]}}"#;
        let answer =
            HttpAnswer { status: 403, date: None, body: SecretBytes::new(body.to_vec()), flavor: None };
        let denied = read(&answer).unwrap().unwrap_err();
        assert_eq!(
            denied,
            Denied {
                status: 403,
                reason: "USER_PROJECT_DENIED".to_owned(),
                message: "m".to_owned(),
                consumer: Some("q1".to_owned())
            }
        );
        let page =
            HttpAnswer { status: 403, date: None, body: SecretBytes::new(b"<html>".to_vec()), flavor: None };
        assert_eq!(read(&page), Err(Transport::NotTheServer(403)));
    }
}
