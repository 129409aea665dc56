//! `list`, `use`, `forget`, `token`, `status`, `env`: several profiles side by side.

use crate::common::{self, GUARD_HOST, Google, Sandbox, Script, mode, spawn_in_terminal};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

fn two_profiles(google: &Google) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.login(google, ADA, &["--project", "p1"]).success();
    sandbox.login(google, BOB, &["--profile", "work", "--project", "p2", "--quota-project", "q2"]).success();
    sandbox
}

#[test]
fn profiles_are_listed_with_account_and_project() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    let list = sandbox.bqcred(&["list", "--json"]).json();
    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["profile"], &row["account"], &row["project"], &row["current"]))
        .collect();
    assert_eq!(
        format!("{names:?}"),
        r#"[(String("default"), String("ada@example.com"), String("p1"), Bool(true)), (String("work"), String("bob@example.com"), String("p2"), Bool(false))]"#
    );
    let text = sandbox.bqcred(&["list"]).success().stdout;
    assert!(text.lines().nth(1).unwrap().starts_with("*  default"), "{text}");
    let adc: serde_json::Value =
        serde_json::from_slice(&std::fs::read(sandbox.adc("work")).unwrap()).unwrap();
    assert_eq!(adc["quota_project_id"], "q2");
}

#[test]
fn list_fits_a_terminal_of_40_columns() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    let shown = |columns: u16| {
        let mut command = sandbox.command("sh");
        let line = format!("stty cols {columns} rows 24; '{}' list", env!("CARGO_BIN_EXE_bqcred"));
        command.args(["-c", &line]).env("TERM", "xterm");
        spawn_in_terminal(command).exp_eof().unwrap()
    };
    let narrow = shown(40);
    assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
    assert!(narrow.contains("* PROFILE  default\r\n  ACCOUNT  ada@example.com\r\n"), "{narrow}");
    let wide = shown(80).replace('\r', "");
    assert_eq!(wide, sandbox.bqcred(&["list"]).success().stdout);
}

#[test]
fn the_profile_is_flag_then_variable_then_use_then_default() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    sandbox.login(&google, ADA, &["--profile", "third"]).success();
    let account = |run: common::Invocation| {
        run.arg("--json").arg("--offline").run().success().json()["profile"].as_str().unwrap().to_owned()
    };
    assert_eq!(account(sandbox.invoke(&["status"])), "default");
    sandbox.bqcred(&["use", "work"]).fails(0).says("the current profile is work (bob@example.com)");
    assert_eq!(account(sandbox.invoke(&["status"])), "work");
    assert_eq!(account(sandbox.invoke(&["status"]).env("BQCRED_PROFILE", "third")), "third");
    assert_eq!(
        account(sandbox.invoke(&["status", "--profile", "default"]).env("BQCRED_PROFILE", "third")),
        "default"
    );
    sandbox
        .invoke(&["use", "work"])
        .env("BQCRED_PROFILE", "third")
        .run()
        .success()
        .says("still has BQCRED_PROFILE");
}

#[test]
fn use_with_a_dash_goes_back_to_the_profile_before() {
    let sandbox = Sandbox::new();
    for name in ["default", "work", "home"] {
        common::write_profile(&sandbox, name, "p1");
    }
    let to = |name: &str| sandbox.bqcred(&["use", name]);
    to("-").fails(2).says("bqcred list");
    to("work").success();
    to("-").success().says("the current profile is default");
    to("-").success().says("the current profile is work");
    to("work").success();
    to("home").success();
    to("-").success().says("the current profile is work");
    sandbox.bqcred(&["forget", "home"]).success();
    to("-").fails(3).says("no profile named home");
}

