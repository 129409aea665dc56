//! The directories in which a Jupyter server looks for kernelspecs, and what it finds there.
//!
//! The rules are those of `jupyter_core.paths.jupyter_path` and
//! `jupyter_client.kernelspec.KernelSpecManager`, for the version that the server's Python has
//! installed: the order of environment and user directories has changed over the years.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::jupyter::config::Config;
use crate::jupyter::python::{self, Python};
use crate::jupyter::spec::{self, Provisioner, Spec};
use crate::jupyter::{Environ, files};

/// More than any kernelspec.
const MAX_SPEC: u64 = 1 << 20;

/// The kernel that Jupyter makes up when nobody has installed it.
const NATIVE: &str = "python3";

/// Everything of a server, running or to be started, that decides what it finds.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The Python that runs it; none where only other programs read kernelspecs.
    pub(crate) python: Option<Python>,
    /// Its environment.
    pub(crate) environ: Environ,
    /// The home directory of its user, for an environment without `HOME`.
    pub(crate) home: PathBuf,
    /// Its working directory.
    pub(crate) directory: PathBuf,
    /// Its user.
    pub(crate) uid: u32,
    /// The user of its login session, if there is one (`os.getlogin()`).
    pub(crate) login: Option<u32>,
    /// Its command line, without the interpreter; empty for a server that does not run.
    pub(crate) arguments: Vec<String>,
}

/// Whose a search directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// An entry of `JUPYTER_PATH`.
    JupyterPath,
    /// The user's data directory.
    User,
    /// `share/jupyter` of Python's user base.
    UserBase,
    /// `share/jupyter` of the server's Python.
    Environment,
    /// The system's directories.
    System,
    /// `~/.ipython`, for old times' sake.
    IPython,
    /// No directory: ipykernel's own resources, with a spec that exists only in memory.
    Native,
}

/// A directory that is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directory {
    /// The directory that holds kernelspec folders.
    pub(crate) path: PathBuf,
    /// Whose it is.
    pub(crate) source: Source,
}

/// A kernelspec as the server finds it.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    /// Its name: that of the folder, in lower case.
    pub(crate) name: String,
    /// The folder that the server reads.
    pub(crate) folder: PathBuf,
    /// Where it was found.
    pub(crate) source: Source,
    /// Folders of the same name that come later in the order and are not read.
    pub(crate) shadowed: Vec<PathBuf>,
    /// The text of its `kernel.json`; empty if it can't be decoded.
    pub(crate) text: String,
    /// What it says, or why Jupyter leaves it out.
    pub(crate) spec: Result<Spec, String>,
    /// Whether the server's allow-list lets it through.
    pub(crate) allowed: bool,
}

impl Kernel {
    /// Its `kernel.json`; none for the native kernel, which has no file.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        (self.source != Source::Native).then(|| self.folder.join("kernel.json"))
    }

    /// Whether Jupyter shows it.
    pub(crate) fn is_listed(&self) -> bool {
        self.allowed && self.spec.is_ok()
    }
}

impl Context {
    /// `~` as Python's `expanduser` sees it, not resolved.
    pub(crate) fn plain_home(&self) -> PathBuf {
        match self.environ.get("HOME") {
            Some(home) if home.is_empty() => PathBuf::from("/"),
            Some(home) => self.absolute(Path::new(home)),
            None => self.home.clone(),
        }
    }

    /// The home directory, links resolved.
    pub(crate) fn resolved_home(&self) -> PathBuf {
        let home = self.plain_home();
        home.canonicalize().unwrap_or(home)
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
    }

    /// Whether jupyter_client is of version 7 or later, or can't be found.
    pub(crate) fn has_client_7(&self) -> bool {
        let installed = self.python.as_ref().and_then(|python| python.version("jupyter_client"));
        installed.is_none_or(|version| version >= (7, 0, 0))
    }

    /// The version of the installed `jupyter_core`; a very new one if it can't be found.
    fn core(&self) -> (u32, u32, u32) {
        let installed = self.python.as_ref().and_then(|python| python.version("jupyter_core"));
        installed.unwrap_or((u32::MAX, 0, 0))
    }

    fn platform_dirs(&self) -> bool {
        self.core() >= (5, 0, 0) && self.environ.flag("JUPYTER_PLATFORM_DIRS") == Some(true)
    }

