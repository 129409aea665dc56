//! bq's own settings, `~/.bigqueryrc`: flags of bq, a line each, some of which say who it runs as, whatever gcloud's
//! variables say (`platform/bq/bq_utils.py` and `auth/main_credential_loader.py` of the Google Cloud CLI).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::credential::other_tools;
use crate::output::secret::Secret;
use crate::system::private_file::{self, Content};

/// The file, and what it says of the identity.
#[derive(Debug)]
pub(crate) struct BigQueryRc {
    /// The file.
    pub(crate) path: PathBuf,
    /// The setting that decides.
    pub(crate) setting: IdentitySetting,
}

/// A setting that decides who bq runs as.
#[derive(Debug)]
pub(crate) enum IdentitySetting {
    /// `oauth_access_token`.
    AccessToken(Secret),
    /// `use_gce_service_account`.
    VmAccount,
    /// `application_default_credential_file` for bq's old library (`use_google_auth` is false).
    File(PathBuf),
    /// This one makes bq fail.
    Fails(&'static str),
}

impl IdentitySetting {
    /// The setting's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            IdentitySetting::AccessToken(_) => TOKEN,
            IdentitySetting::VmAccount => VM,
            IdentitySetting::File(_) => FILE,
            IdentitySetting::Fails(name) => name,
        }
    }
}

const TOKEN: &str = "oauth_access_token";
const VM: &str = "use_gce_service_account";
const FILE: &str = "application_default_credential_file";
const SERVICE_ACCOUNT: &str = "service_account";
const PASSWORD: &str = "service_account_private_key_password";

impl BigQueryRc {
    /// Reads it: the file that `BIGQUERYRC` names, else the one in the home folder. `None` if nothing in it decides the
    /// identity.
    pub(crate) fn read(named: Option<PathBuf>, home: &Path, folder: &Path) -> Option<BigQueryRc> {
        let path = folder.join(named.unwrap_or_else(|| other_tools::bigqueryrc(home)));
        let bytes = private_file::read(&path, Content::Foreign).ok().flatten()?;
        let setting = setting(&flags(&String::from_utf8_lossy(&bytes)))?;
        Some(BigQueryRc { path, setting })
    }

    /// What it means, in a sentence.
    pub(crate) fn describe(&self) -> String {
        let consequence = match self.setting {
            IdentitySetting::AccessToken(_) => "bq uses that token, not your credential",
            IdentitySetting::VmAccount => "bq runs as the VM's service account, not as you",
            IdentitySetting::File(_) => "bq uses that file, not your credential",
            IdentitySetting::Fails(_) => "bq refuses to run",
        };
        format!("{} sets {}: {consequence}", self.path.display(), self.setting.name())
    }
}

/// The flags for all commands: those before the first section. A flag without a value is true.
fn flags(text: &str) -> BTreeMap<&str, Secret> {
    let lines = text.lines().map(str::trim);
    let global = lines.take_while(|line| !(line.starts_with('[') && line.ends_with(']')));
    let settings = global.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line| {
        let (flag, value): (&str, &str) = str::split_once(line, '=').unwrap_or((line, "true"));
        (flag.trim().trim_start_matches('-'), Secret::new(value.trim()))
    };
    settings.map(pair).collect()
}

/// In the order of bq's two libraries. The new one refuses what is only for the old.
fn setting(flags: &BTreeMap<&str, Secret>) -> Option<IdentitySetting> {
    let filled = |name: &str| flags.get(name).filter(|value| !value.expose().is_empty());
    let is = |name: &str, words: [&str; 3]| {
        flags.get(name).is_some_and(|value| words.contains(&value.expose().to_lowercase().as_str()))
    };
    let token = || filled(TOKEN).map(|token| IdentitySetting::AccessToken(token.clone()));
    let vm = || is(VM, ["true", "t", "1"]).then_some(IdentitySetting::VmAccount);
    let fails = |name: &'static str| filled(name).map(|_| IdentitySetting::Fails(name));
    if is("use_google_auth", ["false", "f", "0"]) {
        let file = || filled(FILE).map(|path| IdentitySetting::File(PathBuf::from(path.expose())));
        return vm().or_else(token).or_else(|| fails(SERVICE_ACCOUNT)).or_else(file);
    }
    fails(FILE).or_else(|| fails(PASSWORD)).or_else(token).or_else(vm).or_else(|| fails(SERVICE_ACCOUNT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decides(text: &str) -> Option<&'static str> {
        setting(&flags(text)).map(|setting| setting.name())
    }

    #[test]
    fn settings_decide_in_the_order_of_bq() {
        for (text, expected) in [
            ("project_id = p1\n# oauth_access_token=x\n", None),
            ("oauth_access_token =\nuse_gce_service_account=false", None),
            ("--oauth_access_token=ya29.x\nuse_gce_service_account", Some("oauth_access_token")),
            ("use_gce_service_account", Some("use_gce_service_account")),
            ("use_gce_service_account = True", Some("use_gce_service_account")),
            ("[query]\nuse_gce_service_account=true", None),
            ("credential_file=/x", None),
            ("service_account=a@b", Some("service_account")),
            ("application_default_credential_file=/x\nuse_gce_service_account", Some(FILE)),
            ("use_google_auth=false\napplication_default_credential_file=/x\ncredential_file=/y", Some(FILE)),
            ("use_google_auth=false\nuse_gce_service_account\noauth_access_token=x", Some(VM)),
        ] {
            assert_eq!(decides(text), expected, "{text}");
        }
        let old = setting(&flags("use_google_auth=false\napplication_default_credential_file=/x"));
        assert!(matches!(old, Some(IdentitySetting::File(_))));
        assert!(matches!(
            setting(&flags("application_default_credential_file=/x")),
            Some(IdentitySetting::Fails(_))
        ));
    }
}
