//! Where a Python is installed: `pyvenv.cfg`, `sys.base_prefix`, and the folders of packages below a prefix.
//! Source: CPython's `Modules/getpath.py`.

use std::path::{Path, PathBuf};

use super::Options;
use crate::jupyter::kernelspec::files;
use crate::system::env::Environ;

/// What is needed of `pyvenv.cfg`.
pub(super) struct VenvConfig {
    /// Whether the packages of the base Python can be imported, too.
    pub(super) system_packages: bool,
    home: Option<PathBuf>,
}

impl VenvConfig {
    /// Reads the file in the interpreter's folder or the one above it.
    pub(super) fn beside(executable: &Path) -> Option<Self> {
        let bin = executable.parent()?;
        let candidates = [bin.join("pyvenv.cfg"), bin.parent()?.join("pyvenv.cfg")];
        let path = candidates.into_iter().find(|path| path.is_file())?;
        let text = files::read(&path, 1 << 20).ok()?;
        // without the key, site.py includes the system's packages
        let mut config = VenvConfig { system_packages: true, home: None };
        for line in String::from_utf8_lossy(&text).lines() {
            let Some((key, value)) = line.split_once('=') else { continue };
            match key.trim().to_lowercase().as_str() {
                "include-system-site-packages" => {
                    config.system_packages = value.trim().eq_ignore_ascii_case("true");
                }
                "home" => config.home = Some(value.trim().into()),
                _ => {}
            }
        }
        Some(config)
    }
}

/// The interpreter that a venv was made from, or the executable itself.
pub(super) fn base_executable(executable: &Path, config: Option<&VenvConfig>) -> PathBuf {
    let name = executable.file_name().unwrap_or_default();
    match config.and_then(|config| config.home.as_ref()) {
        Some(home) => [name, "python3".as_ref(), "python".as_ref()]
            .into_iter()
            .map(|name| home.join(name))
            .find(|path| path.exists())
            .unwrap_or_else(|| home.join(name)),
        None => executable.to_owned(),
    }
}

/// The first folder above the interpreter that has Python's standard library. Links of the file itself are followed.
pub(super) fn base_prefix(executable: &Path, options: Options, environ: &Environ) -> Option<PathBuf> {
    if !options.ignore_environ
        && let Some(home) = environ.filled("PYTHONHOME")
    {
        return std::env::split_paths(home).next();
    }
    let mut real = executable.to_owned();
    for _ in 0..40 {
        let Ok(target) = std::fs::read_link(&real) else { break };
        real = real.parent()?.join(target);
    }
    let folders = real.parent()?.ancestors().chain(executable.parent()?.ancestors());
    folders.filter(|folder| has_library(folder)).map(normal).next()
}

fn has_library(folder: &Path) -> bool {
    versions(folder).any(|library| library.join("os.py").is_file())
}

/// The library folders of a prefix, such as `lib/python3.11`.
fn versions(prefix: &Path) -> impl Iterator<Item = PathBuf> {
    let libraries = ["lib", "lib64"].map(|name| prefix.join(name));
    let entries = libraries.into_iter().filter_map(|folder| std::fs::read_dir(folder).ok());
    let paths = entries.flat_map(|entries| entries.flatten().map(|entry| entry.path()));
    paths.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3")))
}

/// `site-packages` and `dist-packages` below a prefix.
pub(super) fn packages_below(prefix: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = versions(prefix)
        .flat_map(|library| ["site-packages", "dist-packages"].map(|name| library.join(name)))
        .filter(|folder| folder.is_dir())
        .collect();
    folders.sort();
    folders
}

/// `a/../b` resolved by name, as `os.path.normpath` does.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                normal.pop();
            }
            std::path::Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// The folders that the `.pth` files of a package folder add (`site.addpackage`), one path a line. Of the lines with
/// code, only the one is read with which uv combines two environments.
pub(super) fn named_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "pth"));
    files.sort();
    let texts = files.iter().filter_map(|file| files::read(file, 1 << 20).ok());
    let mut found = Vec::new();
    for text in texts {
        for line in String::from_utf8_lossy(&text).lines() {
            let path = match line.split_once("site.addsitedir(") {
                Some((_, call)) => call.split(['"', '\'']).nth(1),
                None => Some(line.trim_end()),
            };
            let is_path =
                |path: &&str| !path.is_empty() && !path.starts_with(['#']) && !path.starts_with("import ");
            found.extend(path.filter(is_path).map(|path| folder.join(path)).filter(|path| path.is_dir()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pth_file_adds_package_folders() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for name in ["site", "beside", "overlaid"] {
            files::create_folder(&at(name)).unwrap();
        }
        let overlay = format!("import site; site.addsitedir({:?})\n", at("overlaid"));
        files::replace(&at("site/_uv_ephemeral_overlay.pth"), overlay.as_bytes()).unwrap();
        files::replace(&at("site/b.pth"), b"# beside\n\nimport sys\n../beside\n/gone/away\n").unwrap();
        assert_eq!(named_in(&at("site")), [at("overlaid"), at("site/../beside")]);
    }
}
