//! `bqcred import` and `export`: from every tool, offline, refused; to a file, to gcloud's default file and
//! back.

use crate::common::{self, Google, Sandbox, Script, mode};
use crate::double::{self, CLIENT_ID};
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const BIGQUERY: &str = "https://www.googleapis.com/auth/bigquery";
const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";

/// A credential as another tool saves it, valid at the double.
fn credential(google: &Google, extra: Value) -> String {
    let mut object = json!({
        "type": "authorized_user",
        "client_id": CLIENT_ID,
        "client_secret": double::CLIENT_SECRET,
        "refresh_token": google.grant(ADA, CLIENT_ID, &["openid", EMAIL, BIGQUERY]),
    });
    object.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    object.to_string()
}

/// A sandbox whose client is the double's, so that its endpoints are asked about credentials of that client.
fn sandbox(google: &Google) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.bqcred(&["client", "set", &sandbox.client_file(google)]).success();
    sandbox
}

fn adc(sandbox: &Sandbox) -> Value {
    serde_json::from_slice(&std::fs::read(sandbox.adc("default")).unwrap()).unwrap()
}

/// What google-auth's `Credentials.to_json()` writes, as in Google's quickstarts.
#[test]
fn token_json_of_google_auth_is_imported() {
    let google = Google::start();
    for client in [&google.client_json(), &google.client_json().replacen('{', r#"{"note":[1],"#, 1)] {
        let sandbox = Sandbox::new();
        let client = sandbox.write("client.json", client);
        sandbox.bqcred(&["client", "set", client.to_str().unwrap()]).success();
        let mut token = serde_json::from_str::<Value>(&credential(&google, json!({}))).unwrap();
        token.as_object_mut().unwrap().remove("type");
        token.as_object_mut().unwrap().extend(
            json!({
                "token": "ya29.old", "token_uri": "https://oauth2.googleapis.com/token", "scopes": [BIGQUERY],
                "expiry": "2026-01-01T00:00:00Z", "universe_domain": "googleapis.com", "account": "",
            })
            .as_object()
            .unwrap()
            .clone(),
        );
        let file = sandbox.write("token.json", token.to_string());
        sandbox
            .bqcred(&["import", file.to_str().unwrap()])
            .success()
            .says("profile default is now ada@example.com");
        let saved = adc(&sandbox);
        assert_eq!((&saved["type"], &saved["account"]), (&json!("authorized_user"), &json!(ADA)));
        assert!(saved.get("token").is_none() && saved.get("token_uri").is_none(), "{saved}");
        sandbox.bqcred(&["status", "--exit-code"]).success();
    }
}

/// It is put into variables and commands.
#[test]
fn a_quota_project_that_is_none_is_not_imported() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    let file = sandbox.write("adc.json", credential(&google, json!({"quota_project_id": "q --privileged"})));
    let file = file.to_str().unwrap();
    sandbox
        .bqcred(&["import", file])
        .fails(2)
        .says("\"q --privileged\" is not a project id")
        .says("`--quota-project PROJECT`");
    assert!(!sandbox.adc("default").exists());
    sandbox.bqcred(&["import", file, "--quota-project", "q1"]).success();
    assert_eq!(adc(&sandbox)["quota_project_id"], "q1");
}

#[test]
fn empty_quota_project_is_none_everywhere() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    let file = sandbox.write("adc.json", credential(&google, json!({"quota_project_id": ""})));
    sandbox.bqcred(&["import", file.to_str().unwrap()]).success();
    assert!(adc(&sandbox).get("quota_project_id").is_none());
    for words in
        [&["env", "--shell", "sh"][..], &["env", "--format", "json"], &["exec", "--", "env"], &["list"]]
    {
        let run = sandbox.bqcred(words).success();
        assert!(!run.stdout.contains("QUOTA"), "{words:?}: {}", run.stdout);
    }
    assert_eq!(sandbox.bqcred(&["status", "--json", "--offline"]).json()["quota_project"], Value::Null);
}

