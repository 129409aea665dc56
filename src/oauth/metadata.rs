//! A Google VM's metadata server (<https://cloud.google.com/compute/docs/metadata/overview>): it is asked
//! for names, never for a token.

use std::time::Duration;

use super::http;

/// Longer than any name.
const LENGTH_LIMIT: usize = 512;

/// A value below `/computeMetadata/v1/`. `None`: no metadata server answers there in this time.
/// `Some(None)`: it is one, and has no such value.
pub(crate) fn metadata(host: &str, path: &str, limit: Duration) -> Option<Option<String>> {
    let answer = http::ask_metadata(&format!("http://{host}/computeMetadata/v1/{path}"), limit).ok()?;
    if answer.flavor.as_deref() != Some("Google") {
        return None;
    }
    let text = std::str::from_utf8(&answer.body).ok().map(str::trim).unwrap_or_default();
    let good = answer.status == 200 && !text.is_empty() && text.len() <= LENGTH_LIMIT;
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    Some((good && printable).then(|| text.to_owned()))
}
