//! KeePassXC as the keyring: a second implementation of the Secret Service, without a screen.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use super::keyring::Keyring;

/// The password of the database.
const PASSWORD: &str = "correct horse";

/// Its window is not drawn.
const NO_SCREEN: (&str, &str) = ("QT_QPA_PLATFORM", "offscreen");

/// A database whose only group programs may use. Users choose that group in the database's settings; it
/// is kept under this key. Nothing goes to the recycle bin.
const DATABASE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<KeePassFile>
  <Meta>
    <Generator>KeePassXC</Generator>
    <RecycleBinEnabled>False</RecycleBinEnabled>
    <CustomData>
      <Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{00112233-4455-6677-8899-aabbccddeeff}</Value></Item>
    </CustomData>
  </Meta>
  <Root><Group><UUID>ABEiM0RVZneImaq7zN3u/w==</UUID><Name>Root</Name></Group></Root>
</KeePassFile>
"#;

/// The settings of a user who doesn't want to be asked for each item, and saves when the database is locked: a change
/// during a save is forgotten, and with a save after every change that is a matter of speed. KeePassXC switches
/// `Enabled` off itself when another keyring is there first, so this is written before each start.
const SETTINGS: &str = "[General]\nAutoSaveAfterEveryChange=false\nAutoSaveOnExit=true\n\
    [FdoSecrets]\nEnabled=true\nShowNotification=false\nConfirmDeleteItem=false\nConfirmAccessItem=false\n";

/// Makes the database, if there is none yet, and starts the program with it.
pub(super) fn start(keyring: &Keyring) {
    let sandbox = &keyring.sandbox;
    let (database, settings) = (sandbox.path("secrets.kdbx"), sandbox.write("keepassxc.ini", SETTINGS));
    if !database.exists() {
        let mut import = keyring.command("keepassxc-cli");
        import.args(["import", "--quiet", "--set-password", "--decryption-time", "100"]);
        let mut import = typing(import.arg(sandbox.write("secrets.xml", DATABASE)).arg(&database), 2);
        assert!(import.wait().unwrap().success());
    }
    // the bus knows its process, and Keyring ends it
    drop(typing(program(keyring).args(["--pw-stdin"]).arg("--config").arg(settings).arg(database), 1));
}

/// Asks it to save and lock all databases, as its own menu does.
pub(super) fn lock(keyring: &Keyring) {
    let locked = program(keyring).arg("--lock").output().unwrap();
    assert!(locked.status.success(), "{locked:?}");
}

fn program(keyring: &Keyring) -> Command {
    let mut program = keyring.command("keepassxc");
    let own = keyring.sandbox.path("keepassxc-local.ini");
    program.env(NO_SCREEN.0, NO_SCREEN.1).arg("--localconfig").arg(own);
    program
}

/// Starts it and types the password so many times.
fn typing(command: &mut Command, times: usize) -> Child {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").repeat(times).as_bytes()).unwrap();
    child
}
