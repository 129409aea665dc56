//! The properties with the corpus, with pieces of it put together, and with random bytes.
#![expect(clippy::disallowed_methods, reason = "these files are the project's own")]

use std::path::PathBuf;

use proptest::prelude::*;

use super::TARGETS;

fn folder(of: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(of)
}

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder("corpus").join(target)).unwrap().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn every_property_holds_for_the_corpus() {
    let mut failed = Vec::new();
    for (target, property) in TARGETS {
        let inputs = corpus(target);
        assert!(!inputs.is_empty(), "{target} has no corpus");
        for (path, data) in inputs {
            if std::panic::catch_unwind(|| property(&data)).is_err() {
                failed.push(path);
            }
        }
    }
    assert_eq!(failed, Vec::<PathBuf>::new());
}

#[test]
fn every_property_has_its_target() {
    let manifest = std::fs::read_to_string(folder("Cargo.toml")).unwrap();
    for (target, _) in TARGETS {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
        let source = std::fs::read_to_string(folder("fuzz_targets").join(format!("{target}.rs"))).unwrap();
        assert!(source.contains(&format!("fuzz_{target}(data)")), "{target}");
    }
}

/// One input with a piece of another in place of a piece of its own.
fn crossed(inputs: &[Vec<u8>], choice: [prop::sample::Index; 2], cuts: [prop::sample::Index; 4]) -> Vec<u8> {
    let [one, other] = choice.map(|index| index.get(inputs));
    let span = |of: &[u8], cuts: [prop::sample::Index; 2]| {
        let mut span = cuts.map(|cut| cut.index(of.len() + 1));
        span.sort_unstable();
        span
    };
    let [gone, gone_end] = span(one, [cuts[0], cuts[1]]);
    let [new, new_end] = span(other, [cuts[2], cuts[3]]);
    [&one[..gone], &other[new..new_end], &one[gone_end..]].concat()
}

proptest! {
    #[test]
    fn every_property_holds_for_random_bytes(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        TARGETS.iter().for_each(|(_, property)| property(&data));
    }
}

/// What a search would begin with: a few thousand inputs for each target, others each time.
#[test]
fn every_property_holds_for_combined_pieces_of_the_corpus() {
    for (target, property) in TARGETS {
        let inputs: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, data)| data).collect();
        let config = ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let strategy = any::<([prop::sample::Index; 2], [prop::sample::Index; 4])>();
        let outcome = runner.run(&strategy, |(choice, cuts)| {
            let data = crossed(&inputs, choice, cuts);
            let outcome = std::panic::catch_unwind(|| property(&data));
            prop_assert!(outcome.is_ok(), "{target}: {:?}", String::from_utf8_lossy(&data));
            Ok(())
        });
        outcome.unwrap();
    }
}
