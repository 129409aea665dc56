//! The authorization URL, the code and refresh grants, revocation, and whose a token is.
//! The one home of `oauth2`.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use oauth2::basic::{BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::endpoints::Endpoints;
use super::failure::{Failure, Reason};
use super::http::{self, HttpAnswer, Transport};
use crate::output::secret::Secret;
use crate::system::clock::Time;

/// Waits before the second and third try of a request that may pass.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1500)];
/// Who was kept waiting this long is not made to wait for another try.
const PATIENCE: Duration = Duration::from_secs(10);
const FORM: [(&str, &str); 2] =
    [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
/// RFC 6749 leaves it to the server to say; Google always does, and always says an hour.
const USUAL_LIFE: u64 = 3_600;

/// What a login asks the person for.
pub(crate) struct Consent {
    /// The address to open in a browser. Holds no secret.
    pub(crate) url: String,
    /// Comes back with the answer; ties it to this login.
    pub(crate) state: Secret,
    /// Proves to the server that who exchanges the code also asked for it (PKCE, RFC 7636).
    pub(crate) verifier: Secret,
}

/// Tokens, fresh from the server.
#[derive(Debug)]
pub(crate) struct Fresh {
    /// For requests to Google's services.
    pub(crate) access_token: Secret,
    /// When it ends, by this machine's clock.
    pub(crate) expires: Time,
    /// A new refresh token: always after a login, and where a server rotates them.
    pub(crate) refresh_token: Option<Secret>,
    /// When the refresh token ends, where the server says so.
    pub(crate) refresh_token_expires: Option<Time>,
    /// The scopes that were granted, where the server says so.
    pub(crate) scopes: Option<Vec<String>>,
    /// Whose tokens these are, where the server says so.
    pub(crate) identity: Option<Identity>,
    /// How far the server's clock is ahead of this machine's, in seconds; negative if behind.
    pub(crate) clock_offset: Option<i64>,
}

/// A person, as the server knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The server's lasting identifier.
    pub(crate) sub: Option<String>,
    /// The address, if the server has verified it.
    pub(crate) email: Option<String>,
    /// The scopes of the token that was asked about.
    pub(crate) scopes: Option<Vec<String>>,
}

/// What a revocation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revoked {
    /// It ended now.
    Now,
    /// It had ended before.
    Before,
}

/// An OAuth server.
pub(crate) struct Google<'e> {
    endpoints: &'e Endpoints,
}

/// Beyond RFC 6749's fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Extra {
    id_token: Option<String>,
    refresh_token_expires_in: Option<u64>,
}

impl oauth2::ExtraTokenFields for Extra {}

/// RFC 6749 section 5.2, and Google's `error_subtype`, which the library's own type drops.
#[derive(Clone, Serialize, Deserialize)]
struct Refusal {
    error: String,
    error_subtype: Option<String>,
    error_description: Option<String>,
}

// The library asks for both; neither shows what the server said, which may repeat what was sent.
impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Refusal")
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl oauth2::ErrorResponse for Refusal {}

type Tokens = StandardTokenResponse<Extra, BasicTokenType>;
type OAuthClient = oauth2::Client<
    Refusal,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Transport {}

impl<'e> Google<'e> {
    /// The server at these endpoints. Nothing is sent yet.
    pub(crate) fn at(endpoints: &'e Endpoints) -> Self {
        Google { endpoints }
    }

    /// Begins a login: an address with PKCE, a state, and a redirect to this machine
    /// (<https://developers.google.com/identity/protocols/oauth2/native-app>).
    pub(crate) fn consent(
        &self,
        client_id: &str,
        redirect: &str,
        scopes: &[String],
        account: Option<&str>,
    ) -> Result<Consent, Failure> {
        let client = self.client(client_id, &Secret::new(""), Some(redirect))?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .add_extra_param("access_type", "offline")
            .add_extra_param("prompt", "consent"); // a refresh token each time, and the choice of account
        if let Some(account) = account {
            request = request.add_extra_param("login_hint", account);
        }
        let (url, state) = request.url();
        Ok(Consent {
            url: url.into(),
            state: Secret::new(state.into_secret()),
            verifier: Secret::new(verifier.into_secret()),
        })
    }

