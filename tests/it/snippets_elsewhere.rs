//! `bqcred snippet` for containers and clusters: what it prints hands over access tokens alone, and what can't work is
//! refused with the way that does. Real engines are in `clusters`.

use serde_json::{Value, json};

use crate::common::{Run, Sandbox, find_program, missing, write_profile};

fn signed_in() -> Sandbox {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "p1");
    sandbox
}

fn snippet(sandbox: &Sandbox, words: &str) -> Run {
    let words: Vec<&str> = ["snippet"].into_iter().chain(words.split(' ')).collect();
    sandbox.bqcred(&words)
}

const TOKEN_ONLY: [&str; 9] =
    ["dask", "ray", "spark", "slurm", "slurm --no-shared-home", "k8s", "docker", "compose", "devcontainer"];

#[test]
fn every_kind_has_the_guard_and_names_no_file_with_the_refresh_token() {
    let sandbox = signed_in();
    let folder = sandbox.data("default").display().to_string();
    for kind in TOKEN_ONLY {
        let run = snippet(&sandbox, kind).success();
        for needed in
            ["GCE_METADATA_URL", "255.255.255.255", "NO_GCE_CHECK", "GOOGLE_APPLICATION_CREDENTIALS", "p1"]
        {
            assert!(run.stdout.contains(needed), "{kind} has no {needed}:\n{}", run.stdout);
        }
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(!all.contains(&folder) && !all.contains("made-up"), "{kind}:\n{all}");
        run.says("the token-only file is for Python's libraries").says("R, Node, Go and Java");
    }
}

#[test]
fn scopes_and_a_service_account_reach_the_commands_that_renew() {
    let sandbox = signed_in();
    let reader = "reader@p1.iam.gserviceaccount.com";
    for kind in TOKEN_ONLY {
        let run = snippet(&sandbox, &format!("{kind} --scopes bigquery --as {reader}")).success();
        let all = format!("{}{}", run.stdout, run.stderr).replace("\", \"", " ");
        let export = format!("--profile default --scopes bigquery --as {reader}");
        assert!(all.contains("export --token-only ") && all.contains(&export), "{kind}:\n{all}");
    }
    snippet(&sandbox, "python --scopes bigquery").fails(2).says("--scopes is for clusters and containers");
}

#[test]
fn containers_get_the_folder_of_the_token_only_file() {
    let sandbox = signed_in();
    let folder = sandbox.home().join(".cache/bqcred/token-only/default").display().to_string();
    let docker = snippet(&sandbox, "docker").success();
    assert!(
        docker.stdout.contains(&format!("--mount type=bind,source={folder},target=/run/bqcred,readonly")),
        "{}",
        docker.stdout
    );
    docker
        .says(&format!("export --token-only {folder}/adc.json --profile default --keep-fresh"))
        .says("bqcred exec --token-only --profile default -- sh -c 'docker run --rm --network host")
        .says("bqcred snippet docker --whole");
    let settings = snippet(&sandbox, "devcontainer").success().json();
    assert_eq!(settings["mounts"], json!([format!("type=bind,source={folder},target=/run/bqcred,readonly")]));
    assert_eq!(settings["containerEnv"]["GOOGLE_APPLICATION_CREDENTIALS"], "/run/bqcred/adc.json");
    let compose = snippet(&sandbox, "compose").success().stdout;
    assert!(compose.contains("read_only: true") && compose.contains(&folder), "{compose}");
    let named = snippet(&sandbox, "docker --file /srv/bq/adc.json").success().stdout;
    assert!(named.contains("source=/srv/bq,"), "{named}");
    snippet(&sandbox, "docker --file /srv/bq/token").fails(2).says("adc.json");
}

#[test]
fn the_whole_credential_is_handed_over_on_request_alone() {
    let sandbox = signed_in();
    let folder = sandbox.data("default").display().to_string();
    for kind in ["docker", "compose", "devcontainer"] {
        let run = snippet(&sandbox, &format!("{kind} --whole")).success();
        assert!(run.stdout.contains(&folder), "{kind}:\n{}", run.stdout);
        run.says("your refresh token");
    }
    snippet(&sandbox, "k8s --whole")
        .fails(2)
        .says("`bqcred revoke` don't remove it there")
        .says("--whole --yes");
    let whole = snippet(&sandbox, "k8s --whole --yes").success();
    assert!(
        whole.stdout.contains("bqcred export - --profile default | kubectl create secret"),
        "{}",
        whole.stdout
    );
    for kind in ["dask", "ray", "spark", "slurm", "python"] {
        snippet(&sandbox, &format!("{kind} --whole")).fails(2).says("never the refresh token");
    }
}

