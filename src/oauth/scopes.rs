//! OAuth scopes: what a sign-in asks for, and what that means for BigQuery.

use crate::output::error::{Error, Result};

const PREFIX: &str = "https://www.googleapis.com/auth/";
const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
const BIGQUERY: &str = "https://www.googleapis.com/auth/bigquery";
/// Everything in Google Cloud.
pub(crate) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
/// All of Drive, with the tables that are stored in it.
pub(crate) const DRIVE: &str = "https://www.googleapis.com/auth/drive";
const IAM: &str = "https://www.googleapis.com/auth/iam";

/// Short names for `--scopes`, what they stand for, and what they are for.
pub(crate) const PRESETS: &[(&str, &str, &str)] = &[
    ("bigquery", BIGQUERY, "query and change data in BigQuery (the default)"),
    ("drive", DRIVE, "tables with data in Google Sheets or Drive"),
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

/// Whether what gcloud's application-default login asks for without options includes this: its own scopes, of which
/// cloud-platform stands for those of BigQuery and Cloud Storage as well.
pub(crate) fn gcloud_covers(scope: &str) -> bool {
    ["openid", EMAIL, CLOUD_PLATFORM, "https://www.googleapis.com/auth/sqlservice.login"].contains(&scope)
        || scope.starts_with(BIGQUERY)
        || scope.starts_with("https://www.googleapis.com/auth/devstorage.")
}

/// The scopes of a sign-in that renews one which asked for `known`.
pub(crate) fn again(known: &[String], google: bool) -> Result<Vec<String>> {
    let known: Vec<String> = beyond_account(known).map(str::to_owned).collect();
    for_login(&known, google)
}

/// What `bqcred login` takes to ask for `wanted`, too, and for all that it would ask for without options: nothing, or
/// `--scopes` with the whole list, which is the other scopes' end otherwise. `known` are those of [`again`].
pub(crate) fn option_to_add(wanted: &[&str], known: &[String]) -> String {
    let is_bigquery = |scope: &&str| scope.starts_with(BIGQUERY);
    let mut all: Vec<&str> = beyond_account(known).collect();
    if !all.iter().any(is_bigquery) {
        all.push(BIGQUERY);
    }
    let missing: Vec<&str> =
        beyond_account(wanted.iter().copied()).filter(|scope| !all.contains(scope)).collect();
    if missing.is_empty() {
        return String::new();
    }
    all.extend(missing);
    // alone, it is asked for without being named
    let is_alone = all.iter().filter(|scope| is_bigquery(scope)).count() == 1;
    let names: Vec<&str> =
        all.into_iter().filter(|scope| !(is_alone && *scope == BIGQUERY)).map(name).collect();
    format!(" --scopes {}", names.join(","))
}

/// Without the scopes for the account, which differ between servers: `for_login` knows them.
fn beyond_account<'s>(
    scopes: impl IntoIterator<Item = &'s (impl AsRef<str> + ?Sized + 's)>,
) -> impl Iterator<Item = &'s str> {
    let account = ["openid", "email", "profile", "offline_access", EMAIL];
    scopes.into_iter().map(AsRef::as_ref).filter(move |scope| !account.contains(scope))
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
    fn a_scope_is_added_to_those_that_there_are() {
        let full = |names: &[&str]| exactly(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        for (wanted, known, option) in [
            (&["drive"][..], &[][..], " --scopes drive"),
            (&["drive"], &["openid", "email", "bigquery"], " --scopes drive"),
            (&["drive"], &["bigquery", "cloud-platform"], " --scopes cloud-platform,drive"),
            (&["storage"], &["bigquery.readonly", "drive"], " --scopes bigquery.readonly,drive,storage"),
            (&["bigquery"], &["bigquery.readonly"], " --scopes bigquery.readonly,bigquery"),
            (&["bigquery", "drive", "email"], &["drive"], ""),
            (&["cloud-platform"], &["cloud-platform"], ""),
        ] {
            let (wanted, known) = (full(wanted).unwrap(), full(known).unwrap());
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            let added = option_to_add(&wanted, &known);
            assert_eq!(added, option, "{wanted:?} {known:?}");
            // what the command asks for is all of both
            let named = added
                .strip_prefix(" --scopes ")
                .map_or(known.clone(), |names| names.split(',').map(str::to_owned).collect());
            let asked = for_login(&named, true).unwrap();
            let lost = not_granted(&known, &asked).len();
            assert_eq!(
                (lost, wanted.iter().filter(|scope| !asked.contains(&(**scope).to_owned())).count()),
                (0, 0)
            );
        }
    }

    #[test]
    fn some_scopes_allow_bigquery_and_some_are_gclouds_own() {
        let allow = |scope: &str| allow_bigquery(&["openid".to_owned(), scope.to_owned()]);
        assert!(allow(BIGQUERY) && allow("https://www.googleapis.com/auth/bigquery.readonly"));
        assert!(allow("https://www.googleapis.com/auth/cloud-platform"));
        assert!(!allow("https://www.googleapis.com/auth/drive") && !allow("bigquery"));
        assert!(gcloud_covers("openid") && gcloud_covers(BIGQUERY));
        assert!(!gcloud_covers(DRIVE));
    }
}
