//! Assigning a profile in a kernelspec's text, and taking the assignment out again.
//!
//! Both work on the text of `kernel.json` and give the whole new text. Assigning twice is the same as once;
//! taking out gives the earlier bytes, except for later changes that bqcred did not make.

use std::path::Path;

use crate::jupyter::kernelspec::argv::{self, ExecWrapper};
use crate::jupyter::kernelspec::json;
use crate::jupyter::kernelspec::marker::{self, Folder, Marker};
use crate::jupyter::kernelspec::spec;
use crate::jupyter::kernelspec::splice::{self, Style};

/// What a kernelspec is given, so that its kernels use a profile.
#[derive(Clone, Debug)]
pub(crate) struct Assignment<'a> {
    /// The profile's name, for the marker.
    pub(crate) profile: &'a str,
    /// Variables for `env`, in order. Paths, never secrets: Jupyter serves them to the browser.
    pub(crate) vars: &'a [(String, String)],
    /// The command is to be wrapped in `bqcred exec`.
    pub(crate) exec: Option<ExecWrapper<'a>>,
    /// The folder is made for this spec: what shows later whether it may be removed.
    pub(crate) folder: Option<&'a Folder>,
}

/// A spec from which bqcred's changes were taken out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Restored {
    /// The whole text.
    pub(crate) text: String,
    /// What the marker said; `None` if there was none, and the text is unchanged.
    pub(crate) marker: Option<Marker>,
    /// Values that were changed since, not by bqcred, and so stay: names of variables, or `argv`.
    pub(crate) kept: Vec<String>,
}

impl Restored {
    /// The folder, if bqcred made it and the restored spec is as it was then.
    pub(crate) fn removable_folder(&self) -> Option<&Folder> {
        let folder = self.marker.as_ref()?.folder.as_ref()?;
        (marker::checksum(self.text.as_bytes()) == folder.checksum).then_some(folder)
    }
}

/// The text with the assignment in it; the same text if it is there already.
pub(crate) fn install(text: &str, assignment: &Assignment<'_>) -> Result<String, String> {
    check_values(assignment.vars)?;
    let restored = uninstall(text)?;
    let folder = assignment.folder.cloned().or_else(|| restored.marker.and_then(|marker| marker.folder));
    let mut text = restored.text;
    let flaw = spec::parse(&text)?.flaw;
    if let Some(flaw) = flaw {
        return Err(flaw.to_owned());
    }
    let mut marker = Marker::new(assignment.profile);
    marker.folder = folder;
    if let Some(exec) = assignment.exec {
        text = argv::wrap(&text, assignment.profile, exec, &mut marker)?;
    }
    for (name, value) in assignment.vars {
        text = set_var(&text, name, value, &mut marker)?;
    }
    note_object(&text, "metadata", &mut marker)?;
    let json = marker.json();
    put(&text, "metadata", "bqcred", &json)
}

/// The text without bqcred's changes.
pub(crate) fn uninstall(text: &str) -> Result<Restored, String> {
    let document = json::parse(text)?;
    let Some(marker) = Marker::read(text, &document)? else {
        return Ok(Restored { text: text.to_owned(), marker: None, kept: Vec::new() });
    };
    let mut kept = Vec::new();
    let mut text = take(text, "metadata", "bqcred")?;
    text = restore_object(&text, "metadata", &marker)?;
    for (name, value) in &marker.set {
        text = unset_var(&text, name, value, &marker, &mut kept)?;
    }
    text = restore_object(&text, "env", &marker)?;
    if let Some(wrapped) = &marker.argv {
        text = argv::unwrap(&text, wrapped, &mut kept)?;
    }
    Ok(Restored { text, marker: Some(marker), kept })
}

/// The text with another display name, for a copy that stands beside its original.
pub(crate) fn rename(text: &str, display_name: &str) -> Result<String, String> {
    let document = json::parse(text)?;
    match document.get("display_name") {
        Some(value) => Ok(splice::replace(text, &value.span, &json::quote(display_name))),
        None => Style::of(text, &document)
            .append(text, &document, "display_name", &json::quote(display_name))
            .ok_or_else(|| "it is empty".to_owned()),
    }
}

