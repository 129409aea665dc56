//! The variables of a Jupyter server itself, which its plugins, its terminals and the kernels that it starts inherit: the
//! lines for its configuration that set them, and what a running server has of them.
//!
//! A configuration file in Python is run when the server starts. What that sets is not in the environment that the
//! system shows of the process, so the file is read for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::jupyter::kernelspec::files;
use crate::jupyter::kernelspec::json::quote;
use crate::jupyter::locate::config;
use crate::jupyter::locate::context::Context;
use crate::system::env::Environ;

/// How the lines begin.
const MARKER: &str = "# Printed by `bqcred snippet jupyter-server`: ";
/// Where the variables begin, and where they end.
const VARIABLES: (&str, &str) = ("os.environ.update({\n", "})");
/// More bytes than any configuration file has.
const MAX_CONFIG: u64 = 4 << 20;

/// The lines. `removal`: code that removes what another profile left.
pub(crate) fn lines(profile: &str, removal: &str, variables: &[(String, String)]) -> String {
    let entries: String =
        variables.iter().map(|(name, value)| format!("    {}: {},\n", quote(name), quote(value))).collect();
    let (begin, end) = VARIABLES;
    format!("{MARKER}profile {profile}\n{removal}{begin}{entries}{end}\n")
}

/// The variables that these lines in a file set; `None` if it has none.
fn set_in(text: &str) -> Option<BTreeMap<String, String>> {
    let (begin, end) = VARIABLES;
    let (_, lines) = text.rsplit_once(MARKER)?;
    let (_, entries) = lines.split_once(begin)?;
    let (entries, _) = entries.split_once(&format!("\n{end}"))?;
    serde_json::from_str(&format!("{{{}}}", entries.trim_end().trim_end_matches(','))).ok()
}

/// What a running server's plugins have in their environment.
pub(crate) struct ServerVariables {
    /// All of it.
    pub(crate) environ: Environ,
    /// A configuration file that has other variables for it since it started.
    pub(crate) changed: Option<PathBuf>,
}

impl ServerVariables {
    /// Of a server that started then, if that is known.
    pub(crate) fn of(context: &Context, started: Option<SystemTime>) -> ServerVariables {
        let mut environ = context.environ.clone();
        let Some((file, set)) = config_with_lines(context) else {
            return ServerVariables { environ, changed: None };
        };
        let is_newer = |changed: SystemTime| started.is_some_and(|started| changed > started);
        if modified(&file).is_some_and(is_newer) {
            return ServerVariables { environ, changed: Some(file) };
        }
        for (name, value) in set {
            environ.set(&name, value);
        }
        ServerVariables { environ, changed: None }
    }
}

fn modified(file: &Path) -> Option<SystemTime> {
    file.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// The first configuration file that has the lines: it is run last.
fn config_with_lines(context: &Context) -> Option<(PathBuf, BTreeMap<String, String>)> {
    config::python_files(context).find_map(|file| {
        let bytes = files::read(&file, MAX_CONFIG).ok()?;
        let set = set_in(&String::from_utf8_lossy(&bytes))?;
        Some((file, set))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_lines_set_is_read_from_a_file() {
        let pairs = [("GOOGLE_APPLICATION_CREDENTIALS", "/h/\"a\" }) b.json"), ("BQCRED_PROFILE", "work")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let printed = lines("work", "import os\n", &pairs);
        let file =
            format!("c = get_config()\n{}c.ServerApp.port = 1\n{printed}x = {{}}\n", lines("old", "", &[]));
        assert_eq!(set_in(&file), Some(pairs.into_iter().collect()));
        assert_eq!(set_in("c = get_config()\nos.environ.update({\n})\n"), None);
    }
}
