//! An attacker interferes with the user's sign-in.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use super::machine::{ADA, MALLORY, Machine};
use crate::common::{ends_with, spawn_in_terminal};
use crate::double::{CLIENT_ID, CLIENT_SECRET};

/// The attacker's process on a port, which records what it gets; ends when dropped.
struct Squatter(Child);

impl Squatter {
    fn on(machine: &Machine, address: &str, port: u16) -> Squatter {
        use std::io::{BufRead as _, BufReader};
        use std::os::unix::process::CommandExt as _;
        machine.sandbox.link_program("perl");
        let script = "use IO::Socket::INET; $| = 1; my ($host, $port, $to) = @ARGV;\n\
            my $s = IO::Socket::INET->new(LocalAddr => $host, LocalPort => $port, Listen => 9, ReuseAddr => 1) or die $@;\n\
            print \"listening\\n\"; open my $f, '>', $to or die; $f->autoflush(1);\n\
            while (my $c = $s->accept) { print $f scalar <$c>; print $c \"HTTP/1.1 200 OK\\r\\n\\r\\nthanks\"; close $c }";
        let mut command = machine.sandbox.command("perl");
        command.args(["-e", script, address, &port.to_string()]).arg(machine.sandbox.path("evil/heard"));
        let mut child = command.gid(65_534).uid(65_534).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "listening\n");
        Squatter(child)
    }
}

impl Drop for Squatter {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn port_taken_by_another_user_is_not_shared() {
    for address in ["127.0.0.1", "0.0.0.0"] {
        let Some(machine) = Machine::new() else { return };
        let port = free_port();
        let _squatter = Squatter::on(&machine, address, port);
        let words = ["login", "--no-browser", "--port", &port.to_string()];
        let mut terminal = spawn_in_terminal(machine.person_command(&words));
        let said = terminal.exp_eof().unwrap();
        assert!(
            said.contains("is taken by another program") && !said.contains("Open this address"),
            "{said}"
        );
        ends_with(&terminal, 1);
        // and the port of a listening login can't be shared
        let port = free_port();
        let mut terminal = spawn_in_terminal(machine.person_command(&[
            "login",
            "--no-browser",
            "--port",
            &port.to_string(),
        ]));
        terminal.exp_string("Paste the address: ").unwrap();
        assert!(TcpListener::bind((address, port)).is_err());
        terminal.send_control('c').unwrap();
        terminal.exp_eof().unwrap();
    }
}

#[test]
fn intercepted_code_is_useless_without_the_verifier() {
    let Some(machine) = Machine::new() else { return };
    let port = free_port();
    // between the two steps the port is free for another user
    let _squatter = Squatter::on(&machine, "127.0.0.1", port);
    let url = machine.person(&["login", "--start", "--port", &port.to_string()]).run().success().stdout;
    let answer = machine.google.approve(url.trim(), ADA);
    machine.google.visit(&answer);
    let heard = std::fs::read_to_string(machine.sandbox.path("evil/heard")).unwrap();
    let answer = url::Url::parse(&answer).unwrap();
    assert!(heard.contains(answer.query().unwrap()), "the attack did not work: {heard}");
    // the attacker has code, client and redirect, and lacks the verifier
    let code = answer.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let redirect = format!("http://127.0.0.1:{port}/");
    for verifier in [None, Some("x".repeat(43))] {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("redirect_uri", &redirect),
        ];
        form.extend(verifier.as_deref().map(|verifier| ("code_verifier", verifier)));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut stream =
            TcpStream::connect(machine.google.http_base().trim_start_matches("http://")).unwrap();
        let head = "POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\n";
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("invalid_grant"), "{answer}");
    }
    assert_eq!(machine.google.valid_tokens(ADA).len(), 0);
    // nor can the attacker finish the user's login: its file can't be read
    let state = machine.sandbox.home().join(".local/state");
    let run = machine.attacker(&format!(
        "XDG_STATE_HOME={} HOME=\"$1/evil\" XDG_DATA_HOME=\"$1/evil/data\" XDG_CONFIG_HOME=\"$1/evil/config\" \
         XDG_CACHE_HOME=\"$1/evil/cache\" \"$1/bin/bqcred\" login --finish '{answer}' || echo \"ended with $?\"",
        state.display()
    ));
    assert!(["ended with 3\n", "ended with 6\n"].contains(&run.stdout.as_str()), "{run:?}");
}

