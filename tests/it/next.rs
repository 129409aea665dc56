//! `bqcred` without a command: the next step for each state, from files only.

use crate::common::{Google, Sandbox, find_program, missing, write_profile};

/// The suggested next step.
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
fn missing_client_leads_to_client_guide() {
    assert_eq!(next(&Sandbox::new(), &[]), "bqcred client guide");
}

#[test]
fn client_or_gcloud_leads_to_login() {
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
fn credential_of_gcloud_leads_to_import() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "home/.config/gcloud/application_default_credentials.json",
        r#"{"account": "bob@example.com", "client_id": "1-a.example", "client_secret": "made-up",
            "refresh_token": "made-up", "type": "authorized_user"}"#,
    );
    assert_eq!(next(&sandbox, &[]), "bqcred import --from gcloud, or bqcred login");
    let run = sandbox.bqcred(&[]).success();
    assert!(run.stdout.contains("gcloud has a credential of bob@example.com"), "{}", run.stdout);
}

#[test]
fn variable_that_names_no_profile_is_pointed_out() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "work", "p");
    let run = sandbox.invoke(&[]).env("BQCRED_PROFILE", "gone").run().success();
    assert!(run.stdout.contains("BQCRED_PROFILE names profile gone, which doesn't exist"), "{}", run.stdout);
    assert!(run.stdout.contains("eval $(bqcred env --unset), or bqcred login"), "{}", run.stdout);
}

#[test]
fn pending_login_leads_to_finish() {
    let sandbox = Sandbox::new();
    let google = Google::start();
    let client = sandbox.client_file(&google);
    sandbox.bqcred(&["login", "--start", "--client-id-file", &client]).success();
    assert_eq!(next(&sandbox, &[]), "bqcred login --finish -");
}

#[test]
fn missing_current_profile_leads_to_another_one() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "work", "p");
    assert_eq!(next(&sandbox, &[]), "bqcred use work, or bqcred login");
}

#[test]
fn steps_of_one_profile_until_nothing_is_left() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "my-project");
    let adc = sandbox.adc("default");
    assert_eq!(next(&sandbox, &[]), "eval $(bqcred env)");
    let adc_text = adc.to_str().unwrap();
    let run = sandbox.invoke(&[]).env("GOOGLE_APPLICATION_CREDENTIALS", adc_text).run().success();
    assert!(run.stdout.ends_with("all set: this shell runs as ada@example.com\n"), "{}", run.stdout);

    let known = sandbox.data("default").join("profile.json");
    let text = std::fs::read_to_string(&known).unwrap();
    std::fs::write(&known, text.replace("\"project\"", "\"other\"")).unwrap();
    assert_eq!(next(&sandbox, &[]), "bqcred use default --project PROJECT");
    assert_eq!(next(&sandbox, &[("GOOGLE_CLOUD_PROJECT", "p")]), "eval $(bqcred env)");

    std::fs::remove_file(&adc).unwrap();
    assert_eq!(next(&sandbox, &[]), "bqcred login");
}

#[test]
fn env_line_matches_the_profile_and_the_shell() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "my-project");
    write_profile(&sandbox, "work", "my-project");
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
fn credential_of_exec_counts_only_while_it_exists() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "my-project");
    let bqcred = env!("CARGO_BIN_EXE_bqcred");
    for how in [&["exec", "--", bqcred][..], &["exec", "--file", "--", bqcred]] {
        let run = sandbox.bqcred(how).success();
        assert!(run.stdout.contains("all set: this shell runs as ada@example.com"), "{}", run.stdout);
    }
    let gone = [("GOOGLE_APPLICATION_CREDENTIALS", "/proc/1/fd/4000000"), ("BQCRED_PROFILE", "default")];
    assert_eq!(next(&sandbox, &gone), "eval $(bqcred env)");

    // a keyring's, after `bqcred lock`
    let known = sandbox.data("default").join("profile.json");
    let text = std::fs::read_to_string(&known).unwrap();
    std::fs::write(&known, text.replace("\"file\"", "\"keyring\"")).unwrap();
    let session = sandbox.runtime().join("bqcred/default-0123456789abcdef.json");
    let locked =
        [("GOOGLE_APPLICATION_CREDENTIALS", session.to_str().unwrap()), ("BQCRED_PROFILE", "default")];
    assert_eq!(next(&sandbox, &locked), "eval $(bqcred env)");
}

#[test]
fn revoked_credential_leads_to_login() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "my-project");
    let known = sandbox.data("default").join("profile.json");
    let mut profile: serde_json::Value = serde_json::from_slice(&std::fs::read(&known).unwrap()).unwrap();
    profile["state"] = serde_json::json!({"name": "expired", "since": "2026-01-01T00:00:00Z"});
    std::fs::write(&known, profile.to_string()).unwrap();
    assert_eq!(next(&sandbox, &[]), "bqcred login");
}

#[test]
fn kernel_install_is_the_last_step_or_the_first_in_a_notebook() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "my-project");
    sandbox.add_jupyter();
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
    // a cell's commands don't find the program by its name here
    let program = env!("CARGO_BIN_EXE_bqcred");
    let in_notebook = [venv, ("JPY_PARENT_PID", "1")];
    assert_eq!(next(&sandbox, &in_notebook), format!("{program} kernel install"));
    std::os::unix::fs::symlink(program, sandbox.path("bin/bqcred")).unwrap();
    assert_eq!(next(&sandbox, &in_notebook), "bqcred kernel install");
}
