//! The user database, read through getent(1): users of LDAP and OS Login are not in `/etc/passwd`, and the packaged
//! program is static, so it can't use NSS.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::output::secret::SecretBytes;
use crate::system::env;
use crate::system::private_file::{self, Content};
use crate::system::regular_file;

/// Where getent is. The PATH isn't searched: its answer decides where credentials go.
const GETENT: [&str; 3] = ["/usr/bin/getent", "/bin/getent", "/run/current-system/sw/bin/getent"];
/// Time limit for getent, which may wait for a directory server.
const PATIENCE: Duration = Duration::from_secs(2);
/// In bytes; an entry has some hundred, a database of a large company some hundred thousand.
const LIMIT: u64 = 16 * 1024 * 1024;
/// The exit code of getent(1) for a key that was not found.
const NO_ENTRY: i32 = 2;

/// This user's home folder: `HOME`, else the database's.
pub(crate) fn own_home() -> Option<PathBuf> {
    let home = env::get("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    home.or_else(|| registered_home(rustix::process::getuid().as_raw()))
}

/// The home folder that the database has for a user.
pub(crate) fn registered_home(uid: u32) -> Option<PathBuf> {
    home_of_key(&uid.to_string(), UID_FIELD)
}

/// The home folder that the database has for the user of this name, as `~NAME` means it.
pub(crate) fn home_of_name(name: &str) -> Option<PathBuf> {
    // a number would be taken for a user id, and a dash for an option
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !name.contains(':');
    is_name.then(|| home_of_key(name, NAME_FIELD))?
}

/// passwd(5): `name:password:uid:gid:comment:home:shell`.
const NAME_FIELD: usize = 0;
const UID_FIELD: usize = 2;
const HOME_FIELD: usize = 5;

fn home_of_key(key: &str, field: usize) -> Option<PathBuf> {
    home_of(&entries("passwd", Some(key))?, key, field)
}

/// The entries of a database (`passwd` or `group`), or the one that has this key; `None` if it doesn't answer.
pub(super) fn entries(database: &str, key: Option<&str>) -> Option<SecretBytes> {
    let getent = GETENT.into_iter().find(|path| Path::new(path).exists());
    let answer = getent.and_then(|getent| {
        let mut command = Command::new(getent);
        command.arg(database).args(key);
        ask(command, PATIENCE)
    });
    let none = SecretBytes::new(Vec::new());
    match answer {
        Some((status, entries)) if status.success() => Some(entries),
        Some((status, _)) if status.code() == Some(NO_ENTRY) => Some(none),
        _ => {
            let file = private_file::read(&Path::new("/etc").join(database), Content::Foreign);
            file.ok().map(|content| content.unwrap_or(none))
        }
    }
}

/// The program's exit status and stdout; `None` if it can't be started or takes too long.
fn ask(mut command: Command, patience: Duration) -> Option<(ExitStatus, SecretBytes)> {
    command.env_clear().current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let end = Instant::now() + patience;
    let mut child = command.spawn().ok()?;
    let stdout = child.stdout.take()?;
    // a pipe holds less than a large database
    let output = std::thread::spawn(move || regular_file::read_whole(stdout, 0, LIMIT));
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some((status, output.join().ok()?.ok()?)),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(1)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

/// The home folder in the entry that has this key in this field.
fn home_of(entries: &[u8], key: &str, field: usize) -> Option<PathBuf> {
    let text = std::str::from_utf8(entries).ok()?;
    let mut entries = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let entry = entries.find(|fields| fields.get(field) == Some(&key))?;
    entry.get(HOME_FIELD).map(PathBuf::from).filter(|home| home.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_is_in_the_entry_with_the_user_id() {
        let entries =
            b"root:x:0:0:root:/root:/bin/sh\nada:x:1000:0::/home/ada:/bin/sh\nnone:x:1001:0:::\nodd:1002\n";
        assert_eq!(home_of(entries, "1000", UID_FIELD), Some("/home/ada".into()));
        assert_eq!(home_of(entries, "0", UID_FIELD), Some("/root".into()));
        assert_eq!(home_of(entries, "ada", NAME_FIELD), Some("/home/ada".into()));
        for unknown in ["1001", "1002", "10", ""] {
            assert_eq!(home_of(entries, unknown, UID_FIELD), None, "{unknown}");
        }
    }

    #[test]
    fn root_has_a_home_folder_and_an_unknown_user_has_none() {
        assert!(registered_home(0).is_some_and(|home| home.is_absolute()));
        assert_eq!(registered_home(u32::MAX - 7), None);
        assert_eq!(home_of_name("root"), registered_home(0));
        for unknown in ["", "0", "-s", "nobody:x", "no-such-user-here"] {
            assert_eq!(home_of_name(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn the_output_of_a_program_is_returned_with_its_exit_status() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo \"entry $HOME\"; exit 2"]);
        let (status, printed) = ask(command, Duration::from_secs(60)).unwrap();
        assert_eq!((status.code(), printed.as_slice()), (Some(2), b"entry \n".as_slice()));
        assert!(ask(Command::new("/no/such/program"), PATIENCE).is_none());
    }

    #[test]
    fn a_program_is_killed_at_the_time_limit() {
        let mut command = Command::new("/bin/sleep");
        command.arg("600");
        let start = Instant::now();
        assert!(ask(command, Duration::from_millis(50)).is_none());
        assert!(start.elapsed() < Duration::from_secs(300));
    }
}
