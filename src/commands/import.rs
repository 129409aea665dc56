//! `bqcred import`: adopts a credential that another tool made.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::cli::{Import, Source, StoreChoice};
use crate::credential::adc::{AuthorizedUser, NotAuthorizedUser};
use crate::credential::client::Client;
use crate::credential::profile_name::ProfileName;
use crate::lifecycle::save::{self, Arrival};
use crate::login;
use crate::oauth::{Endpoints, Failure, Google, Identity};
use crate::output::error::{Error, Kind, Result, reason};
use crate::output::secret::SecretBytes;
use crate::output::ui::{self, Output};
use crate::store::Store;
use crate::system::env;
use crate::system::private_file::{self, Content};
use crate::system::regular_file;

/// Larger than any credential.
const STDIN_LIMIT: u64 = 1024 * 1024;

pub(crate) fn run(args: &Import, app: &App) -> Result<Output> {
    let name = app.profile_name()?;
    if !args.force && app.known_profile(&name)?.is_some_and(|profile| profile.ended.is_none()) {
        return Err(Error::usage(format!("profile {name} exists already; nothing was changed")).hint(
            format!(
                "`--force` replaces its credential, `--profile NAME` keeps both: {}",
                other_name(app, &name)
            ),
        ));
    }
    for project in [&args.project, &args.quota_project].into_iter().flatten() {
        login::check_project(project)?;
    }
    let source = source(args, app)?;
    if let Some(path) = &source {
        refuse_own(app, &name, path)?;
    }
    let credential = read(&source)?;
    let (store, notes) = Store::choose(args.store.map(StoreChoice::demanded), &app.paths, &name)?;
    ui::show(notes);
    let given = credential.fingerprint();
    let arrival = arrival(args, app, &name, credential, store)?;
    let is_replaced = arrival.credential.fingerprint() != given;
    let kept = save::keep(app, &name, arrival).inspect_err(|_| {
        if is_replaced {
            ui::note(
                "the server replaced the refresh token when it was asked: the source may not work any more",
            );
        }
    })?;
    ui::note(&format!("profile {name} is now {}", kept.profile.account_or_unknown()));
    settle_source(args, &source)?;
    login::tell_next(app, &name, kept.profile.store);
    Ok(Output::none())
}

fn other_name(app: &App, name: &ProfileName) -> String {
    let taken = crate::credential::profile::names(&app.paths).unwrap_or_default();
    let free = (2..)
        .map(|number| format!("{name}-{number}"))
        .find(|free| !taken.iter().any(|name| name.as_str() == free));
    format!("bqcred import --profile {} …", free.unwrap_or_default())
}

/// The profile's own file is no source: it would be replaced by itself, and removed by `--move`.
fn refuse_own(app: &App, name: &ProfileName, path: &Path) -> Result<()> {
    let Ok(source) = path.canonicalize() else { return Ok(()) };
    let mut own =
        std::iter::once(app.paths.adc(name)).chain(crate::store::session::existing(&app.paths, name));
    if own.any(|own| own.canonicalize().is_ok_and(|own| own == source)) {
        return Err(Error::usage(format!("{} is profile {name}'s own file", path.display())));
    }
    Ok(())
}

/// Asks Google whose the credential is. Where it can't be asked, the file's own word has to do; where
/// it refuses, the credential is of no use.
fn arrival(
    args: &Import,
    app: &App,
    name: &ProfileName,
    credential: AuthorizedUser,
    store: crate::credential::profile::StoreKind,
) -> Result<Arrival> {
    let endpoints = endpoints(app, &credential)?;
    let asked = endpoints.clone().unwrap_or_else(Endpoints::google);
    let server = Google::at(&asked);
    let mut arrival = Arrival {
        identity: None,
        scopes: Vec::new(),
        project: args.project.clone(),
        quota_project: args.quota_project.clone().or(credential.quota_project_id.clone()),
        store,
        endpoints,
        origin: "import",
        signed_in: None,
        refresh_token_expires: None,
        credential,
    };
    let user = &arrival.credential;
    match server.refresh(&user.client_id, &user.client_secret, &user.refresh_token) {
        Ok(fresh) => {
            let mut identity = fresh.identity.unwrap_or_default();
            if identity.email.is_none() || fresh.scopes.is_none() {
                let asked = server.identify(&fresh.access_token).ok().flatten().unwrap_or_default();
                identity = Identity {
                    email: identity.email.or(asked.email),
                    sub: identity.sub.or(asked.sub),
                    scopes: asked.scopes,
                };
            }
            refuse_other_account(args, &identity)?;
            arrival.scopes = fresh.scopes.or(identity.scopes.take()).unwrap_or_default();
            if let Some(token) = fresh.refresh_token {
                arrival.credential.refresh_token = token;
            }
            arrival.refresh_token_expires = fresh.refresh_token_expires;
            if identity.email.is_none() {
                ui::note("Google does not say whose this credential is: it may not see the address");
            }
            arrival.identity = Some(identity);
        }
        Err(failure @ Failure::Unreachable(_)) => {
            let error = failure.into_error(&app.login_command(name));
            ui::note(&format!("Google could not be asked whose this credential is: {error}"));
            ui::note("it is kept as the file says; `bqcred status` asks again");
        }
        Err(failure) => {
            let login = app.login_command(name);
            return Err(failure.into_error(&login));
        }
    }
    Ok(arrival)
}