#[test]
fn each_other_credential_has_an_error_that_says_what_works() {
    let sandbox = Sandbox::new();
    let user =
        json!({"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"});
    for (file, is, works) in [
        (json!({"type": "service_account"}), "a service account key", "GOOGLE_APPLICATION_CREDENTIALS"),
        (json!({"type": "external_account"}), "workload identity federation", "--cred-file FILE"),
        (json!({"type": "external_account_authorized_user"}), "workforce identity", "--login-config FILE"),
        (
            json!({"type": "gdch_service_account"}),
            "Google Distributed Cloud",
            "GOOGLE_APPLICATION_CREDENTIALS",
        ),
        (
            json!({"type": "impersonated_service_account", "source_credentials": user}),
            "service_account_impersonation_url missing",
            "bqcred login",
        ),
        (
            json!({"type": "external_account_authorized_user_login_config"}),
            "holds no credential",
            "--login-config FILE` signs in there",
        ),
        (
            json!({"type": "external_account_authorized_user", "bqcred": {"profile": "default"}}),
            "what `bqcred exec --token-only` gives a program",
            "bqcred export FILE",
        ),
        (
            json!({"type": "impersonated_service_account", "source_credentials": {"type": "service_account"}}),
            "holds no user credential",
            "--impersonate-service-account ACCOUNT",
        ),
    ] {
        let run = sandbox.invoke(&["import", "-"]).stdin(file.to_string()).run();
        run.fails(2).says(is).says(works);
    }
}

#[test]
fn import_finds_the_credential_of_every_tool_and_drops_its_cached_tokens() {
    for (tool, place) in [
        ("gcloud", "home/.config/gcloud/application_default_credentials.json"),
        ("gcloud", "home/.config/gcloud/legacy_credentials/ada@example.com/adc.json"),
        ("pydata", "home/.config/pydata/pydata_google_credentials.json"),
        ("pandas-gbq", "home/.config/pandas_gbq/bigquery_credentials.dat"),
        ("ibis", "home/.config/pydata/ibis.json"),
    ] {
        let google = Google::start();
        let sandbox = sandbox(&google);
        let passing = json!({"id_token": "x.y.z", "token_uri": "https://www.googleapis.com/oauth2/v4/token", "scopes": [BIGQUERY], "keep": {"a": 1}});
        let source = sandbox.write(place, credential(&google, passing));
        let before = std::fs::read(&source).unwrap();
        sandbox.bqcred(&["import", "--from", tool]).fails(0).says("profile default is now ada@example.com");
        let adc = adc(&sandbox);
        for gone in ["id_token", "token_uri", "scopes", "token", "expiry"] {
            assert!(adc.get(gone).is_none(), "{tool}: {gone}");
        }
        assert_eq!((adc["account"].as_str(), adc["keep"]["a"].as_i64()), (Some(ADA), Some(1)), "{tool}");
        assert_eq!(mode(&sandbox.adc("default")), 0o600);
        assert_eq!(std::fs::read(&source).unwrap(), before, "the source is left alone");
        assert_eq!(sandbox.bqcred(&["status", "--json"]).success().json()["valid"], true);
    }
}

