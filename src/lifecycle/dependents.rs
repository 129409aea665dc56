//! What on this machine stops working when a profile's grant ends: for the people who are asked.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::app::{App, Loaded};
use crate::credential::adc::AuthorizedUser;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::handover;
use crate::handover::variables;
use crate::jupyter::changes::record::Record;
use crate::jupyter::locate::running;
use crate::lifecycle::grant;
use crate::system::env;
use crate::system::private_file::{self, Content};
use crate::system::processes::{Process, Processes};

/// Everything here that uses a profile's credential or shares its grant.
pub(crate) struct Dependents {
    /// Other profiles of the same grant.
    pub(crate) siblings: Vec<(ProfileName, Profile)>,
    /// Files of gcloud and the libraries that hold a credential of this grant.
    pub(crate) elsewhere: Vec<PathBuf>,
    /// Whether the credential is of gcloud's own client, which other machines use too.
    pub(crate) is_gclouds: bool,
    /// Kernelspecs (`kernel.json`) that point here.
    pub(crate) kernelspecs: Vec<PathBuf>,
    /// Running programs of this user that were started with this credential, or another of its grant:
    /// `python3 (4711)`, `Jupyter kernel python3 (4711)`.
    pub(crate) processes: Vec<String>,
}

/// Looks for them. What can't be read doesn't count: this informs, it protects nothing.
pub(crate) fn of(app: &App, loaded: &Loaded) -> Dependents {
    let paths = app.paths.credential_files(&loaded.name);
    let siblings = grant::siblings(app, loaded);
    let names = siblings.iter().map(|(name, _)| name).chain([&loaded.name]);
    let of_grant: Vec<PathBuf> = names.flat_map(|name| app.paths.credential_files(name)).collect();
    let uses_grant = |path: &Path| {
        of_grant.iter().any(|known| known == path)
            || (handover::is_handed_over(path) && is_of_grant(path, loaded))
    };
    Dependents {
        is_gclouds: loaded.profile.origin.as_deref() == Some("gcloud"),
        elsewhere: others_files(app).into_iter().filter(|file| is_of_grant(file, loaded)).collect(),
        kernelspecs: kernelspecs(app, &loaded.name, &paths),
        processes: programs_using(uses_grant),
        siblings,
    }
}

/// The programs of this user whose credential file is such a one; this process is left out.
fn programs_using(is_meant: impl Fn(&Path) -> bool) -> Vec<String> {
    let me = rustix::process::geteuid().as_raw();
    let others = |process: &Process| process.uid == me && process.pid != std::process::id();
    Processes::here()
        .all()
        .filter(others)
        .filter(|process| process.variable(variables::ADC).is_some_and(|value| is_meant(Path::new(&value))))
        .map(|process| describe(&process))
        .collect()
}

fn describe(process: &Process) -> String {
    let kind = if running::is_kernel(process) { "Jupyter kernel " } else { "" };
    let name = process.name().filter(|name| !name.is_empty()).unwrap_or_else(|| "a program".to_owned());
    format!("{kind}{name} ({})", process.pid)
}

/// Where gcloud and the Python libraries keep credentials of their own, or of whoever imported them.
fn others_files(app: &App) -> Vec<PathBuf> {
    let accounts = std::fs::read_dir(app.gcloud_config().join("legacy_credentials"));
    let accounts = accounts.into_iter().flatten().flatten().map(|entry| entry.path().join("adc.json"));
    let libraries =
        ["pydata/pydata_google_credentials.json", "pydata/ibis.json", "pandas_gbq/bigquery_credentials.dat"];
    let config = app.paths.home.join(".config"); // whatever XDG_CONFIG_HOME says
    let libraries = libraries.map(|file| config.join(file));
    std::iter::once(app.well_known_adc()).chain(accounts).chain(libraries).collect()
}

/// Whether a credential of the same grant lies there.
fn is_of_grant(path: &Path, loaded: &Loaded) -> bool {
    let Ok(Some(bytes)) = private_file::read(path, Content::Foreign) else { return false };
    let Ok(credential) = AuthorizedUser::parse(&bytes) else { return false };
    let account = Some(credential.account.as_str()).filter(|account| !account.is_empty());
    credential.fingerprint() == loaded.credential.fingerprint()
        || (grant::same_project(&credential.client_id, &loaded.credential.client_id)
            && account.zip(loaded.profile.account.as_deref()).is_none_or(|(a, b)| a.eq_ignore_ascii_case(b)))
}