    /// Exchanges the code of a login. Tried once: a code is good for one use.
    pub(crate) fn exchange(
        &self,
        client_id: &str,
        client_secret: &Secret,
        redirect: &str,
        code: &Secret,
        verifier: &Secret,
    ) -> Result<Fresh, Failure> {
        let client = self.client(client_id, client_secret, Some(redirect))?;
        once(|send| {
            client
                .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
                .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()))
                .request(send)
        })
        .map_err(|failure| match failure {
            // before a code is exchanged there is no credential that could have ended
            Failure::Refused(Reason::GrantEnded) => Failure::Refused(Reason::BadCode),
            other => other,
        })
    }

    /// Gets a new access token. Tried again where that may help.
    pub(crate) fn refresh(
        &self,
        client_id: &str,
        client_secret: &Secret,
        refresh_token: &Secret,
    ) -> Result<Fresh, Failure> {
        let client = self.client(client_id, client_secret, None)?;
        let token = RefreshToken::new(refresh_token.expose().to_owned());
        patiently(|| once(|send| client.exchange_refresh_token(&token).request(send)))
    }

    /// Ends the whole grant that a token belongs to (RFC 7009; at Google: every token of every client
    /// of that Cloud project for that person).
    pub(crate) fn revoke(
        &self,
        client_id: &str,
        client_secret: &Secret,
        refresh_token: &Secret,
    ) -> Result<Revoked, Failure> {
        let Some(uri) = self.endpoints.revoke_uri.as_deref() else {
            return Err(Failure::Refused(Reason::Other("no_revocation_endpoint".to_owned())));
        };
        let mut form = vec![("token", refresh_token.expose())];
        if self.endpoints.foreign_host().is_some() {
            // RFC 7009 section 2.1: the client names itself; Google wants the token alone
            form.push(("client_id", client_id));
            form.push(("client_secret", client_secret.expose()));
        }
        patiently(|| {
            let answer = post_form(uri, &form)?;
            match (answer.status, refusal_of(&answer)) {
                // the body of a success is of no importance (RFC 7009 section 2.2), but a page is no success
                (200, _) if starts_with(&answer.body, b'<') => {
                    Err(Failure::Unreachable(Transport::NotTheServer(200)))
                }
                (200, _) => Ok(Revoked::Now),
                (_, Some(refusal)) if matches!(refusal.error.as_str(), "invalid_token" | "invalid_grant") => {
                    Ok(Revoked::Before)
                }
                (status, Some(refusal)) => Err(refusal.into_failure(status)),
                (_, None) => Err(malformed(&answer)),
            }
        })
    }

    /// Asks whose an access token is and what it may do. `None` if the server can't be asked.
    pub(crate) fn identify(&self, access_token: &Secret) -> Result<Option<Identity>, Failure> {
        let Some(uri) = self.endpoints.tokeninfo_uri.as_deref() else { return Ok(None) };
        patiently(|| {
            let answer = post_form(uri, &[("access_token", access_token.expose())])?;
            if answer.status != 200 {
                let refused = refusal_of(&answer).map(|refusal| refusal.into_failure(answer.status));
                return Err(refused.unwrap_or(Failure::Unreachable(Transport::NotTheServer(answer.status))));
            }
            tokeninfo(&answer.body).map(Some).ok_or_else(|| malformed(&answer))
        })
    }

    fn client(&self, id: &str, secret: &Secret, redirect: Option<&str>) -> Result<OAuthClient, Failure> {
        // the endpoints were checked when they were read; this is for the library's types
        let bad = |_| Failure::Refused(Reason::Other("bad_endpoint".to_owned()));
        let mut client = oauth2::Client::new(ClientId::new(id.to_owned()))
            .set_auth_type(oauth2::AuthType::RequestBody) // as gcloud does
            .set_auth_uri(AuthUrl::new(self.endpoints.auth_uri.clone()).map_err(bad)?)
            .set_token_uri(TokenUrl::new(self.endpoints.token_uri.clone()).map_err(bad)?);
        if !secret.expose().is_empty() {
            client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
        }
        if let Some(redirect) = redirect {
            client = client.set_redirect_uri(RedirectUrl::new(redirect.to_owned()).map_err(bad)?);
        }
        Ok(client)
    }
}

