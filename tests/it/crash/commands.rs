//! The commands that change files, each with a state of files and grants to start from.

use super::scene::{ADA, Place, Scene};
use crate::common::keyring::Keyring;
use crate::common::{Google, Sandbox, set_mode};
use crate::double::{CLIENT_ID, CLIENT_SECRET};

const KERNEL: &str = "{\n \"argv\": [\"python\", \"-m\", \"ipykernel_launcher\", \"-f\", \"{connection_file}\"],\n \"display_name\": \"Python 3\",\n \"language\": \"python\"\n}";

type World = (Google, Place);

fn nothing(_: &Google) -> String {
    String::new()
}

/// In memory: a killed process leaves the same files there, and a disk would have to sync thousands of times.
fn empty() -> (Google, Sandbox) {
    let (google, sandbox) = (Google::start(), Sandbox::in_memory());
    sandbox.client_file(&google);
    (google, sandbox)
}

fn plain((google, sandbox): (Google, Sandbox)) -> World {
    (google, Place::Plain(sandbox))
}

/// Ada has signed in and used the credential.
fn signed_in() -> (Google, Sandbox) {
    let (google, sandbox) = empty();
    sandbox.login(&google, ADA, &["--project", "p1"]).success();
    sandbox.invoke(&["token"]).may_print_secret().run().success();
    (google, sandbox)
}

/// The same with the keyring and a session file; `None` where there is no keyring.
fn in_the_keyring() -> Option<(Google, Keyring)> {
    let google = Google::start();
    let keyring = Keyring::start_in(Sandbox::in_memory())?;
    keyring.login(&google, ADA, &["--store", "keyring", "--project", "p1"]).success();
    keyring.bqcred(&["env", "--shell", "sh"]).success();
    Some((google, keyring))
}

fn work(sandbox: &Sandbox, name: &str, content: &str) -> String {
    let path = sandbox.write(&format!("work/{name}"), content);
    set_mode(&path, 0o600);
    path.to_str().unwrap().to_owned()
}

/// The answer to the pending login.
fn answer(url: &str) -> impl Fn(&Google) -> String + 'static {
    let url = url.trim().to_owned();
    move |google| google.approve(&url, ADA)
}

pub fn login_start() -> Option<Scene> {
    let (google, sandbox) = empty();
    let client = sandbox.client_file(&google);
    let args = ["login", "--start", "--client-id-file", &client];
    Scene::new("login --start", plain((google, sandbox)), &args, nothing, &[0])
}

pub fn first_login() -> Option<Scene> {
    let (google, sandbox) = empty();
    let client = sandbox.client_file(&google);
    let start = ["login", "--start", "--client-id-file", &client, "--project", "p1"];
    let url = sandbox.bqcred(&start).success().stdout;
    Scene::new("first login", plain((google, sandbox)), &["login", "--finish", "-"], answer(&url), &[0, 3])
}

pub fn login_again() -> Option<Scene> {
    let (google, sandbox) = signed_in();
    let url = sandbox.bqcred(&["login", "--start", "--project", "p2"]).success().stdout;
    Scene::new("login again", plain((google, sandbox)), &["login", "--finish", "-"], answer(&url), &[0, 3])
}

fn credential(google: &Google) -> String {
    let token = google.grant(ADA, CLIENT_ID, &["openid", "userinfo.email", "bigquery"]);
    serde_json::json!({
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": token, "type": "authorized_user",
    })
    .to_string()
}

pub fn import() -> Option<Scene> {
    let (google, sandbox) = empty();
    sandbox.bqcred(&["client", "set", &sandbox.client_file(&google)]).success();
    let file = work(&sandbox, "given.json", &credential(&google));
    Scene::new("import", plain((google, sandbox)), &["import", &file], nothing, &[0, 2])
}

pub fn import_over() -> Option<Scene> {
    let (google, sandbox) = signed_in();
    sandbox.bqcred(&["client", "set", &sandbox.client_file(&google)]).success();
    let file = work(&sandbox, "given.json", &credential(&google));
    let args = ["import", &file, "--force", "--move"];
    Scene::new("import --force --move", plain((google, sandbox)), &args, nothing, &[0, 3])
}

pub fn rotate() -> Option<Scene> {
    Scene::new("rotate", plain(signed_in()), &["rotate", "--yes"], nothing, &[0, 1])
}

pub fn rotate_finish() -> Option<Scene> {
    let (google, sandbox) = signed_in();
    let url = sandbox.bqcred(&["rotate", "--yes"]).success().stdout;
    let args = ["rotate", "--finish", "-"];
    Scene::new("rotate --finish", plain((google, sandbox)), &args, answer(&url), &[0, 3])
}

pub fn revoke() -> Option<Scene> {
    Scene::new("revoke", plain(signed_in()), &["revoke", "--yes"], nothing, &[0, 3])
}

pub fn forget() -> Option<Scene> {
    let (google, sandbox) = signed_in();
    sandbox.bqcred(&["use", "default"]).success();
    Scene::new("forget", plain((google, sandbox)), &["forget"], nothing, &[0, 3])
}

