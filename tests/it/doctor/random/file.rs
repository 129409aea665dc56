//! Random credential files.

use serde_json::{Value, json};

use super::super::scene::{ADA, BOB, SCOPES, Scene};
use super::dice::Dice;
use crate::double::CLIENT_ID;

type Make = fn(&mut Dice, &mut Scene) -> Vec<u8>;

/// The content of a credential file, in any state.
pub fn content(dice: &mut Dice, scene: &mut Scene) -> Vec<u8> {
    let make: Make = dice.weighted(&[
        (30, "a user's file", |dice, scene| user(dice, scene).to_string().into()),
        (20, "a user's file, changed", changed_user),
        (20, "a user's file in odd JSON", odd_json),
        (14, "a service account key", service_account),
        (8, "another provider's", other_provider),
        (8, "no credential", none),
    ]);
    make(dice, scene)
}

fn user(dice: &mut Dice, scene: &Scene) -> Value {
    let who = dice.pick(&[ADA, ADA, BOB]);
    dice.say(who);
    scene.user(who)
}

fn changed_user(dice: &mut Dice, scene: &mut Scene) -> Vec<u8> {
    let mut file = user(dice, scene);
    let token = scene.google.access_token(dice.pick(&[ADA, BOB]), CLIENT_ID, SCOPES);
    let bigquery = "https://www.googleapis.com/auth/bigquery";
    let (key, value) = dice.pick(&[
        ("refresh_token", Some(json!(""))),
        ("refresh_token", Some(Value::Null)),
        ("refresh_token", Some(json!(5))),
        ("refresh_token", Some(json!("1//0gone"))),
        ("refresh_token", None),
        ("client_id", None),
        ("client_id", Some(json!("nobody"))),
        ("client_secret", None),
        ("client_secret", Some(json!(""))),
        ("type", None),
        ("type", Some(Value::Null)),
        ("type", Some(json!(["authorized_user"]))),
        ("type", Some(json!("Authorized_User"))),
        ("universe_domain", Some(json!("example.goog"))),
        ("universe_domain", Some(json!(""))),
        ("universe_domain", Some(json!(5))),
        ("universe_domain", None),
        ("quota_project_id", Some(json!("q1"))),
        ("quota_project_id", Some(json!(""))),
        ("scopes", Some(json!(["https://www.googleapis.com/auth/drive"]))),
        ("scopes", Some(json!([bigquery]))),
        ("scopes", Some(json!(bigquery))),
        ("scopes", Some(json!([]))),
        ("account", Some(json!("zoe@example.com"))),
        ("token_uri", Some(json!("https://oauth2.googleapis.com/other"))),
        ("expiry", Some(json!("2099-01-01T00:00:00Z"))),
        ("expiry", Some(json!("tomorrow"))),
        ("expiry", Some(json!(5))),
        ("expiry", Some(json!(false))),
        ("access_token", Some(json!("ya29.none"))),
    ]);
    dice.say(format!("{key} = {value:?}"));
    match value {
        Some(value) => file[key] = value,
        None => drop(file.as_object_mut().unwrap().remove(key)),
    }
    if dice.chance(20) {
        dice.say("with an access token");
        file["token"] = dice.pick(&[json!(token), json!("ya29.unknown"), Value::Null]);
        file["expiry"] =
            dice.pick(&["2099-01-01T00:00:00Z", "2099-01-01T00:00:00.5Z", "2001-01-01T00:00:00Z"]).into();
    }
    file.to_string().into()
}

