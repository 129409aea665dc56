//! A Python with Jupyter in a sandbox of its own, made in no time: the packages are those of a test
//! environment, the kernelspecs and everything else that is written are the sandbox's.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::disallowed_methods, clippy::indexing_slicing, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::Sandbox;

/// Which Python runs Jupyter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Server {
    /// A virtual environment.
    Venv,
    /// A virtual environment that sees the system's packages and the user site.
    OpenVenv,
    /// A Python with its own prefix, as conda has it.
    Prefix,
}

/// A sandbox with a Python that has the packages of a test environment.
pub struct Scene {
    pub sandbox: Sandbox,
    /// `sys.prefix` of its Python.
    pub prefix: PathBuf,
    server: Server,
    packages: PathBuf,
}

impl Scene {
    pub fn new(server: Server, python: &Path) -> Self {
        let sandbox = Sandbox::new();
        // not "venv": a case compares beginnings of the name
        let prefix = sandbox.path("prefix");
        let bin = prefix.join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let facts = python_facts(python);
        match server {
            Server::Venv | Server::OpenVenv => {
                symlink(&facts.base_executable, bin.join("python3")).unwrap();
                let open = server == Server::OpenVenv;
                let home = facts.base_executable.parent().unwrap().display();
                let config = format!("home = {home}\ninclude-system-site-packages = {open}\n");
                std::fs::write(prefix.join("pyvenv.cfg"), config).unwrap();
                let library = prefix.join("lib").join(&facts.library);
                std::fs::create_dir_all(&library).unwrap();
                symlink(&facts.packages, library.join("site-packages")).unwrap();
            }
            Server::Prefix => {
                std::fs::copy(facts.base_executable.canonicalize().unwrap(), bin.join("python3")).unwrap();
                symlink(facts.base_prefix.join("lib"), prefix.join("lib")).unwrap();
            }
        }
        let native = "{\"argv\": [\"python\"], \"display_name\": \"native\", \"language\": \"python\"}";
        let scene = Scene { sandbox, prefix, server, packages: facts.packages };
        // a Jupyter that runs for the first time copies kernels from ~/.ipython
        scene.write("{home}/.jupyter/migrated", "");
        scene.write("{prefix}/share/jupyter/kernels/python3/kernel.json", native);
        scene
    }

    pub fn fill(&self, text: &str) -> String {
        let root = self.sandbox.path("");
        let root = root.to_str().unwrap().trim_end_matches('/');
        text.replace("{home}", self.sandbox.home().to_str().unwrap())
            .replace("{prefix}", self.prefix.to_str().unwrap())
            .replace("{root}", root)
    }

    pub fn write(&self, path: &str, content: &str) {
        let path = PathBuf::from(self.fill(path));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn link(&self, target: &str, link: &str) {
        let link = PathBuf::from(self.fill(link));
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(self.fill(target), link).unwrap();
    }

    pub fn remove_native(&self) {
        std::fs::remove_dir_all(self.prefix.join("share/jupyter/kernels/python3")).unwrap();
    }

    /// Only root can; others see the same as before, which has to agree all the same.
    pub fn give_away(&self) {
        let _ = std::os::unix::fs::chown(&self.prefix, Some(65534), None);
    }

    /// The environment of a program in here, with this Python in front of the PATH.
    pub fn env(&self) -> BTreeMap<String, String> {
        let mut env: BTreeMap<String, String> = self.sandbox.env().into_iter().collect();
        let path = format!("{}:{}", self.prefix.join("bin").display(), env["PATH"]);
        env.insert("PATH".into(), path);
        if self.server == Server::Prefix {
            env.insert("PYTHONPATH".into(), self.packages.to_str().unwrap().into());
        }
        env
    }
}

struct Facts {
    base_executable: PathBuf,
    base_prefix: PathBuf,
    library: String,
    packages: PathBuf,
}

fn python_facts(python: &Path) -> Facts {
    let code = "import sys, os, sysconfig, jupyter_client; \
        b = os.path.join(sys.base_prefix, 'bin', 'python%d.%d' % sys.version_info[:2]); \
        print(b); print(sys.base_prefix); print('python%d.%d' % sys.version_info[:2]); \
        print(os.path.dirname(os.path.dirname(jupyter_client.__file__)))";
    let out = Command::new(python).args(["-c", code]).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    Facts {
        base_executable: lines[0].into(),
        base_prefix: lines[1].into(),
        library: lines[2].into(),
        packages: lines[3].into(),
    }
}