/// Repeats what may pass, after a pause, unless it took long already.
fn patiently<T>(mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    let started = Instant::now();
    for pause in PAUSES {
        match attempt() {
            Err(failure) if failure.may_pass() && started.elapsed() < PATIENCE => std::thread::sleep(pause),
            done => return done,
        }
    }
    attempt()
}

type Sender<'s> = &'s dyn Fn(oauth2::HttpRequest) -> Result<oauth2::HttpResponse, Transport>;

/// One request of the library's to the token endpoint, over our HTTPS.
fn once(
    request: impl FnOnce(&Sender<'_>) -> Result<Tokens, RequestTokenError<Transport, Refusal>>,
) -> Result<Fresh, Failure> {
    let before = Time::now();
    let date = std::cell::Cell::new(None);
    let send = |request: oauth2::HttpRequest| {
        let answer = http::post(&request.uri().to_string(), &FORM, request.body())?;
        date.set(answer.date);
        answer_for_library(&answer)
    };
    let sender: Sender<'_> = &send;
    outcome(request(&sender), before, date.get())
}

/// What the library made of an answer, in our words.
fn outcome(
    result: Result<Tokens, RequestTokenError<Transport, Refusal>>,
    before: Time,
    date: Option<Time>,
) -> Result<Fresh, Failure> {
    match result {
        Ok(tokens) => Fresh::of(&tokens, before, date).ok_or(Failure::Unreachable(Transport::Malformed)),
        Err(RequestTokenError::ServerResponse(refusal)) => Err(refusal.into_failure(400)),
        Err(RequestTokenError::Request(transport)) => Err(Failure::Unreachable(transport)),
        Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
            Err(Failure::Unreachable(Transport::Malformed))
        }
    }
}

/// What a refresh comes to if this is the server's answer.
#[cfg(any(test, feature = "internals"))]
pub(crate) fn refreshed_by(status: u16, body: &[u8], now: Time) -> Result<Fresh, Failure> {
    let body = crate::output::secret::SecretBytes::new(body.to_vec());
    let answer = HttpAnswer { status, date: None, flavor: None, body };
    let client = Google::at(&Endpoints::google()).client("id", &Secret::new("s"), None)?;
    let token = RefreshToken::new("t".to_owned());
    outcome(client.exchange_refresh_token(&token).request(&|_| answer_for_library(&answer)), now, None)
}

/// Hands the library only what it can judge; pages of proxies and servers in trouble are told apart
/// here.
fn answer_for_library(answer: &HttpAnswer) -> Result<oauth2::HttpResponse, Transport> {
    let status = answer.status;
    if status == 407 {
        return Err(Transport::ProxyAuthentication);
    }
    if status == 429 || status >= 500 {
        return Err(Transport::Busy(status));
    }
    if status != 200 {
        let refusal = refusal_of(answer).ok_or_else(|| not_understood(answer))?;
        refusal.passing(status).map_or(Ok(()), Err)?;
    }
    if status == 200 && !starts_with(&answer.body, b'{') {
        return Err(Transport::NotTheServer(status));
    }
    let mut response = oauth2::HttpResponse::new(answer.body.to_vec());
    *response.status_mut() = oauth2::http::StatusCode::from_u16(status).unwrap_or_default();
    Ok(response)
}

fn post_form(uri: &str, form: &[(&str, &str)]) -> Result<HttpAnswer, Failure> {
    let body = Secret::new(form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish());
    let answer = http::post(uri, &FORM, body.expose().as_bytes()).map_err(Failure::Unreachable)?;
    match answer.status {
        407 => Err(Failure::Unreachable(Transport::ProxyAuthentication)),
        status if status == 429 || status >= 500 => Err(Failure::Unreachable(Transport::Busy(status))),
        _ => Ok(answer),
    }
}

fn refusal_of(answer: &HttpAnswer) -> Option<Refusal> {
    serde_json::from_slice(&answer.body).ok()
}

fn malformed(answer: &HttpAnswer) -> Failure {
    Failure::Unreachable(not_understood(answer))
}

