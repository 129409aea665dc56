//! Profiles by which a user acts as a service account: imported from a file of gcloud's, said by every command, and
//! handed over to every library.
#![cfg(target_os = "linux")]

use serde_json::{Value, json};

use crate::common::keyring::Keyring;
use crate::common::{Consent, Invocation, PERSON, R_QUERY, R_TRUST, Run, Vm, missing, r_package, venv};
use crate::jupyter::front_end::FrontEnd;

const BOB: &str = "bob@example.com";
const READER: &str = "reader@p1.iam.gserviceaccount.com";
const VIA: &str = "via@p1.iam.gserviceaccount.com";
const SCOPES: [&str; 4] = ["openid", "userinfo.email", "bigquery", "cloud-platform"];
const WHO: &str = "ada@example.com acting as reader@p1.iam.gserviceaccount.com";
const URL: &str = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/reader@p1.iam.gserviceaccount.com:generateAccessToken";

/// Asks BigQuery who a token is.
const ASK: &str = r#"
ask() {
  curl -s --cacert "$SSL_CERT_FILE" -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \
    -d '{"query":"SELECT SESSION_USER() AS who","useLegacySql":false}' \
    https://bigquery.googleapis.com/bigquery/v2/projects/p1/queries | tr -d ' \n' | sed -n 's/.*"v":"\([^"]*\)".*/\1/p'
  echo
}
"#;

/// A VM where nobody has signed in, and whose user may act as [`READER`].
fn vm() -> Vm {
    let vm = Vm::new();
    for program in ["curl", "sed", "tr"] {
        vm.sandbox.link_program(program);
    }
    vm.google.add_service_account(READER);
    vm.google.allow_impersonation(PERSON, READER);
    vm
}

fn bqcred(vm: &Vm, args: &[&str]) -> Invocation {
    vm.program("bqcred", args)
}

/// A credential of this user, as gcloud keeps it.
fn user(vm: &Vm, who: &str, scopes: &[&str]) -> Value {
    let client: Value = serde_json::from_str(&vm.google.google_client_json()).unwrap();
    let text = |name: &str| client["installed"][name].as_str().unwrap().to_owned();
    json!({
        "account": "", "type": "authorized_user", "universe_domain": "googleapis.com",
        "client_id": text("client_id"), "client_secret": text("client_secret"),
        "refresh_token": vm.google.grant(who, &text("client_id"), scopes),
    })
}

/// What `gcloud auth application-default login --impersonate-service-account` writes.
fn impersonated(user: &Value) -> Value {
    json!({
        "delegates": [], "service_account_impersonation_url": URL, "source_credentials": user,
        "type": "impersonated_service_account",
    })
}

fn import(vm: &Vm, file: &Value, extra: &[&str]) -> Run {
    bqcred(vm, &[&["import", "--project", "p1"], extra, &["-"]].concat()).stdin(file.to_string()).run()
}

fn imported() -> Vm {
    let vm = vm();
    import(&vm, &impersonated(&user(&vm, PERSON, &SCOPES)), &[]).success();
    vm
}

fn who_is_token(vm: &Vm) -> String {
    let script = format!("{ASK}ask \"$(bqcred token)\"");
    vm.bash(&script).run().success().stdout.trim().to_owned()
}

#[test]
fn an_import_without_the_network_says_what_the_file_says() {
    let vm = vm();
    let file = impersonated(&user(&vm, PERSON, &SCOPES)).to_string();
    let import = bqcred(&vm, &["import", "--project", "p1", "-"]).env("HTTPS_PROXY", "http://127.0.0.1:9");
    let who = format!("an unknown account acting as {READER}");
    import.stdin(file).run().success().says(&format!("profile default is now {who}"));
    assert!(bqcred(&vm, &["list"]).run().success().stdout.contains(&who));
    // no command can name an account that is not known
    vm.google.omit_id_token(true);
    vm.google.add_service_account(VIA);
    let token = bqcred(&vm, &["exec", "--token-only", "--as", VIA, "--", "true"]).run().fails(4);
    let token = token.says(&format!("an unknown account may not act as {VIA}")).says("can give you the role");
    assert!(!token.stderr.contains("gcloud"), "{}", token.stderr);
}

