//! Putting a profile into a kernelspec's text, and taking it out again without a trace.
//!
//! Both work on the text of `kernel.json` and give back the whole new text. Putting in twice is the
//! same as once; taking out gives the bytes from before, save what others have changed since.

use crate::jupyter::kernelspec::argv::{self, Exec};
use crate::jupyter::kernelspec::json;
use crate::jupyter::kernelspec::marker::{self, Folder, Marker};
use crate::jupyter::kernelspec::spec;
use crate::jupyter::kernelspec::splice::{self, Style};

/// What a kernel is to be given.
#[derive(Clone, Debug)]
pub(crate) struct Change<'a> {
    /// The profile, for the marker.
    pub(crate) profile: &'a str,
    /// Variables for `env`, in order. Paths, never secrets: Jupyter serves them to the browser.
    pub(crate) vars: &'a [(String, String)],
    /// Wrap the command in `bqcred exec`.
    pub(crate) exec: Option<Exec<'a>>,
    /// The folder was made for this spec: how to tell later whether it may be removed.
    pub(crate) folder: Option<&'a Folder>,
}

/// A spec from which bqcred's changes were taken.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Undone {
    /// The whole text.
    pub(crate) text: String,
    /// What the marker said; `None` if there was none.
    pub(crate) marker: Option<Marker>,
    /// What others have changed since and was therefore left: variables, or `argv`.
    pub(crate) kept: Vec<String>,
}

impl Undone {
    /// Whether the folder, too, was made by bqcred and its spec is as it was then.
    pub(crate) fn removable_folder(&self) -> Option<&Folder> {
        let folder = self.marker.as_ref()?.folder.as_ref()?;
        (marker::checksum(self.text.as_bytes()) == folder.checksum).then_some(folder)
    }
}

/// The text with the change in it; the same text if it is there already.
pub(crate) fn install(text: &str, change: &Change<'_>) -> Result<String, String> {
    check_values(change.vars)?;
    let undone = uninstall(text)?;
    let folder = change.folder.cloned().or_else(|| undone.marker.and_then(|marker| marker.folder));
    let mut text = undone.text;
    let flaw = spec::parse(&text)?.flaw;
    if let Some(flaw) = flaw {
        return Err(flaw.to_owned());
    }
    let mut marker = Marker::new(change.profile);
    marker.folder = folder;
    if let Some(exec) = change.exec {
        text = argv::wrap(&text, change.profile, exec, &mut marker)?;
    }
    for (name, value) in change.vars {
        text = set_var(&text, name, value, &mut marker)?;
    }
    note_object(&text, "metadata", &mut marker)?;
    let json = marker.json();
    put(&text, "metadata", "bqcred", &json)
}

/// The text without bqcred's changes.
pub(crate) fn uninstall(text: &str) -> Result<Undone, String> {
    let document = json::parse(text)?;
    let Some(marker) = Marker::read(text, &document)? else {
        return Ok(Undone { text: text.to_owned(), marker: None, kept: Vec::new() });
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
    Ok(Undone { text, marker: Some(marker), kept })
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

/// What the marker of a spec says, if it has one that we understand.
pub(crate) fn marker(text: &str) -> Option<Marker> {
    Marker::read(text, &json::parse(text).ok()?).ok().flatten()
}

/// Jupyter substitutes `$NAME` and `${NAME}` in values, VS Code only the latter: no form of `$` means
/// the same to both.
fn check_values(vars: &[(String, String)]) -> Result<(), String> {
    for (name, value) in vars {
        if value.contains('$') {
            return Err(format!("the value of {name} holds a $, which Jupyter would substitute"));
        }
        if value.contains('\0') {
            return Err(format!("the value of {name} holds a NUL character"));
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

/// Remembers whether a top-level object exists, and how it looks if it is empty.
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

/// Brings back what [`note_object`] saw, if nothing is left in the object.
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

/// Sets `key` of a top-level object, which is made if need be.
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
