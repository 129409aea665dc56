//! `bqcred client`: which files are accepted, which are refused and how, and where a client is looked for.

use crate::common::{Google, Run, Sandbox, mode, set_mode};

#[test]
fn set_saves_a_desktop_client_privately_and_show_hides_its_secret() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let file = sandbox.client_file(&google);
    sandbox.bqcred(&["client", "set", &file]).fails(0).says("123456789012-double.apps.googleusercontent.com");
    assert_eq!(mode(&sandbox.config().join("client.json")), 0o600);
    let shown = sandbox.bqcred(&["client", "show"]).success();
    assert!(
        shown.stdout.contains("123456789012-double") && !shown.stdout.contains("GOCSPX"),
        "{}",
        shown.stdout
    );
    let json = sandbox.bqcred(&["client", "show", "--json"]).json();
    assert_eq!(json["client_id"], "123456789012-double.apps.googleusercontent.com");
    assert!(!json.to_string().contains("GOCSPX"));
}

#[test]
fn set_says_only_what_is_so() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let file = sandbox.client_file(&google);
    let needed = |run: Run| !run.success().stderr.contains("is no longer needed");
    assert!(!needed(sandbox.bqcred(&["client", "set", &file])));
    let kept = sandbox.home().join(".config/bqcred/client.json");
    assert!(needed(sandbox.bqcred(&["client", "set", kept.to_str().unwrap()])));
    let other = std::fs::read_to_string(&file).unwrap().replace("-double.", "-other.");
    let other = sandbox.write("other.json", other);
    let set =
        |which: &str| sandbox.invoke(&["client", "set", which]).env("BQCRED_CLIENT_ID_FILE", &file).run();
    assert!(needed(set(&file)));
    set(other.to_str().unwrap())
        .success()
        .says("-other.apps.googleusercontent.com is set, and `bqcred login` here uses");
}

#[test]
fn unset_removes_the_users_client_and_says_which_one_is_next() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let unset = || sandbox.bqcred(&["client", "unset"]);
    let client = |id: &str| format!(r#"{{"installed":{{"client_id":"{id}","client_secret":"s"}}}}"#);
    let kept = sandbox.config().join("client.json");
    unset().fails(3).says("no OAuth client was set").says("bqcred client guide");
    assert!(!sandbox.config().exists());
    let file = sandbox.client_file(&google);
    let set = || sandbox.bqcred(&["client", "set", &file]).success();
    set();
    let run = unset().success().says("-double.apps.googleusercontent.com is unset").says("uses gcloud");
    assert!(run.stdout.is_empty() && !kept.exists());
    sandbox.bqcred(&["client", "show"]).fails(3);
    // one that comes from elsewhere is named, and stays
    let organisation = sandbox.write("etc/bqcred/client.json", client("organisation"));
    set();
    unset().success().says("now uses the OAuth client organisation (this machine's administrator)");
    unset().fails(3).says("for all users of this machine");
    assert!(organisation.exists());
    let environment = sandbox.invoke(&["client", "unset"]).env("BQCRED_CLIENT_ID_FILE", &file).run();
    environment.fails(3).says("`unset BQCRED_CLIENT_ID_FILE`");
    // a sign-in that waits, and the profile after it, keep the client
    set();
    let url = sandbox.bqcred(&["login", "--start"]).success().stdout;
    unset().success();
    let pasted = google.approve(url.trim(), "ada@example.com");
    sandbox.invoke(&["login", "--finish", "-"]).stdin(format!("{pasted}\n")).run().success();
    assert!(sandbox.bqcred(&["client", "show"]).success().stdout.contains("-double."));
    unset().fails(3).says("the profile keeps the client");
    // what is invalid is kept, what is a link is not followed
    sandbox.write("home/.config/bqcred/client.json", "{");
    set_mode(&kept, 0o600);
    unset().success().says("the file is kept as").says("now uses the OAuth client 123456789012-double.");
    sandbox.write("home/.config/bqcred/client.json", "[");
    set_mode(&kept, 0o600);
    set().says("the file is kept as");
    std::fs::remove_file(&kept).unwrap();
    let target = sandbox.write("dotfiles.json", client("dotfiles"));
    std::os::unix::fs::symlink(&target, &kept).unwrap();
    unset().success().says("dotfiles is unset: the link to").says("dotfiles.json is removed");
    assert!(target.exists() && kept.symlink_metadata().is_err());
    let aside = std::fs::read_dir(sandbox.config()).unwrap().flatten();
    assert_eq!(aside.filter(|it| it.file_name().to_string_lossy().contains(".unreadable-")).count(), 2);
}

