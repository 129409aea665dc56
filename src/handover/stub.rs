//! What a program gets in the place of a credential that can't be had: a file that says why.
//!
//! Without one, libraries would look further and become the VM's service account. They refuse a file
//! whose `type` they don't know, and show its path and its type: so both name the reason. There is
//! nothing secret in it.

use std::path::PathBuf;

use crate::credential::paths::Paths;
use crate::output::error::Error;
use crate::system::private_file::{self, Lock};

/// Longer names are cut: most systems take 255 bytes.
const LONGEST: usize = 120;

/// Writes the stub. If even that fails, its path alone, at which there is no file, names the reason.
pub(crate) fn write(paths: &Paths, why: &Error) -> PathBuf {
    let folder = paths.state.join("no-credential");
    let path = folder.join(format!("bqcred-{}.json", slug(why.what())));
    let mut reason = format!("bqcred: {}", why.what());
    if let Some(hint) = why.hint_text().and_then(|hint| hint.lines().next()) {
        reason += &format!(" ({hint})");
    }
    let content = format!("{:#}\n", serde_json::json!({ "type": reason }));
    if let Ok(lock) = Lock::acquire(&folder.join(".lock")) {
        let _ = private_file::write(&lock, &path, content.as_bytes());
    }
    path
}

/// The reason as a file's name: letters and digits, a `-` for all between.
fn slug(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_letters_digits_and_dashes() {
        assert_eq!(slug("can't read /a/b: é denied"), "can-t-read-a-b-denied");
        assert_eq!(slug(&"x".repeat(300)).len(), LONGEST);
    }
}
