//! `bqcred export`: writes the credential as an ADC file elsewhere.

mod keep_fresh;
mod token_only;
mod well_known;

use std::path::Path;

use crate::app::App;
use crate::cli::Export;
use crate::credential::paths::Paths;
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
use crate::system::private_file;

pub(crate) fn run(args: &Export, app: &App) -> Result<Output> {
    if args.undo {
        return well_known::undo(args, app);
    }
    if let Some(path) = args.file.as_deref().filter(|path| !is_stdout(path)) {
        refuse_own(&app.paths, path)?;
    }
    if args.token_only {
        return token_only::run(args, app);
    }
    let loaded = app.load()?;
    if let Some(problem) = app.problem(&loaded.name, &loaded.profile) {
        ui::note(&problem);
    }
    let json = loaded.credential.to_adc_json();
    let Some(path) = args.file.as_deref() else { return well_known::write(args, app, &json) };
    if is_stdout(path) {
        return Ok(Output::bytes(json.to_vec()));
    }
    check_target(args, path)?;
    write(args, path, &json)?;
    ui::note(&format!(
        "written to {}: a plain file with your credential, which bqcred neither updates nor removes",
        path.display()
    ));
    Ok(Output::none())
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// Refuses a place in bqcred's own folders, whatever `--force` says: a file there is a credential or its state, and
/// what replaced it would be taken for that.
fn refuse_own(paths: &Paths, path: &Path) -> Result<()> {
    // what can't be resolved is for the writing to report
    let resolved = private_file::target_elsewhere(path).ok().or_else(|| std::path::absolute(path).ok());
    if !resolved.is_some_and(|file| paths.holds(&file)) {
        return Ok(());
    }
    let what = format!("{} is in a folder of bqcred's own; nothing was changed", path.display());
    Err(Error::usage(what).hint("name a file in another folder"))
}

/// Refuses what is not replaced by a new file.
fn check_target(args: &Export, path: &Path) -> Result<()> {
    if path.exists() && !path.is_file() {
        return Err(Error::usage(format!("{} is not a regular file; nothing was changed", path.display()))
            .hint("name a FILE, or `-` for stdout"));
    }
    match path.symlink_metadata().is_ok() && !args.force {
        true => Err(exists(path)),
        false => Ok(()),
    }
}

fn write(args: &Export, path: &Path, json: &[u8]) -> Result<()> {
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