/// The account that was named has to be the one that Google confirms.
fn refuse_other_account(args: &Import, identity: &Identity) -> Result<()> {
    let (Some(wanted), Some(email)) = (&args.account, &identity.email) else { return Ok(()) };
    if wanted.eq_ignore_ascii_case(email) {
        return Ok(());
    }
    let what = format!("what gcloud keeps for {wanted} is a credential of {email}; nothing was changed");
    Err(Error::new(Kind::Refused, what)
        .hint(format!("`bqcred login {wanted}` makes one of the right account")))
}

/// The addresses of the configured client, if the credential is of that client. What a credential
/// file says itself (`token_uri`) is not asked: it could lead a refresh token anywhere. A client that
/// can't be read is an error: Google must not be sent what may be another server's.
fn endpoints(app: &App, credential: &AuthorizedUser) -> Result<Option<Endpoints>> {
    let environment = env::get("BQCRED_CLIENT_ID_FILE");
    let found = Client::from_places(&app.paths, None, environment.as_deref(), || Ok(None))?;
    Ok(found.filter(|found| found.client.id == credential.client_id).and_then(|found| found.client.endpoints))
}

/// The file to read; `None` for stdin.
fn source(args: &Import, app: &App) -> Result<Option<PathBuf>> {
    if args.account.is_some() && args.from != Some(Source::Gcloud) {
        return Err(Error::usage("--account chooses among gcloud's accounts")
            .hint("`bqcred import --from gcloud --account ACCOUNT`"));
    }
    let Some(tool) = args.from else {
        return Ok(args.file.clone().filter(|file| file != Path::new("-")));
    };
    let config = env::get("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .unwrap_or_else(|| app.paths.home.join(".config"));
    // pydata-google-auth and pandas-gbq look below ~/.config whatever XDG says
    let home_config = app.paths.home.join(".config");
    let candidates: Vec<PathBuf> = match tool {
        Source::Gcloud => return gcloud_source(args, app).map(Some),
        Source::Pydata => vec!["pydata/pydata_google_credentials.json"],
        Source::PandasGbq => vec!["pandas_gbq/bigquery_credentials.dat"],
        Source::Ibis => vec!["pydata/ibis.json"],
    }
    .into_iter()
    .flat_map(|file| [home_config.join(file), config.join(file)])
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
    let accounts = app.gcloud_config().join("legacy_credentials");
    if let Some(account) = &args.account {
        if account.contains('/') || account == ".." {
            return Err(Error::usage(format!("{account:?} is no account")));
        }
        let path = accounts.join(account).join("adc.json");
        return if path.exists() {
            Ok(path)
        } else {
            Err(Error::new(Kind::Missing, format!("gcloud keeps no account {account}"))
                .hint("`gcloud auth list`"))
        };
    }
    let adc = app.well_known_adc();
    if adc.exists() {
        return Ok(adc);
    }
    let mut names: Vec<String> = std::fs::read_dir(&accounts)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("adc.json").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    match names.as_slice() {
        [] => Err(Error::new(
            Kind::Missing,
            format!("gcloud keeps no credential here: {} does not exist", adc.display()),
        )
        .hint("`bqcred login` makes a new one")),
        [account] => Ok(accounts.join(account).join("adc.json")),
        several => Err(Error::usage(format!("gcloud keeps several accounts: {}", several.join(", ")))
            .hint("`--account ACCOUNT` says which")),
    }
}

fn read(source: &Option<PathBuf>) -> Result<AuthorizedUser> {
    let (bytes, what) = match source {
        Some(path) => {
            match private_file::read(path, Content::Foreign).map_err(|error| hint_at_stdin(path, error))? {
                Some(bytes) => (bytes, path.display().to_string()),
                None => return Err(Error::new(Kind::Missing, format!("{} does not exist", path.display()))),
            }
        }
        None => (read_stdin()?, "what came on stdin".to_owned()),
    };
    AuthorizedUser::parse(&bytes).map_err(|problem| {
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

/// Removes the source if that was asked for; else says if others can read it.
fn settle_source(args: &Import, source: &Option<PathBuf>) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let Some(path) = source else { return Ok(()) };
    if args.move_ {
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
