//! What `bqcred import` reads: a file, another tool's, or stdin.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::cli::{Import, ImportSource};
use crate::credential::adc::{AuthorizedUser, NotAuthorizedUser};
use crate::credential::other_tools::PythonCache;
use crate::credential::profile;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result, reason};
use crate::output::secret::SecretBytes;
use crate::output::ui;
use crate::store::session;
use crate::system::env;
use crate::system::private_file::{self, Content};
use crate::system::regular_file;

/// Larger than any credential.
const STDIN_LIMIT: u64 = 1024 * 1024;

/// A profile's own file can't be the source: it would be replaced by itself, or removed by `--move`.
pub(super) fn refuse_own(app: &App, name: &ProfileName, path: &Path) -> Result<()> {
    let Ok(source) = path.canonicalize() else { return Ok(()) };
    let names = profile::names(&app.paths).unwrap_or_default();
    let kept = names.into_iter().chain([name.clone()]).map(|owner| (app.paths.adc(&owner), owner));
    let sessions = session::all(&app.paths).own.into_iter().map(|(owner, path)| (path, owner));
    let is_source = |own: &Path| own.canonicalize().is_ok_and(|own| own == source);
    match kept.chain(sessions).find(|(own, _)| is_source(own)) {
        Some((_, owner)) => {
            let what = format!("{} is profile {owner}'s own file", path.display());
            Err(Error::usage(what).hint(format!("`bqcred export --profile {owner} FILE` writes a copy")))
        }
        None => Ok(()),
    }
}

/// The file to read; `None` for stdin.
pub(super) fn source(args: &Import, app: &App) -> Result<Option<PathBuf>> {
    if args.account.is_some() && args.from != Some(ImportSource::Gcloud) {
        return Err(Error::usage("--account chooses among gcloud's accounts")
            .hint("`bqcred import --from gcloud --account ACCOUNT`"));
    }
    let Some(tool) = args.from else {
        return Ok(args.file.clone().filter(|file| file != Path::new("-")));
    };
    let library = match tool {
        ImportSource::Gcloud => return gcloud_source(args, app).map(Some),
        ImportSource::Pydata => PythonCache::Pydata,
        ImportSource::PandasGbq => PythonCache::PandasGbq,
        ImportSource::Ibis => PythonCache::Ibis,
    };
    let xdg_config = env::get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let candidates: Vec<PathBuf> = std::iter::once(library.file(&app.paths.home))
        .chain(xdg_config.map(|folder| library.below(&folder)))
        .collect();
    match candidates.iter().find(|candidate| candidate.exists()) {
        Some(found) => Ok(Some(found.clone())),
        None => Err(Error::new(
            Kind::Missing,
            format!("that tool keeps no credential here: {} does not exist", first(&candidates)),
        )
        .hint("`bqcred login` makes a new one")),
    }
}

fn first(paths: &[PathBuf]) -> String {
    paths.first().map(|path| path.display().to_string()).unwrap_or_default()
}

/// gcloud's application-default credential, or that of one of its accounts.
fn gcloud_source(args: &Import, app: &App) -> Result<PathBuf> {
    let gcloud = app.gcloud_folder();
    if let Some(account) = &args.account {
        if account.contains('/') || account == ".." {
            return Err(Error::usage(format!("{account:?} is not an account")));
        }
        let path = gcloud.account_adc(account);
        return if path.exists() {
            Ok(path)
        } else {
            Err(Error::new(Kind::Missing, format!("gcloud keeps no account {account}"))
                .hint("`gcloud auth list`"))
        };
    }
    let adc = gcloud.adc();
    if adc.exists() {
        return Ok(adc);
    }
    let accounts = gcloud.account_adcs();
    match accounts.as_slice() {
        [] => Err(Error::new(
            Kind::Missing,
            format!("gcloud keeps no credential here: {} does not exist", adc.display()),
        )
        .hint("`bqcred login` makes a new one")),
        [(_, adc)] => Ok(adc.clone()),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            Err(Error::usage(format!("gcloud keeps several accounts: {}", names.join(", ")))
                .hint("`--account ACCOUNT` says which"))
        }
    }
}

/// The credential, and the address that its file says its tokens come from.
pub(super) fn read(source: &Option<PathBuf>) -> Result<(AuthorizedUser, Option<String>)> {
    let (bytes, what) = match source {
        Some(path) => {
            match private_file::read(path, Content::Foreign).map_err(|error| hint_at_stdin(path, error))? {
                Some(bytes) => (bytes, path.display().to_string()),
                None => return Err(Error::new(Kind::Missing, format!("{} does not exist", path.display()))),
            }
        }
        None => (read_stdin()?, "what came on stdin".to_owned()),
    };
    AuthorizedUser::parse_to_import(&bytes).map_err(|problem| {
        let kind = if matches!(problem, NotAuthorizedUser::Malformed(_)) { Kind::Store } else { Kind::Usage };
        let colon = if source.is_some() { ":" } else { "" };
        Error::new(kind, format!("{what}{colon} {}", problem.problem())).hint(problem.hint())
    })
}

/// `<(command)` of a shell names a pipe, which is read from stdin here.
fn hint_at_stdin(path: &Path, error: Error) -> Error {
    match path.metadata() {
        Ok(found) if !found.is_file() && !found.is_dir() => {
            error.hint("what a command prints comes on stdin: `COMMAND | bqcred import -`")
        }
        _ => error,
    }
}

fn read_stdin() -> Result<SecretBytes> {
    regular_file::read_whole(std::io::stdin(), 0, STDIN_LIMIT)
        .map_err(|error| Error::other(format!("can't read stdin: {}", reason(&error))))
}

/// `--move` removes a file, and says so: what is not one, or leads to another one, is refused before anything is imported.
pub(super) fn check_can_go(source: &Option<PathBuf>) -> Result<()> {
    let Some(path) = source else {
        return Err(Error::usage("--move removes the file that is imported, and stdin is none")
            .hint("leave --move out, or name the file"));
    };
    let Ok(target) = std::fs::read_link(path) else { return Ok(()) };
    let target = path.parent().unwrap_or(Path::new("")).join(target);
    Err(Error::usage(format!(
        "{} is a link to {}: --move would remove the link and leave the credential; nothing was changed",
        path.display(),
        target.display()
    ))
    .hint("name the file itself, or leave --move out"))
}

/// Removes the source if that was asked for; else says if others can read it.
pub(super) fn finish(args: &Import, source: &Option<PathBuf>) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let Some(path) = source else { return Ok(()) };
    if args.remove_source {
        private_file::remove(path)?;
        ui::note(&format!("{} was removed", path.display()));
        return Ok(());
    }
    let open = path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
    if open {
        ui::note(&format!("others can read {}: `chmod 600` it, or import with --move", path.display()));
    }
    Ok(())
}
