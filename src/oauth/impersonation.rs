//! Access tokens of a service account that a user may impersonate
//! (<https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bigquery::{self, Denied};
use super::http;
use super::transport::Transport;
use crate::output::secret::Secret;
use crate::system::clock::Time;

const BASE: &str = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts";
/// The longest that Google gives without an exception for the account.
const LIFETIME: &str = "3600s";

/// What follows the account in the address of a request, and in files that name such an address.
const METHOD: &str = ":generateAccessToken";
/// Before an account in the API's names.
const NAME: &str = "projects/-/serviceAccounts/";

/// The address of a service account, such as `name@project.iam.gserviceaccount.com`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ServiceAccount(String);

/// A service account that a user acts as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ActingAs {
    /// The service account.
    pub(crate) account: ServiceAccount,
    /// The service accounts between the user and it, in order: each may act as the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) delegates: Vec<ServiceAccount>,
}

/// Why there is no token of a service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotImpersonated {
    /// The user may not: `roles/iam.serviceAccountTokenCreator` on the account is missing.
    NotAllowed,
    /// The user's token has neither the scope `cloud-platform` nor `iam`.
    ScopeMissing,
    /// The API is not enabled in the project that the request counts against.
    ApiDisabled(Option<String>),
    /// There is no such service account, or the user may not know of it.
    NoAccount,
    /// Another refusal, with its HTTP status.
    Denied(u16),
    /// No answer, or not Google's.
    Unreachable(Transport),
}

impl ServiceAccount {
    /// Reads an address. An error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<ServiceAccount, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | ':');
        let is_one = text.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty()
                && name.chars().all(plain)
                && domain.chars().all(plain)
                && domain.ends_with(".gserviceaccount.com")
        });
        match is_one {
            true => Ok(ServiceAccount(text.to_owned())),
            false => {
                Err("a service account has an address such as name@project.iam.gserviceaccount.com"
                    .to_owned())
            }
        }
    }

    /// The address.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ServiceAccount {
    type Error = String;

    fn try_from(text: String) -> Result<ServiceAccount, String> {
        ServiceAccount::parse(&text)
    }
}

impl From<ServiceAccount> for String {
    fn from(account: ServiceAccount) -> String {
        account.0
    }
}

impl ActingAs {
    /// As a service account that the user may act as without others between.
    pub(crate) fn directly(account: ServiceAccount) -> ActingAs {
        ActingAs { account, delegates: Vec::new() }
    }

    /// From the address and the delegates that an ADC file names; `None` if the address is not Google's own for a
    /// service account: whatever else it names would get a token of the user.
    pub(crate) fn named(url: &str, delegates: &[String]) -> Option<ActingAs> {
        let account = url.strip_prefix(BASE)?.strip_prefix('/')?.strip_suffix(METHOD)?;
        let delegate = |name: &String| ServiceAccount::parse(name.strip_prefix(NAME).unwrap_or(name)).ok();
        Some(ActingAs {
            account: ServiceAccount::parse(account).ok()?,
            delegates: delegates.iter().map(delegate).collect::<Option<_>>()?,
        })
    }

    /// For people: the service account, and by which others.
    pub(crate) fn describe(&self) -> String {
        if self.delegates.is_empty() {
            return self.account.to_string();
        }
        let delegates: Vec<&str> = self.delegates.iter().map(ServiceAccount::as_str).collect();
        format!("{} by {}", self.account, delegates.join(", "))
    }

    /// Where its tokens are requested.
    pub(crate) fn url(&self) -> String {
        format!("{BASE}/{}{METHOD}", self.account)
    }

    /// The delegates as the API names them.
    pub(crate) fn delegate_names(&self) -> Vec<String> {
        self.delegates.iter().map(|delegate| format!("{NAME}{delegate}")).collect()
    }
}

impl fmt::Display for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A token of this service account with these scopes, and when it expires. `user` is an access token of the user.
pub(crate) fn token(
    user: &Secret,
    acting_as: &ActingAs,
    scopes: &[String],
    quota_project: Option<&str>,
) -> Result<(Secret, Time), NotImpersonated> {
    let mut headers = vec![
        ("authorization", Secret::new(format!("Bearer {}", user.expose()))),
        ("content-type", Secret::new("application/json")),
    ];
    headers.extend(quota_project.map(|project| ("x-goog-user-project", Secret::new(project))));
    let delegates = acting_as.delegate_names();
    let body = json!({"delegates": delegates, "scope": scopes, "lifetime": LIFETIME}).to_string();
    let answer = http::send(&acting_as.url(), &headers, Some(body.as_bytes()))
        .map_err(NotImpersonated::Unreachable)?;
    match bigquery::read(&answer).map_err(NotImpersonated::Unreachable)? {
        Ok(value) => {
            let now = Time::now();
            issued(&value, answer.date.unwrap_or(now), now)
                .ok_or(NotImpersonated::Unreachable(Transport::NotTheServer(answer.status)))
        }
        Err(denied) => Err(NotImpersonated::of(denied)),
    }
}

