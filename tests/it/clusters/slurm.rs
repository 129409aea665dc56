//! Slurm, with a controller and nodes that were started without any of bqcred's variables.

use serde_json::json;

use super::{free_port, full, nothing_is_shown, python, session, vm_with_tokens_of};
use crate::common::{PERSON, find_program, missing};

#[test]
fn jobs_are_the_user_with_and_without_a_shared_home_until_the_renewing_stops() {
    if !full("Slurm") {
        return;
    }
    let Some(python) = python("BQCRED_TEST_VENV_CLUSTERS", &["google.cloud.bigquery"]) else { return };
    // `bqcred export --keep-fresh` renews such tokens every 5 s
    let vm = vm_with_tokens_of(605);
    for name in ["slurmctld", "slurmd", "munged", "sbatch", "squeue", "scontrol", "sinfo", "srun"] {
        let sbin = std::path::Path::new("/usr/sbin").join(name);
        match find_program(name).or_else(|| sbin.is_file().then_some(sbin)) {
            Some(program) => vm.sandbox.link(name, &program),
            None => return missing(name),
        }
    }
    let ports: Vec<String> = std::iter::repeat_with(free_port).take(4).collect();
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    let results = session(&vm, &python, "slurm_session.py", &ports);
    for part in ["start", "late", "restart", "renewed"] {
        assert_eq!(results[part], PERSON, "{part}");
    }
    assert_eq!(results["pushed"], json!([PERSON, PERSON]));
    assert_eq!(results["pushed_mode"], json!(["0o600", "0o700"]));
    let said = |part: &str| results[part].as_str().unwrap().to_owned();
    assert!(said("no_home").starts_with("DefaultCredentialsError"), "{}", said("no_home"));
    assert!(said("stopped").starts_with("RefreshError"), "{}", said("stopped"));
    assert_eq!(results["memory"], json!([]));
    nothing_is_shown(&vm);
}
