use super::*;
use crate::output::error::Kind;
use crate::system::clock::Time;
use proptest::prelude::*;

const PORT: u16 = 8085;

struct Source {
    result: Result<&'static str, Error>,
    scopes: Vec<String>,
}

impl TokenSource for Source {
    fn token(&self) -> Result<AccessToken, Error> {
        let token = self.result.clone()?;
        Ok(AccessToken { token: Secret::new(token), expires: Time::now().plus(3_000) })
    }

    fn account(&self) -> &str {
        "ada@example.com"
    }

    fn scopes(&self) -> &[String] {
        &self.scopes
    }
}

fn source(result: Result<&'static str, Error>) -> Source {
    Source { result, scopes: vec!["a".to_owned(), "b".to_owned()] }
}

fn secrets() -> Secrets {
    Secrets { handle: Secret::new("handle"), path: Secret::new("path") }
}

fn ask(request: &str, source: &Source) -> String {
    String::from_utf8(respond(request.as_bytes(), PORT, &secrets(), source)).unwrap()
}

fn post(body: &str, source: &Source) -> String {
    let head = format!("POST /token HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nContent-Length: {}", body.len());
    ask(&format!("{head}\r\n\r\n{body}"), source)
}

fn get(target: &str, source: &Source) -> String {
    let fields = format!("Host: 127.0.0.1:{PORT}\r\nMetadata-Flavor: Google");
    ask(&format!("GET {target} HTTP/1.1\r\n{fields}\r\n\r\n"), source)
}

fn json(answer: &str) -> serde_json::Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn the_handle_gets_a_token() {
    let answer = post("grant_type=refresh_token&refresh_token=handle&scope=wider", &source(Ok("ya29.t")));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let token = json(&answer);
    assert_eq!((&token["access_token"], &token["token_type"]), (&"ya29.t".into(), &"Bearer".into()));
    assert_eq!(token["scope"], "a b");
    assert!((2_990..=3_000).contains(&token["expires_in"].as_u64().unwrap()), "{token}");
}

#[test]
fn a_refusal_is_in_our_words() {
    let error = Error::new(Kind::Refused, "this credential was revoked").hint("`bqcred login`\nmore");
    let answer = post("grant_type=refresh_token&refresh_token=handle", &source(Err(error)));
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert_eq!(json(&answer)["error"], "invalid_grant");
    assert_eq!(json(&answer)["error_description"], "bqcred: this credential was revoked; `bqcred login`");
    let error = Error::new(Kind::Network, "no connection");
    let answer = post("grant_type=refresh_token&refresh_token=handle", &source(Err(error)));
    assert_eq!(json(&answer)["error"], "temporarily_unavailable");
}

#[test]
fn nothing_but_the_right_secret_gets_a_token() {
    let source = source(Ok("ya29.t"));
    let requests = [
        post("grant_type=refresh_token&refresh_token=wrong", &source),
        post("grant_type=refresh_token", &source),
        post("grant_type=authorization_code&refresh_token=handle", &source),
        post("", &source),
        get("/token", &source),
        get("/wrong/computeMetadata/v1/instance/service-accounts/default/token", &source),
        get("/computeMetadata/v1/instance/service-accounts/default/token", &source),
        get("/path/computeMetadata/v1/instance/service-accounts/bob@example.com/token", &source),
        get("/path/computeMetadata/v1/project/project-id", &source),
        ask(&format!("GET /path/{TOKEN} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\r\n"), &source),
        ask(&format!("GET /path/{TOKEN} HTTP/1.1\r\nHost: evil.example:{PORT}\r\n\r\n"), &source),
    ];
    for answer in requests {
        assert!(answer.starts_with("HTTP/1.1 4") && !answer.contains("ya29"), "{answer}");
    }
}

const TOKEN: &str = "computeMetadata/v1/instance/service-accounts/default/token";