#[test]
fn use_changes_the_project_without_sign_in() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    let before = std::fs::read(sandbox.adc("work")).unwrap();
    sandbox.bqcred(&["use", "work", "--project", "not a project"]).fails(2).says("is not a project id");
    sandbox.bqcred(&["use", "nosuch", "--project", "p3"]).fails(3);
    let in_shell = || {
        let run = sandbox.invoke(&["use", "work", "--project", "p3"]);
        run.env("BQCRED_PROFILE", "work").env("GOOGLE_CLOUD_PROJECT", "p2")
    };
    let run = in_shell().run().success();
    let run = run.says("the project of profile work is p3").says("the current profile is work");
    run.says("this shell still has another project: eval $(bqcred env --profile work)");
    let run = in_shell().env("JPY_PARENT_PID", "1").run().success();
    run.says("this notebook still has another project: `")
        .says("snippet python --profile work` prints a cell");
    let rows = sandbox.bqcred(&["list", "--json"]).json();
    assert_eq!([&rows[0]["project"], &rows[1]["project"]], ["p1", "p3"]);
    assert_eq!(rows[1]["account"], BOB);
    assert!(sandbox.bqcred(&["env", "--shell", "sh"]).success().stdout.contains("GOOGLE_CLOUD_PROJECT='p3'"));
    assert_eq!(std::fs::read(sandbox.adc("work")).unwrap(), before);
    // a credential file without profile.json stays usable
    std::fs::remove_file(sandbox.data("work").join("profile.json")).unwrap();
    sandbox.bqcred(&["use", "work", "--project", "p4"]).success();
    let rows = sandbox.bqcred(&["list", "--json"]).json();
    assert_eq!([&rows[1]["project"], &rows[1]["account"]], ["p4", BOB]);
}

#[test]
fn unknown_profile_suggests_the_nearest_name() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    for words in [
        ["use", "wrok"],
        ["use", "wrokk"],
        ["--profile=wrok", "token"],
        ["--profile=wrok", "status"],
        ["--profile=wrok", "forget"],
    ] {
        sandbox.bqcred(&words).fails(3).says("did you mean work?");
    }
    sandbox.bqcred(&["use", "zzzzzz"]).fails(3).says("bqcred list");
    sandbox.bqcred(&["use", "../x"]).fails(2);
    Sandbox::new().bqcred(&["status"]).fails(3).says("not signed in");
}

#[test]
fn forget_removes_all_files_and_revokes_nothing() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    sandbox.bqcred(&["use", "work"]).success();
    sandbox.invoke(&["token"]).may_print_secret().run().success();
    let token = google.valid_tokens(BOB).pop().unwrap();
    google.require_reauth(BOB);
    sandbox.bqcred(&["status"]).code(4);
    let before = google.requests().len();
    let run = sandbox.bqcred(&["forget"]).fails(0);
    run.says("nothing was revoked: the credential of bob@example.com may still be valid at Google");
    assert!(google.valid_tokens(BOB).contains(&token) && google.requests().len() == before);
    assert_eq!(sandbox.files_with(&token), Vec::<std::path::PathBuf>::new());
    assert!(!sandbox.data("work").exists());
    assert_eq!(sandbox.bqcred(&["list", "--json"]).json().as_array().unwrap().len(), 1);
    sandbox.bqcred(&["status", "--offline"]).success();
    sandbox.bqcred(&["forget", "--profile", "work"]).fails(3);
}

#[test]
fn removal_with_unreadable_settings_warns_of_the_current_profile() {
    let google = Google::start();
    for (verb, done) in
        [("forget", "profile work is removed here"), ("revoke", "is revoked at Google; profile work")]
    {
        let sandbox = two_profiles(&google);
        sandbox.bqcred(&["use", "work"]).success();
        sandbox.write("home/.config/bqcred/config.json", "{");
        let yes: &[&str] = if verb == "revoke" { &["--yes"] } else { &[] };
        let run = sandbox.bqcred(&[&[verb, "--profile", "work"], yes].concat()).fails(6).says(done);
        run.says("profile work is removed, but may still be the current one").says("`bqcred use NAME`");
        assert!(!sandbox.adc("work").exists() && sandbox.adc("default").exists());
    }
}

