//! `bqcred exec --token-only`: the program runs as the user, and never holds the refresh token.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::common::{Google, Invocation, PERSON, Sandbox, Vm};

const BOB: &str = "bob@example.com";
const READER: &str = "reader@p1.iam.gserviceaccount.com";
const EXEC: &[&str] = &["exec", "--token-only"];

/// What a library does: a token for the handle in the session file, as curl prints it.
const ASK: &str = r#"
file=$GOOGLE_APPLICATION_CREDENTIALS
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$file"; }
ask() {
  curl -s "$(field token_url)" -u "$(field client_id):$(field client_secret)" \
    -d grant_type=refresh_token --data-urlencode "refresh_token=$(field refresh_token)"
}
"#;

fn bqcred(vm: &Vm, args: &[&str]) -> Invocation {
    vm.program("bqcred", args)
}

/// `bqcred exec --token-only WAY -- bash -c SCRIPT`
fn bash(vm: &Vm, way: &[&str], script: &str) -> Invocation {
    let script = format!("{ASK}{script}");
    bqcred(vm, &[EXEC, way, &["--", "bash", "-euc", &script]].concat())
}

fn vm() -> Vm {
    let vm = Vm::with_login();
    for program in ["curl", "sed", "bash", "env"] {
        vm.sandbox.link_program(program);
    }
    vm
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The refresh tokens that are in use, as they are in any file.
fn refresh_tokens(google: &Google) -> Vec<String> {
    google.valid_tokens(PERSON)
}

#[test]
fn the_program_gets_a_token_and_no_refresh_token() {
    let vm = vm();
    let run = bash(&vm, &[], "cat $file; env; ask").run().success();
    for token in refresh_tokens(&vm.google) {
        assert!(!run.stdout.contains(&token), "{}", run.stdout);
    }
    let answer = json(run.stdout.lines().last().unwrap());
    assert!(answer["access_token"].as_str().unwrap().starts_with("ya29."), "{answer}");
    assert!(answer["expires_in"].as_u64().unwrap() > 300, "{answer}");
    let file = vm.sandbox.runtime().join("bqcred/exec");
    assert_eq!(
        std::fs::read_dir(file)
            .unwrap()
            .filter(|entry| {
                entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "json")
            })
            .count(),
        0
    );
}
