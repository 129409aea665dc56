//! Dask, with a scheduler and workers that were started without any of bqcred's variables.

use std::time::Duration;

use serde_json::json;

use super::{all_are_the_user, free_port, full, nothing_is_shown, python, session, vm, vm_with_tokens_of};
use crate::common::{Endpoint, PERSON, Script};

#[test]
fn workers_are_the_user_until_the_renewing_stops() {
    let Some(python) = python("BQCRED_TEST_VENV_CLUSTERS", &["distributed", "dask_bigquery"]) else {
        return;
    };
    let vm = vm();
    let results = session(&vm, &python, "dask_session.py", &[&free_port()]);
    for part in ["start", "dask_bigquery"] {
        all_are_the_user(&results, part, &["here", "elsewhere"]);
    }
    for part in ["late", "restart"] {
        all_are_the_user(&results, part, &["here", "elsewhere", "late"]);
    }
    let whole = format!("{PERSON}, profile default");
    let narrower = results["narrower"].as_str().unwrap();
    assert!(narrower.starts_with(&format!("the workers run as {whole} already")), "{narrower}");
    assert!(
        narrower.contains(&format!("for {whole}, https://www.googleapis.com/auth/bigquery")),
        "{narrower}"
    );
    assert_eq!(results["no_token"], "no");
    for name in ["here", "elsewhere", "late"] {
        assert_eq!(results["renewed"][name], json!([PERSON]), "{name}");
        let said = results["stopped"][name].as_str().unwrap();
        assert!(said.starts_with("RefreshError") && said.contains("invalid_client"), "{name}: {said}");
    }
    let said = |file: &str| {
        format!(
            "bqcred: workers in the notebook's own process have the notebook's account, which this cell does not \
             change (GOOGLE_APPLICATION_CREDENTIALS: {file})"
        )
    };
    assert_eq!(results["notebook"]["/the/notebook's"], json!([true, said("/the/notebook's")]));
    assert_eq!(results["notebook"]["None"], json!([true, said("not set")]));
    assert_eq!(results["tls"], json!(["tls://", PERSON, format!("bqcred: the workers run as {PERSON}")]));
    assert_eq!(results["memory"], false, "the refresh token is in the scheduler's memory");
    nothing_is_shown(&vm);
}

#[test]
fn reading_in_parallel_takes_one_token() {
    if !full("reading in parallel") {
        return;
    }
    let Some(python) = python("BQCRED_TEST_VENV_CLUSTERS", &["distributed", "google.cloud.bigquery"]) else {
        return;
    };
    let vm = vm_with_tokens_of(3_599);
    let before = vm.google.count("/token");
    vm.google.script_always(Endpoint::Api, Script::Slow(Duration::from_millis(500)));
    let results = session(&vm, &python, "reading_session.py", &[]);
    let seconds = |workers: &str| results[workers].as_f64().unwrap();
    println!("48 reads: {:.1} s with 1 worker, {:.1} s with 4", seconds("1"), seconds("4"));
    assert_eq!(results["who"], json!([PERSON, PERSON]));
    assert!(vm.google.count("/token") <= before + 1, "one token is enough for both, and all workers");
    vm.assert_only_the_user();
}