/// One server's secret is not sent to another, and the address in a credential file is not trusted.
#[test]
fn a_credential_of_another_server_goes_to_its_clients_addresses_or_is_refused() {
    let (google, elsewhere) = (Google::start(), Google::start());
    let sandbox = sandbox(&google);
    let client: Value = serde_json::from_str(&google.client_json()).unwrap();
    let token_uri = client["installed"]["token_uri"].as_str().unwrap();
    let import = |extra: Value, args: &[&str]| {
        let file = sandbox.write("adc.json", credential(&google, extra));
        sandbox.bqcred(&[&["import", file.to_str().unwrap(), "--force"], args].concat())
    };
    let sent = google.requests().len();
    for (uri, says) in [
        ("https://evil.example/t", "at evil.example, but its OAuth client gets tokens at 127.0.0.1"),
        ("nowhere", "is not an address"),
    ] {
        import(json!({"token_uri": uri}), &[]).fails(2).says(says).says("nothing was changed");
    }
    assert_eq!(google.requests().len(), sent);
    import(json!({"token_uri": token_uri}), &[]).success();
    // the client is known by the profile alone, or behind another one
    sandbox.login(&google, ADA, &["--profile", "own"]).success();
    sandbox.bqcred(&["client", "unset"]).success();
    import(json!({}), &["--profile", "by-profile"]).success().says("is now ada@example.com");
    let other = elsewhere.client_json_of("other");
    sandbox.write("etc/bqcred/client.json", google.client_json());
    let other = sandbox.write("other.json", other);
    sandbox.bqcred(&["client", "set", other.to_str().unwrap()]).success();
    sandbox.bqcred(&["forget", "--profile", "own"]).success();
    import(json!({"token_uri": token_uri}), &["--profile", "by-file"])
        .success()
        .says("is now ada@example.com");
    // nothing here knows it
    let uri = json!({"client_id": "mine", "token_uri": token_uri});
    import(uri, &["--profile", "new"]).fails(2).says("no OAuth client is set for that server");
    assert!(!sandbox.adc("new").exists() && elsewhere.requests().is_empty());
}

#[test]
fn import_asks_which_gcloud_account() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    for account in [ADA, "bob@example.com"] {
        sandbox.write(
            &format!("home/.config/gcloud/legacy_credentials/{account}/adc.json"),
            credential(&google, json!({})),
        );
    }
    sandbox.bqcred(&["import", "--from", "gcloud"]).fails(2).says("ada@example.com, bob@example.com");
    sandbox.bqcred(&["import", "--from", "gcloud", "--account", ADA]).success();
    sandbox.bqcred(&["import", "--from", "gcloud", "--account", "eve@example.com", "--force"]).fails(3);
    let before = adc(&sandbox);
    let wrong = ["import", "--from", "gcloud", "--account", "bob@example.com", "--force"];
    sandbox.bqcred(&wrong).fails(4).says("belongs to ada@example.com; nothing was changed");
    assert_eq!(adc(&sandbox), before);
}

#[test]
fn import_from_stdin_and_move() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    sandbox.invoke(&["import", "-"]).stdin(credential(&google, json!({}))).run().success();
    let file = sandbox.write("adc.json", credential(&google, json!({})));
    let path = file.to_str().unwrap();
    sandbox.bqcred(&["import", path]).fails(2).says("exists already");
    sandbox.bqcred(&["import", path, "--force", "--move"]).success().says("was removed");
    assert!(!file.exists());
    sandbox.bqcred(&["import"]).fails(2);
    sandbox
        .bqcred(&["import", "--from", "pydata", "--profile", "x"])
        .fails(3)
        .says("keeps no credential here");
}

#[test]
fn import_without_network_trusts_the_file_and_says_so() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    google.script_always(common::Endpoint::Token, Script::Close);
    let file = sandbox.write("adc.json", credential(&google, json!({"account": "claims@example.com"})));
    sandbox
        .bqcred(&["import", file.to_str().unwrap(), "--project", "p1"])
        .success()
        .says("it is saved as the file says");
    let status = sandbox.bqcred(&["status", "--json", "--offline"]).json();
    assert_eq!(
        (status["account"].as_str(), status["account_confirmed"].as_bool()),
        (Some("claims@example.com"), Some(false))
    );
    google.clear_scripts();
    let status = sandbox.bqcred(&["status", "--json"]).success().json();
    assert_eq!((status["account"].as_str(), status["account_confirmed"].as_bool()), (Some(ADA), Some(true)));
}

