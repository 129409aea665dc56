//! What a kernel gets from a profile: variables that name the credential file, or `bqcred exec` around its command.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::handover::variables::{self, VariableSet};
use crate::jupyter::kernelspec::argv::ExecWrapper;
use crate::jupyter::kernelspec::edit::Assignment;
use crate::output::error::{Error, Kind, Result, reason};
use crate::system::env;

/// A profile as kernelspecs get it.
#[derive(Clone, Debug)]
pub(crate) struct KernelProfile {
    /// The profile.
    pub(crate) name: ProfileName,
    /// The profile's account, or words for an unknown one.
    account: String,
    handover: Handover,
}

/// How a kernel gets the credential.
#[derive(Clone, Debug)]
enum Handover {
    /// These variables in `env` name its file and the project.
    Variables(Vec<(String, String)>),
    /// The program at this absolute path, bqcred, starts the kernel with `exec`.
    Exec(String),
}

impl KernelProfile {
    /// The profile for kernels that are started by `bqcred exec` or, without `exec`, read its credential file.
    pub(crate) fn new(app: &App, name: ProfileName, profile: &Profile, exec: bool) -> Result<Self> {
        let account = profile.account_or_unknown().into_owned();
        let handover = if exec {
            Handover::Exec(own_path()?)
        } else {
            Handover::Variables(kernelspec_variables(app, &name, profile)?)
        };
        Ok(KernelProfile { name, account, handover })
    }

    /// For people: `ada@example.com (profile default)`.
    pub(crate) fn describe(&self) -> String {
        format!("{} (profile {})", self.account, self.name)
    }

    /// Whether `bqcred exec` hands the credential over.
    pub(crate) fn is_exec(&self) -> bool {
        matches!(self.handover, Handover::Exec(_))
    }

    /// The credential file that kernels read; none with `exec`.
    pub(crate) fn credential_file(&self) -> Option<&str> {
        let Handover::Variables(vars) = &self.handover else { return None };
        vars.iter().find(|(name, _)| name == variables::ADC).map(|(_, value)| value.as_str())
    }

    /// What a kernelspec is given. `python` is the interpreter that a bare `python` stands for in it.
    pub(crate) fn assignment<'a>(&'a self, python: &'a str) -> Assignment<'a> {
        let profile = self.name.as_str();
        match &self.handover {
            Handover::Variables(vars) => Assignment { profile, vars, exec: None, folder: None },
            Handover::Exec(bqcred) => {
                let exec = Some(ExecWrapper { bqcred, python });
                Assignment { profile, vars: &[], exec, folder: None }
            }
        }
    }
}

/// The Python of a server as text, for [`KernelProfile::assignment`]; the system's where there is none.
pub(crate) fn python_text(python: Option<&Path>) -> Result<String> {
    python.map_or_else(|| Ok("/usr/bin/python3".to_owned()), utf8)
}

/// The variables of a profile for what outlasts this session: a kernelspec, a snippet. These can only name a
/// file, so the profile has to be kept in one.
pub(crate) fn lasting_variables(
    app: &App,
    name: &ProfileName,
    profile: &Profile,
) -> Result<Vec<(String, String)>> {
    if profile.store != StoreKind::File {
        let what = format!(
            "profile {name} is kept in the {}, and a kernelspec or snippet can only name a file",
            profile.store
        );
        return Err(Error::new(Kind::Store, what).hint(format!(
            "`{} --exec` hands it over when a kernel starts",
            app.command("kernel install", name)
        )));
    }
    let extent = VariableSet { guard: true, gcloud: false };
    let changes = variables::set(name, profile, &app.paths.adc(name), extent);
    let set = changes.into_iter().filter_map(|change| Some((change.name, change.value?)));
    set.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name.to_owned(), value)),
        Err(_) => Err(unusable_value(name, "it is not UTF-8")),
    })
    .collect()
}

/// The same for a kernelspec. Jupyter replaces what follows a `$` in its values.
pub(crate) fn kernelspec_variables(
    app: &App,
    name: &ProfileName,
    profile: &Profile,
) -> Result<Vec<(String, String)>> {
    let vars = lasting_variables(app, name, profile)?;
    match vars.iter().find(|(_, value)| value.contains('$')) {
        Some((name, _)) => Err(unusable_value(name, "Jupyter replaces what follows a $ in it")),
        None => Ok(vars),
    }
}

fn unusable_value(name: &str, problem: &str) -> Error {
    Error::usage(format!("the value of {name} can't be written to a kernelspec: {problem}"))
        .hint("`bqcred kernel install --exec` hands over every value unchanged")
}

/// Absolute path of this program: the one on the PATH if that is this program, because it stays the same when bqcred
/// is updated.
fn own_path() -> Result<String> {
    let own = std::env::current_exe()
        .map_err(|error| Error::other(format!("can't find bqcred's own path: {}", reason(&error))))?;
    let same = |path: &PathBuf| path.canonicalize().ok() == own.canonicalize().ok();
    utf8(&env::find_program("bqcred").filter(same).unwrap_or(own))
}

/// A path as text.
pub(crate) fn utf8(path: &Path) -> Result<String> {
    let problem = || Error::usage(format!("the path {} is not UTF-8", path.display()));
    path.to_str().map(str::to_owned).ok_or_else(problem)
}
