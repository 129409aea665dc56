//! gcloud's default credential file.

use super::super::scene::{ADA, BOB};
use super::{ADC, Environment, configuration};

/// All of this group.
pub const ALL: &[Environment] = &[
    ("gcloud's own file", |s| {
        s.well_known(&s.user(ADA));
    }),
    ("gcloud's own file on a VM", |s| {
        s.well_known(&s.user(ADA));
        s.vm();
    }),
    ("a service account's key at gcloud's own place, on a VM", |s| {
        let key = s.service_account();
        s.well_known(&key);
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
];