#[test]
fn import_refuses_revoked_credentials_and_other_types() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    let dead = sandbox.write("dead.json", credential(&google, json!({})));
    google.revoke_grant(ADA);
    sandbox.bqcred(&["import", dead.to_str().unwrap()]).fails(4).says("revoked or has expired");
    for (kind, says) in [
        ("service_account", "gcloud auth activate-service-account"),
        ("external_account", "gcloud auth login --cred-file"),
        ("external_account_authorized_user", "workforce identity"),
        ("impersonated_service_account", "impersonate-service-account"),
        ("something", "not of type authorized_user"),
    ] {
        let file = sandbox.write("other.json", json!({"type": kind}).to_string());
        sandbox.bqcred(&["import", file.to_str().unwrap()]).fails(2).says(says);
    }
    let client = sandbox.client_file(&google);
    sandbox.bqcred(&["import", &client]).fails(2).says("bqcred client set");
    let other = sandbox.write("u.json", credential(&google, json!({"universe_domain": "example.goog"})));
    sandbox.bqcred(&["import", other.to_str().unwrap()]).fails(2).says("universe");
    assert!(!sandbox.data("default").join("adc.json").exists());
}

#[test]
fn import_with_an_unreadable_client_sends_no_request() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    let source = sandbox.write("c.json", credential(&google, json!({})));
    let client = sandbox.config().join("client.json");
    common::set_mode(&client, 0o644);
    let import = || sandbox.invoke(&["import", source.to_str().unwrap()]).envs(google.env()).run();
    import().fails(6).says("client.json").says("`chmod 600");
    common::set_mode(&client, 0o600);
    std::fs::write(&client, "{").unwrap();
    import().fails(2).says("client.json").says("download the file again");
    assert!(google.requests().is_empty(), "the credential may be another server's");
    assert!(!sandbox.adc("default").exists());
}

#[test]
fn export_writes_a_private_file_and_does_not_overwrite() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    sandbox.login(&google, ADA, &[]).success();
    let kept = std::fs::read(sandbox.adc("default")).unwrap();
    let target = sandbox.path("copy.json");
    let path = target.to_str().unwrap();
    sandbox.bqcred(&["export", path]).success();
    assert_eq!((std::fs::read(&target).unwrap(), mode(&target)), (kept.clone(), 0o600));
    sandbox.bqcred(&["export", path]).fails(2).says("exists already");
    sandbox.bqcred(&["export", path, "--force"]).success();
    let printed = sandbox.invoke(&["export", "-"]).may_print_secret().run().success().stdout;
    assert_eq!(printed.as_bytes(), kept);
    sandbox.bqcred(&["export", "/no/such/folder/x"]).fails(6);
}

#[test]
fn move_removes_a_file_and_refuses_what_is_none() {
    let google = Google::start();
    let sandbox = Sandbox::new();
    let file = sandbox.write("given.json", credential(&google, json!({})));
    let link = sandbox.path("link.json");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let run = sandbox.bqcred(&["import", link.to_str().unwrap(), "--move"]).fails(2);
    run.says("is a link to").says("given.json").says("nothing was changed");
    let content = std::fs::read(&file).unwrap();
    sandbox.invoke(&["import", "-", "--move"]).stdin(content).run().fails(2).says("stdin is none");
    assert!(link.is_symlink() && file.exists() && !sandbox.adc("default").exists());
    assert_eq!(google.requests().len(), 0);
}

#[test]
fn undo_restores_the_first_file_of_each_gcloud_folder() {
    let google = Google::start();
    let sandbox = Sandbox::new();
    sandbox.login(&google, ADA, &[]).success();
    let name = "application_default_credentials.json";
    let first = sandbox.write(&format!("home/.config/gcloud/{name}"), "mine");
    let second = sandbox.write(&format!("second/{name}"), "mine too");
    let in_second = |args: &[&str]| sandbox.invoke(args).env("CLOUDSDK_CONFIG", sandbox.path("second")).run();
    let (export, undo) = (["export", "--well-known"], ["export", "--well-known", "--undo"]);
    for _ in 0..2 {
        sandbox.bqcred(&export).success();
        in_second(&export).success();
        std::fs::remove_file(&first).unwrap();
    }
    sandbox.bqcred(&export).success();
    sandbox.bqcred(&undo).fails(0).says("is restored");
    assert_eq!(std::fs::read(&first).unwrap(), b"mine");
    sandbox.bqcred(&undo).fails(3).says("CLOUDSDK_CONFIG='");
    in_second(&undo).fails(0).says("is restored");
    assert_eq!(std::fs::read(&second).unwrap(), b"mine too");
    assert!(!sandbox.home().join(".local/state/bqcred/well-known.json").exists());
}

