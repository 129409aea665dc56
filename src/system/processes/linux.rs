//! Processes on Linux, read by the procfs crate. Command lines and environments are read here instead: the crate
//! refuses command lines that aren't UTF-8, wipes nothing, and of several variables with the same name it returns the
//! last, where programs see the first.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use procfs::process::{FDPermissions, FDTarget, Stat, Status};
use procfs::{Current, FromRead, Uptime};

use super::Ancestor;
use crate::output::secret::SecretBytes;
use crate::system::env::Environ;
use crate::system::regular_file;

/// Enough for any command line or environment (Linux's ARG_MAX is 2 MiB by default).
const MAX_BYTES: u64 = 4 << 20;

/// The processes of a system.
#[derive(Clone, Debug)]
pub(crate) struct Processes {
    root: PathBuf,
}

/// One process. It keeps its folder open, so that everything is read from the same process, even if its id is reused.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its id.
    pub(crate) pid: u32,
    /// The user id that it runs as.
    pub(crate) uid: u32,
    /// Its command line, not empty.
    pub(crate) argv: Vec<OsString>,
    folder: procfs::process::Process,
}

impl Processes {
    /// The processes of this system.
    pub(crate) fn here() -> Self {
        Processes { root: PathBuf::from("/proc") }
    }

    /// The processes of all users, in order of their ids, without kernel threads. Each is opened when it is reached.
    pub(crate) fn all(&self) -> impl Iterator<Item = Process> + use<> {
        let all = procfs::process::all_processes_with_root(&self.root);
        all.into_iter().flatten().filter_map(|folder| Process::new(folder.ok()?))
    }

    /// The process with this id, if it exists and has a command line.
    pub(crate) fn get(&self, pid: u32) -> Option<Process> {
        Process::new(self.folder(pid)?)
    }

    /// The user id of this login session (`/proc/self/loginuid`), which Python's `os.getlogin()` returns by name.
    pub(crate) fn own_login(&self) -> Option<u32> {
        login(&procfs::process::Process::new_with_root(self.root.join("self")).ok()?)
    }

    /// The ids of the running processes that this one started, and of those that they started.
    pub(crate) fn started_by(&self, pid: u32) -> Vec<u32> {
        let main = self.folder(pid).and_then(|folder| folder.task_main_thread().ok());
        let children = main.and_then(|main| main.children().ok()).unwrap_or_default();
        let below = children.iter().flat_map(|child| self.started_by(*child)).collect::<Vec<_>>();
        [children, below].concat()
    }

    fn folder(&self, pid: u32) -> Option<procfs::process::Process> {
        procfs::process::Process::new_with_root(self.root.join(pid.to_string())).ok()
    }
}

impl Process {
    fn new(folder: procfs::process::Process) -> Option<Process> {
        let argv = parts(&read(&folder, "cmdline")?);
        let (pid, uid) = (u32::try_from(folder.pid()).ok()?, folder.uid().ok()?);
        (!argv.is_empty()).then_some(Process { pid, uid, argv, folder })
    }

    /// Its name, at most 15 bytes.
    pub(crate) fn name(&self) -> Option<String> {
        self.folder.stat().ok().map(|stat| stat.comm)
    }

    /// The id of its parent.
    pub(crate) fn parent(&self) -> Option<u32> {
        u32::try_from(self.folder.stat().ok()?.ppid).ok()
    }

    /// Its environment when it started; `None` if it may not be read.
    pub(crate) fn environ(&self) -> Option<Environ> {
        let bytes = read(&self.folder, "environ")?;
        let pairs = bytes.split(|byte| *byte == 0).filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            Some((OsStr::from_bytes(pair.get(..at)?), OsStr::from_bytes(pair.get(at + 1..)?)))
        });
        Some(pairs.collect())
    }

    /// The value of one variable of its environment when it started.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        value(&read(&self.folder, "environ")?, name)
    }

    /// Its program file, links resolved.
    pub(crate) fn executable(&self) -> Option<PathBuf> {
        self.folder.exe().ok()
    }

    /// Its current folder.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        self.folder.cwd().ok()
    }

    /// Whether this folder, as the process sees it, is that folder of ours: in a container or another mount namespace the
    /// same path leads elsewhere. The process has to be in our process namespace, too.
    pub(crate) fn shares_folder(&self, theirs: &Path, ours: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        let proc = Path::new("/proc").join(self.pid.to_string());
        let namespace = |folder: &Path| folder.join("ns/pid").read_link().ok();
        let seen = proc.join("root").join(theirs.strip_prefix("/").unwrap_or(theirs));
        let place = |path: &Path| std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
        namespace(&proc) == namespace(Path::new("/proc/self"))
            && place(&seen).is_some()
            && place(&seen) == place(ours)
    }

    /// The user id of its login session.
    pub(crate) fn login(&self) -> Option<u32> {
        login(&self.folder)
    }

    /// When it started.
    pub(crate) fn started(&self) -> Option<SystemTime> {
        let ticks = self.folder.stat().ok()?.starttime;
        let uptime = Uptime::current().ok()?.uptime_duration();
        let after_boot = Duration::from_millis(ticks.checked_mul(1000)? / procfs::ticks_per_second());
        SystemTime::now().checked_sub(uptime)?.checked_add(after_boot)
    }

    /// The systemd service of the machine that it belongs to, as its control group is called.
    pub(crate) fn unit(&self) -> Option<String> {
        self.folder.cgroups().ok()?.into_iter().find_map(|group| unit_of(&group.pathname))
    }
}

/// `/system.slice/jupyter.service`; what a user's own service manager runs is below `user.slice`.
fn unit_of(group: &str) -> Option<String> {
    let below = group.strip_prefix("/system.slice/")?;
    let unit = below.split('/').rfind(|part| part.ends_with(".service"))?;
    Some(unit.to_owned())
}

