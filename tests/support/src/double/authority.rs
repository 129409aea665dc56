//! A certificate authority for one run, and a certificate for Google's host names and loopback.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Host names that the double answers for.
pub const HOSTS: &[&str] = &[
    "accounts.google.com",
    "oauth2.googleapis.com",
    "www.googleapis.com",
    "bigquery.googleapis.com",
    "openidconnect.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "reauth.googleapis.com",
    "iamcredentials.googleapis.com",
    "sts.googleapis.com",
    "sdk.cloud.google.com",
    "cloud.google.com",
];

/// What is wrong with the certificate that https and the proxy show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// It is for another host.
    WrongName,
    /// It is no longer valid.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// The authority is unknown.
    Untrusted,
}

/// What TLS needs, on disk and in memory.
pub struct Authority {
    /// The PEM file of the authority's certificate, readable by all users.
    pub file: PathBuf,
    /// The server's side of TLS.
    pub servers: Servers,
}

/// The server's side of TLS, good and bad, for HTTP/1.1.
#[derive(Clone)]
pub struct Servers {
    good: Arc<ServerConfig>,
    wrong_name: Arc<ServerConfig>,
    expired: Arc<ServerConfig>,
    not_yet_valid: Arc<ServerConfig>,
    untrusted: Arc<ServerConfig>,
}

impl Servers {
    /// The one with this fault, or with none.
    pub fn with(&self, fault: Option<TlsFault>) -> &Arc<ServerConfig> {
        match fault {
            None => &self.good,
            Some(TlsFault::WrongName) => &self.wrong_name,
            Some(TlsFault::Expired) => &self.expired,
            Some(TlsFault::NotYetValid) => &self.not_yet_valid,
            Some(TlsFault::Untrusted) => &self.untrusted,
        }
    }
}

/// The years, from this one on, in which a certificate is valid.
type Years = std::ops::RangeInclusive<i32>;

/// Valid now.
const VALID: Years = -3..=1;

fn params(names: &[&str], common_name: &str, years: &Years) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let year = 1970 + i32::try_from(now / 31_556_952).unwrap();
    params.not_before = rcgen::date_time_ymd(year + years.start(), 1, 1);
    params.not_after = rcgen::date_time_ymd(year + years.end(), 12, 31);
    params
}

impl Authority {
    /// Makes the authority and its certificates, and writes its own into this folder.
    pub fn new(folder: &Path) -> Self {
        let (pem, issuer) = authority("bqcred tests: a double of Google");
        let (_, stranger) = authority("an unknown authority");
        let file = folder.join("ca.pem");
        std::fs::write(&file, pem).unwrap();
        let names: Vec<&str> = HOSTS.iter().chain(&["localhost", "127.0.0.1"]).copied().collect();
        let servers = Servers {
            good: server(&names, &issuer, &VALID),
            wrong_name: server(&["wrong.example"], &issuer, &VALID),
            expired: server(&names, &issuer, &(-3..=-2)),
            not_yet_valid: server(&names, &issuer, &(1..=1)),
            untrusted: server(&names, &stranger, &VALID),
        };
        Authority { file, servers }
    }
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = params(&[], name, &VALID);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), Issuer::new(params, key))
}

fn server(names: &[&str], issuer: &Issuer<'_, KeyPair>, years: &Years) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let mut leaf = params(names, "double", years);
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf = leaf.signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(server)
}
