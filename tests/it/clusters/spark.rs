//! Spark, with a master and workers that were started without any of bqcred's variables.

use serde_json::json;

use super::{free_port, full, nothing_is_shown, python, session, vm_with_tokens_of};
use crate::common::{PERSON, find_program, missing};

#[test]
fn python_functions_are_the_user_where_the_executors_read_the_file_until_the_renewing_stops() {
    if !full("Spark") {
        return;
    }
    let Some(python) = python("BQCRED_TEST_VENV_SPARK", &["pyspark", "google.cloud.bigquery"]) else {
        return;
    };
    // `bqcred export --keep-fresh` renews such tokens every 5 s
    let vm = vm_with_tokens_of(605);
    let Some(java) = find_program("java") else { return missing("java") };
    vm.sandbox.link("java", &java);
    let ports: Vec<String> = std::iter::repeat_with(free_port).take(6).collect();
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    let results = session(&vm, &python, "spark_session.py", &ports);
    for (part, workers) in [
        ("start", &["here"][..]),
        ("late", &["here", "late"]),
        ("restart", &["here"]),
        ("renewed", &["here", "late"]),
    ] {
        for worker in workers {
            assert_eq!(results[part][worker], json!([PERSON]), "{part}");
        }
    }
    let said = |part: &str, worker: &str| results[part][worker][0].as_str().unwrap().to_owned();
    let without = said("start", "elsewhere");
    assert!(without.starts_with("DefaultCredentialsError"), "{without}");
    for worker in ["here", "late"] {
        assert!(said("stopped", worker).starts_with("RefreshError"), "{}", said("stopped", worker));
    }
    let without = "Spark runs already, without these variables: spark.stop(), then this again";
    assert_eq!(results["without"], json!([without, without]));
    assert_eq!(results["local_cluster"], json!(["local-cluster[2,1,1024]", [PERSON]]));
    assert_eq!(results["memory"], false);
    nothing_is_shown(&vm);
}
