//! The double of Google is itself as strict as it says.

mod common;

use common::{Google, Sandbox};

#[test]
fn a_person_signs_in_and_uses_the_token() {
    let google = Google::start();
    let sandbox = Sandbox::new();
    sandbox.login(&google, "ada@example.com", &["--project", "p1"]).success();
    let token = sandbox.invoke(&["token"]).may_print_secret().run().success();
    assert!(token.stdout.starts_with("ya29.canary-"));
}
