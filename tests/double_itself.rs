//! The double of Google is itself as strict as it says.
mod double;
#[test]
fn it_starts() {
    let g = double::Google::start();
    assert!(g.requests().is_empty());
}
