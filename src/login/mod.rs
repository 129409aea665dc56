//! Signing a person in: what is asked for, how the answer comes back, what is made of it.
//!
//! Three ways lead to the same end: at a terminal ([`terminal`]), in two steps where nobody can
//! be asked ([`two_step`]), and by gcloud where there is no client of one's own ([`gcloud`]).

pub(crate) mod gcloud;
pub(crate) mod terminal;
pub(crate) mod two_step;

use std::time::Duration;

use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::client::{self, Client};
use crate::credential::profile::StoreKind;
use crate::credential::profile_name::ProfileName;
use crate::credential::settings::Settings;
use crate::handover::parent_shell;
use crate::lifecycle::save::{self, Arrival, Kept};
use crate::oauth::scopes;
use crate::oauth::{Answer, Consent, Endpoints, Google, Identity, Loopback};
use crate::output::error::{Error, Kind, Result};
use crate::output::secret::Secret;
use crate::output::ui;
use crate::system::clock::Time;

/// What a login is for.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The profile that it fills.
    pub(crate) name: ProfileName,
    /// The account that it has to be; any if `None`.
    pub(crate) account: Option<String>,
    /// An address to suggest to Google's page, where none is demanded.
    pub(crate) suggestion: Option<String>,
    /// The project to keep with it.
    pub(crate) project: Option<String>,
    /// The quota project to keep with it.
    pub(crate) quota_project: Option<String>,
    /// The scopes to ask for, whole.
    pub(crate) scopes: Vec<String>,
    /// Where the credential goes.
    pub(crate) store: StoreKind,
    /// The client that it runs under.
    pub(crate) client: Client,
    /// Set where the login completes a rotation: the profiles that get the same credential.
    pub(crate) rotation: Option<Vec<ProfileName>>,
}

impl Plan {
    /// The server to sign in at.
    pub(crate) fn endpoints(&self) -> Endpoints {
        self.client.endpoints.clone().unwrap_or_else(Endpoints::google)
    }

    /// Begins: the address to open, and what its answer is checked with.
    pub(crate) fn consent(&self, app: &App, port: u16) -> Result<Consent> {
        let account = self.account.as_deref().or(self.suggestion.as_deref());
        Google::at(&self.endpoints())
            .consent(&self.client.id, &Loopback::redirect_uri(port), &self.scopes, account)
            .map_err(|failure| failure.into_error(&app.login_command(&self.name)))
    }

    /// Turns an answer into a kept credential. Nothing stored changes unless all of it is right.
    pub(crate) fn complete(&self, app: &App, answer: Answer, verifier: &Secret, port: u16) -> Result<Kept> {
        let login = app.login_command(&self.name);
        let told = |failure: crate::oauth::Failure| failure.into_error(&login);
        let code = answer.result.map_err(|reason| told(crate::oauth::Failure::Refused(reason)))?;
        let endpoints = self.endpoints();
        let server = Google::at(&endpoints);
        let redirect = Loopback::redirect_uri(port);
        let fresh = server
            .exchange(&self.client.id, &self.client.secret, &redirect, &code, verifier)
            .map_err(told)?;
        let Some(refresh_token) = fresh.refresh_token else {
            return Err(Error::new(
                Kind::Refused,
                "the server gave no refresh token, so nothing could be kept",
            )
            .hint(format!(
                "remove the app's access at https://myaccount.google.com/connections, then `{login}`"
            )));
        };
        let mut identity = fresh.identity.unwrap_or_default();
        if identity.email.is_none()
            && let Some(asked) = server.identify(&fresh.access_token).map_err(told)?
        {
            identity = Identity { scopes: None, sub: asked.sub.or(identity.sub), email: asked.email };
        }
        self.check_account(app, &identity)?;
        let granted = fresh.scopes.unwrap_or_else(|| self.scopes.clone());
        self.check_scopes(&granted, &login)?;
        let account = identity.email.clone().unwrap_or_default();
        let credential =
            AuthorizedUser::new(&account, &self.client.id, self.client.secret.clone(), refresh_token);
        let arrival = Arrival {
            credential,
            identity: Some(identity),
            scopes: granted,
            project: self.project.clone(),
            quota_project: self.quota_project.clone(),
            store: self.store,
            endpoints: self.client.endpoints.clone(),
            origin: "login",
            signed_in: Some(Time::now()),
            refresh_token_expires: fresh.refresh_token_expires,
        };
        let kept = save::keep(app, &self.name, arrival.clone())?;
        save::bring_along(app, self.rotation.iter().flatten(), &arrival);
        Ok(kept)
    }

