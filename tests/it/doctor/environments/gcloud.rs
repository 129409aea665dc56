//! What gcloud and bq themselves read.

use super::super::scene::{ADA, BOB, SCOPES};
use super::{Environment, configuration, gcloud_login};
use crate::double::CLIENT_ID;

/// All of this group.
pub const ALL: &[Environment] = &[
    ("bq's own settings hold another person's token", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        let token = s.google.access_token(BOB, CLIENT_ID, SCOPES);
        s.file(".bigqueryrc", format!("# mine\n--oauth_access_token = {token}\n"));
        s.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", path).set("CLOUDSDK_CORE_ACCOUNT", ADA);
    }),
    ("bq's own settings name the VM's service account", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        s.file("bq/settings", "use_gce_service_account\n[query]\nuse_legacy_sql=false\n");
        s.set("BIGQUERYRC", s.sandbox.path("home/bq/settings"));
        s.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", path).set("CLOUDSDK_CORE_ACCOUNT", ADA).vm();
    }),
    ("bq's own settings name a file, which it refuses", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        s.file(".bigqueryrc", format!("application_default_credential_file={}\n", path.display()));
        s.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", path).set("CLOUDSDK_CORE_ACCOUNT", ADA);
    }),
    ("gcloud is given a file", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        s.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", path);
    }),
    ("gcloud is given a file, on a VM", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        s.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", path).vm();
    }),
    ("gcloud is given a file and an account, on a VM", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        s.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", path).set("CLOUDSDK_CORE_ACCOUNT", ADA).vm();
    }),
    ("gcloud is given a file that is missing", |s| {
        s.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "/nowhere/adc.json");
    }),
    ("gcloud is given an account that it doesn't have", |s| {
        s.set("CLOUDSDK_CORE_ACCOUNT", ADA);
    }),
    ("gcloud must not check for a VM", |s| {
        s.set("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false").vm();
    }),
    ("gcloud is given a token", |s| {
        let token = s.google.access_token(ADA, CLIENT_ID, SCOPES);
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
