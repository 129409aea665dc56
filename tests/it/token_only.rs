//! `bqcred exec --token-only`: the program runs as the user, and never holds the refresh token. That no output and
//! no environment shows it is checked wherever a program is run here.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::common::{Consent, Endpoint, Invocation, PERSON, Script, Vm, find_program};

const BOB: &str = "bob@example.com";
const READER: &str = "reader@p1.iam.gserviceaccount.com";
const EXEC: &[&str] = &["exec", "--token-only"];
const BIGQUERY: &str = "https://www.googleapis.com/auth/bigquery";

/// What a library does with the session file. `ask` prints the answer without the token.
const ASK: &str = r#"
file=$GOOGLE_APPLICATION_CREDENTIALS
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$file"; }
whole() {
  curl -s "$(field token_url)" -u "$(field client_id):$(field client_secret)" \
    -d grant_type=refresh_token --data-urlencode "refresh_token=$(field refresh_token)"
}
ask() { whole | sed 's/ya29[^"]*/TOKEN/'; echo; }
who() {
  token=$(whole | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
  curl -s --cacert "$SSL_CERT_FILE" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d '{"query":"SELECT SESSION_USER() AS who","useLegacySql":false}' \
    https://bigquery.googleapis.com/bigquery/v2/projects/p1/queries | tr -d ' \n' | sed -n 's/.*"v":"\([^"]*\)".*/\1/p'
  echo
}
"#;

fn vm() -> Vm {
    let vm = Vm::with_login();
    for program in ["curl", "sed", "tr"] {
        vm.sandbox.link_program(program);
    }
    vm
}

/// A VM whose user signed in at Google's own addresses, with these scopes.
fn at_google(scopes: &[&str]) -> Vm {
    let vm = Vm::new();
    for program in ["curl", "sed", "tr"] {
        vm.sandbox.link_program(program);
    }
    bqcred(&vm, &["import", "--project", "p1", "-"]).stdin(adc(&vm, PERSON, scopes)).run().success();
    vm
}

/// An ADC file of Google's client with this `account`, granted by [`PERSON`].
fn adc(vm: &Vm, account: &str, scopes: &[&str]) -> String {
    let client: Value = json(&vm.google.google_client_json());
    let text = |name: &str| client["installed"][name].as_str().unwrap().to_owned();
    let adc = serde_json::json!({
        "type": "authorized_user",
        "account": account,
        "client_id": text("client_id"),
        "client_secret": text("client_secret"),
        "refresh_token": vm.google.grant(PERSON, &text("client_id"), scopes),
    });
    adc.to_string()
}

fn bqcred(vm: &Vm, args: &[&str]) -> Invocation {
    vm.program("bqcred", args)
}

/// `bqcred exec --token-only WAY -- bash -c SCRIPT`, with the functions of [`ASK`].
fn bash(vm: &Vm, way: &[&str], script: &str) -> Invocation {
    let script = format!("{ASK}{script}");
    bqcred(vm, &[EXEC, way, &["--", "bash", "-euc", &script]].concat())
}

/// The same at work: the script reads lines, and its output is read line by line.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(vm: &Vm, way: &[&str], script: &str) -> Running {
        let script = format!("{ASK}{script}");
        let mut command = vm.sandbox.command("bqcred");
        command.args(EXEC).args(way).args(["--", "bash", "-euc", &script]);
        command.envs(vm.google.env()).envs(vm.metadata.env());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Running { child, output }
    }

    /// Sends a line and returns the next line of output.
    fn send(&mut self, line: &str) -> String {
        writeln!(self.child.stdin.as_ref().unwrap(), "{line}").unwrap();
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn end(mut self) -> i32 {
        drop(self.child.stdin.take());
        self.child.wait().unwrap().code().unwrap()
    }
}