#[test]
fn an_import_keeps_the_file_and_every_command_says_who_it_is() {
    let vm = vm();
    let file = impersonated(&user(&vm, PERSON, &SCOPES));
    import(&vm, &file, &[]).success().says(&format!("profile default is now {WHO}"));
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(vm.sandbox.data("default").join(name)).unwrap()).unwrap()
    };
    let (mut adc, profile) = (read("adc.json"), read("profile.json"));
    assert_eq!(adc["source_credentials"]["account"], PERSON);
    adc["source_credentials"]["account"] = json!("");
    assert_eq!(adc, file);
    assert_eq!((&profile["account"], &profile["acting_as"]), (&json!(PERSON), &json!({"account": READER})));
    let row = bqcred(&vm, &["list", "--json"]).run().json()[0].clone();
    assert_eq!((&row["account"], &row["acting_as"]), (&json!(PERSON), &json!(READER)));
    let status = bqcred(&vm, &["status", "--json"]).run().success().json();
    assert_eq!(
        (&status["account"], &status["acting_as"], &status["valid"]),
        (&json!(PERSON), &json!(READER), &json!(true))
    );
    for args in [&["list"][..], &["status"], &[]] {
        let shown = bqcred(&vm, args).run().success().stdout;
        assert!(shown.split_whitespace().collect::<Vec<_>>().join(" ").contains(WHO), "{args:?}: {shown}");
    }
    assert!(bqcred(&vm, &["status"]).run().stdout.contains("`bqcred exec --token-only -- R`"));
    bqcred(&vm, &["use", "default"]).run().says(WHO);
    vm.bash("eval $(bqcred env); bqcred env --announce").run().says(&format!("this shell runs as {WHO}"));
    let env = bqcred(&vm, &["env", "--shell", "sh", "--gcloud"]).run().success();
    let env = env.says("`bqcred exec --token-only -- R` hands R its tokens");
    for (name, value) in [("GCE_METADATA_URL", "255.255.255.255"), ("CLOUDSDK_CORE_ACCOUNT", READER)] {
        let is_set = |line: &str| line.contains(name) && line.contains(value);
        assert!(env.stdout.split(';').any(is_set), "{name}: {}", env.stdout);
    }
    bqcred(&vm, &["env", "--shell", "sh", "--no-guard"]).run().says("R uses the service account of the VM");
    bqcred(&vm, &["exec", "--", "true"])
        .run()
        .success()
        .says("`bqcred exec --token-only -- R` hands R its tokens");
    bqcred(&vm, &["export", "file.json"])
        .run()
        .success()
        .says(&format!("R can't act as {READER} by this file"));
    let export = bqcred(&vm, &["export", "--token-only", "-"]).may_print_secret().run().success();
    export.says(", or for all but R, your whole credential by `bqcred export FILE`");
    assert_eq!(who_is_token(&vm), READER);
    let token = bqcred(&vm, &["token", "--json"]).may_print_secret().run().json();
    assert_eq!((&token["account"], &token["acting_as"]), (&json!(PERSON), &json!(READER)));
    let doctor = bqcred(&vm, &["doctor", "--check", "p1"]).run();
    assert!(doctor.stdout.starts_with(&format!("you are {WHO} (profile default)")), "{}", doctor.stdout);
    assert!(vm.google.identities().iter().all(|who| who == READER), "{:?}", vm.google.identities());
    vm.assert_never_the_vm();
}

#[test]
fn delegates_are_kept_and_used() {
    let vm = vm();
    let mut file = impersonated(&user(&vm, PERSON, &SCOPES));
    file["delegates"] = json!([VIA]);
    import(&vm, &file, &[]).success();
    assert_eq!(who_is_token(&vm), READER);
    let is_sent_by_delegates = || {
        let requests = vm.google.requests();
        let sent = requests.iter().rfind(|request| request.path.ends_with(":generateAccessToken")).unwrap();
        assert_eq!(sent.json()["delegates"], json!([format!("projects/-/serviceAccounts/{VIA}")]));
        requests.len()
    };
    let before = is_sent_by_delegates();
    // also where its account is named, as the commands do that a session prints
    bqcred(&vm, &["exec", "--token-only", "--as", READER, "--", "true"]).run().success();
    assert!(is_sent_by_delegates() > before);
}

