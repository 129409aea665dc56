//! What a Python interpreter would report about itself, found out without running it.
//!
//! `sys.prefix`, whether it is a virtual environment, whether the user site is enabled, and which
//! packages are installed. Sources: CPython's `Modules/getpath.py` and `Lib/site.py`, Debian's
//! `dist-packages`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::jupyter::kernelspec::files;
use crate::system::env::Environ;

mod prefix;

use prefix::{VenvConfig, base_executable, base_prefix, packages_below};

/// A Python interpreter with the environment that it runs in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Python {
    /// `sys.executable`: absolute, symbolic links not resolved, because a venv is known only by its link.
    pub(crate) executable: PathBuf,
    /// `sys.prefix`.
    pub(crate) prefix: PathBuf,
    /// Whether `sys.prefix` differs from `sys.base_prefix`.
    pub(crate) is_venv: bool,
    /// `site.ENABLE_USER_SITE`.
    pub(crate) user_site: bool,
    /// The folders that packages are imported from, in order.
    pub(crate) modules: Vec<PathBuf>,
}

/// Options of a `python` command line that change which packages it finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// `-E` or `-I`: PYTHON* variables are ignored.
    ignore_environ: bool,
    /// `-s` or `-I`: no user site.
    no_user_site: bool,
}

impl Options {
    /// The options before the script, `-m` or `-c` of a command line, given without its first word.
    pub(crate) fn of(arguments: &[OsString]) -> Self {
        let mut options = Options::default();
        let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
        while let Some(argument) = arguments.next() {
            let Some(letters) = argument.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else {
                break;
            };
            for (position, letter) in letters.char_indices() {
                match letter {
                    'E' => options.ignore_environ = true,
                    's' => options.no_user_site = true,
                    'I' => options = Options { ignore_environ: true, no_user_site: true },
                    'm' | 'c' => return options,
                    'W' | 'X' => {
                        if position + 1 == letters.len() {
                            arguments.next();
                        }
                        break;
                    }
                    _ => {}
                }
            }
        }
        options
    }
}

impl Python {
    /// The interpreter at this absolute path, if it is one.
    pub(crate) fn at(executable: &Path, options: Options, environ: &Environ, home: &Path) -> Option<Self> {
        let config = VenvConfig::beside(executable);
        let base_executable = base_executable(executable, config.as_ref());
        let base = base_prefix(&base_executable, options, environ)?;
        let prefix = match &config {
            Some(_) => executable.parent()?.parent()?.to_owned(),
            None => base.clone(),
        };
        let isolated = config.as_ref().is_some_and(|config| !config.system_packages);
        let disabled = !options.ignore_environ && environ.filled("PYTHONNOUSERSITE").is_some();
        let user_site = !isolated && !options.no_user_site && !disabled;
        let mut python = Python {
            executable: executable.to_owned(),
            is_venv: config.is_some() && prefix != base,
            prefix,
            user_site,
            modules: Vec::new(),
        };
        python.modules = python.module_folders(&base, isolated, options, environ, home);
        Some(python)
    }

