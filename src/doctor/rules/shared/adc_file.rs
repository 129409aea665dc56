//! From a credential file to an identity, as all of Google's libraries read it.

use std::path::Path;

use crate::credential::state::CredentialState;
use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_file::FileState;
use crate::doctor::facts::credential_kind::CredentialKind;
use crate::doctor::facts::json::JsonParser;
use crate::doctor::facts::user_credential::{Expiry, UserCredential};
use crate::doctor::facts::validity::{TokenValidity, Validity};
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::shared::exported_token;
use crate::handover::variables::ADC;
use crate::oauth::{Transport, scopes};

/// Who reads the file: they differ in what they take from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdcReader {
    /// google-auth: it uses an access token in the file, and sends `scopes` with each refresh.
    GoogleAuth,
    /// pydata-google-auth with its cache: the same, but the access token has another key and no expiry.
    PydataCache,
    /// R, which uses the refresh token alone, as the following do.
    Gargle,
    /// Node.js.
    Node,
    /// Go.
    Go,
    /// Java.
    Java,
}

impl AdcReader {
    /// How it reads JSON.
    pub(crate) fn parser(self) -> JsonParser {
        match self {
            AdcReader::GoogleAuth | AdcReader::PydataCache => JsonParser::Python,
            AdcReader::Gargle => JsonParser::R,
            AdcReader::Node => JsonParser::JavaScript,
            AdcReader::Go => JsonParser::Go,
            AdcReader::Java => JsonParser::Java,
        }
    }

    fn is_python(self) -> bool {
        self.parser() == JsonParser::Python
    }
}

/// The variable names this file.
pub(crate) fn named(steps: &mut Steps, path: &Path) {
    steps.passed(format!("{ADC} names {}", path.display()));
}

/// The variable names no file.
pub(crate) fn not_named(steps: &mut Steps) {
    steps.passed(format!("{ADC} is not set"));
}

/// gcloud's own file does not exist.
pub(crate) fn no_well_known(steps: &mut Steps, path: &Path) {
    steps.passed(format!("gcloud's own file, {}, does not exist", path.display()));
}

/// The identity that the file at this path gives to a library which takes no other.
pub(crate) fn identity(facts: &Facts, steps: &mut Steps, path: &Path, reader: AdcReader) -> LibraryIdentity {
    let state = facts.file(path, reader.parser());
    steps.uses_file(path);
    let shown = path.display();
    let mut fail =
        |what: String, problem: LibraryProblem| steps.decided(what, LibraryIdentity::Fails(problem));
    let file = match &*state {
        FileState::Missing => return fail(format!("{shown} does not exist"), LibraryProblem::FileMissing),
        FileState::NotAFile => return fail(format!("{shown} is not a file"), LibraryProblem::NotAFile),
        FileState::Unreadable => return fail(format!("{shown} can't be read"), LibraryProblem::Unreadable),
        FileState::NotJson => return fail(format!("{shown} is not JSON"), LibraryProblem::NotJson),
        FileState::TooDeep => {
            let what = format!("{shown} is nested too deeply for the library");
            return fail(what, LibraryProblem::TooDeep);
        }
        FileState::NotAnObject => {
            return fail(format!("{shown} is JSON, but not an object"), LibraryProblem::NotAnObject);
        }
        FileState::Credential(file) => file,
    };
    match &file.kind {
        CredentialKind::User(credential) if credential.typed => {
            if !credential.absent.is_empty() {
                return fail(
                    format!("{shown} lacks {}", credential.absent.join(", ")),
                    LibraryProblem::Incomplete,
                );
            }
            if reader == AdcReader::GoogleAuth && credential.expiry == Expiry::Unreadable {
                return fail(format!("{shown} has an expiry that is no time"), LibraryProblem::InvalidValue);
            }
            user(facts, steps, path, credential, reader)
        }
        kind => super::other_kinds::identity(facts, steps, path, kind, reader),
    }
}