#[test]
fn addresses_that_are_not_googles_are_refused_before_anything_is_sent() {
    let vm = vm();
    let good = impersonated(&user(&vm, PERSON, &SCOPES));
    for (key, value) in [
        ("service_account_impersonation_url", json!(URL.replace("googleapis.com", "evil.example"))),
        ("service_account_impersonation_url", json!(URL.replace("https://", "http://"))),
        ("service_account_impersonation_url", json!(URL.replace("-/service", "x/../-/service"))),
    ] {
        let mut file = good.clone();
        file[key] = value;
        import(&vm, &file, &[]).fails(2).says(key).says("not Google's");
    }
    let mut file = good;
    file["source_credentials"]["token_uri"] = json!("https://evil.example/token");
    import(&vm, &file, &[]).fails(2).says("token_uri").says("not Google's");
    assert!(vm.google.requests().is_empty() && !vm.sandbox.adc("default").exists());
}

#[test]
fn what_the_user_may_not_do_is_said_at_the_import_and_by_status() {
    let vm = vm();
    let bobs = impersonated(&user(&vm, BOB, &SCOPES));
    let said = import(&vm, &bobs, &[]).success();
    said.says(&format!("profile default is now {BOB} acting as {READER}"))
        .says(&format!("{BOB} may not act as {READER}"))
        .says(&format!("--member=user:{BOB}"));
    bqcred(&vm, &["status"]).run().code(4).says("may not act as");
    bqcred(&vm, &["token"]).run().fails(4).says("may not act as");
    // each has to have the role on the next
    let mut by_another = bobs;
    by_another["delegates"] = json!([VIA]);
    let said = import(&vm, &by_another, &["--force"]).success();
    said.says(&format!("{BOB} may not act as {READER} by {VIA}"))
        .says(&format!("add-iam-policy-binding {VIA} --member=user:{BOB} "))
        .says(&format!("add-iam-policy-binding {READER} --member=serviceAccount:{VIA} "));
    let narrow = impersonated(&user(&vm, PERSON, &["openid", "userinfo.email", "bigquery"]));
    import(&vm, &narrow, &["--force"]).success().says("--scopes cloud-platform");
    assert_eq!(vm.google.identities(), [""; 0]);
}

/// A token of the user's from before is not taken for a sign that the grant goes on.
#[test]
fn a_revocation_elsewhere_is_said_as_such() {
    let vm = imported();
    bqcred(&vm, &["token"]).may_print_secret().run().success();
    vm.google.revoke_grant(PERSON);
    bqcred(&vm, &["token"]).run().fails(4).says("revoked or has expired").says("`bqcred login`");
    bqcred(&vm, &["exec", "--token-only", "--", "true"]).run().fails(4).says("revoked or has expired");
}

/// Signs in at Google's own addresses.
fn sign_in(vm: &Vm, command: &str, who: &str, second: &[&str]) -> Run {
    let client = vm.sandbox.write("google-client.json", vm.google.google_client_json());
    let start = match command {
        "login" => vec!["login", "--start", "--client-id-file", client.to_str().unwrap()],
        _ => vec![command, "--start", "--yes"],
    };
    let url = bqcred(vm, &start).run().success().stdout;
    let redirect = vm.google.approve_with(url.trim(), Consent::all(who));
    bqcred(vm, &[&[command, "--finish", "-"], second].concat()).stdin(redirect).run().success()
}

#[test]
fn sign_ins_keep_the_service_account_and_imports_say_what_they_replace() {
    let vm = imported();
    let said = sign_in(&vm, "login", PERSON, &[]);
    said.says(&format!("signed in as {PERSON}; profile default goes on acting as {READER}"));
    assert_eq!(who_is_token(&vm), READER);
    sign_in(&vm, "rotate", PERSON, &[]).says(&format!("profile default ({WHO}) has a new credential"));
    assert_eq!(who_is_token(&vm), READER);
    let plain = user(&vm, PERSON, &SCOPES);
    import(&vm, &plain, &["--force"]).success().says(&format!("profile default was {WHO} before"));
    assert_eq!(who_is_token(&vm), PERSON);
    // the same grant
    import(&vm, &impersonated(&plain), &["--force"]).says(&format!("profile default was {PERSON} before"));
    assert_eq!(who_is_token(&vm), READER);
    import(&vm, &plain, &["--force"]).says(&format!("profile default was {WHO} before"));
    import(&vm, &impersonated(&plain), &["--force"]).success();
    let revoked = bqcred(&vm, &["revoke", "--yes"]).run().success();
    revoked.says(&format!("profile default ({WHO})")).says(&format!("the credential of {PERSON} is revoked"));
}

