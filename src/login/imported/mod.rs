//! A credential that another tool made, confirmed by Google, as far as it can be asked.

mod server;

use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::new_credential::NewCredential;
use crate::credential::profile::{Origin, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::oauth::{Endpoints, Failure, Fresh, Google, Identity};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;

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
        let endpoints = server::endpoints(app, &credential, token_uri)?;
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
            refused_scopes: Vec::new(),
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
