//! R's BigQuery clients, unchanged, run as the user; and never as the VM, whatever fails.
//!
//! bigrquery is not in Debian. How it finds a credential and queries BigQuery is done here with the same
//! calls of gargle and httr.

use std::path::{Path, PathBuf};

use crate::common::{
    self, Endpoint, GUARD_HOST, Invocation, PERSON, R_QUERY, R_TRUST, Sandbox, Vm, find_program, missing,
    r_package, venv,
};
use crate::double::{Script, metadata};

/// Where Debian installs IRkernel's kernelspec.
const IR: &str = "/usr/share/jupyter/kernels/ir";

fn rscript() -> Option<PathBuf> {
    let rscript = r_package(&["gargle", "httr", "jsonlite"]);
    if rscript.is_none() {
        missing("R with gargle, httr and jsonlite");
    }
    rscript
}

/// Python to run notebooks with, where IRkernel is installed.
fn irkernel() -> Option<PathBuf> {
    let python = r_package(&["IRkernel", "gargle", "httr"]).and(venv(&["nbclient"]));
    if python.is_none() || !Path::new(IR).is_dir() {
        missing("IRkernel, or nbclient in BQCRED_TEST_VENV,");
        return None;
    }
    python
}

fn vm() -> Vm {
    let vm = Vm::with_login();
    ["R", "Rscript"].into_iter().for_each(|name| vm.sandbox.link_program(name));
    vm.sandbox.write("profile.R", R_TRUST);
    vm
}

/// R's own settings that make it trust the double.
fn trusting(vm: &Vm, invocation: Invocation) -> Invocation {
    invocation.env("R_PROFILE_USER", vm.sandbox.path("profile.R"))
}

#[test]
fn script_after_env() {
    let Some(rscript) = rscript() else { return };
    let vm = vm();
    trusting(&vm, vm.after_eval(&rscript, &["-e", R_QUERY])).run().prints(PERSON);
    vm.assert_only_the_user();
}

#[test]
fn script_with_variables_in_renviron() {
    let Some(rscript) = rscript() else { return };
    let vm = vm();
    vm.bash("bqcred env --format renviron >~/.Renviron").run().success();
    trusting(&vm, vm.program(&rscript, &["-e", R_QUERY])).run().prints(PERSON);
    vm.assert_only_the_user();
}

#[test]
fn notebook_after_env() {
    let Some(python) = irkernel() else { return };
    let vm = vm();
    trusting(&vm, vm.notebook_after_eval(&python, "ir", &[R_QUERY])).run().prints(PERSON);
    vm.assert_only_the_user();
}

/// The server has no variables of bqcred here: the kernel gets them from its kernelspec alone.
#[test]
fn notebook_with_variables_in_its_kernelspec() {
    let Some(python) = irkernel() else { return };
    let vm = vm();
    vm.add_kernel("bigquery", Path::new(IR));
    trusting(&vm, vm.notebook(&python, "bigquery", &[R_QUERY])).run().prints(PERSON);
    vm.assert_only_the_user();
}

/// The control: the same code without bqcred runs as the VM.
#[test]
fn without_bqcred_queries_run_as_the_vm() {
    let Some(rscript) = rscript() else { return };
    let vm = vm();
    trusting(&vm, vm.program(&rscript, &["-e", R_QUERY])).run().prints(metadata::ACCOUNT);
    assert_eq!(vm.google.identities(), [metadata::ACCOUNT]);
}

/// What can go wrong with a credential between `env` and its use.
type Mishap = fn(&Vm);

const MISHAPS: [(&str, Mishap); 3] = [
    ("the file is gone", |vm| std::fs::remove_file(vm.sandbox.adc("default")).unwrap()),
    ("it is revoked", |vm| vm.google.revoke_grant(PERSON)),
    ("the token endpoint is broken", |vm| {
        vm.google.script_always(Endpoint::Token, Script::Unavailable(500));
    }),
];

/// A query after `eval $(bqcred env)`, or another command instead of it, and then the mishap.
fn after_a_mishap(rscript: &Path, env: &str, mishap: Mishap) -> (Vm, common::Run) {
    let vm = vm();
    let printed = vm.bash(env).run().success().stdout;
    mishap(&vm);
    vm.sandbox.write("printed", printed);
    let bash = vm.bash("eval $(cat printed); exec \"$@\"").arg("bash").arg(rscript).arg("-e").arg(R_QUERY);
    let run = trusting(&vm, bash).run();
    (vm, run)
}

#[test]
fn every_failure_after_env_raises_and_does_not_fall_back_to_the_vm() {
    let Some(rscript) = rscript() else { return };
    for (what, mishap) in MISHAPS {
        let (vm, run) = after_a_mishap(&rscript, "bqcred env", mishap);
        run.fails(1).says("Can't get Google credentials");
        assert_eq!(vm.google.identities(), [""; 0], "{what}");
        vm.assert_never_the_vm();
    }
}

#[test]
fn every_failure_with_renviron_raises_and_does_not_fall_back_to_the_vm() {
    let Some(rscript) = rscript() else { return };
    for (what, mishap) in MISHAPS {
        let vm = vm();
        vm.bash("bqcred env --format renviron >~/.Renviron").run().success();
        mishap(&vm);
        let run = trusting(&vm, vm.program(&rscript, &["-e", R_QUERY])).run();
        run.fails(1).says("Can't get Google credentials");
        assert_eq!(vm.google.identities(), [""; 0], "{what}");
        vm.assert_never_the_vm();
    }
}

/// Connecting fails instead of waiting: for curl as for gargle, which give up after different times.
#[test]
fn guard_makes_curl_and_gargle_give_up_at_once() {
    let Some(rscript) = rscript() else { return };
    let Some(curl) = find_program("curl") else { return missing("curl") };
    let sandbox = Sandbox::new();
    let url = format!("http://{GUARD_HOST}/");
    sandbox.program(curl, &["--silent", "--max-time", "60", &url]).run().fails(7);
    let ask = "e <- tryCatch(gargle:::gce_metadata_request(), error = conditionMessage)
        cat(inherits(e, 'character'), grepl('connect to', e), grepl('[Tt]ime', e))";
    let gargle = sandbox.program(rscript, &["--vanilla", "-e", ask]).env("GCE_METADATA_URL", GUARD_HOST);
    gargle.run().prints("TRUE TRUE FALSE");
}

/// The control for the guard: without it R silently runs as the VM.
#[test]
fn without_guard_failures_fall_back_to_the_vm() {
    let Some(rscript) = rscript() else { return };
    for (what, mishap) in MISHAPS {
        let (vm, run) = after_a_mishap(&rscript, "bqcred env --no-guard", mishap);
        run.prints(metadata::ACCOUNT);
        assert_eq!(vm.google.identities(), [metadata::ACCOUNT], "{what}");
    }
}

#[test]
fn revoked_credential_in_a_notebook_fails_and_does_not_fall_back_to_the_vm() {
    let Some(python) = irkernel() else { return };
    let vm = vm();
    vm.add_kernel("bigquery", Path::new(IR));
    vm.google.revoke_grant(PERSON);
    let run = trusting(&vm, vm.notebook(&python, "bigquery", &[R_QUERY])).run().fails(1);
    run.says("Can't get Google credentials");
    vm.assert_never_the_vm();
}
