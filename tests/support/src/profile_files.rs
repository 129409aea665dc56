//! Profiles without a login: only their files, for commands that send no request.

use sha2::{Digest as _, Sha256};

use super::Sandbox;
use super::sandbox::set_mode;

/// A profile of ada@example.com with this project, with the files that a login writes.
pub fn write_profile(sandbox: &Sandbox, name: &str, project: &str) {
    let token = format!("made-up-{name}");
    let adc = serde_json::json!({
        "account": "ada@example.com",
        "client_id": "1-made-up.apps.googleusercontent.com",
        "client_secret": "made-up",
        "refresh_token": token,
        "type": "authorized_user",
    });
    let known = serde_json::json!({
        "account": "ada@example.com",
        "project": project,
        "store": "file",
        "fingerprint": fingerprint(&token),
    });
    for (file, content) in [("adc.json", adc), ("profile.json", known)] {
        let relative = format!("home/.local/share/bqcred/{name}/{file}");
        let path = sandbox.write(&relative, format!("{content:#}\n"));
        set_mode(&path, 0o600);
        set_mode(path.parent().unwrap(), 0o700);
    }
}

/// Names the credential that `profile.json` describes: the first half of the token's SHA-256.
fn fingerprint(token: &str) -> String {
    Sha256::digest(token).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
