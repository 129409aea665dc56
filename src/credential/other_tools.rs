//! Where other tools keep credentials of this user: gcloud, and the Python libraries that sign in by themselves.
//!
//! The one list of these paths: `import` reads them, `revoke` and `rotate` look there for the same grant, and the
//! doctor looks where the libraries look.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// gcloud's configuration folder, as `googlecloudsdk/core/config.py` (class `Paths`) lays it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GcloudFolder(PathBuf);

impl GcloudFolder {
    /// The folder that gcloud uses: what `CLOUDSDK_CONFIG` names, or `~/.config/gcloud` where that is unset or empty.
    pub(crate) fn find(cloudsdk_config: Option<&OsStr>, home: &Path) -> GcloudFolder {
        match cloudsdk_config.filter(|folder| !folder.is_empty()) {
            Some(folder) => GcloudFolder(PathBuf::from(folder)),
            None => GcloudFolder::default_in(home),
        }
    }

    /// `~/.config/gcloud`, also on macOS.
    pub(crate) fn default_in(home: &Path) -> GcloudFolder {
        GcloudFolder(home.join(".config").join("gcloud"))
    }

    /// This folder; the environment is not looked at.
    pub(crate) fn at(folder: impl Into<PathBuf>) -> GcloudFolder {
        GcloudFolder(folder.into())
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// What `gcloud auth application-default login` writes, and what Google's libraries read where
    /// `GOOGLE_APPLICATION_CREDENTIALS` is not set: <https://google.aip.dev/auth/4113>.
    pub(crate) fn adc(&self) -> PathBuf {
        self.0.join("application_default_credentials.json")
    }

    /// gcloud's own accounts: a copy of each account's credential, which gcloud writes for bq and gsutil
    /// (`Paths.LegacyCredentialsDir`; the name of the folder is the address without colons).
    pub(crate) fn account(&self, account: &str) -> PathBuf {
        self.accounts().join(account.replace([':', '/'], ""))
    }

    /// An account's credential in the form of an ADC file (`Paths.LegacyCredentialsAdcPath`).
    pub(crate) fn account_adc(&self, account: &str) -> PathBuf {
        self.account(account).join("adc.json")
    }

    /// An account's configuration of gsutil (`Paths.LegacyCredentialsGSUtilPath`).
    pub(crate) fn account_boto(&self, account: &str) -> PathBuf {
        self.account(account).join(".boto")
    }

    /// The accounts that have an ADC file here, by name, with the file.
    pub(crate) fn account_adcs(&self) -> Vec<(String, PathBuf)> {
        let mut found: Vec<(String, PathBuf)> = std::fs::read_dir(self.accounts())
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path().join("adc.json")))
            .filter(|(_, adc)| adc.exists())
            .collect();
        found.sort();
        found
    }

    fn accounts(&self) -> PathBuf {
        self.0.join("legacy_credentials")
    }
}

/// bq's settings, where `BIGQUERYRC` names no other file (`platform/bq/bq_flags.py`).
pub(crate) fn bigqueryrc(home: &Path) -> PathBuf {
    home.join(".bigqueryrc")
}

/// A Python library that signs in on its own, and caches that in its own file. All of them are built on
/// pydata-google-auth (`pydata_google_auth/cache.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PythonCache {
    /// pydata-google-auth itself: `%%bigquery`.
    Pydata,
    /// pandas-gbq (`pandas_gbq/auth.py`).
    PandasGbq,
    /// Ibis (`ibis/backends/bigquery/__init__.py`).
    Ibis,
}

impl PythonCache {
    /// All of them.
    pub(crate) const ALL: [PythonCache; 3] = [PythonCache::Pydata, PythonCache::PandasGbq, PythonCache::Ibis];

    /// Its file. The libraries look below `~/.config` and do not read `XDG_CONFIG_HOME`.
    pub(crate) fn file(self, home: &Path) -> PathBuf {
        self.below(&home.join(".config"))
    }

    /// The file below another folder than `~/.config`.
    pub(crate) fn below(self, config: &Path) -> PathBuf {
        config.join(match self {
            PythonCache::Pydata => "pydata/pydata_google_credentials.json",
            PythonCache::PandasGbq => "pandas_gbq/bigquery_credentials.dat",
            PythonCache::Ibis => "pydata/ibis.json",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cloudsdk_config_counts_as_unset() {
        let folder = |variable: Option<&str>| GcloudFolder::find(variable.map(OsStr::new), Path::new("/h"));
        assert_eq!(
            folder(Some("/elsewhere")).adc(),
            Path::new("/elsewhere/application_default_credentials.json")
        );
        for unset in [None, Some("")] {
            assert_eq!(folder(unset).path(), Path::new("/h/.config/gcloud"));
        }
    }

    #[test]
    fn the_folder_of_an_account_has_no_colon_and_no_slash() {
        let folder = GcloudFolder::at("/g");
        let expected = Path::new("/g/legacy_credentials/example.comada@example.com/adc.json");
        assert_eq!(folder.account_adc("example.com:ada@example.com"), expected);
        assert_eq!(folder.account("../ada"), Path::new("/g/legacy_credentials/..ada"));
    }

    #[test]
    fn accounts_without_an_adc_file_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let gcloud = GcloudFolder::at(folder.path());
        for account in ["bob@example.com", "ada@example.com", "empty@example.com"] {
            std::fs::create_dir_all(gcloud.account(account)).unwrap();
        }
        for account in ["bob@example.com", "ada@example.com"] {
            tempfile::NamedTempFile::new_in(folder.path())
                .unwrap()
                .persist(gcloud.account_adc(account))
                .unwrap();
        }
        let names: Vec<String> = gcloud.account_adcs().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["ada@example.com", "bob@example.com"]);
    }
}