    /// `jupyter_core.paths.jupyter_data_dir()`.
    pub(crate) fn data_dir(&self) -> PathBuf {
        if let Some(folder) = self.environ.filled("JUPYTER_DATA_DIR") {
            return self.absolute(Path::new(folder));
        }
        let home = if self.platform_dirs() { self.plain_home() } else { self.resolved_home() };
        if cfg!(target_os = "macos") {
            let name = if self.platform_dirs() { "Application Support/Jupyter" } else { "Jupyter" };
            return home.join("Library").join(name);
        }
        if cfg!(windows)
            && let Some(data) = self.environ.filled("APPDATA")
        {
            return Path::new(data).join("jupyter");
        }
        match self.environ.filled("XDG_DATA_HOME") {
            Some(data) => self.absolute(Path::new(data)).join("jupyter"),
            None => home.join(".local").join("share").join("jupyter"),
        }
    }

    /// `jupyter_core.paths.jupyter_config_dir()`; none if `JUPYTER_NO_CONFIG` is set.
    pub(crate) fn config_dir(&self) -> Option<PathBuf> {
        if self.environ.filled("JUPYTER_NO_CONFIG").is_some() {
            return None;
        }
        if let Some(folder) = self.environ.filled("JUPYTER_CONFIG_DIR") {
            return Some(self.absolute(Path::new(folder)));
        }
        if self.platform_dirs() {
            let config = self.environ.filled("XDG_CONFIG_HOME");
            let config = config.map_or_else(|| self.plain_home().join(".config"), PathBuf::from);
            return Some(config.join("jupyter"));
        }
        Some(self.resolved_home().join(".jupyter"))
    }

    /// `jupyter_core.paths.jupyter_runtime_dir()`.
    pub(crate) fn runtime_dir(&self) -> PathBuf {
        match self.environ.filled("JUPYTER_RUNTIME_DIR") {
            Some(folder) => self.absolute(Path::new(folder)),
            None => self.data_dir().join("runtime"),
        }
    }

    /// `jupyter_core.paths.SYSTEM_JUPYTER_PATH`.
    fn system_dirs(&self) -> Vec<PathBuf> {
        if cfg!(windows) {
            return Vec::new();
        }
        let shared =
            self.environ.get("XDG_DATA_DIRS").filter(|dirs| !dirs.to_string_lossy().trim().is_empty());
        if self.platform_dirs()
            && let Some(shared) = shared
        {
            return std::env::split_paths(shared).map(|folder| folder.join("jupyter")).collect();
        }
        ["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from).to_vec()
    }

    /// `jupyter_core.paths.prefer_environment_over_user()`, as it was in the installed version.
    pub(crate) fn prefers_environment(&self) -> bool {
        let core = self.core();
        if core < (4, 7, 0) {
            return false;
        }
        if let Some(prefer) = self.environ.flag("JUPYTER_PREFER_ENV_PATH") {
            return prefer;
        }
        let Some(python) = self.python.as_ref().filter(|_| core >= (5, 0, 0)) else { return false };
        let conda = self.environ.get("CONDA_PREFIX").is_some_and(|conda| {
            // a comparison of strings, as Python makes it
            python.prefix.as_os_str().as_encoded_bytes().starts_with(conda.as_encoded_bytes())
        });
        if core < (5, 1, 1) {
            return python.is_venv || conda;
        }
        let base = self.environ.get("CONDA_DEFAULT_ENV").is_none_or(|name| name == "base");
        (python.is_venv || (conda && !base)) && self.owns(&python.prefix)
    }

    /// `jupyter_core.paths._do_i_own`: by login name where there is a login, else by user id.
    fn owns(&self, path: &Path) -> bool {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let existing = path.ancestors().find_map(|path| std::fs::metadata(path).ok());
        existing.is_some_and(|metadata| files::owner(&metadata) == self.login.unwrap_or(self.uid))
    }

    /// Whether JupyterHub keeps this server from reading anything below the user's home.
    pub(crate) fn ignores_home(&self) -> bool {
        // jupyterhub's _bool_env: a word, not merely set
        let word = self
            .environ
            .get("JUPYTERHUB_DISABLE_USER_CONFIG")
            .map(|word| word.to_string_lossy().to_lowercase());
        let by_hub = word.is_some_and(|word| !["", "0", "false"].contains(&word.as_str()));
        by_hub || self.arguments.iter().any(|word| word.ends_with(".disable_user_config=True"))
    }

    /// The directories that are searched for kernelspecs, the most important first.
    pub(crate) fn search_path(&self) -> Vec<Directory> {
        let mut found = self.jupyter_path();
        if self.ignores_home() {
            let home = self.resolved_home();
            found.retain(|folder| {
                let path = folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
                !path.starts_with(&home)
            });
        }
        for folder in &mut found {
            folder.path.push("kernels");
        }
        if let Some(path) = self.ipython_dir() {
            found.push(Directory { path: path.join("kernels"), source: Source::IPython });
        }
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|folder| seen.insert(folder.path.clone()));
        found
    }

