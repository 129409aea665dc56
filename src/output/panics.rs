//! A bug must not show a secret either: Rust's own message of a panic quotes what the code tripped over,
//! which may be part of a token. Here it says where, and nothing of what.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{AssertUnwindSafe, Location};

use crate::output::error::{Error, Result};
use crate::output::ui;

/// Replaces Rust's message.
pub(crate) fn say_only_where() {
    std::panic::set_hook(Box::new(|panic| {
        ui::tell(&told(panic.location()));
        // function names and lines, no values; taken only if RUST_BACKTRACE asks for it
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            ui::tell(&format!("{trace}\n"));
        }
    }));
}

fn told(place: Option<&Location<'_>>) -> String {
    let place =
        place.map_or_else(String::new, |at| format!(" ({}:{}:{})", at.file(), at.line(), at.column()));
    format!("bqcred: stopped by a fault in bqcred itself{place}\n")
}

/// Does the work; a panic becomes an error like others, with its exit code, and with what a shell has to
/// see that evaluates stdout.
pub(crate) fn caught<T>(
    stdout: impl FnOnce() -> &'static str,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::other("this should not happen, whatever the input was")
            .hint("please report it, with the lines above: they hold no secret")
            .with_stdout(stdout()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_place_is_told() {
        let place = Location::caller();
        let text = told(Some(place));
        assert!(text.contains("panics.rs:") && text.ends_with(")\n"), "{text}");
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let text = String::from("1//0canary-é");
        let error = caught(|| "false;\n", || Ok(text[..text.len() - 1].len())).unwrap_err();
        assert_eq!((error.kind(), error.stdout()), (crate::output::error::Kind::Other, "false;\n"));
        assert!(!format!("{error:?}").contains("canary"));
    }
}
