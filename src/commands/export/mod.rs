//! `bqcred export`: writes the credential as an ADC file elsewhere.

mod keep_fresh;
mod token_only;
mod well_known;

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::cli::Export;
use crate::credential::paths::Paths;
use crate::handover::broker::inside::Inside;
use crate::handover::broker::limits::Limits;
use crate::handover::{delivery, ready};
use crate::output::error::{Error, Result};
use crate::output::shell_word::in_shell;
use crate::output::ui::{self, Output};
use crate::system::private_file;

pub(crate) fn run(args: &Export, app: &App) -> Result<Output> {
    if args.undo {
        return well_known::undo(args, app);
    }
    if let Some(path) = args.file.as_deref().filter(|path| !is_stdout(path)) {
        refuse_own(&app.paths, path, open_folder(args, app).as_deref(), "name a file in another folder")?;
    }
    if args.token_only {
        return token_only::run(args, app);
    }
    let loaded = app.load()?;
    if let Some(inside) = Inside::here() {
        ui::note(&inside.widened_by("what reads this"));
    }
    if let Some(problem) = app.problem(&loaded.name, &loaded.profile) {
        ui::note(&problem);
    }
    if let Some(about_r) = ready::describe_r_of(app, &loaded.name, &loaded.profile) {
        ui::note(&format!(
            "{about_r}. The guard of `bqcred env` does not go with a file: without it, R uses the service account of a VM"
        ));
    }
    let json = loaded.credential.to_adc_json();
    let Some(path) = args.file.as_deref() else { return well_known::write(args, app, &json) };
    if is_stdout(path) {
        return Ok(Output::bytes(json.to_vec()));
    }
    check_target(args, app, path)?;
    write(args, app, path, &json)?;
    ui::note(&format!(
        "written to {}: a plain file with your credential, which bqcred neither updates nor removes",
        path.display()
    ));
    Ok(Output::none())
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// The one of bqcred's own folders that this may be written to: what the profile's snippets name, for access tokens.
fn open_folder(args: &Export, app: &App) -> Option<PathBuf> {
    let name = app.profile_name().ok().filter(|_| args.token_only)?;
    app.paths.token_only_file(&name).parent().map(Path::to_owned)
}

/// Refuses a place in bqcred's own folders other than `open`, whatever `--force` says: a file there is a credential or
/// its state, and what replaced it would be taken for that.
fn refuse_own(paths: &Paths, path: &Path, open: Option<&Path>, hint: &str) -> Result<()> {
    // what can't be resolved is for the writing to report
    let resolved = private_file::target_elsewhere(path).ok().or_else(|| std::path::absolute(path).ok());
    if !resolved.is_some_and(|file| paths.holds(&file, open)) {
        return Ok(());
    }
    let what = format!("{} is in a folder of bqcred's own; nothing was changed", path.display());
    Err(Error::usage(what).hint(hint))
}

/// Refuses what is not replaced by a new file.
fn check_target(args: &Export, app: &App, path: &Path) -> Result<()> {
    if is_descriptor(path) || (path.exists() && !path.is_file()) {
        return Err(Error::usage(format!("{} is not a regular file; nothing was changed", path.display()))
            .hint(format!("name a FILE; `{}` prints it", to_stdout(args, app)?)));
    }
    delivery::not_renewed(path, &app.paths.state)?;
    match path.symlink_metadata().is_ok() && !args.force {
        true => Err(exists(path)),
        false => Ok(()),
    }
}

/// Whether a path stands for an open file of a process: writing to it would replace what is behind it.
fn is_descriptor(path: &Path) -> bool {
    let links = ["/dev/stdin", "/dev/stdout", "/dev/stderr"].map(Path::new);
    links.contains(&path) || path.starts_with("/dev/fd") || path.starts_with("/proc")
}

/// The same export to stdout, as it is typed.
fn to_stdout(args: &Export, app: &App) -> Result<String> {
    let mut words = vec![app.command("export", &app.profile_name()?)];
    if args.token_only {
        let limits = Limits::new(&args.scopes, args.acting_as.clone())?;
        words.extend(limits.to_options().iter().map(|word| in_shell(word)));
    }
    words.push("-".to_owned());
    Ok(words.join(" "))
}

fn write(args: &Export, app: &App, path: &Path, json: &[u8]) -> Result<()> {
    let _not_renewed = delivery::not_renewed(path, &app.paths.state)?;
    if args.force {
        return private_file::write_elsewhere(path, json);
    }
    match private_file::create_elsewhere(path, json)? {
        true => Ok(()),
        false => Err(exists(path)),
    }
}

fn exists(path: &Path) -> Error {
    Error::usage(format!("{} exists already; nothing was changed", path.display()))
        .hint("`--force` replaces it")
}
