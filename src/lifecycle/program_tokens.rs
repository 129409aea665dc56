//! The access tokens that a program gets from the broker: of one profile and the account that it had at the start, or
//! that the first answer named; perhaps narrowed to some scopes, perhaps those of a service account.
//!
//! What others do to the profile in the meantime takes effect at the next request: a new sign-in is used, a
//! revocation is said, and another account is refused.

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::app::{App, Loaded};
use crate::credential::profile::{Person, Profile, another_account};
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::TokenSource;
use crate::handover::broker::limits::{self, Limits};
use crate::handover::broker::session_file::About;
use crate::lifecycle::refresh;
use crate::oauth::{ActingAs, Fresh, NotImpersonated, ServiceAccount, scopes, token_of_service_account};
use crate::output::error::{Error, Kind, Result};
use crate::output::secret::Secret;
use crate::store::AccessToken;
use crate::system::clock::Time;

/// In seconds. A library that gets a token with less time left asks again at once (google-auth: below 225).
const MIN_TTL: u64 = 300;

/// The token that programs of this profile get if it acts as a service account; `None` if it doesn't.
pub(crate) fn of_service_account(app: &App, loaded: &Loaded) -> Option<Result<AccessToken>> {
    loaded.profile.acting_as.as_ref()?;
    let (name, profile) = (loaded.name.clone(), &loaded.profile);
    let tokens = ProgramTokens::new(app.clone(), name, profile, Limits::default());
    Some(tokens.and_then(|tokens| tokens.token()))
}

/// The tokens of a profile for one program.
pub(crate) struct ProgramTokens {
    app: App,
    name: ProfileName,
    /// As far as it was known.
    started_as: Person,
    /// Who that was, once the server has named an account that was not known.
    named: OnceLock<Person>,
    limits: Limits,
    acting_as: Option<ActingAs>,
    /// What the tokens allow, as far as it is known.
    scopes: Vec<String>,
    /// The last one, with the credential that it came from. Its lock makes one request at a time.
    current: Mutex<Option<Current>>,
}

struct Current {
    token: AccessToken,
    fingerprint: String,
}

impl ProgramTokens {
    /// Tokens of this profile. Nothing is requested yet.
    pub(crate) fn new(
        app: App,
        name: ProfileName,
        profile: &Profile,
        limits: Limits,
    ) -> Result<ProgramTokens> {
        limits.check_impersonation(&app, &name, profile)?;
        let acting_as = limits.service_account(profile);
        let scopes = match (&limits.scopes[..], &acting_as) {
            ([], None) => profile.scopes.clone(),
            ([], Some(_)) => vec![scopes::CLOUD_PLATFORM.to_owned()],
            (asked, _) => asked.to_vec(),
        };
        Ok(ProgramTokens {
            app,
            name,
            started_as: Person::of(profile),
            named: OnceLock::new(),
            limits,
            acting_as,
            scopes,
            current: Mutex::new(None),
        })
    }

    /// Tokens of this profile for what runs in a session: what its programs get, and refused as they are.
    pub(crate) fn of_session(
        app: App,
        name: ProfileName,
        profile: &Profile,
        about: &About,
    ) -> Result<ProgramTokens> {
        let tokens = ProgramTokens {
            app,
            name,
            started_as: about.person(),
            named: OnceLock::new(),
            limits: about.asked(),
            acting_as: about.service_account(),
            scopes: about.scopes.clone(),
            current: Mutex::new(None),
        };
        tokens.check_person(profile)?;
        tokens.limits.check_impersonation(&tokens.app, &tokens.name, profile)?;
        Ok(tokens)
    }

    /// Whose program it is, as far as is known by now.
    pub(crate) fn person(&self) -> &Person {
        self.named.get().unwrap_or(&self.started_as)
    }

    /// For people: who the program was started as.
    fn describe(&self) -> String {
        match &self.acting_as {
            Some(acting_as) => format!("{} acting as {}", self.person().describe(), acting_as.account),
            None => self.person().describe().to_owned(),
        }
    }

