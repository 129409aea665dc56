//! `bqcred login`: at a terminal, in two steps, refused, interrupted; and what is saved.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const BIGQUERY: &str = "https://www.googleapis.com/auth/bigquery";
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
use crate::common::{self, Consent, Google, Sandbox, Script, mode};
use rexpect::session::PtySession;

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

#[test]
fn two_step_login_writes_the_file_format_of_gcloud() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1"]).fails(0).says("signed in as ada@example.com");
    let adc = std::fs::read_to_string(sandbox.adc("default")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&adc).unwrap();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["account", "client_id", "client_secret", "refresh_token", "type", "universe_domain"]);
    assert_eq!(json["account"], ADA);
    assert_eq!(adc, serde_json::to_string_pretty(&json).unwrap(), "sorted, two spaces, no final newline");
    assert_eq!(mode(&sandbox.adc("default")), 0o600);
    assert_eq!(mode(&sandbox.data("default")), 0o700);
    assert_eq!(mode(sandbox.data("default").parent().unwrap()), 0o700);
    assert_eq!(sandbox.files_with("code_verifier").len(), 0);
}

#[test]
fn start_prints_only_the_address() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let run = sandbox
        .bqcred(&[
            "login",
            "--start",
            "--client-id-file",
            &sandbox.client_file(&google),
            "--port",
            "8085",
            BOB,
        ])
        .success();
    let url = url::Url::parse(run.stdout.strip_suffix('\n').unwrap()).unwrap();
    let query: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(run.stderr, "");
    assert_eq!(query["redirect_uri"], "http://127.0.0.1:8085/");
    assert_eq!(query["login_hint"], BOB);
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["access_type"], "offline");
    assert_eq!(query["prompt"], "consent");
    let pending = sandbox.home().join(".local/state/bqcred/default.login");
    assert_eq!(mode(&pending), 0o600);
}

#[test]
fn answer_is_accepted_as_address_query_or_code_once() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let forms: [fn(&str) -> String; 4] = [
        |url| url.to_owned(),
        |url| url.replace("http:", "https:").replace("127.0.0.1", "vm.example"),
        |url| url.split_once('?').unwrap().1.to_owned(),
        |url| {
            let url = url::Url::parse(url).unwrap();
            url.query_pairs().find(|(name, _)| name == "code").unwrap().1.replace('/', "%2F")
        },
    ];
    for form in forms {
        let url = sandbox.bqcred(&["login", "--start", "--client-id-file", &client]).success().stdout;
        let answer = form(&google.approve(url.trim(), ADA));
        sandbox.bqcred(&["login", "--finish", &answer]).fails(0).says(ADA);
        sandbox.bqcred(&["login", "--finish", &answer]).fails(3).says("no sign-in of profile default waits");
    }
}

#[test]
fn wrong_answer_keeps_the_login_pending() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let url = sandbox.bqcred(&["login", "--start", "--client-id-file", &client]).success().stdout;
    let answer = google.approve(url.trim(), ADA);
    let forged = answer.replace("state=", "state=x");
    sandbox.bqcred(&["login", "--finish", &forged]).fails(1).says("belongs to another sign-in");
    sandbox
        .bqcred(&["login", "--finish", "http://127.0.0.1/"])
        .fails(2)
        .says("no `code=`")
        .says("&code=…; it may say that the page can't be reached");
    sandbox.bqcred(&["login", "--finish", url.trim()]).fails(2).says("the address to open");
    sandbox.bqcred(&["login", "--finish", ""]).fails(2).says("nothing was pasted");
    google.fail_token(Script::Close);
    sandbox.bqcred(&["login", "--finish", &answer]).fails(5);
    sandbox.bqcred(&["login", "--finish", &answer]).fails(0).says(ADA);
}

#[test]
fn answer_after_10_minutes_is_refused() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let url = sandbox.bqcred(&["login", "--start", "--client-id-file", &client]).success().stdout;
    let answer = google.approve(url.trim(), ADA);
    let pending = sandbox.home().join(".local/state/bqcred/default.login");
    let mut json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&pending).unwrap()).unwrap();
    json["started"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(&pending, json.to_string()).unwrap();
    sandbox.bqcred(&["login", "--finish", &answer]).fails(1).says("valid for 10 min");
    assert!(!pending.exists());
}

