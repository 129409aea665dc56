//! Targets in folders of this user, chosen for this user and for another one.

use std::os::unix::fs::symlink;

use super::*;
use crate::jupyter::locate::config::Config;
use crate::jupyter::locate::python::Python;
use crate::system::env::Environ;

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

    fn choose(&self, placement: Placement) -> Result<Target, Obstacle> {
        self.choose_with(&Config::default(), placement)
    }

    fn choose_with(&self, config: &Config, placement: Placement) -> Result<Target, Obstacle> {
        let kernels = self.context.kernels(config);
        let kernel = kernels.iter().find(|kernel| kernel.folder.ends_with("python3")).unwrap();
        super::choose(&self.context, kernel, placement)
    }

    /// The same for a user who owns none of the folders.
    fn foreign(mut self) -> Self {
        self.context.uid += 1;
        self
    }
}

const USER: &str = "home/.local/share/jupyter/kernels/python3";
const VENV: &str = "venv/share/jupyter/kernels/python3";

#[test]
fn a_kernel_in_the_users_own_venv_is_patched_in_place() {
    let scene = Scene::new(&[]);
    assert_eq!(scene.choose(Placement::Auto), Ok(Target::Patch(scene.path(VENV).join("kernel.json"))));
    let later = scene.choose(Placement::User).unwrap_err();
    assert!(matches!(later, Obstacle::SearchedLater { .. }), "{later:?}");
}

#[test]
fn a_copy_goes_to_the_user_directory_if_that_is_searched_first() {
    let scene = Scene::new(&[("JUPYTER_PREFER_ENV_PATH", "0")]);
    assert_eq!(scene.choose(Placement::User), Ok(Target::Copy(scene.path(USER))));
    assert_eq!(scene.choose(Placement::Environment), Ok(Target::Patch(scene.path(VENV).join("kernel.json"))));
    scene.kernel(USER);
    assert_eq!(scene.choose(Placement::Auto), Ok(Target::Patch(scene.path(USER).join("kernel.json"))));
    assert!(matches!(scene.choose(Placement::Environment), Err(Obstacle::SearchedLater { .. })));
}

#[test]
fn files_of_another_user_are_never_written() {
    let scene = Scene::new(&[]).foreign();
    // the home, too, belongs to another user here
    assert_eq!(scene.choose(Placement::Auto), Err(Obstacle::NotWritable(scene.path("home"))));
    let shared = scene.choose(Placement::Environment).unwrap_err();
    assert!(matches!(shared, Obstacle::OfOthers(..)), "{shared:?}");
}

#[test]
fn a_directory_of_jupyter_path_that_is_not_writable_is_an_obstacle() {
    let scene = Scene::new(&[("JUPYTER_PATH", "ROOT/shared")]);
    scene.kernel("shared/kernels/python3");
    let file = scene.path("shared/kernels/python3/kernel.json");
    assert_eq!(scene.choose(Placement::Auto), Ok(Target::Patch(file)));
    assert!(matches!(scene.choose(Placement::User), Err(Obstacle::JupyterPath(_))));
    assert!(matches!(scene.foreign().choose(Placement::Auto), Err(Obstacle::JupyterPath(_))));
}

#[test]
fn a_link_to_the_users_own_file_is_followed() {
    let scene = Scene::new(&[]);
    let link = scene.path(VENV);
    std::fs::remove_dir_all(&link).unwrap();
    scene.kernel("dotfiles/k");
    symlink(scene.path("dotfiles/k"), &link).unwrap();
    assert_eq!(scene.choose(Placement::Auto), Ok(Target::Patch(scene.path("dotfiles/k/kernel.json"))));
}

#[test]
fn disable_user_config_allow_lists_and_nb_conda_kernels_are_obstacles() {
    let scene = Scene::new(&[("JUPYTERHUB_DISABLE_USER_CONFIG", "1"), ("HOME", "ROOT/home")]);
    assert_eq!(scene.choose(Placement::User), Err(Obstacle::HomeIgnored));
    assert!(scene.choose(Placement::Auto).is_ok(), "a venv outside the home is read all the same");

    let scene = Scene::new(&[]);
    let mut config = Config { allowed: Some(["ir".to_owned()].into()), ..Config::default() };
    assert_eq!(scene.choose_with(&config, Placement::Auto), Err(Obstacle::NotAllowed));
    config = Config { manager: Some("nb_conda_kernels.CondaKernelSpecManager".into()), ..Config::default() };
    assert!(scene.choose_with(&config, Placement::Auto).is_ok());
    let scene = Scene::new(&[("JUPYTER_PREFER_ENV_PATH", "0"), ("CONDA_EXE", "ROOT/venv/bin/conda")]);
    assert!(scene.choose_with(&config, Placement::User).is_ok(), "there is no conda");
    files::create_folder(&scene.path("venv/conda-meta")).unwrap();
    assert_eq!(scene.choose_with(&config, Placement::User), Err(Obstacle::NbConda(scene.path(VENV))));
}

#[test]
fn a_spec_that_jupyter_does_not_accept_is_not_edited() {
    let scene = Scene::new(&[]);
    files::replace(&scene.path(VENV).join("kernel.json"), b"{").unwrap();
    assert!(matches!(scene.choose(Placement::Auto), Err(Obstacle::InvalidSpec(_))));
}

#[test]
fn a_new_kernel_goes_to_the_directory_that_is_searched_first() {
    let scene = Scene::new(&[]);
    let folder = folder_for_new(&scene.context, "python3-bq", Placement::Auto).unwrap();
    assert_eq!(folder, scene.path("venv/share/jupyter/kernels/python3-bq"));
    let folder = folder_for_new(&scene.context, "python3-bq", Placement::User).unwrap();
    assert_eq!(folder, scene.path("home/.local/share/jupyter/kernels/python3-bq"));
}

#[test]
fn the_home_is_preferred_to_an_environment_outside_of_it_where_it_is_read_first() {
    let scene = Scene::new(&[("JUPYTER_PREFER_ENV_PATH", "0")]);
    assert_eq!(scene.choose(Placement::Auto), Ok(Target::Copy(scene.path(USER))));
    assert_eq!(scene.choose(Placement::Environment), Ok(Target::Patch(scene.path(VENV).join("kernel.json"))));
    // a home that can't be written does not stop it
    let mut scene = Scene::new(&[("JUPYTER_PREFER_ENV_PATH", "0"), ("HOME", "/proc/self")]);
    scene.context.home = PathBuf::from("/proc/self");
    assert_eq!(scene.choose(Placement::Auto), Ok(Target::Patch(scene.path(VENV).join("kernel.json"))));
}
