//! OAuth scopes: what a sign-in asks for, and what that means for BigQuery.

use crate::output::error::{Error, Result};

const PREFIX: &str = "https://www.googleapis.com/auth/";
const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
const BIGQUERY: &str = "https://www.googleapis.com/auth/bigquery";
/// Everything in Google Cloud.
pub(crate) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
const IAM: &str = "https://www.googleapis.com/auth/iam";

/// Short names for `--scopes`, what they stand for, and what they are for.
pub(crate) const PRESETS: &[(&str, &str, &str)] = &[
    ("bigquery", BIGQUERY, "query and change data in BigQuery (the default)"),
    ("drive", "https://www.googleapis.com/auth/drive", "tables with data in Google Sheets or Drive"),
    (
        "storage",
        "https://www.googleapis.com/auth/devstorage.read_write",
        "load from and export to Cloud Storage",
    ),
    ("cloud-platform", CLOUD_PLATFORM, "everything in Google Cloud"),
];

/// The scopes of a sign-in: the account, BigQuery, and what is asked for beyond.
///
/// A name that is not a preset stands for Google's scope of that name: `drive.readonly`. BigQuery's
/// full scope is left out where a narrower one of its family is asked for. `google` is false for
/// another OpenID provider.
pub(crate) fn for_login(asked: &[String], google: bool) -> Result<Vec<String>> {
    // OpenID Connect Core 5.4 and 11 have other names than Google for the email address and for a refresh token
    let identity: &[&str] = if google { &["openid", EMAIL] } else { &["openid", "email", "offline_access"] };
    let mut scopes: Vec<String> = identity.iter().map(|&scope| scope.to_owned()).collect();
    let asked = asked.iter().map(|name| full(name.trim())).collect::<Result<Vec<_>>>()?;
    if !asked.iter().any(|scope| scope.starts_with(BIGQUERY)) {
        scopes.push(BIGQUERY.to_owned());
    }
    for scope in asked {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

/// Whether gcloud's application-default login always asks for this scope.
pub(crate) fn is_gclouds(scope: &str) -> bool {
    [
        "openid",
        EMAIL,
        "https://www.googleapis.com/auth/cloud-platform",
        "https://www.googleapis.com/auth/sqlservice.login",
    ]
    .contains(&scope)
}

/// The scopes of a sign-in that renews one: what was granted then, and the account.
pub(crate) fn again(granted: &[String], google: bool) -> Result<Vec<String>> {
    // the scopes for the account differ between servers, and `for_login` knows them
    let identity = ["openid", "email", "profile", "offline_access", EMAIL];
    let granted: Vec<String> =
        granted.iter().filter(|scope| !identity.contains(&scope.as_str())).cloned().collect();
    for_login(&granted, google)
}

fn full(name: &str) -> Result<String> {
    if let Some((_, scope, _)) = PRESETS.iter().find(|(preset, ..)| *preset == name) {
        return Ok((*scope).to_owned());
    }
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\'); // RFC 6749 section 3.3
    match name {
        "openid" | "offline_access" => Ok(name.to_owned()),
        "email" => Ok(EMAIL.to_owned()),
        _ if name.is_empty() || !name.chars().all(plain) => {
            Err(Error::usage("--scopes holds an empty or unusable name")
                .hint("`--scopes drive,storage`: names with commas between them"))
        }
        _ if name.contains("://") => Ok(name.to_owned()),
        _ => match mistyped(name) {
            Some(preset) => Err(Error::usage(format!("there is no scope {name:?}"))
                .hint(format!("did you mean `--scopes {preset}`?"))),
            None => Ok(format!("{PREFIX}{name}")),
        },
    }
}

/// The preset that this is a typing error of. No scope of Google's is that near to one.
fn mistyped(name: &str) -> Option<&'static str> {
    let near = |preset: &str| strsim::damerau_levenshtein(preset, &name.to_ascii_lowercase()) <= 2;
    PRESETS.iter().map(|(preset, ..)| *preset).find(|preset| near(preset))
}

/// The requested scopes that were not granted. Google spells some in two ways.
pub(crate) fn not_granted(asked: &[String], granted: &[String]) -> Vec<String> {
    let same = |one: &str, other: &str| {
        let plain = |scope: &str| match scope {
            EMAIL => "email".to_owned(),
            other => other.to_owned(),
        };
        plain(one) == plain(other)
    };
    // a refresh token came, so what asks for one was granted, whether it is repeated or not
    asked
        .iter()
        .filter(|scope| *scope != "offline_access")
        .filter(|scope| !granted.iter().any(|have| same(have, scope)))
        .cloned()
        .collect()
}

/// Whether these scopes let a program query BigQuery at all.
pub(crate) fn allow_bigquery(granted: &[String]) -> bool {
    granted.iter().any(|scope| {
        scope.starts_with(BIGQUERY) || scope.starts_with("https://www.googleapis.com/auth/cloud-platform")
    })
}

/// Whether these scopes let a user get tokens of a service account.
pub(crate) fn allow_impersonation(granted: &[String]) -> bool {
    granted.iter().any(|scope| scope == CLOUD_PLATFORM || scope == IAM)
}

/// The scopes that these names stand for, without any that isn't named.
pub(crate) fn exactly(names: &[String]) -> Result<Vec<String>> {
    names.iter().map(|name| full(name.trim())).collect()
}

/// A scope without Google's long prefix.
pub(crate) fn short(scope: &str) -> &str {
    scope.strip_prefix(PREFIX).unwrap_or(scope)
}

/// The name that stands for a scope in `--scopes`.
pub(crate) fn name(scope: &str) -> &str {
    let preset = PRESETS.iter().find(|(_, preset, _)| *preset == scope).map(|(name, ..)| *name);
    preset.unwrap_or_else(|| match short(scope) {
        short if full(short).is_ok_and(|full| full == scope) => short,
        _ => scope,
    })
}

/// Scopes without Google's long prefix, with commas.
pub(crate) fn short_list(scopes: &[String]) -> String {
    scopes.iter().map(|scope| short(scope)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(asked: &[&str]) -> Vec<String> {
        let asked: Vec<String> = asked.iter().map(|&name| name.to_owned()).collect();
        for_login(&asked, true).unwrap().iter().map(|scope| short(scope).to_owned()).collect()
    }

    #[test]
    fn presets_add_to_the_default() {
        assert_eq!(login(&[]), ["openid", "userinfo.email", "bigquery"]);
        assert_eq!(login(&["bigquery", "drive"]), ["openid", "userinfo.email", "bigquery", "drive"]);
        assert_eq!(login(&["bigquery.readonly"]), ["openid", "userinfo.email", "bigquery.readonly"]);
        assert_eq!(
            login(&["https://x.example/s"]),
            ["openid", "userinfo.email", "bigquery", "https://x.example/s"]
        );
        assert_eq!(
            login(&["openid", " email ", "offline_access"]),
            ["openid", "userinfo.email", "bigquery", "offline_access"]
        );
        assert!(for_login(&["a b".to_owned()], true).is_err());
        assert!(for_login(&[String::new()], true).is_err());
    }

    #[test]
    fn scopes_that_were_not_granted_are_found() {
        let asked = for_login(&[], true).unwrap();
        assert!(not_granted(&asked, &["email".into(), "openid".into(), BIGQUERY.into()]).is_empty());
        assert_eq!(not_granted(&asked, &["openid".into(), EMAIL.into()]), [BIGQUERY]);
        let elsewhere = for_login(&[], false).unwrap();
        assert_eq!(elsewhere, ["openid", "email", "offline_access", BIGQUERY]);
        assert!(not_granted(&elsewhere, &["openid".into(), EMAIL.into(), BIGQUERY.into()]).is_empty());
    }

    #[test]
    fn a_renewed_sign_in_asks_for_the_same_scopes() {
        let granted = ["openid", EMAIL, "profile", BIGQUERY, "https://www.googleapis.com/auth/drive"];
        let granted = granted.map(str::to_owned);
        let names = |scopes: Vec<String>| short_list(&scopes);
        assert_eq!(names(again(&granted, true).unwrap()), "openid, userinfo.email, bigquery, drive");
        assert_eq!(names(again(&granted, false).unwrap()), "openid, email, offline_access, bigquery, drive");
    }

    #[test]
    fn some_scopes_allow_bigquery_and_some_are_gclouds_own() {
        let allow = |scope: &str| allow_bigquery(&["openid".to_owned(), scope.to_owned()]);
        assert!(allow(BIGQUERY) && allow("https://www.googleapis.com/auth/bigquery.readonly"));
        assert!(allow("https://www.googleapis.com/auth/cloud-platform"));
        assert!(!allow("https://www.googleapis.com/auth/drive") && !allow("bigquery"));
        assert!(is_gclouds("openid") && is_gclouds("https://www.googleapis.com/auth/sqlservice.login"));
        assert!(!is_gclouds(BIGQUERY));
    }
}