#[test]
fn expired_pending_login_is_removed_by_list_status_and_start() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let client = sandbox.client_file(&google);
    let start = |profile: &str| {
        let args = ["login", "--start", "--client-id-file", &client, "--profile", profile];
        sandbox.bqcred(&args).success();
        sandbox.home().join(".local/state/bqcred").join(format!("{profile}.login"))
    };
    let next: [&[&str]; 3] =
        [&["list"], &["status"], &["login", "--start", "--client-id-file", &client, "--profile", "other"]];
    for args in next {
        let (old, young) = (start("old"), start("young"));
        let mut json: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&old).unwrap()).unwrap();
        json["started"] = "2020-01-01T00:00:00Z".into();
        std::fs::write(&old, json.to_string()).unwrap();
        sandbox.bqcred(args).success();
        assert!(!old.exists() && young.exists(), "{args:?}");
    }
}

#[test]
fn another_account_than_named_changes_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let before = std::fs::read(sandbox.adc("default")).unwrap();
    sandbox.login(&google, BOB, &[ADA]).fails(4).says("signed in as bob@example.com, not as ada@example.com");
    assert_eq!(std::fs::read(sandbox.adc("default")).unwrap(), before);
    sandbox.login(&google, ADA, &["Ada@Example.com"]).success();
}

#[test]
fn replaced_account_is_named() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1"]).success();
    sandbox.login(&google, BOB, &[]).success().says("profile default was ada@example.com before");
    assert_eq!(sandbox.bqcred(&["list", "--json"]).json()[0]["project"], "p1", "settings stay");
}

#[test]
fn denied_or_insufficient_consent_saves_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login_with(&google, Consent::denied(ADA), &[]).fails(4).says("cancelled");
    let email = ["openid", "https://www.googleapis.com/auth/userinfo.email"];
    sandbox.login_with(&google, Consent::only(ADA, &email), &[]).fails(4).says("did not allow BigQuery");
    assert!(!sandbox.adc("default").exists());
    let some = [email[0], email[1], BIGQUERY];
    sandbox
        .login_with(&google, Consent::only(ADA, &some), &["--scopes", "drive"])
        .success()
        .says("not granted: drive")
        .says("`bqcred login` asks again");
    let client = sandbox.client_file(&google);
    let start = |extra: &[&str]| {
        sandbox.bqcred(&[&["login", "--start", "--client-id-file", &client], extra].concat()).success()
    };
    assert!(start(&[]).stdout.contains("auth%2Fdrive"), "asks again");
    sandbox.login(&google, ADA, &[]).success();
    assert_eq!(
        sandbox.bqcred(&["status", "--json", "--offline"]).json()["scopes"].as_array().unwrap().len(),
        4
    );
    // a sign-in that names its scopes asks for no others
    let named = start(&["--scopes", "storage"]);
    assert!(!named.stdout.contains("auth%2Fdrive"), "{}", named.stdout);
    named.says("does not ask for drive").says("`bqcred login --scopes drive,storage` does");
    assert!(!start(&["bob@example.com", "--scopes", "storage"]).stderr.contains("does not ask for"));
}

#[test]
fn scopes_are_presets_or_full_names() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--scopes", "drive,cloud-platform"]).success();
    let scopes = sandbox.bqcred(&["status", "--json", "--offline"]).json()["scopes"].clone();
    let scopes: Vec<&str> = scopes.as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect();
    for wanted in ["openid", BIGQUERY, CLOUD_PLATFORM, "https://www.googleapis.com/auth/drive"] {
        assert!(scopes.contains(&wanted), "{wanted} {scopes:?}");
    }
    sandbox.bqcred(&["login", "--scopes", "a b"]).fails(2);
    let client = sandbox.client_file(&google);
    for (mistyped, preset) in
        [("drvie", "drive"), ("bigqery", "bigquery"), ("cloud_platform", "cloud-platform")]
    {
        let run = sandbox.bqcred(&["login", "--start", "--client-id-file", &client, "--scopes", mistyped]);
        run.fails(2).says(&format!("did you mean `--scopes {preset}`?"));
    }
}

#[test]
fn missing_refresh_token_is_reported_and_nothing_saved() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    google.omit_refresh_token(true);
    sandbox.login(&google, ADA, &[]).fails(4).says("no refresh token");
    assert!(!sandbox.adc("default").exists());
}