/// At a server that gives a new refresh token each time.
pub fn token() -> Option<Scene> {
    let (google, sandbox) = signed_in();
    google.rotate_on_refresh(true);
    Scene::new("token", plain((google, sandbox)), &["token", "--min-ttl", "7200"], nothing, &[0])
}

pub fn status() -> Option<Scene> {
    Scene::new("status", plain(signed_in()), &["status"], nothing, &[0])
}

pub fn small_ones() -> Vec<Option<Scene>> {
    let scene = |name, args: &[&str], again| Scene::new(name, plain(signed_in()), args, nothing, again);
    let (google, sandbox) = signed_in();
    let pin = work(&sandbox, ".bqcred", "default\n");
    let allow = Scene::new("allow", plain((google, sandbox)), &["allow", &pin], nothing, &[0]);
    let (google, sandbox) = empty();
    let client = sandbox.client_file(&google);
    let set = Scene::new("client set", plain((google, sandbox)), &["client", "set", &client], nothing, &[0]);
    vec![
        scene("use", &["use", "default"], &[0]),
        scene("export", &["export", "work/out.json"], &[0, 2]),
        scene("export --token-only", &["export", "--token-only", "work/token.json"], &[0, 2]),
        scene("export --well-known", &["export", "--well-known"], &[0]),
        allow,
        set,
    ]
}

pub fn export_undo() -> Option<Scene> {
    let (google, sandbox) = signed_in();
    let theirs = sandbox.home().join(".config/gcloud/application_default_credentials.json");
    let given = sandbox.home().join(".config/gcloud");
    std::fs::create_dir_all(&given).unwrap();
    std::fs::write(&theirs, credential(&google)).unwrap();
    sandbox.bqcred(&["export", "--well-known"]).success();
    Scene::new(
        "export --undo",
        plain((google, sandbox)),
        &["export", "--well-known", "--undo"],
        nothing,
        &[0, 3],
    )
}

/// A folder that looks like a virtual environment with Jupyter.
fn with_kernel() -> (Google, Sandbox) {
    let (google, sandbox) = signed_in();
    sandbox.add_jupyter();
    sandbox.write("venv/share/jupyter/kernels/python3/kernel.json", KERNEL);
    sandbox.write("venv/share/jupyter/kernels/python3/about.json", "{}");
    (google, sandbox)
}

pub fn kernels() -> Vec<Option<Scene>> {
    const HERE: [&str; 3] = ["kernel", "install", "python3"];
    const COPY: [&str; 5] = ["kernel", "install", "python3", "--new-kernel", "mine"];
    let (google, sandbox) = with_kernel();
    for install in [&HERE[..], &COPY] {
        sandbox.invoke(install).env("VIRTUAL_ENV", sandbox.path("venv")).run().success();
    }
    vec![
        Scene::new("kernel install", plain(with_kernel()), &HERE, nothing, &[0]),
        Scene::new("kernel install, a copy", plain(with_kernel()), &COPY, nothing, &[0]),
        Scene::new("kernel uninstall", plain((google, sandbox)), &["kernel", "uninstall"], nothing, &[0, 3]),
    ]
}

/// The original of a copy has changed, with one file more and one less.
pub fn kernel_sync() -> Option<Scene> {
    let (google, sandbox) = with_kernel();
    let original = |name: &str| format!("venv/share/jupyter/kernels/python3/{name}");
    sandbox.write(&original("old.json"), "{}");
    let install = sandbox.invoke(&["kernel", "install", "python3", "--where", "user"]);
    let venv = sandbox.path("venv");
    install.env("VIRTUAL_ENV", venv).env("JUPYTER_PREFER_ENV_PATH", "0").run().success();
    std::fs::remove_file(sandbox.path(&original("old.json"))).unwrap();
    sandbox.write(&original("about.json"), "{\"new\": 1}");
    sandbox.write(&original("more.json"), "{\"new\": 2}");
    sandbox.write(&original("kernel.json"), KERNEL.replace("\"-f\"", "\"-Xdev\", \"-f\""));
    Scene::new("kernel sync", plain((google, sandbox)), &["kernel", "sync"], nothing, &[0])
}

pub fn session_file() -> Option<Scene> {
    let (google, keyring) = in_the_keyring()?;
    keyring.bqcred(&["lock"]).success();
    let world = (google, Place::WithKeyring(Box::new(keyring)));
    Scene::new("env", world, &["env", "--shell", "sh"], nothing, &[0])
}

pub fn move_to(store: &'static str) -> Option<Scene> {
    let (google, keyring) = in_the_keyring()?;
    let name = if store == "file" { "move to a file" } else { "move to the keyring" };
    if store == "keyring" {
        keyring.bqcred(&["move", "--store", "file"]).success();
    }
    let world = (google, Place::WithKeyring(Box::new(keyring)));
    Scene::new(name, world, &["move", "--store", store], nothing, &[0])
}

pub fn login_over_the_keyring() -> Option<Scene> {
    let (google, keyring) = in_the_keyring()?;
    let client = keyring.sandbox.client_file(&google);
    let start = ["login", "--start", "--client-id-file", &client];
    let url = keyring.bqcred(&start).success().stdout;
    let world = (google, Place::WithKeyring(Box::new(keyring)));
    Scene::new("login over the keyring", world, &["login", "--finish", "-"], answer(&url), &[0, 3])
}
