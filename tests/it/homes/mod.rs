//! The homes that people have: on network file systems without modes or locks, in containers, with links into other
//! folders. Where this machine can have the real thing (mounts, other users), it is used.

mod group;
mod home_folder;
mod links;
mod locks;
mod modes;
mod mounts;

use crate::common::{Invocation, Sandbox, find_program, skipped};

/// A credential as gcloud writes it, of a server that can't be reached.
const CREDENTIAL: &str = r#"{"client_id": "1-a.apps.googleusercontent.com", "client_secret": "s", "refresh_token": "1//0r",
    "type": "authorized_user", "account": "ada@example.com"}"#;

const CLIENT: &str =
    r#"{"installed": {"client_id": "1-a.apps.googleusercontent.com", "client_secret": "client-secret"}}"#;

/// A home in which Ada's credential was imported, without a network.
fn imported() -> Sandbox {
    let sandbox = Sandbox::new();
    import(&sandbox).run().success();
    sandbox
}

fn import(sandbox: &Sandbox) -> Invocation {
    offline(sandbox.invoke(&["import", "--project", "p", "-"])).stdin(CREDENTIAL)
}

/// Behind a proxy that doesn't exist.
fn offline(invocation: Invocation) -> Invocation {
    invocation.env("HTTPS_PROXY", "http://127.0.0.1:9")
}

/// Shell lines in a mount namespace of their own, where `$BQCRED` is the program; `None` where this user may not
/// mount anything.
fn mounted(sandbox: &Sandbox, script: &str) -> Option<Invocation> {
    if !rustix::process::geteuid().is_root() {
        skipped("only root can mount file systems");
        return None;
    }
    let words = ["-m", "--propagation", "private", "sh", "-euc", script];
    let invocation = sandbox.program(find_program("unshare")?, &words);
    let path = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    Some(offline(invocation).env("PATH", path).env("BQCRED", env!("CARGO_BIN_EXE_bqcred")))
}
