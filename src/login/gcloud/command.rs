//! What gcloud is run with: its arguments and environment.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use super::super::{LoginOptions, LoginRequest};

/// gcloud demands it, and will not ask for BigQuery's scope alone.
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

const LOGIN: [&str; 4] = ["auth", "application-default", "login", "--disable-quota-project"];
/// The folder that gcloud reads and writes.
pub(super) const CONFIG: &str = "CLOUDSDK_CONFIG";

/// Variables that would make gcloud refuse the sign-in, ask about it, or sign in as another account.
const INTERFERING: [&str; 8] = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    "CLOUDSDK_AUTH_ACCESS_TOKEN",
    "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
    "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_CORE_ACCOUNT",
    "CLOUDSDK_CORE_DISABLE_PROMPTS",
];

/// What gcloud is run with, at a terminal.
pub(super) fn at_terminal(
    program: &Path,
    folder: &Path,
    request: &LoginRequest,
    options: &LoginOptions,
) -> Command {
    let mut command = Command::new(program);
    command.args(LOGIN);
    if !options.browser {
        command.arg("--no-launch-browser");
    }
    command.args(scopes(request));
    if let Some(account) = &request.account {
        command.args(["--", account]);
    }
    set_environment(&mut command, folder);
    command
}

/// What gcloud is run with under a supervisor. Which account signed in is compared by bqcred, which says so better.
pub(super) fn supervised(program: &Path, request: &LoginRequest) -> Vec<OsString> {
    let options = ["--no-launch-browser", "--quiet"];
    let words = LOGIN.into_iter().chain(options).map(OsString::from);
    let scopes = scopes(request).map(OsString::from);
    [program.as_os_str().to_owned()].into_iter().chain(words).chain(scopes).collect()
}

fn scopes(request: &LoginRequest) -> Option<String> {
    if request.scopes.is_empty() {
        return None;
    }
    let mut scopes = request.scopes.clone();
    if !scopes.iter().any(|scope| scope == CLOUD_PLATFORM) {
        scopes.push(CLOUD_PLATFORM.to_owned());
    }
    Some(format!("--scopes={}", scopes.join(",")))
}

/// The environment in which gcloud keeps to this configuration and asks nothing but for the code.
pub(super) fn set_environment(command: &mut Command, folder: &Path) {
    for name in INTERFERING {
        command.env_remove(name);
    }
    command
        .env(CONFIG, folder)
        .env("CLOUDSDK_CORE_DISABLE_FILE_LOGGING", "1")
        .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "1")
        .env("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false") // else it waits for the metadata server
        .env("OAUTHLIB_RELAX_TOKEN_SCOPE", "1") // else it crashes where less is granted than it asked for
        .env("CLOUDSDK_CORE_VERBOSITY", "warning")
        .env("CLOUDSDK_SURVEY_DISABLE_PROMPTS", "1")
        .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "1");
}