    fn module_folders(
        &self,
        base: &Path,
        isolated: bool,
        options: Options,
        environ: &Environ,
        home: &Path,
    ) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        if !options.ignore_environ
            && let Some(path) = environ.filled("PYTHONPATH")
        {
            folders.extend(std::env::split_paths(path).filter(|path| path.is_absolute()));
        }
        if self.user_site {
            folders.extend(packages_below(&user_base(environ, home)));
        }
        folders.extend(packages_below(&self.prefix));
        if !isolated {
            folders.extend(packages_below(base));
            // Debian: pip installs below /usr/local, apt below /usr/lib/python3
            if base == Path::new("/usr") {
                folders.extend(packages_below(Path::new("/usr/local")));
            }
        }
        let named: Vec<PathBuf> = folders.iter().flat_map(|folder| prefix::named_in(folder)).collect();
        folders.extend(named);
        folders
    }

    /// The folder of an installed package, if there is one.
    pub(crate) fn package(&self, name: &str) -> Option<PathBuf> {
        let mut candidates = self.modules.iter().map(|folder| folder.join(name));
        candidates.find(|folder| folder.join("__init__.py").is_file())
    }

    /// The version of an installed distribution: major, minor, patch.
    pub(crate) fn version(&self, distribution: &str) -> Option<(u32, u32, u32)> {
        let named = self.distributions().filter_map(|folder| {
            let name = folder.file_name()?.to_str()?.to_owned();
            let name = name.strip_suffix(".dist-info").or_else(|| name.strip_suffix(".egg-info"))?;
            let (name, version) = name.split_once('-')?;
            // an egg-info folder ends in the Python version: jupyter_core-4.12.0-py3.11.egg-info
            let version = version.split('-').next()?;
            (name.replace('-', "_").eq_ignore_ascii_case(distribution)).then(|| numbers(version))
        });
        named.flatten().next()
    }

    /// Whether an installed distribution declares an entry point of this group and name.
    pub(crate) fn has_entry_point(&self, group: &str, name: &str) -> bool {
        self.distributions().any(|folder| {
            let text = files::read(&folder.join("entry_points.txt"), 1 << 20).unwrap_or_default();
            declares(&String::from_utf8_lossy(&text), group, name)
        })
    }

    fn distributions(&self) -> impl Iterator<Item = PathBuf> {
        let entries = self.modules.iter().filter_map(|folder| std::fs::read_dir(folder).ok());
        let paths = entries.flat_map(|entries| entries.flatten().map(|entry| entry.path()));
        paths.filter(|path| path.extension().is_some_and(|end| end == "dist-info" || end == "egg-info"))
    }
}

/// `site.getuserbase()`.
pub(crate) fn user_base(environ: &Environ, home: &Path) -> PathBuf {
    match environ.filled("PYTHONUSERBASE") {
        Some(base) => base.into(),
        None => home.join(".local"),
    }
}

fn numbers(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    });
    let major = parts.next()??;
    let mut next = || parts.next().flatten().unwrap_or(0);
    Some((major, next(), next()))
}

/// Whether an `entry_points.txt` has `name = …` in the section of this group.
fn declares(text: &str, group: &str, name: &str) -> bool {
    let section = format!("[{group}]");
    let mut inside = false;
    text.lines().map(str::trim).any(|line| {
        if line.starts_with('[') {
            inside = line == section;
        }
        inside && line.split_once('=').is_some_and(|(key, _)| key.trim() == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_end_at_the_script() {
        let of = |words: &[&str]| Options::of(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert!(of(&["-sE", "x"]).no_user_site);
        assert!(of(&["-I"]).ignore_environ);
        assert!(of(&["-W", "ignore", "-s"]).no_user_site);
        assert!(of(&["-Xfrozen_modules=off", "-s", "-m", "x"]).no_user_site);
        assert!(!of(&["-m", "jupyterlab", "-s"]).no_user_site);
        assert!(!of(&["/usr/bin/jupyter", "-s"]).no_user_site);
    }

    #[test]
    fn versions_are_read_as_numbers() {
        assert_eq!(numbers("4.11.2"), Some((4, 11, 2)));
        assert_eq!(numbers("5.0.0rc1"), Some((5, 0, 0)));
        assert_eq!(numbers("5"), Some((5, 0, 0)));
        assert_eq!(numbers("x"), None);
    }

    #[test]
    fn an_entry_point_is_looked_up_in_its_section_only() {
        let text = "[console_scripts]\na = x:y\n\n[jupyter_client.kernel_provisioners]\nlocal = z:w\n";
        assert!(declares(text, "jupyter_client.kernel_provisioners", "local"));
        assert!(!declares(text, "jupyter_client.kernel_provisioners", "a"));
    }
}