/// Runs each line that it reads.
const SERVE: &str = "while read -r line; do eval \"$line\"; done";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn description(answer: &str) -> String {
    json(answer)["error_description"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn session_files(vm: &Vm) -> Vec<PathBuf> {
    let folder = vm.sandbox.runtime().join("bqcred/exec");
    let paths = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}

#[test]
fn the_program_gets_tokens_and_no_refresh_token() {
    let vm = vm();
    let run = bash(&vm, &[], "cat $file; env; ask; who").run().success();
    let lines: Vec<&str> = run.stdout.lines().collect();
    let [.., answer, who] = lines[..] else { panic!("{}", run.stdout) };
    assert_eq!((json(answer)["access_token"].as_str(), who), (Some("TOKEN"), PERSON));
    assert!((301..=3600).contains(&json(answer)["expires_in"].as_u64().unwrap()), "{answer}");
    assert_eq!(vm.metadata.tokens(), 0);
    assert!(session_files(&vm).is_empty());
    assert_eq!(run.stderr, "");
}

#[test]
fn no_socket_of_the_program_sees_the_refresh_token() {
    let Some(strace) = find_program("strace") else { return crate::common::missing("strace") };
    let vm = vm();
    vm.sandbox.link("strace", &strace);
    let log = vm.sandbox.path("trace");
    let trace = format!(
        "exec strace -f -s 65536 -e trace=network,read,write,openat -o {} bash -euc \"$1\"",
        log.display()
    );
    let script = format!("{ASK}who");
    let args = [EXEC, &["--", "bash", "-c", &trace, "bash", &script]].concat();
    bqcred(&vm, &args).run().prints(PERSON);
    let seen = std::fs::read_to_string(&log).unwrap();
    assert!(seen.contains("ya29."), "the trace shows what was read");
    for token in vm.google.valid_tokens(PERSON) {
        assert!(!seen.contains(&token));
    }
}

#[test]
fn what_others_do_takes_effect_at_the_next_request() {
    let vm = vm();
    let mut program = Running::start(&vm, &[], SERVE);
    assert_eq!(program.send("who"), PERSON);
    bqcred(&vm, &["revoke", "--yes"]).run().success();
    assert_eq!(description(&program.send("ask")), "bqcred: not signed in; `bqcred login`");
    vm.sandbox.login(&vm.google, BOB, &["--project", "p1"]).success();
    let said = description(&program.send("ask"));
    assert!(said.contains(&format!("is of {BOB} now")) && said.contains(PERSON), "{said}");
    vm.sandbox.login(&vm.google, PERSON, &["--project", "p1"]).success();
    assert_eq!(program.send("who"), PERSON);
    vm.google.require_reauth(PERSON);
    bqcred(&vm, &["status"]).run();
    let said = description(&program.send("ask"));
    assert!(said.contains("needs a new sign-in") && said.contains("`bqcred login`"), "{said}");
    assert_eq!(program.end(), 0);
    assert_eq!(vm.metadata.tokens(), 0);
}

/// What was imported while Google could not be asked has no account until the first answer.
#[test]
fn a_program_stays_with_the_account_that_the_first_answer_names() {
    let vm = vm();
    let nameless = adc(&vm, "", &["openid", "email", BIGQUERY]);
    vm.google.script_always(Endpoint::Token, Script::Unavailable(503));
    bqcred(&vm, &["import", "--force", "--project", "p1", "-"]).stdin(nameless).run().success();
    vm.google.clear_scripts();
    let mut program = Running::start(&vm, &[], SERVE);
    assert_eq!(program.send("who"), PERSON);
    let email = "computeMetadata/v1/instance/service-accounts/default/email";
    let gargle = format!("curl -s -H Metadata-Flavor:Google $GCE_METADATA_URL/{email}; echo");
    assert_eq!(program.send(&gargle), PERSON);
    vm.sandbox.login(&vm.google, BOB, &["--project", "p1"]).success();
    let said = description(&program.send("ask"));
    assert!(said.contains(&format!("is of {BOB} now, and this program was started as {PERSON}")), "{said}");
    vm.sandbox.login(&vm.google, PERSON, &["--project", "p1"]).success();
    assert_eq!(program.send("who"), PERSON);
    assert_eq!(program.end(), 0);
}

/// It is who has the same credential, also once Google names the account.
#[test]
fn a_program_of_an_account_that_is_named_later_is_known_as_its() {
    let vm = vm();
    vm.google.omit_id_token(true);
    let import = |adc: String| {
        let import = bqcred(&vm, &["import", "--force", "--project", "p1", "-"]).stdin(adc);
        import.env("HTTPS_PROXY", "http://127.0.0.1:9").run().success();
    };
    import(adc(&vm, "", &["openid", "email", BIGQUERY]));
    let mut program = Running::start(&vm, &[], SERVE);
    let pid = program.send("echo $$");
    vm.google.omit_id_token(false);
    let shown = bqcred(&vm, &["status"]).run().success().stdout;
    let used = |shown: &str| shown.lines().find(|line| line.starts_with("used by ")).unwrap().to_owned();
    assert!(
        shown.contains(PERSON) && used(&shown).ends_with(&format!("bash ({pid}), token-only")),
        "{shown}"
    );
    assert_eq!(program.send("who"), PERSON);
    let run = bqcred(&vm, &["revoke", "--yes"]).run().success();
    run.says("from their next request on, these get no access token").says(&pid);
    assert_eq!(program.end(), 0);

    vm.google.omit_id_token(true);
    import(adc(&vm, "", &["openid", "email", BIGQUERY]));
    let mut program = Running::start(&vm, &[], SERVE);
    program.send("echo started");
    import(adc(&vm, "", &["openid", "email", BIGQUERY]));
    let shown = bqcred(&vm, &["status", "--offline"]).run().success().stdout;
    let refused = "refused, because it was started as an unknown account";
    assert!(used(&shown).ends_with(refused), "{shown}");
    assert_eq!(program.end(), 0);
}

#[test]
fn running_programs_are_named_by_status_rotate_and_revoke() {
    let vm = vm();
    vm.sandbox.login(&vm.google, PERSON, &["--project", "p1", "--scopes", "drive"]).success();
    let before = bqcred(&vm, &["status", "--json"]).run().json();
    assert_eq!(before["token_only"], serde_json::json!([]));
    let mut program = Running::start(&vm, &["--scopes", "bigquery"], SERVE);
    let pid = program.send("echo $$");
    let listed = bqcred(&vm, &["status", "--json"]).run().json()["token_only"].clone();
    let one = serde_json::json!([{
        "pid": pid.parse::<u32>().unwrap(), "program": "bash", "broker": program.child.id(), "account": PERSON,
        "acting_as": null, "scopes": [BIGQUERY], "narrowed": true,
    }]);
    assert_eq!(listed, one);
    let named = format!("bash ({pid}), token-only, narrowed to bigquery");
    let shown = bqcred(&vm, &["status"]).run().success().stdout;
    assert!(shown.lines().any(|line| line.starts_with("used by ") && line.ends_with(&named)), "{shown}");
    // a profile of the same name in another home is another one
    let elsewhere = vm.sandbox.path("other");
    std::fs::create_dir_all(&elsewhere).unwrap();
    let other = vm.program("bqcred", &["status", "--json"]).env("XDG_DATA_HOME", &elsewhere);
    assert!(!other.run().stdout.contains(&pid));

    let sheets = Running::start(&vm, &["--scopes", "drive"], SERVE);
    let started = bqcred(&vm, &["rotate", "--start", "--yes"]).run().success().says(&named);
    assert!(description(&program.send("ask")).contains("revoked"));
    let less = ["openid", "https://www.googleapis.com/auth/userinfo.email", BIGQUERY];
    let answer = vm.google.approve_with(started.stdout.trim(), Consent::only(PERSON, &less));
    let run = bqcred(&vm, &["rotate", "--finish", "-"]).stdin(answer).run().success();
    let run =
        run.says("these get access tokens of the new credential from their next request on").says(&named);
    assert!(!run.stderr.contains("Restart them"), "{}", run.stderr);
    let refused = format!("{PERSON} did not grant bqcred drive");
    run.says("these get no access token of the new credential")
        .says(&format!("narrowed to drive: {refused}"));
    let shown = bqcred(&vm, &["status"]).run().success().stdout;
    assert!(shown.contains(&format!("narrowed to drive; refused, because {refused}")), "{shown}");
    assert_eq!(sheets.end(), 0);
    assert_eq!(program.send("who"), PERSON);

    let run = bqcred(&vm, &["revoke", "--yes"]).run().success().says(&named);
    run.says("from their next request on, these get no access token");
    assert_eq!(description(&program.send("ask")), "bqcred: not signed in; `bqcred login`");
    vm.sandbox.login(&vm.google, BOB, &["--project", "p1"]).success();
    let shown = bqcred(&vm, &["status"]).run().success().stdout;
    assert!(shown.contains(&format!("{named}; refused, because it was started as {PERSON}")), "{shown}");
    assert_eq!(program.end(), 0);
    assert_eq!(bqcred(&vm, &["status", "--json"]).run().json()["token_only"], serde_json::json!([]));
}

#[test]
fn doctor_inside_says_who_the_program_is_and_until_when() {
    let vm = vm();
    let doctor = "bqcred doctor --json; bqcred doctor; echo $GCE_METADATA_URL";
    let run = bash(&vm, &["--scopes", "bigquery"], &format!("{doctor} | tr '/' '\\n'")).run();
    let secret = run.stdout.lines().last().unwrap();
    assert_eq!(secret.len(), 43, "{secret}");
    let (report, text) = run.stdout.split_once("\n}\n").unwrap();
    let report = json(&format!("{report}}}"));
    let you = &report["profile"];
    assert_eq!((&you["name"], &you["account"]), (&"default".into(), &PERSON.into()));
    let program = &report["token_only"];
    assert_eq!((&program["scopes"], &program["narrowed"]), (&serde_json::json!([BIGQUERY]), &true.into()));
    assert!(program["token_expires"].as_str().unwrap().ends_with('Z'), "{program}");
    assert_eq!(report["everywhere"], true, "{report:#}");
    for library in report["libraries"].as_array().unwrap().iter().filter(|one| one["covered"] == true) {
        assert_eq!((&library["is_you"], &library["account"]), (&true.into(), &PERSON.into()), "{library:#}");
        assert!(!library.to_string().contains(secret), "{library}");
    }
    assert!(text.starts_with(&format!("you are {PERSON} (profile default)\naccess tokens only, narrowed to bigquery; its access token is valid until ")), "{text}");
    assert_eq!(text.matches(secret).count(), 1, "only in the variable");
    assert_eq!(vm.metadata.tokens(), 0);
}

#[test]
fn doctor_inside_says_why_there_is_no_token() {
    let vm = vm();
    let mut program = Running::start(&vm, &[], SERVE);
    let doctor = "bqcred doctor --json --for google-auth,gargle | tr -d '\\n'; echo";
    assert_eq!(json(&program.send(doctor))["everywhere"], true);
    bqcred(&vm, &["revoke", "--yes"]).run().success();
    let report = json(&program.send(doctor));
    let why = report["token_only"]["problem"].as_str().unwrap();
    assert_eq!(why, "bqcred: not signed in; `bqcred login`");
    for library in report["libraries"].as_array().unwrap() {
        assert_eq!(
            (&library["is_you"], &library["problem"]),
            (&false.into(), &"no_token".into()),
            "{library:#}"
        );
    }
    assert_eq!(program.end(), 0);
}

#[test]
fn doctor_inside_knows_the_service_account() {
    let vm = at_google(&["openid", "userinfo.email", "bigquery", "cloud-platform"]);
    vm.google.add_service_account(READER);
    vm.google.allow_impersonation(PERSON, READER);
    let run = bash(&vm, &["--as", READER], "bqcred doctor --check p1 --for python,r").run().success();
    assert!(
        run.stdout.starts_with(&format!("you are {PERSON} acting as {READER} (profile default)\n")),
        "{}",
        run.stdout
    );
    assert_eq!(
        run.stdout.matches(&format!("you, the service account {READER}")).count(),
        5,
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("asked BigQuery about p1, for a job in p1\n  allowed\n"), "{}", run.stdout);
    assert!(!run.stderr.contains("requests without a token"), "{}", run.stderr);
    let command = format!("bqcred exec --token-only --scopes cloud-platform,drive --as {READER} -- PROGRAM");
    assert!(run.stdout.contains(&command) && !run.stdout.contains("bqcred login"), "{}", run.stdout);
}

#[test]
fn a_token_is_never_handed_out_at_its_end() {
    let vm = vm();
    let mut program = Running::start(&vm, &[], SERVE);
    let requests = || vm.google.count("/token");
    let expires = |answer: &str| json(answer)["expires_in"].as_u64().unwrap();
    assert!(expires(&program.send("ask")) > 3_500);
    let before = requests();
    assert!(expires(&program.send("ask")) > 3_500);
    assert_eq!(requests(), before, "the token is kept");
    vm.google.script_times(20, Endpoint::Token, &Script::Unavailable(503));
    assert!(expires(&program.send("ask")) > 3_500, "offline, with a token at hand");
    vm.google.clear_scripts();
    assert_eq!(program.end(), 0);
}

#[test]
fn no_network_is_said_in_a_refusal() {
    let vm = vm();
    vm.google.expire_access_tokens();
    let mut program = Running::start(&vm, &["--scopes", "bigquery"], SERVE);
    assert_eq!(program.send("who"), PERSON);
    assert_eq!(program.end(), 0);
    vm.google.script_times(20, Endpoint::Token, &Script::Unavailable(503));
    bash(&vm, &["--scopes", "bigquery"], "true").run().fails(5);
    let started = ["--scopes", "bigquery", "--always-start"];
    let run = bash(&vm, &started, "ask").run().success();
    assert_eq!(json(&run.stdout)["error"], "temporarily_unavailable");
}

#[test]
fn narrowed_tokens_have_the_scopes_asked_for_and_wider_ones_are_refused() {
    let vm = Vm::new();
    for program in ["curl", "sed", "tr"] {
        vm.sandbox.link_program(program);
    }
    vm.sandbox.login(&vm.google, PERSON, &["--project", "p1", "--scopes", "bigquery,drive"]).success();
    let run = bash(&vm, &["--scopes", "bigquery"], "ask; who").run().success();
    let (answer, who) = run.stdout.trim().split_once('\n').unwrap();
    assert_eq!((json(answer)["scope"].as_str(), who), (Some(BIGQUERY), PERSON));
    // the profile still has all of them
    assert!(bqcred(&vm, &["status", "--json"]).run().stdout.contains("auth/drive"));
    bash(&vm, &["--scopes", "storage"], "true").run().fails(4).says("`bqcred login --scopes drive,storage`");
    bqcred(&vm, &["exec", "--scopes", "bigquery", "--", "true"]).run().fails(2).says("--token-only");
}

#[test]
fn a_service_account_is_acted_as() {
    let vm = at_google(&["openid", "userinfo.email", "bigquery", "cloud-platform"]);
    let acting = ["--as", READER];
    vm.google.add_service_account("other@p1.iam.gserviceaccount.com");
    bash(&vm, &acting, "true").run().fails(4).says("there is no service account");
    vm.google.add_service_account(READER);
    let run = bash(&vm, &acting, "true").run().fails(4).says(&format!("{PERSON} may not act as {READER}"));
    run.says("roles/iam.serviceAccountTokenCreator").says(&format!("--member=user:{PERSON}"));
    vm.google.allow_impersonation(PERSON, READER);
    // who programs here are is said by the session, not by the profile
    let run = bash(&vm, &acting, "bqcred; bqcred env --announce").run().success();
    let runs = format!("this shell runs as {PERSON} acting as {READER} (token-only)");
    assert!(run.stdout.contains(&format!("all set: {runs}\n")), "{}", run.stdout);
    run.says(&format!("{runs} (project p1)"));
    let run = bash(&vm, &acting, "who; ask").run().success();
    let (who, answer) = run.stdout.trim().split_once('\n').unwrap();
    assert_eq!(
        (who, json(answer)["scope"].as_str()),
        (READER, Some("https://www.googleapis.com/auth/cloud-platform"))
    );
    let narrowed = ["--as", READER, "--scopes", "bigquery"];
    let run = bash(&vm, &narrowed, "who; ask").run().success();
    assert_eq!(json(run.stdout.lines().last().unwrap())["scope"], BIGQUERY);
    vm.google.disable_impersonation();
    bash(&vm, &acting, "true").run().fails(4).says("gcloud services enable iamcredentials.googleapis.com");
    for wrong in ["reader", PERSON, "a/b@p1.iam.gserviceaccount.com"] {
        bash(&vm, &["--as", wrong], "true").run().fails(2).says("name@project.iam.gserviceaccount.com");
    }
}

#[test]
fn impersonation_needs_a_scope_which_is_said_before_anything_is_sent() {
    let vm = at_google(&["openid", "userinfo.email", "bigquery"]);
    vm.google.allow_impersonation(PERSON, READER);
    let before = vm.google.requests().len();
    let run = bash(&vm, &["--as", READER], "true").run().fails(4);
    run.says("--scopes cloud-platform");
    assert_eq!(vm.google.requests().len(), before);
}

#[test]
fn a_killed_parent_takes_the_program_with_it() {
    let vm = vm();
    let mut program =
        Running::start(&vm, &[], "trap '' TERM HUP; echo ready; while read -r line; do :; done");
    program.line();
    program.child.kill().unwrap();
    program.child.wait().unwrap();
    let mut rest = String::new();
    program.output.read_to_string(&mut rest).unwrap(); // ends with the program, whose input is still open
    assert_eq!(vm.metadata.tokens(), 0);
}

#[test]
fn programs_left_behind_are_named_and_told_why_nothing_works() {
    let vm = vm();
    let script = "sleep 60 >/dev/null 2>&1 & echo $! $file";
    let run = bash(&vm, &[], script).run().success();
    let (pid, file) = run.stdout.trim().split_once(' ').unwrap();
    let said = run.stderr.contains(&format!("without a credential from now on: sleep ({pid})"));
    let left = std::fs::read_to_string(file).unwrap();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    assert!(said, "{}", run.stderr);
    assert!(json(&left)["type"].as_str().unwrap().contains("has ended"), "{left}");
    bash(&vm, &[], "true").run().success();
    assert!(session_files(&vm).is_empty());
}

/// Everything but the right request gets no token, and is counted.
#[test]
fn strangers_and_wrong_requests_are_refused() {
    let vm = vm();
    let wrong = r#"
      url=$(field token_url); base=${url%/token}
      curl -s "$url" -d grant_type=refresh_token -d refresh_token=wrong; echo
      curl -s "$url" -d grant_type=refresh_token; echo
      curl -s -o /dev/null -w '%{http_code}\n' "$base/"
      curl -s -o /dev/null -w '%{http_code}\n' -H 'Metadata-Flavor: Google' "$base/wrong/computeMetadata/v1/instance/service-accounts/default/token"
      curl -s -o /dev/null -w '%{http_code}\n' "http://$GCE_METADATA_URL/computeMetadata/v1/instance/service-accounts/default/token"
      curl -s -o /dev/null -w '%{http_code}\n' -H 'Host: evil.example' "$url"
    "#;
    let run = bash(&vm, &[], wrong).run().success();
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(description(lines[0]).contains("has ended") && description(lines[1]).contains("has ended"));
    assert_eq!(lines[2..], ["404", "404", "403", "421"], "{}", run.stdout);
    run.says("requests without a token: 4 with a wrong handle or path, 2 that nothing here answers");
}

#[test]
fn another_user_gets_no_token() {
    if !rustix_is_root() {
        return crate::common::missing("root, for a second user");
    }
    let vm = vm();
    vm.sandbox.link_program("setpriv");
    let as_nobody = r#"
      body="grant_type=refresh_token&refresh_token=$(field refresh_token)"
      setpriv --reuid 65534 --regid 65534 --clear-groups curl -s "$(field token_url)" -d "$body"; echo
      curl -s "$(field token_url)" -d "$body" | sed 's/ya29[^"]*/TOKEN/'; echo
      setpriv --reuid 65534 --regid 65534 --clear-groups cat "$file" 2>&1 | sed 's/.*: //'
    "#;
    let run = bash(&vm, &[], as_nobody).run().success();
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(description(lines[0]), "bqcred: this credential belongs to another user");
    assert_eq!(json(lines[1])["access_token"], "TOKEN");
    assert_eq!(lines[2], "Permission denied");
    run.says("requests without a token: 1 of another user");
}

fn rustix_is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").unwrap().contains("Uid:\t0\t0")
}

#[test]
fn a_proxy_gets_nothing_that_is_meant_for_the_broker() {
    let vm = vm();
    let script = "echo $NO_PROXY; echo $no_proxy; ask";
    // whatever connects to this proxy is written down, and gets no answer
    let log = TcpListener::bind("127.0.0.1:0").unwrap();
    log.set_nonblocking(true).unwrap();
    let proxy = format!("http://{}", log.local_addr().unwrap());
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
        let run = bash(&vm, &[], script).env(name, &proxy);
        let run = run.env("no_proxy", "a.example").env("NO_PROXY", "b.example").run().success();
        let lines: Vec<&str> = run.stdout.lines().collect();
        assert_eq!(lines[..2], ["b.example,a.example,127.0.0.1"; 2]);
        assert_eq!(json(lines[2])["access_token"], "TOKEN");
    }
    let seen = log.accept().map(|(stream, _)| stream).ok();
    assert!(seen.is_none(), "the proxy was asked");
}

