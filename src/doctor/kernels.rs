//! Notebooks: kernelspecs that name another credential than the current profile's, and kernels that
//! run with another one. Of their environments nothing else is looked at.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::findings::{Finding, VARIABLE, is_other_adc};
use super::surroundings::Surroundings;
use crate::private_file::{self, Content};

pub(super) fn findings(s: &Surroundings) -> Vec<Finding> {
    let mut found = specs(s);
    found.extend(running(s));
    found
}

fn specs(s: &Surroundings) -> Vec<Finding> {
    let mut found = Vec::new();
    for folder in folders(s) {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries {
            let file = entry.join("kernel.json");
            if let Some(path) = credential_of(&file, s)
                && is_other_adc(s, &path)
            {
                found.push(Finding::new(
                    "kernelspec",
                    format!("the kernelspec {} uses another credential: {}", file.display(), path.display()),
                    Some("bqcred kernel sync".to_owned()),
                ));
            }
        }
    }
    found
}

/// Jupyter's data folders (`jupyter --paths`), without asking Jupyter.
fn folders(s: &Surroundings) -> Vec<PathBuf> {
    let variables = &s.variables;
    let mut folders: Vec<PathBuf> = variables
        .filled("JUPYTER_PATH")
        .map(|list| std::env::split_paths(list).collect())
        .unwrap_or_default();
    let user = variables.path("JUPYTER_DATA_DIR").unwrap_or_else(|| {
        variables.path("XDG_DATA_HOME").unwrap_or_else(|| s.home.join(".local/share")).join("jupyter")
    });
    folders.push(user);
    for prefix in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        folders.extend(variables.path(prefix).map(|prefix| prefix.join("share/jupyter")));
    }
    folders.extend(["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from));
    folders.into_iter().map(|folder| folder.join("kernels")).collect()
}

/// The credential that a kernel.json sets; `${HOME}` is expanded by Jupyter.
fn credential_of(file: &Path, s: &Surroundings) -> Option<PathBuf> {
    let bytes = private_file::read(file, Content::Foreign).ok().flatten()?;
    let spec: Value = serde_json::from_slice(&bytes).ok()?;
    let value = spec.get("env")?.get(VARIABLE)?.as_str().filter(|value| !value.is_empty())?;
    Some(PathBuf::from(value.replace("${HOME}", &s.home.to_string_lossy())))
}

/// This user's kernels, from `/proc`.
fn running(s: &Surroundings) -> Vec<Finding> {
    let me = rustix::process::getuid().as_raw();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let path = entry.path();
        let pid = entry.file_name().to_string_lossy().into_owned();
        let is_mine = pid.bytes().all(|byte| byte.is_ascii_digit())
            && path.metadata().is_ok_and(|metadata| metadata.uid() == me);
        if !is_mine || !is_kernel(&path) {
            continue;
        }
        let Some(environment) = Environ::read(&path) else { continue };
        if let Some(what) = disagreement(s, &environment) {
            found.push(Finding::new(
                "running_kernel",
                format!("the running kernel {pid} {what}"),
                Some(
                    "shut that kernel down and start it again (a plain restart keeps its environment)"
                        .to_owned(),
                ),
            ));
        }
    }
    found
}

fn disagreement(s: &Surroundings, environment: &Environ) -> Option<String> {
    s.person.adc.as_ref()?;
    match environment.value(VARIABLE) {
        Some(path) if is_other_adc(s, Path::new(&path)) => Some(format!("uses another credential: {path}")),
        Some(_) => None,
        None => Some(format!("was started without {VARIABLE}")),
    }
}

/// A connection file on its command line is what every kernel has.
fn is_kernel(process: &Path) -> bool {
    let line = std::fs::File::open(process.join("cmdline")).ok().and_then(limited).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|word| {
        let word = String::from_utf8_lossy(word);
        word.ends_with(".json") && word.contains("kernel-")
    })
}

fn limited(file: std::fs::File) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    file.take(256 * 1024).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A process's environment; one variable is taken out of it, and the rest is wiped.
struct Environ(crate::secret::SecretBytes);

impl Environ {
    fn read(process: &Path) -> Option<Environ> {
        let file = std::fs::File::open(process.join("environ")).ok()?;
        Some(Environ(crate::secret::SecretBytes::new(limited(file)?)))
    }

    fn value(&self, name: &str) -> Option<String> {
        let prefix = format!("{name}=");
        self.0
            .split(|byte| *byte == 0)
            .find_map(|entry| entry.strip_prefix(prefix.as_bytes()))
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .filter(|value| !value.is_empty())
    }
}