#[test]
fn token_is_cached() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    let token = |words: &[&str]| {
        sandbox.invoke(&[&["token"], words].concat()).may_print_secret().run().success().stdout
    };
    let before = google.count("/token");
    let first = token(&[]);
    assert!(first.starts_with("ya29.") && first.ends_with('\n'));
    assert_eq!(google.count("/token"), before + 1);
    assert_eq!(token(&[]), first);
    assert_eq!(google.count("/token"), before + 1);
    assert_ne!(token(&["--min-ttl", "3600"]), first);
    assert_eq!(google.count("/token"), before + 2);
    let too_long = sandbox.invoke(&["token", "--min-ttl", "7200"]).may_print_secret().run().success();
    too_long.says("--min-ttl 7200 gets a new one each time");
    let cache = sandbox.home().join(".cache/bqcred/default.token");
    // a clock that was three hours ahead when the token came, and was corrected since
    let second = token(&[]);
    let ahead = |seconds: u64| {
        let time = std::time::SystemTime::now() + std::time::Duration::from_secs(seconds);
        humantime::format_rfc3339_seconds(time).to_string()
    };
    for (file, key, hours) in
        [(&sandbox.data("default").join("profile.json"), "last_refreshed", 3), (&cache, "expires", 4)]
    {
        let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        value[key] = ahead(hours * 3600).into();
        std::fs::write(file, value.to_string()).unwrap();
    }
    let third = token(&[]);
    assert_ne!(third, second);
    assert_eq!(token(&[]), third);
    assert_eq!((mode(&cache), mode(cache.parent().unwrap())), (0o600, 0o700));
    std::fs::write(&cache, "{ damaged").unwrap();
    assert!(token(&[]).starts_with("ya29."));
    let json: serde_json::Value = serde_json::from_str(&token(&["--json"])).unwrap();
    assert_eq!((json["account"].as_str(), json["profile"].as_str()), (Some(ADA), Some("default")));
}

#[test]
fn fifty_concurrent_token_commands_refresh_once() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    let before = google.count("/token");
    google.fail_token(Script::Slow(std::time::Duration::from_millis(300)));
    let tokens: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| sandbox.invoke(&["token"]).may_print_secret().run().success().stdout))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(google.count("/token"), before + 1);
    assert!(tokens.iter().all(|token| *token == tokens[0]));
}

#[test]
fn token_of_an_earlier_login_is_not_used() {
    let google = Google::start();
    let sandbox = Sandbox::new();
    sandbox.login(&google, ADA, &[]).success();
    let old = sandbox.invoke(&["token"]).may_print_secret().run().success().stdout;
    let cache = sandbox.home().join(".cache/bqcred/default.token");
    let kept = std::fs::read(&cache).unwrap();
    sandbox.login(&google, BOB, &[]).success();
    assert!(!cache.exists());
    std::fs::write(&cache, kept).unwrap(); // as a process that was slow might do
    assert_ne!(sandbox.invoke(&["token"]).may_print_secret().run().success().stdout, old);
}

#[test]
fn status_shows_account_and_validity() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    let json = sandbox.bqcred(&["status", "--json"]).success().json();
    assert_eq!((json["profile"].as_str(), json["account"].as_str()), (Some("default"), Some(ADA)));
    assert_eq!((json["valid"].as_bool(), json["project"].as_str()), (Some(true), Some("p1")));
    assert_eq!((json["store"].as_str(), json["mode"].as_str()), (Some("file"), Some("0600")));
    assert_eq!(json["path"].as_str(), sandbox.adc("default").to_str());
    assert!(json["scopes"].to_string().contains("auth/bigquery"));
    let text = sandbox.bqcred(&["status"]).success().stdout;
    assert!(text.contains("credential  valid") && text.contains(ADA) && text.contains("mode 0600"), "{text}");
    let before = google.requests().len();
    sandbox.bqcred(&["status", "--offline"]).success();
    assert_eq!(google.requests().len(), before);
}

#[test]
fn status_reports_a_credential_revoked_elsewhere() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    google.revoke_grant(ADA);
    let run = sandbox.bqcred(&["status", "--json"]).code(4).says("revoked or has expired");
    assert_eq!(run.json()["valid"], false);
    sandbox.bqcred(&["token"]).fails(4).says("`bqcred login`");
    sandbox.bqcred(&["env", "--shell", "sh"]).success().says("was revoked or has expired");
    assert_eq!(sandbox.bqcred(&["status", "--exit-code"]).code(4).stdout, "");
    sandbox.login(&google, ADA, &[]).success();
    sandbox.bqcred(&["status"]).success();
}

#[test]
fn network_failure_does_not_decide_validity() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    google.script_times(6, common::Endpoint::Token, &Script::Unavailable(503));
    let run = sandbox.bqcred(&["status", "--json"]).code(5);
    assert!(run.json()["valid"].is_null());
    sandbox.bqcred(&["token"]).fails(5).says("503");
    google.clear_scripts();
    google.script_times(2, common::Endpoint::Token, &Script::Unavailable(503));
    sandbox.invoke(&["token"]).may_print_secret().run().success();
}

