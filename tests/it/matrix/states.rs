//! The states of the matrix.

use super::world::{ADA, Answer, BOB, Leniency, Mount, READER, World};
use crate::common::{Endpoint, Script, set_mode};
use crate::double::{CLIENT_ID, CLIENT_SECRET, OTHER_CLIENT_ID, SIBLING_CLIENT_ID};

/// A state under its name; `None` where this machine can't have it.
pub struct State {
    pub name: &'static str,
    pub make: fn() -> Option<World>,
}

macro_rules! states {
    ($($name:literal: $make:expr;)*) => {
        &[$(State { name: $name, make: $make },)*]
    };
}

pub static STATES: &[State] = states! {
    "nothing": || Some(World::new());
    "nothing, no client": || {
        let world = World::new();
        std::fs::remove_file(world.sandbox().config().join("client.json")).unwrap();
        Some(world)
    };
    "valid": || Some(ada());
    "no project": || {
        let world = World::new();
        world.login(ADA, &[]);
        Some(world)
    };
    "says unknown; valid": || recorded("unknown");
    "says unknown; revoked": || { let world = recorded("unknown")?; world.google.revoke_grant(ADA); Some(world) };
    "says unknown; 503": || recorded("unknown").map(|world| answering(world, Script::Unavailable(503)));
    "says valid; revoked": || { let world = recorded("valid")?; world.google.revoke_grant(ADA); Some(world) };
    "says valid; reauth": || { let world = recorded("valid")?; world.google.require_reauth(ADA); Some(world) };
    "says valid; client deleted": || { let world = recorded("valid")?; delete_client(&world); Some(world) };
    "says valid; client disabled": || {
        let world = recorded("valid")?;
        world.google.refuse_client(CLIENT_ID, "disabled_client");
        Some(world)
    };
    "says valid; policy": || {
        recorded("valid").map(|world| token_answering(world, Script::refuse("admin_policy_enforced")))
    };
    "says valid; 503": || recorded("valid").map(|world| answering(world, Script::Unavailable(503)));
    "says valid; page": || recorded("valid").map(|world| answering(world, Script::Html200));
    "says valid; refused": || recorded("valid").map(nobody_listens);
    "says valid; revocation unanswered": || {
        let mut world = recorded("valid")?;
        world.answers = vec![Answer::First(Endpoint::Revoke, Script::LoseAnswer)];
        Some(world)
    };
    "says valid; revocation never answered": || {
        let mut world = recorded("valid")?;
        world.answers = vec![Answer::Always(Endpoint::Revoke, Script::LoseAnswer)];
        Some(world)
    };
    "says valid; revocation 503": || {
        let mut world = recorded("valid")?;
        world.answers = vec![Answer::Always(Endpoint::Revoke, Script::Unavailable(503))];
        Some(world)
    };
    "says valid; revocation without effect": || {
        let mut world = recorded("valid")?;
        let done = Script::Body("application/json".to_owned(), "{}".to_owned());
        world.answers = vec![Answer::Always(Endpoint::Revoke, done)];
        Some(world)
    };
    "says reauth; reauth": || { let world = recorded("reauth_required")?; world.google.require_reauth(ADA); Some(world) };
    "says reauth; valid": || wrong("reauth_required");
    "says reauth; revoked": || { let world = recorded("reauth_required")?; world.google.revoke_grant(ADA); Some(world) };
    "says reauth; 503": || {
        let world = recorded("reauth_required")?;
        world.google.require_reauth(ADA);
        Some(answering(world, Script::Unavailable(503)))
    };
    "says revoked elsewhere; revoked": || { let world = recorded("revoked elsewhere")?; world.google.revoke_grant(ADA); Some(world) };
    "says revoked elsewhere; valid": || wrong("revoked elsewhere");
    "says revoked elsewhere; refused": || {
        let world = recorded("revoked elsewhere")?;
        world.google.revoke_grant(ADA);
        Some(nobody_listens(world))
    };
    "says revoked here; revoked": || { let world = recorded("revoked here")?; world.google.revoke_grant(ADA); Some(world) };
    "says revoked here; valid": || wrong("revoked here");
    "says expired; expired": || {
        let world = recorded("expired")?;
        world.google.revoke_grant(ADA);
        world.edit("default", |value| value["refresh_token_expires"] = "2026-09-20T00:00:00Z".into());
        Some(world)
    };
    "says valid; expired": || {
        let world = World::new();
        world.google.set_refresh_token_expires_in(Some(3600));
        world.login(ADA, &["--project", "p1"]);
        world.google.set_refresh_token_expires_in(None);
        world.google.advance(std::time::Duration::from_secs(7200));
        world.edit("default", |value| value["refresh_token_expires"] = "2026-09-20T00:00:00Z".into());
        Some(world)
    };
    "says client deleted; deleted": || { let world = recorded("client_deleted")?; delete_client(&world); Some(world) };
    "says client deleted; valid": || wrong("client_deleted");
    "says client deleted; page": || {
        let world = recorded("client_deleted")?;
        delete_client(&world);
        Some(answering(world, Script::Html200))
    };
    "pending login": || pending(ada(), "login", &[]);
    "pending login, nothing else": || pending(World::new(), "login", &[]);
    "pending login of bob": || pending(ada(), "login", &[BOB]);
    "pending rotation": || pending(ada(), "rotate", &["--yes"]);
    "pending rotation, old one kept": || pending(ada(), "rotate", &["--keep-old"]);
    "pending rotation, sibling": || {
        let world = ada();
        world.login(ADA, &["--profile", "work"]);
        pending(world, "rotate", &["--yes"])
    };
    "rotation killed before the revocation": || {
        let world = ada();
        world.edit("default", |value| value["rotation"] = serde_json::json!({"since": "2026-09-21T14:13:20Z"}));
        Some(world)
    };
    "rotation killed after the revocation": || {
        let world = ada();
        world.edit("default", |value| value["rotation"] = serde_json::json!({"since": "2026-09-21T14:13:20Z"}));
        world.google.revoke_grant(ADA);
        Some(world)
    };
    "login as bob killed before profile.json": || half_written(true);
    "login as bob killed before adc.json": || half_written(false);
    "first login killed before profile.json": || {
        let world = ada();
        let path = world.profile_json("default");
        std::fs::rename(&path, path.with_extension("json.next")).unwrap();
        Some(world)
    };
    "server without revocation": || {
        let world = ada();
        world.edit("default", |value| drop(value["endpoints"].as_object_mut().unwrap().remove("revoke_uri")));
        Some(world)
    };
    "server that replaces refresh tokens": || {
        let world = ada();
        world.google.rotate_on_refresh(true);
        Some(world)
    };
    "server names bob at a refresh": || {
        let mut world = ada();
        world.google.claim_email(Some(BOB));
        world.lenient.account_is_wrong = true;
        Some(world)
    };
    "profile.json missing": || {
        let world = ada();
        std::fs::remove_file(world.profile_json("default")).unwrap();
        Some(google_answers(world))
    };
    "profile.json damaged": || {
        let world = ada();
        world.put(&world.profile_json("default"), "{\"account\": ");
        Some(world)
    };
    "profile.json of another user": || {
        let mut world = ada();
        world.strangers.push(world.profile_json("default"));
        root(world)
    };
    "profile.json 0644": || { let world = ada(); set_mode(&world.profile_json("default"), 0o644); Some(world) };
    "profile.json 0666": || { let world = ada(); set_mode(&world.profile_json("default"), 0o666); Some(world) };
    "profile.json a link": || { let world = ada(); link(&world.profile_json("default")); Some(world) };
    "adc.json missing": || { let world = ada(); std::fs::remove_file(world.sandbox().adc("default")).unwrap(); Some(world) };
    "adc.json damaged": || { let world = ada(); world.put(&world.sandbox().adc("default"), "{\"type\": "); Some(world) };
    "adc.json empty": || { let world = ada(); world.put(&world.sandbox().adc("default"), ""); Some(world) };
    "adc.json of another user": || {
        let mut world = ada();
        world.strangers.push(world.sandbox().adc("default"));
        root(world)
    };
    "adc.json 0644": || { let world = ada(); set_mode(&world.sandbox().adc("default"), 0o644); Some(world) };
    "adc.json a link": || { let world = ada(); link(&world.sandbox().adc("default")); Some(world) };
    "adc.json of bob, by another program": || {
        let world = ada();
        let credential = world.credential(BOB, CLIENT_ID);
        world.put(&world.sandbox().adc("default"), credential);
        Some(world)
    };
    "profile folder 0755": || { let world = ada(); set_mode(&world.sandbox().data("default"), 0o755); Some(world) };
    "profile folder 0777": || { let world = ada(); set_mode(&world.sandbox().data("default"), 0o777); Some(world) };
    "settings damaged": || { let world = ada(); world.put(&world.sandbox().config().join("config.json"), "{"); Some(world) };
    "settings of another user": || {
        let mut world = ada();
        let settings = world.sandbox().config().join("config.json");
        world.put(&settings, "{}");
        world.strangers.push(settings);
        root(world)
    };
    "current profile is gone": || {
        let world = ada();
        world.put(&world.sandbox().config().join("config.json"), "{\"profile\": \"other\"}");
        Some(world)
    };
    "BQCRED_PROFILE is gone": || {
        let mut world = ada();
        world.env.push(("BQCRED_PROFILE".to_owned(), "other".to_owned()));
        Some(world)
    };
    "client file damaged": || { let world = ada(); world.put(&world.sandbox().config().join("client.json"), "{"); Some(world) };
    "read-only home": || mounted(Mount::ReadOnly);
    "full disk": || mounted(Mount::Full);
    "state folder is a file": || {
        let world = ada();
        let state = world.sandbox().home().join(".local/state/bqcred");
        std::fs::remove_dir_all(&state).unwrap();
        world.put(&state, "");
        Some(world)
    };
    "sibling": || with_other(ADA, &[]);
    "sibling of another client": || {
        let world = ada();
        let client = world.work("sibling.json", &world.google.client_json_of(SIBLING_CLIENT_ID));
        world.login(ADA, &["--profile", "work", "--client-id-file", &client]);
        Some(world)
    };
    "same account, another project": || {
        let world = ada();
        let client = world.work("other.json", &world.google.client_json_of(OTHER_CLIENT_ID));
        world.login(ADA, &["--profile", "work", "--client-id-file", &client]);
        Some(world)
    };
    "sibling, revocation unanswered": || {
        let mut world = with_other(ADA, &[])?;
        world.answers = vec![Answer::First(Endpoint::Revoke, Script::LoseAnswer)];
        Some(world)
    };
    "sibling, both revoked": || {
        let world = with_other(ADA, &[])?;
        world.google.revoke_grant(ADA);
        Some(world)
    };
    "bob beside": || with_other(BOB, &[]);
    "imported": || {
        let world = World::new();
        let file = world.work("given.json", &world.credential(ADA, CLIENT_ID));
        world.bqcred(&["import", &file, "--project", "p1"]).run().success();
        Some(world)
    };
    "imported, acting as a service account": || Some(acting());
    "imported, account wrong": || {
        let mut world = World::new();
        let credential = world.credential(ADA, CLIENT_ID).replace(ADA, BOB);
        let file = world.work("given.json", &credential);
        world.google.script_always(Endpoint::Token, Script::Unavailable(503));
        world.bqcred(&["import", &file, "--project", "p1"]).run().success();
        world.google.clear_scripts();
        world.lenient.account_is_wrong = true;
        Some(world)
    };
    "imported from gcloud": || {
        let mut world = World::new();
        let id = "764086051850-double.apps.googleusercontent.com";
        world.google.add_client(id, crate::double::CLIENT_SECRET, &[]);
        world.env.extend(world.google.env());
        let gcloud = world.sandbox().home().join(".config/gcloud/application_default_credentials.json");
        let credential = world.credential(ADA, id).replace(ADA, "");
        world.put(&gcloud, credential);
        world.bqcred(&["import", "--from", "gcloud", "--project", "p1"]).run().success();
        Some(world)
    };
    "gcloud's file of the same grant": || {
        let world = ada();
        let gcloud = world.sandbox().home().join(".config/gcloud/application_default_credentials.json");
        let credential = world.credential(ADA, CLIENT_ID);
        world.put(&gcloud, credential);
        Some(world)
    };
    "gcloud's file of bob, unnamed": || {
        let world = ada();
        let gcloud = world.sandbox().home().join(".config/gcloud/application_default_credentials.json");
        let credential = world.credential(BOB, CLIENT_ID).replace(BOB, "");
        world.put(&gcloud, credential);
        Some(world)
    };
    "exported to gcloud's place": || {
        let world = ada();
        world.bqcred(&["export", "--well-known"]).run().success();
        Some(world)
    };
    "kernel installed": || {
        let world = ada();
        world.sandbox().add_jupyter();
        let kernel = "{\n \"argv\": [\"python\", \"-m\", \"ipykernel_launcher\", \"-f\", \"{connection_file}\"],\n \"display_name\": \"Python 3\",\n \"language\": \"python\"\n}";
        world.sandbox().write("venv/share/jupyter/kernels/python3/kernel.json", kernel);
        world.bqcred(&["kernel", "install", "python3"]).run().success();
        Some(world)
    };
};

