//! Panics without secrets: Rust's own message quotes values, which may be part of a token. Ours shows only the
//! place in the code.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{AssertUnwindSafe, Location};

use crate::output::error::{Error, Result};
use crate::output::ui;

/// Replaces Rust's message of a panic by one without values.
pub(crate) fn hide_values() {
    std::panic::set_hook(Box::new(|panic| {
        ui::tell(&message(panic.location()));
        // function names and lines, no values; captured only if RUST_BACKTRACE asks for it
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            ui::tell(&format!("{trace}\n"));
        }
    }));
}

fn message(place: Option<&Location<'_>>) -> String {
    let place =
        place.map_or_else(String::new, |at| format!(" ({}:{}:{})", at.file(), at.line(), at.column()));
    format!("bqcred: internal error{place}\n")
}

/// Runs `work`; a panic becomes an error, with `stdout` for a shell that evaluates what is printed.
pub(crate) fn caught<T>(
    stdout: impl FnOnce() -> &'static str,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::other("this is a bug in bqcred")
            .hint("please report it with the lines above; they contain no secret")
            .with_stdout(stdout()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_only_the_place() {
        let place = Location::caller();
        let text = message(Some(place));
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