#[test]
fn set_refuses_other_files_with_a_hint() {
    let sandbox = Sandbox::new();
    let id = "1-a.apps.googleusercontent.com";
    let desktop =
        |uris: &str| format!(r#"{{"installed":{{"client_id":"{id}","client_secret":"s",{uris}}}}}"#);
    let cases = [
        (r#"{"web":{"client_id":"x","client_secret":"y"}}"#.to_owned(), "Desktop app"),
        (r#"{"type":"service_account","private_key":"k"}"#.to_owned(), "service account"),
        (r#"{"type":"authorized_user","refresh_token":"1//0canary-x"}"#.to_owned(), "bqcred import"),
        (r#"{"installed":{"client_id":"x"},"#.to_owned(), "line 1, column"),
        ("\u{feff}{}".to_owned(), "byte order mark"),
        (String::new(), "is empty"),
        (format!(r#"{{"installed":{{"client_id":"{id}"}}}}"#), "no `client_secret`"),
        (r#"{"installed":{"client_id":"","client_secret":"s"}}"#.to_owned(), "no usable `client_id`"),
        (r#"{"installed":{"client_id":7,"client_secret":"s"}}"#.to_owned(), "of the wrong kind"),
        (
            desktop(r#""auth_uri":"http://login.example/a","token_uri":"https://login.example/t""#),
            "not https",
        ),
        (desktop(r#""auth_uri":"https://u@login.example/a""#), "user name"),
        (desktop(r#""token_uri":"https://oauth2.googleapis.com.evil.example/token""#), "looks like Google"),
        (desktop(r#""token_uri":"file:///tmp/x""#), "names no host"),
        (desktop(r#""token_uri":"https://evil.example/t""#), "must not go"),
        (desktop(r#""revoke_uri":"https://evil.example/r""#), "must not go"),
        (desktop(r#""tokeninfo_uri":"https://evil.example/i""#), "must not go"),
        (
            desktop(
                r#""auth_uri":"https://accounts.google.com/o/oauth2/auth","token_uri":"https://evil.example/t""#,
            ),
            "must not go",
        ),
    ];
    for (content, says) in cases {
        let file = sandbox.write("file.json", content);
        let run = sandbox.bqcred(&["client", "set", file.to_str().unwrap()]).fails(2).says(says);
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    }
    sandbox.bqcred(&["client", "set", "/no/such/file"]).fails(3).says("does not exist");
    assert!(!sandbox.config().join("client.json").exists());
}

#[test]
fn refused_file_keeps_the_saved_client() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.bqcred(&["client", "set", &sandbox.client_file(&google)]).success();
    let bad = sandbox.write("bad.json", "{}");
    sandbox.bqcred(&["client", "set", bad.to_str().unwrap()]).fails(2);
    assert!(sandbox.bqcred(&["client", "show"]).success().stdout.contains("double"));
}

#[test]
fn client_search_order() {
    let sandbox = Sandbox::new();
    let client = |id: &str| format!(r#"{{"installed":{{"client_id":"{id}","client_secret":"s"}}}}"#);
    let shown = |env: Option<&str>, words: &[&str]| {
        let mut run = sandbox.invoke(&[&["client", "show", "--json"], words].concat());
        if let Some(path) = env {
            run = run.env("BQCRED_CLIENT_ID_FILE", path);
        }
        run.run().success().json()["client_id"].as_str().unwrap().to_owned()
    };
    sandbox.bqcred(&["client", "show"]).fails(3).says("bqcred client guide");
    sandbox.write("etc/bqcred/client.json", client("organisation"));
    assert_eq!(shown(None, &[]), "organisation");
    let person = sandbox.write("person.json", client("person"));
    sandbox.bqcred(&["client", "set", person.to_str().unwrap()]).success();
    assert_eq!(shown(None, &[]), "person");
    let environment = sandbox.write("environment.json", client("environment"));
    assert_eq!(shown(environment.to_str(), &[]), "environment");
    let flag = sandbox.write("flag.json", client("flag"));
    assert_eq!(shown(environment.to_str(), &["--client-id-file", flag.to_str().unwrap()]), "flag");
    sandbox
        .invoke(&["client", "show"])
        .env("BQCRED_CLIENT_ID_FILE", "/no/such")
        .run()
        .fails(3)
        .says("BQCRED_CLIENT_ID_FILE");
}

#[test]
fn profile_client_takes_precedence_over_user_client() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, "ada@example.com", &[]).success();
    let other = sandbox.write("o.json", r#"{"installed":{"client_id":"other","client_secret":"s"}}"#);
    sandbox.bqcred(&["client", "set", other.to_str().unwrap()]).success();
    let id = |profile: &str| {
        sandbox.bqcred(&["client", "show", "--json", "--profile", profile]).json()["client_id"].clone()
    };
    assert_eq!(id("default"), "123456789012-double.apps.googleusercontent.com");
    assert_eq!(id("new"), "other");
}

#[test]
fn organisation_client_writable_by_others_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let file =
        sandbox.write("etc/bqcred/client.json", r#"{"installed":{"client_id":"x","client_secret":"s"}}"#);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    sandbox.bqcred(&["client", "show"]).fails(6).says("lets others change it");
}

#[test]
fn set_names_a_server_that_is_not_google() {
    let sandbox = Sandbox::new();
    let file = sandbox.write(
        "f.json",
        r#"{"installed":{"client_id":"x","client_secret":"s","auth_uri":"https://login.example/a","token_uri":"https://login.example/t"}}"#,
    );
    sandbox
        .bqcred(&["client", "set", file.to_str().unwrap()])
        .success()
        .says("signs in at login.example, which is not Google");
}

#[test]
fn guide_lists_steps_and_addresses() {
    let guide = Sandbox::new().bqcred(&["client", "guide"]).success().stdout;
    for needed in [
        "console.cloud.google.com/auth/clients",
        "Desktop app",
        "Internal",
        "In production",
        "Testing",
        "7 days",
        "bqcred client set",
    ] {
        assert!(guide.contains(needed), "{needed}");
    }
}
