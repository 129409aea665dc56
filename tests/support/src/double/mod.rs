//! A strict double of Google on loopback: sign-in, tokens, revocation, BigQuery, a VM's metadata server.
//!
//! [`Google::start`] listens on free ports of 127.0.0.1 and stops when it is dropped. It can be reached in
//! three ways: over plain http and https under its own address, for client files that name their own
//! endpoints; and under Google's real host names through a CONNECT proxy that ends TLS itself, for programs
//! that have no setting for another address ([`Google::env`]).
//!
//! It accepts what Google documents and nothing else, records every request, and fails the test when it is
//! dropped if a secret was seen where none belongs, or anything was asked that no well-behaved client asks
//! ([`Google::assert_clean`]).

mod authority;
mod authorize;
mod bigquery;
mod browser;
mod controls;
pub mod federation;
pub mod grants;
mod http;
mod impersonation;
mod jobs;
mod leaks;
pub mod metadata;
mod request;
mod response;
mod routes;
pub mod script;
mod server;
mod sql;
mod system_ca;
mod token;
mod token_info;
mod world;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;

pub use authority::TlsFault;
pub use browser::Consent;
pub use metadata::Metadata;
pub use request::{Request, Via};
pub use script::{Endpoint, Script};

use authority::Authority;
use grants::Client;
use server::Listener;
use world::{World, lock};

/// The client id in [`Google::client_json`].
pub const CLIENT_ID: &str = "123456789012-double.apps.googleusercontent.com";
/// Another client of the same Cloud project: revoking one's grant ends the other's.
pub const SIBLING_CLIENT_ID: &str = "123456789012-sibling.apps.googleusercontent.com";
/// A client of another Cloud project.
pub const OTHER_CLIENT_ID: &str = "210987654321-other.apps.googleusercontent.com";
/// The secret of all of them.
pub const CLIENT_SECRET: &str = "GOCSPX-canary-client-secret";
/// What occurs in every secret that the double makes; never in output, unless the output is meant to be secret.
pub const CANARIES: &[&str] = &["0canary-", "ya29.canary-", "GOCSPX-canary", "0canary%2D"];

/// The running double.
pub struct Google {
    world: Arc<World>,
    http: Listener,
    https: Listener,
    proxy: Listener,
    tunnel_end: Listener,
    authority: Authority,
    /// Removed when this is dropped.
    _folder: tempfile::TempDir,
    tolerant: bool,
}

