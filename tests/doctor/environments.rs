//! The table of environments: what people have, and what goes wrong with it.

use serde_json::{Value, json};

use super::common::double::{CLIENT_ID, Script};
use super::common::{Consent, Endpoint, find_program, gcloud_clients};
use super::scene::{ADA, BOB, NOBODY, Scene};

/// A name, and what makes the environment so.
pub type Environment = (&'static str, fn(&mut Scene));

const ADC: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const PYDATA: &str = ".config/pydata/pydata_google_credentials.json";
const PANDAS_GBQ: &str = ".config/pandas_gbq/bigquery_credentials.dat";
const IBIS: &str = ".config/pydata/ibis.json";

/// All of them.
pub const ENVIRONMENTS: &[Environment] = &[
    ("nothing at all", |_| {}),
    ("a VM and nothing else", |s| {
        s.concerns_gcloud = true;
        s.vm();
    }),
    ("a person's file", |s| {
        s.concerns_gcloud = true;
        s.adc(&s.user(ADA));
    }),
    ("a person's file on a VM", |s| {
        s.adc(&s.user(ADA));
        s.vm();
    }),
    ("after `bqcred env` on a VM", |s| {
        after_env(s, &[]);
        s.vm();
    }),
    ("after `bqcred env --gcloud` on a VM", |s| {
        s.vm();
        after_env(s, &["--gcloud"]);
    }),
    ("after `bqcred env`, and then revoked, on a VM", |s| {
        s.vm();
        after_env(s, &[]);
        s.google.revoke_grant(ADA);
    }),
    ("the variable is empty on a VM", |s| {
        s.set(ADC, "").vm();
    }),
    ("the file is missing", |s| {
        s.set(ADC, "/nowhere/adc.json");
    }),
    ("the file is missing on a VM", |s| {
        s.set(ADC, "/nowhere/adc.json").vm();
    }),
    ("the file is missing on a VM, but there is a guard", |s| {
        s.set(ADC, "/nowhere/adc.json").vm();
        guard(s);
    }),
    ("no file on a VM, but there is a guard", |s| {
        s.vm();
        guard(s);
    }),
    ("a path with ~ on a VM", |s| {
        s.adc(&s.user(ADA));
        s.set(ADC, "~/adc.json").vm();
    }),
    ("a relative path", |s| {
        s.adc(&s.user(ADA));
        s.set(ADC, "adc.json").work_in("home");
    }),
    ("a relative path from elsewhere on a VM", |s| {
        s.adc(&s.user(ADA));
        s.set(ADC, "adc.json").vm().work_in("home/elsewhere");
    }),
    ("a folder", |s| {
        let folder = s.sandbox.home();
        s.set(ADC, folder);
    }),
    ("a folder on a VM", |s| {
        let folder = s.sandbox.home();
        s.set(ADC, folder).vm();
    }),
    ("no JSON on a VM", |s| broken(s, b"{\"type\":")),
    ("an empty file on a VM", |s| broken(s, b"")),
    ("a list on a VM", |s| broken(s, b"[]")),
    ("a text in quotes on a VM", |s| broken(s, b"\"authorized_user\"")),
    ("an object with nothing in it on a VM", |s| broken(s, b"{}")),
    ("a byte order mark on a VM", |s| {
        let text = format!("\u{feff}{}", s.user(ADA));
        broken(s, text.as_bytes());
    }),
    ("UTF-16 on a VM", |s| {
        let bytes: Vec<u8> = s.user(ADA).to_string().encode_utf16().flat_map(u16::to_le_bytes).collect();
        broken(s, &[&[0xff, 0xfe], &bytes[..]].concat());
    }),
    ("no refresh token on a VM", |s| {
        without(s, "refresh_token");
    }),
    ("no client secret", |s| {
        without(s, "client_secret");
    }),
    ("no type on a VM", |s| {
        without(s, "type");
        s.vm();
    }),
    ("a refresh token that is null", |s| {
        with(s, "refresh_token", Value::Null);
    }),
    ("a refresh token that is empty on a VM", |s| {
        with(s, "refresh_token", json!(""));
        s.vm();
    }),
    ("a type that nobody knows", |s| {
        with(s, "type", json!("something_new"));
    }),
    ("another universe on a VM", |s| {
        with(s, "universe_domain", json!("example.goog"));
        s.vm();
    }),
    ("a universe that is null", |s| {
        with(s, "universe_domain", Value::Null);
    }),
    ("scopes that were not granted on a VM", |s| {
        with(s, "scopes", json!(["https://www.googleapis.com/auth/drive"]));
        s.vm();
    }),
    ("scopes that were granted", |s| {
        with(s, "scopes", json!("https://www.googleapis.com/auth/bigquery openid"));
    }),
    ("an access token that lasts, of a grant that is over", |s| {
        let mut user = s.user(ADA);
        user["refresh_token"] = "1//0gone".into();
        user["token"] = s.google.access_token(ADA, CLIENT_ID, super::scene::SCOPES).into();
        user["expiry"] = "2099-01-01T00:00:00Z".into();
        s.adc(&user);
        s.vm();
    }),
    ("an access token under the name that caches have for it", |s| {
        let token = s.google.access_token(BOB, CLIENT_ID, super::scene::SCOPES);
        with(s, "access_token", json!(token));
    }),
    ("a cache of long ago, with an access token", |s| {
        let mut cache = s.cache(BOB);
        cache["refresh_token"] = "1//0gone".into();
        cache["access_token"] = s.google.access_token(BOB, CLIENT_ID, super::scene::SCOPES).into();
        s.file(PANDAS_GBQ, cache.to_string());
    }),
    ("an access token that has ended", |s| {
        let mut user = s.user(ADA);
        user["token"] = "ya29.gone".into();
        user["expiry"] = "2001-01-01T00:00:00Z".into();
        s.adc(&user);
    }),
    ("revoked", |s| {
        s.adc(&s.user(ADA));
        s.google.revoke_grant(ADA);
    }),
    ("revoked on a VM", |s| {
        s.adc(&s.user(ADA));
        s.google.revoke_grant(ADA);
        s.vm();
    }),
    ("revoked on a VM, but there is a guard", |s| {
        s.adc(&s.user(ADA));
        s.google.revoke_grant(ADA);
        s.vm();
        guard(s);
    }),
    ("revoked, and pandas-gbq remembers another person", |s| {
        s.adc(&s.user(ADA));
        s.google.revoke_grant(ADA);
        s.file(PANDAS_GBQ, s.cache(BOB).to_string());
        s.vm();
    }),
    ("missing, and %%bigquery remembers another person", |s| {
        s.set(ADC, "/nowhere/adc.json");
        s.file(PYDATA, s.cache(BOB).to_string());
    }),
    ("missing, and Ibis remembers a login that is over", |s| {
        s.set(ADC, "/nowhere/adc.json");
        s.file(IBIS, s.cache(BOB).to_string());
        s.google.revoke_grant(BOB);
    }),
    ("missing, and a cache that is no JSON", |s| {
        s.set(ADC, "/nowhere/adc.json");
        s.file(PYDATA, "{");
        s.file(IBIS, "[]");
        s.file(PANDAS_GBQ, "{}");
    }),
    ("a cache without the address of the server", |s| {
        let mut cache = s.cache(BOB);
        cache.as_object_mut().unwrap().remove("token_uri");
        s.file(PANDAS_GBQ, cache.to_string());
    }),
    ("caches of another person, and nothing else", |s| {
        for file in [PYDATA, PANDAS_GBQ, IBIS] {
            s.file(file, s.cache(BOB).to_string());
        }
    }),
    ("caches of another person, on a VM", |s| {
        for file in [PYDATA, PANDAS_GBQ, IBIS] {
            s.file(file, s.cache(BOB).to_string());
        }
        s.vm();
    }),
    ("alive, and caches of another person", |s| {
        s.adc(&s.user(ADA));
        s.file(PYDATA, s.cache(BOB).to_string());
        s.file(PANDAS_GBQ, s.cache(BOB).to_string());
    }),
    ("a list, and caches of another person", |s| {
        let path = s.file("adc.json", "[]");
        s.set(ADC, path);
        s.file(PANDAS_GBQ, s.cache(BOB).to_string());
    }),
    ("a cache as ADC file", |s| {
        s.adc(&s.cache(BOB));
    }),
    ("the organisation wants a new sign-in, on a VM", |s| {
        s.adc(&s.user(ADA));
        s.google.require_reauth(ADA);
        s.vm();
    }),
    ("the client was deleted, on a VM", |s| {
        s.adc(&s.user(ADA));
        s.google.refuse_client(CLIENT_ID, "deleted_client");
        s.vm();
    }),
    ("Google has a problem, on a VM", |s| {
        s.adc(&s.user(ADA));
        s.google.script_always(Endpoint::Token, Script::Status(503));
        s.vm();
    }),
    ("a captive portal, on a VM", |s| {
        s.adc(&s.user(ADA));
        s.google.script_always(Endpoint::Token, Script::Html200);
        s.vm();
    }),
    ("gcloud's own file", |s| {
        s.well_known(&s.user(ADA));
    }),
    ("gcloud's own file on a VM", |s| {
        s.well_known(&s.user(ADA));
        s.vm();
    }),
    ("gcloud's own file, revoked, on a VM", |s| {
        s.well_known(&s.user(ADA));
        s.google.revoke_grant(ADA);
        s.vm();
    }),
    ("gcloud's own file, no JSON, on a VM", |s| {
        s.file(".config/gcloud/application_default_credentials.json", "{");
        s.vm();
    }),
    ("gcloud's own file of another person", |s| {
        s.well_known(&s.user(BOB));
        s.adc(&s.user(ADA));
    }),
    ("the variable is gcloud's own path", |s| {
        let path = s.well_known(&s.user(ADA));
        s.set(ADC, path);
        configuration(s, "default", "[core]\nproject = from-gcloud\n");
        s.file(".config/gcloud/active_config", "default");
    }),
    ("gcloud's configuration without the name of the active one", |s| {
        s.well_known(&s.user(ADA));
        configuration(s, "default", "[core]\nproject = from-gcloud\n");
    }),
    ("gcloud's own file, and a project in the environment", |s| {
        s.well_known(&s.user(ADA));
        s.set("CLOUDSDK_CORE_PROJECT", "from-variable");
    }),
    ("the variable is gcloud's own path in another spelling", |s| {
        s.well_known(&s.user(ADA));
        let path = s.sandbox.path("home/.config/gcloud/./application_default_credentials.json");
        s.set(ADC, path);
    }),
    ("the variable is gcloud's own path, and nothing is there, on a VM", |s| {
        let path = s.sandbox.path("home/.config/gcloud/application_default_credentials.json");
        s.set(ADC, path).vm();
    }),
    ("a link to gcloud's own file", |s| {
        let file = s.well_known(&s.user(ADA));
        let link = s.sandbox.path("home/link.json");
        std::os::unix::fs::symlink(file, &link).unwrap();
        s.set(ADC, link);
    }),
    ("a link to nothing, on a VM", |s| {
        let link = s.sandbox.path("home/link.json");
        std::os::unix::fs::symlink("/nowhere/adc.json", &link).unwrap();
        s.set(ADC, link).vm();
    }),
    ("gcloud's folder is elsewhere", |s| {
        s.well_known(&s.user(BOB));
        let path = s.file("elsewhere/application_default_credentials.json", s.user(ADA).to_string());
        s.set("CLOUDSDK_CONFIG", path.parent().unwrap());
    }),
    ("gcloud's folder is elsewhere, and nothing is there, on a VM", |s| {
        s.well_known(&s.user(BOB));
        let folder = s.work_in("home/elsewhere");
        s.set("CLOUDSDK_CONFIG", folder).vm();
    }),
    ("gcloud's folder is empty", |s| {
        s.well_known(&s.user(BOB));
        s.file("here/application_default_credentials.json", s.user(ADA).to_string());
        s.set("CLOUDSDK_CONFIG", "").work_in("home/here");
    }),
    ("R's own settings name another person", |s| {
        s.adc(&s.user(ADA));
        let bob = s.file("bob.json", s.user(BOB).to_string());
        s.file(".Renviron", format!("# mine\nGOOGLE_APPLICATION_CREDENTIALS=\"{}\"\n", bob.display()));
    }),
    ("R's settings of a project go first", |s| {
        s.adc(&s.user(ADA));
        let bob = s.file("bob.json", s.user(BOB).to_string());
        s.file(".Renviron", "GOOGLE_APPLICATION_CREDENTIALS=/nowhere/adc.json\n");
        s.file("project/.Renviron", format!("GOOGLE_APPLICATION_CREDENTIALS={}\n", bob.display()));
        s.work_in("home/project");
    }),
    ("R's settings are elsewhere, on a VM", |s| {
        s.file("ada.json", s.user(ADA).to_string());
        let path = s.file("r/environ", "X=${HOME}\nGOOGLE_APPLICATION_CREDENTIALS=${X}/${NONE:-ada.json}\n");
        s.set("R_ENVIRON_USER", path).vm();
    }),
    ("R's settings guard it, on a VM", |s| {
        s.file(".Renviron", "GCE_METADATA_URL=127.0.0.1:9\n");
        s.vm();
    }),
    ("R is told to read no settings", |s| {
        s.adc(&s.user(ADA));
        s.file(".Renviron", "GOOGLE_APPLICATION_CREDENTIALS=/nowhere/adc.json\n");
        s.set("R_ENVIRON_USER", "");
    }),
    ("a project", |s| {
        s.adc(&s.user(ADA));
        s.set("GOOGLE_CLOUD_PROJECT", "p1");
    }),
    ("a project by its old name", |s| {
        s.adc(&s.user(ADA));
        s.set("GCLOUD_PROJECT", "p1");
    }),
    ("an empty project hides its old name", |s| {
        s.adc(&s.user(ADA));
        s.set("GCLOUD_PROJECT", "p1").set("GOOGLE_CLOUD_PROJECT", "");
    }),
    ("a project on a VM", |s| {
        s.set("GOOGLE_CLOUD_PROJECT", "p1").vm();
    }),
    ("a quota project in the file", |s| {
        with(s, "quota_project_id", json!("q1"));
    }),
    ("another quota project in the environment", |s| {
        with(s, "quota_project_id", json!("q1"));
        s.set("GOOGLE_CLOUD_QUOTA_PROJECT", "q2");
    }),
    ("the guard is misspelt, on a VM", |s| {
        s.set("NO_GCE_CHECK", "True").vm();
    }),
    ("a proxy between the libraries and the VM's metadata", |s| {
        s.vm();
        s.set("http_proxy", format!("http://{NOBODY}")).set("HTTP_PROXY", format!("http://{NOBODY}"));
        s.set("no_proxy", "example.com").set("NO_PROXY", "example.com");
    }),
    ("a metadata server that answers at its name only", |s| {
        s.vm();
        s.set("GCE_METADATA_IP", NOBODY);
    }),
    ("a metadata server that answers at its address only", |s| {
        s.vm();
        s.set("GCE_METADATA_HOST", NOBODY).set("GCE_METADATA_URL", NOBODY);
        s.slow = true;
    }),
    ("a metadata server by its old name", |s| {
        s.vm();
        s.unset("GCE_METADATA_HOST");
    }),
    ("a metadata server that is not to be looked for", |s| {
        s.set("METADATA_SERVER_DETECTION", "none").vm();
    }),
    ("the variable in small letters", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        s.set("google_application_credentials", path);
    }),
    ("gcloud is told a file", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        s.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", path);
    }),
    ("gcloud is told a file, on a VM", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        s.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", path).vm();
    }),
    ("gcloud is told a file and an account, on a VM", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        s.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", path).set("CLOUDSDK_CORE_ACCOUNT", ADA).vm();
    }),
    ("gcloud is told a file that is missing", |s| {
        s.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "/nowhere/adc.json");
    }),
    ("gcloud is told an account that it doesn't have", |s| {
        s.set("CLOUDSDK_CORE_ACCOUNT", ADA);
    }),
    ("gcloud is told not to ask the VM", |s| {
        s.set("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false").vm();
    }),
    ("gcloud is told a token", |s| {
        let token = s.google.access_token(ADA, CLIENT_ID, super::scene::SCOPES);
        s.set("CLOUDSDK_AUTH_ACCESS_TOKEN", token);
    }),
    ("gcloud's configuration names a file", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        configuration(s, "default", "[core]\naccount = nobody@example.com\n");
        configuration(s, "work", &format!("[auth]\ncredential_file_override = {}\n", path.display()));
        s.file(".config/gcloud/active_config", "work");
    }),
    ("gcloud has signed a person in", |s| {
        gcloud_login(s);
    }),
    ("gcloud has signed a person in, on a VM", |s| {
        gcloud_login(s);
        s.vm();
    }),
    ("gcloud has signed a person in, and it was revoked", |s| {
        gcloud_login(s);
        s.google.revoke_grant(ADA);
    }),
    ("gcloud remembers that this is no VM", |s| {
        s.file(".config/gcloud/gce", "False");
        s.concerns_gcloud = true;
        s.vm();
    }),
];

