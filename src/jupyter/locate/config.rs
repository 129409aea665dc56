//! Settings of a Jupyter server that decide which kernelspecs it shows.
//!
//! JSON files are read as traitlets does: the directory that comes first wins. A Python file can't be evaluated
//! here; plain assignments of literals, which is what people write, are read.
//! Sources: `jupyter_core.paths.jupyter_config_path`, `jupyter_client.kernelspec.KernelSpecManager`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::jupyter::kernelspec::files;
use crate::jupyter::kernelspec::json::{self, Value};
use crate::jupyter::locate::context::Context;

/// More bytes than any configuration file has.
const MAX_CONFIG: u64 = 4 << 20;

/// The settings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// `KernelSpecManager.allowed_kernelspecs`, if it is set and not empty.
    pub(crate) allowed: Option<BTreeSet<String>>,
    /// `KernelSpecManager.ensure_native_kernel`.
    pub(crate) native: bool,
    /// `kernel_spec_manager_class`: the class that lists kernelspecs in place of Jupyter's own.
    pub(crate) manager: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Config { allowed: None, native: true, manager: None }
    }
}

impl Config {
    /// The settings of a server: its command line, then its configuration directories.
    pub(crate) fn of(context: &Context) -> Self {
        let mut found = PartialConfig { has_allowed: context.has_client_7(), ..PartialConfig::default() };
        for argument in &context.arguments {
            if let Some((name, value)) = argument.trim_start_matches('-').split_once('=') {
                found.python(name, value);
            }
        }
        for directory in directories(context) {
            for file in files_in(&directory) {
                found.file(&file);
            }
        }
        found.into()
    }

    /// Whether `allowed_kernelspecs` has this kernel, or is not set.
    pub(crate) fn allows(&self, name: &str) -> bool {
        self.allowed.as_ref().is_none_or(|allowed| allowed.contains(name))
    }

    /// Whether nb_conda_kernels lists the kernels, under its own names.
    pub(crate) fn is_nb_conda(&self) -> bool {
        self.manager.as_deref().is_some_and(|manager| manager.starts_with("nb_conda_kernels"))
    }
}

/// Settings found so far; the first value of each is used.
#[derive(Default)]
struct PartialConfig {
    /// Whether jupyter_client knows `allowed_kernelspecs`; before version 7 there was only `whitelist`.
    has_allowed: bool,
    allowed: Option<BTreeSet<String>>,
    native: Option<bool>,
    manager: Option<String>,
}

impl From<PartialConfig> for Config {
    fn from(found: PartialConfig) -> Config {
        Config {
            allowed: found.allowed.filter(|allowed| !allowed.is_empty()),
            native: found.native.unwrap_or(true),
            manager: found.manager,
        }
    }
}

/// The settings that one file with this text makes.
#[cfg(any(test, feature = "internals"))]
pub(crate) fn of_one_file(text: &str, is_python: bool) -> Config {
    let mut found = PartialConfig { has_allowed: true, ..PartialConfig::default() };
    found.text(text, is_python);
    found.into()
}

impl PartialConfig {
    fn file(&mut self, path: &Path) {
        let Ok(bytes) = files::read(path, MAX_CONFIG) else { return };
        let is_python = path.extension().is_some_and(|end| end == "py");
        self.text(&String::from_utf8_lossy(&bytes), is_python);
    }

    fn text(&mut self, text: &str, is_python: bool) {
        if is_python {
            for line in statements(text) {
                if let Some((name, value)) = line.split_once('=') {
                    self.python(name.trim().trim_start_matches("c."), value.trim());
                }
            }
        } else if let Ok(document) = json::parse(text) {
            self.json(&document);
        }
    }

    /// `Class.trait = literal`, from a Python file or a command line.
    fn python(&mut self, name: &str, value: &str) {
        match name {
            "KernelSpecManager.allowed_kernelspecs" if !self.has_allowed => {}
            "KernelSpecManager.allowed_kernelspecs" | "KernelSpecManager.whitelist" => {
                self.allowed.get_or_insert_with(|| literals(value).into_iter().collect());
            }
            "KernelSpecManager.ensure_native_kernel" => {
                self.native.get_or_insert(!value.eq_ignore_ascii_case("false"));
            }
            _ if name.ends_with(".kernel_spec_manager_class") => {
                let class = literals(value).into_iter().next().unwrap_or_else(|| value.to_owned());
                self.manager.get_or_insert(class);
            }
            _ => {}
        }
    }

    fn json(&mut self, document: &Value) {
        if let Some(manager) = document.get("KernelSpecManager") {
            let keys: &[&str] =
                if self.has_allowed { &["allowed_kernelspecs", "whitelist"] } else { &["whitelist"] };
            for key in keys {
                if let Some(names) = manager.get(key).and_then(Value::elements) {
                    let names = names.iter().filter_map(|name| name.text().map(str::to_owned));
                    self.allowed.get_or_insert_with(|| names.collect());
                }
            }
            if let Some(native) = manager.get("ensure_native_kernel") {
                self.native.get_or_insert(native.kind != json::ValueKind::Bool(false));
            }
        }
        for member in document.members().unwrap_or_default() {
            if let Some(class) = member.value.get("kernel_spec_manager_class").and_then(Value::text) {
                self.manager.get_or_insert_with(|| class.to_owned());
            }
        }
    }
}

