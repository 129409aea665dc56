//! What a program may get of a profile with `--token-only`: all that was granted, some scopes, or the tokens of a
//! service account. Given on the command line of `exec`, and kept in kernelspecs.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::credential::profile::{Condition, Profile};
use crate::credential::profile_name::ProfileName;
use crate::credential::token_only_file::IssuedFor;
use crate::oauth::{ActingAs, Endpoints, ServiceAccount, scopes};
use crate::output::error::{Error, Kind, Result};

/// What a program may get.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Limits {
    /// These scopes alone, in full; all that were granted if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// The service account whose tokens it gets; `None` for that which the profile acts as, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acting_as: Option<ServiceAccount>,
}

impl Limits {
    /// From the values of `--scopes` and `--as`.
    ///
    /// # Errors
    /// If a name can't be a scope.
    pub(crate) fn new(scopes: &[String], acting_as: Option<ServiceAccount>) -> Result<Limits> {
        Ok(Limits { scopes: scopes::exactly(scopes)?, acting_as })
    }

    /// Those that a file was issued with.
    pub(crate) fn of(issued_for: &IssuedFor) -> Limits {
        let acting_as = issued_for.acting_as.clone().filter(|_| !issued_for.is_profiles_own);
        Limits { scopes: issued_for.scopes.clone(), acting_as }
    }

    /// Which tokens of this profile a file with them is for.
    pub(crate) fn issued_for(&self, name: &ProfileName, profile: &Profile) -> IssuedFor {
        let acting_as = self.service_account(profile).map(|acting_as| acting_as.account);
        IssuedFor {
            profile: name.to_string(),
            account: profile.account.clone(),
            credential: profile.fingerprint.clone().filter(|_| profile.account.is_none()),
            is_profiles_own: acting_as.is_some() && self.acting_as.is_none(),
            acting_as,
            scopes: self.scopes.clone(),
        }
    }

    /// The options of `exec` that stand for them, `--token-only` included.
    pub(crate) fn to_options(&self) -> Vec<String> {
        let mut options = vec!["--token-only".to_owned()];
        if !self.scopes.is_empty() {
            let names: Vec<&str> = self.scopes.iter().map(|scope| scopes::name(scope)).collect();
            options.extend(["--scopes".to_owned(), names.join(",")]);
        }
        if let Some(account) = &self.acting_as {
            options.extend(["--as".to_owned(), account.to_string()]);
        }
        options
    }

    /// For people: "token-only, as reader@p.iam.gserviceaccount.com, narrowed to bigquery".
    pub(crate) fn describe(&self) -> String {
        let acting_as = self.acting_as.as_ref().map(|account| format!(", as {account}"));
        let narrowed =
            (!self.scopes.is_empty()).then(|| format!(", narrowed to {}", scopes::short_list(&self.scopes)));
        ["token-only".to_owned()].into_iter().chain(acting_as).chain(narrowed).collect()
    }

    /// The service account whose tokens a program gets of this profile, if it gets those.
    /// The profile's own is acted as in the profile's way, by its delegates, also where it is named.
    pub(crate) fn service_account(&self, profile: &Profile) -> Option<ActingAs> {
        let own = profile.acting_as.as_ref();
        match &self.acting_as {
            Some(named) if own.is_none_or(|own| own.account != *named) => {
                Some(ActingAs::directly(named.clone()))
            }
            _ => own.cloned(),
        }
    }

    /// Whether a program that was started with these limits, as `service_account`, stays that with this profile: where
    /// they name none, the profile still acts as it.
    pub(crate) fn keep_to(&self, profile: &Profile, service_account: Option<&ActingAs>) -> bool {
        self.acting_as.is_some()
            || profile.condition != Condition::Settled
            || profile.acting_as.as_ref() == service_account
    }

    /// Refuses before anything is requested what this profile can't get.
    pub(crate) fn check(&self, app: &App, name: &ProfileName, profile: &Profile) -> Result<()> {
        match self.service_account(profile) {
            Some(_) => self.check_impersonation(app, name, profile),
            None => self.check_granted(app, name, profile),
        }
    }

    /// The same, about the service account alone.
    pub(crate) fn check_impersonation(&self, app: &App, name: &ProfileName, profile: &Profile) -> Result<()> {
        let Some(ActingAs { account, .. }) = self.service_account(profile) else { return Ok(()) };
        if let Some(host) = profile.endpoints.as_ref().and_then(Endpoints::foreign_host) {
            let what = format!(
                "profile {name} signs in at {host}, and {account} is Google's: its tokens don't reach there"
            );
            return Err(Error::usage(what).hint("use a profile that signs in at Google: `bqcred list`"));
        }
        // what was granted may not be known yet: then Google says it
        if profile.scopes.is_empty() || scopes::allow_impersonation(&profile.scopes) {
            return Ok(());
        }
        Err(scope_missing(app, name, profile))
    }

    fn check_granted(&self, app: &App, name: &ProfileName, profile: &Profile) -> Result<()> {
        // what was granted may not be known yet, and Google may take a scope for a part of this one: then it says so
        if profile.scopes.is_empty() || profile.scopes.iter().any(|scope| scope == scopes::CLOUD_PLATFORM) {
            return Ok(());
        }
        let missing = scopes::not_granted(&self.scopes, &profile.scopes);
        if missing.is_empty() {
            return Ok(());
        }
        let (who, names) = (profile.account_or_unknown(), scopes::short_list(&missing));
        let what =
            format!("{who} did not grant bqcred {names}, and --scopes can only narrow what was granted");
        let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
        let login = app.login_command_for(name, profile, &missing);
        Err(Error::new(Kind::Refused, what).hint(format!("`{login}`")))
    }
}

/// The error where the user signed in without the scope that acting as a service account takes.
pub(crate) fn scope_missing(app: &App, name: &ProfileName, profile: &Profile) -> Error {
    let user = profile.account_or_unknown();
    let what = format!("{user} did not grant bqcred the scope for acting as a service account");
    let login = app.login_command_for(name, profile, &[scopes::CLOUD_PLATFORM]);
    Error::new(Kind::Refused, what).hint(format!("`{login}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(scopes: &[&str], acting_as: Option<&str>) -> Limits {
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        Limits::new(&scopes, acting_as.map(|account| ServiceAccount::parse(account).unwrap())).unwrap()
    }

    #[test]
    fn options_and_json_stand_for_the_same_limits() {
        const READER: &str = "reader@p1.iam.gserviceaccount.com";
        for (limits, options) in [
            (limits(&[], None), "--token-only".to_owned()),
            (limits(&["bigquery", "storage"], None), "--token-only --scopes bigquery,storage".to_owned()),
            (limits(&["drive.readonly"], None), "--token-only --scopes drive.readonly".to_owned()),
            (limits(&["email"], Some(READER)), format!("--token-only --scopes userinfo.email --as {READER}")),
            (
                limits(&["https://other.example/scope"], None),
                "--token-only --scopes https://other.example/scope".to_owned(),
            ),
        ] {
            assert_eq!(limits.to_options().join(" "), options);
            let json = serde_json::to_string(&limits).unwrap();
            assert_eq!(serde_json::from_str::<Limits>(&json).unwrap(), limits);
        }
        assert!(serde_json::from_str::<Limits>(r#"{"acting_as":"nobody"}"#).is_err());
    }
}
