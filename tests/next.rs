//! `bqcred` alone: the next sensible step, for each state, from files alone.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests, their parts too"
)]

mod common;

use common::{Google, Sandbox, find_program, missing, profile_by_hand};

/// What it says to do next.
fn next(sandbox: &Sandbox, variables: &[(&str, &str)]) -> String {
    let mut invocation = sandbox.invoke(&[]);
    for (name, value) in variables {
        invocation = invocation.env(name, value);
    }
    let run = invocation.run().success();
    assert_eq!(run.stderr, "");
    let line = run.stdout.lines().find(|line| line.starts_with("next")).unwrap_or_else(|| panic!("{run:?}"));
    line.split_once(' ').unwrap().1.trim().to_owned()
}

#[test]
fn without_a_client_it_leads_to_one() {
    assert_eq!(next(&Sandbox::new(), &[]), "bqcred client guide");
}

#[test]
fn with_a_client_or_gcloud_it_leads_to_the_login() {
    let sandbox = Sandbox::new();
    sandbox.script("gcloud", "exit 1");
    assert_eq!(next(&sandbox, &[]), "bqcred login");
    let sandbox = Sandbox::new();
    let google = Google::start();
    let client = sandbox.client_file(&google);
    sandbox.bqcred(&["client", "set", &client]).success();
    assert_eq!(next(&sandbox, &[]), "bqcred login");
}

#[test]
fn a_login_that_waits_is_to_be_finished() {
    let sandbox = Sandbox::new();
    let google = Google::start();
    let client = sandbox.client_file(&google);
    sandbox.bqcred(&["login", "--start", "--client-id-file", &client]).success();
    assert_eq!(next(&sandbox, &[]), "bqcred login --finish -");
}

#[test]
fn another_profile_can_be_used_where_the_current_one_is_gone() {
    let sandbox = Sandbox::new();
    profile_by_hand(&sandbox, "work", "p");
    assert_eq!(next(&sandbox, &[]), "bqcred use work, or bqcred login");
}

#[test]
fn a_profile_needs_a_credential_a_project_and_this_shell() {
    let sandbox = Sandbox::new();
    profile_by_hand(&sandbox, "default", "my-project");
    let adc = sandbox.adc("default");
    assert_eq!(next(&sandbox, &[]), "eval $(bqcred env)");
    let adc_text = adc.to_str().unwrap();
    assert!(next(&sandbox, &[("GOOGLE_APPLICATION_CREDENTIALS", adc_text)]).starts_with("nothing to do"));

    let known = sandbox.data("default").join("profile.json");
    let text = std::fs::read_to_string(&known).unwrap();
    std::fs::write(&known, text.replace("\"project\"", "\"other\"")).unwrap();
    assert_eq!(next(&sandbox, &[]), "bqcred use default --project PROJECT");
    assert_eq!(next(&sandbox, &[("GOOGLE_CLOUD_PROJECT", "p")]), "eval $(bqcred env)");

    std::fs::remove_file(&adc).unwrap();
    assert_eq!(next(&sandbox, &[]), "bqcred login");
}

#[test]
fn the_line_is_for_the_profile_that_is_meant_and_the_shell_that_asks() {
    let sandbox = Sandbox::new();
    profile_by_hand(&sandbox, "default", "my-project");
    profile_by_hand(&sandbox, "work", "my-project");
    let run = sandbox.bqcred(&["--profile", "work"]).success();
    assert!(run.stdout.ends_with("eval $(bqcred env --profile work)\n"), "{}", run.stdout);
    assert_eq!(next(&sandbox, &[("BQCRED_PROFILE", "work")]), "eval $(bqcred env)");

    sandbox.link("bqcred", env!("CARGO_BIN_EXE_bqcred").as_ref());
    if find_program("tcsh").is_none() {
        return missing("tcsh");
    }
    sandbox.link_program("tcsh");
    let run = sandbox.program("tcsh", &["-fc", "bqcred --profile work; bqcred use work"]).run().success();
    assert!(run.stdout.ends_with("eval `bqcred env --profile work`\n"), "{}", run.stdout);
}

#[test]
fn what_an_exec_handed_over_is_in_use_there_and_what_is_gone_is_not() {
    let sandbox = Sandbox::new();
    profile_by_hand(&sandbox, "default", "my-project");
    let bqcred = env!("CARGO_BIN_EXE_bqcred");
    for how in [&["exec", "--", bqcred][..], &["exec", "--file", "--", bqcred]] {
        let run = sandbox.bqcred(how).success();
        assert!(run.stdout.contains("nothing to do"), "{}", run.stdout);
    }
    let gone = [("GOOGLE_APPLICATION_CREDENTIALS", "/proc/1/fd/4000000"), ("BQCRED_PROFILE", "default")];
    assert_eq!(next(&sandbox, &gone), "eval $(bqcred env)");

    // a keyring's, after `bqcred lock`
    let known = sandbox.data("default").join("profile.json");
    let text = std::fs::read_to_string(&known).unwrap();
    std::fs::write(&known, text.replace("\"file\"", "\"keyring\"")).unwrap();
    let session = sandbox.runtime().join("bqcred/default.json");
    let locked =
        [("GOOGLE_APPLICATION_CREDENTIALS", session.to_str().unwrap()), ("BQCRED_PROFILE", "default")];
    assert_eq!(next(&sandbox, &locked), "eval $(bqcred env)");
}

#[test]
fn a_credential_that_ended_is_renewed() {
    let sandbox = Sandbox::new();
    profile_by_hand(&sandbox, "default", "my-project");
    let known = sandbox.data("default").join("profile.json");
    let mut profile: serde_json::Value = serde_json::from_slice(&std::fs::read(&known).unwrap()).unwrap();
    profile["state"] = serde_json::json!({"name": "expired", "since": "2026-01-01T00:00:00Z"});
    std::fs::write(&known, profile.to_string()).unwrap();
    assert_eq!(next(&sandbox, &[]), "bqcred login");
}

#[test]
fn kernels_come_last_and_in_a_notebook_at_once() {
    let sandbox = Sandbox::new();
    profile_by_hand(&sandbox, "default", "my-project");
    sandbox.write("venv/pyvenv.cfg", "home = /usr/bin\n");
    sandbox.write("venv/bin/python", "");
    sandbox.write("venv/lib/python3.11/site-packages/jupyter_client/__init__.py", "");
    sandbox.write(
        "venv/share/jupyter/kernels/python3/kernel.json",
        r#"{"argv": ["true", "{connection_file}"], "display_name": "Python 3", "language": "python"}"#,
    );
    let venv = sandbox.path("venv");
    let venv = ("VIRTUAL_ENV", venv.to_str().unwrap());
    assert_eq!(next(&sandbox, &[venv]), "eval $(bqcred env)");
    let adc = sandbox.adc("default");
    let adc = ("GOOGLE_APPLICATION_CREDENTIALS", adc.to_str().unwrap());
    assert_eq!(next(&sandbox, &[venv, adc]), "bqcred kernel install");
    assert_eq!(next(&sandbox, &[venv, ("JPY_PARENT_PID", "1")]), "bqcred kernel install");
}
