//! A certificate authority for one run, and a certificate for Google's host names and loopback.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
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
    "serviceusage.googleapis.com",
    "sdk.cloud.google.com",
    "cloud.google.com",
];

/// What TLS needs, on disk and in memory.
pub struct Authority {
    /// The PEM file of the authority's certificate, readable by everybody.
    pub file: PathBuf,
    /// The server's side of TLS, for HTTP/1.1.
    pub server: Arc<rustls::ServerConfig>,
}

fn params(names: &[String], common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let year = |seconds: u64| 1970 + i32::try_from(seconds / 31_556_952).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    params.not_before = rcgen::date_time_ymd(year(now) - 1, 1, 1);
    params.not_after = rcgen::date_time_ymd(year(now) + 1, 12, 31);
    params
}

impl Authority {
    /// Makes the authority and its one certificate, and writes the former into this folder.
    pub fn new(folder: &Path) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = params(&[], "bqcred tests: a double of Google");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca_certificate = ca.self_signed(&ca_key).unwrap();
        let issuer = Issuer::new(ca, ca_key);

        let names: Vec<String> =
            HOSTS.iter().chain(&["localhost", "127.0.0.1"]).map(|n| (*n).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let mut leaf = params(&names, "double");
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = leaf.signed_by(&key, &issuer).unwrap();

        let file = folder.join("ca.pem");
        std::fs::write(&file, ca_certificate.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Authority { file, server: Arc::new(server) }
    }
}