/// The marker of a spec, if it has a valid one.
pub(crate) fn marker(text: &str) -> Option<Marker> {
    Marker::read(text, &json::parse(text).ok()?).ok().flatten()
}

/// The same for this `kernel.json`.
pub(crate) fn marker_in(file: &Path) -> Option<Marker> {
    marker(&spec::read_file(file).ok()?)
}

/// Jupyter substitutes `$NAME` and `${NAME}` in values, VS Code only the latter: no form of `$` means
/// the same to both.
fn check_values(vars: &[(String, String)]) -> Result<(), String> {
    for (name, value) in vars {
        if value.contains('$') {
            return Err(format!("the value of {name} has a $, and Jupyter would replace what follows it"));
        }
        if value.contains('\0') {
            return Err(format!("the value of {name} has a NUL character"));
        }
    }
    Ok(())
}

fn set_var(text: &str, name: &str, value: &str, marker: &mut Marker) -> Result<String, String> {
    if marker.set.is_empty() {
        note_object(text, "env", marker)?;
    }
    let document = json::parse(text)?;
    if let Some(old) = document.get("env").and_then(|env| env.get(name)) {
        marker.had.insert(name.to_owned(), splice::slice(text, old.span.clone()).to_owned());
    }
    marker.set.insert(name.to_owned(), value.to_owned());
    put(text, "env", name, &json::quote(value))
}

fn unset_var(
    text: &str,
    name: &str,
    value: &str,
    marker: &Marker,
    kept: &mut Vec<String>,
) -> Result<String, String> {
    let document = json::parse(text)?;
    let Some(current) = document.get("env").and_then(|env| env.get(name)) else {
        kept.push(name.to_owned());
        return Ok(text.to_owned());
    };
    if current.text() != Some(value) {
        kept.push(name.to_owned());
        return Ok(text.to_owned());
    }
    match marker.had.get(name) {
        Some(had) => Ok(splice::replace(text, &current.span, had)),
        None => take(text, "env", name),
    }
}

/// Records in the marker whether a top-level object exists, and its text if it is empty.
fn note_object(text: &str, key: &str, marker: &mut Marker) -> Result<(), String> {
    match json::parse(text)?.get(key) {
        None => marker.created.push(key.to_owned()),
        Some(value) if value.members().is_some_and(<[_]>::is_empty) => {
            let raw = splice::slice(text, value.span.clone()).to_owned();
            marker.was.insert(key.to_owned(), raw);
        }
        Some(_) => {}
    }
    Ok(())
}

/// Restores what [`note_object`] recorded, if nothing is left in the object.
fn restore_object(text: &str, key: &str, marker: &Marker) -> Result<String, String> {
    let document = json::parse(text)?;
    let Some((position, member)) = document.find(key) else { return Ok(text.to_owned()) };
    if !member.value.members().is_some_and(<[_]>::is_empty) {
        return Ok(text.to_owned());
    }
    if marker.created.iter().any(|created| created == key) {
        return Ok(splice::remove(text, &document, position));
    }
    match marker.was.get(key) {
        Some(raw) => Ok(splice::replace(text, &member.value.span, raw)),
        None => Ok(text.to_owned()),
    }
}

/// Sets `key` of a top-level object, which is added if it is missing.
fn put(text: &str, object: &str, key: &str, value: &str) -> Result<String, String> {
    let document = json::parse(text)?;
    let style = Style::of(text, &document);
    let members = [(key, value.to_owned())];
    let fresh = style.object(&members, 1);
    let Some(target) = document.get(object) else {
        return style.append(text, &document, object, &fresh).ok_or_else(|| "it is empty".to_owned());
    };
    if let Some(old) = target.get(key) {
        return Ok(splice::replace(text, &old.span, value));
    }
    Ok(style.append(text, target, key, value).unwrap_or_else(|| splice::replace(text, &target.span, &fresh)))
}

/// Removes `key` of a top-level object.
fn take(text: &str, object: &str, key: &str) -> Result<String, String> {
    let document = json::parse(text)?;
    let Some(target) = document.get(object) else { return Ok(text.to_owned()) };
    let Some((position, _)) = target.find(key) else { return Ok(text.to_owned()) };
    Ok(splice::remove(text, target, position))
}

#[cfg(test)]
mod tests;
