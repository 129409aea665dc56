//! JupyterHub with a local spawner: `kernel install` in a user's server, and the snippet in the hub's
//! configuration, make the kernels run as the user.

use std::path::Path;

use crate::common::{Google, PERSON, missing, python_of};
use crate::jupyter::hub::{Hub, Proxy};
use crate::jupyter::{Scene, Server, TOKEN};

const MODULES: &[&str] = &["jupyterhub", "jupyter_server", "ipykernel", "google.cloud.bigquery"];

/// Prints the account of a query.
const WHO: &str = "from google.cloud import bigquery\n\
    print(*bigquery.Client(project='p1').query_and_wait('SELECT SESSION_USER()'))";

/// A machine with a hub's programs, where a user has signed in.
fn scene(google: &Google) -> Option<(Scene, Proxy)> {
    let Some(python) = python_of("BQCRED_TEST_VENV", MODULES) else {
        missing(&format!("a virtual environment with {} (BQCRED_TEST_VENV)", MODULES.join(", ")));
        return None;
    };
    let Some(proxy) = Proxy::find() else {
        missing("node, or configurable-http-proxy in BQCRED_TEST_NODE_MODULES,");
        return None;
    };
    let scene = Scene::new(Server::Venv, &python);
    scene.sandbox.link("bqcred", Path::new(env!("CARGO_BIN_EXE_bqcred")));
    scene.sandbox.login(google, PERSON, &["--project", "p1"]).success();
    Some((scene, proxy))
}

/// A kernel of a server, started over REST.
struct Kernel<'a> {
    scene: &'a Scene,
    id: String,
}

impl<'a> Kernel<'a> {
    fn start(scene: &'a Scene, server: &str) -> Self {
        let id = scene.drive(&["start", server, TOKEN, "python3"]);
        Kernel { scene, id: id.as_str().unwrap().to_owned() }
    }

    /// Runs a cell and gives what it prints.
    fn run(&self, code: &str) -> String {
        self.scene.drive(&["ask", &self.id, code]).as_str().unwrap().to_owned()
    }
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn kernel_install_in_a_hub_server_applies_to_new_kernels() {
    let google = Google::start();
    let metadata = google.metadata_server();
    let Some((scene, proxy)) = scene(&google) else { return };
    let before = std::fs::read(scene.spec("python3")).unwrap();
    let env = google.env().into_iter().chain(metadata.env()).collect();
    let hub = Hub::start(&scene, &proxy, env, "");
    let server = scene.drive(&["server", &hub.url, TOKEN, "ada"]);

    let old = Kernel::start(&scene, text(&server));
    let said = old.run("!bqcred kernel install --kernel python3");
    assert!(said.contains("the server of this notebook"), "{said}");
    assert!(said.contains("kernel python3 runs as profile default now"), "{said}");
    assert!(said.contains("Kernel > Shut Down Kernel, then Kernel > Restart Kernel"), "{said}");
    let new = Kernel::start(&scene, text(&server));
    let answer = new.run(WHO);
    assert!(answer.contains(PERSON), "{answer}");
    assert_eq!(google.identities(), [PERSON]);
    assert_eq!(metadata.tokens(), 0, "the VM's service account was asked for");

    // from a shell, too, the hub's server is a server
    let list = scene.sandbox.bqcred(&["kernel", "list", "--json"]).success().json();
    let mut servers = list["servers"].as_array().unwrap().iter();
    let found = servers.find(|server| server["prefix"] == scene.prefix.to_str().unwrap());
    assert_eq!(found.expect("the server is listed")["origin"], "running", "{list:#}");
    new.run("!bqcred kernel uninstall");
    assert_eq!(std::fs::read(scene.spec("python3")).unwrap(), before);
}

#[test]
fn snippet_in_the_hub_configuration_applies_to_every_server() {
    let google = Google::start();
    let metadata = google.metadata_server();
    let Some((scene, proxy)) = scene(&google) else { return };
    let snippet = scene.bqcred(&["kernel", "snippet", "--lang", "jupyterhub"]).success().stdout;
    let env = google.env().into_iter().chain(metadata.env()).collect();
    let closed = format!("{snippet}c.Spawner.disable_user_config = True\n");
    let hub = Hub::start(&scene, &proxy, env, &closed);
    let server = scene.drive(&["server", &hub.url, TOKEN, "ada"]);

    let kernel = Kernel::start(&scene, text(&server));
    let credential = kernel.run("import os; print(os.environ['GOOGLE_APPLICATION_CREDENTIALS'])");
    assert_eq!(credential.trim(), scene.sandbox.adc("default").to_str().unwrap());
    let answer = kernel.run(WHO);
    assert!(answer.contains(PERSON), "{answer}");
    assert_eq!(google.identities(), [PERSON]);
    assert_eq!(metadata.tokens(), 0, "the VM's service account was asked for");

    // a kernel in the user's folder would not be read, and that is reported
    let said = kernel.run("!JUPYTER_PREFER_ENV_PATH=0 bqcred kernel install --where user");
    assert!(said.contains("disable_user_config") && said.contains("--lang jupyterhub"), "{said}");
    assert!(!scene.user_spec("python3").exists());
}