    /// A token that is valid for more than `min_ttl` seconds, if the server gives that much, or why there is none.
    pub(crate) fn lasting(&self, min_ttl: u64) -> Result<AccessToken> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let profile = self.usable_profile().inspect_err(|_| *current = None)?;
        let now = Time::now();
        if let Some(held) = &*current
            && Some(&held.fingerprint) == profile.fingerprint.as_ref()
            && held.token.expires.since(now) > min_ttl
        {
            return Ok(held.token.clone());
        }
        let fingerprint = profile.fingerprint.clone();
        let token = self.renew(profile, min_ttl)?;
        *current = fingerprint.map(|fingerprint| Current { token: token.clone(), fingerprint });
        Ok(token)
    }

    /// The profile as it is now, if it still belongs to whom it belonged to at the start, and is valid as far as is
    /// known.
    fn usable_profile(&self) -> Result<Profile> {
        let (_, profile) = self.app.profile_named(self.name.clone())?;
        self.check_person(&profile)?;
        let Some(reason) = profile.sign_in_reason() else { return Ok(profile) };
        let sign_in = self.app.sign_in_command(&self.name, Some(&profile));
        Err(Error::new(Kind::Refused, format!("this credential {reason}")).hint(format!("`{sign_in}`")))
    }

    /// Refuses a profile that is another account's now. An account that the program's credential is known to have by now
    /// is what it is held to.
    pub(crate) fn check_person(&self, profile: &Profile) -> Result<()> {
        if self.person().is_of(profile) && self.limits.keep_to(profile, self.acting_as.as_ref()) {
            let now = Person::of(profile);
            if self.person().is_unknown() && !now.is_unknown() {
                self.named.get_or_init(|| now);
            }
            return Ok(());
        }
        Err(another_account(&self.name, profile, &self.describe()).hint("start the program again"))
    }

    fn renew(&self, profile: Profile, min_ttl: u64) -> Result<AccessToken> {
        self.app.check_server(&self.name, &profile)?;
        self.limits.check(&self.app, &self.name, &profile)?;
        let mut loaded = self.app.load_credential(self.name.clone(), profile)?;
        let Some(acting_as) = &self.acting_as else {
            return match &self.limits.scopes[..] {
                [] => self.whole(&mut loaded, min_ttl),
                scopes => self.narrowed(&mut loaded, scopes),
            };
        };
        let user = self.whole(&mut loaded, 60)?.token; // used at once
        let quota_project = loaded.profile.quota_project.clone();
        let ask =
            |user: &Secret| token_of_service_account(user, acting_as, &self.scopes, quota_project.as_deref());
        let answer = match ask(&user) {
            // the user's token was cached, and its grant has been revoked since: a refresh says so
            Err(NotImpersonated::Denied(401)) => ask(&self.refreshed(&mut loaded)?),
            answer => answer,
        };
        let (token, expires) =
            answer.map_err(|why| self.not_impersonated(&loaded.profile, acting_as, why))?;
        Ok(AccessToken { token, expires })
    }

    fn refreshed(&self, loaded: &mut Loaded) -> Result<Secret> {
        let fresh = refresh::refresh(&self.app, loaded)
            .result
            .map_err(|failure| refresh::to_error(&self.app, loaded, failure))?;
        self.check_person(&loaded.profile)?;
        Ok(fresh.access_token)
    }

    /// The service accounts between the user and that which the program acts as.
    pub(crate) fn delegates(&self) -> &[ServiceAccount] {
        self.acting_as.as_ref().map_or(&[], |acting_as| &acting_as.delegates)
    }

    /// The service account that the program acts as, if any.
    pub(crate) fn acting_as(&self) -> Option<&ServiceAccount> {
        self.acting_as.as_ref().map(|acting_as| &acting_as.account)
    }

    fn whole(&self, loaded: &mut Loaded, min_ttl: u64) -> Result<AccessToken> {
        let token = refresh::access_token(&self.app, loaded, min_ttl)
            .result
            .map_err(|failure| refresh::to_error(&self.app, loaded, failure))?;
        // somebody may have signed in since it was looked at
        self.check_person(&loaded.profile)?;
        Ok(token)
    }

    fn narrowed(&self, loaded: &mut Loaded, asked: &[String]) -> Result<AccessToken> {
        let fresh = refresh::narrowed_token(&self.app, loaded, asked)
            .result
            .map_err(|failure| refresh::to_error(&self.app, loaded, failure))?;
        self.check_person(&loaded.profile)?;
        check_narrowed(&fresh, asked)?;
        Ok(AccessToken { token: fresh.access_token, expires: fresh.expires })
    }

    /// The commands that let the user act as the service account: Google asks for the role of each on the next, and
    /// doesn't say which is missing.
    fn how_to_allow(&self, profile: &Profile, acting_as: &ActingAs) -> String {
        const ROLE: &str = "roles/iam.serviceAccountTokenCreator";
        let Some(user) = &profile.account else {
            let first = acting_as.delegates.first().unwrap_or(&acting_as.account);
            let status = self.app.command("status", &self.name);
            return format!(
                "whoever manages {first} can give you the role {ROLE} on it; `{status}` asks Google which account is yours"
            );
        };
        let accounts = || acting_as.delegates.iter().chain([&acting_as.account]);
        let members = accounts().map(|account| format!("serviceAccount:{account}"));
        let members = std::iter::once(format!("user:{user}")).chain(members);
        let command = |(account, member): (&ServiceAccount, String)| {
            format!(
                "`gcloud iam service-accounts add-iam-policy-binding {account} --member={member} --role={ROLE}`"
            )
        };
        let commands: Vec<String> = accounts().zip(members).map(command).collect();
        match &commands[..] {
            [one] => format!("whoever manages that account can allow it: {one}"),
            all => format!("whoever manages these accounts can allow it, by all of\n{}", all.join("\n")),
        }
    }

    fn not_impersonated(&self, profile: &Profile, acting_as: &ActingAs, why: NotImpersonated) -> Error {
        let (user, account) = (profile.account_or_unknown(), &acting_as.account);
        let refused = |what: String| Error::new(Kind::Refused, what);
        match why {
            NotImpersonated::NotAllowed => refused(format!("{user} may not act as {}", acting_as.describe()))
                .hint(self.how_to_allow(profile, acting_as)),
            NotImpersonated::ScopeMissing => limits::scope_missing(&self.app, &self.name, profile),
            NotImpersonated::ApiDisabled(project) => {
                let project = project.map_or(String::new(), |project| format!(" --project {project}"));
                refused("the API for acting as a service account is not enabled in the project".to_owned())
                    .hint(format!("`gcloud services enable iamcredentials.googleapis.com{project}`"))
            }
            NotImpersonated::NoAccount => {
                refused(format!("there is no service account {account}, or {user} may not see it"))
                    .hint("`gcloud iam service-accounts list` shows those of a project")
            }
            NotImpersonated::Denied(status) => {
                refused(format!("Google refuses a token of {account} (HTTP {status})"))
                    .hint(format!("`{}`", self.app.command("doctor", &self.name)))
            }
            NotImpersonated::Unreachable(transport) => {
                crate::oauth::Failure::Unreachable(transport).into_error(&self.app.login_command(&self.name))
            }
        }
    }
}

