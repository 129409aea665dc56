//! What the operating system provides: files, processes, connections, users, the terminal, the clock, the environment.

pub(crate) mod atomic_file;
pub(crate) mod clock;
pub(crate) mod container;
pub(crate) mod core_dump;
pub(crate) mod detach;
pub(crate) mod effects;
pub(crate) mod env;
pub(crate) mod fifo;
pub(crate) mod file_lock;
pub(crate) mod groups;
pub(crate) mod hash;
pub(crate) mod interrupt;
pub(crate) mod json_file;
pub(crate) mod json_path;
pub(crate) mod notebook;
pub(crate) mod own_program;
pub(crate) mod peers;
pub(crate) mod private_file;
pub(crate) mod processes;
pub(crate) mod regular_file;
pub(crate) mod stdout;
pub(crate) mod terminal;
pub(crate) mod trust;
pub(crate) mod users;
