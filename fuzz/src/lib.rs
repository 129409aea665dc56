//! The modules of bqcred that read what others wrote, as they are, and what has to hold of them.
//!
//! bqcred is one program and no library, so its files are taken over here; `cargo test` there checks the
//! same properties over the corpus.

#[path = "../../src/atomic_file.rs"]
mod atomic_file;
#[path = "../../src/client.rs"]
mod client;
#[path = "../../src/clock.rs"]
mod clock;
#[path = "../../src/credential.rs"]
mod credential;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/google/mod.rs"]
mod google;
#[path = "../../src/jupyter/mod.rs"]
mod jupyter;
#[path = "../../src/masked.rs"]
mod masked;
#[path = "../../src/paths.rs"]
mod paths;
#[path = "../../src/pins.rs"]
mod pins;
#[path = "../../src/private_file.rs"]
mod private_file;
#[path = "../../src/profile.rs"]
mod profile;
#[path = "../../src/profile_name.rs"]
mod profile_name;
#[path = "../properties/mod.rs"]
mod properties;
#[path = "../../src/secret.rs"]
mod secret;
#[path = "../../src/settings.rs"]
mod settings;
#[path = "../../src/shell_word.rs"]
mod shell_word;
#[path = "../../src/ui.rs"]
mod ui;

/// Panics if something that has to hold for this target doesn't, with this input.
///
/// # Panics
///
/// That is what it is for; and if there is no such target.
pub fn check(target: &str, data: &[u8]) {
    let (_, property) = properties::TARGETS.iter().find(|(name, _)| *name == target).expect(target);
    property(data);
}
