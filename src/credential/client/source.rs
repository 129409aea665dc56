//! Where the OAuth client for a sign-in is looked for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::Client;
use crate::credential::paths::Paths;
use crate::output::error::{Error, Kind, Result};
use crate::system::private_file::Content;

/// Where a client was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientSource {
    /// `--client-id-file`.
    Flag,
    /// `BQCRED_CLIENT_ID_FILE`.
    Environment,
    /// The client of the credential that the profile holds.
    Profile,
    /// The user's file, which `bqcred client set` keeps.
    User,
    /// The organisation's file, below `/etc`.
    Organisation,
}

impl ClientSource {
    /// For people, in `client show`.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            ClientSource::Flag => "--client-id-file",
            ClientSource::Environment => "BQCRED_CLIENT_ID_FILE",
            ClientSource::Profile => "the profile's own",
            ClientSource::User => "`bqcred client set`",
            ClientSource::Organisation => "this machine's administrator",
        }
    }
}

/// A client and where it was found.
#[derive(Clone, Debug)]
pub(crate) struct FoundClient {
    /// The client.
    pub(crate) client: Client,
    /// Which of the places it comes from.
    pub(crate) source: ClientSource,
    /// Its file, unless the profile itself holds it.
    pub(crate) path: Option<PathBuf>,
}

impl Client {
    /// The first client that is found, in the order that the README gives. `profiles_own` looks for the one of
    /// the profile's credential, which comes between the environment's and the user's.
    pub(crate) fn from_places(
        paths: &Paths,
        flag: Option<&Path>,
        environment: Option<&OsStr>,
        profiles_own: impl FnOnce() -> Result<Option<Client>>,
    ) -> Result<Option<FoundClient>> {
        if let Some(path) = flag {
            return Client::named(path, ClientSource::Flag, "--client-id-file").map(Some);
        }
        if let Some(path) = environment.filter(|value| !value.is_empty()) {
            return Client::named(Path::new(path), ClientSource::Environment, "BQCRED_CLIENT_ID_FILE")
                .map(Some);
        }
        if let Some(client) = profiles_own()? {
            return Ok(Some(FoundClient { client, source: ClientSource::Profile, path: None }));
        }
        match Client::of_user(paths)? {
            Some(client) => Ok(Some(client)),
            None => Client::of_organisation(paths),
        }
    }

    /// The user's client, from the file that `bqcred client set` keeps.
    pub(crate) fn of_user(paths: &Paths) -> Result<Option<FoundClient>> {
        // bqcred's own copy is private from birth; what a link leads to is a file that the user keeps elsewhere
        let own = if paths.client().is_symlink() { Content::Shared } else { Content::Secret };
        Client::found(ClientSource::User, paths.client(), own)
    }

    /// The organisation's client.
    pub(crate) fn of_organisation(paths: &Paths) -> Result<Option<FoundClient>> {
        Client::found(ClientSource::Organisation, paths.system_client.clone(), Content::Shared)
    }

    fn found(source: ClientSource, path: PathBuf, content: Content) -> Result<Option<FoundClient>> {
        let read = Client::read(&path, content)?;
        Ok(read.map(|(client, _)| FoundClient { client, source, path: Some(path) }))
    }

    fn named(path: &Path, source: ClientSource, by: &str) -> Result<FoundClient> {
        match Client::read(path, Content::Foreign)? {
            Some((client, _)) => Ok(FoundClient { client, source, path: Some(path.to_owned()) }),
            None => Err(Error::new(
                Kind::Missing,
                format!("{}, which {by} names, does not exist", path.display()),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_a_description_of_its_own() {
        use ClientSource::{Environment, Flag, Organisation, Profile, User};
        let all = [Flag, Environment, Profile, User, Organisation];
        let texts: std::collections::BTreeSet<_> = all.map(ClientSource::describe).into();
        assert!(texts.len() == all.len() && texts.iter().all(|text| text.len() > 10));
    }
}
