//! What people and programs are given to read: results, messages and errors, with secrets and control characters
//! kept out.

pub(crate) mod error;
pub(crate) mod masking;
pub(crate) mod notes;
pub(crate) mod panics;
pub(crate) mod secret;
pub(crate) mod shell_word;
mod table;
pub(crate) mod ui;
