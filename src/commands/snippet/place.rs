//! Whether a token-only file can be where the user says: what it is called doesn't count, but where its path leads.

use std::path::{Component, Path, PathBuf};

use crate::app::App;
use crate::cli::SnippetKind;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Result};

/// As many links as the system follows, path_resolution(7).
const LINKS: usize = 40;

/// What keeps a file from being read where the programs run, or from being harmless there.
#[derive(Clone, Copy)]
enum Obstacle {
    OfOneProcess,
    SessionFiles,
    InMemory,
    RefreshToken,
    OtherTokens,
    FolderHoldsMore,
}

impl Obstacle {
    fn describe(self) -> &'static str {
        match self {
            Obstacle::OfOneProcess => "is there only while one process of this machine runs",
            Obstacle::SessionFiles => {
                "is for session files, which hold the refresh token and end with this login session"
            }
            Obstacle::InMemory => "is in this machine's memory, which other machines don't have",
            Obstacle::RefreshToken => "holds the refresh token, and workers get access tokens alone",
            Obstacle::OtherTokens => "is among bqcred's own files, which hold more than this token",
            Obstacle::FolderHoldsMore => {
                "is in a folder that holds your credential as well, and a container gets the whole folder"
            }
        }
    }
}

/// Refuses a file that the programs can't read, or by which they would get more than access tokens of this profile.
/// `path`: absolute.
///
/// # Errors
/// If it is such a file, or a folder.
pub(super) fn check(app: &App, name: &ProfileName, kind: SnippetKind, path: &Path) -> Result<()> {
    let is_slashed = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if is_slashed || path.file_name().is_none() || path.is_dir() {
        let what = format!("{} is a folder, and --file names a file", path.display());
        return Err(Error::usage(what).hint("add a name to it, such as adc.json"));
    }
    let places = places(path);
    let Some(obstacle) = places.iter().find_map(|place| obstacle(app, name, kind, place)) else {
        return Ok(());
    };
    let export = app.command("export --token-only FILE --keep-fresh", name);
    Err(Error::usage(format!("{} {}", path.display(), obstacle.describe())).hint(format!(
        "name a file of its own in a folder that the programs read, and keep it renewed with `{export}`"
    )))
}

fn obstacle(app: &App, name: &ProfileName, kind: SnippetKind, place: &Path) -> Option<Obstacle> {
    let paths = &app.paths;
    let is_below = |folder: &Path| place.starts_with(folder) || place.starts_with(real(folder));
    if is_below(Path::new("/proc")) || (is_below(Path::new("/dev")) && !is_below(Path::new("/dev/shm"))) {
        return Some(Obstacle::OfOneProcess);
    }
    if paths.session_folders().any(is_below) {
        return Some(Obstacle::SessionFiles);
    }
    let of_login = paths.runtime.as_deref().and_then(Path::parent);
    let memory = ["/run", "/dev/shm", "/var/run"].into_iter().map(Path::new).chain(of_login);
    let is_elsewhere = matches!(kind, SnippetKind::Spark | SnippetKind::Slurm);
    if is_elsewhere && memory.into_iter().any(is_below) {
        return Some(Obstacle::InMemory);
    }
    let gcloud = app.gcloud_folder().path().to_owned();
    if is_below(&paths.data) || is_below(&gcloud) {
        return Some(Obstacle::RefreshToken);
    }
    let own = real(&paths.token_only_file(name));
    let is_own = place == own || real(place) == own;
    if !is_own && [&paths.config, &paths.state, &paths.cache].into_iter().any(|folder| is_below(folder)) {
        return Some(Obstacle::OtherTokens);
    }
    let mounted = place.parent().filter(|_| !is_elsewhere).map(real)?;
    let private = [&paths.data, &paths.cache, &gcloud].into_iter().map(PathBuf::as_path);
    let holds_more = private.chain(paths.session_folders()).any(|folder| real(folder).starts_with(&mounted));
    holds_more.then_some(Obstacle::FolderHoldsMore)
}

/// Where a path leads: as it is written, where its folder is, and each file that links lead to.
fn places(path: &Path) -> Vec<PathBuf> {
    let mut places = vec![plain(path)];
    let mut next = path.to_owned();
    for _ in 0..LINKS {
        let (Some(folder), Some(file)) = (next.parent(), next.file_name()) else {
            places.push(real(&next));
            break;
        };
        let folder = real(folder);
        let place = folder.join(file);
        let target = std::fs::read_link(&place);
        places.push(place);
        match target {
            Ok(target) => next = folder.join(target),
            Err(_) => break,
        }
    }
    places
}

/// The path with links resolved, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let found = path.ancestors().find_map(|folder| {
        let rest = path.strip_prefix(folder).ok()?;
        folder.canonicalize().ok().map(|real| plain(&real.join(rest)))
    });
    found.unwrap_or_else(|| plain(path))
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}