/// Ada has signed in and used the credential.
pub fn ada() -> World {
    let world = World::new();
    world.login(ADA, &["--project", "p1"]);
    world.bqcred(&["token"]).run().success();
    world
}

/// Ada acts as a service account, by a file of gcloud's: at Google's own addresses, as no other server knows it.
fn acting() -> World {
    let mut world = World::new();
    world.env.extend(world.google.env());
    let client = world.work("client.json", &world.google.google_client_json());
    world.bqcred(&["client", "set", &client]).run().success();
    world.google.allow_impersonation(ADA, READER);
    let token = world.google.grant(ADA, CLIENT_ID, &["openid", "userinfo.email", "cloud-platform"]);
    let user = serde_json::json!({
        "account": "", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": token,
        "type": "authorized_user",
    });
    let file = serde_json::json!({
        "delegates": [], "source_credentials": user, "type": "impersonated_service_account",
        "service_account_impersonation_url": format!(
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{READER}:generateAccessToken"
        ),
    });
    let given = world.work("given.json", &file.to_string());
    world.bqcred(&["import", &given, "--project", "p1"]).run().success();
    world
}

/// The same, and profile.json says this of the state.
fn recorded(state: &str) -> Option<World> {
    let world = ada();
    world.record("default", state);
    Some(world)
}

