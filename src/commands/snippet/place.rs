//! Whether a token-only file can be where it is meant to be: what it is called doesn't count, but where its path leads,
//! and what it holds.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::path_targets::{places, real};
use super::token_file::TokenOnly;
use crate::cli::SnippetKind;
use crate::credential::other_tools::PythonCache;
use crate::credential::token_only_file::{FoundTokenOnly, IssuedFor};
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::system::private_file::{self, Content};

/// What keeps a file from being read where the programs run, or from being harmless there.
enum Obstacle {
    OfOneProcess,
    SessionFiles,
    InMemory,
    AmongCredentials,
    OtherTokens,
    FolderHoldsMore,
    RefreshToken,
    OtherToken(String),
    OtherContent,
}

impl Obstacle {
    fn describe(&self) -> String {
        let text = match self {
            Obstacle::OfOneProcess => "is there only while one process of this machine runs",
            Obstacle::SessionFiles => {
                "is for session files, which hold the refresh token and end with this login session"
            }
            Obstacle::InMemory => "is in this machine's memory, which other machines don't have",
            Obstacle::AmongCredentials => {
                "is in a folder of credentials with refresh tokens, and workers get access tokens alone"
            }
            Obstacle::OtherTokens => "is among bqcred's own files, which hold more than this token",
            Obstacle::FolderHoldsMore => {
                "is in a folder that holds your credential as well, and a container gets the whole folder"
            }
            Obstacle::RefreshToken => "holds a refresh token, and workers get access tokens alone",
            Obstacle::OtherToken(of) => return format!("is for an access token of {of}"),
            Obstacle::OtherContent => "holds something else than an access token of bqcred's",
        };
        text.to_owned()
    }
}

/// Refuses a file that the programs can't read, or by which they would get something else than access tokens of this
/// profile. `path`: absolute.
///
/// # Errors
/// If it is such a file, or a folder, or can't be read.
pub(super) fn check(tokens: &TokenOnly, path: &Path) -> Result<()> {
    let is_slashed = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if is_slashed || path.file_name().is_none() || path.is_dir() {
        let what = format!("{} is a folder, and --file names a file", path.display());
        return Err(Error::usage(what).hint("add a name to it, such as adc.json"));
    }
    let on_the_way = places(path).iter().find_map(|place| obstacle(tokens, place));
    let found = match on_the_way {
        Some(obstacle) => Some(obstacle),
        None => content_obstacle(tokens, path)?,
    };
    let Some(obstacle) = found else { return Ok(()) };
    let export = tokens.limited("export --token-only FILE --keep-fresh");
    let mut hint = format!(
        "name a file of its own with `--file`, in a folder that the programs read, and keep it renewed with `{export}`"
    );
    if matches!(obstacle, Obstacle::InMemory) && tokens.kind() == SnippetKind::Slurm {
        hint += &format!("; or `{}`", tokens.limited(super::clusters::NO_SHARED_HOME));
    }
    Err(Error::usage(format!("{} {}", path.display(), obstacle.describe())).hint(hint))
}

/// What is to be known of a place that isn't refused.
pub(super) fn notes(tokens: &TokenOnly, path: &Path) -> Notes {
    let mut notes = Notes::none();
    let Some(folder) = path.parent() else { return notes };
    if !is_elsewhere(tokens.kind()) {
        let others = others(folder, path);
        if !others.is_empty() {
            let (folder, others) = (folder.display(), others.join(", "));
            notes.add(format!(
                "the container gets the whole folder {folder}, with all that is in it: {others}"
            ));
        }
    } else if folder.ancestors().find(|folder| folder.exists()).is_some_and(private_file::is_in_memory) {
        notes.add(format!(
            "{} is in this machine's memory, which other machines don't have: for them, name a file on storage that \
             they share with `--file`",
            path.display()
        ));
    }
    notes
}

/// The names of what else is in the folder of this file, or some of them.
fn others(folder: &Path, path: &Path) -> Vec<String> {
    const SHOWN: usize = 3;
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut names: Vec<String> = names
        .filter(|name| Some(name.as_os_str()) != path.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    if names.len() > SHOWN {
        names.truncate(SHOWN);
        names.push("...".to_owned());
    }
    names
}

/// Whether the programs of this kind run on other machines.
fn is_elsewhere(kind: SnippetKind) -> bool {
    matches!(kind, SnippetKind::Spark | SnippetKind::Slurm)
}

fn obstacle(tokens: &TokenOnly, place: &Path) -> Option<Obstacle> {
    let app = tokens.app();
    let (paths, is_elsewhere) = (&app.paths, is_elsewhere(tokens.kind()));
    let is_below = |folder: &Path| place.starts_with(folder) || place.starts_with(real(folder));
    if is_below(Path::new("/proc")) || (is_below(Path::new("/dev")) && !is_below(Path::new("/dev/shm"))) {
        return Some(Obstacle::OfOneProcess);
    }
    if paths.session_folders().any(is_below) {
        return Some(Obstacle::SessionFiles);
    }
    let of_login = paths.runtime.as_deref().and_then(Path::parent);
    let memory = ["/run", "/dev/shm", "/var/run"].into_iter().map(Path::new).chain(of_login);
    if is_elsewhere && memory.into_iter().any(is_below) {
        return Some(Obstacle::InMemory);
    }
    let caches = PythonCache::ALL.map(|cache| cache.file(&paths.home));
    let of_others = caches.iter().filter_map(|file| file.parent()).map(Path::to_owned);
    let credentials: Vec<PathBuf> =
        [paths.data.clone(), app.gcloud_folder().path().to_owned()].into_iter().chain(of_others).collect();
    if credentials.iter().any(|folder| is_below(folder)) {
        return Some(Obstacle::AmongCredentials);
    }
    let own = real(&paths.token_only_file(tokens.name()));
    let is_own = place == own || real(place) == own;
    if !is_own && [&paths.config, &paths.state, &paths.cache].into_iter().any(|folder| is_below(folder)) {
        return Some(Obstacle::OtherTokens);
    }
    let mounted = place.parent().filter(|_| !is_elsewhere).map(real)?;
    let private = credentials.iter().map(PathBuf::as_path).chain([paths.cache.as_path()]);
    let holds_more = private.chain(paths.session_folders()).any(|folder| real(folder).starts_with(&mounted));
    holds_more.then_some(Obstacle::FolderHoldsMore)
}

/// What is wrong with what the file holds already: only what `export --token-only --keep-fresh` takes over is harmless.
fn content_obstacle(tokens: &TokenOnly, path: &Path) -> Result<Option<Obstacle>> {
    #[derive(Deserialize)]
    struct Renewable {
        #[expect(dead_code, reason = "that it is there is enough")]
        refresh_token: IgnoredAny,
    }
    let content = private_file::read(path, Content::Foreign)?.unwrap_or_default();
    if content.is_empty() {
        return Ok(None);
    }
    Ok(match (IssuedFor::read(&content), FoundTokenOnly::read(&content)) {
        (Some(found), _) => {
            let other = || Obstacle::OtherToken(found.describe_besides(&tokens.issued_for()));
            (!tokens.is_covered_by(&found)).then(other)
        }
        (None, Some(found)) => {
            let account = found.account.as_deref().unwrap_or("an unknown account");
            Some(Obstacle::OtherToken(format!("{account}, without a note what it was narrowed to")))
        }
        (None, None) if serde_json::from_slice::<Renewable>(&content).is_ok() => Some(Obstacle::RefreshToken),
        (None, None) => Some(Obstacle::OtherContent),
    })
}