#[test]
fn a_profile_in_the_keyring_has_no_file_to_mount() {
    let sandbox = signed_in();
    let file = sandbox.data("default").join("profile.json");
    let known = std::fs::read_to_string(&file).unwrap().replace("\"file\"", "\"keyring\"");
    std::fs::write(&file, known).unwrap();
    for kind in ["docker", "compose", "devcontainer"] {
        let refused = snippet(&sandbox, &format!("{kind} --whole")).fails(6);
        refused.says("is kept in the keyring").says("leave out --whole").says("`bqcred move --store file`");
    }
    snippet(&sandbox, "renviron").fails(6).says("is kept in the keyring").says("kernel install --exec");
}

#[test]
fn what_workers_cannot_read_is_refused() {
    let sandbox = signed_in();
    let adc = sandbox.adc("default").display().to_string();
    let session = sandbox.runtime().join("bqcred/default-0123456789abcdef.json").display().to_string();
    for (kind, file, why) in [
        ("spark", "/proc/4711/fd/77", "while one process of this machine runs"),
        ("docker", "/proc/4711/fd/77", "while one process of this machine runs"),
        ("slurm", "/dev/fd/3", "while one process of this machine runs"),
        ("slurm", "/dev/shm/adc.json", "in this machine's memory"),
        ("spark", "/run/user/1000/adc.json", "in this machine's memory"),
        ("docker", &session, "session files"),
        ("spark", &session, "session files"),
        ("spark", &adc, "holds the refresh token"),
        ("docker", &adc, "holds the refresh token"),
    ] {
        let refused = snippet(&sandbox, &format!("{kind} --file {file}")).fails(2);
        refused.says(why).says("bqcred export --token-only FILE --keep-fresh");
    }
    for kind in ["beam", "dataflow"] {
        snippet(&sandbox, kind)
            .fails(2)
            .says("a service account that you may impersonate")
            .says("--as ACCOUNT");
    }
    for words in ["dask --file /srv/adc.json", "k8s --no-shared-home", "slurm --yes"] {
        snippet(&sandbox, words).fails(2);
    }
}

/// The manifest as `kubectl` reads it, without a server.
fn manifest(sandbox: &Sandbox, text: &str) -> Option<Value> {
    let Some(kubectl) = find_program("kubectl") else {
        missing("kubectl");
        return None;
    };
    let args = ["label", "--local", "-o", "json", "-f", "-", "read=yes"];
    Some(sandbox.program(kubectl, &args).stdin(text).run().success().json())
}

#[test]
fn kubernetes_gets_a_secret_volume_and_no_secret_in_the_manifest() {
    if std::env::var_os("BQCRED_TEST_FULL").is_none() {
        return crate::common::skipped("kubectl (BQCRED_TEST_FULL=1)");
    }
    let sandbox = signed_in();
    let run = snippet(&sandbox, "k8s").success();
    assert!(!run.stdout.contains("kubectl apply"));
    let Some(job) = manifest(&sandbox, &run.stdout) else { return };
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["volumes"][0]["secret"], json!({"secretName": "bqcred-default", "defaultMode": 0o400}));
    let container = &pod["containers"][0];
    assert_eq!(
        container["volumeMounts"],
        json!([{"name": "bqcred", "mountPath": "/run/bqcred", "readOnly": true}])
    );
    assert!(container.get("envFrom").is_none() && !job.to_string().contains("secretKeyRef"));
    let variables = container["env"].as_array().unwrap();
    assert!(variables.contains(&json!({"name": "NO_GCE_CHECK", "value": "true"})), "{variables:?}");
    // the Secret is what comes on stdin, and there is no copy of it in an annotation
    let create =
        "create secret generic bqcred-default --from-file=adc.json=/dev/stdin --dry-run=client -o json";
    assert!(
        run.stdout
            .contains("--from-file=adc.json=/dev/stdin --dry-run=client -o yaml | kubectl replace -f -")
    );
    let args: Vec<&str> = create.split(' ').collect();
    let made = sandbox.program(find_program("kubectl").unwrap(), &args).stdin("{}").run().success().json();
    assert_eq!((&made["data"], made["metadata"].get("annotations")), (&json!({"adc.json": "e30="}), None));
}