/// The kernelspecs that bqcred changed for this profile, and those that name its path.
fn kernelspecs(app: &App, name: &ProfileName, paths: &[PathBuf]) -> Vec<PathBuf> {
    let changed = Record::load(&app.paths).unwrap_or_default().kernels.into_iter();
    let changed = changed.filter(|entry| entry.profile == name.as_str() && entry.file.is_file());
    let naming = all_kernelspecs(app).into_iter().filter(|file| mentions(file, paths));
    let mut found: Vec<PathBuf> = changed.map(|entry| entry.file).chain(naming).collect();
    found.sort();
    found.dedup();
    found
}

/// All `kernel.json` in the folders that Jupyter searches (jupyter_core.paths) from this environment.
fn all_kernelspecs(app: &App) -> Vec<PathBuf> {
    let home = &app.paths.home;
    let folder = |name: &str| env::get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let mut data: Vec<PathBuf> = folder("JUPYTER_PATH").iter().flat_map(std::env::split_paths).collect();
    data.push(folder("JUPYTER_DATA_DIR").unwrap_or_else(|| {
        folder("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")).join("jupyter")
    }));
    data.extend(
        ["VIRTUAL_ENV", "CONDA_PREFIX"]
            .iter()
            .filter_map(|name| folder(name))
            .map(|prefix| prefix.join("share/jupyter")),
    );
    data.extend(["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from));
    data.push(folder("IPYTHONDIR").unwrap_or_else(|| home.join(".ipython")));
    data.iter()
        .flat_map(|folder| std::fs::read_dir(folder.join("kernels")).into_iter().flatten().flatten())
        .map(|entry| entry.path().join("kernel.json"))
        .filter(|file| file.is_file())
        .collect()
}

/// Whether one of the texts in this JSON is one of the paths.
fn mentions(file: &Path, paths: &[PathBuf]) -> bool {
    fn within(value: &Value, paths: &[PathBuf]) -> bool {
        match value {
            Value::String(text) => paths.iter().any(|path| path.as_os_str() == text.as_str()),
            Value::Array(items) => items.iter().any(|item| within(item, paths)),
            Value::Object(members) => members.values().any(|member| within(member, paths)),
            _ => false,
        }
    }
    let Ok(Some(bytes)) = private_file::read(file, Content::Foreign) else { return false };
    serde_json::from_slice(&bytes).is_ok_and(|value| within(&value, paths))
}

impl Dependents {
    /// What ends with the grant, a line each; empty if nothing is known to.
    pub(crate) fn lines(&self) -> Vec<String> {
        let profiles = self.siblings.iter().map(|(name, profile)| {
            format!("profile {name} ({}), which shares the grant", profile.account_or_unknown())
        });
        let gcloud = self.is_gclouds.then(|| {
            "`gcloud auth application-default login` of this account, on every machine: the client is gcloud's"
                .to_owned()
        });
        let files = self.elsewhere.iter().map(|path| format!("the same grant in {}", path.display()));
        let kernels = self.kernelspecs.iter().map(|path| format!("the kernelspec {}", path.display()));
        let running = self.processes.iter().cloned();
        profiles.chain(gcloud).chain(files).chain(kernels).chain(running).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_wherever_it_stands_in_a_kernelspec_and_only_whole() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [PathBuf::from("/d/adc.json")];
        let cases = [
            (r#"{"argv":["x"],"env":{"GOOGLE_APPLICATION_CREDENTIALS":"/d/adc.json"}}"#, true),
            (r#"{"argv":["bqcred","/d/adc.json"]}"#, true),
            (r#"{"argv":["/d/adc.json.old"],"env":{"X":"x /d/adc.json"}}"#, false),
            ("no json /d/adc.json", false),
        ];
        for (text, expected) in cases {
            let mut file = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
            std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
            assert_eq!(mentions(file.path(), &paths), expected, "{text}");
        }
    }
}