/// The configuration files in Python that a server runs, in order of precedence: the first is run last.
pub(crate) fn python_files(context: &Context) -> impl Iterator<Item = PathBuf> {
    let files = directories(context).into_iter().flat_map(|directory| files_in(&directory));
    files.filter(|file| file.extension().is_some_and(|end| end == "py"))
}

/// Configuration directories, in order of precedence.
fn directories(context: &Context) -> Vec<PathBuf> {
    let Some(user) = context.config_dir() else { return Vec::new() };
    let mut found: Vec<PathBuf> = Vec::new();
    if let Some(paths) = context.environ.filled("JUPYTER_CONFIG_PATH") {
        found.extend(std::env::split_paths(paths));
    }
    let environment = context.python.as_ref().map(|python| python.prefix.join("etc").join("jupyter"));
    if context.ignores_home() {
        found.extend(environment);
    } else if context.prefers_environment() {
        found.extend(environment.into_iter().chain([user]));
    } else {
        found.extend([user].into_iter().chain(environment));
    }
    found.extend(["/usr/local/etc/jupyter", "/etc/jupyter"].map(PathBuf::from));
    found
}

/// The files of one directory that a server reads, in order of precedence: Python before JSON, the server's own
/// before those of all Jupyter programs.
fn files_in(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in ["jupyter_server_config", "jupyter_notebook_config", "jupyter_config"] {
        found.push(directory.join(format!("{name}.py")));
        found.push(directory.join(format!("{name}.json")));
        if let Ok(entries) = std::fs::read_dir(directory.join(format!("{name}.d"))) {
            let mut parts: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            parts.retain(|path| path.extension().is_some_and(|end| end == "json"));
            parts.sort();
            found.extend(parts);
        }
    }
    found
}

/// Statements of a Python file, without comments; an open bracket joins lines. The last comes first, because a later
/// assignment wins.
fn statements(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.split_once(" #").map_or(line, |(code, _)| code);
        if line.trim_start().starts_with('#') {
            continue;
        }
        match found.last_mut() {
            Some(last) if open => last.push_str(line),
            _ => found.push(line.to_owned()),
        }
        open = found.last().is_some_and(|last| {
            let count = |set: &[char]| last.matches(set).count();
            count(&['(', '[', '{']) > count(&[')', ']', '}'])
        });
    }
    found.reverse();
    found
}

/// The quoted strings in a piece of Python.
fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '\'']) {
        let quote = rest.get(start..=start).unwrap_or("\"");
        let after = rest.get(start + 1..).unwrap_or("");
        let Some((literal, next)) = after.split_once(quote) else { break };
        found.push(literal.to_owned());
        rest = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(text: &str) -> PartialConfig {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jupyter_server_config.py");
        files::replace(&path, text.as_bytes()).unwrap();
        let mut found = PartialConfig { has_allowed: true, ..PartialConfig::default() };
        found.file(&path);
        found
    }

    #[test]
    fn plain_assignments_in_python_files_are_read() {
        let found = python(
            "c = get_config()\n# c.KernelSpecManager.allowed_kernelspecs = {'no'}\n\
             c.KernelSpecManager.allowed_kernelspecs = {'x'}\n\
             c.KernelSpecManager.allowed_kernelspecs = set([\n  'ir',  # R\n  \"python3\",\n])\n\
             c.ServerApp.kernel_spec_manager_class = 'nb_conda_kernels.CondaKernelSpecManager'\n\
             c.KernelSpecManager.ensure_native_kernel = False\n",
        );
        let allowed: Vec<String> = found.allowed.unwrap().into_iter().collect();
        assert_eq!(allowed, ["ir", "python3"]);
        assert_eq!(found.native, Some(false));
        assert_eq!(found.manager.as_deref(), Some("nb_conda_kernels.CondaKernelSpecManager"));
    }

    #[test]
    fn of_several_json_files_the_first_wins() {
        let mut found = PartialConfig { has_allowed: true, ..PartialConfig::default() };
        found.json(&json::parse(r#"{"KernelSpecManager": {"whitelist": ["a"]}, "ServerApp": {"kernel_spec_manager_class": "m"}}"#).unwrap());
        found.json(&json::parse(r#"{"KernelSpecManager": {"allowed_kernelspecs": ["b"]}}"#).unwrap());
        assert_eq!(found.allowed.unwrap().into_iter().collect::<Vec<_>>(), ["a"]);
        assert_eq!(found.manager.as_deref(), Some("m"));
    }
}
