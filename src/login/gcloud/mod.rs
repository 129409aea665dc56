//! A sign-in that gcloud runs with its own OAuth client, for users who have no client of their own.
//!
//! gcloud works in a private, empty configuration that is removed afterwards, whatever happens. Its
//! log files are switched off: they would hold the refresh token in clear text (gcloud 528).

mod process;
mod relay;
mod temp_config;

use std::path::{Path, PathBuf};

use super::{LoginOptions, LoginRequest, SignedIn};
use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::new_credential::NewCredential;
use crate::credential::profile::Origin;
use crate::oauth::{Endpoints, Google};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::system::clock::Time;
use crate::system::env;
use crate::system::private_file::{self, Content};
use crate::system::terminal;
use crate::system::trust;
use temp_config::TempConfig;

/// The gcloud that can run a sign-in in this environment. `needs_own_client` says that the user asked for what gcloud
/// can't do (`--start`, `--port`).
pub(crate) fn find(needs_own_client: bool) -> Result<PathBuf> {
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
    if needs_own_client {
        return Err(Error::usage("gcloud runs this sign-in, and it knows neither --start nor --port")
            .hint("with an OAuth client of your own both work: `bqcred client guide`"));
    }
    if terminal::in_notebook() {
        return Err(Error::usage("gcloud asks questions, which can't be answered in a notebook cell")
            .hint("do it in a terminal, or with an OAuth client of your own: `bqcred client guide`"));
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
    let login = app.login_command(&request.name);
    let endpoints = Endpoints::google();
    let server = Google::at(&endpoints);
    let fresh = server
        .refresh(&credential.client_id, &credential.client_secret, &credential.refresh_token)
        .map_err(|failure| failure.into_error(&login))?;
    let identity = match fresh.identity {
        Some(identity) => identity,
        None => server
            .identify(&fresh.access_token)
            .map_err(|failure| failure.into_error(&login))?
            .unwrap_or_default(),
    };
    request.check_account(app, &identity)?;
    let new = NewCredential {
        credential,
        scopes: fresh.scopes.or_else(|| identity.scopes.clone()).unwrap_or_default(),
        identity: Some(identity),
        project: request.project.clone(),
        quota_project: request.quota_project.clone(),
        store: request.store,
        endpoints: None,
        origin: Origin::Gcloud,
        signed_in: Some(Time::now()),
        refresh_token_expires: fresh.refresh_token_expires,
    };
    Ok(SignedIn { new, siblings: request.siblings.clone().unwrap_or_default(), notes: Notes::none() })
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