    fn check_account(&self, app: &App, identity: &Identity) -> Result<()> {
        check_account(app, &self.name, self.account.as_deref(), identity)
    }

    fn check_scopes(&self, granted: &[String], login: &str) -> Result<()> {
        let missing = scopes::not_granted(&self.scopes, granted);
        if client::is_googles(&self.client.id) && !scopes::allow_bigquery(granted) {
            return Err(Error::new(
                Kind::Refused,
                "you signed in, but did not let bqcred use BigQuery; nothing was kept",
            )
            .hint(format!("`{login}`, and tick BigQuery on Google's page")));
        }
        if !missing.is_empty() {
            ui::note(&format!(
                "not granted: {}. What needs it will fail; `{login}` asks again",
                scopes::short_list(&missing)
            ));
        }
        Ok(())
    }
}

/// The person did not come back in time.
fn nobody_came(patience: Duration) -> Error {
    let patience = crate::system::clock::span(patience.as_secs());
    Error::other(format!("nobody signed in within {patience}; nothing was changed"))
        .hint("start again; `--timeout SECONDS` waits longer")
}

/// The account that was asked for has to be the one that signed in. Addresses are compared without
/// regard to case, as Google does.
pub(crate) fn check_account(
    app: &App,
    name: &ProfileName,
    wanted: Option<&str>,
    identity: &Identity,
) -> Result<()> {
    let Some(wanted) = wanted else { return Ok(()) };
    let login = app.login_command(name);
    match identity.email.as_deref() {
        Some(email) if email.eq_ignore_ascii_case(wanted) => Ok(()),
        Some(email) => Err(Error::new(
            Kind::Refused,
            format!("you signed in as {email}, not as {wanted}; nothing was changed"),
        )
        .hint(format!(
            "`{login} {wanted}` and choose that account on Google's page\nto keep {email} as well: \
             `bqcred login {email} --profile NAME`"
        ))),
        None => Err(Error::new(
            Kind::Refused,
            format!(
                "the server does not say who signed in, so {wanted} can't be confirmed; nothing was changed"
            ),
        )
        .hint(format!("`{login}` without an account takes whoever signs in"))),
    }
}

/// The port to listen on: as told, else as set, else 0 for any.
pub(crate) fn wanted_port(told: Option<u16>, app: &App) -> Result<u16> {
    match told {
        Some(port) => Ok(port),
        None => Ok(Settings::load(&app.paths)?.port.unwrap_or(0)),
    }
}

/// Tells people what a login came to, and what comes next.
pub(crate) fn tell_kept(app: &App, name: &ProfileName, kept: &Kept) {
    let profile = &kept.profile;
    ui::note(&format!("signed in as {} (profile {name})", profile.account_or_unknown()));
    if let Some(before) = &kept.before
        && let (Some(old), Some(new)) = (&before.account, &profile.account)
        && !old.eq_ignore_ascii_case(new)
    {
        let left = if before.ended.is_some() { "" } else { "; that credential is still alive at Google" };
        ui::note(&format!("profile {name} was {old} before{left}"));
    }
    if profile.project.is_none() {
        ui::note(&format!("no project is set, and Python needs one: `{}`", app.project_command(name)));
    }
    tell_next(app, name, profile.store);
}

/// Tells people how programs get the credential that a profile has now.
pub(crate) fn tell_next(app: &App, name: &ProfileName, store: StoreKind) {
    // a cell's shell ends with the cell: what it evaluates reaches nothing
    let next = match (app.in_notebook(), store) {
        (true, StoreKind::File) => app.command("kernel install", name),
        (true, StoreKind::Keyring) => format!("{} --exec", app.command("kernel install", name)),
        (false, _) => parent_shell::line(&app.command("env", name)),
    };
    ui::note(&format!("next: {next}"));
}

/// A project's id is a plain word; anything else is a slip that would surface much later.
pub(crate) fn check_project(project: &str) -> Result<()> {
    // "example.com:project" is the older form of an organisation's projects
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    if !project.is_empty() && project.chars().all(good) {
        return Ok(());
    }
    Err(Error::usage(format!("{project:?} is no id of a project"))
        .hint("the id, not the name: https://console.cloud.google.com/cloud-resource-manager lists both"))
}
