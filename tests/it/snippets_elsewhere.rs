//! `bqcred snippet` for containers and clusters: what it prints hands over access tokens alone, and what can't work is
//! refused with the way that does. Real engines are in `clusters`.

use serde_json::{Value, json};

use crate::common::{Run, Sandbox, find_program, missing, mode, write_profile};

fn signed_in() -> Sandbox {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "p1");
    sandbox
}

fn snippet(sandbox: &Sandbox, words: &str) -> Run {
    let words: Vec<&str> = ["snippet"].into_iter().chain(words.split(' ')).collect();
    sandbox.bqcred(&words)
}

const LIMITS: &str = "--scopes bigquery --as reader@p1.iam.gserviceaccount.com";

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
    for folder in ["q\"d", "q,d", "q\nd"] {
        for kind in ["docker", "devcontainer"] {
            let refused = snippet(&sandbox, &format!("{kind} --file /srv/{folder}/adc.json")).fails(2);
            refused.says("a path or value has").says("snippet compose");
        }
    }
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
        ("spark", &adc, "in a folder of credentials with refresh tokens"),
        ("docker", &adc, "in a folder of credentials with refresh tokens"),
    ] {
        let refused = snippet(&sandbox, &format!("{kind} --file {file} {LIMITS}")).fails(2);
        refused.says(why).says(&format!("`bqcred export --token-only FILE --keep-fresh {LIMITS}`"));
    }
    for (options, account) in [("", "ACCOUNT"), (LIMITS, "reader@p1.iam.gserviceaccount.com")] {
        let refused = snippet(&sandbox, format!("dataflow {options}").trim()).fails(2);
        let refused = refused.says("a service account that you may impersonate");
        refused.says(&format!("`--service_account_email={account}`")).says(&format!("--as {account}"));
    }
    for words in ["dask --file /srv/adc.json", "k8s --no-shared-home", "slurm --yes"] {
        snippet(&sandbox, words).fails(2);
    }
}

/// A link, a `..` or another name of the home changes nothing about what a file is.
#[test]
fn a_file_is_judged_by_where_its_path_leads() {
    use std::os::unix::fs::symlink;
    let sandbox = signed_in();
    let [home, data] = [sandbox.home(), sandbox.data("default")];
    symlink(&data, home.join("cred")).unwrap();
    symlink(&home, sandbox.path("linked")).unwrap();
    symlink("/proc/self/fd/3", home.join("one")).unwrap();
    let at = |relative: &str| home.join(relative).display().to_string();
    let (process, refresh) = ("while one process", "in a folder of credentials with refresh tokens");
    for (kind, file, why) in [
        ("docker", at("cred/adc.json"), refresh),
        ("spark", at("../home/.local/share/bqcred/default/adc.json"), refresh),
        ("compose", at("none/../.local/share/bqcred/default/adc.json"), refresh),
        ("devcontainer", at(".config/gcloud/adc.json"), refresh),
        ("spark", "/tmp/../proc/self/fd/3".to_owned(), process),
        ("slurm", "/dev/stdin".to_owned(), process),
        ("slurm", at("one"), process),
        ("spark", "/tmp/../dev/shm/adc.json".to_owned(), "in this machine's memory"),
        ("docker", at("adc.json"), "gets the whole folder"),
        ("spark", at(".config/pydata/adc.json"), refresh),
        ("docker", at(".config/adc.json"), "gets the whole folder"),
        ("docker", at(".cache/bqcred/adc.json"), "among bqcred's own files"),
        ("spark", at("new/"), "is a folder"),
        ("spark", at(".local"), "is a folder"),
    ] {
        snippet(&sandbox, &format!("{kind} --file {file}")).fails(2).says(why);
    }
    let here = sandbox.invoke(&["snippet", "docker", "--file", "adc.json"]).current_dir(&data);
    let linked = sandbox.path("linked");
    let share = linked.join(".local/share");
    here.env("HOME", &linked).env("XDG_DATA_HOME", &share).run().fails(2).says(refresh);
    let own = at(".cache/bqcred/token-only/default/adc.json");
    snippet(&sandbox, &format!("docker --file {own}")).success();
    // the usual place is judged as well
    let in_memory = |kind: &str| {
        let words: Vec<&str> = ["snippet"].into_iter().chain(kind.split(' ')).collect();
        sandbox.invoke(&words).env("XDG_CACHE_HOME", "/dev/shm/no-such").run()
    };
    for kind in ["docker", "k8s", "dask", "slurm --no-shared-home"] {
        in_memory(kind).success();
    }
    in_memory("spark").fails(2).says("in this machine's memory").says("name a file of its own with `--file`");
    in_memory(&format!("slurm {LIMITS}"))
        .fails(2)
        .says("in this machine's memory")
        .says(&format!("`bqcred snippet slurm --no-shared-home {LIMITS}`"));
}

