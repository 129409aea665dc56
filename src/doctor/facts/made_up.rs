//! Facts that the unit test of a rule makes up: what is not named does not exist, and nothing is asked.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_file::Content;
use crate::doctor::facts::current_profile::CurrentProfile;
use crate::doctor::facts::environment::Variables;
use crate::doctor::facts::gcloud::Gcloud;
use crate::doctor::facts::home::Home;
use crate::doctor::facts::metadata_server::{self, Metadata, MetadataServers};
use crate::doctor::facts::r::R;
use crate::doctor::facts::validity::Validities;
use crate::output::secret::SecretBytes;
use crate::system::env::Environ;

/// A home folder that does not exist.
pub(crate) const HOME: &str = "/nonexistent/home";

impl Facts {
    /// A machine with these variables and credential files; a VM if it has a service account. Google is not asked, so
    /// that the state of every credential is unknown.
    pub(crate) fn made_up(
        variables: &[(&str, &str)],
        files: &[(&str, &str)],
        service_account: Option<&str>,
    ) -> Facts {
        let home = PathBuf::from(HOME);
        let environment = Variables::from(Environ::from_iter(variables.iter().copied()));
        let metadata = match service_account {
            Some(account) => Metadata::Present { account: Some(account.to_owned()), project: None },
            None => Metadata::Absent,
        };
        let metadata = MetadataServers::known(
            [metadata_server::IP, metadata_server::NAME].map(|host| (host.to_owned(), metadata.clone())),
        );
        let files = files
            .iter()
            .map(|(path, json)| (PathBuf::from(path), SecretBytes::new(json.as_bytes().to_vec())))
            .map(|(path, bytes)| (path, Rc::new(Content::Bytes(bytes, 0o600))));
        Facts {
            r: R { variables: environment.clone(), ..R::default() },
            gcloud: Gcloud::read(&environment, &home, Path::new("/"), &metadata),
            bigqueryrc: None,
            has_gcloud: false,
            google_hardware: false,
            profile: CurrentProfile::default(),
            token_only: None,
            unused_items: Vec::new(),
            offline: false,
            validities: Validities::new(true),
            metadata,
            contents: RefCell::new(files.collect()),
            files: RefCell::default(),
            folder: PathBuf::from("/"),
            home: Home::new(&environment, Some(home.clone())),
            locks: home.join("locks"),
            own_home: home,
            exported: None,
            environment,
        }
    }
}
