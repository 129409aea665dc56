//! Random environments: what doctor predicts of each is what the real libraries do.
//!
//! Each environment has a seed of its own, which is printed where a prediction is wrong: `BQCRED_TEST_SEED` with that
//! seed and `BQCRED_TEST_ENVIRONMENTS=1` make it again. More environments, or others, by the same variables.

mod dice;
mod file;
mod place;

use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::predictions::difference;
use super::real::{Libraries, Observed};
use super::scene::{ADA, Scene};
use dice::Dice;

/// The first seed, where none is set.
const SEED: u64 = 1;
/// How many environments, where no number is set.
const COUNT: u64 = 40;
/// Side by side: some of them wait.
const THREADS: usize = 3;

#[test]
fn predictions_for_random_environments() {
    let libraries = Libraries::here();
    if libraries.count() == 0 {
        return;
    }
    let number = |name: &str, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let first = number("BQCRED_TEST_SEED", SEED);
    let last = first + number("BQCRED_TEST_ENVIRONMENTS", COUNT);
    let (next, differences) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < last)
                {
                    let found = catch_unwind(|| compare(libraries, seed));
                    let found = found.unwrap_or_else(|_| vec![format!("seed {seed}: see the panic above")]);
                    differences.lock().unwrap().extend(found);
                }
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

/// Where the libraries behaved differently in the environment of this seed than doctor predicted.
fn compare(libraries: &Libraries, seed: u64) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let mut scene = Scene::new();
    let has_profile = dice.chance(60);
    if has_profile {
        let file = scene.file("ada.json", scene.user(ADA).to_string());
        scene.bqcred(&["import", "--project", "p1"]).arg(file).run().success();
    }
    place::arrange(&mut dice, &mut scene);
    // they take seconds, and have a table of their own
    scene.concerns_gcloud = false;
    let predicted = scene.doctor(&[]);
    scene.google.expect_unexpected();
    let observed = libraries.observe(&scene);
    let differ = observed.iter().filter_map(|one| {
        let difference = difference(&format!("seed {seed}"), &predicted, one);
        difference.or_else(|| is_you_differs(seed, &predicted, one).filter(|_| has_profile))
    });
    let differ: Vec<String> = differ.collect();
    match differ.is_empty() {
        true => differ,
        false => vec![format!("{}\n  in: {}", differ.join("\n"), dice.drawn.join("; "))],
    }
}

/// How doctor is wrong about whose account it is, if it is.
fn is_you_differs(seed: u64, predicted: &Value, observed: &Observed) -> Option<String> {
    let is_you = observed.identity == "user" && observed.account.as_deref() == Some(ADA);
    let library = observed.library();
    let one = predicted["libraries"].as_array().unwrap().iter().find(|one| one["name"] == library).unwrap();
    (one["is_you"] != is_you).then(|| format!("seed {seed}: {library}: is_you is {}", one["is_you"]))
}
