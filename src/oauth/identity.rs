//! Which account a token belongs to.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

/// An account, as the server knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The server's lasting identifier.
    pub(crate) sub: Option<String>,
    /// The email address, if the server has verified it.
    pub(crate) email: Option<String>,
    /// The scopes of the token that was asked about.
    pub(crate) scopes: Option<Vec<String>>,
}

/// The account and the scopes in Google's answer about an access token; `None` if it is not one.
pub(super) fn from_tokeninfo(body: &[u8]) -> Option<Identity> {
    #[derive(Deserialize)]
    struct Tokeninfo {
        sub: Option<String>,
        email: Option<String>,
        email_verified: Option<serde_json::Value>,
        scope: Option<String>,
    }
    let info: Tokeninfo = serde_json::from_slice(body).ok()?;
    let verified = info.email_verified.is_none_or(|value| value == true || value == "true");
    Some(Identity {
        sub: info.sub,
        email: info.email.filter(|email| verified && is_email(email)),
        scopes: info.scope.map(|text| text.split_ascii_whitespace().map(str::to_owned).collect()),
    })
}

/// The account in an id_token. Its signature needs no check: it came straight from the token
/// endpoint over TLS (OpenID Connect Core 3.1.3.7, point 6).
pub(super) fn from_id_token(id_token: &str) -> Option<Identity> {
    #[derive(Deserialize)]
    struct Claims {
        sub: Option<String>,
        email: Option<String>,
        email_verified: Option<bool>,
    }
    let payload = BASE64_URL_SAFE_NO_PAD.decode(id_token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    Some(Identity {
        sub: claims.sub.filter(|sub| !sub.contains(char::is_control)),
        email: claims.email.filter(|email| is_email(email) && claims.email_verified != Some(false)),
        scopes: None,
    })
}

fn is_email(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_token_names_the_account() {
        let token = |claims: &str| format!("x.{}.y", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let identity =
            from_id_token(&token(r#"{"sub":"1","email":"ada@example.com","email_verified":true}"#)).unwrap();
        assert_eq!(identity.email.as_deref(), Some("ada@example.com"));
        assert_eq!(identity.sub.as_deref(), Some("1"));
        let unfit = from_id_token(&token(r#"{"sub":"1\u001b","email":"a\u001b@example.com"}"#)).unwrap();
        assert_eq!(unfit, Identity::default());
        assert_eq!(from_id_token(&token(r#"{"email":""}"#)).unwrap().email, None);
        assert_eq!(from_id_token(&token(r#"{"email":"a","email_verified":false}"#)).unwrap().email, None);
        assert_eq!(from_id_token("nonsense"), None);
    }

    #[test]
    fn an_access_token_belongs_to_a_verified_email_address() {
        let email = |verified: &str| {
            let body =
                format!(r#"{{"sub":"1","email":"ada@example.com"{verified},"scope":"openid  email"}}"#);
            let identity = from_tokeninfo(body.as_bytes()).unwrap();
            assert_eq!(identity.sub.as_deref(), Some("1"));
            assert_eq!(identity.scopes.unwrap(), ["openid", "email"]);
            identity.email
        };
        for verified in ["", r#","email_verified":true"#, r#","email_verified":"true""#] {
            assert_eq!(email(verified).as_deref(), Some("ada@example.com"), "{verified}");
        }
        for unverified in
            [r#","email_verified":false"#, r#","email_verified":"false""#, r#","email_verified":1"#]
        {
            assert_eq!(email(unverified), None, "{unverified}");
        }
        assert_eq!(from_tokeninfo(b"[]"), None);
    }
}