#[test]
fn without_terminal_login_starts_and_explains_the_second_step() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let run = sandbox.bqcred(&["login", "--client-id-file", &client]).success();
    assert!(run.stdout.starts_with("http") && run.stdout.lines().count() == 1);
    let answer = google.approve(run.stdout.trim(), ADA);
    run.says("bqcred login --profile default --finish -");
    sandbox.invoke(&["login", "--finish", "-"]).stdin(&answer).run().success();
    let notebook = sandbox.invoke(&["login", "--client-id-file", &client]).env("JPY_PARENT_PID", "1").run();
    let text = notebook.success().stdout;
    assert!(text.contains("getpass.getpass") && text.contains("\nhttp"), "{text}");
}

#[test]
fn invalid_arguments_are_reported_before_a_browser_opens() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    for (words, says) in [
        (["login", "work", "--start"], "is not an account"),
        (["login", "reader@p.iam.gserviceaccount.com", "--start"], "exec --token-only --as reader@p.iam."),
        (["login", "--project=My Project", "--start"], "is not a project id"),
        (["login", "--port=0", "--start"], "a port is a number from 1 to 65535"),
        (["login", "--profile=Work", "--start"], "can't be the name of a profile"),
    ] {
        let mut words = words.to_vec();
        words.extend(["--client-id-file", &client]);
        sandbox.bqcred(&words).fails(2).says(says);
    }
    assert_eq!(sandbox.files_with("verifier").len(), 0);
}

#[test]
fn without_client_and_gcloud_the_setup_is_explained() {
    Sandbox::new().bqcred(&["login"]).fails(3).says("`bqcred client guide`");
}

/// bqcred at a terminal, up to its prompt; the address to open and the port it listens on.
fn at_prompt(google: &Google, sandbox: &Sandbox, extra: &[&str]) -> (PtySession, String, u16) {
    let client = sandbox.client_file(google);
    let mut words = vec!["login", "--no-browser", "--client-id-file", &client];
    words.extend(extra);
    let mut session = sandbox.terminal(&words);
    let before = session.exp_string("Paste the address: ").unwrap();
    let url = before.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    let query: std::collections::HashMap<_, _> =
        url::Url::parse(&url).unwrap().query_pairs().into_owned().collect();
    let port = url::Url::parse(&query["redirect_uri"]).unwrap().port().unwrap();
    (session, url, port)
}

fn ends_with(mut session: PtySession, code: i32) -> String {
    let rest = session.exp_eof().unwrap();
    let status = session.process_mut().wait().unwrap();
    assert_eq!(format!("{status:?}").contains(&format!(", {code})")), true, "{status:?}\n{rest}");
    rest
}

fn send(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn get(port: u16, target: &str) -> String {
    send(port, &format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"))
}

#[test]
fn browser_on_this_machine_finishes_the_login() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let (session, url, _) = at_prompt(&google, &sandbox, &[]);
    let page = google.visit(&google.approve(&url, ADA)).1;
    assert!(page.contains("answer has arrived"), "{page}");
    assert!(ends_with(session, 0).contains("signed in as ada@example.com"));
}

#[test]
fn pasted_address_finishes_the_login_and_is_not_shown() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let (mut session, url, _) = at_prompt(&google, &sandbox, &[]);
    session.send_line("no idea what to paste").unwrap();
    session.exp_string("neither an address nor a code").unwrap();
    session.exp_string("Paste the address: ").unwrap();
    let answer = google.approve(&url, ADA);
    session.send_line(&answer).unwrap();
    let rest = ends_with(session, 0);
    assert!(rest.contains("signed in as ada@example.com") && !rest.contains("code="), "{rest}");
}

#[test]
fn unrelated_requests_do_not_disturb_the_listener() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let (session, url, port) = at_prompt(&google, &sandbox, &[]);
    let answer = google.approve(&url, ADA);
    let query = answer.split_once('?').unwrap().1.to_owned();
    // a connection that sends nothing, and a slow client, both open all the time
    let _silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut slow = TcpStream::connect(("127.0.0.1", port)).unwrap();
    slow.write_all(b"GET /?st").unwrap();
    assert!(get(port, "/favicon.ico").starts_with("HTTP/1.1 404"));
    assert!(get(port, "/other").starts_with("HTTP/1.1 404"));
    assert!(get(port, "/?state=guessed&code=evil").starts_with("HTTP/1.1 400"));
    assert!(get(port, "/?error=access_denied&state=guessed").starts_with("HTTP/1.1 400"));
    let host = "HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert!(send(port, &format!("GET /?{query} {host}")).starts_with("HTTP/1.1 421"));
    let host = format!("HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    let head = send(port, &format!("HEAD /?{query} {host}"));
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(send(port, &format!("POST /?{query} {host}")).starts_with("HTTP/1.1 405"));
    assert!(send(port, &format!("GET /{} {host}", "x".repeat(65_536))).starts_with("HTTP/1.1 431"));
    // a browser sends the cookies of other programs on this machine
    let cookies = host.replace("\r\n\r\n", &format!("\r\nCookie: other={}\r\n\r\n", "x".repeat(20_000)));
    assert!(send(port, &format!("GET /?state=guessed&code=evil {cookies}")).starts_with("HTTP/1.1 400"));
    send(port, "\x16\x03\x01 not http at all\r\n\r\n");
    // two browsers: the first answer counts, the second gets a page too
    assert!(get(port, &format!("/?{query}")).contains("answer has arrived"));
    assert!(ends_with(session, 0).contains("signed in as ada@example.com"));
}

