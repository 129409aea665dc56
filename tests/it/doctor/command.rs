//! The command itself: its output, its findings beside the libraries, and its exit code.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::scene::{ADA, BOB, NOBODY, SCOPES, Scene};
use crate::double::{CLIENT_ID, CLIENT_SECRET};

/// Ada has signed in, and typed `eval $(bqcred env)`.
fn ada() -> Scene {
    ada_with(SCOPES)
}

fn ada_with(scopes: &[&str]) -> Scene {
    let mut scene = Scene::new();
    let user = json!({
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "type": "authorized_user",
        "refresh_token": scene.google.grant(ADA, CLIENT_ID, scopes),
    });
    let file = scene.file("ada.json", user.to_string());
    scene.bqcred(&["import", "--project", "p1", "--move"]).arg(file).run().success();
    let printed = scene.bqcred(&["env", "--format", "json"]).run().success().json();
    for (name, value) in printed.as_object().unwrap() {
        scene.set(name, value.as_str().unwrap());
    }
    scene
}

fn codes(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

fn finding<'v>(answer: &'v Value, code: &str) -> &'v Value {
    let found = answer["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == code);
    found.unwrap_or_else(|| panic!("no {code} in {answer:#}"))
}

fn library<'v>(answer: &'v Value, name: &str) -> &'v Value {
    answer["libraries"].as_array().unwrap().iter().find(|library| library["name"] == name).unwrap()
}

#[test]
fn no_problem_after_env() {
    let mut scene = ada();
    scene.vm();
    let run = scene.bqcred(&["doctor"]).run().success();
    for line in ["you are ada@example.com (profile default)", "R (bigrquery)", "you, ada@example.com"] {
        assert!(run.stdout.contains(line), "{}", run.stdout);
    }
    assert!(!run.stdout.contains("this decides it"), "what is well needs no steps:\n{}", run.stdout);
    let answer = scene.doctor(&[]);
    assert_eq!((&answer["everywhere"], &answer["profile"]["account"]), (&json!(true), &json!(ADA)));
    assert_eq!(
        (&answer["profile"]["state"], &library(&answer, "go")["state"]),
        (&json!("valid"), &json!("valid"))
    );
}

#[test]
fn missing_login_is_reported() {
    let run = Scene::new().bqcred(&["doctor"]).run().code(1);
    assert!(run.stdout.contains("not signed in with bqcred"), "{}", run.stdout);
    assert!(run.stdout.contains("bqcred login && eval $(bqcred env)"), "{}", run.stdout);
}

#[test]
fn suggested_command_fixes_the_problem() {
    let mut scene = ada();
    scene.vm().unset("GOOGLE_APPLICATION_CREDENTIALS");
    scene.unset("GCE_METADATA_URL").unset("NO_GCE_CHECK");
    let host = scene.metadata.as_ref().unwrap().host();
    scene.set("GCE_METADATA_URL", host);
    let before = scene.doctor(&["--for", "python,r"]);
    assert_eq!(library(&before, "gargle")["identity"], "vm_service_account");
    let fix = library(&before, "gargle")["fix"].as_str().unwrap().to_owned();
    assert_eq!(fix, "eval $(bqcred env)");
    scene.sandbox.link("bqcred", std::path::Path::new(env!("CARGO_BIN_EXE_bqcred")));
    let script = format!("{fix}; exec bqcred doctor --for python,r");
    let bash = crate::common::find_program("bash").unwrap();
    scene.program(&bash, &["-c", &script]).run().success();
}

#[test]
fn revoked_credential_exits_with_4() {
    let scene = ada();
    scene.google.revoke_grant(ADA);
    let run = scene.bqcred(&["doctor"]).run().code(4);
    assert!(run.stdout.contains("fails: Google refuses the credential"), "{}", run.stdout);
    let answer = scene.doctor(&[]);
    assert_eq!(
        (&answer["profile"]["state"], &answer["profile"]["needs_login"]),
        (&json!("revoked"), &json!(true))
    );
    let python = library(&answer, "google-auth");
    assert_eq!((&python["state"], &python["problem"]), (&json!("revoked"), &json!("refused")));
    assert_eq!(library(&answer, "connectorx")["state"], Value::Null);
    assert!(run.stdout.contains("to fix this\n  bqcred login\n"), "{}", run.stdout);
}