#[test]
fn export_well_known_can_be_undone() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    sandbox.login(&google, ADA, &[]).success();
    let place = sandbox.home().join(".config/gcloud/application_default_credentials.json");
    sandbox.bqcred(&["export", "--well-known", "--undo"]).fails(3).says("nothing to undo");
    // no file was there
    sandbox.bqcred(&["export", "--well-known"]).success();
    assert_eq!(std::fs::read(&place).unwrap(), std::fs::read(sandbox.adc("default")).unwrap());
    assert_eq!(mode(&place), 0o600);
    sandbox.bqcred(&["export", "--well-known", "--undo"]).success();
    assert!(!place.exists());
    // a file was there, and a second export doesn't lose it
    let before = b"{\"type\": \"authorized_user\", \"mine\": 1}\n";
    std::fs::write(&place, before).unwrap();
    sandbox.bqcred(&["export", "--well-known"]).success().says("the earlier file is kept as");
    sandbox.bqcred(&["export", "--well-known"]).success();
    sandbox.bqcred(&["export", "--well-known", "--undo"]).success();
    assert_eq!(std::fs::read(&place).unwrap(), before);
    assert_eq!(std::fs::read_dir(place.parent().unwrap()).unwrap().count(), 1);
    // the file was changed meanwhile
    sandbox.bqcred(&["export", "--well-known"]).success();
    std::fs::write(&place, "theirs").unwrap();
    sandbox.bqcred(&["export", "--well-known", "--undo"]).fails(1).says("has changed since the export");
    assert_eq!(std::fs::read(&place).unwrap(), b"theirs");
    sandbox.bqcred(&["export", "--well-known", "--undo", "--force"]).success();
    assert_eq!(std::fs::read(&place).unwrap(), before);
}

#[test]
fn an_invalid_record_of_an_export_is_kept_under_another_name_by_the_next_export() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    sandbox.login(&google, ADA, &[]).success();
    let place = sandbox.write("home/.config/gcloud/application_default_credentials.json", "mine");
    sandbox.bqcred(&["export", "--well-known"]).success();
    let record = sandbox.write("home/.local/state/bqcred/well-known.json", "{ torn");
    sandbox
        .bqcred(&["export", "--well-known", "--undo"])
        .fails(6)
        .says("not valid JSON")
        .says(".before-bqcred");
    assert_eq!(std::fs::read_to_string(&record).unwrap(), "{ torn");
    // what is there now may be somebody's: without a record it is not taken for an export
    sandbox.bqcred(&["export", "--well-known"]).fails(1).says("kept as").says("holds an earlier backup");
    let backup = place.with_file_name("application_default_credentials.json.before-bqcred");
    assert_eq!(std::fs::read_to_string(backup).unwrap(), "mine");
}

#[test]
fn a_profiles_own_file_is_no_source() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    sandbox.login(&google, ADA, &[]).success();
    let own = sandbox.adc("default");
    let link = sandbox.path("link.json");
    std::os::unix::fs::symlink(&own, &link).unwrap();
    for path in [&own, &link] {
        sandbox.bqcred(&["import", "--force", "--move", path.to_str().unwrap()]).fails(2).says("own file");
        // nor for another profile, which would take it away
        let other = ["import", "--profile", "other", "--move", path.to_str().unwrap()];
        sandbox.bqcred(&other).fails(2).says("is profile default's own file");
    }
    sandbox.bqcred(&["status", "--offline"]).success();
    let fifo = sandbox.path("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    sandbox.bqcred(&["export", "--force", fifo.to_str().unwrap()]).fails(2).says("not a regular file");
}

