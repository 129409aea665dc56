//! Quotes a path in a command that a hint tells the user to type. What a shell evaluates directly is quoted in
//! `handover::format`.

use std::path::Path;

/// The path in single quotes, which POSIX shells and fish read alike.
pub(crate) fn shell_word(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apostrophes_are_escaped() {
        assert_eq!(shell_word(Path::new("/home/o'neil/a b")), r"'/home/o'\''neil/a b'");
    }
}
