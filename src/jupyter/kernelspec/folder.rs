//! A kernelspec folder with its resources (logos, `kernel.js`): checksums, copying, removing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::jupyter::kernelspec::files;
use crate::jupyter::kernelspec::marker;
use crate::output::error::{Error, Result};

/// Checksums of a folder's files other than `kernel.json`. A name that is not UTF-8 is left out: Jupyter
/// could not ask for it.
pub(super) fn checksums(folder: &Path) -> Result<BTreeMap<String, String>> {
    let names = files::resources(folder)?;
    let names = names.into_iter().filter_map(|name| name.to_str().map(str::to_owned));
    names
        .map(|name| {
            let path = folder.join(&name);
            let content = files::read_resource(&path)?;
            Ok((name, marker::checksum(&content)))
        })
        .collect()
}

/// Makes a kernelspec folder. `kernel.json` comes last, for it makes Jupyter see the folder; on failure
/// everything is removed.
pub(super) fn copy(from: &Path, to: &Path, text: &str) -> Result<()> {
    if to.join("kernel.json").symlink_metadata().is_ok() {
        return Err(Error::content(to, "there is a kernel of that name already; nothing was written"));
    }
    let existed = to.exists();
    files::create_folder(to)?;
    let copied =
        copy_resources(from, to).and_then(|()| files::replace(&to.join("kernel.json"), text.as_bytes()));
    if copied.is_err() && !existed {
        // the first failure is the one to report
        let _ = std::fs::remove_dir_all(to);
    }
    copied
}

fn copy_resources(from: &Path, to: &Path) -> Result<()> {
    for name in files::resources(from)? {
        files::copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// Brings a copy up to date. Each file is replaced by rename, `kernel.json` last: until then the copy is the old kernel,
/// with other pictures at most, and afterwards it is the new one.
pub(super) fn renew(from: &Path, to: &Path, text: &str, gone: &[PathBuf]) -> Result<()> {
    copy_resources(from, to)?;
    for name in gone {
        let path = to.join(name);
        tolerated(&path, std::fs::remove_file(&path))?;
    }
    files::replace(&to.join("kernel.json"), text.as_bytes())
}

/// Removes a kernelspec folder. `kernel.json` goes first: from then on the server sees what the copy hid.
pub(super) fn remove(folder: &Path, names: &[PathBuf]) -> Result<()> {
    for name in [PathBuf::from("kernel.json")].iter().chain(names) {
        let path = folder.join(name);
        tolerated(&path, std::fs::remove_file(&path))?;
    }
    let inner: BTreeSet<&Path> = names.iter().filter_map(|name| name.parent()).collect();
    for name in inner.into_iter().filter(|name| !name.as_os_str().is_empty()) {
        let path = folder.join(name);
        tolerated(&path, std::fs::remove_dir(&path))?;
    }
    tolerated(folder, std::fs::remove_dir(folder))
}

/// The result of a removal. A hidden file in the folder is not bqcred's and stays; without `kernel.json` the folder is not
/// a kernel.
fn tolerated(path: &Path, result: std::io::Result<()>) -> Result<()> {
    use std::io::ErrorKind;
    match result {
        Err(e) if !matches!(e.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => {
            Err(Error::file(path, "remove", &e))
        }
        _ => Ok(()),
    }
}