#[test]
fn suggested_next_step_depends_on_the_notebook() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    sandbox.write("gcloud.json", credential(&google, json!({})));
    let file = sandbox.path("gcloud.json");
    let import = ["import", file.to_str().unwrap(), "--force"];
    sandbox.bqcred(&import).fails(0).says("next: eval $(bqcred env)");
    // variables of a cell's shell are gone after the cell
    let run = sandbox.invoke(&import).env("JPY_PARENT_PID", "1").run().success();
    assert!(run.stderr.contains("bqcred kernel install") && !run.stderr.contains("eval"), "{}", run.stderr);
}

#[test]
fn import_of_a_pipe_hints_at_stdin() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    let file = sandbox.write("adc.json", credential(&google, json!({})));
    let line = format!("{} import <(cat {})", env!("CARGO_BIN_EXE_bqcred"), file.display());
    sandbox
        .program("bash", &["-c", &line])
        .run()
        .fails(6)
        .says("not a regular file")
        .says("| bqcred import -`");
    let line = format!("cat {} | {} import -", file.display(), env!("CARGO_BIN_EXE_bqcred"));
    sandbox.program("bash", &["-c", &line]).run().success();
}

#[test]
fn import_replaces_what_may_be_valid_only_by_force_and_says_what_it_was() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    sandbox.login(&google, "bob@example.com", &[]).success();
    let file = sandbox.write("adc.json", credential(&google, json!({})));
    let import = |extra: &[&str]| sandbox.bqcred(&[&["import", file.to_str().unwrap()], extra].concat());
    google.require_reauth("bob@example.com");
    sandbox.bqcred(&["status"]).code(4);
    import(&[]).fails(2).says("profile default exists already; nothing was changed");
    google.refuse_client(CLIENT_ID, "deleted_client");
    sandbox.bqcred(&["status"]).code(4);
    import(&[]).fails(2).says("exists already");
    google.accept_client(CLIENT_ID);
    let run = import(&["--force"]).fails(0);
    run.says("profile default is now ada@example.com")
        .says("profile default was bob@example.com before; that credential is still valid at Google");
    // the same account, another credential
    let other = sandbox.write("other.json", credential(&google, json!({})));
    let run = sandbox.bqcred(&["import", "--force", other.to_str().unwrap()]).fails(0);
    run.says(
        "profile default had another credential of ada@example.com before; that credential is still valid",
    );
    // the same credential
    let run = sandbox.bqcred(&["import", "--force", other.to_str().unwrap()]).fails(0);
    assert!(!run.stderr.contains("before"), "{}", run.stderr);
    // what is over for good needs no force
    google.revoke_grant(ADA);
    sandbox.bqcred(&["status"]).code(4);
    let new = sandbox.write("new.json", credential(&google, json!({})));
    let run = sandbox.bqcred(&["import", new.to_str().unwrap()]).fails(0);
    assert!(!run.stderr.contains("valid at Google"), "{}", run.stderr);
}

#[test]
fn import_under_an_account_that_nobody_confirms_is_refused() {
    let google = Google::start();
    let sandbox = sandbox(&google);
    let nameless =
        json!({"refresh_token": google.grant(ADA, CLIENT_ID, &[BIGQUERY]), "account": "bob@example.com"});
    sandbox.write(
        "home/.config/gcloud/legacy_credentials/bob@example.com/adc.json",
        credential(&google, nameless),
    );
    let import = ["import", "--from", "gcloud", "--account", "bob@example.com"];
    let run = sandbox.bqcred(&import).fails(4);
    run.says("bob@example.com can't be confirmed").says("nothing was changed");
    google.script_always(common::Endpoint::Token, Script::Unavailable(503));
    let run = sandbox.bqcred(&import).fails(5);
    run.says("could not be asked whether this credential is bob@example.com's").says("nothing was changed");
    assert!(!sandbox.adc("default").exists());
}
