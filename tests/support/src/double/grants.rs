//! What Google stores: clients, codes, refresh and access tokens, and their accounts.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// Google's limit of refresh tokens for one account and client.
pub const TOKENS_PER_CLIENT: usize = 100;

/// A registered OAuth client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its secret.
    pub secret: String,
    /// Redirects that it may use beside loopback.
    pub redirects: Vec<String>,
    /// Why the token endpoint refuses it (`deleted_client`, …), if it does.
    pub refused: Option<String>,
    /// In Testing: its refresh tokens are valid for seven days.
    pub testing: bool,
}

/// An authorization code and its meaning.
#[derive(Clone, Debug)]
pub struct Code {
    /// The account that consented.
    pub account: String,
    /// The client it was given to.
    pub client: String,
    /// The redirect it was sent to.
    pub redirect: String,
    /// The S256 challenge.
    pub challenge: String,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// When it ends.
    pub ends: SystemTime,
    /// Whether it was redeemed.
    pub used: bool,
}

/// A refresh or access token and its meaning.
#[derive(Clone, Debug)]
pub struct Token {
    /// The text.
    pub text: String,
    /// The account it belongs to.
    pub account: String,
    /// The client it was given to.
    pub client: String,
    /// The granted scopes.
    pub scopes: Vec<String>,
    /// When it expires, if it does.
    pub ends: Option<SystemTime>,
    /// Whether it was revoked, or fell out of the limit.
    pub revoked: bool,
    /// A refresh token whose owner has to sign in again (`invalid_rapt`).
    pub stale: bool,
}

/// Everything that was registered and issued.
#[derive(Clone, Default)]
pub struct Grants {
    /// By client id.
    pub clients: BTreeMap<String, Client>,
    /// By code.
    pub codes: BTreeMap<String, Code>,
    /// In the order of issue.
    pub refresh: Vec<Token>,
    /// In the order of issue.
    pub access: Vec<Token>,
    /// Every secret, and its kind.
    pub secrets: HashMap<String, &'static str>,
    counter: u64,
}

/// The Cloud project of a client: the digits that its id begins with.
pub fn cloud_project(client: &str) -> &str {
    client.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default()
}

/// The S256 challenge of a PKCE verifier (RFC 7636, section 4.2).
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// A stable, 21 digit user id, like Google's.
pub fn subject(account: &str) -> String {
    let digest = Sha256::digest(account);
    let mut number = [0; 8];
    number.copy_from_slice(&digest[..8]);
    format!("1{:020}", u64::from_be_bytes(number))
}

impl Grants {
    /// Restores what was registered and issued then. Secrets stay secrets, and no text is used twice.
    pub fn restore(&mut self, then: &Grants) {
        let now = std::mem::replace(self, then.clone());
        self.secrets = now.secrets;
        self.counter = now.counter;
    }

    /// A new random text with this prefix.
    pub fn fresh(&mut self, prefix: &str, what: &'static str) -> String {
        self.counter += 1;
        let mut hash = Sha256::new();
        hash.update(self.counter.to_be_bytes());
        hash.update(std::process::id().to_be_bytes());
        hash.update(format!("{:?}", SystemTime::now()));
        let random = hash.finalize();
        let text = format!("{prefix}{}-{}", URL_SAFE_NO_PAD.encode(random), self.counter);
        self.secrets.insert(text.clone(), what);
        text
    }

    /// Issues a code for a consent.
    pub fn issue_code(&mut self, code: Code) -> String {
        let text = self.fresh("4/0canary-", "an authorization code");
        self.codes.insert(text.clone(), code);
        text
    }

    /// Issues a refresh token; the oldest of more than 100 is revoked silently.
    pub fn issue_refresh(
        &mut self,
        account: &str,
        client: &str,
        scopes: &[String],
        ends: Option<SystemTime>,
    ) -> String {
        let text = self.fresh("1//0canary-", "a refresh token");
        self.refresh.push(Token {
            text: text.clone(),
            account: account.to_owned(),
            client: client.to_owned(),
            scopes: scopes.to_vec(),
            ends,
            revoked: false,
            stale: false,
        });
        let mut valid: Vec<&mut Token> = self
            .refresh
            .iter_mut()
            .filter(|token| !token.revoked && token.account == account && token.client == client)
            .collect();
        let surplus = valid.len().saturating_sub(TOKENS_PER_CLIENT);
        for token in valid.iter_mut().take(surplus) {
            token.revoked = true;
        }
        text
    }

    /// Issues an access token.
    pub fn issue_access(
        &mut self,
        account: &str,
        client: &str,
        scopes: &[String],
        now: SystemTime,
        life: Duration,
    ) -> String {
        let text = self.fresh("ya29.canary-", "an access token");
        self.put_access(&text, account, client, scopes, now + life);
        text
    }

    /// Makes a text known as an access token.
    pub fn put_access(
        &mut self,
        text: &str,
        account: &str,
        client: &str,
        scopes: &[String],
        ends: SystemTime,
    ) {
        self.access.push(Token {
            text: text.to_owned(),
            account: account.to_owned(),
            client: client.to_owned(),
            scopes: scopes.to_vec(),
            ends: Some(ends),
            revoked: false,
            stale: false,
        });
    }

    /// The access token with this text, if it is valid.
    pub fn valid_access(&self, text: &str, now: SystemTime) -> Option<&Token> {
        self.access.iter().find(|token| token.text == text && token.is_valid(now))
    }

    /// The refresh token with this text, valid or not.
    pub fn find_refresh(&self, text: &str) -> Option<&Token> {
        self.refresh.iter().find(|token| token.text == text)
    }

    /// Revokes a grant as Google does: everything of every client of the project, for that account.
    pub fn end_grant(&mut self, account: &str, project: &str) {
        for token in self.refresh.iter_mut().chain(&mut self.access) {
            if token.account == account && cloud_project(&token.client) == project {
                token.revoked = true;
            }
        }
    }

    /// Revokes all grants of an account, for every project.
    pub fn end_all(&mut self, account: &str) {
        for token in self.refresh.iter_mut().chain(&mut self.access) {
            token.revoked |= token.account == account;
        }
    }
}

impl Token {
    /// Whether it is neither revoked nor expired.
    pub fn is_valid(&self, now: SystemTime) -> bool {
        !self.revoked && self.ends.is_none_or(|ends| now < ends)
    }
}
