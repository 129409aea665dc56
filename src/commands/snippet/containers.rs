//! Options and settings of containers.

use crate::app::App;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::changes::detour::{self, IN_CONTAINER};
use crate::jupyter::changes::kernel_profile::utf8;
use crate::output::error::{Error, Result};

pub(super) fn docker(app: &App, name: &ProfileName, vars: &[(String, String)]) -> Result<String> {
    let folder = utf8(&app.paths.profile(name))?;
    let mut options = vec![format!("--mount type=bind,source={folder},target={IN_CONTAINER},readonly")];
    options.extend(detour::container_variables(vars).map(|(name, value)| format!("--env {name}={value}")));
    // docker splits --mount at commas, and a shell splits at spaces
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=,@+ ".contains(c);
    let odd = options.iter().find(|option| !option.chars().all(plain));
    if odd.is_some() || folder.contains([',', ' ']) {
        return Err(Error::usage("a path or value has a character that is not safe in a `docker run` line")
            .hint("`bqcred env --format json` gives the values to a program"));
    }
    Ok(options.join(" \\\n") + "\n")
}
