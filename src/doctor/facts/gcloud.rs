//! gcloud's properties, as it reads them: the environment, the active configuration, and for account
//! and project what the VM says (`googlecloudsdk/core/properties.py`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::credential::other_tools::GcloudFolder;
use crate::doctor::facts::environment::Variables;
use crate::doctor::facts::metadata_server::{self, Metadata, MetadataServers};
use crate::system::private_file::{self, Content};

/// How long gcloud remembers, in the file `gce`, whether it runs on a VM.
const MEMORY: std::time::Duration = std::time::Duration::from_secs(600);

/// gcloud's folder, and the properties that decide about credentials.
pub(crate) struct Gcloud {
    /// Its folder; an empty `CLOUDSDK_CONFIG` counts as unset here.
    pub(crate) folder: GcloudFolder,
    environment: Variables,
    /// From `configurations/config_NAME`, by `section/name`.
    configuration: BTreeMap<String, String>,
    vm: Option<Vm>,
}

/// The VM that gcloud believes to run on.
#[derive(Clone, Debug)]
struct Vm {
    account: Option<String>,
    project: Option<String>,
}

impl Gcloud {
    /// Reads the active configuration.
    pub(crate) fn read(
        environment: &Variables,
        home: &Path,
        working_folder: &Path,
        metadata: &MetadataServers,
    ) -> Gcloud {
        let folder = GcloudFolder::find(environment.get("CLOUDSDK_CONFIG"), home);
        let folder = GcloudFolder::at(working_folder.join(folder.path()));
        let active = environment
            .text("CLOUDSDK_ACTIVE_CONFIG_NAME")
            .or_else(|| text(&folder.path().join("active_config")).map(|name| name.trim().to_owned()))
            .filter(|name| !name.is_empty() && !name.contains('/'));
        let configuration = match active {
            Some(name) => text(&folder.path().join("configurations").join(format!("config_{name}"))),
            // gcloud then makes a new one, from what it kept before there were configurations
            None => text(&folder.path().join("properties")),
        };
        Gcloud {
            configuration: parse(&configuration.unwrap_or_default()),
            vm: vm(&folder, environment, metadata),
            environment: environment.clone(),
            folder,
        }
    }

    /// A property that is set somewhere.
    pub(crate) fn get(&self, section: &str, name: &str) -> Option<String> {
        let variable = format!("CLOUDSDK_{}_{}", section.to_uppercase(), name.to_uppercase());
        match self.environment.get(&variable) {
            Some(value) => Some(value.to_string_lossy().into_owned()).filter(|value| !value.is_empty()),
            None => self.configuration.get(&format!("{section}/{name}")).cloned(),
        }
    }

    /// A property that is set to false.
    pub(crate) fn is_off(&self, section: &str, name: &str) -> bool {
        self.get(section, name)
            .is_some_and(|value| !matches!(value.to_lowercase().as_str(), "1" | "true" | "on" | "yes" | "y"))
    }

    /// A property that is set to true.
    pub(crate) fn is_on(&self, section: &str, name: &str) -> bool {
        self.get(section, name).is_some() && !self.is_off(section, name)
    }

    /// The active account, the VM's included.
    pub(crate) fn account(&self) -> Option<String> {
        self.get("core", "account").or_else(|| self.vm_that_counts()?.account.clone())
    }

    /// The active project, the VM's included.
    pub(crate) fn project(&self) -> Option<String> {
        self.get("core", "project").or_else(|| self.vm_that_counts()?.project.clone())
    }

    /// The VM's account, if that is the active account too.
    pub(crate) fn vm_account(&self) -> Option<String> {
        let account = self.account()?;
        self.vm.as_ref()?.account.clone().filter(|of_vm| *of_vm == account)
    }

    /// The VM's account, whatever gcloud's is.
    pub(crate) fn account_of_vm(&self) -> Option<String> {
        self.vm.as_ref()?.account.clone()
    }

    fn vm_that_counts(&self) -> Option<&Vm> {
        self.vm.as_ref().filter(|_| !self.is_off("core", "check_gce_metadata"))
    }

    /// Whether gcloud keeps a credential of this account. Its database is SQLite; the address of an
    /// account is written in it as it is.
    pub(crate) fn has_credential_of(&self, account: &str) -> bool {
        let database =
            private_file::read(&self.folder.path().join("credentials.db"), Content::Foreign).ok().flatten();
        let named =
            database.is_some_and(|bytes| bytes.windows(account.len()).any(|part| part == account.as_bytes()));
        // the database of a removed account may still hold its address in a free page
        named && self.folder.account(account).is_dir()
    }

    /// The configuration of gsutil that gcloud keeps for this account.
    pub(crate) fn boto_of(&self, account: &str) -> Option<PathBuf> {
        Some(self.folder.account_boto(account)).filter(|path| path.is_file())
    }
}

fn vm(folder: &GcloudFolder, environment: &Variables, metadata: &MetadataServers) -> Option<Vm> {
    if remembers_no_vm(&folder.path().join("gce")) {
        return None;
    }
    let host = environment
        .get("GCE_METADATA_ROOT")
        .map_or_else(|| metadata_server::NAME.to_owned(), |host| host.to_string_lossy().into_owned());
    match metadata.at(&host) {
        Metadata::Present { account, project } => Some(Vm { account, project }),
        _ => None,
    }
}

fn remembers_no_vm(path: &Path) -> bool {
    let fresh = path
        .metadata()
        .and_then(|meta| meta.modified())
        .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < MEMORY));
    let content = private_file::read(path, Content::Foreign).ok().flatten();
    fresh && content.is_some_and(|bytes| bytes.as_slice() != b"True")
}

fn text(path: &Path) -> Option<String> {
    let bytes = private_file::read(path, Content::Foreign).ok().flatten()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// An INI file as Python's configparser reads it, as far as gcloud writes it.
fn parse(text: &str) -> BTreeMap<String, String> {
    let mut section = String::new();
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim().to_owned();
        } else if let Some((name, value)) = line.split_once(['=', ':']) {
            let value = value.trim();
            if !value.is_empty() {
                found.insert(format!("{section}/{}", name.trim()), value.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_read_from_a_configuration() {
        let found =
            parse("# x\n[core]\naccount = ada@example.com\nproject=p1\nempty =\n[auth]\n; y\nfoo = b = c\n");
        let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(
            found,
            [("auth/foo", "b = c"), ("core/account", "ada@example.com"), ("core/project", "p1")]
        );
    }
}
