//! Homes that are none: of users whom the user database doesn't know, missing, read-only.

use super::group::people;
use super::{CLIENT, CREDENTIAL, offline};
use crate::common::Sandbox;

/// Ada has no entry in the user database, and no XDG variable names a folder. `/var/tmp` is this namespace's own.
const UNNAMED: &str = r#"
    printf 'root:x:0:0::/root:/bin/sh\n' >passwd
    mount -t tmpfs -o mode=1777 none /var/tmp
    unset XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_CONFIG_HOME
    fails() { "$@" >out 2>said && exit 1; test $? = 6; cat said >&2; }
    way() { sed -n 's/^  hint: `\(.*export .*\)` leads.*/\1/p' said; }
"#;

fn unnamed(script: &str) -> Option<String> {
    let sandbox = Sandbox::new();
    let run = people(&sandbox, "", "", &format!("{UNNAMED}{script}"))?.run().success();
    Some(run.stderr.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn the_root_folder_or_a_missing_one_as_home_is_refused_with_a_home_that_works() {
    for home in ["/", "/no/such/home"] {
        let script = format!(
            r#"
            export HOME={home}
            fails as_ada ./bqcred import --project p - <adc.json
            fails as_ada ./bqcred login --start --client-id-file client.json
            as_ada ./bqcred list 2>&1
            as_ada ./bqcred status --offline 2>/dev/null && exit 1; test $? = 3
            as_ada ./bqcred env --shell sh >/dev/null 2>&1 && exit 1; test $? = 3
            as_ada sh -ec "$(way); ./bqcred import --project p - <adc.json; ./bqcred env --shell sh >/dev/null"
            test ! -e /no"#
        );
        let Some(said) = unnamed(&script) else { return };
        assert!(said.contains("`mkdir -m 700 /var/tmp/bqcred-5001 && export HOME="), "{home}: {said}");
    }
}

/// Where the credential is elsewhere, too.
#[test]
fn a_missing_home_is_not_created() {
    let script = r#"
        export HOME=/no/such/home XDG_DATA_HOME=/var/tmp/data
        for who in as_ada ""; do
            $who ./bqcred import --force --project p - <adc.json
            $who ./bqcred env --shell sh >/dev/null
            for command in "login --start --client-id-file client.json" "use default" "export --well-known"                 "client set client.json"; do
                fails $who ./bqcred $command
                grep "home folder /no/such/home does not exist" said; grep "hint: set HOME to" said
            done
            $who ./bqcred kernel install </dev/null || true
            test ! -e /no
            rm -r /var/tmp/data
        done
        export JUPYTER_DATA_DIR=/no/such/home/jupyter
        mkdir -m 755 kernels kernels/ir; echo '{"argv":["R"],"language":"R"}' >kernels/ir/kernel.json
        JUPYTER_PATH=$PWD as_ada ./bqcred kernel install || true
        test ! -e /no"#;
    unnamed(script);
}

#[test]
fn a_relative_or_unknown_home_is_an_error_that_says_what_to_set() {
    let script = r#"
        for command in "import -" "login --start" "status" "list" "env --shell sh"; do
            HOME=home fails as_ada ./bqcred $command </dev/null
            grep 'HOME is not an absolute path' said; grep 'set HOME to' said
            (unset HOME; fails as_ada ./bqcred $command </dev/null)
            grep 'HOME is not set' said; grep 'set HOME to' said
        done
        as_ada env -u HOME ./bqcred init bash >/dev/null"#;
    unnamed(script);
}

#[test]
fn a_home_without_an_entry_in_the_user_database_is_used() {
    unnamed("as_ada ./bqcred env --shell sh >/dev/null; as_ada ./bqcred status --offline >/dev/null");
}

#[test]
fn a_read_only_home_is_read_and_a_place_for_a_sign_in_is_named() {
    let script = r#"
        mount --bind home home; mount -o remount,bind,ro home
        as_ada ./bqcred env --shell sh >/dev/null
        as_ada ./bqcred list >/dev/null
        as_ada ./bqcred status --offline >/dev/null
        fails as_ada ./bqcred import --force --project p - <adc.json
        fails as_ada ./bqcred login --start --client-id-file client.json
        as_ada sh -ec "$(way); ./bqcred import --project p - <adc.json; ./bqcred login --start --client-id-file client.json"
        "#;
    let Some(said) = unnamed(script) else { return };
    assert!(said.contains("read-only file system"), "{said}");
    assert!(said.contains("export XDG_DATA_HOME=/var/tmp/bqcred-5001/data"), "{said}");
}

/// A path is bytes, and text can't hold all of them: the same exit code everywhere, and what needs no text works.
#[test]
#[cfg(target_os = "linux")] // macOS has no such paths
fn a_home_that_is_no_text_is_refused_with_one_code_where_text_is_printed() {
    use std::os::unix::ffi::OsStringExt as _;
    let sandbox = Sandbox::new();
    let home = sandbox.path("home").into_os_string().into_vec();
    let home = std::path::PathBuf::from(std::ffi::OsString::from_vec([home, b"-\xff".to_vec()].concat()));
    let kernel = home.join(".local/share/jupyter/kernels/ir");
    std::fs::create_dir_all(&kernel).unwrap();
    let spec = r#"{"argv": ["R", "--args", "{connection_file}"], "display_name": "R", "language": "R"}"#;
    std::fs::write(kernel.join("kernel.json"), spec).unwrap();
    std::fs::write(home.join(".bqcred"), "default").unwrap();
    let bqcred = |words: &[&str]| {
        let invocation = offline(sandbox.invoke(words)).env("HOME", &home).current_dir(&home);
        let variables = ["DATA", "STATE", "CACHE", "CONFIG"].map(|name| format!("XDG_{name}_HOME"));
        variables.iter().fold(invocation, |invocation, name| invocation.env_remove(name))
    };
    bqcred(&["import", "--project", "p", "-"]).stdin(CREDENTIAL).run().success();
    for words in [
        &["env", "--format", "json"][..],
        &["env", "--format", "kernel"],
        &["kernel", "install"],
        &["snippet", "r"],
        &["snippet", "renviron"],
        &["snippet", "jupyter-server"],
        &["snippet", "jupyterhub"],
        &["snippet", "docker"],
        &["snippet", "docker", "--whole"],
        &["snippet", "spark"],
        &["allow"],
    ] {
        bqcred(words).run().fails(1).says("UTF-8");
    }
    for words in [&["install", "--exec"][..], &["sync"], &["uninstall"]] {
        bqcred(&[&["kernel"], words].concat()).run().success();
    }
    assert_eq!(std::fs::read_to_string(kernel.join("kernel.json")).unwrap(), spec);
    std::fs::write(home.join("client.json"), CLIENT).unwrap();
    bqcred(&["client", "set", "client.json"]).run().success();
    // a list of bytes where a path is no text
    let adc = home.join(".local/share/bqcred/default/adc.json");
    for (words, path) in [
        (&["status", "--offline"][..], "/path"),
        (&["client", "show"], "/path"),
        (&["kernel", "list"], "/servers/0/kernels/0/resource_dir"),
        (&["doctor", "--offline", "--for", "python"], "/libraries/0/file"),
    ] {
        let run = bqcred(&[words, &["--json"]].concat()).env("GOOGLE_APPLICATION_CREDENTIALS", &adc).run();
        let shown = run.json().pointer(path).unwrap().clone();
        assert!(shown.as_array().unwrap().contains(&0xff.into()), "{words:?}: {shown}");
    }
    bqcred(&["export", "--well-known"]).run().success();
    bqcred(&["export", "--well-known", "--undo"]).run().success();
}
