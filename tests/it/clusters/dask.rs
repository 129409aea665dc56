//! Dask, with a scheduler and workers that were started without any of bqcred's variables.

use serde_json::json;

use super::{all_are_the_user, free_port, nothing_is_shown, python, session, vm};

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
    for name in ["here", "elsewhere", "late"] {
        assert_eq!(results["renewed"][name], json!([crate::common::PERSON]), "{name}");
        let said = results["stopped"][name].as_str().unwrap();
        assert!(said.starts_with("RefreshError") && said.contains("invalid_client"), "{name}: {said}");
    }
    assert_eq!(results["memory"], false, "the refresh token is in the scheduler's memory");
    nothing_is_shown(&vm);
}
