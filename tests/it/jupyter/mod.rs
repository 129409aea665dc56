//! A Python with Jupyter in a sandbox, made quickly: its packages are those of a test environment; the
//! kernelspecs and all other files that are written belong to the sandbox.

pub mod front_end;
pub mod hub;

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Sandbox, copy_program};

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
                copy_program(&facts.base_executable.canonicalize().unwrap(), &bin.join("python3"));
                symlink(facts.base_prefix.join("lib"), prefix.join("lib")).unwrap();
            }
        }
        let native = "{\"argv\": [\"python\", \"-m\", \"ipykernel_launcher\", \"-f\", \"{connection_file}\"], \"display_name\": \"native\", \"language\": \"python\"}";
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

    /// JupyterLab's pages and settings, which a virtual environment keeps outside of its packages.
    pub fn link_lab(&self, python: &Path) {
        let venv = python.parent().and_then(Path::parent).unwrap();
        for folder in ["share/jupyter/lab", "share/jupyter/labextensions", "etc"] {
            if venv.join(folder).is_dir() {
                self.link(venv.join(folder).to_str().unwrap(), &format!("{{prefix}}/{folder}"));
            }
        }
    }

    /// Only root can; for others nothing changes, and the results must agree all the same.
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

/// Lays out the wheel in a sandbox as `pip install --target` does, for a PYTHONPATH.
pub fn add_wheel(sandbox: &Sandbox) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/bqcred");
    for file in std::fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|it| it == "py") {
            let name = file.file_name().unwrap().to_str().unwrap();
            sandbox.write(&format!("home/wheel/bqcred/{name}"), std::fs::read(&file).unwrap());
        }
    }
    let wheel = sandbox.path("home/wheel");
    std::fs::create_dir_all(wheel.join("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_bqcred"), wheel.join("bin/bqcred")).unwrap();
    wheel
}

/// The kernel "wheel" of this Python, which has the wheel.
pub fn add_kernel_with_wheel(sandbox: &Sandbox, python: &Path) {
    let spec = serde_json::json!({"argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "wheel", "language": "python", "env": {"PYTHONPATH": add_wheel(sandbox)}});
    sandbox.write("home/.local/share/jupyter/kernels/wheel/kernel.json", spec.to_string());
    sandbox.write("home/.jupyter/migrated", "");
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

/// A Jupyter Server that runs in a scene; ended when dropped.
pub struct JupyterServer {
    child: std::process::Child,
    pub url: String,
}

/// The token of the test server, which only listens on the loopback.
pub const TOKEN: &str = "token-of-the-test-server";

impl JupyterServer {
    pub fn start(scene: &Scene) -> Self {
        let mut command = scene.command(scene.prefix.join("bin/python3"));
        command.args(["-m", "jupyter_server"]);
        Self::of(command)
    }

    /// JupyterLab, with these variables, and its news and updates off. Needs [`Scene::link_lab`].
    pub fn lab(scene: &Scene, env: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut command = scene.command(scene.prefix.join("bin/python3"));
        command.args(["-m", "jupyterlab"]).envs(env).current_dir(scene.sandbox.home());
        command.arg("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate");
        let quiet = r#"{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}"#;
        scene.write("{home}/.jupyter/labconfig/page_config.json", quiet);
        Self::of(command)
    }

    /// What this command starts, on a free port.
    pub fn of(mut command: Command) -> Self {
        use std::io::{BufRead, BufReader};
        command.args(["--no-browser", "--allow-root", "--port=0", "--ip=127.0.0.1"]);
        command.arg(format!("--IdentityProvider.token={TOKEN}"));
        let mut child =
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        let url = lines.by_ref().map_while(Result::ok).find_map(|line| {
            log += &line;
            let start = line.find("http://127.0.0.1:")?;
            let url = &line[start..];
            Some(url[..url.find('?').unwrap_or(url.len())].to_owned())
        });
        // its log must not block
        std::thread::spawn(move || lines.for_each(drop));
        let url = url.unwrap_or_else(|| panic!("the server did not start: {log}"));
        JupyterServer {
            child,
            url: format!("{}/", url.trim_end_matches('/').trim_end_matches("/lab").trim_end_matches("/tree")),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for JupyterServer {
    fn drop(&mut self) {
        // SIGTERM, so that it ends its kernels
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.child.wait();
    }
}

impl Scene {
    /// A program in here, with this Python in front of the PATH.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.sandbox.command(program);
        command.env_clear().envs(self.env());
        command
    }

    /// bqcred in here.
    pub fn bqcred(&self, args: &[&str]) -> crate::common::Run {
        self.invoke(args).run()
    }

    /// bqcred in here, still to be run.
    pub fn invoke(&self, args: &[&str]) -> crate::common::Invocation {
        self.sandbox.invoke(args).envs(self.env())
    }

    /// A profile whose credential lies in a file.
    pub fn profile(&self, name: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let adc = self.sandbox.adc(name);
        std::fs::create_dir_all(adc.parent().unwrap()).unwrap();
        for folder in [adc.parent().unwrap(), adc.parent().unwrap().parent().unwrap()] {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        let text = r#"{"account": "ada@example.com", "client_id": "id", "client_secret": "s", "refresh_token": "r", "type": "authorized_user", "universe_domain": "googleapis.com"}"#;
        std::fs::write(&adc, text).unwrap();
        std::fs::set_permissions(&adc, std::fs::Permissions::from_mode(0o600)).unwrap();
        adc
    }

    /// Runs `drive.py` and gives what it prints.
    pub fn drive(&self, args: &[&str]) -> serde_json::Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jupyter/drive.py");
        let out = self.command(self.prefix.join("bin/python3")).arg(script).args(args).output().unwrap();
        let last = String::from_utf8_lossy(&out.stdout).lines().last().unwrap_or_default().to_owned();
        serde_json::from_str(&last).unwrap_or_else(|e| {
            panic!(
                "{args:?}: {e}\n{}\n{}",
                String::from_utf8_lossy(&out.stdout),
                String::from_utf8_lossy(&out.stderr)
            )
        })
    }

    /// The spec file of a kernel of this Python.
    pub fn spec(&self, kernel: &str) -> PathBuf {
        self.prefix.join("share/jupyter/kernels").join(kernel).join("kernel.json")
    }

    /// The spec file of a kernel in the user's data directory.
    pub fn user_spec(&self, kernel: &str) -> PathBuf {
        self.sandbox.home().join(".local/share/jupyter/kernels").join(kernel).join("kernel.json")
    }
}
