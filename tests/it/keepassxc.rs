//! Credentials in a keyring that is not gnome-keyring: KeePassXC, the program and a database of its own.
#![cfg(target_os = "linux")]

use crate::common::keyring::Keyring;
use crate::common::{Google, Run};

const ADA: &str = "ada@example.com";

fn log_in(google: &Google) -> Option<Keyring> {
    let keyring = Keyring::keepassxc()?;
    keyring.login(google, ADA, &["--store", "keyring", "--project", "p1"]).success();
    Some(keyring)
}

/// The credential that a program under `exec` gets: bqcred reads the item, and passes it on in memory.
fn handed_over(keyring: &Keyring) -> serde_json::Value {
    let script = "cat $GOOGLE_APPLICATION_CREDENTIALS";
    keyring.invoke(&["exec", "--", "sh", "-c", script]).may_print_secret().run().success().json()
}

#[test]
fn login_saves_secrets_in_the_keyring_only() {
    let google = Google::start();
    let Some(mut keyring) = log_in(&google) else { return };
    let token = keyring.refresh_token("default");
    assert_eq!(handed_over(&keyring)["refresh_token"], token.as_str());
    keyring.bqcred(&["status"]).success();
    let before = google.count("/token");
    let print = || keyring.invoke(&["token"]).may_print_secret().run().success().stdout;
    assert_eq!(print(), print());
    assert_eq!(google.count("/token"), before, "status asked for the token, and the item keeps it");
    assert_eq!(keyring.sandbox.files_with(&token), Vec::<std::path::PathBuf>::new());
    // only the database is permanent
    keyring.lock();
    keyring.kill_service();
    keyring.bqcred(&["exec", "--", "true"]).fails(6).says("nothing provides org.freedesktop.secrets");
    keyring.start_service();
    keyring.wait_for_items();
    assert_eq!(handed_over(&keyring)["refresh_token"], token.as_str());
}

#[test]
fn item_of_another_program_is_read_and_replaced() {
    let google = Google::start();
    let Some(keyring) = log_in(&google) else { return };
    let item = keyring.lookup("default").replace(ADA, "bob@example.com");
    // secret-tool waits for ever where it has to replace an item here
    keyring.clear("default");
    keyring.put("default", &[], &item);
    assert_eq!(handed_over(&keyring)["account"], "bob@example.com");
    keyring.login(&google, ADA, &[]).success();
    assert_eq!(handed_over(&keyring)["account"], ADA);
    assert_eq!(keyring.search().matches("attribute.username").count(), 1, "{}", keyring.search());
}

#[test]
fn profile_moves_in_and_out_and_is_forgotten() {
    let google = Google::start();
    let Some(keyring) = log_in(&google) else { return };
    let token = keyring.refresh_token("default");
    keyring.bqcred(&["move", "--store", "file"]).fails(0).says("is now in the file");
    assert!(std::fs::read_to_string(keyring.sandbox.adc("default")).unwrap().contains(&token));
    assert_eq!(keyring.lookup("default"), "");
    keyring.bqcred(&["move", "--store", "keyring"]).fails(0).says("is now in the keyring");
    assert_eq!(keyring.refresh_token("default"), token);
    assert_eq!(keyring.sandbox.files_with(&token), Vec::<std::path::PathBuf>::new());
    keyring.bqcred(&["env", "--shell", "sh"]).success().says("`bqcred lock` removes it");
    keyring.bqcred(&["forget"]).success();
    assert_eq!(keyring.search().matches("attribute.username").count(), 0, "{}", keyring.search());
}

/// No file that bqcred reads is larger than 1 MiB, and both services take that.
#[test]
fn largest_credential_fits_in_every_secret_service() {
    for keyring in [Keyring::keepassxc(), Keyring::start()] {
        let Some(keyring) = keyring else { return };
        let large = format!(
            r#"{{"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r", "x": "{}"}}"#,
            "x".repeat(1024 * 1024 - 200)
        );
        let adc = keyring.sandbox.write("adc.json", large);
        // the double knows nothing of this credential
        keyring.bqcred(&["import", adc.to_str().unwrap(), "--store", "keyring"]).success();
        assert_eq!(handed_over(&keyring)["x"].as_str().unwrap().len(), 1024 * 1024 - 200);
    }
}

/// KeePassXC asks in a window, and waits forever.
#[test]
fn locked_database_is_reported_before_sign_in() {
    let google = Google::start();
    let Some(keyring) = log_in(&google) else { return };
    let fails_as_locked = |run: Run| run.fails(6).says("the keyring is locked").says("unlock it");
    keyring.lock();
    let before = google.requests().len();
    let run = fails_as_locked(keyring.bqcred(&["move", "--store", "file"]));
    assert!(!run.stderr.contains("sign in again") && !run.stderr.contains("--replace"), "{}", run.stderr);
    let client = keyring.sandbox.client_file(&google);
    fails_as_locked(keyring.bqcred(&[
        "login",
        "--start",
        "--client-id-file",
        &client,
        "--profile",
        "two",
        "--store",
        "keyring",
    ]));
    assert_eq!(google.requests().len(), before);
    assert!(!keyring.sandbox.adc("default").exists());
    // a hanging keyring is another failure
    keyring.freeze();
    keyring.bqcred(&["exec", "--", "true"]).fails(6).says("did not answer within 5 s");
    keyring.thaw();
}
