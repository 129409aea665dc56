//! Secrets given in the wrong place are not repeated.

use super::TALKATIVE;
use crate::common::Sandbox;

/// In Google's formats; each contains a text that every run is searched for.
const SECRETS: &[&str] = &[
    "1//0canary-refresh-token-of-some-length_x",
    "4/0canary-authorization-code-of-some-length",
    "ya29.canary-access-token-of-some-length.x_y",
    "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th",
    "http://127.0.0.1:8085/?state=s&code=4/0canary-code-in-an-address",
    "http://127.0.0.1:8085/?state=s&code=4%2F0canary-code-in-an-address",
];

#[test]
fn secret_in_an_argument_is_not_repeated() {
    let sandbox = Sandbox::new();
    for secret in SECRETS {
        for words in [
            &["login", secret][..],
            &["login", "--project", secret],
            &["login", "--scopes", secret],
            &["login", "--client-id-file", secret],
            &["login", "--port", secret],
            &["login", "--via", secret],
            &["login", "--profile", secret],
            &["--profile", secret, "status"],
            &["rotate", secret],
            &["token", secret],
            &["token", "--min-ttl", secret],
            &["import", secret],
            &["import", "--from", secret],
            &["export", secret, "more"],
            &["use", secret],
            &["status", "--wait-valid", secret],
            &["env", "--shell", secret],
            &["env", "--format", secret],
            &["client", "set", secret],
            &["kernel", "install", "--kernel", secret],
            &["doctor", "--for", secret],
            &["doctor", "--check", secret],
            &["exec", "--", secret],
            &["help", secret],
            &["init", secret],
            &[secret],
        ] {
            // every run is searched
            let talkative = TALKATIVE.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let run = sandbox.invoke(words).envs(talkative).run();
            assert_ne!(run.code, Some(0), "{run:?}");
        }
    }
}

#[test]
fn secret_in_a_variable_is_not_repeated() {
    let sandbox = Sandbox::new();
    for secret in SECRETS {
        for name in [
            "BQCRED_PROFILE",
            "BQCRED_CLIENT_ID_FILE",
            "GOOGLE_CLOUD_PROJECT",
            "CLOUDSDK_CONFIG",
            "HTTPS_PROXY",
        ] {
            for words in [&["status"][..], &["login"], &["env", "--shell=sh"], &["client", "show"], &[]] {
                sandbox.invoke(words).env(name, secret).run();
            }
        }
    }
}

#[test]
fn secret_in_a_file_or_on_stdin_is_not_repeated() {
    let sandbox = Sandbox::new();
    for secret in SECRETS {
        for content in [
            (*secret).to_owned(),
            format!("\"{secret}\""),
            format!("{{\"type\": \"{secret}\"}}"),
            format!("{{\"{secret}\": "),
            format!("{{\"installed\": {{\"client_id\": [\"{secret}\"]}}}}"),
            format!(
                "{{\"type\": \"authorized_user\", \"client_id\": \"x\", \"refresh_token\": [\"{secret}\"]}}"
            ),
            format!(
                "{{\"installed\": {{\"client_id\": \"x\", \"client_secret\": \"{secret}\", \"auth_uri\": \"{secret}\"}}}}"
            ),
        ] {
            let file = sandbox.write("file.json", &content);
            let file = file.to_str().unwrap();
            for words in
                [&["import", file][..], &["client", "set", file], &["login", "--client-id-file", file]]
            {
                assert_ne!(sandbox.bqcred(words).code, Some(0));
            }
            for words in [&["import", "-"][..], &["login", "--finish", "-"], &["rotate", "--finish", "-"]] {
                assert_ne!(sandbox.invoke(words).stdin(&content).run().code, Some(0));
            }
            sandbox.write("home/.config/bqcred/config.json", &content);
            sandbox.bqcred(&["env", "--shell=sh"]);
            std::fs::remove_file(sandbox.config().join("config.json")).unwrap();
        }
    }
}
