//! The kernelspecs that a Jupyter server finds, as `jupyter_client.kernelspec.KernelSpecManager` does.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::jupyter::kernelspec::edit;
use crate::jupyter::kernelspec::files;
use crate::jupyter::kernelspec::marker::Marker;
use crate::jupyter::kernelspec::spec::{self, MAX_SPEC, Provisioner, Spec};
use crate::jupyter::locate::conda;
use crate::jupyter::locate::config::Config;
use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::search::{self, Location};
use crate::jupyter::locate::{installed, native};

/// The native kernel: ipykernel gives its spec to Jupyter where no file does.
const NATIVE: &str = "python3";

/// A kernelspec as the server finds it.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    /// The name that Jupyter knows it by: the folder's in lower case, or nb_conda_kernels' own.
    pub(crate) name: String,
    /// The folder that the server reads.
    pub(crate) folder: PathBuf,
    /// Which kind of search directory the folder is in.
    pub(crate) location: Location,
    /// Folders of the same name that come later in the search order and are not read.
    pub(crate) shadowed: Vec<PathBuf>,
    /// The text of its `kernel.json`; empty if it can't be read.
    pub(crate) text: String,
    /// What the text says, or why Jupyter does not list it.
    pub(crate) spec: Result<Spec, String>,
    /// Whether the server's `allowed_kernelspecs` has it, or is not set.
    pub(crate) allowed: bool,
    /// The conda environment that nb_conda_kernels found it in.
    pub(crate) conda: Option<PathBuf>,
}

impl Kernel {
    /// Its `kernel.json`; none for the native kernel, which has no file.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        (self.location != Location::Native).then(|| self.folder.join("kernel.json"))
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

    /// Whether Jupyter lists it.
    pub(crate) fn is_listed(&self) -> bool {
        self.allowed && self.spec.is_ok()
    }

    /// Its language as the spec spells it; empty if Jupyter does not accept the spec.
    pub(crate) fn language(&self) -> &str {
        self.spec.as_ref().map_or("", |spec| spec.language.as_str())
    }

    /// Whether it is for Python or R, the languages that BigQuery is used from.
    pub(crate) fn is_for_python_or_r(&self) -> bool {
        self.spec.as_ref().is_ok_and(|spec| spec.is_python() || spec.is_r())
    }

    /// What bqcred changed in it, if it did.
    pub(crate) fn marker(&self) -> Option<Marker> {
        edit::marker(&self.text)
    }
}

impl Context {
    /// Every kernelspec on the search path, by name; also those that Jupyter does not list.
    pub(crate) fn kernels(&self, config: &Config) -> Vec<Kernel> {
        let mut found: BTreeMap<String, Kernel> = BTreeMap::new();
        for directory in self.search_path() {
            for (name, folder) in search::folders_in(&directory.path) {
                match found.get_mut(&name) {
                    Some(first) => first.shadowed.push(folder),
                    None => {
                        let kernel = self.kernel(name.clone(), folder, directory.location);
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

    /// Adds the kernels of nb_conda_kernels, which replace those that Jupyter finds in the same folders.
    fn add_conda(&self, found: &mut BTreeMap<String, Kernel>) {
        let own = self.python.as_ref().map(|python| &python.prefix);
        for environment in conda::environments(self) {
            let is_own = own == Some(&environment.prefix);
            for (_, folder) in search::folders_in(&environment.prefix.join("share/jupyter/kernels")) {
                found.retain(|_, kernel| kernel.folder != folder || kernel.conda.is_some());
                let short = folder.file_name().unwrap_or_default().to_string_lossy();
                let name = environment.kernel_name(&short);
                let location = if is_own { Location::Environment } else { Location::Conda };
                let mut kernel = self.kernel(name.clone(), folder.clone(), location);
                kernel.conda = Some(environment.prefix.clone());
                if let Ok(spec) = &mut kernel.spec {
                    spec.display_name = environment.display_name(&spec.display_name, is_own);
                }
                found.insert(name, kernel);
            }
        }
    }

    fn kernel(&self, name: String, folder: PathBuf, location: Location) -> Kernel {
        let bytes = files::read(&folder.join("kernel.json"), MAX_SPEC);
        let bytes = bytes.map_err(|error| crate::output::error::reason(&error));
        let text = bytes.and_then(|bytes| spec::decode(&bytes).map(str::to_owned));
        self.kernel_of(name, folder, location, text)
    }

    fn kernel_of(
        &self,
        name: String,
        folder: PathBuf,
        location: Location,
        text: Result<String, String>,
    ) -> Kernel {
        let spec = text.as_ref().map_err(Clone::clone).and_then(|text| spec::parse(text));
        Kernel {
            name,
            folder,
            location,
            shadowed: Vec::new(),
            spec: spec.and_then(|spec| self.with_provisioner(spec)),
            text: text.unwrap_or_default(),
            allowed: true,
            conda: None,
        }
    }

    /// The spec if its provisioner is installed: jupyter_client lists no other since version 7.
    fn with_provisioner(&self, spec: Spec) -> Result<Spec, String> {
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
        let text = Ok(native::spec_text(&module));
        Some(self.kernel_of(NATIVE.to_owned(), package.join("resources"), Location::Native, text))
    }
}