#[test]
fn unreachable_google_is_reported_once_with_its_cause() {
    let mut scene = ada();
    scene.set("HTTPS_PROXY", format!("http://{NOBODY}")).set("https_proxy", format!("http://{NOBODY}"));
    let answer = scene.doctor(&["--for", "python,r,connectorx"]);
    let found = finding(&answer, "unreachable")["what"].as_str().unwrap();
    assert!(found.contains("the proxy can't be reached") && found.contains("check HTTPS_PROXY"), "{found}");
    for name in ["google-auth", "ibis", "connectorx"] {
        assert_eq!(library(&answer, name)["fix"], Value::Null, "{name}: no command mends that");
    }
}

#[test]
fn for_limits_the_report_to_named_libraries() {
    let scene = ada();
    scene.bqcred(&["doctor", "--for", "python,r"]).run().success();
    scene.bqcred(&["doctor", "--for", "Python, R"]).run().success();
    let run = scene.bqcred(&["doctor", "--for", "connectorx"]).run().code(1);
    assert!(run.stdout.contains("takes only a service account key"), "{}", run.stdout);
    let run = scene.bqcred(&["doctor", "--for", "r"]).run().success();
    assert!(run.stdout.contains("1. ") && run.stdout.contains("(this decides it)"), "{}", run.stdout);
    assert!(!run.stdout.contains("Node.js"), "{}", run.stdout);
    scene
        .bqcred(&["doctor", "--for", "cobol"])
        .run()
        .fails(2)
        .says("known libraries: python, r, google-auth");
}

#[test]
fn offline_sends_no_request() {
    let mut scene = ada();
    scene.vm();
    let before = scene.google.requests().len();
    let answer = scene.doctor(&["--offline"]);
    assert_eq!(scene.google.requests().len(), before);
    assert_eq!(library(&answer, "google-auth")["account"], ADA);
    assert_eq!(library(&answer, "google-auth")["state"], "unknown");
    scene
        .bqcred(&["doctor", "--offline", "--check", "p1"])
        .run()
        .fails(2)
        .says("it can't be combined with --offline");
}

#[test]
fn leftover_credentials_and_kernelspecs_are_found() {
    let mut scene = ada();
    let cache = scene.file(".config/pandas_gbq/bigquery_credentials.dat", scene.cache(BOB).to_string());
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o644)).unwrap();
    let spec = json!({
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3", "language": "python",
        "env": {"GOOGLE_APPLICATION_CREDENTIALS": "${HOME}/other.json"},
    });
    scene.file(".local/share/jupyter/kernels/mine/kernel.json", spec.to_string());
    scene.set("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem");
    scene.set("GOOGLE_CLOUD_QUOTA_PROJECT", "q1").unset("GOOGLE_CLOUD_PROJECT");
    scene.google.set_skew(-400);
    let answer = scene.doctor(&[]);
    let cache_finding = finding(&answer, "cached_sign_in_of_another")["what"].as_str().unwrap().to_owned();
    assert!(cache_finding.contains(BOB), "{cache_finding}");
    let open = finding(&answer, "readable_by_others");
    assert!(open["what"].as_str().unwrap().contains("mode 0644"), "{open}");
    assert_eq!(open["fix"], format!("chmod 600 '{}'", cache.display()));
    assert!(finding(&answer, "kernelspec")["what"].as_str().unwrap().contains("other.json"));
    assert!(finding(&answer, "clock")["what"].as_str().unwrap().contains("ahead of Google's"));
    for code in ["no_project", "quota_project", "no_drive_scope", "no_certificates"] {
        finding(&answer, code);
    }
}

#[test]
fn running_kernel_with_another_credential_is_reported() {
    let scene = ada();
    let mut kernel = Command::new("sh")
        .args(["-c", "read line", "ipykernel_launcher", "-f", "/nowhere/kernel-1.json"])
        .env("HOME", scene.sandbox.home())
        .env("GOOGLE_APPLICATION_CREDENTIALS", "/somewhere/bob.json")
        .env("SECRET", "1//0canary-of-another")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let answer = scene.doctor(&["--offline"]);
    kernel.kill().unwrap();
    kernel.wait().unwrap();
    let words = format!("the running kernel {} uses another credential: /somewhere/bob.json", kernel.id());
    let kernels = answer["findings"].as_array().unwrap();
    let found = kernels.iter().any(|finding| finding["what"].as_str().unwrap().starts_with(&words));
    assert!(found, "{answer:#}");
}

