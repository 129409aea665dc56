//! Old logins of pydata-google-auth, pandas-gbq and Ibis.

use super::super::scene::{ADA, BOB, SCOPES};
use super::{ADC, Environment, IBIS, PANDAS_GBQ, PYDATA};
use crate::double::CLIENT_ID;

/// All of this group.
pub const ALL: &[Environment] = &[
    ("a cache of long ago, with an access token", |s| {
        let mut cache = s.cache(BOB);
        cache["refresh_token"] = "1//0gone".into();
        cache["access_token"] = s.google.access_token(BOB, CLIENT_ID, SCOPES).into();
        s.file(PANDAS_GBQ, cache.to_string());
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
    ("valid, and caches of another person", |s| {
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
];
