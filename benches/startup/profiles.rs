//! Whether `env` and `list` take longer when there are many profiles.

use super::binaries::Binary;
use super::common::Sandbox;
use super::measure::{self, Effort, Start};

const COUNTS: [usize; 3] = [1, 100, 1000];

const ADC: &str = r#"{
  "account": "ada@example.com",
  "client_id": "1-a.apps.googleusercontent.com",
  "client_secret": "GOCSPX-a",
  "refresh_token": "1//a",
  "type": "authorized_user",
  "universe_domain": "googleapis.com"
}"#;
const PROFILE: &str = r#"{"account": "ada@example.com", "project": "my-project", "store": "file"}"#;

pub(crate) fn print(binaries: &[Binary]) {
    let homes = COUNTS.map(home);
    let mut rows = Vec::new();
    for binary in binaries {
        for verb in ["env", "list"] {
            let name = format!("`bqcred {verb}`, {}", binary.name);
            let starts: Vec<Start> =
                homes.iter().map(|home| Start::new(&name, &binary.path, &[verb], &home.env())).collect();
            let times = measure::times(&starts, Effort(10, 20));
            rows.push([name].into_iter().chain(times.into_iter().map(measure::time)).collect());
        }
    }
    measure::table(&["", "1 profile", "100 profiles", "1000 profiles"], &rows);
}

/// A home with this many profiles, one of them `default`.
fn home(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 1..=count {
        let name = if number == 1 { "default".to_owned() } else { format!("profile-{number}") };
        for (file, content) in [("adc.json", ADC), ("profile.json", PROFILE)] {
            private(&sandbox.write(&format!("home/.local/share/bqcred/{name}/{file}"), content));
        }
    }
    sandbox
}

fn private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
