//! The processes of this machine: the only reader of /proc (proc(5)).
//!
//! They are found on Linux only; elsewhere ps(1) names the ancestors of this process. Other users' environments can't
//! be read. Environments may hold secrets: they are wiped after reading, and a caller that needs one variable gets
//! no other.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{Process, Processes, ancestor, discards_output, ignored_signals, program_name};
#[cfg(target_os = "linux")]
pub(crate) use linux::{Process, Processes, ancestor, discards_output, ignored_signals, program_name};

/// A process above this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ancestor {
    /// Its name: at most 15 bytes on Linux; ps(1) may return a whole path.
    pub(crate) name: String,
    /// The id of its parent; 0 for the first process.
    pub(crate) parent: u32,
}

/// A line of `ps -o ppid= -o comm=`.
#[cfg(any(not(target_os = "linux"), test))]
fn parse_ps(line: &str) -> Option<Ancestor> {
    let (parent, name) = line.trim().split_once(' ')?;
    Some(Ancestor { name: name.trim().to_owned(), parent: parent.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_ps_has_the_parent_and_the_name() {
        let shell = Ancestor { name: "/bin/my shell".to_owned(), parent: 431 };
        assert_eq!(parse_ps("  431 /bin/my shell\n"), Some(shell));
        assert!(parse_ps("").is_none() && parse_ps("431").is_none() && parse_ps("x y").is_none());
    }
}
