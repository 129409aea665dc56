//! A credential that another tool made, confirmed by Google, as far as it can be asked.

use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::client::{Client, is_googles};
use crate::credential::new_credential::NewCredential;
use crate::credential::profile::{self, Origin, Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::oauth::{Endpoints, Failure, Fresh, Google, Identity};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::system::env;

/// What an import is for.
pub(crate) struct ImportRequest {
    /// The profile that gets the credential.
    pub(crate) name: ProfileName,
    /// The account that it has to be, where gcloud keeps several.
    pub(crate) account: Option<String>,
    /// The project to keep with it.
    pub(crate) project: Option<String>,
    /// The quota project to keep with it; `None` for the file's own.
    pub(crate) quota_project: Option<String>,
    /// Where the credential will be kept.
    pub(crate) store: StoreKind,
    /// Whether it is gcloud's, or another tool's.
    pub(crate) origin: Origin,
}

/// The result of the import.
pub(crate) struct Imported {
    /// The credential, to be saved.
    pub(crate) new: NewCredential,
    /// Whether the server replaced the refresh token when it was asked, so that the file may no longer work.
    pub(crate) is_token_replaced: bool,
    /// What the user should know of it.
    pub(crate) notes: Notes,
}

impl ImportRequest {
    /// Asks Google for the account of the credential. Where it can't be asked, what the file says is used; where
    /// it refuses, the credential is of no use.
    /// `token_uri`: the address that its file says its tokens come from.
    pub(crate) fn ask(
        &self,
        app: &App,
        credential: AuthorizedUser,
        token_uri: Option<&str>,
    ) -> Result<Imported> {
        let login = app.login_command(&self.name);
        let endpoints = endpoints(app, &credential, token_uri)?;
        if let Some(host) = credential.acting_as().and(endpoints.as_ref()).and_then(Endpoints::foreign_host) {
            let what = format!(
                "the configured client signs in at {host}, and service accounts are Google's: its tokens don't reach \
                 there"
            );
            return Err(Error::usage(what).unchanged().hint("`bqcred client unset`, then import again"));
        }
        let server = endpoints.clone().unwrap_or_else(Endpoints::google);
        let server = Google::at(&server);
        let answer =
            server.refresh(&credential.client_id, &credential.client_secret, &credential.refresh_token);
        let new = self.unconfirmed(credential, endpoints);
        match answer {
            Ok(fresh) => self.confirmed(&server, new, fresh),
            Err(failure @ Failure::Unreachable(_)) => {
                let error = failure.into_error(&login);
                if let Some(wanted) = &self.account {
                    return Err(unconfirmed(&error, wanted));
                }
                let mut notes = Notes::none();
                notes.add(format!("Google could not be asked for the account of this credential: {error}"));
                notes.add("it is saved as the file says; `bqcred status` asks again");
                Ok(Imported { new, is_token_replaced: false, notes })
            }
            Err(failure) => Err(failure.into_error(&login)),
        }
    }

    fn unconfirmed(&self, credential: AuthorizedUser, endpoints: Option<Endpoints>) -> NewCredential {
        NewCredential {
            identity: None,
            scopes: Vec::new(),
            project: self.project.clone(),
            quota_project: self.quota_project.clone().or(credential.quota_project_id.clone()),
            store: self.store,
            endpoints,
            origin: self.origin,
            signed_in: None,
            refresh_token_expires: None,
            credential,
        }
    }

    fn confirmed(&self, server: &Google<'_>, mut new: NewCredential, fresh: Fresh) -> Result<Imported> {
        let mut identity = fresh.identity.unwrap_or_default();
        if identity.email.is_none() || fresh.scopes.is_none() {
            let asked = server.identify(&fresh.access_token).ok().flatten().unwrap_or_default();
            identity = Identity {
                email: identity.email.or(asked.email),
                sub: identity.sub.or(asked.sub),
                scopes: asked.scopes,
            };
        }
        self.check_account(&identity)?;
        new.scopes = fresh.scopes.or(identity.scopes.take()).unwrap_or_default();
        new.refresh_token_expires = fresh.refresh_token_expires;
        let mut is_token_replaced = false;
        if let Some(token) = fresh.refresh_token {
            is_token_replaced = token.expose() != new.credential.refresh_token.expose();
            new.credential.refresh_token = token;
        }
        let mut notes = Notes::none();
        if identity.email.is_none() {
            notes.add(
                "Google does not name the account of this credential: it has no scope that shows the address",
            );
        }
        new.identity = Some(identity);
        Ok(Imported { new, is_token_replaced, notes })
    }

    /// The account that was named has to be the one that Google confirms.
    fn check_account(&self, identity: &Identity) -> Result<()> {
        let Some(wanted) = &self.account else { return Ok(()) };
        let what = match &identity.email {
            Some(email) if wanted.eq_ignore_ascii_case(email) => return Ok(()),
            Some(email) => format!("gcloud's credential of {wanted} belongs to {email}"),
            None => format!(
                "Google does not say whose credential this is, so {wanted} can't be confirmed: it has no scope that \
                 shows the address"
            ),
        };
        Err(Error::new(Kind::Refused, what)
            .unchanged()
            .hint(format!("`bqcred login {wanted}` makes one of the right account")))
    }
}

/// Nothing is kept under a name that nobody confirmed.
fn unconfirmed(why: &Error, wanted: &str) -> Error {
    let what = format!("Google could not be asked whether this credential is {wanted}'s: {}", why.what());
    why.hint_text().into_iter().fold(Error::new(why.kind(), what).unchanged(), Error::hint)
}

/// The addresses of the client that the credential is of; `None` for Google's. They come from the client's own file, or
/// from a profile that was signed in with it. The one in a credential file (`token_uri`) is not used, as it could send a
/// refresh token anywhere; but where it is another one, the credential is refused: what is one server's secret must not
/// be sent to another.
fn endpoints(app: &App, credential: &AuthorizedUser, token_uri: Option<&str>) -> Result<Option<Endpoints>> {
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
        (_, Some(first)) => Ok(first.clone()),
        (_, None) if is_googles(&credential.client_id) => Ok(None),
        (_, None) => {
            let id = &credential.client_id;
            let what = format!(
                "its client ID {id:?} is not Google's, and the server that it belongs to is not known here"
            );
            Err(Error::usage(what).unchanged().hint(SET_CLIENT))
        }
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
