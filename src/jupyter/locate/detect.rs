//! Recognizing Jupyter servers among the processes of a machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::jupyter::locate::launcher;
use crate::system::env::Environ;
use crate::system::processes::Process;

/// The interpreter of a process: the first word of its command line, because only that path shows a venv; the program
/// file itself if the word names another file.
pub(super) fn executable(
    first: &OsString,
    process: &Process,
    environ: &Environ,
    directory: &Path,
) -> Option<PathBuf> {
    let real = process.executable();
    let named = if Path::new(first).components().count() > 1 {
        Some(directory.join(first))
    } else {
        launcher::on_path(first.to_str()?, environ, directory)
    };
    let is_it = |path: &PathBuf| real.is_none() || path.canonicalize().ok() == real;
    named.filter(is_it).or(real)
}

/// Whether a process is Python.
pub(super) fn runs_python(process: &Process) -> bool {
    let name = process.executable().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    name.is_some_and(|name| name.starts_with("python"))
}

/// Whether a command line starts a Jupyter server: a script of that name, or `-m` and its module.
pub(super) fn is_server(argv: &[OsString]) -> bool {
    const SCRIPTS: [&str; 9] = [
        "jupyter-lab",
        "jupyter-notebook",
        "jupyter-server",
        "jupyter-labhub",
        "jupyterhub-singleuser",
        "jupyter-nbclassic",
        "jupyter-kernelgateway",
        "jupyter-enterprisegateway",
        "voila",
    ];
    const MODULES: [&str; 9] = [
        "jupyterlab",
        "notebook",
        "jupyter_server",
        "jupyterhub.singleuser",
        "jupyterlab.labhubapp",
        "nbclassic",
        "kernel_gateway",
        "enterprise_gateway",
        "voila",
    ];
    let words: Vec<_> = argv.iter().take(8).map(|word| word.to_string_lossy()).collect();
    let starts_python = words.first().is_some_and(|word| word.contains("python"));
    // behind another program it is an argument: of an editor, of bqcred
    let program = if starts_python { 3 } else { 1 };
    let script = words.iter().take(program).any(|word| {
        let name = Path::new(word.as_ref()).file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| SCRIPTS.contains(&name.as_ref()))
    });
    let module = words.windows(2).any(|pair| match pair {
        [flag, module] => flag == "-m" && MODULES.contains(&module.as_ref()),
        _ => false,
    });
    (script && !words.iter().any(|word| word == "ipykernel_launcher")) || (module && starts_python)
}

/// Process ids of the servers that have a file in the runtime directory. The files contain tokens and are not read:
/// their names have the ids.
pub(super) fn announced(runtime: &Path) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir(runtime) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter_map(|name| {
            let rest = name.strip_prefix("jpserver-").or_else(|| name.strip_prefix("nbserver-"))?;
            rest.strip_suffix(".json")?.parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_recognized_by_script_or_module() {
        let server = |line: &str| is_server(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(server("/venv/bin/python3 /venv/bin/jupyter-lab --no-browser"));
        assert!(server("python -m jupyter_server --port 1"));
        assert!(server("/opt/conda/bin/python3.10 -s /opt/conda/bin/jupyterhub-singleuser"));
        assert!(!server("/venv/bin/python -m ipykernel_launcher -f /x/jupyter-lab.json"));
        assert!(!server("vim /home/ada/notes/on/jupyter-lab.txt"));
        assert!(!server("less -m notebook"));
        assert!(server("/opt/bundle/jupyter-lab --no-browser"));
        assert!(!server("bqcred snippet jupyter-server") && !server("man jupyter-server"));
    }
}