#[test]
fn env_sets_and_unsets_variables() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    let json =
        |words: &[&str]| sandbox.bqcred(&[&["env", "--format", "json"], words].concat()).success().json();
    let env = json(&["--profile", "work"]);
    assert_eq!(env["GOOGLE_APPLICATION_CREDENTIALS"].as_str(), sandbox.adc("work").to_str());
    assert_eq!(env["GOOGLE_CLOUD_PROJECT"], "p2");
    assert_eq!(env["GOOGLE_CLOUD_QUOTA_PROJECT"], "q2");
    assert_eq!(env["BQCRED_PROFILE"], "work");
    assert_eq!(env["GCE_METADATA_URL"], GUARD_HOST);
    assert_eq!(env["NO_GCE_CHECK"], "true");
    assert_eq!(env.as_object().unwrap().len(), 6);
    assert!(json(&["--no-guard"]).get("NO_GCE_CHECK").is_none());
    assert_eq!(json(&["--gcloud"])["CLOUDSDK_CORE_ACCOUNT"], ADA);
    let kernel = sandbox.bqcred(&["env", "--format", "kernel"]).json();
    assert_eq!(kernel["env"]["GOOGLE_CLOUD_PROJECT"], "p1");
    let unset = sandbox.bqcred(&["env", "--unset", "--shell", "bash"]).success().stdout;
    for name in env.as_object().unwrap().keys() {
        assert!(unset.contains(name.as_str()), "{name}");
    }
    sandbox.bqcred(&["env", "--unset", "--profile", "gone", "--shell", "sh"]).success();
}

#[test]
fn env_says_what_to_do_with_what_it_prints_where_nothing_evaluates_it() {
    let sandbox = Sandbox::new();
    common::write_profile(&sandbox, "work", "p1");
    let mut session = sandbox.terminal(&["env", "--profile", "work", "--gcloud"]);
    let text = session.exp_eof().unwrap();
    let line = "this only prints; to change this shell: `eval $(bqcred env --gcloud --profile work)`";
    assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(line), "{text}");
    let cell = sandbox.invoke(&["env", "--profile", "work"]).env("JPY_PARENT_PID", "1").run().success();
    // with its path, as it is not on the PATH here
    cell.says("a cell's `!eval $(")
        .says(" env)` changes nothing in the notebook")
        .says("bqcred snippet python");
    let captured = sandbox.bqcred(&["env", "--profile", "work"]).success();
    assert_eq!(captured.stderr, "");
}

#[test]
fn failing_env_prints_false_for_eval() {
    let sandbox = Sandbox::new();
    for words in [["env", "--shell=sh"], ["env", "--bogus"], ["env", "--profile=X"]] {
        let run = sandbox.bqcred(&words);
        assert_eq!(run.stdout, "false;\n", "{words:?}");
        assert_ne!(run.code, Some(0));
    }
    sandbox.bqcred(&["env", "--format", "json"]).fails(3);
}

#[test]
fn env_without_a_project_warns_unless_one_is_set() {
    let google = Google::start();
    let sandbox = Sandbox::new();
    sandbox.login(&google, ADA, &[]).success();
    sandbox.bqcred(&["env", "--shell", "sh"]).success().says("has no project");
    let run = sandbox.invoke(&["env", "--shell", "sh"]).env("GOOGLE_CLOUD_PROJECT", "mine").run().success();
    assert_eq!(run.stderr, "");
    assert!(!run.stdout.contains("GOOGLE_CLOUD_PROJECT"));
}

#[test]
fn env_of_another_profile_unsets_the_old_project() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    sandbox.login(&google, ADA, &["--profile", "bare"]).success();
    let run = sandbox
        .invoke(&["env", "--shell", "sh", "--profile", "bare"])
        .env("BQCRED_PROFILE", "work")
        .env("GOOGLE_CLOUD_PROJECT", "p2")
        .run();
    let out = run.success().stdout;
    assert!(
        out.contains("unset GOOGLE_CLOUD_PROJECT;") && out.contains("unset GOOGLE_CLOUD_QUOTA_PROJECT;"),
        "{out}"
    );
}

#[test]
fn full_stdout_is_reported_and_closed_stdout_is_not() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    let script = |redirect: &str| format!("\"$0\" list {redirect}; echo \"code $?\" >&2");
    sandbox.link_program("sh");
    let run = |redirect: &str| {
        sandbox.program("sh", &["-c", &script(redirect), env!("CARGO_BIN_EXE_bqcred")]).run()
    };
    run("> /dev/full").says("can't write to stdout").says("code 1");
    let quiet = run("| :");
    assert!(!quiet.stderr.contains("can't"), "{}", quiet.stderr);
}

