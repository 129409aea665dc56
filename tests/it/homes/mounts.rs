//! Files that are mounted on their own, as `docker -v FILE:FILE` and Kubernetes' `subPath` do.

use super::{CLIENT, imported, mounted};

#[test]
fn a_credential_file_that_is_a_mount_is_found_before_a_sign_in() {
    let sandbox = imported();
    sandbox.write("client.json", CLIENT);
    for file in ["adc.json", "profile.json"] {
        let script = format!(
            r#"
            file=$HOME/.local/share/bqcred/default/{file}
            cp -p "$file" mounted; mount --bind mounted "$file"
            "$BQCRED" env --shell sh >/dev/null; "$BQCRED" list >/dev/null
            "$BQCRED" login --start --client-id-file client.json >/dev/null && exit 1
            test $? = 6; echo refused"#
        );
        let Some(invocation) = mounted(&sandbox, &script) else { return };
        let run = invocation.run().success().says("mount its folder").says(file);
        assert_eq!(run.stdout, "refused\n");
    }
}
