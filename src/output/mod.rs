//! Output for people and programs: results, messages and errors, without secrets and control characters.

pub(crate) mod error;
pub(crate) mod masking;
pub(crate) mod notes;
pub(crate) mod panics;
pub(crate) mod secret;
pub(crate) mod shell_word;
mod table;
pub(crate) mod ui;
