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

/// The libraries that a word of `--for` stands for; empty if it is none of theirs.
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
}