/// What the command that keeps it renewed would not replace is refused before it is pasted somewhere.
#[test]
fn a_file_is_judged_by_what_it_holds() {
    let sandbox = signed_in();
    let own = sandbox.home().join(".cache/bqcred/token-only/default/adc.json").display().to_string();
    let token_of = |account: &str| {
        let words = "bqcred-hands-over-access-tokens-only";
        json!({
            "type": "authorized_user", "account": account, "client_id": words, "client_secret": "none",
            "refresh_token": words, "token": "made-up", "expiry": "2026-09-21T14:13:20Z",
            "bqcred": {"profile": "default", "account": account},
        })
    };
    let whole = std::fs::read_to_string(sandbox.adc("default")).unwrap();
    let pydata = json!({"refresh_token": "made-up", "client_id": "1", "scopes": []}).to_string();
    let key = json!({"type": "service_account", "private_key": "made-up"}).to_string();
    let mut narrowed = token_of("ada@example.com");
    narrowed["bqcred"]["scopes"] = json!(["https://www.googleapis.com/auth/bigquery"]);
    let narrowed = narrowed.to_string();
    for (content, why) in [
        (whole.as_str(), Some("holds a refresh token")),
        (&pydata, Some("holds a refresh token")),
        (&key, Some("holds something else than an access token of bqcred's")),
        ("notes", Some("holds something else than an access token of bqcred's")),
        (&token_of("bob@example.com").to_string(), Some("is for an access token of bob@example.com")),
        (&narrowed, Some("is for an access token of ada@example.com, narrowed to bigquery")),
        (&token_of("ada@example.com").to_string(), None),
        ("", None),
    ] {
        let file = sandbox.write("srv/adc.json", content).display().to_string();
        sandbox.write("home/.cache/bqcred/token-only/default/adc.json", content);
        for (kind, file) in [("slurm", Some(&file)), ("docker", Some(&file)), ("spark", None)] {
            let option = file.map(|file| format!(" --file {file}")).unwrap_or_default();
            let run = snippet(&sandbox, &format!("{kind}{option}"));
            match why {
                Some(why) => run.fails(2).says(why).says(file.unwrap_or(&own)),
                None => run.success(),
            };
        }
    }
    let file = sandbox.write("srv/adc.json", narrowed).display().to_string();
    snippet(&sandbox, &format!("slurm --scopes bigquery --file {file}")).success();
    // nobody but docker gets more than the file
    sandbox.write("srv/adc.json", "");
    sandbox.write("srv/notes", "");
    let all =
        format!("gets the whole folder {}, with all that is in it: notes", sandbox.path("srv").display());
    snippet(&sandbox, &format!("docker --file {file}")).success().says(&all);
    assert!(!snippet(&sandbox, &format!("slurm --file {file}")).success().stderr.contains("notes"));
}

/// Whatever is in a value, a shell takes it for one word.
#[test]
fn odd_values_add_no_option_to_docker_run() {
    let sandbox = signed_in();
    for (file, key) in [("adc.json", "quota_project_id"), ("profile.json", "quota_project")] {
        let file = sandbox.data("default").join(file);
        let member = format!("{{\"{key}\": \"q --volume /:/host --privileged\",");
        let odd = std::fs::read_to_string(&file).unwrap().replacen('{', &member, 1);
        std::fs::write(&file, odd).unwrap();
    }
    let folder = sandbox.path("ä o'd");
    let file = folder.join("adc.json").display().to_string();
    let words = |args: &[&str]| {
        let options = sandbox.bqcred(args).success().stdout;
        let script = format!("printf '%s\\n' {options}");
        sandbox.program("/bin/sh", &["-c", &script]).run().success().stdout
    };
    let given = words(&["snippet", "docker", "--file", &file]);
    let source = format!("type=bind,source={},target=/run/bqcred,readonly", folder.display());
    for word in [&source[..], "GOOGLE_CLOUD_QUOTA_PROJECT=q --volume /:/host --privileged"] {
        assert!(given.lines().any(|line| line == word), "{given}");
    }
    assert!(!given.lines().any(|line| line == "--privileged" || line == "--volume"), "{given}");
    for kind in ["docker", "devcontainer"] {
        let refused = sandbox.bqcred(&["snippet", kind, "--file", "/srv/a,b/adc.json"]).fails(2);
        refused.says("`bqcred snippet compose --file /srv/a,b/adc.json` can hold it");
    }
    snippet(&sandbox, "slurm").fails(2).says("hint: use `bqcred snippet slurm --no-shared-home`");
}

