//! The table of environments, in groups: what people have, and what goes wrong with it.

pub mod caches;
pub mod content;
pub mod gcloud;
pub mod settings;
pub mod validity;
pub mod variable;
pub mod vm;
pub mod well_known;

use serde_json::Value;

use super::scene::{ADA, Scene};
use crate::common::{Consent, GUARD_HOST, find_program, gcloud_clients};

/// A name, and how to set up the environment.
pub type Environment = (&'static str, fn(&mut Scene));

pub const ADC: &str = "GOOGLE_APPLICATION_CREDENTIALS";
pub const PYDATA: &str = ".config/pydata/pydata_google_credentials.json";
pub const PANDAS_GBQ: &str = ".config/pandas_gbq/bigquery_credentials.dat";
pub const IBIS: &str = ".config/pydata/ibis.json";

/// The guard variables as `bqcred env` sets them.
fn guard(s: &mut Scene) {
    s.set("GCE_METADATA_URL", GUARD_HOST).set("NO_GCE_CHECK", "true");
}

/// A file of this content, on a VM.
fn broken(s: &mut Scene, content: &[u8]) {
    let path = s.file("adc.json", content);
    s.set(ADC, path).vm();
}

/// A user's credential file without a key, on a VM.
fn without(s: &mut Scene, key: &str) {
    let mut user = s.user(ADA);
    user.as_object_mut().unwrap().remove(key);
    s.adc(&user);
    s.vm();
}

/// A user's credential file with this key.
fn with(s: &mut Scene, key: &str, value: Value) {
    let mut user = s.user(ADA);
    user[key] = value;
    s.adc(&user);
}

fn configuration(s: &mut Scene, name: &str, text: &str) {
    s.file(&format!(".config/gcloud/configurations/config_{name}"), text);
}

/// `gcloud auth login`, where gcloud is installed, with curl as its browser.
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

/// What `bqcred env` prints for a user who has signed in.
fn after_env(s: &mut Scene, args: &[&str]) {
    let file = s.file("ada.json", s.user(ADA).to_string());
    s.bqcred(&["import", "--project", "p1"]).arg(file).run().success();
    let printed = s.bqcred(&[&["env", "--format", "json"], args].concat()).run().success().json();
    for (name, value) in printed.as_object().unwrap() {
        s.set(name, value.as_str().unwrap());
    }
}
