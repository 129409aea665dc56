//! What a test can change about the double: grants, refusals, failures, permissions, time.

use std::time::Duration;

use super::authorize::full_name;
use super::grants::Grants;
use super::script::{Endpoint, Script};
use super::world::lock;
use super::{Consent, Google, TlsFault};

/// Grants.
impl Google {
    /// A refresh token without a login. Scopes may be given by their last word (`bigquery`).
    pub fn grant(&self, who: &str, client: &str, scopes: &[&str]) -> String {
        let scopes: Vec<String> = scopes.iter().map(|scope| scope_url(scope)).collect();
        lock(&self.world.grants).issue_refresh(who, client, &scopes, None)
    }

    /// An access token without a login.
    pub fn access_token(&self, who: &str, client: &str, scopes: &[&str]) -> String {
        let scopes: Vec<String> = scopes.iter().map(|scope| scope_url(scope)).collect();
        let now = self.world.now();
        lock(&self.world.grants).issue_access(who, client, &scopes, now, Duration::from_secs(3599))
    }

    /// The user revokes all access at myaccount.google.com.
    pub fn revoke_grant(&self, who: &str) {
        lock(&self.world.grants).end_all(who);
    }

    /// What is granted at this moment, for [`Google::restore`].
    pub fn snapshot(&self) -> Grants {
        lock(&self.world.grants).clone()
    }

    /// Restores an earlier [`Google::snapshot`]: tokens revoked since are valid again, later ones do not exist.
    /// They stay secrets.
    pub fn restore(&self, then: &Grants) {
        lock(&self.world.grants).restore(then);
    }

    /// Whether a refresh token would still work.
    pub fn is_valid(&self, refresh_token: &str) -> bool {
        let now = self.world.now();
        let grants = lock(&self.world.grants);
        grants.find_refresh(refresh_token).is_some_and(|token| token.is_valid(now) && !token.stale)
    }

    /// All valid refresh tokens of this account, the oldest first.
    pub fn valid_tokens(&self, who: &str) -> Vec<String> {
        let now = self.world.now();
        let grants = lock(&self.world.grants);
        let valid = grants.refresh.iter().filter(|token| token.account == who && token.is_valid(now));
        valid.map(|token| token.text.clone()).collect()
    }

    /// The organisation requires this user to sign in again: refreshes fail with `invalid_rapt` until then.
    pub fn require_reauth(&self, who: &str) {
        for token in lock(&self.world.grants).refresh.iter_mut().filter(|token| token.account == who) {
            token.stale = true;
        }
    }

    /// All access tokens expire now; refresh tokens stay valid.
    pub fn expire_access_tokens(&self) {
        for token in &mut lock(&self.world.grants).access {
            token.revoked = true;
        }
    }

    /// From now on, this client is refused (`deleted_client`, `disabled_client`, `unauthorized_client`, …).
    pub fn refuse_client(&self, id: &str, error: &str) {
        lock(&self.world.grants).clients.get_mut(id).unwrap().refused = Some(error.to_owned());
    }

    /// This client is accepted again: its owner restored it.
    pub fn accept_client(&self, id: &str) {
        lock(&self.world.grants).clients.get_mut(id).unwrap().refused = None;
    }

    /// This client's project is in Testing: new refresh tokens are valid for seven days.
    pub fn testing_client(&self, id: &str) {
        lock(&self.world.grants).clients.get_mut(id).unwrap().testing = true;
    }

    /// Any browser that comes to the sign-in page consents like this (for programs that open one).
    pub fn sign_in_browser(&self, consent: Option<Consent>) {
        lock(&self.world.settings).browser = consent;
    }
}

/// Answers.
impl Google {
    /// The next request at the token endpoint gets this answer. Calls add up.
    pub fn fail_token(&self, script: Script) {
        self.script(Endpoint::Token, script);
    }

    /// The next request at this endpoint gets this answer. Calls add up.
    pub fn script(&self, endpoint: Endpoint, script: Script) {
        lock(&self.world.scripts).push(endpoint, script);
    }

    /// The next `n` requests at this endpoint get this answer.
    pub fn script_times(&self, n: usize, endpoint: Endpoint, script: &Script) {
        (0..n).for_each(|_| self.script(endpoint, script.clone()));
    }

    /// All requests at this endpoint get this answer, until [`Google::clear_scripts`].
    pub fn script_always(&self, endpoint: Endpoint, script: Script) {
        lock(&self.world.scripts).always(endpoint, script);
    }

    /// Back to the usual answers.
    pub fn clear_scripts(&self) {
        lock(&self.world.scripts).clear();
    }

    /// `refresh_token_expires_in` of new refresh tokens: the user granted access for a limited time.
    pub fn set_refresh_token_expires_in(&self, seconds: Option<u64>) {
        lock(&self.world.settings).refresh_token_expires_in = seconds;
    }

