//! Values of GOOGLE_APPLICATION_CREDENTIALS: a file, no file, not set.

use super::super::scene::ADA;
use super::{ADC, Environment, after_env, guard};

/// All of this group.
pub const ALL: &[Environment] = &[
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
];
