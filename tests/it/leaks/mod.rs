//! Secrets are where they belong, and nowhere else: not in an argument or a variable of any program, not in
//! any other file, terminal or log, not in a core dump, not in the history of a shell.

mod commands;
mod mistakes;
mod processes;
mod trace;

const ADA: &str = "ada@example.com";

/// Variables that make programs log more, Rust's and those of the libraries.
const TALKATIVE: &[(&str, &str)] = &[
    ("RUST_BACKTRACE", "full"),
    ("RUST_LIB_BACKTRACE", "full"),
    ("RUST_LOG", "trace"),
    ("RUST_LOG_STYLE", "always"),
    ("REQWEST_LOG", "trace"),
    ("HYPER_LOG", "trace"),
    ("G_MESSAGES_DEBUG", "all"),
    ("DEBUG", "*"),
    ("BQCRED_LOG", "trace"),
    ("BQCRED_DEBUG", "1"),
    ("NO_COLOR", ""),
    ("CLICOLOR_FORCE", "1"),
];
