//! Kubernetes' `fsGroup`: at each start of a pod, every file of the home belongs to a group that may read and write it.

use super::mounted;
use crate::common::{Invocation, Sandbox, copy_program, mode, set_mode};

/// What kubelet does with the volume. Before it, Ada (5001) has imported a credential and signed in at another server.
const KUBELET: &str = r#"
    chgrp -R 6001 home
    find home -type d -exec chmod g+rwxs {} +
    find home -type f -exec chmod g+rw {} +"#;

/// Ada's group 6001, and other accounts as `$ACCOUNTS` and `$GROUPS` say. `as_ada` runs a program as her.
const PEOPLE: &str = r#"
    printf 'root:x:0:0::/root:/bin/sh\nada:x:5001:5001::%s:/bin/sh\n%b' "$HOME" "$ACCOUNTS" >passwd
    printf 'ada:x:5001:\n%b' "$GROUPS_" >group
    mount --bind passwd /etc/passwd; mount --bind group /etc/group
    chown -R 5001:5001 home tmp
    as_ada() { setpriv --reuid 5001 --regid 5001 --groups 6001 -- "$@"; }
    as_ada ./bqcred import --project p - <adc.json 2>/dev/null
    as_ada ./bqcred use default 2>/dev/null
"#;

/// A mount namespace with these people.
pub(super) fn people(sandbox: &Sandbox, accounts: &str, groups: &str, script: &str) -> Option<Invocation> {
    set_mode(&sandbox.path(""), 0o755);
    copy_program(env!("CARGO_BIN_EXE_bqcred").as_ref(), &sandbox.path("bqcred"));
    sandbox.write("adc.json", super::CREDENTIAL);
    sandbox.write("client.json", super::CLIENT);
    let invocation = mounted(sandbox, &format!("{PEOPLE}{script}"))?;
    Some(invocation.env_remove("XDG_RUNTIME_DIR").env("ACCOUNTS", accounts).env("GROUPS_", groups))
}

/// The modes of bqcred's files and folders, to be compared.
fn modes(sandbox: &Sandbox) -> Vec<u32> {
    let data = sandbox.data("default");
    let paths = [data.join("adc.json"), data.join("profile.json"), sandbox.config().join("config.json")];
    let folders = [data.clone(), data.parent().unwrap().to_owned(), sandbox.config()];
    paths.iter().chain(&folders).map(|path| mode(path)).collect()
}

const CLOSED: [u32; 6] = [0o600, 0o600, 0o644, 0o700, 0o700, 0o755];

#[test]
fn group_rights_of_a_group_of_the_users_own_are_closed_and_said_once() {
    for (accounts, groups) in [("", ""), ("", "team:x:6001:\\n"), ("", "team:x:6001:ada,root\\n")] {
        for words in ["env --shell sh", "status --offline", "doctor", "kernel list", "list", "exec -- true"] {
            let sandbox = Sandbox::new();
            let script = format!(
                "chmod 755 home/.config/bqcred; chmod 644 home/.config/bqcred/config.json\n{KUBELET}
                as_ada ./bqcred {words} >first || test {words} = doctor; echo second >&2
                as_ada ./bqcred {words} >second || test {words} = doctor
                cmp first second"
            );
            let Some(invocation) = people(&sandbox, accounts, groups, &script) else { return };
            let run = invocation.run().success();
            let (first, second) = run.stderr.split_once("second\n").unwrap();
            assert_eq!(first.matches("yours alone again").count(), 1, "{words}: {}", run.stderr);
            assert!(!second.contains("group"), "{words}: {}", run.stderr);
            assert!(!first.contains("not signed in"), "{words}: {}", run.stderr);
            assert_eq!(modes(&sandbox), CLOSED, "{words}");
        }
    }
}

#[test]
fn rights_that_somebody_else_could_have_used_are_refused_with_one_command() {
    let cases = [
        ("a member", "bob:x:5002:5002::/:/bin/sh\\n", "team:x:6001:bob\\n", KUBELET.to_owned()),
        ("a primary group", "bob:x:5002:6001::/:/bin/sh\\n", "", KUBELET.to_owned()),
        ("all can read", "", "", format!("{KUBELET}\nchmod -R o+rX home/.local")),
        (
            "all can write to a folder",
            "",
            "",
            format!("{KUBELET}\nchmod o+w home/.local/share/bqcred/default"),
        ),
        (
            "another owner",
            "",
            "",
            format!("{KUBELET}\ntouch home/.local/share/bqcred/x; chown 5002 home/.local/share/bqcred/x"),
        ),
        (
            "folders only",
            "bob:x:5002:6001::/:/bin/sh\\n",
            "",
            "chgrp -R 6001 home; find home -type d -exec chmod g+rwx {} +".to_owned(),
        ),
    ];
    for (case, accounts, groups, damage) in cases {
        let sandbox = Sandbox::new();
        let script = format!(
            r#"{damage}
            as_ada ./bqcred env --shell sh >/dev/null 2>said && exit 1
            test $? = 6; cat said >&2
            as_ada ./bqcred doctor >told 2>&1 || true; if grep 'not signed in' told; then exit 1; fi
            as_ada ./bqcred status --offline >/dev/null 2>&1 && exit 1
            as_ada ./bqcred login --start --client-id-file client.json >/dev/null 2>&1 && exit 1
            as_ada ./bqcred env --shell sh >/dev/null 2>&1 && exit 1
            rm -f home/.local/share/bqcred/x
            as_ada sh -ec "$(sed -n 's/^  hint: `\(chmod [^`]*\)`.*/\1/p' said)"
            as_ada ./bqcred env --shell sh"#
        );
        let Some(invocation) = people(&sandbox, accounts, groups, &script) else { return };
        let run = invocation.run().success();
        assert!(run.stdout.contains("GOOGLE_APPLICATION_CREDENTIALS"), "{case}: {run:?}");
        assert!(!run.stderr.contains("yours alone again"), "{case}: {run:?}");
    }
}

#[test]
fn other_servers_are_not_trusted_until_a_new_sign_in() {
    let google = crate::common::Google::start();
    let sandbox = Sandbox::new();
    sandbox.login(&google, "ada@example.com", &["--project", "p"]).success();
    let client = sandbox.client_file(&google);
    sandbox.bqcred(&["client", "set", &client]).success();
    sandbox.bqcred(&["status"]).success();
    let open = || {
        let script =
            "find \"$1\" -type d -exec chmod g+rwxs {} + ; find \"$1\" -type f -exec chmod g+rw {} +";
        let home = sandbox.home();
        sandbox.program("sh", &["-ec", script, "sh", home.to_str().unwrap()]).run().success();
    };
    open();
    let before = google.requests().len();
    sandbox
        .bqcred(&["env", "--shell", "sh"])
        .success()
        .says("yours alone again")
        .says("client.json.unreadable-");
    for words in [&["status"][..], &["token"], &["revoke", "--yes"], &["rotate", "--yes"]] {
        sandbox.bqcred(words).fails(4).says("127.0.0.1").says("`bqcred login");
    }
    assert_eq!(google.requests().len(), before, "no secret went there");
    sandbox.bqcred(&["client", "show"]).fails(3);
    sandbox.login(&google, "ada@example.com", &[]).success();
    sandbox.bqcred(&["status"]).success();
}