#[test]
fn idle_and_slow_clients_do_not_keep_others_waiting() {
    let vm = vm();
    let mut program = Running::start(&vm, &[], SERVE);
    let url = program.send("field token_url");
    let address = url.trim_start_matches("http://").trim_end_matches("/token").to_owned();
    let mut idle: Vec<TcpStream> = (0..1_000).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for stream in idle.iter_mut().skip(990) {
        // those that were closed to make room can't be written to
        let _ = stream.write_all(b"POST /token HTTP/1.1\r\nContent-Length: 5\r\n");
    }
    assert_eq!(program.send("who"), PERSON);
    let mut large = TcpStream::connect(&address).unwrap();
    let _ = large.write_all(&[b'x'; 64 * 1024]);
    let mut answer = String::new();
    let _ = large.read_to_string(&mut answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(program.send("who"), PERSON);
    drop(idle);
    assert_eq!(program.end(), 0);
}

#[test]
fn two_hundred_clients_cause_one_refresh() {
    let vm = vm();
    vm.google.expire_access_tokens();
    let before = vm.google.count("/token");
    let script = "for i in $(seq 200); do ask >/dev/null & done; wait; ask";
    vm.sandbox.link_program("seq");
    let run = bash(&vm, &["--scopes", "bigquery"], script).run().success();
    assert_eq!(json(&run.stdout)["access_token"], "TOKEN");
    assert_eq!(vm.google.count("/token"), before + 1);
}

#[test]
fn inside_another_one_both_profiles_are_named() {
    let vm = vm();
    vm.sandbox.login(&vm.google, BOB, &["--profile", "work", "--project", "p1"]).success();
    let inner = "bqcred exec --token-only --profile work -- bash -c 'grep -o bob@example.com $GOOGLE_APPLICATION_CREDENTIALS'";
    vm.sandbox.link_program("grep");
    let run = bash(&vm, &[], inner).run().prints(BOB);
    run.says("profile work, inside `bqcred exec` with profile default");
}

/// A start-up file that hands the credential to every shell does not undo what the program was started with.
#[test]
fn env_inside_keeps_to_access_tokens() {
    let vm = vm();
    let script = r#"
before="$GOOGLE_APPLICATION_CREDENTIALS $GCE_METADATA_URL $BQCRED_PROFILE"
eval $(bqcred env)
eval $(bqcred env --gcloud)
[ "$before" = "$GOOGLE_APPLICATION_CREDENTIALS $GCE_METADATA_URL $BQCRED_PROFILE" ]
[ "$CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE" = "$file" ]
for other in other nowhere; do
  eval $(bqcred env --profile $other) && exit 9
done
[ "$before" = "$GOOGLE_APPLICATION_CREDENTIALS $GCE_METADATA_URL $BQCRED_PROFILE" ]
bqcred env --format json
who"#;
    vm.sandbox.login(&vm.google, BOB, &["--profile", "other", "--project", "p1"]).success();
    let run = bash(&vm, &["--scopes", "bigquery"], script).run().success();
    assert!(!run.stdout.contains("adc.json"), "{}", run.stdout);
    assert_eq!(run.stdout.lines().last(), Some(PERSON));
    let run = run.says("this stays as it was started: token-only, narrowed to bigquery, profile default");
    let run = run.says("profile default, and can't change to profile other");
    run.says("bqcred exec --token-only --profile other -- PROGRAM");
    let run = bash(&vm, &[], "bqcred snippet python; bqcred snippet vscode").run().success();
    assert_eq!(run.stderr.matches("what uses this gets the whole credential").count(), 2, "{}", run.stderr);
}

#[test]
fn fixes_and_advice_inside_hand_out_no_more() {
    let vm = vm();
    let way = ["--scopes", "bigquery"];
    let run = bash(&vm, &way, "GOOGLE_CLOUD_PROJECT= bqcred doctor --json --offline || true").run().success();
    let report = run.json();
    let libraries = report["libraries"].as_array().unwrap();
    let bq = libraries.iter().find(|library| library["name"] == "bq").unwrap();
    assert_eq!(bq["fix"], "bqcred exec --token-only --scopes bigquery --gcloud -- PROGRAM", "{bq:#}");
    assert!(!run.stdout.contains("bqcred env"), "{}", run.stdout);
    for (program, advice) in [
        ("nohup", "let nohup start `bqcred exec --token-only --scopes bigquery -- PROGRAM` instead"),
        ("sbatch", "let the job itself run `bqcred exec --token-only --scopes bigquery -- PROGRAM`"),
    ] {
        let args = [EXEC, &way, &["--", program, "true"]].concat();
        let run = bqcred(&vm, &args).run();
        assert!(run.stderr.contains(advice), "{}", run.stderr);
    }
    for args in [&["docker", "run", "-d", "image"][..], &["ray", "start"]] {
        let run = bqcred(&vm, &[EXEC, &way, &["--"], args].concat()).run();
        assert!(
            args[0] != "docker" || run.stderr.contains("`bqcred snippet docker --scopes bigquery`"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("access tokens") && !run.stderr.contains("bqcred env"), "{}", run.stderr);
    }
}

#[test]
fn what_leaves_token_only_says_so() {
    let vm = vm();
    let way = ["--scopes", "bigquery"];
    let again = "`bqcred exec --token-only --scopes bigquery -- PROGRAM`";
    let run = bash(&vm, &way, "bqcred env --unset >/dev/null; bqcred exec -- true").run().success();
    run.says("this leaves `bqcred exec --token-only --scopes bigquery`").says(again);
    // no bqcred holds the lock of this file any more, as after a SIGKILL
    let script =
        "cat $GOOGLE_APPLICATION_CREDENTIALS >dead.json; export GOOGLE_APPLICATION_CREDENTIALS=$PWD/dead.json
        bqcred env || echo $?";
    let run = bash(&vm, &way, script).run().success();
    assert_eq!(run.stdout, "false;\n4\n");
    run.says("the bqcred that gave this program access tokens has ended").says(
        "start the program again: `bqcred exec --token-only --scopes bigquery --profile default -- PROGRAM`",
    );
}

#[test]
fn doctor_keeps_to_the_service_account_of_a_session_that_has_ended() {
    let vm = vm();
    let folder = vm.sandbox.home().join(".local/share/jupyter/kernels/py");
    std::fs::create_dir_all(&folder).unwrap();
    let spec = r#"{"argv": ["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "P", "language": "python", "env": {"GOOGLE_APPLICATION_CREDENTIALS": "/x.json"}}"#;
    std::fs::write(folder.join("kernel.json"), spec).unwrap();
    let file = vm.sandbox.path("left.json");
    let about = serde_json::json!({
        "profile": "default", "account": PERSON, "acting_as": READER, "scopes": [BIGQUERY], "narrowed": true,
        "broker": 1,
    });
    let content = serde_json::json!({ "type": "bqcred: it has ended", "bqcred": about });
    std::fs::write(&file, content.to_string()).unwrap();
    let left = Left { pid: String::new(), file, server: "127.0.0.1:9/x".to_owned() };
    let report = left.bqcred(&vm, &["doctor", "--json", "--offline"]).run().json();
    let limits = format!("--token-only --scopes bigquery --as {READER}");
    let fix = |name: &str, list: &str, key: &str| {
        let found = report[list].as_array().unwrap().iter().find(|one| one[key] == name);
        found.unwrap_or_else(|| panic!("{report:#}"))["fix"].as_str().unwrap().to_owned()
    };
    assert_eq!(fix("gargle", "libraries", "name"), format!("bqcred exec {limits} -- PROGRAM"));
    assert_eq!(fix("kernelspec", "findings", "code"), format!("bqcred kernel install {limits} py"));

    // one that was killed leaves its session file as it was
    let content = serde_json::json!({
        "type": "external_account_authorized_user", "token_url": "http://127.0.0.1:9/token",
        "refresh_token": "handle", "bqcred": about,
    });
    std::fs::write(&left.file, content.to_string()).unwrap();
    let report = left.bqcred(&vm, &["doctor", "--json", "--offline"]).run().json();
    let is_you = |one: &&Value| one["is_you"] == true;
    assert_eq!(report["libraries"].as_array().unwrap().iter().find(is_you), None, "{report:#}");
}

/// `bqcred` in the environment of a program that goes on when its session has ended.
struct Left {
    pid: String,
    file: PathBuf,
    server: String,
}

impl Left {
    fn by(vm: &Vm, way: &[&str]) -> Left {
        let script = "sleep 600 >/dev/null 2>&1 & echo $! $file $GCE_METADATA_URL";
        let run = bash(vm, way, script).run().success();
        let words: Vec<&str> = run.stdout.split_whitespace().collect();
        Left { pid: words[0].to_owned(), file: words[1].into(), server: words[2].to_owned() }
    }

    fn bqcred(&self, vm: &Vm, args: &[&str]) -> Invocation {
        let variables = [("GCE_METADATA_URL", self.server.as_str()), ("BQCRED_PROFILE", "default")];
        let invocation = bqcred(vm, args).env("GOOGLE_APPLICATION_CREDENTIALS", &self.file);
        variables.into_iter().fold(invocation, |invocation, (name, value)| invocation.env(name, value))
    }

    fn end(&self) {
        assert!(Command::new("kill").arg(&self.pid).status().unwrap().success());
    }
}

#[test]
fn what_goes_on_after_its_session_is_kept_to_its_limits() {
    let vm = vm();
    let left = Left::by(&vm, &["--scopes", "bigquery"]);
    let again = "bqcred exec --token-only --scopes bigquery --profile default -- PROGRAM";
    let ended = "the bqcred that gave this program access tokens has ended";
    let in_library = std::fs::read_to_string(&left.file).unwrap();
    assert!(json(&in_library)["type"].as_str().unwrap().ends_with(again), "{in_library}");
    bash(&vm, &[], "true").run().success(); // what others leave is removed, and this is still used

    let run = left.bqcred(&vm, &["env"]).run().code(4).says(ended).says(&format!("again: `{again}`"));
    assert_eq!(run.stdout, "false;\n");
    left.bqcred(&vm, &["token"]).run().fails(4).says(again);
    let shown = left.bqcred(&vm, &[]).run().success().stdout;
    assert!(shown.contains(ended) && shown.contains(again), "{shown}");
    let report = left.bqcred(&vm, &["doctor", "--json", "--offline"]).run().json();
    for library in report["libraries"].as_array().unwrap().iter().filter(|one| one["covered"] == true) {
        let fix = library["fix"].as_str().unwrap();
        assert!(fix.starts_with("bqcred exec --token-only --scopes bigquery "), "{library:#}");
    }
    left.bqcred(&vm, &["use", "default"]).run().success().says(ended).says(again);
    for args in [&["exec", "--", "true"][..], &["export", "-"], &["snippet", "k8s", "--whole", "--yes"]] {
        let run = left.bqcred(&vm, args).may_print_secret().run().success();
        run.says("(token-only, narrowed to bigquery) has ended, and").says("gets the whole credential");
    }
    let run = left.bqcred(&vm, &["exec", "--token-only", "--", "true"]).run().success();
    run.says("has ended, and what it starts gets more (all that was granted)");
    let args = ["exec", "--token-only", "--scopes", "bigquery", "--", "true"];
    assert_eq!(left.bqcred(&vm, &args).run().success().stderr, "");

    // in a notebook a sign-in changes nothing, which is said before it
    let in_notebook = |args: &[&str]| left.bqcred(&vm, args).env("JPY_PARENT_PID", "1");
    bqcred(&vm, &["client", "set", &vm.sandbox.client_file(&vm.google)]).run().success();
    let login = in_notebook(&["login", "--project", "p1"]).run().success().stdout;
    assert!(
        login.contains("This notebook stays as it is") && login.contains("restart this kernel"),
        "{login}"
    );
    assert!(login.contains(ended) && login.contains(again) && !login.contains("runs as"), "{login}");
    let pasted = vm.google.approve(login.lines().find(|line| line.starts_with("http")).unwrap(), PERSON);
    let finish = in_notebook(&["login", "--finish", "-", "--cell", "python"]).stdin(pasted).run().success();
    assert!(finish.stdout.starts_with("print(\"") && finish.stdout.contains(ended), "{}", finish.stdout);
    assert!(!finish.stdout.contains("eval"), "{}", finish.stdout);

    left.end();
    bash(&vm, &[], "true").run().success();
    assert!(!left.file.exists());
    let run =
        left.bqcred(&vm, &["env"]).run().code(4).says("is gone").says("the --scopes and --as that it had");
    assert_eq!(run.stdout, "false;\n");
    left.bqcred(&vm, &["status", "--offline"]).run().success().says(ended);
    let shown = left.bqcred(&vm, &["doctor", "--offline"]).run().stdout;
    assert!(shown.contains("what they were narrowed to is not known any more"), "{shown}");
    let lost = ", with the --scopes and --as that it had";
    assert!(shown.contains(&format!("bqcred exec --token-only -- PROGRAM{lost}")), "{shown}");
    let shown = left.bqcred(&vm, &[]).run().success().stdout;
    assert!(shown.contains(&format!("start the program again{lost}: `")), "{shown}");
    left.bqcred(&vm, &["exec", "--", "true"]).run().success().says(&format!("hand out tokens{lost}"));
}

#[test]
fn what_is_handed_out_inside_keeps_to_the_limits_or_says_that_it_is_more() {
    let vm = vm();
    vm.sandbox.login(&vm.google, PERSON, &["--project", "p1", "--scopes", "bigquery,drive"]).success();
    vm.sandbox.login(&vm.google, BOB, &["--profile", "other", "--project", "p1"]).success();
    let inside = |script: &str| bash(&vm, &["--scopes", "bigquery"], script).run().success();
    let own = r#"[ "$(bqcred token)" = "$(whole | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')" ]"#;
    inside(own).says("this stays as it was started: token-only, narrowed to bigquery, profile default");
    let printed = json(&inside("bqcred token --min-ttl 3590 --json | sed 's/ya29[^\"]*/TOKEN/'").stdout);
    assert_eq!((&printed["account"], &printed["acting_as"]), (&PERSON.into(), &Value::Null));
    let run = inside("bqcred token --profile other || echo $?");
    assert_eq!(run.stdout, "2\n");
    run.says("can't change to profile other");

    for (command, who) in [
        ("export -", "what reads this gets the whole credential"),
        ("export adc.json", "what reads this gets the whole credential"),
        ("snippet k8s --whole --yes", "the cluster gets the whole credential"),
        ("export --token-only -", "what reads this gets more (all that was granted)"),
        ("exec --token-only -- true", "what it starts gets more (all that was granted)"),
        ("exec --token-only --profile other --scopes bigquery -- true", "gets more of profile other"),
        ("snippet docker --scopes drive", "what uses this gets more (token-only, narrowed to drive)"),
    ] {
        let run = inside(&format!("bqcred {command} >/dev/null"));
        run.says("this program gets access tokens only (token-only, narrowed to bigquery), and").says(who);
    }
    for command in ["export --token-only --scopes bigquery -", "exec --token-only --scopes bigquery -- true"]
    {
        let run = inside(&format!("bqcred {command} >/dev/null"));
        assert!(!run.stderr.contains("gets more"), "{}", run.stderr);
    }
    for kind in ["docker", "dask", "spark", "k8s"] {
        let run = inside(&format!("bqcred snippet {kind} 2>&1"));
        let narrowed =
            ["--scopes bigquery", r#""--scopes", "bigquery""#].map(|text| run.stdout.contains(text));
        assert!(narrowed.contains(&true), "{}", run.stdout);
        assert!(
            run.stdout.contains("what the programs here get: token-only, narrowed to bigquery"),
            "{}",
            run.stdout
        );
    }

    let run = inside("bqcred use other; bqcred --profile other")
        .says("bqcred exec --token-only --profile other -- PROGRAM");
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("bqcred env"), "{run:?}");
}

#[test]
fn after_another_sign_in_commands_inside_say_that_programs_get_nothing() {
    let vm = vm();
    vm.sandbox.link_program("cp");
    let bobs = vm.sandbox.write("zed.json", adc(&vm, PERSON, &["openid", "email", BIGQUERY]));
    let mut program = Running::start(&vm, &["--scopes", "bigquery"], SERVE);
    let mut run = |command: &str| {
        let out = vm.sandbox.path("out");
        assert_eq!(program.send(&format!("{{ {command}; }} >{} 2>&1; echo done", out.display())), "done");
        std::fs::read_to_string(&out).unwrap()
    };
    // of another profile, no limits are known
    let said = run(&format!("bqcred import --profile zed {}", bobs.display()));
    assert!(said.contains("next: bqcred exec --token-only --profile zed -- PROGRAM"), "{said}");
    let said = run("cp -r $HOME/.local/share $HOME/copy; XDG_DATA_HOME=$HOME/copy bqcred");
    assert!(said.contains("bqcred exec --token-only --profile default -- PROGRAM"), "{said}");
    assert!(run("bqcred").contains(&format!("runs as {PERSON} (token-only, narrowed to bigquery)")));

    vm.sandbox.login(&vm.google, BOB, &["--project", "p1"]).success();
    let is_bobs = format!("profile default is of {BOB} now, and this program was started as {PERSON}");
    for command in ["bqcred", "bqcred env --announce", "bqcred env", "bqcred use default"] {
        let said = run(command);
        assert!(said.contains(&is_bobs) && !said.contains("all set"), "{command}: {said}");
        assert!(said.contains("`bqcred exec --token-only --scopes bigquery --profile default"), "{said}");
    }
    for command in ["snippet docker", "exec --token-only --scopes bigquery -- true"] {
        let said = run(&format!("bqcred {command}"));
        let warns = said.contains(&format!("gets tokens of {BOB}, whose profile default is now"));
        assert!(warns && !said.contains("what the programs here get"), "{said}");
    }
    let said = run("bqcred doctor --json || true");
    assert!(said.contains("bqcred exec --token-only --scopes bigquery -- PROGRAM"), "{said}");
    assert!(!said.contains("bqcred login"), "{said}");
    assert_eq!(program.end(), 0);
}

#[test]
fn doctor_inside_says_that_the_profile_is_gone_and_forget_names_the_program() {
    let vm = vm();
    let script = "bqcred forget; bqcred doctor || true";
    let run = bash(&vm, &[], script).run().success();
    let expected = format!("started as {PERSON}; profile default is gone\n");
    assert!(run.stdout.starts_with(&expected), "{}", run.stdout);
    run.says("still running, and without access tokens from now on: bash (");
}

#[test]
fn a_misspelt_option_is_not_run_as_a_program() {
    let vm = vm();
    for (option, meant) in
        [("--tokenonly", "--token-only"), ("--scope", "--scopes"), ("--token-onyl", "--token-only")]
    {
        let run = bqcred(&vm, &["exec", option, "--", "true"]).run().fails(2);
        run.says(&format!("did you mean `{meant}`?"));
    }
    bqcred(&vm, &["exec", "--read-only", "--", "true"]).run().fails(2).says("no option");
    bqcred(&vm, &["exec", "--token-only", "bash", "-c", "echo done"]).run().prints("done");
}

/// Their kernelspecs set the variables anew.
#[test]
fn kernels_that_get_the_whole_credential_are_named_at_the_start() {
    let vm = vm();
    let folder = vm.sandbox.home().join(".local/share/jupyter/kernels/py");
    std::fs::create_dir_all(&folder).unwrap();
    let spec = r#"{"argv": ["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "P", "language": "python"}"#;
    std::fs::write(folder.join("kernel.json"), spec).unwrap();
    let start = || bqcred(&vm, &[EXEC, &["--", "bash", "-c", "true jupyter lab"]].concat()).run().success();
    let said = "these kernels get the whole credential all the same";
    assert!(!start().stderr.contains(said));
    bqcred(&vm, &["kernel", "install", "py"]).run().success();
    start()
        .says(said)
        .says("`bqcred kernel install --token-only --profile default py` gives it access tokens only");
    let run = bqcred(&vm, &[EXEC, &["--", "true"]].concat()).run().success();
    assert_eq!(run.stderr, "");
    // inside, `kernel list` marks them; elsewhere only where others get access tokens
    let list = || bqcred(&vm, &["kernel", "list"]).run().success().stdout;
    let whole = "default (whole credential)";
    assert!(!list().contains("whole"), "{}", list());
    let run = bash(&vm, &["--scopes", "bigquery"], "bqcred kernel list").run().success();
    assert!(run.stdout.contains(whole), "{}", run.stdout);
    run.says("`bqcred kernel install --token-only --scopes bigquery --profile default py` gives them tokens");
    let other = folder.with_file_name("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("kernel.json"), spec).unwrap();
    bqcred(&vm, &["kernel", "install", "--token-only", "other"]).run().success();
    assert!(list().contains(whole) && list().contains("default (token-only)"), "{}", list());
    let listed = bqcred(&vm, &["kernel", "list", "--json"]).run().json();
    let kernels = listed["servers"][0]["kernels"].as_array().unwrap().clone();
    let gets = |name: &str| kernels.iter().find(|kernel| kernel["name"] == name).unwrap()["gets"].clone();
    assert_eq!((gets("py"), gets("other")), ("whole_credential".into(), "access_tokens".into()));
    bqcred(&vm, &["kernel", "install", "--token-only", "py"]).run().success();
    assert!(!start().stderr.contains(said) && !list().contains("whole"), "{}", list());
}
