//! gcloud's properties, as it reads them: the environment, the active configuration, and for account
//! and project what the VM says (`googlecloudsdk/core/properties.py`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::doctor::facts::Surroundings;
use crate::doctor::facts::metadata_server::{self as metadata, Metadata};
use crate::system::private_file::{self, Content};

/// The properties that decide about credentials.
pub(crate) struct Properties<'s> {
    s: &'s Surroundings,
    /// gcloud's folder; an empty `CLOUDSDK_CONFIG` counts as unset here.
    pub(crate) folder: PathBuf,
    /// From `configurations/config_NAME`, by `section/name`.
    configuration: BTreeMap<String, String>,
}

impl<'s> Properties<'s> {
    /// Reads the active configuration.
    pub(crate) fn read(s: &'s Surroundings) -> Properties<'s> {
        let folder = s.variables.path("CLOUDSDK_CONFIG").unwrap_or_else(|| s.home.join(".config/gcloud"));
        let folder = s.folder.join(folder);
        let text = |path: PathBuf| {
            let bytes = private_file::read(&path, Content::Foreign).ok().flatten()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let active = s
            .variables
            .text("CLOUDSDK_ACTIVE_CONFIG_NAME")
            .or_else(|| text(folder.join("active_config")).map(|name| name.trim().to_owned()))
            .filter(|name| !name.is_empty() && !name.contains('/'));
        let configuration = match active {
            Some(name) => text(folder.join("configurations").join(format!("config_{name}"))),
            // gcloud then makes a new one, from what it kept before there were configurations
            None => text(folder.join("properties")),
        };
        Properties { s, folder, configuration: parse(&configuration.unwrap_or_default()) }
    }

    /// A property that is set somewhere.
    pub(crate) fn get(&self, section: &str, name: &str) -> Option<String> {
        let variable = format!("CLOUDSDK_{}_{}", section.to_uppercase(), name.to_uppercase());
        match self.s.variables.get(&variable) {
            Some(value) => Some(value.to_string_lossy().into_owned()).filter(|value| !value.is_empty()),
            None => self.configuration.get(&format!("{section}/{name}")).cloned(),
        }
    }

    /// A property that is switched off.
    pub(crate) fn is_off(&self, section: &str, name: &str) -> bool {
        self.get(section, name)
            .is_some_and(|value| !matches!(value.to_lowercase().as_str(), "1" | "true" | "on" | "yes" | "y"))
    }

    /// A property that is switched on.
    pub(crate) fn is_on(&self, section: &str, name: &str) -> bool {
        self.get(section, name).is_some() && !self.is_off(section, name)
    }

    /// The VM that gcloud believes to be on. It remembers for ten minutes in the file `gce`.
    pub(crate) fn vm(&self) -> Option<(Option<String>, Option<String>)> {
        if self.remembers_no_vm() {
            return None;
        }
        match self.s.metadata(&metadata::gcloud(&self.s.variables)) {
            Metadata::Present { account, project } => Some((account, project)),
            _ => None,
        }
    }

    fn remembers_no_vm(&self) -> bool {
        const MEMORY: std::time::Duration = std::time::Duration::from_secs(600);
        let path = self.folder.join("gce");
        let fresh = path
            .metadata()
            .and_then(|meta| meta.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < MEMORY));
        let content = private_file::read(&path, Content::Foreign).ok().flatten();
        fresh && content.is_some_and(|bytes| bytes.as_slice() != b"True")
    }

    /// The active account, the VM's included.
    pub(crate) fn account(&self) -> Option<String> {
        self.get("core", "account")
            .or_else(|| if self.is_off("core", "check_gce_metadata") { None } else { self.vm()?.0 })
    }

    /// The active project, the VM's included.
    pub(crate) fn project(&self) -> Option<String> {
        self.get("core", "project")
            .or_else(|| if self.is_off("core", "check_gce_metadata") { None } else { self.vm()?.1 })
    }
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
    fn a_configuration_is_read() {
        let found =
            parse("# x\n[core]\naccount = ada@example.com\nproject=p1\nempty =\n[auth]\n; y\nfoo = b = c\n");
        let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(
            found,
            [("auth/foo", "b = c"), ("core/account", "ada@example.com"), ("core/project", "p1")]
        );
    }
}