impl Google {
    /// Starts it, with three clients registered and no user signed in.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("double-").tempdir().unwrap();
        open_to_all(folder.path());
        let authority = Authority::new(folder.path());
        let world = Arc::new(World::new());
        let seen = Arc::clone(&world);
        let http = Listener::start(move |stream| {
            server::serve_http(&seen, stream, Via::Http, None, &routes::answer)
        });
        let (seen, tls) = (Arc::clone(&world), authority.servers.clone());
        let https = Listener::start(move |stream| server::serve_https(&seen, stream, &tls, Via::Https, None));
        let (seen, tls) = (Arc::clone(&world), authority.servers.clone());
        let proxy = Listener::start(move |stream| server::serve_proxy(&seen, stream, &tls));
        let seen = Arc::clone(&world);
        let tunnel_end = Listener::start(move |stream| {
            server::serve_http(&seen, stream, Via::Proxy, None, &routes::answer)
        });
        let google =
            Google { world, http, https, proxy, tunnel_end, authority, _folder: folder, tolerant: false };
        for id in [CLIENT_ID, SIBLING_CLIENT_ID, OTHER_CLIENT_ID] {
            google.add_client(id, CLIENT_SECRET, &[]);
        }
        lock(&google.world.data).projects = vec!["analytics-dev".into(), "p1".into()];
        google
    }

    /// `http://127.0.0.1:PORT`
    pub fn http_base(&self) -> String {
        format!("http://{}", self.http.address)
    }

    /// `https://127.0.0.1:PORT`
    pub fn https_base(&self) -> String {
        format!("https://{}", self.https.address)
    }

    /// The CONNECT proxy, `http://127.0.0.1:PORT`.
    pub fn proxy(&self) -> String {
        format!("http://{}", self.proxy.address)
    }

    /// Where the double takes what came through the proxy without its TLS ([`Google::end_tunnels_at`]), as a relay
    /// passes it on.
    pub fn plain_tunnel_end(&self) -> std::net::SocketAddr {
        self.tunnel_end.address
    }

    /// The certificate of the double's authority, as PEM.
    pub fn ca_file(&self) -> &Path {
        &self.authority.file
    }

    /// The variables with which unchanged programs reach the double under Google's names.
    pub fn env(&self) -> Vec<(String, String)> {
        let ca = self.ca_file().to_str().unwrap();
        let proxy = self.proxy();
        let own = "127.0.0.1,localhost,::1";
        [
            ("HTTPS_PROXY", proxy.as_str()),
            ("https_proxy", &proxy),
            ("NO_PROXY", own),
            ("no_proxy", own),
            ("SSL_CERT_FILE", ca),
            ("REQUESTS_CA_BUNDLE", ca),
            ("CURL_CA_BUNDLE", ca),
            ("NODE_EXTRA_CA_CERTS", ca),
            ("HTTPLIB2_CA_CERTS", ca),
            ("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", ca),
            ("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true"),
            ("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true"),
            ("CLOUDSDK_SURVEY_DISABLE_PROMPTS", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// A `client_secret.json` of a desktop app whose endpoints are the double's, over plain http.
    pub fn client_json(&self) -> String {
        self.client_json_of(CLIENT_ID)
    }

    /// The same for another of the registered clients.
    pub fn client_json_of(&self, id: &str) -> String {
        let base = self.http_base();
        let value = json!({"installed": {
            "client_id": id,
            "project_id": "double",
            "auth_uri": format!("{base}/o/oauth2/v2/auth"),
            "token_uri": format!("{base}/token"),
            "revoke_uri": format!("{base}/revoke"),
            "tokeninfo_uri": format!("{base}/tokeninfo"),
            "auth_provider_x509_cert_url": format!("{base}/oauth2/v1/certs"),
            "client_secret": CLIENT_SECRET,
            "redirect_uris": ["http://localhost"],
        }});
        value.to_string()
    }

    /// A `client_secret.json` as the console gives it, to be used through the proxy.
    pub fn google_client_json(&self) -> String {
        let value = json!({"installed": {
            "client_id": CLIENT_ID,
            "project_id": "double",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token",
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_secret": CLIENT_SECRET,
            "redirect_uris": ["http://localhost"],
        }});
        value.to_string()
    }

    /// Registers a client; `redirects` are those that it may use beside loopback.
    pub fn add_client(&self, id: &str, secret: &str, redirects: &[&str]) {
        let redirects = redirects.iter().map(|uri| (*uri).to_owned()).collect();
        let client = Client { secret: secret.into(), redirects, refused: None, testing: false };
        let mut grants = lock(&self.world.grants);
        grants.secrets.insert(secret.to_owned(), "a client secret");
        grants.clients.insert(id.to_owned(), client);
    }

    /// A metadata server of a VM, whose tokens the double's BigQuery accepts as the service account's.
    pub fn metadata_server(&self) -> Metadata {
        Metadata::start(&self.world)
    }

    /// All requests so far, the browser's and the metadata server's included.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.world.log).requests.clone()
    }

    /// The requests since the last call of this.
    pub fn take_requests(&self) -> Vec<Request> {
        let mut log = lock(&self.world.log);
        let new = log.requests[log.taken..].to_vec();
        log.taken = log.requests.len();
        new
    }

    /// How many requests came for this path.
    pub fn count(&self, path: &str) -> usize {
        lock(&self.world.log).requests.iter().filter(|request| request.path == path).count()
    }

    /// Who ran BigQuery jobs so far, each once, in the order of their first job.
    pub fn identities(&self) -> Vec<String> {
        let mut seen: Vec<String> = Vec::new();
        for account in self.job_runners() {
            if !seen.contains(&account) {
                seen.push(account);
            }
        }
        seen
    }

    /// The account of every BigQuery job so far, in order.
    pub fn job_runners(&self) -> Vec<String> {
        lock(&self.world.data).runners.clone()
    }

    /// Every secret that was issued or seen, for searches in files and memory.
    pub fn secrets(&self) -> Vec<String> {
        lock(&self.world.grants).secrets.keys().cloned().collect()
    }

    /// Requests that no well-behaved client sends, so far.
    pub fn unexpected(&self) -> Vec<String> {
        lock(&self.world.log).unexpected.clone()
    }

    /// Secrets seen in the wrong place, so far.
    pub fn leaks(&self) -> Vec<String> {
        lock(&self.world.log).leaks.clone()
    }

    /// The test causes unexpected requests: they don't fail it. Leaks still do.
    pub fn expect_unexpected(&mut self) {
        self.tolerant = true;
    }

    /// Panics, with the list, if a secret was seen in the wrong place or an unexpected request came.
    pub fn assert_clean(&self) {
        let mut problems = self.leaks();
        if !self.tolerant {
            problems.extend(self.unexpected());
        }
        problems.dedup();
        assert!(problems.is_empty(), "the double of Google saw:\n  {}", problems.join("\n  "));
    }
}

/// Programs of another user have to read the authority's certificate.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

impl Drop for Google {
    fn drop(&mut self) {
        self.world.stopping.store(true, Ordering::SeqCst);
        if !std::thread::panicking() {
            self.assert_clean();
        }
    }
}