    fn jupyter_path(&self) -> Vec<Directory> {
        let mut found = Vec::new();
        if let Some(paths) = self.environ.filled("JUPYTER_PATH") {
            for path in std::env::split_paths(paths) {
                found.push(Directory {
                    path: self.absolute(&without_slashes(&path)),
                    source: Source::JupyterPath,
                });
            }
        }
        let mut user = vec![Directory { path: self.data_dir(), source: Source::User }];
        let system = self.system_dirs();
        let mut environment = Vec::new();
        if let Some(python) = &self.python {
            if python.user_site && self.core() >= (4, 9, 0) {
                let base = self.absolute(&python::user_base(&self.environ, &self.plain_home()));
                user.push(Directory { path: base.join("share").join("jupyter"), source: Source::UserBase });
            }
            let path = python.prefix.join("share").join("jupyter");
            if !system.contains(&path) {
                environment.push(Directory { path, source: Source::Environment });
            }
        }
        let (first, second) =
            if self.prefers_environment() { (environment, user) } else { (user, environment) };
        found.extend(first.into_iter().chain(second));
        found.extend(system.into_iter().map(|path| Directory { path, source: Source::System }));
        found
    }

    /// `IPython.paths.get_ipython_dir()`, where IPython is installed and the directory is there.
    fn ipython_dir(&self) -> Option<PathBuf> {
        self.python.as_ref()?.package("IPython")?;
        let home = self.resolved_home();
        let folder = match self.environ.get("IPYTHONDIR") {
            Some(folder) => match Path::new(folder).strip_prefix("~") {
                Ok(below) => home.join(below),
                Err(_) => self.absolute(Path::new(folder)),
            },
            None => home.join(".ipython"),
        };
        let config = self.environ.filled("XDG_CONFIG_HOME");
        let old = config.map_or_else(|| home.join(".config"), PathBuf::from).join("ipython");
        let moved = self.environ.get("IPYTHONDIR").is_none() && !folder.exists() && !old.is_symlink();
        let folder = if moved && self.may_write(&old) { old } else { folder };
        // where it can't write, IPython takes an empty temporary directory instead
        self.may_write(&folder).then_some(folder)
    }

    /// `os.access(folder, W_OK)` as far as the mode bits tell.
    fn may_write(&self, folder: &Path) -> bool {
        let Ok(metadata) = std::fs::metadata(folder) else { return false };
        metadata.is_dir()
            && (self.uid == 0 || (files::owner(&metadata) == self.uid && !metadata.permissions().readonly()))
    }

    /// Every kernelspec on the search path, by name; also those that Jupyter would leave out.
    pub(crate) fn kernels(&self, config: &Config) -> Vec<Kernel> {
        let mut found: BTreeMap<String, Kernel> = BTreeMap::new();
        for directory in self.search_path() {
            for (name, folder) in folders_in(&directory.path) {
                match found.get_mut(&name) {
                    Some(winner) => winner.shadowed.push(folder),
                    None => {
                        let kernel = self.kernel(name.clone(), folder, directory.source);
                        found.insert(name, kernel);
                    }
                }
            }
        }
        if config.native
            && !found.contains_key(NATIVE)
            && let Some(kernel) = self.native()
        {
            found.insert(NATIVE.to_owned(), kernel);
        }
        let mut kernels: Vec<Kernel> = found.into_values().collect();
        for kernel in &mut kernels {
            kernel.allowed = config.allows(&kernel.name);
        }
        kernels
    }

