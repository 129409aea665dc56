//! The processes of this machine: the only reader of /proc (proc(5)).
//!
//! Linux alone shows them; elsewhere there are none, except for the ancestors of this process, which ps(1) names.
//! What belongs to another user can't be read, and is left out. Environments hold secrets of other programs: where
//! one variable is needed no other is copied, and what was read is wiped.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{Process, Processes, ancestor, ignored_signals, program_name};
#[cfg(target_os = "linux")]
pub(crate) use linux::{Process, Processes, ancestor, ignored_signals, program_name};

/// A process above this one, as far as the system shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ancestor {
    /// What it calls itself: Linux gives at most 15 bytes of it, ps(1) perhaps a whole path.
    pub(crate) name: String,
    /// The process that started it; 0 for the first of all.
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
    fn a_line_of_ps_gives_the_parent_and_the_name() {
        let shell = Ancestor { name: "/bin/my shell".to_owned(), parent: 431 };
        assert_eq!(parse_ps("  431 /bin/my shell\n"), Some(shell));
        assert!(parse_ps("").is_none() && parse_ps("431").is_none() && parse_ps("x y").is_none());
    }
}