/// The same, where the credential is valid all the same.
fn wrong(state: &str) -> Option<World> {
    let mut world = recorded(state)?;
    world.lenient = Leniency { record_is_wrong: true, ..Leniency::default() };
    Some(world)
}

fn delete_client(world: &World) {
    world.google.refuse_client(CLIENT_ID, "deleted_client");
}

/// All endpoints answer this.
fn answering(mut world: World, script: Script) -> World {
    let all = [Endpoint::Token, Endpoint::Revoke, Endpoint::Tokeninfo];
    world.answers = all.map(|endpoint| Answer::Always(endpoint, script.clone())).into();
    world
}

fn token_answering(mut world: World, script: Script) -> World {
    world.answers = vec![Answer::Always(Endpoint::Token, script)];
    world
}

/// The server's addresses refuse every connection.
fn nobody_listens(world: World) -> World {
    let base = world.google.http_base();
    let closed = |text: String| text.replace(&base, "http://127.0.0.1:1");
    for path in [world.profile_json("default"), world.sandbox().config().join("client.json")] {
        let text = std::fs::read_to_string(&path).unwrap();
        world.put(&path, closed(text));
    }
    world
}

/// Without profile.json the addresses are Google's own.
fn google_answers(mut world: World) -> World {
    world.env.extend(world.google.env());
    world
}

