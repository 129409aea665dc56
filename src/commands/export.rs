//! `bqcred export`: writes the ADC file where something else looks for it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::cli::Export;
use crate::output::error::{Error, Kind, Result};
use crate::output::secret::SecretBytes;
use crate::output::ui::{self, Output};
use crate::system::json_file::{Document, JsonFile};
use crate::system::private_file::{self, Content, Lock};

/// What `--well-known` did, so that `--undo` can tell whether it is still so.
#[derive(Serialize, Deserialize)]
struct Record {
    /// The file that was written.
    path: PathBuf,
    /// What was written into it.
    sha256: String,
    /// Where that which lay there before is kept, if anything lay there.
    backup: Option<PathBuf>,
}

pub(crate) fn run(args: &Export, app: &App) -> Result<Output> {
    if args.undo {
        return undo(args, app);
    }
    let loaded = app.load()?;
    let json = loaded.credential.to_adc_json();
    match args.file.as_deref() {
        None => to_well_known(args, app, &json),
        Some(path) if path == Path::new("-") => Ok(Output::bytes(json.to_vec())),
        Some(path) => to_file(args, path, &json),
    }
}

fn to_file(args: &Export, path: &Path, json: &[u8]) -> Result<Output> {
    if path.exists() && !path.is_file() && args.force {
        return Err(Error::usage(format!("{} is no regular file; nothing was changed", path.display()))
            .hint("`bqcred export -` writes to stdout"));
    }
    if args.force {
        private_file::write_elsewhere(path, json)?;
    } else if path.symlink_metadata().is_ok() || !private_file::create_elsewhere(path, json)? {
        return Err(Error::usage(format!("{} exists already; nothing was changed", path.display()))
            .hint("`--force` replaces it"));
    }
    ui::note(&format!(
        "written to {}: a plain file that acts as you; bqcred doesn't look after it",
        path.display()
    ));
    Ok(Output::none())
}

fn record_path(app: &App) -> PathBuf {
    app.paths.state.join("well-known.json")
}

fn lock(app: &App) -> Result<Lock> {
    Lock::acquire(&app.paths.state.join(".+well-known.lock"))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Document for Record {
    const HINT: Option<&str> = Some(
        "what gcloud's file held before is kept beside it, under a name that ends in .before-bqcred; `bqcred export --well-known` starts a new record",
    );
}

fn record(app: &App) -> JsonFile<Record> {
    JsonFile::new(record_path(app), Content::Secret)
}

/// Writes to gcloud's place. What lies there is copied aside first; a second export keeps the first
/// backup, which is what the person had before bqcred came.
fn to_well_known(args: &Export, app: &App, json: &[u8]) -> Result<Output> {
    let path = app.well_known_adc();
    let lock = lock(app)?;
    let (earlier, notes) = record(app).load_or_set_aside(&lock)?;
    ui::show(notes);
    let earlier = earlier.filter(|record| record.path == path);
    let present = private_file::read(&path, Content::Foreign)?;
    let ours = match (&earlier, &present) {
        (Some(record), Some(bytes)) => record.sha256 == digest(bytes),
        _ => false,
    };
    let backup = match (&present, earlier) {
        (Some(_), Some(record)) if ours => record.backup,
        (Some(bytes), _) => Some(keep_aside(args, &path, bytes)?),
        (None, _) => None,
    };
    let done = Record { path: path.clone(), sha256: digest(json), backup };
    record(app).write(&lock, &done)?;
    if let Some(folder) = path.parent()
        && !folder.exists()
    {
        private_file::create_dir(folder)?;
    }
    private_file::write_elsewhere(&path, json)?;
    ui::note(&format!("written to {}; `bqcred export --well-known --undo` takes it back", path.display()));
    if let Some(backup) = &done.backup {
        ui::note(&format!("the earlier file is kept as {}", backup.display()));
    }
    Ok(Output::none())
}

fn keep_aside(args: &Export, path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".before-bqcred");
    let backup = path.with_file_name(name);
    let other = private_file::read(&backup, Content::Foreign)?.is_some_and(|kept| *kept != *bytes);
    if other && !args.force {
        return Err(Error::other(format!(
            "{} holds an earlier backup; nothing was changed",
            backup.display()
        ))
        .hint("move it away, or let `--force` replace it"));
    }
    private_file::write_elsewhere(&backup, bytes)?;
    Ok(backup)
}

fn undo(args: &Export, app: &App) -> Result<Output> {
    let _lock = lock(app)?;
    let Some(record) = record(app).load()? else {
        return Err(Error::new(
            Kind::Missing,
            "nothing was exported to gcloud's place, so there is nothing to undo",
        ));
    };
    let present = private_file::read(&record.path, Content::Foreign)?;
    let is_ours = present.as_ref().is_none_or(|bytes| digest(bytes) == record.sha256);
    let kept = match &record.backup {
        Some(backup) => private_file::read(backup, Content::Foreign)?,
        None => None,
    };
    // an earlier --undo may have been stopped before its end
    let is_back = kept.is_some() && kept == present;
    if !is_ours && !is_back && !args.force && (kept.is_some() || record.backup.is_none()) {
        return Err(Error::other(format!(
            "{} was changed since the export; nothing was changed",
            record.path.display()
        ))
        .hint("`--force` puts back what lay there before all the same"));
    }
    put_back(&record, kept, is_ours)?;
    private_file::remove(&record_path(app))?;
    Ok(Output::none())
}

/// Puts back what lay there before the export: `kept`, if anything did.
fn put_back(record: &Record, kept: Option<SecretBytes>, is_ours: bool) -> Result<()> {
    let path = record.path.display();
    match (&record.backup, kept) {
        (Some(backup), Some(bytes)) => {
            private_file::write_elsewhere(&record.path, &bytes)?;
            private_file::remove(backup)?;
            ui::note(&format!("{path} is as it was before"));
        }
        (Some(backup), None) if is_ours => {
            return Err(Error::new(Kind::Missing, format!("the backup {} is gone", backup.display()))
                .hint(format!("remove {path} yourself if it has to go")));
        }
        // with no backup and another file in place, it was put back before
        (Some(_), None) => {
            ui::note(&format!("{path} is not what was exported any more, and is left as it is"))
        }
        (None, _) => {
            private_file::remove(&record.path)?;
            ui::note(&format!("{path} was removed, as there was none before"));
        }
    }
    Ok(())
}