#[test]
fn check_reports_allowed_access_without_running_a_query() {
    let scene = ada();
    scene.google.add_table("p1", "sales", "orders");
    let run = scene.bqcred(&["doctor", "--check", "p1.sales.orders"]).run().success();
    assert!(run.stdout.contains("allowed; a query of the whole table reads 1048576 bytes"), "{}", run.stdout);
    for target in ["p1", "p1.sales", "p1:sales.orders"] {
        let answer = scene.doctor(&["--check", target]);
        assert_eq!((&answer["check"]["allowed"], &answer["check"]["account"]), (&json!(true), &json!(ADA)));
    }
    assert_eq!(scene.google.job_runners(), Vec::<String>::new());
}

/// What is missing, and the command that fixes it, by `doctor --check`.
fn missing(scene: &Scene, target: &str) -> (String, String) {
    let run = scene.bqcred(&["doctor", "--json", "--check", target]).run().code(1);
    let missing = run.json()["check"]["missing"][0].clone();
    let text = |key: &str| missing[key].as_str().unwrap_or_default().to_owned();
    (text("code"), text("fix"))
}

#[test]
fn check_names_the_missing_permission_and_role() {
    let scene = ada();
    scene.google.add_table("shared", "sales", "orders");
    let binding = |project: &str, role: &str| {
        format!("gcloud projects add-iam-policy-binding {project} --member=user:{ADA} --role={role}")
    };
    let table = "shared.sales.orders";
    scene.google.deny("p1", "bigquery.jobs.create");
    let expected = ("bigquery.jobs.create".to_owned(), binding("p1", "roles/bigquery.jobUser"));
    assert_eq!(missing(&scene, table), expected);
    scene.google.allow_all();
    scene.google.deny("shared", "bigquery.tables.getData");
    let expected = ("bigquery.tables.getData".to_owned(), binding("shared", "roles/bigquery.dataViewer"));
    assert_eq!(missing(&scene, table), expected);
    scene.google.allow_all();
    scene.google.deny("shared", "bigquery.datasets.get");
    let expected = ("bigquery.datasets.get".to_owned(), binding("shared", "roles/bigquery.dataViewer"));
    assert_eq!(missing(&scene, "shared.sales"), expected);
    scene.google.allow_all();
    scene.google.disable_api("p1");
    let enable = "gcloud services enable bigquery.googleapis.com --project=p1".to_owned();
    assert_eq!(missing(&scene, "p1"), ("api_disabled".to_owned(), enable));
    scene.google.allow_all();
    assert_eq!(missing(&scene, "shared.sales.returns").0, "not_found");
    assert_eq!(missing(&scene, "shared.nothing").0, "not_found");
}

#[test]
fn forbidden_quota_project_is_reported() {
    let mut scene = ada();
    scene.set("GOOGLE_CLOUD_QUOTA_PROJECT", "q1");
    scene.google.deny_quota("q1");
    let (code, fix) = missing(&scene, "p1");
    assert_eq!(code, "serviceusage.services.use");
    assert!(fix.ends_with("--role=roles/serviceusage.serviceUsageConsumer") && fix.contains(" q1 "), "{fix}");
}

#[test]
fn missing_scopes_are_reported() {
    let scene = ada();
    scene.google.add_sheet("p1", "sales", "targets");
    let drive = ("no_drive_scope".to_owned(), "bqcred login --scopes drive".to_owned());
    assert_eq!(missing(&scene, "p1.sales.targets"), drive);
    let scene = ada_with(&["openid", "email", "drive"]);
    assert_eq!(missing(&scene, "p1"), ("no_bigquery_scope".to_owned(), "bqcred login".to_owned()));
    finding(&scene.doctor(&[]), "no_bigquery_scope");
}

#[test]
fn check_refuses_an_invalid_target() {
    for bad in ["", "p1.", "p1.d.t`; SELECT 1", "p1/x"] {
        ada().bqcred(&["doctor", "--check", bad]).run().fails(2);
    }
}

