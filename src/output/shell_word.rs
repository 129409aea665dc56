//! Quotes a path in a command that a hint tells the user to type. What a shell evaluates directly is quoted in
//! `handover::format`.

use std::borrow::Cow;
use std::path::Path;

/// The path in single quotes, which POSIX shells and fish read alike.
pub(crate) fn shell_word(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// The text as a string literal that Python and R read alike.
pub(crate) fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// The word as it is typed in a shell: in quotes only where that is needed.
pub(crate) fn in_shell(word: &str) -> String {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@%".contains(c));
    if is_plain { word.to_owned() } else { shell_word(Path::new(word)) }
}

/// A text for people with this program's commands, as they are typed where its name alone is not found: each
/// `` `bqcred COMMAND` `` names its path.
pub(crate) fn with_path<'a>(text: &'a str, path: &Path) -> Cow<'a, str> {
    const STARTS: [&str; 4] = ["`", "`!", "$(", "next: "];
    let word = in_shell(&path.to_string_lossy());
    STARTS.iter().fold(Cow::Borrowed(text), |text, start| {
        let command = format!("{start}bqcred ");
        match text.contains(&command) {
            true => Cow::Owned(text.replace(&command, &format!("{start}{word} "))),
            false => text,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apostrophes_are_escaped() {
        assert_eq!(shell_word(Path::new("/home/o'neil/a b")), r"'/home/o'\''neil/a b'");
    }

    #[test]
    fn commands_in_a_text_get_the_path_and_other_words_stay() {
        let path = Path::new("/venv/bin/bqcred");
        let text = "bqcred: run `bqcred login`, then `eval $(bqcred env)`; bqcred keeps it";
        let expected =
            "bqcred: run `/venv/bin/bqcred login`, then `eval $(/venv/bin/bqcred env)`; bqcred keeps it";
        assert_eq!(with_path(text, path), expected);
        assert!(matches!(with_path("no command", path), Cow::Borrowed(_)));
        assert_eq!(with_path("`bqcred login`", Path::new("/a b/bqcred")), "`'/a b/bqcred' login`");
        assert_eq!(literal(r#"a"\b"#), r#""a\"\\b""#);
    }
}
