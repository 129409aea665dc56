//! A path in a command that a message suggests to type. Text that a shell evaluates unseen is written by
//! [`crate::handover::format`].

use std::path::Path;

/// The path in single quotes, as every POSIX shell and fish read them.
pub(crate) fn shell_word(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_apostrophe_is_escaped() {
        assert_eq!(shell_word(Path::new("/home/o'neil/a b")), r"'/home/o'\''neil/a b'");
    }
}