#[test]
fn json_format_is_stable() {
    let scene = ada();
    let answer = scene.doctor(&["--check", "p1"]);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(&answer),
        [
            "check",
            "everywhere",
            "findings",
            "libraries",
            "profile",
            "profile_problem",
            "servers",
            "token_only"
        ]
    );
    assert_eq!(keys(&answer["profile"]), ["account", "acting_as", "name", "needs_login", "state"]);
    assert_eq!(
        keys(&answer["libraries"][0]),
        [
            "account",
            "covered",
            "file",
            "fix",
            "identity",
            "is_you",
            "name",
            "notes",
            "problem",
            "project",
            "quota_project",
            "reason",
            "state",
            "steps"
        ]
    );
    assert_eq!(keys(&answer["libraries"][0]["steps"][0]), ["outcome", "what"]);
    assert_eq!(keys(&answer["check"]), ["account", "allowed", "bytes", "job_project", "missing", "target"]);
    assert_eq!(keys(&answer["findings"][0]), ["code", "fix", "what"]);
    let names: Vec<&str> = answer["libraries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|library| library["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "google-auth",
            "pydata-google-auth",
            "pandas-gbq",
            "ibis",
            "dbt",
            "gargle",
            "go",
            "java",
            "node",
            "gcloud",
            "bq",
            "gsutil",
            "connectorx"
        ]
    );
    let _ = codes(&answer["findings"]);
}

#[test]
fn conda_r_is_read_with_its_site_file_and_library() {
    let mut scene = ada();
    scene.vm();
    let bob = scene.file("bob.json", scene.user(BOB).to_string());
    scene.google.revoke_grant(BOB);
    let site = format!("GOOGLE_APPLICATION_CREDENTIALS={}\nGCE_METADATA_URL=\n", bob.display());
    scene.file("conda/lib/R/etc/Renviron.site", site);
    let package = scene.file("conda/lib/R/library/gargle/DESCRIPTION", "Package: gargle\nVersion: 1.6.1\n");
    scene.set("CONDA_PREFIX", scene.sandbox.path("home/conda"));
    let answer = scene.doctor(&["--for", "r"]);
    let r = library(&answer, "gargle");
    // from gargle 1.5 on, a refused credential is kept; that version is in conda's library alone
    assert_eq!((&r["problem"], &r["file"]), (&json!("refused"), &json!(bob)));
    assert!(r["fix"].as_str().unwrap().contains("conda/lib/R/etc/Renviron.site"), "{r:#}");
    std::fs::write(package, "Package: gargle\nVersion: 1.3.0\n").unwrap();
    assert_ne!(library(&scene.doctor(&["--for", "r"]), "gargle")["problem"], "refused");
}

#[test]
fn r_profile_that_names_a_variable_is_reported() {
    let mut scene = ada();
    let profile =
        scene.file(".Rprofile", "if (interactive()) Sys.unsetenv('GOOGLE_APPLICATION_CREDENTIALS')\n");
    let what = finding(&scene.doctor(&["--offline"]), "r_profile")["what"].as_str().unwrap().to_owned();
    assert!(what.contains("GOOGLE_APPLICATION_CREDENTIALS; that code was not run"), "{what}");
    std::fs::write(&profile, "options(digits = 5)\n").unwrap();
    assert!(!codes(&scene.doctor(&["--offline"])["findings"]).contains(&"r_profile"));
}

#[test]
fn bq_settings_that_decide_the_identity_are_reported() {
    let mut scene = ada();
    scene.bqcred(&["env", "--gcloud"]).run().success();
    let file = scene.file(".bigqueryrc", "use_gce_service_account = true\n");
    let what = finding(&scene.doctor(&["--offline"]), "bigqueryrc")["what"].as_str().unwrap().to_owned();
    assert!(what.contains("bq runs as the VM's service account, not as you"), "{what}");
    for format in [&["env", "--gcloud"][..], &["env", "--gcloud", "--format", "dotenv"]] {
        let run = scene.bqcred(format).run().success();
        assert!(run.stderr.contains(".bigqueryrc sets use_gce_service_account"), "{}", run.stderr);
    }
    assert!(!scene.bqcred(&["env"]).run().success().stderr.contains("bigqueryrc"));
    std::fs::write(file, "oauth_access_token=ya29.canary-of-somebody\n").unwrap();
    let run = scene.bqcred(&["env", "--gcloud"]).run().success();
    assert!(!run.stderr.contains("canary"), "{}", run.stderr);
}

