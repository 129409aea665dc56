//! Text from servers, files and arguments is shown without control characters for the terminal.

use super::machine::ADA;
use crate::common::{Endpoint, Google, Run, Sandbox, Script, write_profile};

/// Clears the screen, renames the window, colours, moves back, reverses the text direction, and forges a line.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\r\u{8}\u{202e}\u{2066}\nbqcred: forged";

#[track_caller]
fn harmless(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        let odd =
            |c: char| c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{202e}' | '\u{2066}');
        assert!(!text.contains(odd), "{run:?}");
        assert!(!text.lines().any(|line| line.starts_with("bqcred: forged")), "{run:?}");
    }
}

#[test]
fn control_characters_in_server_errors_are_escaped() {
    for (error, description) in [(EVIL, "x"), ("invalid_grant", EVIL), ("access_denied", EVIL), (EVIL, EVIL)]
    {
        let (google, sandbox) = (Google::start(), Sandbox::new());
        sandbox.login(&google, ADA, &[]).success();
        let refusal = Script::Refuse {
            error: error.into(),
            subtype: Some(EVIL.into()),
            description: Some(description.into()),
        };
        google.script_always(Endpoint::Token, refusal.clone());
        google.script_always(Endpoint::Revoke, refusal);
        for words in
            [&["token", "--min-ttl", "99999"][..], &["status"], &["status", "--json"], &["revoke", "--yes"]]
        {
            let run = sandbox.bqcred(words);
            // revoking an ended grant succeeds
            assert!(matches!(run.code, Some(0 | 3 | 4)), "{run:?}");
            harmless(&run);
        }
        google.clear_scripts();
    }
}

#[test]
fn control_characters_in_account_addresses_are_escaped() {
    for omit in [false, true] {
        let (google, sandbox) = (Google::start(), Sandbox::new());
        // without an id_token, tokeninfo says it
        google.omit_id_token(omit);
        google.claim_email(Some(&format!("ada{EVIL}@example.com")));
        let run = sandbox.login(&google, ADA, &[]);
        harmless(&run);
        assert!(!run.stderr.contains("owned"), "it is no address: {run:?}");
        harmless(&sandbox.login(&google, ADA, &[ADA]));
    }
}

#[test]
fn control_characters_in_files_are_escaped() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", EVIL);
    let adc = serde_json::json!({"type": "authorized_user", "client_id": format!("x{EVIL}"), "client_secret": "s",
        "refresh_token": "made-up", "account": EVIL, "quota_project_id": EVIL});
    sandbox.write("home/.local/share/bqcred/default/adc.json", adc.to_string());
    let kept = serde_json::json!({"account": EVIL, "project": EVIL, "store": "file", "scopes": [EVIL],
        "client_id": EVIL, "ended": {"reason": EVIL, "at": "2025-01-01T00:00:00Z"}});
    sandbox.write("home/.local/share/bqcred/default/profile.json", kept.to_string());
    let client = serde_json::json!({"installed": {"client_id": "x\u{202e}y", "client_secret": "s", "project_id": EVIL}});
    let client = sandbox.write("client.json", client.to_string());
    let folder = sandbox.path(&format!("home/.config/gcloud/legacy_credentials/{}", EVIL.replace('\n', "")));
    for name in ["a", "b"] {
        std::fs::create_dir_all(folder.with_extension(name)).unwrap();
        std::fs::write(folder.with_extension(name).join("adc.json"), "{}").unwrap();
    }
    for words in [
        &["status", "--offline"][..],
        &["status", "--offline", "--json"],
        &["list"],
        &["list", "--json"],
        &[],
        &["doctor", "--offline"],
        &["doctor", "--offline", "--verbose"],
        &["doctor", "--offline", "--json"],
        &["client", "show", "--client-id-file", client.to_str().unwrap()],
        &["client", "show", "--json", "--client-id-file", client.to_str().unwrap()],
        &["import", "--from", "gcloud", "--profile", "x"],
        &["exec", "--", "true"],
        &["revoke"],
        &["rotate"],
        &["forget"],
    ] {
        harmless(&sandbox.bqcred(words));
    }
}

#[test]
fn control_characters_in_file_names_and_arguments_are_escaped() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "p1");
    let name = format!("file{}.json", EVIL.replace('\n', ""));
    let file = sandbox.write(&name, "{");
    let file = file.to_str().unwrap();
    for words in [
        &["import", file, "--profile", "x"][..],
        &["import", &name, "--profile", "x"],
        &["client", "set", file],
        &["login", "--start", "--client-id-file", file],
        &["export", file],
        &["login", EVIL],
        &["login", "--project", EVIL],
        &["login", "--scopes", EVIL],
        &["login", "--finish", EVIL],
        &["use", EVIL],
        &[EVIL],
        &["status", EVIL],
        &["kernel", "install", "--kernel", EVIL],
        &["exec", "--", EVIL],
        &["exec", "--", file],
        &["doctor", "--for", EVIL],
        &["doctor", "--check", EVIL],
    ] {
        let run = sandbox.bqcred(words);
        assert_ne!(run.code, Some(0), "{words:?}");
        for text in [&run.stdout, &run.stderr] {
            let odd =
                |c: char| c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{202e}' | '\u{2066}');
            assert!(!text.contains(odd), "{words:?} {run:?}");
        }
    }
    let home = sandbox.path("home\u{1b}[31m\u{202e}");
    std::fs::create_dir(&home).unwrap();
    for words in [&["status"][..], &["list"], &["kernel", "list"], &["login"], &["doctor", "--offline"]] {
        let mut invocation = sandbox.invoke(words).env("HOME", &home);
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            invocation = invocation.env_remove(name);
        }
        harmless(&invocation.run());
    }
}