fn login(folder: &procfs::process::Process) -> Option<u32> {
    folder.loginuid().ok().filter(|uid| *uid != u32::MAX) // not set
}

fn read(folder: &procfs::process::Process, file: &str) -> Option<SecretBytes> {
    regular_file::read_whole(folder.open_relative(file).ok()?, 0, MAX_BYTES).ok()
}

/// Splits at NUL bytes.
fn parts(bytes: &[u8]) -> Vec<OsString> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|byte| *byte == 0).map(|part| OsStr::from_bytes(part).to_owned()).collect()
}

/// The first variable with this name.
fn value(environ: &[u8], name: &str) -> Option<OsString> {
    let mut pairs = environ.split(|byte| *byte == 0);
    let value = pairs.find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(OsStr::from_bytes(value).to_owned())
}

/// A process above this one. Every shell start calls this, so it opens one file only.
pub(crate) fn ancestor(pid: u32) -> Option<Ancestor> {
    let stat = Stat::from_file(format!("/proc/{pid}/stat")).ok()?;
    Some(Ancestor { name: stat.comm, parent: u32::try_from(stat.ppid).ok()? })
}

/// The name of a process's program file: a script's process has the script's name, and its program is the shell.
pub(crate) fn program_name(pid: u32) -> Option<String> {
    let file = Path::new("/proc").join(pid.to_string()).join("exe").read_link().ok()?;
    Some(file.file_name()?.to_str()?.to_owned())
}

/// Whether this process's stdout is `/dev/null`, open for reading and writing.
pub(crate) fn discards_output(pid: u32) -> bool {
    let stdout = Processes::here().folder(pid).and_then(|folder| folder.fd_from_fd(1).ok());
    stdout.is_some_and(|stdout| {
        stdout.target == FDTarget::Path(PathBuf::from("/dev/null"))
            && stdout.mode().contains(FDPermissions::READ | FDPermissions::WRITE)
    })
}

/// The signals that this process ignores, as a bit mask with signal 1 in the lowest bit; 0 without /proc.
pub(crate) fn ignored_signals() -> u64 {
    Status::from_file("/proc/self/status").map_or(0, |status| status.sigign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::process::{Command, Stdio};

    #[test]
    fn this_process_has_its_parent_environment_and_program() {
        let processes = Processes::here();
        let me = processes.get(std::process::id()).unwrap();
        let parent = std::os::unix::process::parent_id();
        assert_eq!((me.parent(), ancestor(me.pid).unwrap().parent), (Some(parent), parent));
        assert_eq!(me.environ().unwrap().get("PATH").map(OsStr::to_owned), me.variable("PATH"));
        let program = std::env::current_exe().unwrap();
        assert_eq!(program_name(me.pid), Some(program.file_name().unwrap().to_str().unwrap().to_owned()));
        assert_eq!((me.executable(), me.directory()), (Some(program), std::env::current_dir().ok()));
        assert_eq!(me.uid, rustix::process::geteuid().as_raw());
        assert!(processes.all().any(|process| process.pid == me.pid));
        assert!(processes.get(u32::MAX).is_none() && ancestor(u32::MAX).is_none());
    }

    #[test]
    fn a_child_has_its_name_and_its_variable() {
        let mut child = Command::new("cat")
            .env("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/adc.json")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // its first output proves that execve is done
        child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let found = Processes::here().get(child.id());
        let found = found.map(|found| (found.name(), found.variable("GOOGLE_APPLICATION_CREDENTIALS")));
        child.kill().unwrap();
        child.wait().unwrap();
        let (name, variable) = found.unwrap();
        assert_eq!(name.as_deref(), Some("cat"));
        assert_eq!(variable.unwrap(), "/nowhere/adc.json");
    }

    #[test]
    fn started_by_finds_children_and_grandchildren() {
        let script = "sh -c 'sleep 60 & echo $$ $!; wait' & wait";
        let mut outer = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(outer.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let inner: Vec<u32> = line.split_ascii_whitespace().map(|pid| pid.parse().unwrap()).collect();
        let found = Processes::here().started_by(outer.id());
        for pid in &inner {
            let pid = rustix::process::Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
        outer.wait().unwrap();
        assert_eq!(found, inner);
    }

    #[test]
    fn processes_are_read_from_another_root() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::File::create_new(path).unwrap().write_all(content).unwrap();
        };
        write("7/cmdline", b"python\0-m\0\0\xff\0");
        write("7/environ", b"A=b=c\0B=\0nothing\0A=later\0");
        write("7/loginuid", b"4294967295");
        write("9/loginuid", b"1000");
        std::os::unix::fs::symlink("9", root.path().join("self")).unwrap();
        write("8/cmdline", b""); // as of a kernel thread
        write("version", b"");
        let processes = Processes { root: root.path().to_owned() };
        let all: Vec<Process> = processes.all().collect();
        let [process] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!(
            process.argv,
            [OsStr::new("python"), "-m".as_ref(), "".as_ref(), OsStr::from_bytes(b"\xff")]
        );
        assert_eq!(process.environ().unwrap(), [("A", "b=c"), ("B", "")].into_iter().collect());
        assert_eq!((process.variable("A"), process.variable("B")), (Some("b=c".into()), Some("".into())));
        assert_eq!((process.login(), processes.own_login()), (None, Some(1000)));
    }

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        let environ = b"XGAC=/x\0GACX=/y\0GAC=/a b\0GAC=/second\0OTHER=GAC=/z\0";
        assert_eq!(value(environ, "GAC").unwrap(), "/a b");
        assert_eq!(value(environ, "OTHER").unwrap(), "GAC=/z");
        assert_eq!(value(environ, "NONE"), None);
    }
}