#[test]
fn answer_page_is_self_contained_and_repeats_no_input() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let (mut session, _, port) = at_prompt(&google, &sandbox, &[]);
    let page = get(port, "/?state=%3Cscript%3E&code=%3Cscript%3Ecanary");
    for needed in
        ["Content-Security-Policy: default-src 'none'", "no-store", "no-referrer", "prefers-color-scheme"]
    {
        assert!(page.contains(needed), "{needed}\n{page}");
    }
    for forbidden in ["<script", "canary", "src=", "http://", "https://", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}\n{page}");
    }
    session.send_control('c').unwrap();
    assert!(ends_with(session, 130).contains("stopped; nothing was changed"));
}

#[test]
fn idle_connections_do_not_block_sign_in() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let (session, url, port) = at_prompt(&google, &sandbox, &[]);
    let idle: Vec<_> = (0..300).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    assert_eq!(google.visit(&google.approve(&url, ADA)).0, 200);
    assert!(ends_with(session, 0).contains("signed in as ada@example.com"));
    drop(idle);
}

#[test]
fn answer_for_another_profile_names_the_pending_one() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let url =
        sandbox.bqcred(&["login", "--start", "--profile", "work", "--client-id-file", &client]).success();
    let answer = google.approve(url.stdout.trim(), ADA);
    let finish =
        |words: &[&str]| sandbox.invoke(&[&["login", "--finish", "-"], words].concat()).stdin(&answer).run();
    finish(&[]).fails(3).says("`bqcred login --profile work --finish -`");
    finish(&["--profile", "work"]).success();
    finish(&[]).fails(3).says("`bqcred login --start`");
}

#[test]
fn ctrl_d_stops_the_login() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let (mut session, ..) = at_prompt(&google, &sandbox, &[]);
    session.send_control('d').unwrap();
    assert!(ends_with(session, 130).contains("stopped; nothing was changed"));
}

#[test]
fn consent_denied_in_the_browser_is_reported() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let (session, url, _) = at_prompt(&google, &sandbox, &[]);
    let page = google.visit(&google.approve_with(&url, Consent::denied(ADA))).1;
    assert!(page.contains("was not completed"), "{page}");
    assert!(ends_with(session, 4).contains("cancelled"));
}

#[test]
fn login_times_out() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let (session, _, _) = at_prompt(&google, &sandbox, &["--timeout", "1"]);
    assert!(ends_with(session, 1).contains("timed out after 1 s"));
}

#[test]
fn taken_port_is_reported() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let client = sandbox.client_file(&google);
    let session = sandbox.terminal(&["login", "--no-browser", "--client-id-file", &client, "--port", &port]);
    assert!(ends_with(session, 1).contains("is taken by another program"));
}

#[test]
fn configured_port_is_used_and_the_tunnel_is_explained() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    sandbox.write("home/.config/bqcred/config.json", format!("{{\"port\": {free}}}"));
    let (mut session, _, port) = at_prompt(&google, &sandbox, &[]);
    assert_eq!(port, free);
    session.send_control('c').unwrap();
    ends_with(session, 130);
}

#[test]
fn browser_variable_is_used() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let browser = sandbox.script("browser", "echo \"$1\" > \"$TMPDIR/opened\"");
    let client = sandbox.client_file(&google);
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
    command.args(["login", "--client-id-file", &client]).env("BROWSER", browser);
    let mut session = common::spawn_in_terminal(command);
    let text = session.exp_string("Paste the address: ").unwrap();
    let url = text.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    session.send_line(&google.approve(&url, ADA)).unwrap();
    ends_with(session, 0);
    let opened = std::fs::read_to_string(sandbox.path("tmp/opened")).unwrap();
    assert_eq!(opened.trim(), url);
}

