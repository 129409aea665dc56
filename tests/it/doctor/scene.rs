//! One environment: a home, variables, a double of Google, perhaps a VM's metadata server.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::common::{Google, Invocation, Run, Sandbox, venv};
use crate::double::{CLIENT_ID, CLIENT_SECRET, Metadata, OTHER_CLIENT_ID};

pub const ADA: &str = "ada@example.com";
pub const BOB: &str = "bob@example.com";
/// An address where nothing listens.
pub const NOBODY: &str = "127.0.0.1:1";
/// The scopes that bqcred's login requests.
pub const SCOPES: &[&str] = &["openid", "email", "bigquery"];

/// The environment.
pub struct Scene {
    // fields are dropped in this order: the double checks its log last
    pub metadata: Option<Metadata>,
    pub sandbox: Sandbox,
    pub google: Google,
    variables: Vec<(String, String)>,
    folder: PathBuf,
    /// google-auth retries for almost a minute: each library that uses it would repeat that.
    pub slow: bool,
    /// What gcloud and bq read is different here.
    pub concerns_gcloud: bool,
    /// R reads a file here when it starts.
    pub concerns_start_of_r: bool,
}

impl Scene {
    /// A home with nothing in it, and no VM.
    pub fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.add_gcloud();
        let google = Google::start();
        let mut scene = Scene {
            metadata: None,
            folder: sandbox.path("tmp"),
            sandbox,
            variables: google.env(),
            google,
            slow: false,
            concerns_gcloud: false,
            concerns_start_of_r: false,
        };
        scene.metadata_at(NOBODY);
        // one try shows the same as three, and takes less time
        scene.set("GCE_METADATA_DETECT_RETRIES", "1");
        scene
    }

    fn metadata_at(&mut self, host: &str) {
        for name in ["GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_URL", "GCE_METADATA_ROOT"] {
            self.set(name, host);
        }
    }

    /// Makes it a VM with a service account.
    pub fn vm(&mut self) -> &mut Self {
        let metadata = self.google.metadata_server();
        self.metadata_at(&metadata.host());
        self.metadata = Some(metadata);
        self
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl AsRef<Path>) -> &mut Self {
        let value = value.as_ref().to_str().unwrap().to_owned();
        self.concerns_gcloud |= name.starts_with("CLOUDSDK_");
        self.concerns_start_of_r |= name.starts_with("R_");
        self.unset(name);
        self.variables.push((name.to_owned(), value));
        self
    }

    /// Removes a variable.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// Writes a file below the home, 0600.
    pub fn file(&mut self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.sandbox.write(&format!("home/{path}"), content);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        self.concerns_gcloud |= path.to_str().unwrap().contains("/gcloud/configurations");
        self.concerns_start_of_r |= path.ends_with(".Renviron") || path.ends_with(".Rprofile");
        path
    }

    /// The working folder.
    pub fn work_in(&mut self, path: &str) -> PathBuf {
        self.folder = self.sandbox.path(path);
        std::fs::create_dir_all(&self.folder).unwrap();
        self.folder.clone()
    }

    /// A valid credential of this user.
    pub fn user(&self, who: &str) -> Value {
        let client = if who == BOB { OTHER_CLIENT_ID } else { CLIENT_ID };
        json!({
            "account": "", "client_id": client, "client_secret": CLIENT_SECRET,
            "refresh_token": self.google.grant(who, client, SCOPES),
            "type": "authorized_user", "universe_domain": "googleapis.com",
        })
    }

    /// The key of a service account, in the console's format.
    pub fn service_account(&self) -> Value {
        json!({
            "type": "service_account", "project_id": "p-robot", "private_key_id": "0123456789abcdef",
            "private_key": private_key(), "client_email": "robot@p-robot.iam.gserviceaccount.com",
            "client_id": "112233445566778899000", "token_uri": "https://oauth2.googleapis.com/token",
            "universe_domain": "googleapis.com",
        })
    }

    /// A login of pydata-google-auth's own.
    pub fn cache(&self, who: &str) -> Value {
        let mut cache = self.user(who);
        let object = cache.as_object_mut().unwrap();
        object
            .retain(|key, _| ["client_id", "client_secret", "refresh_token", "type"].contains(&key.as_str()));
        object.insert("id_token".into(), "e30.e30.e30".into());
        object.insert("token_uri".into(), "https://oauth2.googleapis.com/token".into());
        object.insert("scopes".into(), json!(["https://www.googleapis.com/auth/bigquery"]));
        cache
    }

    /// `~/adc.json` of this content, named by the variable.
    pub fn adc(&mut self, content: &Value) -> PathBuf {
        let path = self.file("adc.json", content.to_string());
        self.set("GOOGLE_APPLICATION_CREDENTIALS", &path);
        path
    }

    /// gcloud's default credential file, with this content.
    pub fn well_known(&mut self, content: &Value) -> PathBuf {
        self.file(".config/gcloud/application_default_credentials.json", content.to_string())
    }

    /// The whole environment of a program here.
    pub fn env(&self) -> BTreeMap<String, String> {
        self.sandbox.env().into_iter().chain(self.variables.clone()).collect()
    }

    /// The working folder that programs have here.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Any program here.
    pub fn program(&self, program: &Path, args: &[&str]) -> Invocation {
        self.sandbox.program(program, args).envs(self.variables.clone()).current_dir(&self.folder)
    }

    /// bqcred here.
    pub fn bqcred(&self, args: &[&str]) -> Invocation {
        self.program(Path::new(env!("CARGO_BIN_EXE_bqcred")), args)
    }

    /// The output of `doctor --json`, whatever the exit code.
    pub fn doctor(&self, args: &[&str]) -> Value {
        let run: Run = self.bqcred(&[&["doctor", "--json"], args].concat()).run();
        assert_eq!(run.stderr, "", "{}", run.line);
        run.json()
    }
}

/// An RSA key of this run alone, by the cryptography that google-auth needs anyway.
fn private_key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    const MAKE: &str = "
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
print(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode(), end='')
";
    KEY.get_or_init(|| {
        let Some(python) = venv(&["cryptography"]) else { return String::new() };
        let made = std::process::Command::new(python).args(["-c", MAKE]).output().unwrap();
        String::from_utf8(made.stdout).unwrap()
    })
}