#[test]
fn gcloud_gets_a_name_of_each_broker_and_no_token() {
    let source = source(Ok("ya29.t"));
    let introspect = |path: &str, secrets: &Secrets| {
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nContent-Length: 7\r\n\r\ntoken=x");
        String::from_utf8(respond(head.as_bytes(), PORT, secrets, &source)).unwrap()
    };
    let answer = introspect("/path/introspect", &secrets());
    let name = json(&answer)["username"].as_str().unwrap().to_owned();
    assert!(json(&answer)["active"] == true && name.starts_with("bqcred-") && !name.contains("handle"));
    let another = Secrets { handle: Secret::new("another"), ..secrets() };
    assert_ne!(json(&introspect("/path/introspect", &another))["username"], name.as_str());
    assert!(introspect("/wrong/introspect", &secrets()).starts_with("HTTP/1.1 404"));
    assert!(get("/path/introspect", &source).starts_with("HTTP/1.1 404"));
}

#[test]
fn gargle_finds_the_account_and_its_token() {
    let source = source(Ok("ya29.t"));
    let ping = get("/path/", &source);
    assert!(
        ping.starts_with("HTTP/1.1 200 OK\r\n") && ping.contains("\r\nMetadata-Flavor: Google\r\n"),
        "{ping}"
    );
    assert_eq!(json(&get(&format!("/path/{TOKEN}?scopes=wider"), &source))["access_token"], "ya29.t");
    let accounts = json(&get("/path/computeMetadata/v1/instance/service-accounts?recursive=true", &source));
    assert_eq!(accounts["default"]["email"], "ada@example.com");
    assert_eq!(accounts["ada@example.com"]["scopes"], serde_json::json!(["a", "b"]));
    for (path, text) in [
        ("/", "default/\nada@example.com/\n"),
        ("/default/email", "ada@example.com"),
        ("/default/scopes", "a\nb"),
    ] {
        let answer = get(&format!("/path/computeMetadata/v1/instance/service-accounts{path}"), &source);
        assert_eq!(answer.split_once("\r\n\r\n").unwrap().1, text);
    }
}

#[test]
fn another_users_request_is_refused_after_its_secret_was_read() {
    let head =
        format!("GET /path/{TOKEN} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nMetadata-Flavor: Google\r\n\r\n");
    let refused = |bytes: &[u8]| {
        let mut refused = None;
        let _ = crate::oauth::http_server::respond(Ok(bytes), PORT, |request| {
            match judge(request, &secrets(), || false) {
                Ok(_) => panic!("answered"),
                Err((why, response)) => {
                    refused = Some(why);
                    response
                }
            }
        });
        refused.unwrap()
    };
    assert_eq!(refused(head.as_bytes()), Refused::Stranger);
    assert_eq!(refused(head.replace("/path/", "/other/").as_bytes()), Refused::Secret);
    let refusals = Refusals::default();
    assert_eq!(refusals.describe(), None);
    for why in [Refused::Secret, Refused::Stranger, Refused::Secret] {
        refusals.add(why);
    }
    assert_eq!(
        refusals.describe().unwrap(),
        "requests without a token: 1 of another user, 2 with a wrong handle or path"
    );
}

#[test]
fn this_process_is_known_to_its_own_broker() {
    let broker = Broker::bind().unwrap();
    assert_eq!(broker.knows_peers(), cfg!(target_os = "linux"));
    let address = broker.metadata_address();
    assert!(address.expose().starts_with(&format!("127.0.0.1:{}/", broker.port())));
    assert!(
        broker.secrets().handle.expose().len() >= 43 && !broker.secrets().handle.is(&broker.secrets().path)
    );
}

proptest! {
    #[test]
    fn nothing_sent_breaks_it_or_gets_a_token(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let answer = respond(&bytes, PORT, &secrets(), &source(Ok("ya29.t")));
        prop_assert!(!String::from_utf8_lossy(&answer).contains("ya29"));
    }
}