#[test]
fn concurrent_starts_do_not_interfere() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.bqcred(&["client", "set", &sandbox.client_file(&google)]).success();
    std::thread::scope(|scope| {
        for profile in ["a", "b", "c", "d"] {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for _ in 0..15 {
                    sandbox.bqcred(&["login", "--start", "--profile", profile]).success();
                }
            });
        }
    });
}

#[test]
fn answer_given_as_an_argument_is_not_repeated() {
    let sandbox = Sandbox::new();
    let answer = "http://127.0.0.1:1/?state=s&code=4/0wrong-place";
    for words in [&["login", answer][..], &["rotate", answer], &["login", "a@example.com", answer]] {
        let run = sandbox.bqcred(words).fails(2);
        assert!(!run.stderr.contains("wrong-place"), "{run:?}");
    }
}

/// A shell that leaves the terminal as a stopped program left it.
fn dash(sandbox: &Sandbox) -> Option<PtySession> {
    let Some(dash) = common::find_program("dash") else {
        common::missing("dash");
        return None;
    };
    let mut command = sandbox.command(dash);
    command.args(["-i"]).env("TERM", "xterm").env("PS1", "READY> ").env("ENV", "/dev/null");
    let mut session = common::spawn_in_terminal(command);
    session.exp_string("READY> ").unwrap();
    Some(session)
}

/// Whether the terminal echoes what is typed.
fn shows_what_is_typed(sandbox: &Sandbox, session: &mut PtySession) -> bool {
    session.send_line("stty -a >\"$TMPDIR/stty\"; echo said-$((40 + 2))").unwrap();
    session.exp_string("said-42").unwrap();
    session.exp_string("READY> ").unwrap();
    let said = std::fs::read_to_string(sandbox.path("tmp/stty")).unwrap();
    !said.split([' ', ';', '\n']).any(|word| word == "-echo")
}

#[test]
fn ctrl_z_restores_the_echo_and_fg_hides_it_again() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let Some(mut session) = dash(&sandbox) else { return };
    session.send_line("stty echo").unwrap(); // the tests' terminals begin without
    session.exp_string("READY> ").unwrap();
    let bqcred = env!("CARGO_BIN_EXE_bqcred");
    session.send_line(&format!("{bqcred} login --no-browser --client-id-file {client}")).unwrap();
    let before = session.exp_string("Paste the address: ").unwrap();
    let url = before.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    let answer = google.approve(&url, ADA);
    for _ in 0..2 {
        session.send_control('z').unwrap();
        session.exp_string("READY> ").unwrap();
        assert!(
            shows_what_is_typed(&sandbox, &mut session),
            "the shell's line is not shown while bqcred is stopped"
        );
        session.send_line("fg").unwrap();
        session.exp_string("Paste the address: ").unwrap();
    }
    session.send_line(&answer).unwrap();
    let rest = session.exp_string("READY> ").unwrap();
    assert!(rest.contains("signed in as ada@example.com") && !rest.contains("code="), "{rest}");
    assert!(shows_what_is_typed(&sandbox, &mut session));
    session.send_line("exit").unwrap();
    session.exp_eof().unwrap();
}

#[test]
fn ctrl_z_without_job_control_is_ignored() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    // the first process of its terminal: there is no shell that could continue it
    let (mut session, url, _) = at_prompt(&google, &sandbox, &[]);
    session.send_control('z').unwrap();
    session.exp_string("Paste the address: ").unwrap();
    session.send_line(&google.approve(&url, ADA)).unwrap();
    assert!(ends_with(session, 0).contains("signed in as ada@example.com"));
}

#[test]
fn gcloud_login_times_out() {
    // gcloud is a script that starts Python: both have to end
    let (held, at_terminal) = (Sandbox::new(), Sandbox::new());
    for sandbox in [&held, &at_terminal] {
        sandbox.script("gcloud", "sleep 1000 &\necho $! >\"$TMPDIR/child\"\nwait\nexit 1");
    }
    let words = ["login", "--via", "gcloud", "--timeout", "1"];
    let run = held.invoke(&words).limit(Duration::from_secs(60)).run();
    run.fails(1).says("timed out after 1 s").says("--timeout SECONDS");
    assert!(ends_with(at_terminal.terminal(&words), 1).contains("timed out after 1 s"));
    for sandbox in [&held, &at_terminal] {
        let child = std::fs::read_to_string(sandbox.path("tmp/child")).unwrap();
        let path = format!("/proc/{}/status", child.trim());
        let ended = |status: &str| status.contains("(zombie)") || status.contains("(dead)");
        let status = std::fs::read_to_string(path);
        assert!(status.as_ref().map_or(true, |status| ended(status)), "{status:?}");
        let state = std::fs::read_dir(sandbox.home().join(".local/state/bqcred")).unwrap().flatten();
        let folders = state.filter(|entry| entry.file_type().unwrap().is_dir()).count();
        assert_eq!(folders, 0, "gcloud's folder is left");
    }
}

