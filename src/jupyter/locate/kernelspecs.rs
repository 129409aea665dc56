//! Every `kernel.json` that the Jupyter servers here can find, for what concerns all of them.

use std::path::{Path, PathBuf};

use crate::jupyter::kernelspec::json::{self, Value, ValueKind};
use crate::jupyter::kernelspec::spec;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::search;

/// A `kernel.json` in a directory that a server searches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KernelspecFile {
    /// The name of its kernel.
    pub(crate) kernel: String,
    /// The file, symbolic links resolved.
    pub(crate) file: PathBuf,
}

/// The files of all servers, each once; also those that another one of the same name hides.
pub(crate) fn all(machine: &Machine) -> Vec<KernelspecFile> {
    let mut found: Vec<KernelspecFile> = Vec::new();
    for kernel in machine.servers().own.iter().flat_map(|server| server.kernels()) {
        for folder in [&kernel.folder].into_iter().chain(&kernel.shadowed) {
            add(&mut found, &kernel.name, folder);
        }
    }
    found
}

/// The files that name one of these paths, whoever wrote them. The active environment counts even if no Jupyter is
/// installed there: VS Code reads its kernelspecs.
pub(crate) fn naming(machine: &Machine, paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = all(machine);
    for prefix in ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().filter_map(|name| machine.environ.filled(name)) {
        for (name, folder) in search::folders_in(&Path::new(prefix).join("share/jupyter/kernels")) {
            add(&mut found, &name, &folder);
        }
    }
    found.into_iter().map(|spec| spec.file).filter(|file| names_one_of(file, paths)).collect()
}

fn add(found: &mut Vec<KernelspecFile>, kernel: &str, folder: &Path) {
    let Ok(file) = folder.join("kernel.json").canonicalize() else { return };
    if !found.iter().any(|known| known.file == file) {
        found.push(KernelspecFile { kernel: kernel.to_owned(), file });
    }
}

/// Whether one of the strings in this file is one of the paths.
fn names_one_of(file: &Path, paths: &[PathBuf]) -> bool {
    fn is_within(value: &Value, paths: &[PathBuf]) -> bool {
        match &value.kind {
            ValueKind::Text(text) => paths.iter().any(|path| path.as_os_str() == text.as_str()),
            ValueKind::Array(elements) => elements.iter().any(|element| is_within(element, paths)),
            ValueKind::Object(members) => members.iter().any(|member| is_within(&member.value, paths)),
            ValueKind::Number | ValueKind::Bool(_) | ValueKind::Null => false,
        }
    }
    let Ok(text) = spec::read_file(file) else { return false };
    json::parse(&text).is_ok_and(|document| is_within(&document, paths))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jupyter::kernelspec::files;

    #[test]
    fn a_path_counts_wherever_it_stands_in_a_kernelspec_and_only_as_a_whole_string() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kernel.json");
        let paths = [PathBuf::from("/d/adc.json")];
        let cases = [
            (r#"{"argv":["x"],"env":{"GOOGLE_APPLICATION_CREDENTIALS":"/d/adc.json"}}"#, true),
            (r#"{"argv":["bqcred","/d/adc.json"]}"#, true),
            (r#"{"argv":["/d/adc.json.old"],"env":{"X":"x /d/adc.json"}}"#, false),
            ("no json /d/adc.json", false),
        ];
        for (text, expected) in cases {
            files::replace(&file, text.as_bytes()).unwrap();
            assert_eq!(names_one_of(&file, &paths), expected, "{text}");
        }
    }

    #[test]
    fn a_kernelspec_of_the_active_environment_counts_even_without_jupyter_there() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let file = root.join("venv/share/jupyter/kernels/mine/kernel.json");
        files::replace_new(&file, br#"{"argv": ["/d/adc.json"]}"#).unwrap();
        let environ = [("VIRTUAL_ENV", root.join("venv"))].into_iter().collect();
        let machine = Machine::new(environ, root.clone(), root.clone());
        assert_eq!(naming(&machine, &[PathBuf::from("/d/adc.json")]), [file]);
        assert_eq!(naming(&machine, &[PathBuf::from("/d/other.json")]), Vec::<PathBuf>::new());
    }
}
