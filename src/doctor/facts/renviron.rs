//! The environment that R makes for itself: `.Renviron` files change what it inherits
//! (`?Startup` in R).

use std::path::{Path, PathBuf};

use crate::doctor::facts::environment::Variables;
use crate::system::private_file::{self, Content};

/// R's environment, and the files that made it differ.
pub(crate) struct REnvironment {
    /// What R's programs see.
    pub(crate) variables: Variables,
    /// The files that change a variable that matters here.
    pub(crate) files: Vec<PathBuf>,
    /// Where `GOOGLE_APPLICATION_CREDENTIALS` was set, if it was in a file.
    pub(crate) sets_adc: Option<PathBuf>,
}

impl REnvironment {
    /// Goes through the files as R does: the site's, then the first of the user's.
    pub(crate) fn read(variables: &Variables, home: &Path, folder: &Path) -> REnvironment {
        let mut environment =
            REnvironment { variables: variables.clone(), files: Vec::new(), sets_adc: None };
        if variables.filled("R_ENVIRON").is_some() || variables.get("R_ENVIRON").is_none() {
            let site = variables.path("R_ENVIRON").map(|path| expanded(&path, home)).or_else(site_file);
            environment.apply(site.as_deref());
        }
        let user = match variables.get("R_ENVIRON_USER") {
            Some(name) if name.is_empty() => None,
            Some(name) => Some(expanded(Path::new(name), home)),
            None => {
                let here = [folder.join(".Renviron"), home.join(".Renviron")];
                here.into_iter().find(|path| path.is_file())
            }
        };
        environment.apply(user.as_deref());
        environment
    }

    fn apply(&mut self, path: Option<&Path>) {
        let Some(path) = path else { return };
        let Ok(Some(bytes)) = private_file::read(path, Content::Foreign) else { return };
        let mut matters = false;
        for (name, value) in settings(&String::from_utf8_lossy(&bytes), &self.variables) {
            if name == crate::handover::variables::ADC {
                self.sets_adc = Some(path.to_owned());
            }
            matters |= name.starts_with("GOOGLE_") || name.starts_with("GCE_") || name == "CLOUDSDK_CONFIG";
            self.variables.set(&name, value);
        }
        if matters {
            self.files.push(path.to_owned());
        }
    }
}

fn expanded(path: &Path, home: &Path) -> PathBuf {
    path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| home.join(rest))
}

/// `R_HOME/etc/Renviron.site`, where R is usually installed.
fn site_file() -> Option<PathBuf> {
    ["/etc/R/Renviron.site", "/usr/lib/R/etc/Renviron.site", "/usr/local/lib/R/etc/Renviron.site"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.is_file())
}

/// The lines `NAME=VALUE` of such a file, later ones seeing what earlier ones set.
fn settings(text: &str, variables: &Variables) -> Vec<(String, String)> {
    let mut known = variables.clone();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim(), substituted(&unquoted(value.trim()), &known));
        if !name.is_empty() {
            known.set(name, &value);
            found.push((name.to_owned(), value));
        }
    }
    found
}

/// R removes quotes around the whole or a part of a value, and a backslash before a character.
fn unquoted(text: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (c, quote) {
            ('\\', None) => out.extend(characters.next()),
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            _ => out.push(c),
        }
    }
    out
}

/// `${NAME}`, `${NAME-default}` and `${NAME:-default}`; a default may hold another of these.
fn substituted(text: &str, variables: &Variables) -> String {
    let Some((before, rest)) = text.split_once("${") else { return text.to_owned() };
    let Some(end) = closing(rest) else { return text.to_owned() };
    let (inside, after) = (rest.get(..end).unwrap_or_default(), rest.get(end + 1..).unwrap_or_default());
    let (name, default) = match inside.split_once('-') {
        Some((name, default)) => (name.trim_end_matches(':'), default),
        None => (inside, ""),
    };
    let value = variables.text(name).unwrap_or_else(|| substituted(default, variables));
    format!("{before}{value}{}", substituted(after, variables))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Environ;

    #[test]
    fn values_are_read_as_r_reads_them() {
        let variables = Variables::from(Environ::from_iter([("HOME", "/h")]));
        let text = "# A=0\nA=1\n B = \"x y\" \nC=${HOME}/a\nD=${NONE-d}\nE=${NONE:-${HOME}}/e\nF='q'r\nG=${A}\nbad\n=x\n";
        let found = settings(text, &variables);
        let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(
            found,
            [("A", "1"), ("B", "x y"), ("C", "/h/a"), ("D", "d"), ("E", "/h/e"), ("F", "qr"), ("G", "1")]
        );
    }
}