/// What some parsers accept and others don't, and what they read differently.
fn odd_json(dice: &mut Dice, scene: &mut Scene) -> Vec<u8> {
    let text = user(dice, scene).to_string();
    let inside = text.strip_prefix('{').unwrap();
    let with = |value: &str| format!("{{\"x\":{value},{inside}").into_bytes();
    let first = |members: &str| format!("{{{members},{inside}").into_bytes();
    let last = |members: &str| format!("{},{members}}}", text.strip_suffix('}').unwrap()).into_bytes();
    let other = scene.user(BOB);
    let (name, bytes): (&str, Vec<u8>) = match dice.pick(&(0..25).collect::<Vec<_>>()) {
        0 => ("NaN", with("NaN")),
        1 => ("Infinity", with("[Infinity]")),
        2 => ("1e999", with("1e999")),
        3 => ("5000 digits", with(&"9".repeat(5000))),
        4 => ("a lone surrogate", with("\"\\ud800\"")),
        5 => ("a lone surrogate in the token", last("\"refresh_token\":\"1//0\\udc00\"")),
        6 => ("200 lists", with(&nested(200))),
        7 => ("2500 lists", with(&nested(2500))),
        8 => ("20000 lists", with(&nested(20_000))),
        9 => ("2 MiB", with(&format!("\"{}\"", "a".repeat(2 << 20)))),
        10 => ("a type before", first("\"type\":\"service_account\"")),
        11 => ("a type after", last("\"type\":\"service_account\"")),
        12 => ("a token before", first(&format!("\"refresh_token\":{}", other["refresh_token"]))),
        13 => ("a token after", last("\"refresh_token\":\"1//0gone\"")),
        14 => ("a byte order mark", format!("\u{feff}{text}").into_bytes()),
        15 => (
            "UTF-16",
            [&[0xff, 0xfe], &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()[..]].concat(),
        ),
        16 => ("a comment", format!("// mine\n{text}").into_bytes()),
        17 => ("a comment inside", with("1 /* mine */")),
        18 => ("a comma too many", format!("{},}}", text.strip_suffix('}').unwrap()).into_bytes()),
        19 => ("something behind", format!("{text} x").into_bytes()),
        20 => ("no UTF-8", [&with("\"")[..6], b"\xff\",", inside.as_bytes()].concat()),
        21 => ("a form feed before", format!("\x0c{text}").into_bytes()),
        22 => ("a tab in a text", with("\"a\tb\"")),
        23 => ("a longer key", text.replace("\"refresh_token\"", "\"refresh_token_of_mine\"").into_bytes()),
        _ => ("a key in capitals", text.replace("\"type\"", "\"TYPE\"").into_bytes()),
    };
    dice.say(name);
    bytes
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

fn service_account(dice: &mut Dice, scene: &mut Scene) -> Vec<u8> {
    let mut key = scene.service_account();
    let text = key["private_key"].as_str().unwrap().to_owned();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let (name, private_key) = match dice.pick(&(0..20).collect::<Vec<_>>()) {
        0 => ("no key", json!("x")),
        1 => ("an empty key", json!("")),
        2 => ("half a key", json!(text.replace(&body[200..264], ""))),
        3 => ("a key without its end", json!(text.replace("-----END PRIVATE KEY-----", ""))),
        4 => ("a key on one line", json!(text.replace('\n', ""))),
        5 => ("a key with \\n in it", json!(text.replace('\n', "\\n"))),
        6 => ("a key with CRLF", json!(text.replace('\n', "\r\n"))),
        7 => ("a key behind a blank", json!(format!(" {text}"))),
        8 => ("a key under another label", json!(text.replace("PRIVATE KEY", "RSA PRIVATE KEY"))),
        9 => ("a key of another kind", json!(EC_KEY)),
        10 => ("a key that is null", Value::Null),
        11 => ("a key that is a number", json!(5)),
        _ => ("its own key", json!(text)),
    };
    dice.say(name);
    key["private_key"] = private_key;
    match dice.pick(&(0..12).collect::<Vec<_>>()) {
        0 => drop(key.as_object_mut().unwrap().remove("client_email")),
        1 => drop(key.as_object_mut().unwrap().remove("token_uri")),
        2 => drop(key.as_object_mut().unwrap().remove("private_key")),
        3 => drop(key.as_object_mut().unwrap().remove("project_id")),
        4 => key["quota_project_id"] = json!("q1"),
        _ => {}
    }
    key.to_string().into()
}

/// P-256, made for this test.
const EC_KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgplmGVj+bU8sVgoPC
7cz6C07LLMYjXu5tqMs9+5aYsNKhRANCAARKmDm4ULvqrUwwQ9+T7/w6bAUfVg4a
DKYUsSqKtkp+7TQPjWd7RdZX3qarALBk4dSKsumz34et3G913XVEncri
-----END PRIVATE KEY-----
";

fn other_provider(dice: &mut Dice, scene: &mut Scene) -> Vec<u8> {
    let token_file = scene.file("token-of-another-provider", "a-token");
    let audience = "//iam.googleapis.com/locations/global/workforcePools/pool/providers/p";
    let mut file = match dice.pick(&[0, 1, 2, 3]) {
        0 => json!({
            "type": "external_account", "audience": audience, "token_url": "https://sts.googleapis.com/v1/token",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "credential_source": {"file": token_file},
        }),
        1 => json!({
            "type": "external_account_authorized_user", "audience": audience, "client_id": "i",
            "client_secret": "s", "refresh_token": "federated-1",
            "token_url": "https://sts.googleapis.com/v1/oauthtoken",
            "token_info_url": "https://sts.googleapis.com/v1/introspect",
        }),
        2 => json!({
            "type": "impersonated_service_account", "source_credentials": scene.user(ADA),
            "service_account_impersonation_url": format!(
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{IMPERSONATED}:generateAccessToken"),
        }),
        _ => json!({"type": "gdch_service_account", "format_version": "1", "project": "p"}),
    };
    dice.say(file["type"].as_str().unwrap());
    let (key, value) = dice.pick(&[
        ("", Value::Null),
        ("", Value::Null),
        ("", Value::Null),
        ("audience", Value::Null),
        ("refresh_token", Value::Null),
        ("credential_source", json!({"file": "/nowhere/token"})),
        ("source_credentials", json!({"type": "authorized_user"})),
        ("source_credentials", json!({"type": "something"})),
        ("source_credentials", json!({
            "type": "authorized_user", "client_id": CLIENT_ID, "client_secret": "s", "refresh_token": "1//0gone"
        })),
        ("service_account_impersonation_url", json!("https://iamcredentials.googleapis.com/v1")),
    ]);
    if file.get(key).is_some() {
        dice.say(format!("{key} = {value}"));
        file[key] = value;
    }
    file.to_string().into()
}

const IMPERSONATED: &str = "robot@p-robot.iam.gserviceaccount.com";

fn none(dice: &mut Dice, scene: &mut Scene) -> Vec<u8> {
    let client = scene.google.google_client_json();
    let choices = [
        "",
        " \n",
        "{",
        "[]",
        "[1]",
        "{}",
        "null",
        "5",
        "\"authorized_user\"",
        "\0",
        client.as_str(),
        "{\"type\":\"new\"}",
    ];
    let text = dice.pick(&choices);
    dice.say(text.get(..20).unwrap_or(text));
    text.into()
}

/// A cached sign-in of a library's own.
pub fn cache(dice: &mut Dice, scene: &mut Scene) -> Vec<u8> {
    let who = dice.pick(&[ADA, BOB]);
    let mut cache = scene.cache(who);
    let what = dice.weighted(&[
        (50, "valid", 0),
        (8, "without token_uri", 1),
        (8, "without type", 2),
        (8, "without refresh_token", 3),
        (8, "with an access token", 4),
        (8, "that is over", 5),
        (5, "that is no JSON", 6),
        (5, "that is a list", 7),
        (5, "with other scopes", 8),
        (5, "nested 2500 times", 9),
    ]);
    let object = cache.as_object_mut().unwrap();
    match what {
        1 => drop(object.remove("token_uri")),
        2 => drop(object.remove("type")),
        3 => drop(object.remove("refresh_token")),
        4 => drop(
            object.insert("access_token".into(), scene.google.access_token(BOB, CLIENT_ID, SCOPES).into()),
        ),
        5 => drop(object.insert("refresh_token".into(), "1//0gone".into())),
        6 => return b"{".into(),
        7 => return b"[]".into(),
        8 => drop(object.insert("scopes".into(), json!(["https://www.googleapis.com/auth/drive"]))),
        9 => return nested(2500).into(),
        _ => {}
    }
    dice.say(who);
    cache.to_string().into()
}