impl TokenSource for ProgramTokens {
    fn token(&self) -> Result<AccessToken> {
        self.lasting(MIN_TTL)
    }

    fn account(&self) -> &str {
        self.acting_as().map_or_else(|| self.person().describe(), ServiceAccount::as_str)
    }

    fn scopes(&self) -> &[String] {
        &self.scopes
    }
}

/// Compares what the server gave with what was asked for.
fn check_narrowed(fresh: &Fresh, asked: &[String]) -> Result<()> {
    // without a list it is what was asked for (RFC 6749 section 5.1)
    let Some(given) = &fresh.scopes else { return Ok(()) };
    let refuse = |what: String| Err(Error::new(Kind::Refused, what));
    let missing = scopes::not_granted(asked, given);
    if !missing.is_empty() {
        return refuse(format!("the server did not give {}", scopes::short_list(&missing)));
    }
    let more = scopes::not_granted(given, asked);
    if !more.is_empty() {
        return refuse(format!("the server gave more than --scopes: {}", scopes::short_list(&more)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrower_token_has_exactly_the_scopes_asked_for() {
        let asked = ["openid".to_owned(), "https://www.googleapis.com/auth/bigquery".to_owned()];
        let fresh = |scopes: Option<&[&str]>| Fresh {
            scopes: scopes.map(|scopes| scopes.iter().map(|&scope| scope.to_owned()).collect()),
            ..AccessToken { token: Secret::new("t"), expires: Time::now() }.into()
        };
        let bigquery = "https://www.googleapis.com/auth/bigquery";
        assert!(check_narrowed(&fresh(None), &asked).is_ok());
        assert!(check_narrowed(&fresh(Some(&[bigquery, "openid"])), &asked).is_ok());
        let what =
            |scopes: &[&str]| check_narrowed(&fresh(Some(scopes)), &asked).unwrap_err().what().to_owned();
        assert_eq!(what(&[bigquery]), "the server did not give openid");
        let drive = "https://www.googleapis.com/auth/drive";
        assert_eq!(what(&[bigquery, "openid", drive]), "the server gave more than --scopes: drive");
    }
}
