//! What an OAuth server is asked for: the authorization URL, the code and refresh grants, and the account of a token.

use oauth2::basic::{BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, Scope, StandardRevocableToken, TokenUrl,
};

use super::endpoints::Endpoints;
use super::error_response::{ErrorResponse, unreadable};
use super::failure::Failure;
use super::identity::{self, Identity};
use super::reason::Reason;
use super::request::{post_form, request_tokens, with_retries};
use super::tokens::{Fresh, TokenResponse};
use super::transport::Transport;
use crate::output::secret::Secret;
use crate::system::effects::{self, Progress};

/// What a sign-in asks the user for.
pub(crate) struct Consent {
    /// The address to open in a browser. Holds no secret.
    pub(crate) url: String,
    /// Comes back with the answer; ties it to this sign-in.
    pub(crate) state: Secret,
    /// Proves to the server that the program that exchanges the code also asked for it (PKCE, RFC 7636).
    pub(crate) verifier: Secret,
}

/// An OAuth server.
pub(crate) struct Google<'e> {
    pub(super) endpoints: &'e Endpoints,
}

type OAuthClient = oauth2::Client<
    ErrorResponse,
    TokenResponse,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl<'e> Google<'e> {
    /// The server at these endpoints. Nothing is sent yet.
    pub(crate) fn at(endpoints: &'e Endpoints) -> Self {
        Google { endpoints }
    }

    /// Begins a sign-in: an address with PKCE, a state, and a redirect to this machine
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

    /// Exchanges the code of a sign-in. Tried once: a code works once.
    pub(crate) fn exchange(
        &self,
        client_id: &str,
        client_secret: &Secret,
        redirect: &str,
        code: &Secret,
        verifier: &Secret,
    ) -> Result<Fresh, Failure> {
        let client = self.client(client_id, client_secret, Some(redirect))?;
        effects::sign_in(Progress::Sent);
        let issued = request_tokens(|send| {
            client
                .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
                .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()))
                .request(send)
        });
        match &issued {
            Ok(_) => effects::sign_in(Progress::Done),
            Err(Failure::Unreachable(why)) if why.may_have_arrived() => {}
            Err(_) => effects::sign_in(Progress::None),
        }
        issued.map_err(|failure| match failure {
            // until a code is exchanged there is no credential that could be invalid
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
        self.refresh_narrowed(client_id, client_secret, refresh_token, &[])
    }

    /// Gets a new access token for these scopes, of those that were granted (RFC 6749 section 6); for all of them if
    /// there are none.
    pub(crate) fn refresh_narrowed(
        &self,
        client_id: &str,
        client_secret: &Secret,
        refresh_token: &Secret,
        scopes: &[String],
    ) -> Result<Fresh, Failure> {
        let client = self.client(client_id, client_secret, None)?;
        let token = RefreshToken::new(refresh_token.expose().to_owned());
        let scopes = || scopes.iter().cloned().map(Scope::new);
        with_retries(|| {
            request_tokens(|send| client.exchange_refresh_token(&token).add_scopes(scopes()).request(send))
        })
    }

    /// Whether the server can be reached: any answer of its token endpoint will do. Nothing is sent but an empty form.
    pub(crate) fn reach(&self) -> Result<(), Failure> {
        post_form(&self.endpoints.token_uri, &[]).map(drop)
    }

    /// Asks which account an access token belongs to and what it may do. `None` if the server can't be asked.
    pub(crate) fn identify(&self, access_token: &Secret) -> Result<Option<Identity>, Failure> {
        let Some(uri) = self.endpoints.tokeninfo_uri.as_deref() else { return Ok(None) };
        with_retries(|| {
            let answer = post_form(uri, &[("access_token", access_token.expose())])?;
            if answer.status != 200 {
                let refused = ErrorResponse::read(&answer).map(|error| error.into_failure(answer.status));
                return Err(refused.unwrap_or(Failure::Unreachable(Transport::NotTheServer(answer.status))));
            }
            let identity = identity::from_tokeninfo(&answer.body);
            identity.map(Some).ok_or_else(|| Failure::Unreachable(unreadable(&answer)))
        })
    }

    fn client(&self, id: &str, secret: &Secret, redirect: Option<&str>) -> Result<OAuthClient, Failure> {
        // the endpoints were checked when they were read; this is for the crate's types
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

/// 256 random bits as text, in the alphabet of addresses.
pub(crate) fn random_secret() -> Secret {
    Secret::new(CsrfToken::new_random_len(32).into_secret())
}

/// The result of a refresh to which the server answers this.
#[cfg(any(test, feature = "internals"))]
pub(crate) fn refreshed_by(
    status: u16,
    body: &[u8],
    now: crate::system::clock::Time,
) -> Result<Fresh, Failure> {
    use super::http::HttpAnswer;
    use super::tokens::{for_oauth2, issued};
    let body = crate::output::secret::SecretBytes::new(body.to_vec());
    let answer = HttpAnswer { status, date: None, flavor: None, body };
    let client = Google::at(&Endpoints::google()).client("id", &Secret::new("s"), None)?;
    let token = RefreshToken::new("t".to_owned());
    issued(client.exchange_refresh_token(&token).request(&|_| for_oauth2(&answer)), now, None)
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
}
