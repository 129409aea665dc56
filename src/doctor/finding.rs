//! One thing that is worth knowing.

/// Something to know, and the command that helps.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// A word for programs.
    pub(crate) code: &'static str,
    /// In words.
    pub(crate) what: String,
    /// What helps, if anything is known to.
    pub(crate) fix: Option<String>,
}

impl Finding {
    pub(super) fn new(code: &'static str, what: impl Into<String>, fix: Option<String>) -> Self {
        Finding { code, what: what.into(), fix }
    }
}