#[test]
fn the_keyring_holds_it_whole() {
    let vm = vm();
    let Some(keyring) = Keyring::start() else { return };
    let file = impersonated(&user(&vm, PERSON, &SCOPES));
    let run = |args: &[&str]| keyring.invoke(args).envs(vm.google.env()).envs(vm.metadata.env());
    run(&["import", "--project", "p1", "--store", "keyring", "-"])
        .stdin(file.to_string())
        .run()
        .success()
        .says(WHO);
    assert!(keyring.search().contains(&format!("label = bqcred: default ({WHO})")), "{}", keyring.search());
    assert_eq!(run(&["list", "--json"]).run().json()[0]["acting_as"], READER);
    let cat = ["exec", "--", "sh", "-c", "cat $GOOGLE_APPLICATION_CREDENTIALS"];
    let handed = run(&cat).may_print_secret().run().success().json();
    assert_eq!((&handed["type"], &handed["service_account_impersonation_url"]), (&file["type"], &json!(URL)));
    run(&["token"]).may_print_secret().run().success();
    run(&["env", "--shell", "sh"]).run().success();
    assert!(std::fs::read_to_string(keyring.sandbox.session_file("default")).unwrap().contains(URL));
    run(&["move", "--store", "file"]).run().success();
    assert!(std::fs::read_to_string(keyring.sandbox.adc("default")).unwrap().contains(URL));
    assert_eq!(run(&["list", "--json"]).run().json()[0]["acting_as"], READER);
}

const PYTHON: &str = "
from google.cloud import bigquery
print(list(bigquery.Client().query('SELECT SESSION_USER() AS who').result())[0].who)
";

#[test]
fn libraries_are_the_service_account_and_r_is_nobody_without_the_broker() {
    let vm = imported();
    let token_only = ["exec", "--token-only", "--"];
    match venv(&["google.cloud.bigquery"]) {
        Some(python) => {
            vm.after_eval(&python, &["-c", PYTHON]).run().prints(READER);
            let args = [&token_only[..], &[python.to_str().unwrap(), "-c", PYTHON]].concat();
            bqcred(&vm, &args).run().prints(READER);
        }
        None => missing("Python with google-cloud-bigquery in BQCRED_TEST_VENV"),
    }
    match r_package(&["gargle", "httr", "jsonlite"]) {
        Some(rscript) => {
            vm.sandbox.link_program("R");
            let code = format!("{R_TRUST}{R_QUERY}");
            vm.after_eval(&rscript, &["-e", &code]).run().fails(1).says("Can't get Google credentials");
            let args = [&token_only[..], &[rscript.to_str().unwrap(), "-e", &code]].concat();
            bqcred(&vm, &args).run().prints(READER);
        }
        None => missing("R with gargle, httr and jsonlite"),
    }
    let script = "eval $(bqcred env); bqcred doctor --json --for python --for r --for go --for node || true";
    let report = vm.bash(script).run().success().json();
    for library in report["libraries"].as_array().unwrap() {
        let is_r = library["name"] == "gargle";
        assert_eq!(library["is_you"], !is_r, "{library}");
        if is_r {
            assert_eq!(library["fix"], "bqcred exec --token-only -- R");
            assert_ne!(library["identity"], "vm_service_account");
        } else {
            assert_eq!(
                (&library["identity"], &library["account"]),
                (&json!("service_account"), &json!(READER))
            );
        }
    }
    vm.assert_never_the_vm();
}

