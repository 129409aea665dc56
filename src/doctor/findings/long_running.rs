//! Servers and clusters that are older than the environment: what they start uses the credential that they were
//! started with, or none.

use std::path::Path;

use crate::doctor::facts::Facts;
use crate::doctor::facts::json::JsonParser;
use crate::doctor::facts::long_running::{LongRunning, LongRunningKind};
use crate::doctor::facts::user_credential::UserCredential;
use crate::doctor::finding::{Finding, FindingCode};
use crate::handover;
use crate::handover::variables::ADC;

/// A finding for each kind; none where there is no profile to compare with.
pub(super) fn of(facts: &Facts) -> Vec<Finding> {
    let Some(adc) = &facts.profile.adc else { return Vec::new() };
    let found = facts.long_running();
    let kinds =
        [LongRunningKind::JupyterServer, LongRunningKind::Dask, LongRunningKind::Ray, LongRunningKind::Spark];
    let is_mine = |path: &Path| is_mine(facts, adc, path);
    let install = facts.kernel_install();
    kinds.into_iter().filter_map(|kind| of_kind(kind, &found, is_mine, &install)).collect()
}

/// Whether this is the profile's credential, one that `bqcred exec` handed over, or a token-only file of the profile's
/// account.
fn is_mine(facts: &Facts, adc: &Path, path: &Path) -> bool {
    let is_my_token = || {
        let state = facts.file(path, JsonParser::Python);
        let account = |user: &UserCredential| user.exported.is_some().then(|| user.account.clone());
        state.user().and_then(account).is_some_and(|account| account == facts.profile.account)
    };
    path == adc || handover::is_handed_over(path) || is_my_token()
}

fn of_kind(
    kind: LongRunningKind,
    found: &[LongRunning],
    is_mine: impl Fn(&Path) -> bool,
    install: &str,
) -> Option<Finding> {
    let is_other = |one: &&LongRunning| one.kind == kind && !one.adc.as_deref().is_some_and(&is_mine);
    let stale: Vec<&LongRunning> = found.iter().filter(is_other).collect();
    let first = stale.first()?;
    let others = match stale.len() - 1 {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let started = match &first.adc {
        Some(path) => format!("started with another credential: {}", path.display()),
        None => format!("started without {ADC}"),
    };
    let (what, way_out, fix) = match kind {
        LongRunningKind::JupyterServer => (
            "the Jupyter server",
            format!(
                "kernels that it starts inherit that; `{install}` gives them your credential, as does a server that \
                 is started in this environment"
            ),
            Some(install.to_owned()),
        ),
        LongRunningKind::Dask => (
            "the Dask process",
            "what its cluster runs uses that, unless the plugin of `bqcred snippet dask` is registered; close the \
             cluster and make it again in this environment"
                .to_owned(),
            None,
        ),
        LongRunningKind::Ray => (
            "the Ray process",
            "what its node runs uses that, unless the job has what `bqcred snippet ray` prints; `ray stop`, then \
             start it again in this environment"
                .to_owned(),
            None,
        ),
        LongRunningKind::Spark => (
            "the Spark process",
            "what it runs uses that, unless its session has what `bqcred snippet spark` prints; stop the session and \
             make it again in this environment"
                .to_owned(),
            None,
        ),
    };
    let code = match kind {
        LongRunningKind::JupyterServer => FindingCode::RunningServer,
        LongRunningKind::Dask | LongRunningKind::Ray | LongRunningKind::Spark => FindingCode::RunningCluster,
    };
    Some(Finding::new(code, format!("{what} {}{others} was {started}; {way_out}", first.pid), fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, adc: Option<&str>) -> LongRunning {
        LongRunning { kind: LongRunningKind::Dask, pid, adc: adc.map(Into::into) }
    }

    #[test]
    fn a_cluster_without_the_credential_is_found_once() {
        let found = [
            process(5, Some("/d/adc.json")),
            process(6, None),
            process(7, Some("/x")),
            process(8, Some("/proc/1/fd/3")),
        ];
        let is_mine = |path: &Path| path == Path::new("/d/adc.json") || handover::is_handed_over(path);
        let finding = of_kind(LongRunningKind::Dask, &found, is_mine, "").unwrap();
        assert!(
            finding.what.starts_with("the Dask process 6 and 1 more was started without GOOGLE_"),
            "{}",
            finding.what
        );
        assert!(of_kind(LongRunningKind::Ray, &found, is_mine, "").is_none());
        assert!(of_kind(LongRunningKind::Dask, &found[..1], is_mine, "").is_none());
    }
}