/// The identity that a user credential gives, valid or not.
pub(crate) fn user(
    facts: &Facts,
    steps: &mut Steps,
    path: &Path,
    credential: &UserCredential,
    reader: AdcReader,
) -> LibraryIdentity {
    let shown = path.display();
    if reader == AdcReader::GoogleAuth && credential.expiry == Expiry::NotText {
        let what = format!("{shown} has an expiry that is no text");
        return steps.decided(what, LibraryIdentity::Fails(LibraryProblem::CrashingValue));
    }
    let Some(token) = token_in_use(credential, reader) else {
        return match credential.exported {
            Some(file) => exported_token::without_renewal(steps, path, file, reader.is_python()),
            None => renewed(facts, steps, path, credential, reader),
        };
    };
    match facts.validities.of_token(token) {
        TokenValidity::Accepted(account) => steps.decided(
            format!("{shown} holds an access token, which is used until it expires"),
            exported_token::owner(account.or_else(|| facts.account(credential))),
        ),
        TokenValidity::Refused if credential.exported.is_some() => steps.decided(
            format!("{shown} holds an access token alone, which Google does not accept"),
            LibraryIdentity::Fails(LibraryProblem::TokenRefused),
        ),
        // it is used, BigQuery refuses it, and only then is it renewed
        TokenValidity::Refused => {
            steps.passed(format!("{shown} holds an access token, which Google does not accept"));
            match renewed(facts, steps, path, credential, reader) {
                LibraryIdentity::Fails(_) => LibraryIdentity::Fails(LibraryProblem::TokenRefused),
                identity => identity,
            }
        }
    }
}

/// The identity that the refresh token gives.
fn renewed(
    facts: &Facts,
    steps: &mut Steps,
    path: &Path,
    credential: &UserCredential,
    reader: AdcReader,
) -> LibraryIdentity {
    let shown = path.display();
    if reader == AdcReader::GoogleAuth && !credential.google_universe {
        return steps.decided(
            format!("{shown} belongs to another universe than googleapis.com, where nothing is refreshed"),
            LibraryIdentity::Fails(LibraryProblem::OtherUniverse),
        );
    }
    if !credential.is_complete() {
        return steps.decided(
            format!("{shown} lacks something that a refresh needs"),
            LibraryIdentity::Fails(LibraryProblem::Incomplete),
        );
    }
    if reader.is_python() && credential.is_unencodable {
        let what = format!("{shown} holds a text that is not Unicode");
        return steps.decided(what, LibraryIdentity::Fails(LibraryProblem::CrashingValue));
    }
    refreshed(facts, steps, path, credential, reader)
}

/// The access token that is used instead of a refresh.
fn token_in_use(credential: &UserCredential, reader: AdcReader) -> Option<&crate::output::secret::Secret> {
    match reader {
        AdcReader::GoogleAuth => credential.token.as_ref(),
        AdcReader::PydataCache => credential.endless_token.as_ref(),
        _ => None,
    }
}

/// What a refresh gives.
fn refreshed(
    facts: &Facts,
    steps: &mut Steps,
    path: &Path,
    credential: &UserCredential,
    reader: AdcReader,
) -> LibraryIdentity {
    let validity = facts.validities.of(credential);
    let account = facts.account(credential);
    let of_account = format!(
        "{} is the credential of {}",
        path.display(),
        account.as_deref().unwrap_or("an unknown account")
    );
    let state = validity.state();
    steps.state = Some(state);
    let mut fail =
        |what: String, problem: LibraryProblem| steps.decided(what, LibraryIdentity::Fails(problem));
    match validity {
        Validity::Valid { scopes: Some(granted), .. }
            if reader.is_python() && !all_granted(credential.scopes.as_deref(), &granted) =>
        {
            let what = format!("{} asks for scopes that were not granted", path.display());
            fail(what, LibraryProblem::ScopesNotGranted)
        }
        Validity::Valid { .. } => {
            steps.decided(format!("{of_account}, and is valid"), LibraryIdentity::User(account))
        }
        Validity::NotAsked => {
            steps.decided(format!("{of_account}; Google was not asked"), LibraryIdentity::User(account))
        }
        Validity::Refused(reason) => {
            let why = match state {
                CredentialState::Unknown => format!("was refused ({})", reason.code()),
                state => state.describe().to_owned(),
            };
            fail(format!("{of_account}, but it {why}"), LibraryProblem::Refused(reason))
        }
        Validity::OtherServer(host) => fail(
            format!("{of_account}, but it is of {host}, and libraries ask Google alone"),
            LibraryProblem::OtherServer,
        ),
        Validity::Unreachable(transport) => {
            let problem = unreachable(&transport);
            fail(format!("{of_account}, but {}", problem.describe()), problem)
        }
    }
}

fn all_granted(asked: Option<&[String]>, granted: &[String]) -> bool {
    asked.is_none_or(|asked| scopes::not_granted(asked, granted).is_empty())
}

fn unreachable(transport: &Transport) -> LibraryProblem {
    match transport {
        Transport::Busy(_) => LibraryProblem::ServerTrouble,
        Transport::NotTheServer(status) if *status >= 400 => LibraryProblem::ServerTrouble,
        Transport::NotTheServer(_) | Transport::Malformed => LibraryProblem::NotGoogle,
        _ => LibraryProblem::Unreachable,
    }
}
