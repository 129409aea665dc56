//! A home whose modes are those of the mount, as gcsfuse, Azure Files and WSL's drvfs have them: bindfs stands for it.

use super::{CLIENT, CREDENTIAL, mounted};
use crate::common::{Invocation, Sandbox, find_program, missing};

/// The home is mounted with `$MODES`, which `chmod` doesn't change; `/var/tmp` is this namespace's own.
const MOUNT: &str = r#"
    mkdir back m
    mount -t tmpfs -o mode=1777 none /var/tmp
    bindfs --perms="$MODES" --chmod-ignore --chown-ignore back m
    trap 'umount m' EXIT
    unset XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_CONFIG_HOME
    export HOME=$PWD/m/ada; mkdir "$HOME"
"#;

fn home(sandbox: &Sandbox, modes: &str, script: &str) -> Option<Invocation> {
    if find_program("bindfs").is_none() {
        missing("bindfs");
        return None;
    }
    let _ = std::fs::remove_dir_all(sandbox.path("back"));
    let _ = std::fs::remove_dir(sandbox.path("m"));
    sandbox.write("adc.json", CREDENTIAL);
    sandbox.write("client.json", CLIENT);
    Some(mounted(sandbox, &format!("{MOUNT}{script}"))?.env("MODES", modes))
}

/// Modes of mounts: for all, for all to read, for a group.
const MODES: [&str; 3] = ["0777", "0644:a+X", "0770"];

#[test]
fn a_home_that_is_open_to_others_is_refused_before_a_sign_in() {
    for modes in MODES {
        let sandbox = Sandbox::new();
        let script = r#"
            "$BQCRED" import --project p adc.json && exit 1
            test $? = 6
            "$BQCRED" login --start --client-id-file client.json && exit 1
            test $? = 6
            if grep -rl '1//0r\|client-secret' back; then exit 1; fi"#;
        let Some(invocation) = home(&sandbox, modes, script) else { return };
        let run = invocation.run().success().says("the file system").says("export XDG_DATA_HOME=");
        assert!(!run.stderr.contains("chmod"), "it does nothing there: {}", run.stderr);
    }
}

#[test]
fn the_hint_names_a_way_that_works() {
    for modes in MODES {
        let sandbox = Sandbox::new();
        let script = r#"
            "$BQCRED" import --project p adc.json 2>said && exit 1
            way=$(sed -n 's/^  hint: `\(.*export XDG.*\)` leads.*/\1/p' said)
            eval "$way"
            "$BQCRED" import --project p adc.json
            "$BQCRED" env --shell sh >/dev/null
            "$BQCRED" login --start --client-id-file client.json >/dev/null
            "$BQCRED" client set client.json
            "$BQCRED" use default"#;
        let Some(invocation) = home(&sandbox, modes, script) else { return };
        invocation.run().success();
    }
}

#[test]
fn an_export_to_such_a_place_writes_no_secret() {
    let sandbox = super::imported();
    let script = r#"
        XDG_DATA_HOME=$PWD/home/.local/share; export XDG_DATA_HOME
        for words in "$HOME/copy.json" "--force $HOME/copy.json" --well-known; do
            "$BQCRED" export $words && exit 1
            test $? = 6
        done
        if grep -rl '1//0r' back; then exit 1; fi"#;
    let Some(invocation) = home(&sandbox, "0666:a+X", script) else { return };
    invocation.run().success().says("gives every file the mode");
}
