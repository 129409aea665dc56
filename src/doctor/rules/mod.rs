//! What each library does to find a credential: one file a library, or a family of one author.
//!
//! Google's "application default credentials" (<https://google.aip.dev/auth/4110>), as each library really implements
//! them, which is different in each. A rule is a function of [`Facts`] alone: it opens no file and sends nothing.
//!
//! A new library is a new file with a [`Library`] in it, and a line in [`LIBRARIES`].

mod connectorx;
mod dbt;
mod gargle;
mod gcloud;
mod go;
pub(crate) mod google_auth;
mod java;
mod node;
mod pydata;
mod shared;

use crate::doctor::facts::Facts;
use crate::doctor::prediction::Prediction;
use crate::doctor::prediction::library::Library;

/// All libraries, in the order that they are shown.
pub(crate) static LIBRARIES: [&Library; 13] = [
    &google_auth::GOOGLE_AUTH,
    &pydata::PYDATA,
    &pydata::PANDAS_GBQ,
    &pydata::IBIS,
    &dbt::DBT,
    &gargle::GARGLE,
    &go::GO,
    &java::JAVA,
    &node::NODE,
    &gcloud::GCLOUD,
    &gcloud::BQ,
    &gcloud::GSUTIL,
    &connectorx::CONNECTORX,
];

/// The libraries that a word of `--for` names; empty if it is unknown.
pub(crate) fn named(word: &str) -> Vec<&'static Library> {
    let is_meant = |library: &&Library| library.name == word || library.aliases.contains(&word);
    LIBRARIES.into_iter().filter(is_meant).collect()
}

/// What these libraries would do; all of them if none is named.
pub(crate) fn predict(facts: &Facts, named: &[&Library]) -> Vec<Prediction> {
    let asked = |library: &&Library| named.is_empty() || named.contains(library);
    LIBRARIES.into_iter().filter(asked).map(|library| library.predict(facts)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handover::variables::{ADC, NO_METADATA_SERVER};

    fn names(word: &str) -> Vec<&'static str> {
        named(word).into_iter().map(|library| library.name).collect()
    }

    #[test]
    fn a_word_names_a_library_or_a_language() {
        assert_eq!(names("ibis"), ["ibis"]);
        assert_eq!(names("python"), ["google-auth", "pydata-google-auth", "pandas-gbq", "ibis"]);
        assert_eq!(names("r"), ["gargle"]);
        assert_eq!(names("magics"), ["pydata-google-auth"]);
        assert!(names("cobol").is_empty());
    }

    #[test]
    fn no_two_libraries_share_a_name() {
        for library in LIBRARIES {
            assert_eq!(names(library.name), [library.name]);
        }
    }
    const USER: &str = r#"{"type":"authorized_user","account":"ada@example.com","client_id":"i",
        "client_secret":"s","refresh_token":"r"}"#;
    const VM: &str = "vm@p1.iam.gserviceaccount.com";

    /// What each library that `bqcred env` covers would use: `kind account`, or `error problem`.
    fn identities(facts: &Facts) -> Vec<(&'static str, String)> {
        let covered = predict(facts, &[]).into_iter().filter(|prediction| prediction.library.is_covered);
        covered
            .map(|prediction| {
                let identity = &prediction.identity;
                let problem = identity.problem().map(|problem| problem.name());
                let detail = identity.account().or(problem).unwrap_or_default();
                (prediction.library.name, format!("{} {detail}", identity.kind()))
            })
            .collect()
    }

    #[test]
    fn a_named_file_comes_before_the_vm() {
        let facts = Facts::made_up(&[(ADC, "/d/adc.json")], &[("/d/adc.json", USER)], Some(VM));
        for (library, identity) in identities(&facts) {
            assert_eq!(identity, "user ada@example.com", "{library}");
        }
    }

    #[test]
    fn without_any_file_the_vm_is_used() {
        for (library, identity) in identities(&Facts::made_up(&[], &[], Some(VM))) {
            assert_eq!(identity, format!("vm_service_account {VM}"), "{library}");
        }
    }

    #[test]
    fn only_r_uses_the_vm_where_the_named_file_is_missing() {
        let facts = Facts::made_up(&[(ADC, "/d/adc.json")], &[], Some(VM));
        for (library, identity) in identities(&facts) {
            let expected = match library {
                "gargle" => "vm_service_account vm@p1.iam.gserviceaccount.com",
                "pydata-google-auth" | "pandas-gbq" | "ibis" => "prompt ",
                _ => "error file_missing",
            };
            assert_eq!(identity, expected, "{library}");
        }
    }

    #[test]
    fn the_guard_keeps_the_libraries_from_the_vm() {
        let guard =
            [(ADC, "/d/adc.json"), ("GCE_METADATA_URL", NO_METADATA_SERVER), ("NO_GCE_CHECK", "true")];
        let facts = Facts::made_up(&guard, &[], Some(VM));
        for (library, identity) in identities(&facts) {
            assert!(!identity.starts_with("vm_"), "{library}: {identity}");
        }
    }

    #[test]
    fn no_command_is_named_where_none_helps() {
        let facts = Facts::made_up(&[], &[], None);
        for prediction in predict(&facts, &[]) {
            assert_eq!(prediction.fix.is_none(), prediction.library.name == "connectorx");
        }
    }
}
