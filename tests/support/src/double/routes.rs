//! Which host answers which path, and what is logged about every request.

use super::request::{Request, Via};
use super::response::Response;
use super::script::Endpoint;
use super::world::{World, lock};
use super::{authorize, bigquery, federation, impersonation, leaks, token, token_info};

/// Which of Google's services a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Authorize,
    Token,
    Revoke,
    Tokeninfo,
    Userinfo,
    CodePage,
    SuccessPage,
    BigQuery,
    Resources,
    Reauth,
    AllowedLocations,
    NoPool,
    Exchange,
    Impersonate,
}

/// The service of a path, and the host that has it at Google.
fn service(path: &str) -> Option<(Service, &'static [&'static str])> {
    Some(match path {
        "/o/oauth2/v2/auth" | "/o/oauth2/auth" => (Service::Authorize, &["accounts.google.com"]),
        "/token" => (Service::Token, &["oauth2.googleapis.com"]),
        "/o/oauth2/token" => (Service::Token, &["accounts.google.com"]),
        "/oauth2/v3/token" | "/oauth2/v4/token" => (Service::Token, &["www.googleapis.com"]),
        "/revoke" => (Service::Revoke, &["oauth2.googleapis.com"]),
        "/o/oauth2/revoke" => (Service::Revoke, &["accounts.google.com"]),
        "/tokeninfo" => (Service::Tokeninfo, &["oauth2.googleapis.com"]),
        "/oauth2/v1/tokeninfo" | "/oauth2/v2/tokeninfo" | "/oauth2/v3/tokeninfo" => {
            (Service::Tokeninfo, &["www.googleapis.com"])
        }
        "/oauth2/v1/userinfo" | "/oauth2/v2/userinfo" | "/oauth2/v3/userinfo" => {
            (Service::Userinfo, &["www.googleapis.com"])
        }
        "/v1/userinfo" => (Service::Userinfo, &["openidconnect.googleapis.com"]),
        "/applicationdefaultauthcode.html" | "/authcode.html" => {
            (Service::CodePage, &["sdk.cloud.google.com"])
        }
        "/sdk/auth_success" => (Service::SuccessPage, &["cloud.google.com"]),
        _ if path.starts_with("/bigquery/v2/") => {
            (Service::BigQuery, &["bigquery.googleapis.com", "www.googleapis.com"])
        }
        "/v1/token" | "/v1/oauthtoken" => (Service::Exchange, &["sts.googleapis.com"]),
        _ if path.starts_with("/v1/projects/-/serviceAccounts/")
            && path.ends_with(":generateAccessToken") =>
        {
            (Service::Impersonate, &["iamcredentials.googleapis.com"])
        }
        _ if path.starts_with("/v1/projects/-/serviceAccounts/") && path.ends_with("/allowedLocations") => {
            (Service::AllowedLocations, &["iamcredentials.googleapis.com"])
        }
        _ if path.starts_with("/v1/locations/global/workforcePools/")
            && path.ends_with("/allowedLocations") =>
        {
            (Service::NoPool, &["iamcredentials.googleapis.com"])
        }
        _ if path.starts_with("/v1/projects") || path.starts_with("/v3/projects") => {
            (Service::Resources, &["cloudresourcemanager.googleapis.com"])
        }
        _ if path.starts_with("/v2/sessions") => (Service::Reauth, &["reauth.googleapis.com"]),
        _ => return None,
    })
}

/// Answers a request as the service it belongs to, and writes it into the log.
pub fn answer(world: &World, request: &mut Request) -> Response {
    let service = service(&request.path);
    if let Some(token) = request.bearer() {
        let now = world.now();
        request.identity = lock(&world.grants).valid_access(token, now).map(|token| token.account.clone());
    }
    let response = match service {
        Some((service, hosts)) if belongs(world, request, hosts) => serve(world, service, request),
        _ => {
            world.unexpected(format!("nothing answers {:?} {}", request.via, request.line()));
            Response::html(404, "Not Found")
        }
    };
    request.status = if response.fault.is_some() { 0 } else { response.status };
    leaks::inspect(world, request);
    lock(&world.log).requests.push(request.clone());
    response
}

/// Over loopback every service is at one address; under Google's names each has its own.
fn belongs(world: &World, request: &Request, hosts: &[&str]) -> bool {
    let loopback = ["127.0.0.1", "localhost"].contains(&request.host.as_str());
    match request.via {
        Via::Http | Via::Https | Via::Browser if loopback => true,
        Via::Http => {
            world.unexpected(format!("plain http with the Host {:?}", request.host));
            false
        }
        _ => hosts.contains(&request.host.as_str()),
    }
}

fn serve(world: &World, service: Service, request: &Request) -> Response {
    match service {
        Service::Authorize => authorize::answer(world, request),
        Service::Token => world.scripted(Endpoint::Token, || token::answer(world, request)),
        Service::Revoke => world.scripted(Endpoint::Revoke, || token_info::revoke(world, request)),
        Service::Tokeninfo => world.scripted(Endpoint::Tokeninfo, || token_info::tokeninfo(world, request)),
        Service::Userinfo => world.scripted(Endpoint::Tokeninfo, || token_info::userinfo(world, request)),
        Service::CodePage => match request.param("code") {
            Some(code) => Response::html(200, &code),
            None => Response::html(400, "no code"),
        },
        Service::SuccessPage => Response::html(200, "You are now authenticated"),
        Service::BigQuery => world.scripted(Endpoint::Api, || bigquery::answer(world, request)),
        Service::Resources => world.scripted(Endpoint::Api, || bigquery::resources(world, request)),
        // where a service account may be used from: asked by google-auth before a VM's first call
        Service::AllowedLocations => {
            Response::json(200, &serde_json::json!({"locations": [], "encodedLocations": "0x0"}))
        }
        // google-auth asks the same for a workforce pool
        Service::NoPool => bigquery::error(404, "NOT_FOUND", "notFound", "The pool was not found."),
        Service::Exchange => federation::exchange(world, request),
        Service::Impersonate => world.scripted(Endpoint::Api, || impersonation::answer(world, request)),
        Service::Reauth => Response::html(403, "No challenge can be met here"),
    }
}
