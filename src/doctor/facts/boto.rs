//! gsutil's own configuration: `BOTO_CONFIG`, `BOTO_PATH`, else `/etc/boto.cfg` and `~/.boto`
//! (<https://cloud.google.com/storage/docs/boto-gsutil>).

use std::path::{Path, PathBuf};

use crate::doctor::facts::environment::Variables;
use crate::system::private_file::{self, Content};

/// The first of these files that holds a refresh token.
pub(crate) fn with_sign_in(environment: &Variables, home: &Path, folder: &Path) -> Option<PathBuf> {
    let named = environment.path("BOTO_CONFIG").map(|path| vec![path]);
    let listed = || environment.filled("BOTO_PATH").map(|list| std::env::split_paths(list).collect());
    let default = || vec![PathBuf::from("/etc/boto.cfg"), home.join(".boto")];
    named.or_else(listed).unwrap_or_else(default).into_iter().find(|path| {
        let content = private_file::read(&folder.join(path), Content::Foreign).ok().flatten();
        content.is_some_and(|bytes| holds_refresh_token(&String::from_utf8_lossy(&bytes)))
    })
}

fn holds_refresh_token(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("gs_oauth2_refresh_token"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commented_refresh_token_does_not_count() {
        assert!(holds_refresh_token("[Credentials]\n gs_oauth2_refresh_token = x\n"));
        assert!(!holds_refresh_token("[Credentials]\n# gs_oauth2_refresh_token = x\n"));
    }
}
