//! R's own settings, and projects.

use super::super::scene::{ADA, BOB};
use super::{Environment, with};
use crate::common::GUARD_HOST;
use serde_json::json;

/// All of this group.
pub const ALL: &[Environment] = &[
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
        s.file(".Renviron", format!("GCE_METADATA_URL={GUARD_HOST}\n"));
        s.vm();
    }),
    ("R reads no settings", |s| {
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
];