    fn kernel(&self, name: String, folder: PathBuf, source: Source) -> Kernel {
        let bytes = files::read(&folder.join("kernel.json"), MAX_SPEC);
        let text = bytes.map_err(|e| crate::error::reason(&e));
        let text = text.and_then(|bytes| spec::decode(&bytes).map(str::to_owned));
        let spec = text.clone().and_then(|text| spec::parse(&text)).and_then(|spec| self.provided(spec));
        Kernel {
            name,
            folder,
            source,
            shadowed: Vec::new(),
            text: text.unwrap_or_default(),
            spec,
            allowed: true,
        }
    }

    /// Leaves out a spec whose provisioner is not installed, as jupyter_client does since version 7.
    fn provided(&self, spec: Spec) -> Result<Spec, String> {
        let Some(python) = &self.python else { return Ok(spec) };
        if !self.has_client_7() {
            return Ok(spec);
        }
        let default = self.environ.get("JUPYTER_DEFAULT_PROVISIONER_NAME").map(|name| name.to_string_lossy());
        let name = match &spec.provisioner {
            Provisioner::Malformed => return Err("metadata.kernel_provisioner is not an object".to_owned()),
            Provisioner::Named(name) => name.as_str(),
            Provisioner::Default => default.as_deref().unwrap_or("local-provisioner"),
        };
        let group = "jupyter_client.kernel_provisioners";
        if name == "local-provisioner" || python.has_entry_point(group, name) {
            Ok(spec)
        } else {
            Err("its kernel provisioner is not installed in the server's Python".to_owned())
        }
    }

    /// `python3` without a file: `ipykernel.kernelspec.get_kernel_dict()`.
    fn native(&self) -> Option<Kernel> {
        let package = self.python.as_ref()?.package("ipykernel")?;
        let module = files::read(&package.join("kernelspec.py"), MAX_SPEC).unwrap_or_default();
        let module = String::from_utf8_lossy(&module);
        let text = native_text(&module);
        let spec = spec::parse(&text).and_then(|spec| self.provided(spec));
        let folder = package.join("resources");
        let (name, shadowed) = (NATIVE.to_owned(), Vec::new());
        Some(Kernel { name, folder, source: Source::Native, shadowed, text, spec, allowed: true })
    }
}

/// A path without slashes at its end, as `rstrip` leaves it: `/` becomes the working directory.
fn without_slashes(path: &Path) -> PathBuf {
    match path.to_str() {
        Some(text) => PathBuf::from(text.trim_end_matches(std::path::MAIN_SEPARATOR)),
        None => path.to_owned(),
    }
}

/// The spec that this version of ipykernel makes up, in the style that it would write it in.
fn native_text(module: &str) -> String {
    let name = if module.contains("(ipykernel)") { "Python 3 (ipykernel)" } else { "Python 3" };
    let mut metadata = Vec::new();
    if module.contains("\"debugger\"") {
        metadata.push("  \"debugger\": true");
    }
    if module.contains("\"supported_encryption\"") {
        metadata.push("  \"supported_encryption\": [\n   \"curve\"\n  ]");
    }
    let argv =
        ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"].map(|word| format!("  \"{word}\""));
    let mut members = vec![
        format!(" \"argv\": [\n{}\n ]", argv.join(",\n")),
        format!(" \"display_name\": \"{name}\""),
        " \"language\": \"python\"".to_owned(),
    ];
    if !metadata.is_empty() {
        members.push(format!(" \"metadata\": {{\n{}\n }}", metadata.join(",\n")));
    }
    if module.contains("\"kernel_protocol_version\"") {
        members.push(" \"kernel_protocol_version\": \"5.5\"".to_owned());
    }
    format!("{{\n{}\n}}", members.join(",\n"))
}

/// Kernelspec folders of a directory, by lower-case name.
pub(crate) fn folders_in(directory: &Path) -> BTreeMap<String, PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return BTreeMap::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    let folders = paths.filter(|path| path.join("kernel.json").is_file());
    folders.filter_map(|path| Some((path.file_name()?.to_string_lossy().to_lowercase(), path))).collect()
}
