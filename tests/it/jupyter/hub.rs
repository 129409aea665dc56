//! A JupyterHub that starts the servers of its users as processes of the test's own user; it ends when
//! dropped.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::{Scene, TOKEN};
use crate::common::find_program;

/// Node and the hub's proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    node: PathBuf,
    script: PathBuf,
}

impl Proxy {
    /// Those of this machine, if they are installed.
    pub fn find() -> Option<Self> {
        let modules = PathBuf::from(std::env::var_os("BQCRED_TEST_NODE_MODULES")?);
        let script = modules.join("configurable-http-proxy/bin/configurable-http-proxy");
        script.is_file().then_some(())?;
        Some(Proxy { node: find_program("node")?, script })
    }
}

/// The running hub.
pub struct Hub {
    child: Child,
    /// Its address, with a slash at the end.
    pub url: String,
}

impl Hub {
    /// Starts a hub whose users have the scene's home and Python, with these variables, and `more` at the
    /// end of its `jupyterhub_config.py`.
    pub fn start(scene: &Scene, proxy: &Proxy, env: Vec<(String, String)>, more: &str) -> Self {
        // the hub can't choose ports by itself; all three are free now
        let free: Vec<TcpListener> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<u16> = free.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        drop(free);
        let config =
            scene.sandbox.write("hub/jupyterhub_config.py", config(scene, proxy, &env, &ports) + more);
        let mut command = scene.command(scene.prefix.join("bin/python3"));
        command.args(["-m", "jupyterhub", "-f"]).arg(config).current_dir(scene.sandbox.path("hub")).envs(env);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut log = String::new();
        let running = lines.by_ref().any(|line| {
            log += &format!("{line}\n");
            line.contains("JupyterHub is now running")
        });
        assert!(running, "the hub did not start: {log}");
        // its log must not block
        std::thread::spawn(move || lines.for_each(drop));
        Hub { child, url: format!("http://127.0.0.1:{}/", ports[0]) }
    }
}

fn config(scene: &Scene, proxy: &Proxy, env: &[(String, String)], ports: &[u16]) -> String {
    let python = scene.prefix.join("bin/python3");
    let names: Vec<&str> = env.iter().map(|(name, _)| name.as_str()).collect();
    let [public, hub, api] = ports else { panic!("three ports") };
    let words = |words: &[&Path]| {
        let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        words.join(", ")
    };
    [
        "c = get_config()".to_owned(),
        format!("c.JupyterHub.bind_url = 'http://127.0.0.1:{public}'"),
        format!("c.JupyterHub.hub_bind_url = 'http://127.0.0.1:{hub}'"),
        format!("c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:{api}'"),
        format!("c.ConfigurableHTTPProxy.command = [{}]", words(&[&proxy.node, &proxy.script])),
        "c.JupyterHub.db_url = 'sqlite:///:memory:'".to_owned(),
        "c.JupyterHub.authenticator_class = 'dummy'".to_owned(),
        "c.Authenticator.allow_all = True".to_owned(),
        "c.JupyterHub.spawner_class = 'simple'".to_owned(),
        format!("c.SimpleLocalProcessSpawner.home_dir_template = {:?}", scene.sandbox.home()),
        format!("c.Spawner.cmd = [{}, '-m', 'jupyterhub.singleuser']", words(&[&python])),
        "c.Spawner.args = ['--allow-root']".to_owned(),
        "c.Spawner.start_timeout = 120".to_owned(),
        "c.Spawner.http_timeout = 120".to_owned(),
        format!("c.Spawner.env_keep.extend({names:?})"),
        format!("c.JupyterHub.services = [{{'name': 'test', 'api_token': '{TOKEN}'}}]"),
        "c.JupyterHub.load_roles = [{'name': 'test', 'services': ['test'], \
         'scopes': ['admin:users', 'admin:servers', 'access:servers']}]"
            .to_owned(),
        String::new(),
    ]
    .join("\n")
}

impl Drop for Hub {
    fn drop(&mut self) {
        // SIGTERM, so that it ends the servers and the proxy
        let pid = self.child.id().to_string();
        let _ = std::process::Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.child.wait();
    }
}
