//! The reader of kernelspecs against serde_json: the same values, where both of them read a text.

use std::collections::BTreeMap;

use crate::jupyter::kernelspec::json::{self, Value, ValueKind};

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    match (json::parse(text), theirs) {
        (Ok(ours), Ok(theirs)) => {
            check_spans(text, &ours);
            assert_same(&ours, &theirs);
        }
        (Ok(ours), Err(_)) => {
            check_spans(text, &ours);
            assert!(beyond_the_standard(text), "only we read it");
        }
        (Err(problem), Ok(_)) => panic!("only they read it: {problem}"),
        (Err(problem), Err(_)) => assert!(problem.to_string().starts_with("not valid JSON: ")),
    }
    let quoted = json::quote(text);
    assert_eq!(json::parse(&quoted).expect("a string").text(), Some(text));
}

/// What Python reads and serde_json refuses: words for what is no number, halves of surrogate pairs,
/// numbers too large for a float, and depth.
fn beyond_the_standard(text: &str) -> bool {
    let deep = text.matches(['[', '{']).count() > 100;
    let large = text.contains(['e', 'E']) || text.len() > 300;
    deep || large || ["NaN", "Infinity", "\\u"].iter().any(|word| text.contains(word))
}

/// Each span holds its value and nothing else.
fn check_spans(text: &str, value: &Value) {
    let part = text.get(value.span.clone()).expect("a span between characters");
    let alone = json::parse(part).expect("a value by itself");
    assert_eq!(alone.span, 0..part.len());
    assert_eq!(std::mem::discriminant(&alone.kind), std::mem::discriminant(&value.kind));
    for member in value.members().unwrap_or_default() {
        let key = text.get(member.key_span.clone()).expect("a span between characters");
        assert_eq!(json::parse(key).expect("a key by itself").text(), Some(member.key.as_str()));
    }
}

fn assert_same(ours: &Value, theirs: &serde_json::Value) {
    match (&ours.kind, theirs) {
        (ValueKind::Object(members), serde_json::Value::Object(map)) => {
            // the last of repeated keys counts for both
            let members: BTreeMap<_, _> = members.iter().map(|member| (&member.key, &member.value)).collect();
            assert!(members.keys().copied().eq(map.keys()));
            members.values().zip(map.values()).for_each(|(ours, theirs)| assert_same(ours, theirs));
        }
        (ValueKind::Array(elements), serde_json::Value::Array(list)) => {
            assert_eq!(elements.len(), list.len());
            elements.iter().zip(list).for_each(|(ours, theirs)| assert_same(ours, theirs));
        }
        (ValueKind::Text(ours), serde_json::Value::String(theirs)) => assert_eq!(ours, theirs),
        (ValueKind::Bool(ours), serde_json::Value::Bool(theirs)) => assert_eq!(ours, theirs),
        (ValueKind::Number, serde_json::Value::Number(_)) | (ValueKind::Null, serde_json::Value::Null) => {}
        _ => panic!("another kind of value"),
    }
}
