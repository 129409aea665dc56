//! Whether this runs in a container: what is not mounted there is of the container's image.

use std::path::Path;

use crate::system::env::Environ;

/// The files that Docker and Podman make in a container's root.
const FILES: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];
/// Variables that are set in containers: by Kubernetes, by Podman and systemd-nspawn, and by JupyterHub's spawners for
/// Kubernetes and Docker.
const VARIABLES: [&str; 4] = ["KUBERNETES_SERVICE_HOST", "container", "JUPYTER_IMAGE", "JUPYTER_IMAGE_SPEC"];

/// Whether a folder may be of a container's image, for a program with this environment. jupyter/docker-stacks set
/// `CONDA_DIR` to their image's Python.
pub(crate) fn may_be_image(environ: &Environ, folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| std::fs::metadata(path).ok().map(|meta| meta.dev());
    let is_container = VARIABLES.iter().any(|name| environ.filled(name).is_some())
        || FILES.iter().any(|file| Path::new(file).exists());
    environ.filled("CONDA_DIR").is_some_and(|conda| Path::new(conda) == folder)
        || (is_container && device(folder) == device(Path::new("/")))
}