#[test]
fn signing_in_as_somebody_else_says_what_is_left_of_the_earlier_credential() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let before = "profile default was ada@example.com before";
    let valid = format!("{before}; that credential is still valid at Google");
    sandbox.login(&google, "ada@example.com", &[]).success();
    sandbox.login(&google, "bob@example.com", &[]).fails(0).says(&valid);
    // it needs a new sign-in, and is not revoked
    sandbox.login(&google, "ada@example.com", &[]).success();
    google.require_reauth("ada@example.com");
    sandbox.bqcred(&["status"]).code(4);
    sandbox.login(&google, "bob@example.com", &[]).fails(0).says(&valid);
    // it was revoked elsewhere, which nobody knew here
    sandbox.login(&google, "ada@example.com", &[]).success();
    google.revoke_grant("ada@example.com");
    let run = sandbox.login(&google, "bob@example.com", &[]).fails(0).says(before);
    assert!(!run.stderr.contains("valid at Google"), "{}", run.stderr);
}

#[test]
fn another_account_takes_a_profile_over_only_if_the_user_says_yes() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, "ada@example.com", &[]).success();
    let account = || sandbox.bqcred(&["status", "--offline", "--json"]).json()["account"].clone();
    let question = "Profile default is ada@example.com. Replace that by bob@example.com? [y/N] ";
    let mut session = sandbox.terminal(&["login", "bob@example.com", "--no-browser"]);
    session.exp_string(question).unwrap();
    session.send_line("").unwrap();
    let rest = session.exp_eof().unwrap();
    assert!(rest.contains("`bqcred login bob@example.com --profile NAME` keeps both"), "{rest}");
    assert_eq!(account(), "ada@example.com");
    let mut session = sandbox.terminal(&["login", "bob@example.com", "--no-browser"]);
    session.exp_string(question).unwrap();
    session.send_line("y").unwrap();
    let text = session.exp_string("Paste the address: ").unwrap();
    let url = text.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    session.send_line(&google.approve(&url, "bob@example.com")).unwrap();
    let rest = session.exp_eof().unwrap();
    assert!(rest.contains("profile default was ada@example.com before"), "{rest}");
    assert_eq!(account(), "bob@example.com");
    // what is over is nobody's to keep
    google.revoke_grant("bob@example.com");
    sandbox.bqcred(&["status"]).code(4);
    let mut session = sandbox.terminal(&["login", "ada@example.com", "--no-browser"]);
    session.exp_string("Paste the address: ").unwrap();
    session.send_control('c').unwrap();
    session.exp_eof().unwrap();
}

#[test]
fn an_account_chosen_in_the_browser_takes_a_profile_over_only_if_the_user_says_yes() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, "ada@example.com", &[]).success();
    let account = || sandbox.bqcred(&["status", "--offline", "--json"]).json()["account"].clone();
    for (answer, rest, kept) in [
        (
            "n",
            "Google has issued a new credential of bob@example.com, which was not saved",
            "ada@example.com",
        ),
        ("y", "profile default was ada@example.com before", "bob@example.com"),
    ] {
        let mut session = sandbox.terminal(&["login", "--no-browser"]);
        let text = session.exp_string("Paste the address: ").unwrap();
        let url = text.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
        session.send_line(&google.approve(&url, "bob@example.com")).unwrap();
        session
            .exp_string("Profile default is ada@example.com. Replace that by bob@example.com? [y/N] ")
            .unwrap();
        session.send_line(answer).unwrap();
        let said = session.exp_eof().unwrap();
        assert!(said.contains(rest), "{said}");
        assert_eq!(account(), kept);
    }
}

#[test]
fn start_at_a_terminal_says_what_comes_next() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let mut session = sandbox.terminal(&["login", "--start", "--client-id-file", &client]);
    let text = session.exp_eof().unwrap();
    assert!(text.contains("http") && text.contains("bqcred login --profile default --finish -"), "{text}");
}
