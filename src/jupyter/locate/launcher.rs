//! Which Python a command on the PATH would run, read from the command's own file.
//!
//! pip, pipx, uv and conda write small scripts with the interpreter in the first line; pyenv puts its own shell scripts
//! first on the PATH, which choose one.

use std::path::{Path, PathBuf};

use crate::jupyter::kernelspec::files;
use crate::system::env::Environ;

/// More bytes than any such script has; a larger file is a compiled program.
const MAX_SCRIPT: u64 = 4 << 20;

/// The first program of this name on the PATH; for a script of pyenv's, the program that it would run.
pub(crate) fn on_path(name: &str, environ: &Environ, directory: &Path) -> Option<PathBuf> {
    let found = environ.find_program(name)?;
    if found.parent().is_some_and(|folder| folder.ends_with("shims")) {
        return pyenv(name, found.parent()?.parent()?, environ, directory);
    }
    Some(found)
}

/// The interpreter of a script, as an absolute path.
pub(crate) fn interpreter(script: &Path, environ: &Environ, directory: &Path) -> Option<PathBuf> {
    let script = script.canonicalize().ok()?;
    let content = files::read(&script, MAX_SCRIPT).ok()?;
    let head = String::from_utf8_lossy(content.get(..content.len().min(1024))?).into_owned();
    let mut lines = head.lines();
    let first = lines.next()?.strip_prefix("#!")?.trim();
    let mut words = first.split_whitespace();
    match words.next()? {
        // for a path that is too long or has a space, the script is also a shell script, with the path in line 2
        "/bin/sh" => {
            let quoted = lines.next()?.strip_prefix("'''exec'")?.trim();
            let path = match quoted.strip_prefix('"') {
                Some(rest) => rest.split('"').next()?,
                None => quoted.split_whitespace().next()?,
            };
            Some(PathBuf::from(path))
        }
        env if env.ends_with("/env") => {
            let name = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
            on_path(name, environ, directory)
        }
        path => Some(PathBuf::from(path)),
    }
    .filter(|path| path.is_absolute())
}

/// The version that pyenv chooses: `PYENV_VERSION`, else `.python-version` in this folder or one above, else the global
/// one.
fn pyenv(name: &str, root: &Path, environ: &Environ, directory: &Path) -> Option<PathBuf> {
    let file = || {
        let local = directory.ancestors().map(|folder| folder.join(".python-version"));
        let content = local.chain([root.join("version")]).find_map(|path| files::read(&path, 4096).ok());
        content.map(|content| String::from_utf8_lossy(&content).into_owned())
    };
    let versions = match environ.filled("PYENV_VERSION") {
        Some(versions) => versions.to_string_lossy().replace(':', "\n"),
        None => file()?,
    };
    let folders = versions.split_whitespace().map(|version| root.join("versions").join(version).join("bin"));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn interpreter_of(text: &str) -> Option<PathBuf> {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("jupyter");
        files::replace(&script, text.as_bytes()).unwrap();
        interpreter(&script, &Environ::default(), folder.path())
    }

    #[test]
    fn the_interpreter_of_a_script_is_found() {
        let path = Some(PathBuf::from("/venv/bin/python"));
        assert_eq!(interpreter_of("#!/venv/bin/python\nimport re\n"), path);
        assert_eq!(interpreter_of("#! /venv/bin/python -sE\n"), path);
        assert_eq!(interpreter_of("#!/bin/sh\n'''exec' /venv/bin/python \"$0\" \"$@\"\n' '''\n"), path);
        let spaced = Some(PathBuf::from("/my venv/bin/python"));
        assert_eq!(interpreter_of("#!/bin/sh\n'''exec' \"/my venv/bin/python\" \"$0\" \"$@\"\n"), spaced);
        assert_eq!(interpreter_of("#!/bin/bash\necho\n"), Some(PathBuf::from("/bin/bash")));
        assert_eq!(interpreter_of("\x7fELF"), None);
    }

    #[test]
    fn a_script_of_pyenv_leads_to_the_chosen_version() {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("versions/3.12.1/bin");
        for folder in [&bin, &root.path().join("shims")] {
            files::create_folder(folder).unwrap();
            let script = folder.join("jupyter");
            files::replace(&script, b"#!/bin/sh\n").unwrap();
            std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        files::replace(&root.path().join("version"), b"3.12.1\n").unwrap();
        let environ: Environ = [("PATH", root.path().join("shims"))].into_iter().collect();
        assert_eq!(on_path("jupyter", &environ, Path::new("/")), Some(bin.join("jupyter")));
    }
}
