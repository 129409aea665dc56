//! What a kernel is given of a profile: the whole credential, with the refresh token, or access tokens only.

use std::path::Path;

use crate::handover::broker::limits::Limits;
use crate::handover::{stub, variables};
use crate::jupyter::changes::running::{token_only, value};
use crate::jupyter::kernelspec::marker::Marker;
use crate::jupyter::locate::running::Running;
use crate::system::regular_file;

/// Larger than any credential file, in bytes.
const LIMIT: u64 = 64 << 10;

/// What a kernel is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// The credential with its refresh token.
    WholeCredential,
    /// Access tokens only, with these limits.
    AccessTokens(Limits),
}

impl Given {
    /// What kernels get that are started by a kernelspec with this marker.
    pub(crate) fn by_marker(marker: &Marker) -> Given {
        marker.token_only().map_or(Given::WholeCredential, |limits| Given::AccessTokens(limits.clone()))
    }

    /// What a running kernel was started with; `None` if that is nothing of bqcred's, or has ended.
    pub(crate) fn to_running(kernel: &Running) -> Option<Given> {
        value(kernel, variables::PROFILE)?;
        let file = Path::new(value(kernel, variables::ADC)?);
        if let Some(about) = token_only(kernel) {
            return Some(Given::AccessTokens(about.limits()));
        }
        let content = regular_file::read(file, LIMIT).ok()?;
        stub::reason(&content).is_none().then_some(Given::WholeCredential)
    }

    /// The limits, if it gets access tokens only.
    pub(crate) fn limits(&self) -> Option<&Limits> {
        match self {
            Given::WholeCredential => None,
            Given::AccessTokens(limits) => Some(limits),
        }
    }

    /// For people, to follow a profile.
    pub(crate) fn describe(&self) -> String {
        match self {
            Given::WholeCredential => "whole credential".to_owned(),
            Given::AccessTokens(limits) => limits.describe(),
        }
    }

    /// One word for programs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Given::WholeCredential => "whole_credential",
            Given::AccessTokens(_) => "access_tokens",
        }
    }
}