#[test]
fn edited_endpoints_are_refused() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    let path = sandbox.data("default").join("profile.json");
    let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    json["endpoints"]["token_uri"] = "http://evil.example/token".into();
    std::fs::write(&path, json.to_string()).unwrap();
    sandbox.bqcred(&["token"]).fails(6).says("not https");
}

#[test]
fn relative_home_is_refused() {
    let sandbox = Sandbox::new();
    let run = sandbox.invoke(&["env", "--shell", "sh"]).env("HOME", "relative").run();
    assert_eq!((run.code, run.stdout.as_str()), (Some(6), "false;\n"), "{run:?}");
}

#[test]
fn known_revocation_is_reported_offline() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    google.revoke_grant(ADA);
    sandbox.bqcred(&["status"]).code(4);
    let run = sandbox.bqcred(&["status", "--offline", "--json"]).code(4);
    assert_eq!(run.json()["valid"], false);
}

#[test]
fn gcloud_variables_are_unset_only_if_bqcred_set_them() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    let theirs = sandbox.adc("default");
    let run = |words: &[&str], file: &str| {
        let invocation = sandbox.invoke(words).env("BQCRED_PROFILE", "default");
        invocation.env("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", file).run().success().stdout
    };
    for words in [&["env", "--shell=sh", "--profile=work"][..], &["env", "--shell=sh", "--unset"]] {
        assert!(run(words, theirs.to_str().unwrap()).contains("unset CLOUDSDK_CORE_ACCOUNT;"), "{words:?}");
        assert!(!run(words, "/somebody/elses").contains("CLOUDSDK"), "{words:?}");
    }
}

#[test]
fn mistyped_command_line_gets_a_suggestion() {
    let sandbox = Sandbox::new();
    let says = |line: &str, what: &str, hint: &str| {
        let run = sandbox.bqcred(&line.split(' ').collect::<Vec<_>>()).code(2).says(what);
        assert!(run.stderr.contains(&format!("\n  hint: {hint}")), "{line}: {}", run.stderr);
        run.stdout
    };
    says("sttus", "bqcred: bqcred has no command \"sttus\"", "did you mean `bqcred status`?");
    says("kernel instal", "no command \"instal\"", "did you mean `bqcred kernel install`?");
    says("qqq", "no command", "`bqcred --help` lists the commands");
    says("login --scops drive", "no option \"--scops\"", "did you mean `--scopes`?");
    says("login --zzz", "no option \"--zzz\"", "`bqcred login --help` lists the options");
    says("export", "no file given", "`bqcred export --help`");
    says("exec", "no program given", "`bqcred exec -- jupyter lab`");
    assert_eq!(says("env --boo --shell elvish", "no option", "`bqcred env"), "fail 'bqcred env failed';\n");
}

#[test]
fn habits_of_other_tools_are_answered_with_the_command_that_does_it() {
    let sandbox = Sandbox::new();
    for (line, command) in [
        ("logout", "`bqcred forget` removes the profile here, `bqcred revoke` also ends it at Google"),
        ("whoami", "`bqcred status`"),
        ("switch work", "`bqcred use PROFILE`"),
        ("ls", "`bqcred list`"),
        ("rm work", "`bqcred forget PROFILE`"),
        ("auth print-access-token", "`bqcred token`"),
        // a command that exists, after words that group commands elsewhere
        ("auth application-default login", "did you mean `bqcred login`?"),
    ] {
        sandbox.bqcred(&line.split(' ').collect::<Vec<_>>()).fails(2).says(&format!("hint: {command}"));
    }
}

#[test]
fn a_profile_can_be_named_as_an_argument() {
    let google = Google::start();
    let sandbox = two_profiles(&google);
    sandbox.bqcred(&["forget", "work"]).fails(0).says("profile work is removed here");
    assert!(!sandbox.data("work").exists() && sandbox.data("default").exists());
    for command in ["forget", "revoke", "rotate"] {
        sandbox.bqcred(&[command, "work"]).fails(3);
        let run = sandbox.bqcred(&[command, "work", "--profile", "default"]).fails(2);
        run.says("two different profiles are given");
    }
    sandbox.bqcred(&["revoke", "default", "--yes"]).fails(0).says("profile default");
    assert!(!sandbox.data("default").exists());
}
