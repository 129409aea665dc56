//! Why a kernel can't be changed, and what works instead.

use std::path::PathBuf;

use crate::jupyter::changes::detour;
use crate::jupyter::changes::kernel_profile::KernelProfile;
use crate::jupyter::kernelspec::launch::Barrier;

/// Why no file would be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// A directory of `JUPYTER_PATH` comes first, and the user can't write it.
    JupyterPath(PathBuf),
    /// nb_conda_kernels finds the kernel in a conda environment and would list a copy as another kernel.
    NbConda(PathBuf),
    /// JupyterHub's `disable_user_config`: the server reads nothing below the home directory.
    HomeIgnored,
    /// The server's `allowed_kernelspecs` leaves the kernel out.
    NotAllowed,
    /// The wanted directory is searched only after the one in which the kernel is found.
    SearchedLater {
        /// The directory that was asked for.
        wanted: PathBuf,
        /// The folder that the server reads.
        read: PathBuf,
    },
    /// The file or directory belongs to another user, or is not writable.
    NotWritable(PathBuf),
    /// The file belongs to the user with this id, and everybody who uses the environment reads it.
    OfOthers(PathBuf, u32),
    /// The server has no Python environment of its own.
    NoEnvironment,
    /// A kernel of the wanted name exists and was not made by bqcred.
    NameTaken(PathBuf),
    /// Jupyter itself does not accept the spec, for this reason.
    InvalidSpec(String),
    /// The kernel's command keeps the credential from the kernel.
    Barrier(Barrier),
}

impl Obstacle {
    /// Why the kernel can't be changed.
    pub(crate) fn describe(&self) -> String {
        match self {
            Obstacle::JupyterPath(path) => {
                format!("JUPYTER_PATH puts {} first, and you can't write it", path.display())
            }
            Obstacle::NbConda(folder) => format!(
                "nb_conda_kernels takes it from {} and would show a copy as another kernel",
                folder.display()
            ),
            Obstacle::HomeIgnored => {
                "JupyterHub runs this server with disable_user_config: it reads nothing in your home directory".into()
            }
            Obstacle::NotAllowed => "the server's allowed_kernelspecs leaves this kernel out".into(),
            Obstacle::SearchedLater { wanted, read } => {
                format!("the server reads {} before {}", read.display(), wanted.display())
            }
            Obstacle::NotWritable(path) => format!("you can't write {}", path.display()),
            Obstacle::OfOthers(path, owner) => format!(
                "{} belongs to another user ({owner}), and all users of that environment read it",
                path.display()
            ),
            Obstacle::NoEnvironment => "no Python environment of a Jupyter server was found".into(),
            Obstacle::NameTaken(path) => {
                format!("there is a kernel of that name already: {}", path.display())
            }
            Obstacle::Barrier(barrier) => barrier.describe(),
            Obstacle::InvalidSpec(problem) => format!("Jupyter does not accept this kernelspec: {problem}"),
        }
    }

    /// What works instead for kernels that are to get this profile, in one or more lines.
    pub(crate) fn alternative(&self, profile: &KernelProfile) -> Vec<String> {
        let text = match self {
            Obstacle::Barrier(barrier) => return detour::describe(barrier, profile),
            Obstacle::JupyterPath(_) | Obstacle::NotWritable(_) | Obstacle::NoEnvironment => {
                "`bqcred snippet ipython-startup` (or `renviron` for R) works in all your kernels"
            }
            Obstacle::OfOthers(..) => {
                "`bqcred kernel install --where user` changes it in your home folder, for you alone"
            }
            Obstacle::NbConda(_) => {
                "`bqcred kernel install --where env` if the environment is yours, else `bqcred snippet ipython-startup`"
            }
            Obstacle::HomeIgnored => {
                "`bqcred snippet jupyterhub` for the hub's administrator, or `bqcred snippet python` in the notebook"
            }
            Obstacle::NotAllowed => "use a kernel of that list, or ask for this one to be added to it",
            Obstacle::SearchedLater { .. } => {
                "`bqcred kernel install --where auto` writes where the server reads"
            }
            Obstacle::NameTaken(_) => "choose another name for --new-kernel",
            Obstacle::InvalidSpec(_) => "reinstall the kernel, for Python with `python -m ipykernel install`",
        };
        vec![text.to_owned()]
    }
}
