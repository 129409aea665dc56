//! The metadata server of a Google VM, with a service account: the identity that libraries fall back to.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::request::{Request, Via};
use super::response::Response;
use super::script::Endpoint;
use super::server::{self, Listener};
use super::world::{World, lock};

/// The VM's service account.
pub const ACCOUNT: &str = "vm-sa@project.iam.gserviceaccount.com";
/// The VM's project.
pub const PROJECT: &str = "vm-project";

const SCOPES: &[&str] =
    &["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email"];

/// A running metadata server; ends when dropped.
pub struct Metadata {
    listener: Listener,
    world: Arc<World>,
}

impl Metadata {
    /// Starts one that belongs to this world.
    pub fn start(world: &Arc<World>) -> Self {
        let seen = Arc::clone(world);
        let listener =
            Listener::start(move |stream| server::serve_http(&seen, stream, Via::Metadata, None, &answer));
        Metadata { listener, world: Arc::clone(world) }
    }

    /// `127.0.0.1:PORT`, as the variables want it.
    pub fn host(&self) -> String {
        self.listener.address.to_string()
    }

    /// The variables by which Python, R, Go, Java, Node and gcloud find it.
    pub fn env(&self) -> Vec<(String, String)> {
        ["GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_URL", "GCE_METADATA_ROOT"]
            .map(|name| (name.to_owned(), self.host()))
            .into()
    }

    /// What was asked here.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.world.log)
            .requests
            .iter()
            .filter(|request| request.via == Via::Metadata)
            .cloned()
            .collect()
    }

    /// How many tokens of the service account were given out.
    pub fn tokens(&self) -> usize {
        self.requests()
            .iter()
            .filter(|request| request.path.ends_with("/token") && request.status == 200)
            .count()
    }
}

fn answer(world: &World, request: &mut Request) -> Response {
    let response = world.scripted(Endpoint::Metadata, || content(world, request));
    request.status = if response.fault.is_some() { 0 } else { response.status };
    super::leaks::inspect(world, request);
    lock(&world.log).requests.push(request.clone());
    response.with("Metadata-Flavor", "Google")
}

/// Without a character set, as the real one has it: google-auth 1.23 takes nothing else for JSON.
fn json_text(value: &Value) -> Response {
    Response::new(200, "application/json", value.to_string())
}

fn text(body: &str) -> Response {
    Response::new(200, "application/text", body)
}

fn content(world: &World, request: &Request) -> Response {
    if request.path == "/" {
        return text("computeMetadata/\n");
    }
    if request.header("metadata-flavor") != Some("Google") || request.header("x-forwarded-for").is_some() {
        return Response::html(403, "Missing Metadata-Flavor:Google header.");
    }
    let path = request.path.trim_start_matches("/computeMetadata/v1").trim_matches('/');
    let recursive = request.param("recursive").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    match path {
        "" => text("instance/\nproject/\nuniverse/\n"),
        "project/project-id" => text(PROJECT),
        "project/numeric-project-id" => text("210987654321"),
        "universe/universe-domain" | "universe/universe_domain" => text("googleapis.com"),
        "instance" if recursive => json_text(&json!({"id": 1, "serviceAccounts": accounts()})),
        "instance" => text("id\nname\nservice-accounts/\nzone\n"),
        "instance/id" => text("1234567890123456789"),
        "instance/name" => text("vm"),
        "instance/zone" => text("projects/210987654321/zones/europe-west3-a"),
        "instance/region" => text("projects/210987654321/regions/europe-west3"),
        "instance/service-accounts" if recursive => json_text(&accounts()),
        "instance/service-accounts" => text(&format!("default/\n{ACCOUNT}/\n")),
        _ => match path.strip_prefix("instance/service-accounts/") {
            Some(rest) => account(world, request, rest, recursive),
            None => Response::html(404, "Not Found"),
        },
    }
}

fn accounts() -> Value {
    json!({"default": one(), (ACCOUNT): one()})
}

fn one() -> Value {
    json!({"aliases": ["default"], "email": ACCOUNT, "scopes": SCOPES})
}

fn account(world: &World, request: &Request, rest: &str, recursive: bool) -> Response {
    let (name, what) = rest.split_once('/').unwrap_or((rest, ""));
    if name != "default" && name != ACCOUNT {
        return Response::html(404, "Not Found");
    }
    match what {
        "" if recursive => json_text(&one()),
        "" => text("aliases\nemail\nidentity\nscopes\ntoken\n"),
        "aliases" => text("default\n"),
        "email" => text(ACCOUNT),
        "scopes" => text(&format!("{}\n", SCOPES.join("\n"))),
        "token" => token(world, request),
        "identity" => text("e30.e30.e30"),
        _ => Response::html(404, "Not Found"),
    }
}

fn token(world: &World, request: &Request) -> Response {
    let asked = request.param("scopes").filter(|scopes| !scopes.is_empty());
    let full = |scope: &str| match scope.starts_with("https:") || !scope.contains('/') && scope == "openid" {
        true => scope.to_owned(),
        false => format!("https://www.googleapis.com/auth/{scope}"),
    };
    let scopes: Vec<String> = match asked {
        Some(list) => list.split(',').map(full).collect(),
        None => SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
    };
    let now = world.now();
    let mut grants = lock(&world.grants);
    let text = format!("ya29.vm-{}", grants.access.len());
    grants.put_access(&text, ACCOUNT, "210987654321", &scopes, now + Duration::from_secs(3599));
    json_text(&json!({"access_token": text, "expires_in": 3599, "token_type": "Bearer"}))
}
