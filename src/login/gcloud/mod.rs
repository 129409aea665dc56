//! A sign-in that gcloud runs with its own OAuth client, for users who have no client of their own: at a terminal
//! ([`run`]), or in two steps ([`first_step`], [`second_step`]), between which a [`supervisor`] keeps gcloud waiting.
//!
//! gcloud works in a private, empty configuration that is removed afterwards, whatever happens. Its
//! log files are switched off: they would hold the refresh token in clear text (gcloud 528).

mod command;
mod events;
mod first_step;
mod messages;
mod pipes;
mod process;
mod relay;
mod said;
mod second_step;
mod supervisor;
mod temp_config;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::request::{identify, not_confirmed};
use super::{LoginOptions, LoginRequest, SignedIn};
use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::new_credential::NewCredential;
use crate::credential::profile::Origin;
use crate::oauth::{Endpoints, Google, scopes};
use crate::output::error::{Error, Kind, Result};
use crate::system::clock::Time;
use crate::system::env;
use crate::system::private_file::{self, Content};
use crate::system::trust;
use temp_config::TempConfig;

pub(crate) use first_step::Started;
pub(crate) use second_step::{Asked, NotAsked};
pub(crate) use supervisor::run as supervise;

/// The command by which bqcred is started once more, to keep gcloud waiting; hidden.
pub(crate) const COMMAND: &str = "__keep-gcloud";

/// How long gcloud may take to print the address: it needs a second or two; a machine with little memory and a cold
/// disk needs longer.
const ADDRESS_LIMIT: Duration = Duration::from_secs(90);
/// How long gcloud is kept waiting for its code, at most: Google's codes are valid no longer.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// The gcloud that can run a sign-in in this environment. `has_port` says that the user chose the port that the browser
/// comes back to.
pub(crate) fn find(has_port: bool) -> Result<PathBuf> {
    let Some(program) = env::find_program("gcloud") else {
        return Err(Error::new(
            Kind::Missing,
            "there is no OAuth client to sign in under, and gcloud is not on the PATH",
        )
        .hint("`bqcred client guide` shows how to make a client, `bqcred client set FILE` keeps it"));
    };
    if let Some(open) = trust::open_to_others(&program) {
        return Err(Error::other(format!(
            "gcloud would be run from {}, but others can change {}",
            program.display(),
            open.display()
        ))
        .hint(
            "take write access from others (`chmod o-w`), or use an OAuth client of your own: \
             `bqcred client guide`",
        ));
    }
    if has_port {
        return Err(Error::usage("gcloud runs this sign-in, and chooses the port itself").hint(
            "leave out --port: with --no-browser gcloud asks for a code and needs none; or use an OAuth client of your \
             own: `bqcred client guide`",
        ));
    }
    Ok(program)
}

/// Lets gcloud sign the user in, and takes its credential over.
pub(super) fn run(
    app: &App,
    request: &LoginRequest,
    program: &Path,
    options: &LoginOptions,
) -> Result<SignedIn> {
    let config = TempConfig::new(app)?;
    process::run(program, config.path(), request, options)?;
    let credential = read_credential(config.path())?;
    adopt(app, request, credential)
}

/// Starts gcloud's sign-in, whose code comes later.
pub(super) fn start(
    app: &App,
    request: &LoginRequest,
    program: &Path,
    options: &LoginOptions,
) -> Result<Started> {
    first_step::run(app, request, program, options.timeout.min(LONGEST_WAIT))
}

/// Makes gcloud's credential the profile's, once Google has said whose it is and what it may do.
pub(super) fn adopt(app: &App, request: &LoginRequest, credential: AuthorizedUser) -> Result<SignedIn> {
    let login = app.login_command(&request.name);
    let endpoints = Endpoints::google();
    let server = Google::at(&endpoints);
    let mut fresh = server
        .refresh(&credential.client_id, &credential.client_secret, &credential.refresh_token)
        .map_err(|failure| not_confirmed(failure, &login))?;
    let identity = identify(&server, &mut fresh).map_err(|failure| not_confirmed(failure, &login))?;
    request.check_account(app, &identity)?;
    if identity.email.is_none() {
        return Err(Error::new(Kind::Refused, "Google does not say who signed in, so nothing was saved")
            .hint(format!("`{login}`, and leave your email address ticked on Google's page")));
    }
    let granted = fresh.scopes.or_else(|| identity.scopes.clone()).unwrap_or_default();
    let notes = request.check_scopes(&credential.client_id, &granted, &login)?;
    let new = NewCredential {
        credential,
        refused_scopes: scopes::not_granted(&request.scopes, &granted),
        scopes: granted,
        identity: Some(identity),
        project: request.project.clone(),
        quota_project: request.quota_project.clone(),
        store: request.store,
        endpoints: None,
        origin: Origin::Gcloud,
        signed_in: Some(Time::now()),
        refresh_token_expires: fresh.refresh_token_expires,
    };
    Ok(SignedIn { new, siblings: request.siblings.clone().unwrap_or_default(), notes })
}

/// Removes what killed sign-ins left of gcloud, and ends a gcloud that nobody waits for.
pub(crate) fn sweep(app: &App) {
    temp_config::sweep(&app.paths.state);
}

/// Where gcloud writes the credential.
fn credential_file(folder: &Path) -> std::path::PathBuf {
    folder.join("application_default_credentials.json")
}

fn read_credential(folder: &Path) -> Result<AuthorizedUser> {
    let path = credential_file(folder);
    let Some(bytes) = private_file::read(&path, Content::Secret)? else {
        return Err(
            Error::other("gcloud ended without a credential").hint("`gcloud --version`: is it a recent one?")
        );
    };
    AuthorizedUser::parse(&bytes)
        .map_err(|problem| Error::other(format!("gcloud's credential {}", problem.problem())))
}
