//! What the families have in common: from a file's content, and from the VM, to an identity.

use std::path::Path;

use crate::doctor::facts::Surroundings;
use crate::doctor::facts::credential_file::{FileKind, FileState, Holds, UserFile};
use crate::doctor::facts::validity::Life;
use crate::doctor::prediction::identity::{Identity, Problem};
use crate::doctor::prediction::steps::Trace;
use crate::handover::variables::ADC;
use crate::oauth::Transport;
use crate::oauth::scopes;

/// Where google-auth, Go, Java and Node differ in reading a file.
#[derive(Clone, Copy)]
pub(crate) struct Reader {
    /// A `scopes` key is sent with each refresh, and an access token in the file is used.
    pub(crate) python: bool,
    /// It is a cache of pydata-google-auth, which has the same keys, and others for the access token.
    pub(crate) cache: bool,
}

/// Whom a file that is there makes of a library that believes it.
pub(crate) fn identity(s: &Surroundings, trace: &mut Trace, path: &Path, reader: Reader) -> Identity {
    let state = s.file(path);
    trace.file(path);
    let shown = path.display();
    let mut fail = |what: String, problem: Problem| trace.decided(what, Identity::Fails(problem));
    let holds = match &*state {
        FileState::Missing => return fail(format!("{shown} does not exist"), Problem::FileMissing),
        FileState::NotAFile => return fail(format!("{shown} is no file"), Problem::NotAFile),
        FileState::Unreadable => return fail(format!("{shown} may not be read"), Problem::Unreadable),
        FileState::NotJson => return fail(format!("{shown} is not JSON"), Problem::NotJson),
        FileState::NotAnObject => {
            return fail(format!("{shown} holds no JSON object"), Problem::NotAnObject);
        }
        FileState::Holds(holds) => holds,
    };
    match &holds.kind {
        FileKind::User(user) if user.typed => {
            if !user.absent.is_empty() {
                return fail(format!("{shown} lacks {}", user.absent.join(", ")), Problem::Incomplete);
            }
            self::user(s, trace, path, user, reader)
        }
        _ => other(trace, path, holds),
    }
}

/// A person's credential: alive or not.
pub(crate) fn user(
    s: &Surroundings,
    trace: &mut Trace,
    path: &Path,
    user: &UserFile,
    reader: Reader,
) -> Identity {
    let shown = path.display();
    let account = s.account(user);
    let whose = account.as_deref().unwrap_or("a person");
    let person = Identity::Person(account.clone());
    let token = if reader.cache { &user.endless_token } else { &user.token };
    if let (true, Some(token)) = (reader.python, token) {
        let account = account.or_else(|| s.lives.whose(token));
        return trace.decided(
            format!("{shown} holds an access token, which is used as long as it lasts"),
            Identity::Person(account),
        );
    }
    let mut fail = |what: String, problem: Problem| trace.decided(what, Identity::Fails(problem));
    if reader.python && !user.google_universe {
        return fail(
            format!("{shown} is of another universe, where nothing is refreshed"),
            Problem::OtherUniverse,
        );
    }
    if !user.is_whole() {
        return fail(format!("{shown} lacks something that a refresh needs"), Problem::Incomplete);
    }
    match s.lives.of(user) {
        Life::Alive { scopes: Some(granted), .. }
            if reader.python && !all_granted(user.scopes.as_deref(), &granted) =>
        {
            fail(format!("{shown} asks for scopes that were not granted"), Problem::ScopesNotGranted)
        }
        Life::Alive { .. } => trace.decided(format!("{shown} is the credential of {whose}, alive"), person),
        Life::NotAsked => {
            trace.decided(format!("{shown} is the credential of {whose}; Google was not asked"), person)
        }
        Life::Refused(code, words) => {
            fail(format!("{shown} is the credential of {whose}, but it {words}"), Problem::Refused(code))
        }
        Life::Unreachable(transport) => {
            let problem = problem(&transport);
            fail(format!("{shown} is the credential of {whose}, but {}", problem.words()), problem)
        }
    }
}

/// Why the VM's service account is none.
pub(crate) fn no_vm(s: &Surroundings, host: &str) -> String {
    let asked = if s.offline { "nobody asked whether this is a Google VM" } else { "this is no Google VM" };
    format!("{asked} ({host})")
}

/// The variable leads to a file.
pub(crate) fn named(trace: &mut Trace, path: &Path) {
    trace.passed(format!("{ADC} names {}", path.display()));
}

fn all_granted(asked: Option<&[String]>, granted: &[String]) -> bool {
    asked.is_none_or(|asked| scopes::not_granted(asked, granted).is_empty())
}

fn problem(transport: &Transport) -> Problem {
    match transport {
        Transport::Busy(_) => Problem::ServerTrouble,
        Transport::NotTheServer(status) if *status >= 400 => Problem::ServerTrouble,
        Transport::NotTheServer(_) | Transport::Malformed => Problem::NotGoogle,
        _ => Problem::Unreachable,
    }
}

/// Credentials that are not a person's. Whether they work is not asked.
fn other(trace: &mut Trace, path: &Path, holds: &Holds) -> Identity {
    let shown = path.display();
    match &holds.kind {
        FileKind::ServiceAccount { complete: false, .. } => trace.decided(
            format!("{shown} is a service account's key, but lacks a part"),
            Identity::Fails(Problem::Incomplete),
        ),
        FileKind::ServiceAccount { account, .. } => trace.decided(
            format!("{shown} is a service account's key"),
            Identity::ServiceAccount(account.clone()),
        ),
        FileKind::Impersonated(account) => trace.decided(
            format!("{shown} makes the library act as a service account"),
            Identity::ServiceAccount(account.clone()),
        ),
        FileKind::External | FileKind::ExternalUser => {
            trace.decided(format!("{shown} is a credential of another provider"), Identity::Federated)
        }
        FileKind::Client => trace.decided(
            format!("{shown} is the file of an OAuth client and no credential: `bqcred client set` takes it"),
            Identity::Fails(Problem::UnknownType),
        ),
        FileKind::User(_) | FileKind::Unknown => trace.decided(
            format!("{shown} is of no type that the library knows"),
            Identity::Fails(Problem::UnknownType),
        ),
    }
}