/// JSON is no page, whatever it says.
fn not_understood(answer: &HttpAnswer) -> Transport {
    match starts_with(&answer.body, b'{') {
        true => Transport::Malformed,
        false => Transport::NotTheServer(answer.status),
    }
}

fn starts_with(body: &[u8], first: u8) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&first)
}

fn is_address(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

fn split_scopes(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

impl Refusal {
    /// Words for trouble that passes, which servers give with other statuses than 429 and 503 too
    /// (RFC 6749 section 4.1.2.1, RFC 8628 section 3.5, and Google's own).
    fn passing(&self, status: u16) -> Option<Transport> {
        match self.error.as_str() {
            "rate_limit_exceeded" | "slow_down" => Some(Transport::Busy(429)),
            "temporarily_unavailable" | "server_error" | "internal_failure" | "backend_error" => {
                Some(Transport::Busy(status))
            }
            _ => None,
        }
    }

    fn into_failure(self, status: u16) -> Failure {
        if let Some(transport) = self.passing(status) {
            return Failure::Unreachable(transport);
        }
        Failure::Refused(Reason::of(
            &self.error,
            self.error_subtype.as_deref(),
            self.error_description.as_deref(),
        ))
    }
}

impl Fresh {
    /// `None` if what came are no tokens: they go into files and headers and onto stdout, and scopes are shown.
    fn of(tokens: &Tokens, before: Time, date: Option<Time>) -> Option<Fresh> {
        let extra = tokens.extra_fields();
        let life = tokens.expires_in().map_or(USUAL_LIFE, |span| span.as_secs());
        let access_token = token(tokens.access_token().secret())?;
        let refresh_token = match tokens.refresh_token() {
            Some(fresh) => Some(token(fresh.secret())?),
            None => None,
        };
        let scopes: Vec<String> = tokens
            .scopes()
            .into_iter()
            .flatten()
            .map(|scope| scope.to_string())
            .filter(|scope| !scope.is_empty())
            .collect();
        scopes.iter().all(|scope| is_plain(scope)).then_some(Fresh {
            access_token,
            expires: before.plus(life),
            refresh_token,
            refresh_token_expires: extra.refresh_token_expires_in.map(|seconds| before.plus(seconds)),
            scopes: Some(scopes).filter(|scopes| !scopes.is_empty()),
            identity: extra.id_token.as_deref().and_then(identity_in),
            clock_offset: date.map(|date| offset(before, date)),
        })
    }
}

/// A token as RFC 6749 appendix A.12 has it.
fn token(text: &str) -> Option<Secret> {
    is_plain(text).then(|| Secret::new(text))
}

/// Printable ASCII, and some of it.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

fn offset(ours: Time, theirs: Time) -> i64 {
    let ahead = i64::try_from(theirs.since(ours)).unwrap_or(i64::MAX);
    ahead.saturating_sub(i64::try_from(ours.since(theirs)).unwrap_or(i64::MAX))
}

/// The person and the scopes that Google's answer about an access token names.
fn tokeninfo(body: &[u8]) -> Option<Identity> {
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
        email: info.email.filter(|email| verified && is_address(email)),
        scopes: info.scope.map(|text| split_scopes(&text)),
    })
}

