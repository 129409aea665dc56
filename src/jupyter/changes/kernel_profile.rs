//! What a kernel gets from a profile: variables that name the credential file, or `bqcred exec` around its command.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::credential::paths::Paths;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::inside::Inside;
use crate::handover::broker::limits::Limits;
use crate::handover::format::Change;
use crate::handover::ready;
use crate::handover::variables::{self, Inherited};
use crate::jupyter::kernelspec::argv::ExecWrapper;
use crate::jupyter::kernelspec::edit::Assignment;
use crate::jupyter::kernelspec::launch::{self, Barrier, Handed};
use crate::jupyter::kernelspec::spec::Spec;
use crate::output::error::{Error, Result, reason};
use crate::output::notes::Notes;
use crate::system::env;

/// A profile as kernelspecs get it.
#[derive(Clone, Debug)]
pub(crate) struct KernelProfile {
    /// The profile.
    pub(crate) name: ProfileName,
    /// The profile's account, or words for an unknown one.
    account: String,
    /// Whether the profile works only after a new sign-in.
    needs_sign_in: bool,
    handover: Handover,
    /// What R kernels can't do with it.
    r: Option<RWithout>,
}

/// R, and a profile that acts as a service account by its file: R finds no credential in that.
#[derive(Clone, Debug)]
struct RWithout {
    /// The service account.
    account: String,
    /// The command that gives kernels its tokens.
    command: String,
}

/// How a kernel gets the credential.
#[derive(Clone, Debug)]
enum Handover {
    /// These variables in `env` name its file and the project.
    Variables(Vec<(String, String)>),
    /// bqcred starts the kernel with `exec`.
    Exec {
        /// bqcred's absolute path.
        bqcred: String,
        /// With `--token-only`: what the kernel gets.
        token_only: Option<Limits>,
    },
}

/// How kernels are to get the credential.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// `bqcred exec` starts them; with these limits `bqcred exec --token-only`.
    Exec(Option<Limits>),
    /// Variables, in an environment that has this already.
    Variables(Inherited),
}

impl KernelProfile {
    /// The profile for kernels that get the credential in this way, and what is to be said of the credential.
    ///
    /// # Errors
    /// If `bqcred env` or `bqcred exec` would refuse the credential, or a kernelspec can't hold a value.
    pub(crate) fn new(app: &App, name: ProfileName, profile: Profile, way: &Way) -> Result<(Self, Notes)> {
        let (ready, handover) = match way {
            Way::Exec(token_only) => {
                let mut ready = ready::in_store(app, name, profile)?;
                let more = match token_only {
                    Some(limits) => {
                        limits.check(app, &ready.name, &ready.profile)?;
                        let whose = (&ready.name, &ready.profile);
                        Inside::exceeded_by("what uses this", limits, &app.paths, whose)
                    }
                    None => Inside::here().map(|inside| inside.widened_by("what uses this")),
                };
                more.into_iter().for_each(|more| ready.notes.add(more));
                (ready, Handover::Exec { bqcred: own_path()?, token_only: token_only.clone() })
            }
            Way::Variables(inherited) => {
                let ready = ready::for_good(app, name, profile)?;
                let vars = kernelspec_variables(&app.paths, &ready.name, &ready.profile, inherited)?;
                (ready, Handover::Variables(vars))
            }
        };
        let account = ready.profile.who().into_owned();
        let needs_sign_in = ready.profile.needs_sign_in();
        let acting_as = ready.profile.acting_as_account().filter(|_| !matches!(way, Way::Exec(Some(_))));
        let command = app.command("kernel install --token-only", &ready.name);
        let r = acting_as.map(|account| RWithout { account, command });
        Ok((KernelProfile { name: ready.name, account, needs_sign_in, handover, r }, ready.notes))
    }

    /// For people, to follow the name of a kernel: "runs as ada@example.com (profile default)", if it does.
    pub(crate) fn describe(&self) -> String {
        let limits = self.token_only().map_or(String::new(), |limits| format!(", {}", limits.describe()));
        let who = format!("{} (profile {}{limits})", self.account, self.name);
        match self.needs_sign_in {
            true => format!("will run as {who} after a new sign-in"),
            false => format!("runs as {who}"),
        }
    }

    /// Why a kernel with this kernelspec, if it is for R, finds no credential, and what gives it one. `None` if it finds
    /// one.
    pub(crate) fn about_r(&self, kernel: &str, spec: &Spec) -> Option<String> {
        let RWithout { account, command } = self.r.as_ref().filter(|_| spec.is_r())?;
        Some(ready::describe_r(account, &format!("{command} {kernel}")))
    }

    /// Whether a snippet gives it to a running kernel. A snippet names the credential file: with `exec` there is none,
    /// and R may find no credential in it.
    pub(crate) fn has_snippet(&self, is_r: bool) -> bool {
        !(self.is_exec() || (is_r && self.r.is_some()))
    }

