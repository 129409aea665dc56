//! The sign-ins that R's gargle made on its own: files that are named `HASH_ADDRESS`.

use std::path::Path;

use crate::doctor::facts::environment::Variables;

/// Their accounts. gargle's cache is in one of these folders, depending on its version.
pub(crate) fn accounts(environment: &Variables, home: &Path) -> Vec<String> {
    let cache = environment.path("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache"));
    let folders = [cache.join("gargle"), cache.join("R/gargle"), home.join(".R/gargle/gargle-oauth")];
    let mut accounts: Vec<String> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten())
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (_, account) = name.split_once('_')?;
            account.contains('@').then(|| account.to_owned())
        })
        .collect();
    accounts.sort();
    accounts.dedup();
    accounts
}