/// `date` and `now` are the server's time and this machine's, whose clock may be wrong.
fn issued(value: &Value, date: Time, now: Time) -> Option<(Secret, Time)> {
    let token = value.get("accessToken")?.as_str()?;
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let expires: Time = serde_json::from_value(value.get("expireTime")?.clone()).ok()?;
    is_token.then(|| (Secret::new(token), now.plus(expires.since(date))))
}

impl NotImpersonated {
    fn of(denied: Denied) -> NotImpersonated {
        let says = |words: &str| denied.message.contains(words);
        match (denied.status, denied.reason.as_str()) {
            (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT") => NotImpersonated::ScopeMissing,
            (403, "SERVICE_DISABLED") => NotImpersonated::ApiDisabled(denied.consumer),
            (403, "IAM_PERMISSION_DENIED") => NotImpersonated::NotAllowed,
            (403, _) if says("insufficient authentication scopes") => NotImpersonated::ScopeMissing,
            (403, _) if says("iam.serviceAccounts.getAccessToken") => NotImpersonated::NotAllowed,
            (404, _) => NotImpersonated::NoAccount,
            (status, _) => NotImpersonated::Denied(status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_of_a_service_account_is_taken() {
        for good in [
            "reader@my-project.iam.gserviceaccount.com",
            "1234-compute@developer.gserviceaccount.com",
            "p@appspot.gserviceaccount.com",
            "sa@p.example.com.iam.gserviceaccount.com",
        ] {
            assert_eq!(ServiceAccount::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "reader",
            "ada@example.com",
            "@x.iam.gserviceaccount.com",
            "a/b@x.iam.gserviceaccount.com",
            "a@b@x.iam.gserviceaccount.com",
            "a@x.iam.gserviceaccount.com/../x:y",
            "a@x.iam.gserviceaccount.com.evil.example",
            "a@gserviceaccount.com",
            "A@x.iam.gserviceaccount.com",
            "a%2f@x.iam.gserviceaccount.com",
        ] {
            assert!(ServiceAccount::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_googles_own_address_names_a_service_account() {
        let account = "reader@p1.iam.gserviceaccount.com";
        let url = format!("{BASE}/{account}:generateAccessToken");
        let via = ["a@p1.iam.gserviceaccount.com", "projects/-/serviceAccounts/b@p1.iam.gserviceaccount.com"]
            .map(str::to_owned);
        let acting_as = ActingAs::named(&url, &via).unwrap();
        assert_eq!((acting_as.url(), acting_as.account.to_string()), (url.clone(), account.to_owned()));
        assert_eq!(
            acting_as.delegate_names(),
            [format!("{NAME}a@p1.iam.gserviceaccount.com"), format!("{NAME}b@p1.iam.gserviceaccount.com")]
        );
        assert_eq!(ActingAs::named(&url, &["b".to_owned()]), None);
        let host = "https://iamcredentials.googleapis.com/";
        for other in [
            url.replace("https:", "http:"),
            url.replace(host, "https://iamcredentials.googleapis.com.evil.example/"),
            url.replace(host, "https://iamcredentials.googleapis.com@evil.example/"),
            url.replace(host, "https://iamcredentials.googleapis.com:444/"),
            url.replace(host, "https://evil.example/"),
            url.replace("/-/", "/../"),
            url.replace(":generateAccessToken", ":generateIdToken"),
            format!("{url}?x=y"),
            url.replace(account, "ada@example.com"),
            String::new(),
        ] {
            assert_eq!(ActingAs::named(&other, &[]), None, "{other}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let of = |status, reason: &str, message: &str| {
            NotImpersonated::of(Denied {
                status,
                reason: reason.to_owned(),
                message: message.to_owned(),
                consumer: None,
            })
        };
        let denied = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource";
        assert_eq!(of(403, "IAM_PERMISSION_DENIED", denied), NotImpersonated::NotAllowed);
        assert_eq!(of(403, "forbidden", denied), NotImpersonated::NotAllowed);
        let scopes = "Request had insufficient authentication scopes.";
        assert_eq!(of(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", scopes), NotImpersonated::ScopeMissing);
        assert_eq!(of(403, "insufficientPermissions", scopes), NotImpersonated::ScopeMissing);
        assert_eq!(of(403, "SERVICE_DISABLED", "x"), NotImpersonated::ApiDisabled(None));
        assert_eq!(of(404, "", "Not found"), NotImpersonated::NoAccount);
        assert_eq!(of(400, "", "x"), NotImpersonated::Denied(400));
    }

    #[test]
    fn a_token_has_its_expiry() {
        let value = json!({"accessToken": "ya29.sa", "expireTime": "2026-09-21T14:13:20Z"});
        let date = serde_json::from_value(json!("2026-09-21T13:13:20Z")).unwrap();
        let now = Time::of(std::time::UNIX_EPOCH);
        let (token, expires) = issued(&value, date, now).unwrap();
        assert_eq!((token.expose(), expires.since(now)), ("ya29.sa", 3_600));
        for bad in [
            json!({}),
            json!({"accessToken": "", "expireTime": "2026-09-21T14:13:20Z"}),
            json!({"accessToken": "a b", "expireTime": "2026-09-21T14:13:20Z"}),
            json!({"accessToken": "x", "expireTime": 5}),
        ] {
            assert!(issued(&bad, date, now).is_none(), "{bad}");
        }
    }
}
