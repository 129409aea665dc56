//! `bqcred export --well-known`: gcloud's own ADC file, with a backup, and `--undo`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::refuse_own;
use crate::app::App;
use crate::cli::Export;
use crate::handover::delivery;
use crate::output::error::{Error, Kind, Result};
use crate::output::secret::SecretBytes;
use crate::output::shell_word::shell_word;
use crate::output::ui::{self, Output};
use crate::system::hash;
use crate::system::json_file::{Document, JsonFile};
use crate::system::json_path;
use crate::system::private_file::{self, Content, Lock};

/// What `--well-known` wrote: one export for each folder of gcloud's.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    exports: Vec<Exported>,
}

/// What was written to one of them, so that `--undo` can compare it with what is there.
#[derive(Clone, Serialize, Deserialize)]
struct Exported {
    /// The file that was written.
    #[serde(with = "json_path")]
    path: PathBuf,
    /// SHA-256 of its content, hexadecimal.
    sha256: String,
    /// The copy of the earlier file, if there was one.
    #[serde(default, with = "json_path::option")]
    backup: Option<PathBuf>,
}

fn record_path(app: &App) -> PathBuf {
    app.paths.state.join("well-known.json")
}

fn lock(app: &App) -> Result<Lock> {
    Lock::acquire(&app.paths.state.join(".+well-known.lock"))
}

impl Document for Record {
    const HINT: Option<&str> = Some(
        "what gcloud's file held before is kept beside it, under a name that ends in .before-bqcred; the next export with `--well-known` starts a new record",
    );
}

fn record(app: &App) -> JsonFile<Record> {
    JsonFile::new(record_path(app), Content::Secret)
}

/// Writes to gcloud's own path. An existing file is copied first; a second export keeps the first copy, which is the
/// file from before bqcred, also if the exported file was removed in between.
pub(super) fn write(args: &Export, app: &App, json: &[u8]) -> Result<Output> {
    let path = app.gcloud_folder().adc();
    refuse_own(&app.paths, &path, None, "`unset CLOUDSDK_CONFIG`, or set it to another folder")?;
    let _not_renewed = delivery::not_renewed(&path, &app.paths.state)?;
    let lock = lock(app)?;
    let (known, notes) = record(app).load_or_set_aside(&lock)?;
    ui::show(notes);
    let mut known = known.unwrap_or_default();
    let earlier = known.take(&path);
    let present = private_file::read(&path, Content::Foreign)?;
    let is_ours = match (&earlier, &present) {
        (Some(earlier), Some(bytes)) => earlier.sha256 == hash::sha256(bytes),
        (_, None) => true,
        (None, Some(_)) => false,
    };
    let backup = match &present {
        Some(bytes) if !is_ours => Some(back_up(args, &path, bytes)?),
        _ => earlier.and_then(|earlier| earlier.backup).filter(|backup| backup.exists()),
    };
    let done = Exported { path: path.clone(), sha256: hash::sha256(json), backup };
    known.exports.push(done.clone());
    record(app).write(&lock, &known)?;
    if let Some(folder) = path.parent()
        && !folder.exists()
    {
        private_file::create_dir(folder)?;
    }
    private_file::write_elsewhere(&path, json)?;
    ui::note(&format!("written to {}; `bqcred export --well-known --undo` undoes it", path.display()));
    if let Some(backup) = &done.backup {
        ui::note(&format!("the earlier file is kept as {}", backup.display()));
    }
    Ok(Output::none())
}

fn back_up(args: &Export, path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".before-bqcred");
    let backup = path.with_file_name(name);
    let other = private_file::read(&backup, Content::Foreign)?.is_some_and(|kept| *kept != *bytes);
    if other && !args.force {
        return Err(Error::other(format!(
            "{} holds an earlier backup; nothing was changed",
            backup.display()
        ))
        .hint("move it away, or replace it with `--force`"));
    }
    private_file::write_elsewhere(&backup, bytes)?;
    Ok(backup)
}

/// Restores the file from before.
pub(super) fn undo(args: &Export, app: &App) -> Result<Output> {
    let lock = lock(app)?;
    let path = app.gcloud_folder().adc();
    let _not_renewed = delivery::not_renewed(&path, &app.paths.state)?;
    let mut known = record(app).load()?.unwrap_or_default();
    let Some(record) = known.take(&path) else { return Err(nothing_to_undo(&known, &path)) };
    let present = private_file::read(&record.path, Content::Foreign)?;
    let is_ours = present.as_ref().is_none_or(|bytes| hash::sha256(bytes) == record.sha256);
    let kept = match &record.backup {
        Some(backup) => private_file::read(backup, Content::Foreign)?,
        None => None,
    };
    // an earlier --undo may have been stopped before its end
    let is_back = kept.is_some() && kept == present;
    if !is_ours && !is_back && !args.force && (kept.is_some() || record.backup.is_none()) {
        return Err(Error::other(format!(
            "{} has changed since the export, and is left as it is",
            record.path.display()
        ))
        .hint("`--force` restores the earlier file anyway"));
    }
    restore(&record, kept, is_ours)?;
    if known.exports.is_empty() {
        private_file::remove(&record_path(app))?;
    } else {
        self::record(app).write(&lock, &known)?;
    }
    Ok(Output::none())
}

fn nothing_to_undo(known: &Record, path: &Path) -> Error {
    let what = format!("nothing was exported to {}: nothing to undo", path.display());
    let error = Error::new(Kind::Missing, what);
    match known.exports.first().and_then(|other| other.path.parent()) {
        Some(folder) => error.hint(format!(
            "the last export was to another folder: `CLOUDSDK_CONFIG={} bqcred export --well-known --undo`",
            shell_word(folder)
        )),
        None => error,
    }
}

impl Record {
    /// Takes the export to this path out, if there was one.
    fn take(&mut self, path: &Path) -> Option<Exported> {
        let at = self.exports.iter().position(|export| export.path == path)?;
        Some(self.exports.remove(at))
    }
}

/// Restores the file from before the export: `kept`, if there was one.
fn restore(record: &Exported, kept: Option<SecretBytes>, is_ours: bool) -> Result<()> {
    let path = record.path.display();
    match (&record.backup, kept) {
        (Some(backup), Some(bytes)) => {
            private_file::write_elsewhere(&record.path, &bytes)?;
            private_file::remove(backup)?;
            ui::note(&format!("{path} is restored"));
        }
        (Some(backup), None) if is_ours => {
            return Err(Error::new(Kind::Missing, format!("the backup {} is gone", backup.display()))
                .hint(format!("delete {path} yourself if you don't need it")));
        }
        // no backup and another file in its place: it was restored before
        (Some(_), None) => ui::note(&format!("{path} is no longer the exported file, and is left as it is")),
        (None, _) => {
            private_file::remove(&record.path)?;
            ui::note(&format!("{path} is removed; there was no file before the export"));
        }
    }
    Ok(())
}