/// The person named by an id_token. Its signature needs no check: it came straight from the token
/// endpoint over TLS (OpenID Connect Core 3.1.3.7, point 6).
fn identity_in(id_token: &str) -> Option<Identity> {
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
        email: claims.email.filter(|email| is_address(email) && claims.email_verified != Some(false)),
        scopes: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authorization_url_asks_for_what_google_needs() {
        let endpoints = Endpoints::google();
        let scopes = ["openid".to_owned(), "b c".to_owned()];
        let consent = Google::at(&endpoints)
            .consent("id", "http://127.0.0.1:1/", &scopes, Some("ada@example.com"))
            .unwrap();
        let url = url::Url::parse(&consent.url).unwrap();
        let parameters: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "id"),
            ("redirect_uri", "http://127.0.0.1:1/"),
            ("scope", "openid b c"),
            ("access_type", "offline"),
            ("prompt", "consent"),
            ("code_challenge_method", "S256"),
            ("login_hint", "ada@example.com"),
            ("state", consent.state.expose()),
        ] {
            assert_eq!(parameters.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(!consent.url.contains(consent.verifier.expose()));
    }

    #[test]
    fn each_status_is_judged_before_the_library_sees_it() {
        let tokens: &[u8] = br#" {"access_token":"a","token_type":"Bearer","scope":"openid email"}"#;
        let fresh = |status, body: &[u8]| refreshed_by(status, body, Time::now());
        assert_eq!(fresh(200, tokens).unwrap().scopes.unwrap(), ["openid", "email"]);
        for (status, body, transport) in [
            (407, tokens, Transport::ProxyAuthentication),
            (429, tokens, Transport::Busy(429)),
            (500, tokens, Transport::Busy(500)),
            (503, br#"{"error":"invalid_grant"}"#, Transport::Busy(503)),
            (400, br#"{"error":"slow_down"}"#, Transport::Busy(429)),
            (200, b"<html>", Transport::NotTheServer(200)),
            (200, b"{}", Transport::Malformed),
        ] {
            assert_eq!(fresh(status, body).unwrap_err(), Failure::Unreachable(transport), "{status}");
        }
        let refused = fresh(400, br#"{"error":"invalid_grant"}"#).unwrap_err();
        assert_eq!(refused, Failure::Refused(Reason::GrantEnded));
    }

    #[test]
    fn what_cannot_be_written_down_is_no_token() {
        let fresh = |access: &str, refresh: &str, scope: &str| {
            let body = serde_json::json!({
                "access_token": access, "refresh_token": refresh, "scope": scope, "token_type": "Bearer",
            });
            refreshed_by(200, body.to_string().as_bytes(), Time::now())
        };
        assert!(fresh("a b~", "r", "openid").is_ok());
        for (access, refresh, scope) in [
            ("", "r", "s"),
            ("a\n", "r", "s"),
            ("a", "", "s"),
            ("a", "r\u{7f}", "s"),
            ("a", "é", "s"),
            ("a", "r", "\u{1b}"),
        ] {
            let failure = fresh(access, refresh, scope).unwrap_err();
            assert_eq!(
                failure,
                Failure::Unreachable(Transport::Malformed),
                "{access:?} {refresh:?} {scope:?}"
            );
        }
    }

    #[test]
    fn the_clocks_are_compared_in_both_directions() {
        let now = Time::now();
        assert_eq!((offset(now, now.plus(90)), offset(now.plus(90), now), offset(now, now)), (90, -90, 0));
    }

    #[test]
    fn an_id_token_names_the_person() {
        let token = |claims: &str| format!("x.{}.y", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let identity =
            identity_in(&token(r#"{"sub":"1","email":"ada@example.com","email_verified":true}"#)).unwrap();
        assert_eq!(identity.email.as_deref(), Some("ada@example.com"));
        assert_eq!(identity.sub.as_deref(), Some("1"));
        let unfit = identity_in(&token(r#"{"sub":"1\u001b","email":"a\u001b@example.com"}"#)).unwrap();
        assert_eq!(unfit, Identity::default());
        assert_eq!(identity_in(&token(r#"{"email":""}"#)).unwrap().email, None);
        assert_eq!(identity_in(&token(r#"{"email":"a","email_verified":false}"#)).unwrap().email, None);
        assert_eq!(identity_in("nonsense"), None);
    }

    #[test]
    fn an_access_token_belongs_to_a_verified_address() {
        let email = |verified: &str| {
            let body =
                format!(r#"{{"sub":"1","email":"ada@example.com"{verified},"scope":"openid  email"}}"#);
            let identity = tokeninfo(body.as_bytes()).unwrap();
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
        assert_eq!(tokeninfo(b"[]"), None);
    }

    #[test]
    fn json_that_is_no_refusal_is_no_page_either() {
        let told = |status, text: &str| {
            let body = crate::output::secret::SecretBytes::new(text.into());
            answer_for_library(&HttpAnswer { status, date: None, flavor: None, body }).unwrap_err()
        };
        let json = r#" {"error": {"code": 403, "status": "PERMISSION_DENIED"}}"#;
        assert_eq!(told(403, json), Transport::Malformed);
        assert_eq!(told(403, "<html>"), Transport::NotTheServer(403));
        assert_eq!(told(404, ""), Transport::NotTheServer(404));
    }
}
