//! What is kept: the credential itself, what is known about it, the settings, and where each of them is.

pub(crate) mod adc;
pub(crate) mod client;
pub(crate) mod forecast;
pub(crate) mod new_credential;
pub(crate) mod other_tools;
pub(crate) mod paths;
pub(crate) mod pins;
pub(crate) mod profile;
pub(crate) mod profile_id;
pub(crate) mod profile_name;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod token_only_file;
pub(crate) mod waiting;
