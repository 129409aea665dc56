//! Which server an imported credential belongs to.

use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::client::Client;
use crate::credential::profile::{self, Origin, Profile};
use crate::oauth::Endpoints;
use crate::output::error::{Error, Result};
use crate::system::env;

/// The addresses of the client that the credential is of; `None` for Google's. They come from the client's own file, or
/// from a profile that was signed in with it. The one in a credential file (`token_uri`) is not used, as it could send a
/// refresh token anywhere; but where it is another one, the credential is refused: what is one server's secret must not
/// be sent to another.
pub(super) fn endpoints(
    app: &App,
    credential: &AuthorizedUser,
    token_uri: Option<&str>,
) -> Result<Option<Endpoints>> {
    let known = known_endpoints(app, &credential.client_id)?;
    let google = Endpoints::google();
    let matching = |uri: &str| {
        let at = |known: &&Option<Endpoints>| known.as_ref().unwrap_or(&google).gets_tokens_at(uri);
        known.iter().find(at)
    };
    match (token_uri, known.first()) {
        // libraries write Google's address into every file
        (Some(uri), first) if !google.gets_tokens_at(uri) => {
            let found = matching(uri).cloned();
            found.ok_or_else(|| foreign_token_uri(uri, first.map(|first| first.as_ref().unwrap_or(&google))))
        }
        // of a client that nothing here knows: the libraries would send it to Google, too
        (_, first) => Ok(first.cloned().flatten()),
    }
}

/// The addresses of this client, by everything here that knows it: the client files, in the order in which a sign-in
/// looks for them, and profiles. A file that can't be read is an error: it may be the one that says so.
fn known_endpoints(app: &App, client_id: &str) -> Result<Vec<Option<Endpoints>>> {
    let environment = env::get("BQCRED_CLIENT_ID_FILE");
    let first = Client::from_places(&app.paths, None, environment.as_deref(), || Ok(None))?;
    let files = [first, Client::of_user(&app.paths)?, Client::of_organisation(&app.paths)?];
    let files = files.into_iter().flatten().filter(|found| found.client.id == client_id);
    let profiles = profile::names(&app.paths).unwrap_or_default().into_iter();
    // what can't be read is for the commands of that profile to report
    let profiles =
        profiles.filter_map(|name| Profile::load(&app.paths, &name).ok().flatten()).filter(|profile| {
            profile.origin == Some(Origin::Login)
                && profile.client_id.as_deref() == Some(client_id)
                && profile.distrusted_host().is_none()
        });
    Ok(files.map(|found| found.client.endpoints).chain(profiles.map(|profile| profile.endpoints)).collect())
}

/// Where the address in a credential file is not that of its client.
fn foreign_token_uri(uri: &str, clients: Option<&Endpoints>) -> Error {
    let host = |uri: &str| url::Url::parse(uri).ok().and_then(|url| url.host_str().map(str::to_owned));
    let Some(at) = host(uri) else {
        return Error::usage("its `token_uri` is not an address")
            .unchanged()
            .hint("`bqcred login` makes a new credential");
    };
    let what = match clients {
        None => format!(
            "its `token_uri` is at {at}, which is not Google, and no OAuth client is set for that server"
        ),
        Some(clients) => format!(
            "its `token_uri` is at {at}, but its OAuth client gets tokens at {}",
            host(&clients.token_uri).unwrap_or_default()
        ),
    };
    Error::usage(what).unchanged().hint(SET_CLIENT)
}

const SET_CLIENT: &str =
    "`bqcred client set FILE`, with the client's file that names that server, then import again";
