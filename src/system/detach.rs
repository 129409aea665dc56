//! A process that goes on after the one that started it, and holds nothing of that: a shell's `$(...)` and a
//! notebook's `!` wait until every copy of their pipe is closed, and a folder in use can't be unmounted.

use std::fs::File;
use std::io;

use rustix::process::setsid;

/// Leaves the caller's session, folder and descriptors, except for stdin, stdout and stderr. Has to come before
/// anything else in this process opens a file.
pub(crate) fn from_caller() -> io::Result<()> {
    setsid()?; // a kernel's process group is killed with the kernel, a terminal's session with the terminal
    std::env::set_current_dir("/")?;
    // /dev/fd is a link to the first, which small images lack
    let list = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    let open = std::fs::read_dir(list)?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect::<Vec<i32>>();
    for descriptor in open.into_iter().filter(|number| *number > 2) {
        let _ = nix::unistd::close(descriptor); // the one of this list is closed already
    }
    Ok(())
}

/// Puts /dev/null in the place of stdin, stdout and stderr.
pub(crate) fn from_standard_streams() -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}
