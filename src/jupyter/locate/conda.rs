//! The kernels of conda's environments, as nb_conda_kernels names them.
//!
//! Where that package lists the kernels of a server, it adds those in `share/jupyter/kernels` of each environment, under
//! names like `conda-env-science-py`. Sources: `CondaKernelSpecManager._all_envs` and `._all_specs`;
//! conda's `list_all_known_prefixes`, which `conda info --json` prints.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::jupyter::kernelspec::files;
use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::{installed, launcher};

/// More bytes than any list of environments has.
const MAX_LIST: u64 = 1 << 20;

/// An environment with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CondaEnvironment {
    /// `base`, or the name of its folder, made unique with a number.
    pub(super) name: String,
    /// Its folder, absolute.
    pub(super) prefix: PathBuf,
    /// Whether conda itself is installed in it.
    is_base: bool,
}

impl CondaEnvironment {
    /// The name that nb_conda_kernels gives to a kernel in a folder of this name.
    pub(super) fn kernel_name(&self, folder: &str) -> String {
        let short = match folder {
            "python2" | "python3" => "py",
            "ir" => "r",
            other => other,
        };
        let kind = if self.is_base { "" } else { "env-" };
        // nb_conda_kernels takes accents off first, which would need tables of Unicode
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        format!("conda-{kind}{}-{short}", self.name).chars().map(plain).collect()
    }

    /// The display name that nb_conda_kernels gives to a kernel.
    pub(super) fn display_name(&self, original: &str, is_servers_own: bool) -> String {
        let language = if original.starts_with("Python") { "Python" } else { original };
        let mark = if is_servers_own { " *" } else { "" };
        format!("{language} [conda env:{}]{mark}", self.name)
    }
}

/// The environments of the conda that the server would run, in conda's order; none if there is no conda.
pub(super) fn environments(context: &Context) -> Vec<CondaEnvironment> {
    let Some(root) = root(context) else { return Vec::new() };
    let mut found: Vec<CondaEnvironment> = Vec::new();
    for prefix in prefixes(context, &root) {
        if prefix.starts_with(root.join("conda-bld")) {
            continue;
        }
        let is_base = prefix == root;
        let taken = |name: &str| found.iter().any(|known| known.name == name);
        let mut name = if is_base { "base".to_owned() } else { name(&prefix, &root, taken) };
        if taken(&name) {
            let free = (2..).map(|count| format!("{name}-{count}")).find(|name| !taken(name));
            name = free.unwrap_or(name);
        }
        found.push(CondaEnvironment { name, prefix, is_base });
    }
    found
}

/// The prefix that conda itself is installed in: that of the Python that its command runs.
fn root(context: &Context) -> Option<PathBuf> {
    let environ = &context.environ;
    let command = match environ.filled("CONDA_EXE") {
        Some(command) if Path::new(command).components().count() > 1 => context.absolute(Path::new(command)),
        Some(command) => launcher::on_path(command.to_str()?, environ, &context.directory)?,
        None => launcher::on_path("conda", environ, &context.directory)?,
    };
    let python = launcher::interpreter(&command, environ, &context.directory);
    let program = python.filter(|path| path.file_name().is_some_and(|name| name != "sh" && name != "bash"));
    let prefix = program.unwrap_or(command).parent()?.parent()?.to_owned();
    prefix.join("conda-meta").is_dir().then_some(prefix)
}

/// Every environment that conda knows of, sorted.
fn prefixes(context: &Context, root: &Path) -> BTreeSet<PathBuf> {
    let home = context.plain_home();
    let lines = |path: &Path| -> Vec<String> {
        let bytes = files::read(path, MAX_LIST).unwrap_or_default();
        String::from_utf8_lossy(&bytes).lines().map(|line| line.trim().to_owned()).collect()
    };
    let known = lines(&home.join(".conda/environments.txt")).into_iter().map(PathBuf::from);
    let mut folders = vec![root.join("envs"), home.join(".conda/envs")];
    for name in ["CONDA_ENVS_PATH", "CONDA_ENVS_DIRS"] {
        folders.extend(context.environ.filled(name).into_iter().flat_map(std::env::split_paths));
    }
    for settings in [home.join(".condarc"), root.join(".condarc")] {
        folders.extend(listed("envs_dirs", &lines(&settings), &home));
    }
    let inside = folders.iter().flat_map(|folder| installed::folders_in(folder));
    let is_environment = |prefix: &PathBuf| prefix.join("conda-meta/history").is_file();
    known.chain(inside).filter(is_environment).chain([root.to_owned()]).collect()
}

/// The elements of a list in a plain YAML file, as `conda config` writes it.
fn listed(key: &str, lines: &[String], home: &Path) -> Vec<PathBuf> {
    let heading = format!("{key}:");
    let after = lines.iter().skip_while(|line| **line != heading).skip(1);
    let elements = after.map_while(|line| line.strip_prefix("- "));
    elements
        .map(|path| match path.strip_prefix("~/") {
            Some(below) => home.join(below),
            None => PathBuf::from(path),
        })
        .collect()
}

/// The name of an environment: its folder's, and before it, if it is in another `envs` folder than conda's own, the name
/// of the folder around that.
fn name(prefix: &Path, root: &Path, taken: impl Fn(&str) -> bool) -> String {
    let text = |path: Option<&Path>| {
        path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
    };
    let (around, name) = (prefix.parent(), text(Some(prefix)));
    if text(around) == "envs" && (around != Some(&root.join("envs")) || taken(&name)) {
        return format!("{}-{name}", text(around.and_then(Path::parent)));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_names_are_those_of_nb_conda_kernels() {
        let environment =
            |name: &str, is_base| CondaEnvironment { name: name.into(), prefix: "/".into(), is_base };
        assert_eq!(environment("base", true).kernel_name("python3"), "conda-base-py");
        assert_eq!(environment("sci", false).kernel_name("ir"), "conda-env-sci-r");
        assert_eq!(environment("My env", false).kernel_name("x"), "conda-env-My_env-x");
        assert_eq!(environment("sci", false).display_name("Python 3", false), "Python [conda env:sci]");
        assert_eq!(environment("base", true).display_name("R", true), "R [conda env:base] *");
    }

    #[test]
    fn names_of_environments_in_other_folders_include_the_folder() {
        let (root, free) = (Path::new("/opt/conda"), |_: &str| false);
        assert_eq!(name(Path::new("/opt/conda/envs/a"), root, free), "a");
        assert_eq!(name(Path::new("/opt/conda/envs/a"), root, |_| true), "conda-a");
        assert_eq!(name(Path::new("/home/ada/.conda/envs/a"), root, free), ".conda-a");
        assert_eq!(name(Path::new("/home/ada/work/a"), root, free), "a");
    }

    #[test]
    fn envs_dirs_are_read_from_condarc() {
        let lines = ["channels:", "- x", "envs_dirs:", "- /a", "- ~/b", "auto: true"].map(str::to_owned);
        let folders = listed("envs_dirs", &lines, Path::new("/home/ada"));
        assert_eq!(folders, [PathBuf::from("/a"), PathBuf::from("/home/ada/b")]);
    }
}
