//! What is typed or pasted at the prompt, up to its end.
//!
//! An address that was copied from a window comes in several lines, and its last one without an end. All of it arrives
//! at once, while a person who presses Enter then waits: a line's end followed by more is not the end.

use zeroize::Zeroizing;

use crate::output::secret::{Secret, SecretBytes};

const BACKSPACE: [u8; 2] = [0x08, 0x7f];
const CTRL_D: u8 = 0x04;
const CTRL_U: u8 = 0x15;
/// What terminals put around a pasted text, if a program has asked for it (xterm, "Bracketed Paste Mode").
const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";
/// Far more than an address; what is pasted beyond it is dropped.
const LIMIT: usize = 64 * 1024;

/// What was typed so far.
#[derive(Default)]
pub(super) struct Typed {
    text: SecretBytes,
}

/// What a piece of input did to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The text goes on.
    Open,
    /// It ends here, unless more comes right behind it.
    Ended,
    /// The user wants to stop: Ctrl-D with nothing typed.
    Stop,
}

impl Typed {
    /// Adds what was typed.
    pub(super) fn add(&mut self, piece: &[u8]) -> State {
        for &byte in piece {
            match byte {
                CTRL_D if self.text.is_empty() => return State::Stop,
                CTRL_D => self.text.push(b'\n'),
                CTRL_U => self.clear(),
                _ if BACKSPACE.contains(&byte) => drop(self.text.pop()),
                _ if self.text.len() < LIMIT => self.text.push(if byte == b'\r' { b'\n' } else { byte }),
                _ => {}
            }
        }
        match self.text.ends_with(b"\n") && !self.is_in_paste() {
            true => State::Ended,
            false => State::Open,
        }
    }

    /// Takes the text, for a new one to begin.
    pub(super) fn take(&mut self) -> Secret {
        let bytes = std::mem::take(&mut self.text);
        Secret::new(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn clear(&mut self) {
        self.text = Zeroizing::default();
    }

    fn is_in_paste(&self) -> bool {
        let last = |mark: &[u8]| self.text.windows(mark.len()).rposition(|window| window == mark);
        last(PASTE_BEGINS).is_some_and(|begin| last(PASTE_ENDS).is_none_or(|end| end < begin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pieces: &[&str]) -> (Vec<State>, String) {
        let mut typed = Typed::default();
        let states = pieces.iter().map(|piece| typed.add(piece.as_bytes())).collect();
        (states, typed.take().expose().to_owned())
    }

    #[test]
    fn a_line_ends_the_text_unless_more_follows() {
        assert_eq!(typed(&["ab", "c\r"]), (vec![State::Open, State::Ended], "abc\n".to_owned()));
        assert_eq!(typed(&["ab\nc"]), (vec![State::Open], "ab\nc".to_owned()));
        let pasted = typed(&["\u{1b}[200~ab\n", "c\n\u{1b}[201~", "\n"]);
        assert_eq!(pasted.0, [State::Open, State::Open, State::Ended]);
    }

    #[test]
    fn keys_edit_and_end_the_text() {
        assert_eq!(typed(&["ax\u{7f}b\u{8}c\n"]).1, "ac\n");
        assert_eq!(typed(&["abc\u{15}d\n"]).1, "d\n");
        assert_eq!(typed(&["abc\u{4}"]).0, [State::Ended]);
        assert_eq!(typed(&["\u{4}"]).0, [State::Stop]);
    }

    #[test]
    fn what_is_far_too_long_is_dropped() {
        assert_eq!(typed(&[&"x".repeat(LIMIT + 10)]).1.len(), LIMIT);
    }
}