#[test]
fn concurrent_finishes_use_the_code_once() {
    let Some(machine) = Machine::new() else { return };
    let url = machine.person(&["login", "--start"]).run().success().stdout;
    let answer = machine.google.approve(url.trim(), ADA);
    machine.google.take_requests();
    let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
        let finish = || machine.person(&["login", "--finish", "-"]).stdin(&answer).run().code;
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(finish)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Some(3)).count(), 5, "{codes:?}");
    let exchanges = machine.google.take_requests();
    assert_eq!(exchanges.iter().filter(|request| request.path == "/token").count(), 1);
}

#[test]
fn answer_with_a_wrong_state_is_refused() {
    let Some(machine) = Machine::new() else { return };
    let mut terminal = spawn_in_terminal(machine.person_command(&["login", "--no-browser", ADA]));
    let said = terminal.exp_string("Paste the address: ").unwrap();
    let url = said.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    let theirs = url::Url::parse(&url).unwrap();
    let of = |name: &str| theirs.query_pairs().find(|(it, _)| it == name).unwrap().1.into_owned();
    let (state, redirect) = (of("state"), of("redirect_uri"));
    // a code of the attacker's own login, with a state that was guessed
    machine.google.try_visit(&format!("{redirect}?state=guessed&code=4/0mallorys-code")).unwrap();
    // an attacker who saw the address (it is the browser's argument) knows the state, and can sign in as themselves
    let forged = machine.google.approve(&url, MALLORY);
    assert!(forged.contains(&state));
    machine.google.visit(&forged);
    let said = terminal.exp_eof().unwrap();
    assert!(said.contains("you signed in as mallory@example.com, not as ada@example.com"), "{said}");
    ends_with(&terminal, 4);
    assert!(!machine.sandbox.adc("default").exists());

    // a code for another challenge than the user's
    let url = machine.person(&["login", "--start"]).run().success().stdout;
    let challenge = url::Url::parse(url.trim()).unwrap();
    let challenge = challenge.query_pairs().find(|(it, _)| it == "code_challenge").unwrap().1.into_owned();
    let forged = machine.google.approve(&url.trim().replace(&challenge, &"A".repeat(43)), MALLORY);
    machine.person(&["login", "--finish", "-"]).stdin(&forged).run().fails(4).says("did not accept the code");
    // a wrong code stays wrong, and can't close the sign-in to the user's own answer
    machine.person(&["login", "--finish", "-"]).stdin(&forged).run().fails(4).says("did not accept the code");
    assert!(!machine.sandbox.adc("default").exists());
    let own = machine.google.approve(url.trim(), ADA);
    machine.person(&["login", "--finish", "-"]).stdin(&own).run().success();
}

#[test]
fn connection_flood_does_not_block_sign_in() {
    let Some(machine) = Machine::new() else { return };
    let mut terminal = spawn_in_terminal(machine.person_command(&["login", "--no-browser"]));
    let said = terminal.exp_string("Paste the address: ").unwrap();
    let url = said.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    let answer = machine.google.approve(&url, ADA);
    let port = url::Url::parse(&answer).unwrap().port().unwrap();
    let held: Vec<_> = (0..300).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    // the listener gives each ten seconds
    let ends = std::time::Instant::now() + Duration::from_secs(60);
    while machine.google.try_visit(&answer).is_err() {
        assert!(std::time::Instant::now() < ends, "nobody else gets through");
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(held);
    let said = terminal.exp_eof().unwrap();
    assert!(said.contains("signed in as ada@example.com"), "{said}");
}