    /// Leaves the refresh token out of the answer to a code.
    pub fn omit_refresh_token(&self, omit: bool) {
        lock(&self.world.settings).omit_refresh_token = omit;
    }

    /// Leaves the id_token out.
    pub fn omit_id_token(&self, omit: bool) {
        lock(&self.world.settings).omit_id_token = omit;
    }

    /// Answers a refresh with a new refresh token too, as some servers do.
    pub fn rotate_on_refresh(&self, rotate: bool) {
        lock(&self.world.settings).rotate_on_refresh = rotate;
    }

    /// Another address in id_token and tokeninfo than the one that signed in.
    pub fn claim_email(&self, email: Option<&str>) {
        lock(&self.world.settings).claimed_email = email.map(str::to_owned);
    }

    /// Another user in the id_token than the one whose credential was sent: another `sub`, another address.
    pub fn claim_user(&self, who: Option<&str>) {
        lock(&self.world.settings).claimed_user = who.map(str::to_owned);
    }

    /// How `expires_in` of new access tokens is written, instead of the usual number.
    pub fn write_expires_in(&self, value: Option<serde_json::Value>) {
        lock(&self.world.settings).written_expires_in = value;
    }

    /// Lets time pass for tokens and codes.
    pub fn advance(&self, by: Duration) {
        lock(&self.world.settings).passed += by;
    }

    /// How far Google's clock is ahead of this machine's, in seconds.
    pub fn set_skew(&self, seconds: i64) {
        lock(&self.world.settings).skew = seconds;
    }

    /// The proxy asks for this `user:password` (407 without it).
    pub fn set_proxy_password(&self, password: Option<&str>) {
        lock(&self.world.settings).proxy_password = password.map(str::to_owned);
    }

    /// https and the proxy show a bad certificate from now on.
    pub fn break_tls(&self, fault: Option<TlsFault>) {
        lock(&self.world.settings).tls_fault = fault;
    }

    /// What comes through the proxy goes, without its TLS, to this address from now on.
    pub fn end_tunnels_at(&self, address: std::net::SocketAddr) {
        lock(&self.world.settings).tunnel_end = Some(address);
    }

    /// Tolerates a secret in requests for this path.
    pub fn tolerate_secrets_at(&self, path: &str) {
        lock(&self.world.settings).tolerated.push(path.to_owned());
    }

    /// gcloud revokes with the token in the query, which is allowed for it.
    pub fn allow_query_revoke(&self) {
        self.tolerate_secrets_at("/revoke");
    }
}

/// Service accounts.
impl Google {
    /// A service account that exists.
    pub fn add_service_account(&self, account: &str) {
        lock(&self.world.impersonation).accounts.insert(account.into());
    }

    /// The user may act as this service account.
    pub fn allow_impersonation(&self, who: &str, account: &str) {
        self.add_service_account(account);
        lock(&self.world.impersonation).allowed.insert((who.into(), account.into()));
    }

    /// The API for it is not enabled.
    pub fn disable_impersonation(&self) {
        lock(&self.world.impersonation).disabled = true;
    }
}

/// BigQuery.
impl Google {
    /// A table that exists, in a dataset that exists.
    pub fn add_table(&self, project: &str, dataset: &str, table: &str) {
        let mut data = lock(&self.world.data);
        data.datasets.entry((project.into(), dataset.into())).or_default().insert(table.into());
    }

    /// A table that is a Google Sheet: reading it takes a Drive scope.
    pub fn add_sheet(&self, project: &str, dataset: &str, table: &str) {
        self.add_table(project, dataset, table);
        lock(&self.world.data).sheets.insert((project.into(), dataset.into(), table.into()));
    }

    /// No account has this permission (`bigquery.jobs.create`, …) in this project.
    pub fn deny(&self, project: &str, permission: &str) {
        self.deny_to("*", project, permission);
    }

    /// This account does not have this permission in this project.
    pub fn deny_to(&self, who: &str, project: &str, permission: &str) {
        lock(&self.world.data).denied.insert((who.into(), project.into(), permission.into()));
    }

    /// No account may use this as a quota project (`USER_PROJECT_DENIED`).
    pub fn deny_quota(&self, project: &str) {
        lock(&self.world.data).quota_denied.insert(project.into());
    }

    /// The BigQuery API is not enabled in this project (`SERVICE_DISABLED`).
    pub fn disable_api(&self, project: &str) {
        lock(&self.world.data).disabled.insert(project.into());
    }

    /// Everything is allowed and enabled again.
    pub fn allow_all(&self) {
        let mut data = lock(&self.world.data);
        data.denied.clear();
        data.quota_denied.clear();
        data.disabled.clear();
    }
}

/// The scope's address, from that or its last word.
fn scope_url(scope: &str) -> String {
    match scope {
        "openid" | "email" | "profile" => full_name(scope),
        _ if scope.contains("://") => scope.to_owned(),
        _ => format!("https://www.googleapis.com/auth/{scope}"),
    }
}
