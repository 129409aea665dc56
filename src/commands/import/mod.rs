//! `bqcred import`: import a credential from another tool.

mod source;

use std::path::PathBuf;

use crate::app::App;
use crate::cli::{Import, ImportSource, StoreChoice};
use crate::credential::adc::AuthorizedUser;
use crate::credential::profile::{self, Origin, Profile, check_project};
use crate::credential::profile_name::ProfileName;
use crate::lifecycle::replaced::{self, Replaced};
use crate::lifecycle::{program_tokens, save};
use crate::login::ImportRequest;
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
use crate::store::Store;

pub(crate) fn run(args: &Import, app: &App) -> Result<Output> {
    let name = app.profile_name()?;
    let held = replaced::held(app, &name);
    if !args.force {
        refuse_to_replace(app, &name, held.as_ref())?;
    }
    for project in [&args.project, &args.quota_project].into_iter().flatten() {
        check_project(project)?;
    }
    let source = source::source(args, app)?;
    if let Some(path) = &source {
        source::refuse_own(app, &name, path)?;
    }
    if args.remove_source {
        source::check_can_go(&source)?;
    }
    let (credential, token_uri) = source::read(&source)?;
    if args.quota_project.is_none() {
        check_quota_project(&credential)?;
    }
    let (store, notes) = Store::choose(args.store.map(StoreChoice::demanded), &app.paths, &name)?;
    ui::show(notes);
    let import = ImportRequest {
        name: name.clone(),
        account: args.account.clone(),
        project: args.project.clone(),
        quota_project: args.quota_project.clone(),
        store,
        origin: origin(app, args, &source),
    };
    let imported = import.ask(app, credential, token_uri.as_deref())?;
    ui::show(imported.notes);
    let saved = save::save(app, &name, imported.new).inspect_err(|_| {
        if imported.is_token_replaced {
            ui::note(
                "the server replaced the refresh token when it was asked: the source may no longer work",
            );
        }
    })?;
    ui::show(saved.notes);
    ui::note(&match (&saved.profile.account, &saved.profile.acting_as) {
        (None, None) => format!("profile {name} is imported; its account is not known"),
        _ => format!("profile {name} is now {}", saved.profile.who()),
    });
    if let Some(held) = held {
        ui::show(held.describe(&name, &saved.profile));
    }
    source::finish(args, &source)?;
    ui::note(&save::next_command(app, &name, saved.profile.store));
    note_refused_impersonation(app, &name, saved.profile)?;
    Ok(Output::none())
}

/// What is kept as a quota project has to be one: it is put into variables and commands.
fn check_quota_project(credential: &AuthorizedUser) -> Result<()> {
    let Some(project) = &credential.quota_project_id else { return Ok(()) };
    check_project(project).map_err(|_| {
        Error::usage(format!("the credential's quota project {project:?} is not a project id"))
            .unchanged()
            .hint("`--quota-project PROJECT` puts another one in its place")
    })
}

/// Says at once if the user may not act as the service account that the file names.
fn note_refused_impersonation(app: &App, name: &ProfileName, profile: Profile) -> Result<()> {
    let loaded = app.load_credential(name.clone(), profile)?;
    if let Some(Err(error)) = program_tokens::of_service_account(app, &loaded) {
        ui::note(&match error.hint_text() {
            Some(hint) => format!("{error}: {hint}"),
            None => error.to_string(),
        });
    }
    Ok(())
}

/// Whether it comes from one of gcloud's own files.
fn origin(app: &App, args: &Import, source: &Option<PathBuf>) -> Origin {
    let gcloud = app.gcloud_folder();
    let is_gclouds = |path: &PathBuf| {
        path.canonicalize()
            .is_ok_and(|path| gcloud.path().canonicalize().is_ok_and(|folder| path.starts_with(folder)))
    };
    match args.from == Some(ImportSource::Gcloud) || source.as_ref().is_some_and(is_gclouds) {
        true => Origin::Gcloud,
        false => Origin::Import,
    }
}

/// A credential that may be valid is not replaced unless the user asks for that.
fn refuse_to_replace(app: &App, name: &ProfileName, held: Option<&Replaced>) -> Result<()> {
    match held {
        Some(held) if !held.may_be_valid() => return Ok(()),
        // what can't be read may be valid
        None if app.known_profile(name)?.is_none() => return Ok(()),
        _ => {}
    }
    Err(Error::usage(format!("profile {name} exists already")).unchanged().hint(format!(
        "`--force` replaces its credential, `--profile NAME` keeps both: {}",
        command_for_both(app, name)
    )))
}

/// The same import into a profile whose name is free.
fn command_for_both(app: &App, name: &ProfileName) -> String {
    let taken = profile::names(&app.paths).unwrap_or_default();
    let free = (2..)
        .map(|number| format!("{name}-{number}"))
        .find(|free| !taken.iter().any(|name| name.as_str() == free));
    format!("bqcred import --profile {} …", free.unwrap_or_default())
}