#[test]
fn check_sends_no_token_of_another_server_to_bigquery() {
    let scene = ada();
    let settings = scene.sandbox.path("home/.local/share/bqcred/default/profile.json");
    let mut profile: Value = serde_json::from_slice(&std::fs::read(&settings).unwrap()).unwrap();
    let base = scene.google.http_base();
    profile["endpoints"] =
        json!({"auth_uri": format!("{base}/o/oauth2/auth"), "token_uri": format!("{base}/token")});
    std::fs::write(&settings, profile.to_string()).unwrap();
    let before = scene.google.requests().len();
    scene.bqcred(&["doctor", "--check", "p1"]).run().code(1).says("its access token is not sent to BigQuery");
    let asked: Vec<String> =
        scene.google.requests()[before..].iter().map(|request| request.path.clone()).collect();
    assert!(!asked.iter().any(|path| path.starts_with("/bigquery")), "{asked:?}");
}

#[test]
fn credential_of_another_server_is_not_sent_to_google() {
    let mut scene = ada();
    let file = scene.file("other.json", scene.user(BOB).to_string());
    scene.bqcred(&["import", "--profile", "other"]).arg(file).run().success();
    let folder = scene.sandbox.path("home/.local/share/bqcred/other");
    let settings = folder.join("profile.json");
    let mut profile: Value = serde_json::from_slice(&std::fs::read(&settings).unwrap()).unwrap();
    let uri = |path: &str| format!("https://sso.example.com/{path}");
    profile["endpoints"] = json!({"auth_uri": uri("auth"), "token_uri": uri("token")});
    std::fs::write(&settings, profile.to_string()).unwrap();
    scene.set("GOOGLE_APPLICATION_CREDENTIALS", folder.join("adc.json"));
    let mut cache = scene.cache(BOB);
    cache["token_uri"] = uri("token").into();
    scene.file(".config/pydata/ibis.json", cache.to_string());
    let before = scene.google.requests().len();
    let answer = scene.doctor(&["--for", "python"]);
    assert_eq!(library(&answer, "google-auth")["problem"], "other_server");
    let sent: Vec<String> = scene.google.requests()[before..].iter().map(|request| request.text()).collect();
    let secrets = [cache["refresh_token"].as_str().unwrap().to_owned()];
    assert!(!sent.iter().any(|body| secrets.iter().any(|secret| body.contains(secret))), "{sent:?}");
    assert!(sent.iter().filter(|body| body.contains("refresh_token")).count() <= 1, "ada's alone: {sent:?}");
}

/// Starts a process that looks like this command line, with ada's home.
fn process(scene: &Scene, words: &[&str], env: &[(&str, &str)]) -> std::process::Child {
    let script = "import sys, time; print(flush=True); sys.stdin.read()";
    let python = crate::common::find_program("python3").unwrap();
    let mut child = Command::new(python)
        .arg0(words[0])
        .args(["-c", script])
        .args(&words[1..])
        .env_clear()
        .env("HOME", scene.sandbox.home())
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut byte = [0];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut byte).unwrap();
    child
}

#[test]
fn cluster_that_is_older_than_the_environment_is_reported() {
    let scene = ada();
    let found = |scene: &Scene| {
        let answer = scene.doctor(&["--offline"]);
        let all = answer["findings"].as_array().unwrap().clone();
        // a cluster of another test may run on this machine
        let is_ours = |one: &Value| one["what"].as_str().unwrap().starts_with("the Dask process");
        all.into_iter().filter(|one| one["code"] == "running_cluster" && is_ours(one)).collect::<Vec<_>>()
    };
    let adc = scene.sandbox.path("home/.local/share/bqcred/default/adc.json");
    let adc = adc.to_str().unwrap();
    let worker = [("MALLOC_TRIM_THRESHOLD_", "65536"), ("OMP_NUM_THREADS", "1")];
    let mut workers = [
        process(&scene, &["python", "--multiprocessing-fork"], &worker),
        process(&scene, &["ray::IDLE"], &[("GOOGLE_APPLICATION_CREDENTIALS", adc)]),
    ];
    let reported = found(&scene);
    let mut current = process(
        &scene,
        &["python", "--multiprocessing-fork"],
        &[worker[0], worker[1], ("GOOGLE_APPLICATION_CREDENTIALS", adc)],
    );
    let still = found(&scene);
    let pid = workers[0].id();
    for child in workers.iter_mut().chain([&mut current]) {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    for list in [reported, still] {
        let [one] = list.as_slice() else { panic!("{list:#?}") };
        let what = one["what"].as_str().unwrap();
        assert!(what.starts_with(&format!("the Dask process {pid} was started without")), "{what}");
    }
}
