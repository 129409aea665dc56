//! The proof: for every environment of the table, what doctor foretells is what the libraries do.

use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::environments::{ENVIRONMENTS, Environment};
use super::real::{Libraries, Observed};
use super::scene::Scene;

/// As many at once as this machine has processors; most of the time is the libraries' start.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).min(8)
}

#[test]
fn what_doctor_foretells_is_what_the_libraries_do() {
    let libraries = Libraries::here();
    if libraries.count() == 0 {
        return;
    }
    let only = std::env::var("BQCRED_TEST_ENVIRONMENT").ok();
    let chosen: Vec<&Environment> = ENVIRONMENTS
        .iter()
        .filter(|(name, _)| only.as_deref().is_none_or(|part| name.contains(part)))
        .collect();
    let next = AtomicUsize::new(0);
    let differences = Mutex::new(Vec::new());
    let compared = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..workers() {
            scope.spawn(|| {
                while let Some((name, arrange)) = chosen.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let found = catch_unwind(|| compare(&libraries, name, *arrange));
                    let (count, differing) =
                        found.unwrap_or_else(|_| (0, vec![format!("{name}: see the panic above")]));
                    compared.fetch_add(count, Ordering::SeqCst);
                    differences.lock().unwrap().extend(differing);
                }
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    assert!(
        differences.is_empty(),
        "{} of {} differ:\n{}",
        differences.len(),
        compared.into_inner(),
        differences.join("\n")
    );
    // all but those that the slow one leaves out
    assert!(only.is_some() || compared.into_inner() + 3 >= chosen.len() * libraries.count());
}

/// How many libraries were asked in this environment, and where they did something else.
fn compare(libraries: &Libraries, name: &str, arrange: fn(&mut Scene)) -> (usize, Vec<String>) {
    let mut scene = Scene::new();
    arrange(&mut scene);
    let foretold = scene.doctor(&[]);
    // libraries ask this and that which no client should; that is none of doctor's business
    scene.google.expect_unexpected();
    let observed = libraries.observe(&scene);
    (observed.len(), observed.iter().filter_map(|one| difference(name, &foretold, one)).collect())
}

/// Where a library did something else than was foretold: what.
fn difference(name: &str, foretold: &Value, observed: &Observed) -> Option<String> {
    let one =
        foretold["libraries"].as_array().unwrap().iter().find(|one| one["name"] == *observed.name).unwrap();
    // a token doesn't tell how somebody came by it
    let kind = one["identity"].as_str().map(|kind| if kind == "access_token" { "person" } else { kind });
    let same_identity =
        kind == Some(&observed.identity) && one["account"].as_str() == observed.account.as_deref();
    let same_projects = observed.projects.as_ref().is_none_or(|(project, quota)| {
        one["project"].as_str() == project.as_deref() && one["quota_project"].as_str() == quota.as_deref()
    });
    if same_identity && same_projects {
        return None;
    }
    let steps: Vec<&str> =
        one["steps"].as_array().unwrap().iter().filter_map(|step| step["what"].as_str()).collect();
    Some(format!(
        "{name}: {}\n  foretold {} {} {} project {} quota {}\n  observed {} {:?} {:?} {}\n  steps: {}",
        observed.name,
        one["identity"],
        one["account"],
        one["problem"],
        one["project"],
        one["quota_project"],
        observed.identity,
        observed.account,
        observed.projects,
        observed.error,
        steps.join(" | ")
    ))
}
