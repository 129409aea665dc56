//! The kernelspecs that a Jupyter server finds, as `jupyter_client.kernelspec.KernelSpecManager` does.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::jupyter::kernelspec::spec::{self, Provisioner, Spec};
use crate::jupyter::locate::conda;
use crate::jupyter::locate::config::Config;
use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::search::{self, Source};
use crate::jupyter::locate::{files, installed};

/// More than any kernelspec.
const MAX_SPEC: u64 = 1 << 20;

/// The kernel that Jupyter makes up when nobody has installed it.
const NATIVE: &str = "python3";

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
    /// The environment of conda that nb_conda_kernels found it in.
    pub(crate) conda: Option<PathBuf>,
}

impl Kernel {
    /// Its `kernel.json`; none for the native kernel, which has no file.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        (self.source != Source::Native).then(|| self.folder.join("kernel.json"))
    }

    /// The Python that a bare `python` in front of its command stands for, in a server of this context.
    pub(crate) fn python(&self, context: &Context) -> Option<PathBuf> {
        let server = context.python.as_ref();
        match &self.conda {
            Some(prefix) if server.map(|python| &python.prefix) != Some(prefix) => {
                Some(installed::interpreter_in(prefix))
            }
            _ => server.map(|python| python.executable.clone()),
        }
    }

    /// Whether Jupyter shows it.
    pub(crate) fn is_listed(&self) -> bool {
        self.allowed && self.spec.is_ok()
    }
}

impl Context {
    /// Every kernelspec on the search path, by name; also those that Jupyter would leave out.
    pub(crate) fn kernels(&self, config: &Config) -> Vec<Kernel> {
        let mut found: BTreeMap<String, Kernel> = BTreeMap::new();
        for directory in self.search_path() {
            for (name, folder) in search::folders_in(&directory.path) {
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
        if config.is_nb_conda() {
            self.add_conda(&mut found);
        }
        let mut kernels: Vec<Kernel> = found.into_values().collect();
        for kernel in &mut kernels {
            kernel.allowed = config.allows(&kernel.name);
        }
        kernels
    }

    /// What nb_conda_kernels adds. A kernel that Jupyter finds in the same folder gives way.
    fn add_conda(&self, found: &mut BTreeMap<String, Kernel>) {
        let own = self.python.as_ref().map(|python| &python.prefix);
        for environment in conda::environments(self) {
            let is_own = own == Some(&environment.prefix);
            for (_, folder) in search::folders_in(&environment.prefix.join("share/jupyter/kernels")) {
                found.retain(|_, kernel| kernel.folder != folder || kernel.conda.is_some());
                let short = folder.file_name().unwrap_or_default().to_string_lossy();
                let name = environment.kernel_name(&short);
                let source = if is_own { Source::Environment } else { Source::Conda };
                let mut kernel = self.kernel(name.clone(), folder.clone(), source);
                kernel.conda = Some(environment.prefix.clone());
                if let Ok(spec) = &mut kernel.spec {
                    spec.display_name = environment.display_name(&spec.display_name, is_own);
                }
                found.insert(name, kernel);
            }
        }
    }

    fn kernel(&self, name: String, folder: PathBuf, source: Source) -> Kernel {
        let bytes = files::read(&folder.join("kernel.json"), MAX_SPEC);
        let text = bytes.map_err(|e| crate::output::error::reason(&e));
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
            conda: None,
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
        Some(Kernel {
            name,
            folder,
            source: Source::Native,
            shadowed,
            text,
            spec,
            allowed: true,
            conda: None,
        })
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