    /// Whether `bqcred exec` hands the credential over.
    pub(crate) fn is_exec(&self) -> bool {
        matches!(self.handover, Handover::Exec { .. })
    }

    /// What kernels get, if `bqcred exec --token-only` starts them.
    pub(crate) fn token_only(&self) -> Option<&Limits> {
        match &self.handover {
            Handover::Exec { token_only, .. } => token_only.as_ref(),
            Handover::Variables(_) => None,
        }
    }

    /// The variables that kernelspecs get; none with `exec`.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        match &self.handover {
            Handover::Variables(vars) => vars,
            Handover::Exec { .. } => &[],
        }
    }

    /// The credential file that kernels read; none with `exec`.
    pub(crate) fn credential_file(&self) -> Option<&str> {
        self.variables().iter().find(|(name, _)| name == variables::ADC).map(|(_, value)| value.as_str())
    }

    /// What keeps the credential from the kernels of this kernelspec.
    pub(crate) fn barrier(&self, folder: &Path, spec: &Spec) -> Option<Barrier> {
        let file = self.credential_file().map(Path::new);
        launch::barrier(&spec.argv, &Handed { file, folder, env: &spec.env })
    }

    /// What a kernelspec is given. `python` is the interpreter that a bare `python` stands for in it.
    pub(crate) fn assignment<'a>(&'a self, python: &'a str) -> Assignment<'a> {
        let profile = self.name.as_str();
        match &self.handover {
            Handover::Variables(vars) => Assignment { profile, vars, exec: None, folder: None },
            Handover::Exec { bqcred, token_only } => {
                let exec = Some(ExecWrapper { bqcred, token_only: token_only.as_ref(), python });
                Assignment { profile, vars: &[], exec, folder: None }
            }
        }
    }
}

/// The Python of a server as text, for [`KernelProfile::assignment`]; the system's where there is none.
pub(crate) fn python_text(python: Option<&Path>) -> Result<String> {
    python.map_or_else(|| Ok("/usr/bin/python3".to_owned()), utf8)
}

/// The variables of a profile for what outlasts this session.
pub(crate) fn lasting_variables(changes: Vec<Change>) -> Result<Vec<(String, String)>> {
    let set = changes.into_iter().filter_map(|change| Some((change.name, change.value?)));
    set.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name.to_owned(), value)),
        Err(_) => {
            Err(Error::other(format!("the value of {name} is not UTF-8, and can't be written as text"))
                .hint("`bqcred exec -- PROGRAM` hands over every value unchanged"))
        }
    })
    .collect()
}

/// The same for a kernelspec. Jupyter replaces what follows a `$` in its values.
pub(crate) fn kernelspec_variables(
    paths: &Paths,
    name: &ProfileName,
    profile: &Profile,
    inherited: &Inherited,
) -> Result<Vec<(String, String)>> {
    let changes = variables::set_for_good(name, profile, &paths.adc(name), inherited);
    let is_text = |change: &&Change| change.value.as_ref().is_none_or(|value| value.to_str().is_some());
    if let Some(change) = changes.iter().find(|change| !is_text(change)) {
        return Err(unusable_value(change.name, "it is not UTF-8"));
    }
    let vars = lasting_variables(changes)?;
    match vars.iter().find(|(_, value)| value.contains('$')) {
        Some((name, _)) => Err(unusable_value(name, "Jupyter replaces what follows a $ in it")),
        None => Ok(vars),
    }
}

fn unusable_value(name: &str, problem: &str) -> Error {
    Error::other(format!("the value of {name} can't be written to a kernelspec: {problem}"))
        .hint("`bqcred kernel install --exec` hands over every value unchanged")
}

/// Absolute path of this program: the one on the PATH if that is this program, because it stays the same when bqcred
/// is updated.
pub(crate) fn own_path() -> Result<String> {
    let own = std::env::current_exe()
        .map_err(|error| Error::other(format!("can't find bqcred's own path: {}", reason(&error))))?;
    let same = |path: &PathBuf| path.canonicalize().ok() == own.canonicalize().ok();
    utf8(&env::find_program("bqcred").filter(same).unwrap_or(own))
}

/// A path as text.
pub(crate) fn utf8(path: &Path) -> Result<String> {
    let problem = || Error::other(format!("the path {} is not UTF-8", path.display()));
    path.to_str().map(str::to_owned).ok_or_else(problem)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    /// Cells, and the settings of servers, use this as well as kernelspecs.
    #[test]
    fn a_value_that_is_no_text_is_refused_without_a_word_of_kernelspecs() {
        let value = OsString::from_vec(b"/home/\xff/adc.json".to_vec());
        let error = lasting_variables(vec![Change { name: variables::ADC, value: Some(value) }]).unwrap_err();
        let told = format!("{error:?}");
        assert!(told.contains(variables::ADC) && told.contains("not UTF-8"), "{told}");
        assert!(!told.contains("kernel"), "{told}");
    }
}