/// A program goes on as who it was started as.
#[test]
fn a_program_is_not_handed_on_to_another_service_account() {
    let vm = imported();
    let plain = user(&vm, PERSON, &SCOPES);
    let file = vm.sandbox.write("plain.json", plain.to_string());
    let script = format!(
        r#"bqcred import --force {} 2>/dev/null
        {{ bqcred token || true; bqcred status; }} >&2
        f=$GOOGLE_APPLICATION_CREDENTIALS
        field() {{ sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$f"; }}
        curl -s "$(field token_url)" -d grant_type=refresh_token --data-urlencode "refresh_token=$(field refresh_token)""#,
        file.display()
    );
    let run = bqcred(&vm, &["exec", "--token-only", "--", "bash", "-euc", &script]).run().success();
    let is_not = format!("profile default is of {PERSON} now, and this program was started as {WHO}");
    let run = run.says(&is_not).says(&format!("refused, because it was started as {WHO}"));
    let said: Value = serde_json::from_str(&run.stdout).unwrap();
    let said = said["error_description"].as_str().unwrap();
    assert!(
        said.contains(&format!("is of {PERSON} now")) && said.contains(&format!("started as {WHO}")),
        "{said}"
    );
}

/// That R finds no credential is said where R is meant, with the command that gives it one.
#[test]
fn r_kernels_are_told_what_gives_them_tokens() {
    let vm = imported();
    let folder = vm.sandbox.home().join(".local/share/jupyter/kernels/ir");
    std::fs::create_dir_all(&folder).unwrap();
    let spec = r#"{"argv": ["R", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"], "display_name": "R", "language": "R"}"#;
    std::fs::write(folder.join("kernel.json"), spec).unwrap();
    let run = bqcred(&vm, &["kernel", "install", "ir"]).run().success();
    let run = run.says("`bqcred kernel install --token-only ir` hands R its tokens");
    assert!(!run.stderr.contains("runs as"), "{}", run.stderr);
    let run = bqcred(&vm, &["kernel", "sync"]).run().success().says("no credential that R finds");
    let run = run.says("`bqcred kernel install --token-only ir` hands R its tokens");
    assert!(!run.stderr.contains("runs as"), "{}", run.stderr);
    let listed = || bqcred(&vm, &["kernel", "list"]).run().success().stdout;
    assert!(listed().contains("bqcred kernel install --token-only --profile default ir"), "{}", listed());
    let run = bqcred(&vm, &["kernel", "install", "--token-only", "ir"]).run().success();
    assert!(run.stderr.contains("kernel ir runs as") && !run.stderr.contains("R can't"), "{}", run.stderr);
    assert!(!listed().contains("R can't"), "{}", listed());
    let (kernels, programs) = ("`bqcred kernel install --token-only`", "`bqcred exec --token-only -- R`");
    for (kind, way) in [
        ("ipython-startup", None),
        ("python", None),
        ("r", Some(kernels)),
        ("renviron", Some(programs)),
        ("jupyter-server", Some(kernels)),
    ] {
        let run = bqcred(&vm, &["snippet", kind]).run().success();
        assert_eq!(run.stderr.contains("R can't act as"), way.is_some(), "{kind}: {}", run.stderr);
        way.into_iter().for_each(|way| drop(run.clone().says(way)));
    }
    let doctor = bqcred(&vm, &["doctor", "--offline", "--json", "--for", "r"]).env("JPY_PARENT_PID", "1");
    assert_eq!(doctor.run().json()["libraries"][0]["fix"], "bqcred kernel install --token-only");
    let cell = sign_in(&vm, "login", PERSON, &["--cell", "r"]).stdout;
    assert!(cell.contains("no credential that R finds") && !cell.contains("now runs as"), "{cell}");
}

#[test]
fn an_r_kernel_acts_as_a_service_account_by_tokens() {
    let Some(python) = venv(&["jupyter_client"]) else { return missing("Python with jupyter_client") };
    let is_installed = std::path::Path::new("/usr/share/jupyter/kernels/ir").is_dir();
    if !is_installed || r_package(&["IRkernel", "gargle", "httr"]).is_none() {
        return missing("R with IRkernel, gargle and httr");
    }
    let vm = vm();
    ["R", "Rscript"].into_iter().for_each(|name| vm.sandbox.link_program(name));
    vm.sandbox.write("profile.R", R_TRUST);
    import(&vm, &user(&vm, PERSON, &SCOPES), &[]).success();
    bqcred(&vm, &["kernel", "install", "--token-only", "--as", READER, "ir"]).run().success();
    let mut cells = FrontEnd::start(&vm, &python, "ir");
    assert_eq!(cells.run(R_QUERY).trim(), READER);
    // no snippet gives it what a file can't
    import(&vm, &impersonated(&user(&vm, PERSON, &SCOPES)), &["--force"]).success();
    let run = bqcred(&vm, &["kernel", "install", "ir"]).run().success();
    let run = run.says("these kernels still run with their old environment: R (process");
    assert!(!run.stderr.contains("bqcred snippet"), "{}", run.stderr);
    bqcred(&vm, &["use", "default", "--project", "p2"]).run().success();
    let run = bqcred(&vm, &["kernel", "sync"]).run().success().says("still run with their old environment");
    assert!(!run.stderr.contains("bqcred snippet"), "{}", run.stderr);
    cells.save();
    vm.assert_never_the_vm();
}
