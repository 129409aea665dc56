//! What a sign-in asks for, and the credential that its answer gives once all of it is checked.

use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::client::{self, Client};
use crate::credential::new_credential::NewCredential;
use crate::credential::profile::{Origin, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::login::SignedIn;
use crate::oauth::scopes;
use crate::oauth::{Answer, Consent, Failure, Fresh, Google, Identity, SignInListener};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::output::secret::Secret;
use crate::system::clock::Time;

/// What a sign-in is for.
#[derive(Clone, Debug)]
pub(crate) struct LoginRequest {
    /// The profile that gets the credential.
    pub(crate) name: ProfileName,
    /// The account that has to sign in; any if `None`.
    pub(crate) account: Option<String>,
    /// An address to suggest on Google's page, where none is required.
    pub(crate) suggestion: Option<String>,
    /// The project to keep with it.
    pub(crate) project: Option<String>,
    /// The quota project to keep with it.
    pub(crate) quota_project: Option<String>,
    /// The full names of the scopes to ask for; for gcloud those beyond its own.
    pub(crate) scopes: Vec<String>,
    /// Where the credential will be kept.
    pub(crate) store: StoreKind,
    /// Set where the sign-in completes a rotation: the other profiles to save the credential for.
    pub(crate) siblings: Option<Vec<ProfileName>>,
}

impl LoginRequest {
    /// Begins a sign-in under `client`: the address to open, and what its answer is checked with.
    pub(super) fn consent(&self, app: &App, client: &Client, port: u16) -> Result<Consent> {
        let account = self.account.as_deref().or(self.suggestion.as_deref());
        Google::at(&client.server())
            .consent(&client.id, &SignInListener::redirect_uri(port), &self.scopes, account)
            .map_err(|failure| failure.into_error(&app.login_command(&self.name)))
    }

    /// Exchanges the answer for tokens.
    pub(super) fn exchange(
        client: &Client,
        answer: Answer,
        verifier: &Secret,
        port: u16,
    ) -> Result<Fresh, Failure> {
        let code = answer.result.map_err(Failure::Refused)?;
        let redirect = SignInListener::redirect_uri(port);
        Google::at(&client.server()).exchange(&client.id, &client.secret, &redirect, &code, verifier)
    }

    /// Makes a credential of the tokens. All of it is checked; nothing stored changes.
    pub(super) fn complete(&self, app: &App, client: &Client, mut fresh: Fresh) -> Result<SignedIn> {
        let login = app.login_command(&self.name);
        let endpoints = client.server();
        let server = Google::at(&endpoints);
        let refresh_token = fresh.refresh_token.take().ok_or_else(|| no_refresh_token(&login))?;
        let identity = identify(&server, &mut fresh).map_err(|failure| not_confirmed(failure, &login))?;
        self.check_account(app, &identity)?;
        let granted = fresh.scopes.unwrap_or_else(|| self.scopes.clone());
        let notes = self.check_scopes(&client.id, &granted, &login)?;
        let account = identity.email.clone().unwrap_or_default();
        let credential = AuthorizedUser::new(&account, &client.id, client.secret.clone(), refresh_token);
        let new = NewCredential {
            credential,
            identity: Some(identity),
            refused_scopes: scopes::not_granted(&self.scopes, &granted),
            scopes: granted,
            project: self.project.clone(),
            quota_project: self.quota_project.clone(),
            store: self.store,
            endpoints: client.endpoints.clone(),
            origin: Origin::Login,
            signed_in: Some(Time::now()),
            refresh_token_expires: fresh.refresh_token_expires,
        };
        Ok(SignedIn { new, siblings: self.siblings.clone().unwrap_or_default(), notes })
    }

    /// The account that was asked for has to be the one that signed in. Addresses are compared without
    /// regard to case, as Google does.
    pub(super) fn check_account(&self, app: &App, identity: &Identity) -> Result<()> {
        let Some(wanted) = self.account.as_deref() else { return Ok(()) };
        let login = app.login_command(&self.name);
        match identity.email.as_deref() {
            Some(email) if email.eq_ignore_ascii_case(wanted) => Ok(()),
            Some(email) => Err(Error::new(
                Kind::Refused,
                format!("you signed in as {email}, not as {wanted}"),
            )
            .unchanged()
            .hint(format!(
                "`{login} {wanted}` and choose that account on Google's page\nto keep {email} as well: \
                 `bqcred login {email} --profile NAME`"
            ))),
            None => Err(Error::new(
                Kind::Refused,
                format!("the server does not say who signed in, so {wanted} can't be confirmed"),
            )
            .unchanged()
            .hint(format!("`{login}` without an account accepts any"))),
        }
    }

    /// Without BigQuery the credential is of no use; the notes name any other scope that is missing.
    pub(super) fn check_scopes(&self, client_id: &str, granted: &[String], login: &str) -> Result<Notes> {
        if client::is_googles(client_id) && !scopes::allow_bigquery(granted) {
            return Err(Error::new(
                Kind::Refused,
                "you signed in, but did not allow BigQuery; nothing was saved",
            )
            .hint(format!("`{login}`, and tick BigQuery on Google's page")));
        }
        let mut notes = Notes::none();
        let missing = scopes::not_granted(&self.scopes, granted);
        if !missing.is_empty() {
            notes.add(format!(
                "not granted: {}. What needs it will fail; `{login}` asks again",
                scopes::short_list(&missing)
            ));
        }
        Ok(notes)
    }
}

/// Who signed in: as the tokens say, else as the server says when it is asked about them.
pub(super) fn identify(server: &Google<'_>, fresh: &mut Fresh) -> Result<Identity, Failure> {
    let identity = fresh.identity.take().unwrap_or_default();
    if identity.email.is_some() {
        return Ok(identity);
    }
    Ok(match server.identify(&fresh.access_token)? {
        Some(asked) => Identity { scopes: None, sub: asked.sub.or(identity.sub), email: asked.email },
        None => identity,
    })
}

/// The server has issued a credential, and what it is could not be confirmed. The code can't be used again.
pub(super) fn not_confirmed(failure: Failure, login: &str) -> Error {
    let is_unreachable = matches!(failure, Failure::Unreachable(_));
    let error = failure.into_error(login);
    if !is_unreachable {
        return error.unchanged();
    }
    let what = format!("{}; a new credential was issued, and was not saved", error.what());
    let explained = Error::new(error.kind(), what).then(format!("`{login}` starts again"));
    error.hint_text().into_iter().fold(explained, Error::hint)
}

fn no_refresh_token(login: &str) -> Error {
    Error::new(Kind::Refused, "the server gave no refresh token, so nothing could be saved")
        .hint(format!("remove the app's access at https://myaccount.google.com/connections, then `{login}`"))
}
