//! The addresses that a client signs in at, and which of them may be trusted with secrets.

use serde::{Deserialize, Serialize};
use url::Url;

use super::owner::{is_google, owner};

/// Where to sign in, to get tokens, to revoke and to ask about a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Endpoints {
    /// The user's browser goes here.
    pub(crate) auth_uri: String,
    /// Codes and refresh tokens are turned into access tokens here.
    pub(crate) token_uri: String,
    /// RFC 7009; `None` if the server has none that bqcred knows of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revoke_uri: Option<String>,
    /// Says which account an access token belongs to, as Google's `tokeninfo` does; `None` if the server has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tokeninfo_uri: Option<String>,
}

/// Google has issued client files with each of these over the years.
const GOOGLE_AUTH: [&str; 2] =
    ["https://accounts.google.com/o/oauth2/v2/auth", "https://accounts.google.com/o/oauth2/auth"];
const GOOGLE_TOKEN: [&str; 3] = [
    "https://oauth2.googleapis.com/token",
    "https://accounts.google.com/o/oauth2/token",
    "https://www.googleapis.com/oauth2/v3/token",
];

/// Whether tokens come from Google here, by any of its names for that.
pub(crate) fn is_googles_token_uri(uri: &str) -> bool {
    GOOGLE_TOKEN.contains(&uri)
}

impl Endpoints {
    /// Google's own (<https://developers.google.com/identity/protocols/oauth2/native-app>).
    pub(crate) fn google() -> Endpoints {
        Endpoints {
            auth_uri: "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
            token_uri: "https://oauth2.googleapis.com/token".to_owned(),
            revoke_uri: Some("https://oauth2.googleapis.com/revoke".to_owned()),
            tokeninfo_uri: Some("https://oauth2.googleapis.com/tokeninfo".to_owned()),
        }
    }

    /// Checks what a client file names. `Ok(None)`: Google's own. An error says what is wrong.
    pub(crate) fn from_client_file(
        auth: Option<&str>,
        token: Option<&str>,
        revoke: Option<&str>,
        tokeninfo: Option<&str>,
    ) -> Result<Option<Endpoints>, String> {
        let googles = |uri: Option<&str>, known: &[&str]| uri.is_none_or(|uri| known.contains(&uri));
        if googles(auth, &GOOGLE_AUTH)
            && googles(token, &GOOGLE_TOKEN)
            && revoke.is_none()
            && tokeninfo.is_none()
        {
            return Ok(None);
        }
        // With a server of its own, nothing is sent to Google: no guess for what the file leaves out.
        let own = [auth, token].into_iter().flatten().any(|uri| !is_google(uri));
        let google = Endpoints::google();
        let endpoints = Endpoints {
            auth_uri: auth.map_or(google.auth_uri, str::to_owned),
            token_uri: token.map_or(google.token_uri, str::to_owned),
            revoke_uri: revoke.map(str::to_owned).or(google.revoke_uri.filter(|_| !own)),
            tokeninfo_uri: tokeninfo.map(str::to_owned).or(google.tokeninfo_uri.filter(|_| !own)),
        };
        endpoints.checked().map(Some)
    }

    /// Checks every address, those that were filled in too, and that secrets of one server are not sent to
    /// another.
    pub(crate) fn checked(self) -> Result<Endpoints, String> {
        let owners = self
            .named()
            .map(|(name, uri)| Ok((name, owner(name, uri)?)))
            .collect::<Result<Vec<_>, String>>()?;
        for (name, one) in &owners {
            if let Some((other_name, other)) = owners.iter().find(|(_, other)| !one.may_share_secrets(other))
            {
                return Err(format!(
                    "its `{name}` is at {one}, but its `{other_name}` at {other}: secrets of one of them must \
                     not go to the other"
                ));
            }
        }
        Ok(self)
    }

    /// A host that gets secrets and isn't Google's: the user should know.
    pub(crate) fn foreign_host(&self) -> Option<String> {
        let (_, uri) = self.named().find(|(_, uri)| !is_google(uri))?;
        Url::parse(uri).ok().and_then(|url| url.host_str().map(str::to_owned))
    }

    /// Whether tokens come from this address here. Google has several names for its own.
    pub(crate) fn gets_tokens_at(&self, uri: &str) -> bool {
        let is_same = || Url::parse(uri).is_ok_and(|uri| Url::parse(&self.token_uri) == Ok(uri));
        is_same() || is_google(&self.token_uri) && is_google(uri)
    }

    fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let named = [
            ("auth_uri", Some(self.auth_uri.as_str())),
            ("token_uri", Some(self.token_uri.as_str())),
            ("revoke_uri", self.revoke_uri.as_deref()),
            ("tokeninfo_uri", self.tokeninfo_uri.as_deref()),
        ];
        named.into_iter().filter_map(|(name, uri)| Some((name, uri?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(auth: &str, token: &str) -> Result<Option<Endpoints>, String> {
        Endpoints::from_client_file(Some(auth), Some(token), None, None)
    }

    #[test]
    fn googles_own_endpoints_are_the_default() {
        assert_eq!(
            check("https://accounts.google.com/o/oauth2/auth", "https://oauth2.googleapis.com/token"),
            Ok(None)
        );
        assert_eq!(Endpoints::from_client_file(None, None, None, None), Ok(None));
        assert_eq!(Endpoints::google().foreign_host(), None);
        assert_eq!(Endpoints::google().checked(), Ok(Endpoints::google()));
        let revoke = Some("https://accounts.google.com/o/oauth2/revoke");
        let named = Endpoints::from_client_file(None, None, revoke, None).unwrap().unwrap();
        assert_eq!((named.revoke_uri.as_deref(), named.foreign_host()), (revoke, None));
        assert_eq!(named.tokeninfo_uri, Endpoints::google().tokeninfo_uri);
    }

    #[test]
    fn another_server_gets_no_endpoint_of_google() {
        let own = check("http://127.0.0.1:1/auth", "http://127.0.0.1:1/token").unwrap().unwrap();
        assert_eq!((own.revoke_uri.as_deref(), own.tokeninfo_uri.as_deref()), (None, None));
        assert_eq!(own.foreign_host().as_deref(), Some("127.0.0.1"));
        assert!(check("https://login.example/a", "https://login.example/t").unwrap().is_some());
    }

    #[test]
    fn tokens_come_from_the_same_address_under_each_of_its_names() {
        let own = check("https://login.example/a", "https://login.example/t").unwrap().unwrap();
        let old = "https://www.googleapis.com/oauth2/v4/token";
        assert!(own.gets_tokens_at("https://login.example:443/t") && Endpoints::google().gets_tokens_at(old));
        for other in [old, "https://login.example/", "http://login.example/t", "t", ""] {
            assert!(!own.gets_tokens_at(other), "{other}");
        }
        assert!(!Endpoints::google().gets_tokens_at("https://login.example/t"));
    }

    #[test]
    fn hostile_addresses_are_refused() {
        let token = "https://oauth2.googleapis.com/token";
        for bad in [
            "http://accounts.google.com/o/oauth2/auth",
            "http://login.example/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://accounts.google.com@evil.example/",
            "https://user:pass@login.example/",
            "https://accounts.google.com.evil.example/",
            "https://accounts-google.example/",
            "https://accounts.gооgle.com/",
            "https://evil.example/o/oauth2/auth",
            "https://x.example/#f",
            "not an address",
            "https:///x",
            "https://script.google.com/macros/s/x/exec",
            "https://storage.googleapis.com/bucket/sign-in.html",
            "https://www.googleapis.com/upload/storage/v1/b/bucket/o",
            "https://accounts.google.com/o/oauth2/auth?redirect_uri=https://evil.example",
            "https://accounts.google.com/o/oauth2/../../ServiceLogin",
            "https://accounts.google.com:8443/o/oauth2/auth",
            "https://accounts.google.com./o/oauth2/auth",
            "https://login.example./",
            "https://google.com/o/oauth2/auth",
            "http://127.0.0.1:1/",
        ] {
            assert!(check(bad, token).is_err(), "{bad}");
        }
        assert!(check("https://accounts.google.com/o/oauth2/auth", "https://evil.example/token").is_err());
        let named = Endpoints::from_client_file;
        assert!(named(None, Some("https://evil.example/t"), None, None).is_err());
        assert!(named(None, None, Some("https://evil.example/r"), None).is_err());
        assert!(named(None, None, None, Some("https://evil.example/i")).is_err());
        let (here, google) = (Some("http://127.0.0.1:1/a"), Some("https://oauth2.googleapis.com/token"));
        assert!(named(here, google, None, Some("https://evil.example/i")).is_err());
        assert!(named(None, None, None, here).is_err(), "any user of this machine can listen there");
        assert!(named(here, Some("https://login.example/t"), None, None).is_ok());
    }
}
