//! Places in folders of this user, seen by this user and by another one.

use std::os::unix::fs::symlink;

use super::*;
use crate::jupyter::Environ;
use crate::jupyter::locate::config::Config;
use crate::jupyter::locate::python::Python;

/// Temporary folders: a home, a venv with a Python kernel, and a context that knows them.
struct Scene {
    root: tempfile::TempDir,
    context: Context,
}

const SPEC: &[u8] = b"{\"argv\": [\"python\"], \"language\": \"python\"}";

impl Scene {
    fn new(environ: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().canonicalize().unwrap();
        let python = Python {
            executable: path.join("venv/bin/python"),
            prefix: path.join("venv"),
            is_venv: true,
            user_site: false,
            modules: Vec::new(),
        };
        let environ: Environ = environ
            .iter()
            .map(|(name, value)| (name.to_string(), value.replace("ROOT", path.to_str().unwrap())))
            .collect();
        let uid = files::owner(&std::fs::metadata(&path).unwrap());
        let context = Context {
            python: Some(python),
            environ,
            home: path.join("home"),
            directory: path.clone(),
            uid,
            login: None,
            arguments: Vec::new(),
        };
        let scene = Scene { root, context };
        scene.kernel("venv/share/jupyter/kernels/python3");
        files::create_folder(&scene.path("home")).unwrap();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    fn kernel(&self, folder: &str) {
        files::replace_new(&self.path(folder).join("kernel.json"), SPEC).unwrap();
    }

    fn place(&self, wanted: Where) -> Result<Place, Refusal> {
        self.place_with(&Config::default(), wanted)
    }

    fn place_with(&self, config: &Config, wanted: Where) -> Result<Place, Refusal> {
        let kernels = self.context.kernels(config);
        let kernel = kernels.iter().find(|kernel| kernel.folder.ends_with("python3")).unwrap();
        place(&self.context, kernel, wanted)
    }

    /// The same, looked at by somebody who owns none of it.
    fn foreign(mut self) -> Self {
        self.context.uid += 1;
        self
    }
}

const USER: &str = "home/.local/share/jupyter/kernels/python3";
const VENV: &str = "venv/share/jupyter/kernels/python3";

#[test]
fn an_own_venv_is_patched_in_place() {
    let scene = Scene::new(&[]);
    assert_eq!(scene.place(Where::Auto), Ok(Place::Patch(scene.path(VENV).join("kernel.json"))));
    let later = scene.place(Where::User).unwrap_err();
    assert!(matches!(later, Refusal::Later { .. }), "{later:?}");
}

#[test]
fn where_the_user_comes_first_user_means_a_copy() {
    let scene = Scene::new(&[("JUPYTER_PREFER_ENV_PATH", "0")]);
    assert_eq!(scene.place(Where::User), Ok(Place::Copy(scene.path(USER))));
    assert_eq!(scene.place(Where::Environment), Ok(Place::Patch(scene.path(VENV).join("kernel.json"))));
    scene.kernel(USER);
    assert_eq!(scene.place(Where::Auto), Ok(Place::Patch(scene.path(USER).join("kernel.json"))));
    assert!(matches!(scene.place(Where::Environment), Err(Refusal::Later { .. })));
}

#[test]
fn what_belongs_to_somebody_else_is_never_written() {
    let scene = Scene::new(&[]).foreign();
    // the home, too, is somebody else's here
    assert_eq!(scene.place(Where::Auto), Err(Refusal::NotOurs(scene.path("home"))));
    assert!(matches!(scene.place(Where::Environment), Err(Refusal::NotOurs(_))));
}

#[test]
fn a_foreign_directory_of_jupyter_path_is_in_the_way() {
    let scene = Scene::new(&[("JUPYTER_PATH", "ROOT/shared")]);
    scene.kernel("shared/kernels/python3");
    let file = scene.path("shared/kernels/python3/kernel.json");
    assert_eq!(scene.place(Where::Auto), Ok(Place::Patch(file)));
    assert!(matches!(scene.place(Where::User), Err(Refusal::JupyterPath(_))));
    assert!(matches!(scene.foreign().place(Where::Auto), Err(Refusal::JupyterPath(_))));
}

#[test]
fn links_are_followed_to_files_of_ours_and_no_further() {
    let scene = Scene::new(&[]);
    let link = scene.path(VENV);
    std::fs::remove_dir_all(&link).unwrap();
    scene.kernel("dotfiles/k");
    symlink(scene.path("dotfiles/k"), &link).unwrap();
    assert_eq!(scene.place(Where::Auto), Ok(Place::Patch(scene.path("dotfiles/k/kernel.json"))));
}

#[test]
fn hubs_and_lists_that_would_hide_the_change_are_named() {
    let scene = Scene::new(&[("JUPYTERHUB_DISABLE_USER_CONFIG", "1"), ("HOME", "ROOT/home")]);
    assert_eq!(scene.place(Where::User), Err(Refusal::HomeIgnored));
    assert!(scene.place(Where::Auto).is_ok(), "a venv outside the home is read all the same");

    let scene = Scene::new(&[]);
    let mut config = Config { allowed: Some(["ir".to_owned()].into()), ..Config::default() };
    assert_eq!(scene.place_with(&config, Where::Auto), Err(Refusal::NotAllowed));
    config = Config { manager: Some("nb_conda_kernels.CondaKernelSpecManager".into()), ..Config::default() };
    assert!(scene.place_with(&config, Where::Auto).is_ok());
    let scene = Scene::new(&[("JUPYTER_PREFER_ENV_PATH", "0"), ("CONDA_EXE", "ROOT/venv/bin/conda")]);
    assert!(scene.place_with(&config, Where::User).is_ok(), "there is no conda");
    files::create_folder(&scene.path("venv/conda-meta")).unwrap();
    assert_eq!(scene.place_with(&config, Where::User), Err(Refusal::NbConda(scene.path(VENV))));
}

#[test]
fn a_broken_spec_is_not_edited() {
    let scene = Scene::new(&[]);
    files::replace(&scene.path(VENV).join("kernel.json"), b"{").unwrap();
    assert!(matches!(scene.place(Where::Auto), Err(Refusal::Broken(_))));
}

#[test]
fn a_new_kernel_goes_where_the_server_looks_first() {
    let scene = Scene::new(&[]);
    let folder = place_new(&scene.context, "python3-bq", Where::Auto).unwrap();
    assert_eq!(folder, scene.path("venv/share/jupyter/kernels/python3-bq"));
    let folder = place_new(&scene.context, "python3-bq", Where::User).unwrap();
    assert_eq!(folder, scene.path("home/.local/share/jupyter/kernels/python3-bq"));
}