#[test]
fn hints_are_for_the_profile_and_the_limits_that_were_asked_for() {
    let sandbox = signed_in();
    write_profile(&sandbox, "work", "p2");
    let kinds =
        [&TOKEN_ONLY[..], &["k8s --whole", "docker --whole", "beam", "docker --file /srv/a,b/adc.json"]];
    for kind in kinds.concat() {
        let run = snippet(&sandbox, &format!("{kind} --profile work"));
        for part in run.stderr.split('`').skip(1).step_by(2).filter(|part| part.contains("bqcred ")) {
            if ["bqcred rotate", "bqcred revoke"].contains(&part) {
                continue; // what they don't do, and nothing to paste
            }
            assert!(part.contains("--profile work"), "{kind}: {part}\n{}", run.stderr);
        }
    }
    for kind in TOKEN_ONLY.iter().chain(&["docker --file /srv/a,b/adc.json", "spark --file /dev/stdin"]) {
        let run = snippet(&sandbox, &format!("{kind} {LIMITS} --profile work"));
        for part in run.stderr.split('`').skip(1).step_by(2).filter(|part| part.contains("bqcred ")) {
            let is_whole = part.contains("--whole") || part.starts_with("bqcred export FILE");
            assert!(is_whole || part.contains(LIMITS), "{kind}: {part}\n{}", run.stderr);
        }
    }
    snippet(&sandbox, "beam --whole").fails(2).says("Dataflow's workers run as a service account");
}

#[test]
fn what_the_profile_was_not_granted_is_refused_at_once() {
    let sandbox = signed_in();
    let file = sandbox.data("default").join("profile.json");
    let scopes = "{\"scopes\": [\"https://www.googleapis.com/auth/bigquery\"],";
    let known = std::fs::read_to_string(&file).unwrap().replacen('{', scopes, 1);
    std::fs::write(&file, known).unwrap();
    for kind in TOKEN_ONLY {
        snippet(&sandbox, kind).success();
        snippet(&sandbox, &format!("{kind} --scopes drive")).fails(4).says("did not grant bqcred drive");
        snippet(&sandbox, &format!("{kind} --as reader@p1.iam.gserviceaccount.com"))
            .fails(4)
            .says("did not grant bqcred the scope for acting as a service account");
    }
}

#[test]
fn printed_commands_are_found_and_make_private_folders() {
    let sandbox = signed_in();
    let program = crate::common::bqcred().display().to_string();
    let cache = sandbox.home().join(".cache/bqcred");
    for kind in ["docker", "spark", "k8s", "k8s --whole --yes", "slurm --no-shared-home"] {
        let run = snippet(&sandbox, kind).success();
        let all = format!("{}{}", run.stdout, run.stderr);
        for (before, _) in
            all.match_indices("bqcred export --token-only").chain(all.match_indices("bqcred export -"))
        {
            assert!(all[..before + "bqcred".len()].ends_with(&program), "{kind}:\n{all}");
        }
        let Some((_, rest)) = run.stderr.split_once("`mkdir") else { continue };
        let made = format!("umask 002; mkdir{}", rest.split(';').next().unwrap());
        sandbox.program("/bin/sh", &["-c", &made]).env("PATH", "/usr/bin:/bin").run().success();
        for folder in ["", "token-only", "token-only/default"] {
            assert_eq!(mode(&cache.join(folder)), 0o700, "{kind}: {folder}");
        }
        std::fs::remove_dir_all(&cache).unwrap();
    }
    sandbox.link("bqcred", crate::common::bqcred());
    let stdout = snippet(&sandbox, "k8s").success().stdout;
    assert!(stdout.contains("#   bqcred export --token-only - "), "{stdout}");
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
