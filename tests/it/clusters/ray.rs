//! Ray, with nodes that were started without any of bqcred's variables.

use serde_json::json;

use super::{all_are_the_user, free_port, nothing_is_shown, python, session, vm};
use crate::common::PERSON;

#[test]
fn tasks_are_the_user_on_every_node_until_the_renewing_stops() {
    let Some(python) = python("BQCRED_TEST_VENV_CLUSTERS", &["ray", "google.cloud.bigquery"]) else { return };
    let vm = vm();
    let results = session(&vm, &python, "ray_session.py", &[&free_port(), &free_port(), &free_port()]);
    assert_eq!(results["no_token"], json!(["no", false]));
    all_are_the_user(&results, "start", &["here"]);
    all_are_the_user(&results, "late", &["here", "elsewhere"]);
    all_are_the_user(&results, "restart", &["here", "again"]);
    assert_eq!(results["mode"], json!(["0o700", "0o600"]));
    assert_eq!(results["renewed"], json!({"here": [PERSON], "elsewhere": [PERSON]}));
    for name in ["here", "again"] {
        let said = results["stopped"][name].as_str().unwrap();
        assert!(said.starts_with("RefreshError") && said.contains("invalid_client"), "{name}: {said}");
    }
    assert_eq!(results["client"], json!(["kept", PERSON]));
    assert_eq!(results["memory"], json!([]), "the refresh token is in Ray's memory");
    nothing_is_shown(&vm);
}
