//! Running programs of this user that were started with a credential's path in their environment.
//!
//! Of each process one variable is looked at and no other: environments hold other people's secrets.
//! Only Linux shows it (proc(5)); elsewhere nothing is found.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::system::private_file::{self, Content};

/// A running program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: u32,
    /// What the system calls it, at most 15 bytes.
    pub(crate) name: String,
    /// Whether it is a Jupyter kernel.
    pub(crate) is_kernel: bool,
}

impl Process {
    /// For people: `python3 (4711)`, `Jupyter kernel python3 (4711)`.
    pub(crate) fn words(&self) -> String {
        let kind = if self.is_kernel { "Jupyter kernel " } else { "" };
        format!("{kind}{} ({})", self.name, self.pid)
    }
}

/// The processes of this user whose `variable` holds such a path, by number; this one is left out.
pub(crate) fn naming(variable: &str, is_meant: impl Fn(&Path) -> bool) -> Vec<Process> {
    let me = rustix::process::geteuid().as_raw();
    let own = std::process::id();
    let mut found: Vec<Process> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            if pid == own || !belongs_to(&entry.path(), me) {
                return None;
            }
            let value = value_in(&entry.path().join("environ"), variable)?;
            is_meant(Path::new(&value)).then(|| describe(pid, &entry.path()))
        })
        .collect();
    found.sort_by_key(|process| process.pid);
    found
}

/// The processes that this one started, and those that they started, as far as they still run.
pub(crate) fn started_by(pid: u32) -> Vec<u32> {
    // proc_pid_task_children(5)
    let children = PathBuf::from(format!("/proc/{pid}/task/{pid}/children"));
    let Ok(Some(bytes)) = private_file::read(&children, Content::Foreign) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes);
    let children: Vec<u32> = text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
    let below = children.iter().flat_map(|child| started_by(*child)).collect::<Vec<_>>();
    [children, below].concat()
}

fn belongs_to(folder: &Path, user: u32) -> bool {
    use std::os::unix::fs::MetadataExt;
    folder.metadata().is_ok_and(|metadata| metadata.uid() == user)
}

/// One variable of an environment, which is wiped again.
fn value_in(environ: &Path, variable: &str) -> Option<OsString> {
    let bytes = private_file::read(environ, Content::Foreign).ok()??;
    value(&bytes, variable)
}

/// proc(5): `NAME=value`, each ended by a zero byte. Of several of one name programs see the first.
fn value(environ: &[u8], variable: &str) -> Option<OsString> {
    use std::os::unix::ffi::OsStrExt;
    let value = environ
        .split(|byte| *byte == 0)
        .find_map(|pair| pair.strip_prefix(variable.as_bytes())?.strip_prefix(b"="))?;
    Some(OsStr::from_bytes(value).to_owned())
}

fn describe(pid: u32, folder: &Path) -> Process {
    let read = |name: &str| private_file::read(&folder.join(name), Content::Foreign).ok().flatten();
    let name = read("comm").map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let arguments = read("cmdline").unwrap_or_default();
    Process {
        pid,
        name: name.filter(|name| !name.is_empty()).unwrap_or_else(|| "a program".to_owned()),
        is_kernel: is_kernel(&arguments),
    }
}

/// Jupyter starts each kernel with its connection file; ipykernel and IRkernel name themselves too.
fn is_kernel(arguments: &[u8]) -> bool {
    arguments.split(|byte| *byte == 0).any(|argument| {
        let argument = String::from_utf8_lossy(argument);
        let file = argument.rsplit('/').next().unwrap_or_default();
        file == "ipykernel_launcher"
            || argument == "IRkernel::main()"
            || (file.starts_with("kernel-") && file.ends_with(".json"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_is_found_exactly() {
        let environ = b"XGAC=/x\0GACX=/y\0GAC=/a b\0GAC=/second\0OTHER=GAC=/z\0";
        assert_eq!(value(environ, "GAC").unwrap(), "/a b");
        assert_eq!(value(environ, "OTHER").unwrap(), "GAC=/z");
        assert_eq!(value(environ, "NONE"), None);
    }

    #[test]
    fn kernels_are_told_from_other_programs() {
        assert!(is_kernel(b"python\0-m\0ipykernel_launcher\0-f\0/r/kernel-1.json\0"));
        assert!(is_kernel(b"R\0--slave\0-e\0IRkernel::main()\0--args\0/r/kernel-2.json\0"));
        assert!(!is_kernel(b"python\0kernel.py\0"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_that_was_given_the_path_is_found() {
        let path = PathBuf::from(format!("/nowhere/adc-{}.json", std::process::id()));
        let mut child = std::process::Command::new("cat")
            .env("GOOGLE_APPLICATION_CREDENTIALS", &path)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // its first output proves that the program has taken the child's place
        use std::io::{Read, Write};
        child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let found = naming("GOOGLE_APPLICATION_CREDENTIALS", |named| named == path);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(
            found,
            [Process { pid: child.id(), name: "cat".to_owned(), is_kernel: false }],
            "{found:?}"
        );
    }
}
