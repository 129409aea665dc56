//! `.Renviron` files: lines `NAME=VALUE`, as R's `src/main/Renviron.c` reads them.

use std::path::{Path, PathBuf};

use super::expanded;
use super::installation::Installation;
use crate::doctor::facts::environment::Variables;
use crate::system::private_file::{self, Content};

/// The files that R reads, in its order: the site's, then the first of the user's.
pub(super) fn files(
    variables: &Variables,
    installation: &Installation,
    home: &Path,
    folder: &Path,
) -> Vec<PathBuf> {
    let named =
        |name: &str| variables.get(name).map(|value| (!value.is_empty()).then(|| PathBuf::from(value)));
    let site = named("R_ENVIRON").unwrap_or_else(|| installation.site_file("Renviron.site"));
    let user = named("R_ENVIRON_USER").unwrap_or_else(|| {
        let here = folder.join(".Renviron");
        Some(if here.exists() { here } else { home.join(".Renviron") })
    });
    [site, user].into_iter().flatten().map(|path| folder.join(expanded(&path, home))).collect()
}

/// The settings in a file, later ones seeing what earlier ones set. A value that is nothing sets nothing.
pub(super) fn settings(path: &Path, variables: &Variables) -> Vec<(String, String)> {
    let bytes = private_file::read(path, Content::Foreign).ok().flatten();
    bytes.map(|bytes| of_text(&String::from_utf8_lossy(&bytes), variables)).unwrap_or_default()
}

fn of_text(text: &str, variables: &Variables) -> Vec<(String, String)> {
    let mut known = variables.clone();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim(), substituted(value.trim(), &known));
        if !name.is_empty() && !value.is_empty() {
            let value = unquoted(&value);
            known.set(name, &value);
            found.push((name.to_owned(), value));
        }
    }
    found
}

/// `findterm()`: each `${…}` is replaced, quoted or not; a `$` without a brace ends that.
fn substituted(text: &str, variables: &Variables) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        let Some(inside) = after.strip_prefix('{') else { break };
        let Some((inside, tail)) = closing(inside).and_then(|end| split_around(inside, end)) else { break };
        out += before;
        out += &term(inside, variables);
        rest = tail;
    }
    out + rest
}

/// `subterm()`: a name, or a name with a default that may be another `${…}`. After `-` the default is for a variable
/// that is not set, after `:-` for an empty one too.
fn term(inside: &str, variables: &Variables) -> String {
    let inside = inside.trim();
    let Some((name, default)) = inside.split_once('-') else {
        return variables.get(inside).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    };
    let value = match name.strip_suffix(':') {
        Some(name) => variables.filled(name),
        None => variables.get(name),
    };
    match value {
        Some(value) => value.to_string_lossy().into_owned(),
        None => match default.strip_prefix("${").and_then(|nested| nested.strip_suffix('}')) {
            Some(nested) => term(nested, variables),
            None => default.to_owned(),
        },
    }
}

/// Where the brace closes that is open.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The text before and after the one-byte character at `at`.
fn split_around(text: &str, at: usize) -> Option<(&str, &str)> {
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// `Putenv()`: quotes around the whole or a part of a value go; a backslash goes outside of them, and before their own
/// kind inside.
fn unquoted(text: &str) -> String {
    let mut out = String::new();
    let mut open = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, open) {
            ('"' | '\'', None) => open = Some(c),
            (_, Some(quote)) if c == quote => open = None,
            ('\\', None) => out.extend(characters.next()),
            ('\\', Some(quote)) if characters.peek() == Some(&quote) => out.extend(characters.next()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Environ;

    fn found(text: &str) -> Vec<(String, String)> {
        let environ = [("HOME", "/h"), ("EMPTY", ""), ("OLD", "inherited")];
        of_text(text, &Variables::from(Environ::from_iter(environ)))
    }

    /// Each pair is what R 4.2.2 made of the line.
    #[test]
    fn values_are_read_as_r_reads_them() {
        for (line, value) in [
            ("A=1", "1"),
            (" A = \"x y\" ", "x y"),
            ("A=${HOME}/a", "/h/a"),
            ("A=$HOME/x", "$HOME/x"),
            ("A=$HOME/${OLD}", "$HOME/${OLD}"),
            ("A=~/x", "~/x"),
            ("A=a # b", "a # b"),
            ("A=\"x\\ny\"", "x\\ny"),
            ("A=a\\ b", "a b"),
            ("A=a\\$b", "a$b"),
            ("A=\\\"q\\\"", "\"q\""),
            ("A=\"q\\\"q\"", "q\"q"),
            ("A='q'r", "qr"),
            ("A=a\"b c\"d", "ab cd"),
            ("A=\"a'b\"", "a'b"),
            ("A=\"unclosed", "unclosed"),
            ("A=u=v", "u=v"),
            ("A=${NONE-d}", "d"),
            ("A=${NONE-${OLD}}", "inherited"),
            ("A=${NONE:-${HOME}}/e", "/h/e"),
            ("A=${OLD-d}", "inherited"),
            ("A=${EMPTY:-d}", "d"),
            ("A='${OLD}'", "inherited"),
            ("A=${BAD", "${BAD"),
            ("A=x}y", "x}y"),
            ("A=\"\"", ""),
        ] {
            assert_eq!(found(line), [("A".to_owned(), value.to_owned())], "{line}");
        }
    }

    #[test]
    fn a_value_that_is_nothing_sets_nothing() {
        for line in
            ["OLD=", "OLD = ", "OLD=${EMPTY-d}", "OLD=${NONE}", "# OLD=x", "OLD", "=x", "OLD=${OLD2:+x}"]
        {
            assert_eq!(found(line), [], "{line}");
        }
    }

    #[test]
    fn later_lines_see_what_earlier_ones_set() {
        let values: Vec<String> = found("A=1\nB=${A}2\r\nA=3").into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["1", "12", "3"]);
    }
}
