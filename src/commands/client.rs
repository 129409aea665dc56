//! `bqcred client`: the OAuth client to sign in with.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::app::App;
use crate::cli::OauthClient;
use crate::credential::client::{self, Client, ClientSource, FoundClient};
use crate::oauth::Endpoints;
use crate::output::error::{Error, Kind, Result};
use crate::output::ui::{self, Output};
use crate::system::json_path;
use crate::system::private_file::{self, Content, Lock};

const GUIDE: &str = include_str!("client_guide.txt");

const HOW_TO_SET: &str = "`bqcred client guide` shows how to create one, `bqcred client set FILE` sets it";

pub(crate) fn run(args: &OauthClient, app: &App) -> Result<Output> {
    match args {
        OauthClient::Set { file } => set(app, file),
        OauthClient::Unset => unset(app),
        OauthClient::Show { client_id_file, json } => show(app, client_id_file.as_deref(), *json),
        OauthClient::Guide => Ok(Output::text(GUIDE)),
    }
}

fn set(app: &App, file: &Path) -> Result<Output> {
    let Some((client, bytes)) = Client::read(file, Content::Foreign)? else {
        return Err(Error::new(Kind::Missing, format!("{} does not exist", file.display()))
            .hint("`bqcred client guide` shows how to create a client and download its file"));
    };
    let lock = lock(app)?;
    if let Err(invalid) = Client::of_user(&app.paths) {
        keep_invalid(app, &lock, &invalid)?;
    }
    private_file::write_as(&lock, &app.paths.client(), &bytes, Content::Shared)?;
    let first = in_effect(app);
    ui::note(&match first.as_ref().filter(|first| first.client.id != client.id) {
        None => format!("`bqcred login` now uses the OAuth client {}", client.id),
        Some(first) => format!(
            "the OAuth client {} is set, and `bqcred login` here uses {} before it: `bqcred client show`",
            client.id, first.client.id
        ),
    });
    warn_of_foreign_server(&client);
    if !client::is_googles(&client.id) && client.endpoints.is_none() {
        ui::note("its ID doesn't end in .apps.googleusercontent.com as Google's do: is it complete?");
    }
    let read = [Some(app.paths.client()), first.and_then(|first| first.path)];
    let is_file = |path: &PathBuf| {
        file.canonicalize().is_ok_and(|file| path.canonicalize().is_ok_and(|path| path == file))
    };
    if !read.iter().flatten().any(is_file) {
        ui::note(&format!("{} is no longer needed; you can delete it", file.display()));
    }
    Ok(Output::none())
}

/// Removes the user's own client, and says which one a sign-in uses after that.
fn unset(app: &App) -> Result<Output> {
    let path = app.paths.client();
    if path.symlink_metadata().is_err() {
        return Err(nothing_set(app));
    }
    let lock = lock(app)?;
    let target = std::fs::read_link(&path).ok();
    match Client::of_user(&app.paths) {
        Err(invalid) if keep_invalid(app, &lock, &invalid)? => {}
        client => {
            private_file::remove(&path)?;
            let id = client.ok().flatten().map(|found| format!(" {}", found.client.id)).unwrap_or_default();
            ui::note(&match target {
                Some(target) => {
                    format!("the OAuth client{id} is unset: the link to {} is removed", target.display())
                }
                None => format!(
                    "the OAuth client{id} is unset, and its file removed; profiles that have it keep it"
                ),
            });
        }
    }
    match in_effect(app) {
        Some(FoundClient { client, source, .. }) => ui::note(&format!(
            "`bqcred login` now uses the OAuth client {} ({})",
            client.id,
            source.describe()
        )),
        None => ui::note("no OAuth client is set now; `bqcred login` uses gcloud if it is installed"),
    }
    Ok(Output::none())
}

fn lock(app: &App) -> Result<Lock> {
    Lock::acquire(&app.paths.config.join(".lock"))
}

/// Renames the user's client file aside if its content is invalid, and says so; returns whether it did.
fn keep_invalid(app: &App, lock: &Lock, problem: &Error) -> Result<bool> {
    // a file that can't be read has another kind
    if problem.kind() != Kind::Usage {
        return Ok(false);
    }
    ui::show(private_file::set_invalid_aside(lock, &app.paths.client(), problem)?);
    Ok(true)
}

/// The client that `bqcred login` uses here, as far as it can be read.
fn in_effect(app: &App) -> Option<FoundClient> {
    app.profile_name().and_then(|name| app.client(None, &name)).ok().flatten()
}

/// Why there is nothing to unset, and what sets the client that is used instead.
fn nothing_set(app: &App) -> Error {
    let error =
        Error::new(Kind::Missing, "no OAuth client was set with `bqcred client set FILE`").unchanged();
    match in_effect(app).map(|found| found.source) {
        Some(ClientSource::Environment) => {
            error.hint("BQCRED_CLIENT_ID_FILE names the one in use: `unset BQCRED_CLIENT_ID_FILE`")
        }
        Some(ClientSource::Profile) => error.hint(
            "the profile keeps the client that it was signed in with: `bqcred login --client-id-file FILE` uses another",
        ),
        Some(ClientSource::Organisation) => error.hint(format!(
            "{} is for all users of this machine; `bqcred client set FILE` comes before it",
            app.paths.system_client.display()
        )),
        _ => error.hint(HOW_TO_SET),
    }
}

fn warn_of_foreign_server(client: &Client) {
    if let Some(host) = client.endpoints.as_ref().and_then(Endpoints::foreign_host) {
        ui::note(&format!("this client signs in at {host}, which is not Google"));
    }
}

fn show(app: &App, file: Option<&Path>, as_json: bool) -> Result<Output> {
    let name = app.profile_name()?;
    let Some(FoundClient { client, source, path }) = app.client(file, &name)? else {
        return Err(no_client());
    };
    let endpoints = client.endpoints.clone().unwrap_or_else(Endpoints::google);
    if as_json {
        return Ok(Output::json(&json!({
            "client_id": client.id,
            "project": client.project,
            "from": source.describe(),
            "path": path.as_deref().map(json_path::value),
            "endpoints": endpoints,
        })));
    }
    let mut rows = vec![("client", client.id.clone()), ("from", source.describe().to_owned())];
    rows.extend(path.map(|path| ("file", path.display().to_string())));
    rows.extend(client.project.clone().map(|project| ("project", project)));
    rows.push(("signs in at", endpoints.auth_uri.clone()));
    warn_of_foreign_server(&client);
    Ok(Output::for_people(&ui::columns(&rows)))
}

fn no_client() -> Error {
    Error::new(Kind::Missing, "no OAuth client is set; `bqcred login` uses gcloud if it is installed")
        .hint(HOW_TO_SET)
}
