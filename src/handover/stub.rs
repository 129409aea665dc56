//! A file in place of a credential that can't be loaded, which says why.
//!
//! Without one, libraries would look further and use the VM's service account. They refuse a file whose `type`
//! they don't know, and show its path and its type, so both name the reason. It holds no secret.

use std::path::PathBuf;

use serde::Serialize;

use crate::credential::adc::STUB;
use crate::credential::paths::Paths;
use crate::output::error::Error;
use crate::system::private_file::{self, Lock};

/// Longer names are cut: most systems take 255 bytes.
const LONGEST: usize = 120;

/// A path where no file can be, which names the reason.
pub(crate) fn nowhere(why: &Error) -> PathBuf {
    PathBuf::from("/dev/null").join(file_name(why))
}

/// Writes the stub and returns its path. If writing fails, the path of the missing file still names the reason.
pub(crate) fn write(paths: &Paths, why: &Error) -> PathBuf {
    let folder = paths.state.join("no-credential");
    let path = folder.join(file_name(why));
    let content = content(&in_words(why));
    if let Ok(lock) = Lock::acquire(&folder.join(".lock")) {
        let _ = private_file::write(&lock, &path, content.as_bytes());
    }
    path
}

/// The content of such a file.
pub(crate) fn content(reason: &str) -> String {
    format!("{:#}\n", serde_json::json!({ "type": format!("{STUB}{reason}") }))
}

/// The same, with what bqcred itself has to know of the file that it is in place of.
pub(crate) fn content_about(reason: &str, about: &impl Serialize) -> String {
    format!("{:#}\n", serde_json::json!({ "type": format!("{STUB}{reason}"), "bqcred": about }))
}

/// The reason that such a file names; `None` if this is the content of another one.
pub(crate) fn reason(content: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(content).ok()?;
    reason_in(value.get("type")?.as_str()?).map(str::to_owned)
}

/// The reason in a `type`, if this is that of such a file.
pub(crate) fn reason_in(kind: &str) -> Option<&str> {
    kind.strip_prefix(STUB)
}

/// An error with what helps, in one line.
pub(crate) fn in_words(why: &Error) -> String {
    match why.hint_text().and_then(|hint| hint.lines().next()) {
        Some(hint) => format!("{} ({hint})", why.what()),
        None => why.what().to_owned(),
    }
}

fn file_name(why: &Error) -> String {
    format!("bqcred-{}.json", slug(why.what()))
}

/// The reason as a file name: letters and digits, with a `-` for anything between.
fn slug(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_read_back() {
        let why = Error::other("it is gone").hint("`bqcred login`\nmore");
        let text = content(&in_words(&why));
        assert_eq!(reason(text.as_bytes()).unwrap(), "it is gone (`bqcred login`)");
        let about = content_about("it has stopped", &Some("more"));
        assert_eq!(reason(about.as_bytes()).unwrap(), "it has stopped");
        for other in ["", "{}", r#"{"type":"authorized_user"}"#] {
            assert_eq!(reason(other.as_bytes()), None);
        }
    }

    #[test]
    fn a_slug_has_letters_digits_and_dashes() {
        assert_eq!(slug("can't read /a/b: é denied"), "can-t-read-a-b-denied");
        assert_eq!(slug(&"x".repeat(300)).len(), LONGEST);
    }
}