fn pending(mut world: World, command: &str, extra: &[&str]) -> Option<World> {
    world.pending_url = Some(world.start(command, extra));
    Some(world)
}

/// Ada's profile, over which bob's sign-in was killed between two writes.
fn half_written(has_new_secret: bool) -> Option<World> {
    let world = ada();
    let (known, adc) = (world.profile_json("default"), world.sandbox().adc("default"));
    let (old_known, old_adc) = (std::fs::read(&known).unwrap(), std::fs::read(&adc).unwrap());
    world.login(BOB, &["--project", "p1"]);
    world.put(&known.with_extension("json.next"), std::fs::read(&known).unwrap());
    world.put(&known, old_known);
    if !has_new_secret {
        world.put(&adc, old_adc);
    }
    Some(world)
}

fn with_other(who: &str, extra: &[&str]) -> Option<World> {
    let world = ada();
    world.login(who, &[&["--profile", "work", "--project", "p1"], extra].concat());
    Some(world)
}

fn mounted(mount: Mount) -> Option<World> {
    let mut world = ada();
    world.mount = mount;
    world.can_mount().then_some(world)
}

/// Only root can give files away.
fn root(world: World) -> Option<World> {
    rustix::process::geteuid().is_root().then_some(world)
}

/// The file is a link to where its content is now.
fn link(path: &std::path::Path) {
    let elsewhere = path.with_extension("elsewhere");
    std::fs::rename(path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(elsewhere, path).unwrap();
}