/// The guard as `bqcred env` sets it.
fn guard(s: &mut Scene) {
    s.set("GCE_METADATA_URL", "127.0.0.1:9").set("NO_GCE_CHECK", "true");
}

/// A file of this content, on a VM.
fn broken(s: &mut Scene, content: &[u8]) {
    let path = s.file("adc.json", content);
    s.set(ADC, path).vm();
}

/// A person's file without a key, on a VM.
fn without(s: &mut Scene, key: &str) {
    let mut user = s.user(ADA);
    user.as_object_mut().unwrap().remove(key);
    s.adc(&user);
    s.vm();
}

/// A person's file with this key.
fn with(s: &mut Scene, key: &str, value: Value) {
    let mut user = s.user(ADA);
    user[key] = value;
    s.adc(&user);
}

fn configuration(s: &mut Scene, name: &str, text: &str) {
    s.file(&format!(".config/gcloud/configurations/config_{name}"), text);
}

/// `gcloud auth login`, where gcloud is installed, and curl to play its browser.
fn gcloud_login(s: &mut Scene) {
    s.concerns_gcloud = true;
    let gcloud = s.sandbox.path("bin/gcloud");
    if !gcloud.exists() || find_program("curl").is_none() {
        return;
    }
    for (id, secret) in gcloud_clients() {
        s.google.add_client(&id, &secret, &[]);
    }
    let browser = s.sandbox.browser(&s.google, Consent::all(ADA));
    s.program(&gcloud, &["auth", "login", "--brief"]).envs(browser).run().success();
}

/// What `bqcred env` prints for a person who has signed in.
fn after_env(s: &mut Scene, args: &[&str]) {
    let file = s.file("ada.json", s.user(ADA).to_string());
    s.bqcred(&["import", "--project", "p1"]).arg(file).run().success();
    let printed = s.bqcred(&[&["env", "--format", "json"], args].concat()).run().success().json();
    for (name, value) in printed.as_object().unwrap() {
        s.set(name, value.as_str().unwrap());
    }
}
