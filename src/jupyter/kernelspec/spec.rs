//! A `kernel.json` as Jupyter reads it: what it means, and whether Jupyter lists it.
//!
//! Source: `jupyter_client.kernelspec.KernelSpec` (a traitlets class: a value of the wrong type makes
//! the whole spec disappear from the list) and Python's `json.load`.

use std::path::Path;

use crate::jupyter::kernelspec::files;
use crate::jupyter::kernelspec::json::{self, Value, ValueKind};
use crate::output::error::{self, Error};

/// More bytes than any kernelspec has.
pub(crate) const MAX_SPEC: u64 = 1 << 20;

/// What a kernelspec says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Spec {
    /// The command that starts the kernel. Elements that are not strings are left out and reported as the `flaw`.
    pub(crate) argv: Vec<String>,
    /// The name that Jupyter shows.
    pub(crate) display_name: String,
    /// The language as the spec spells it (`python`, `R`).
    pub(crate) language: String,
    /// Variables for the kernel, in order; `None` for a value that is not a string.
    pub(crate) env: Vec<(String, Option<String>)>,
    /// The plug-in that starts the kernel.
    pub(crate) provisioner: Provisioner,
    /// Why Jupyter lists this spec but can't start it.
    pub(crate) flaw: Option<&'static str>,
}

/// `metadata.kernel_provisioner`, which jupyter_client reads since version 7.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Provisioner {
    /// The server's default.
    #[default]
    Default,
    /// The one of this name, which has to be installed.
    Named(String),
    /// A value that jupyter_client fails on.
    Malformed,
}

impl Spec {
    /// The value of a variable that the spec sets.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.env.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.as_deref())
    }

    /// Whether this is a Python kernel, by its language or its command.
    pub(crate) fn is_python(&self) -> bool {
        self.language.eq_ignore_ascii_case("python")
            || self.argv.iter().any(|arg| arg == "ipykernel_launcher")
    }

    /// Whether this is an R kernel, by its language or its command.
    pub(crate) fn is_r(&self) -> bool {
        self.language.eq_ignore_ascii_case("r") || self.argv.iter().any(|arg| arg.contains("IRkernel::"))
    }
}

/// The text of this `kernel.json`.
pub(crate) fn read_file(file: &Path) -> error::Result<String> {
    let bytes = files::read(file, MAX_SPEC).map_err(|e| Error::file(file, "read", &e))?;
    decode(&bytes).map(str::to_owned).map_err(|problem| Error::content(file, problem))
}

/// The text of a spec file, decoded as Jupyter does: strict UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())
}

/// Reads a spec; the error says why Jupyter does not list it, without quoting it.
pub(crate) fn parse(text: &str) -> Result<Spec, String> {
    let document = json::parse(text)?;
    read(&document)
}

/// Reads a spec from a parsed document.
pub(crate) fn read(document: &Value) -> Result<Spec, String> {
    if document.members().is_none() {
        return Err("not a JSON object".to_owned());
    }
    if let Some(key) = ["resource_dir", "self"].into_iter().find(|key| document.get(key).is_some()) {
        return Err(format!("it has a key that Jupyter sets itself: {key}"));
    }
    let mut spec = Spec {
        display_name: text(document, "display_name")?,
        language: text(document, "language")?,
        ..Spec::default()
    };
    for key in ["name", "mimetype", "kernel_protocol_version"] {
        text(document, key)?;
    }
    argv(document, &mut spec)?;
    env(document, &mut spec)?;
    interrupt_mode(document)?;
    spec.provisioner = provisioner(document)?;
    Ok(spec)
}

fn text(document: &Value, key: &str) -> Result<String, String> {
    match document.get(key) {
        None => Ok(String::new()),
        Some(value) => value.text().map(str::to_owned).ok_or_else(|| format!("{key} is not a string")),
    }
}

fn argv(document: &Value, spec: &mut Spec) -> Result<(), String> {
    let Some(value) = document.get("argv") else {
        spec.flaw = Some("it has no argv");
        return Ok(());
    };
    if value.text().is_some() {
        // traitlets makes a list of it since version 5.15, and refuses it before
        spec.flaw = Some("argv is not a list");
        return Ok(());
    }
    let elements = value.elements().ok_or("argv is not a list")?;
    spec.argv = elements.iter().filter_map(|element| element.text().map(str::to_owned)).collect();
    if spec.argv.len() != elements.len() {
        spec.flaw = Some("argv has an element that is not a string");
    } else if spec.argv.is_empty() {
        spec.flaw = Some("its argv is empty");
    }
    Ok(())
}

fn env(document: &Value, spec: &mut Spec) -> Result<(), String> {
    let Some(value) = document.get("env") else { return Ok(()) };
    for member in value.members().ok_or("env is not an object")? {
        let text = member.value.text().map(str::to_owned);
        if text.is_none() {
            spec.flaw = Some("env has a value that is not a string");
        }
        spec.env.retain(|(name, _)| *name != member.key);
        spec.env.push((member.key.clone(), text));
    }
    Ok(())
}

fn interrupt_mode(document: &Value) -> Result<(), String> {
    let mode = text(document, "interrupt_mode")?;
    if document.get("interrupt_mode").is_none() || ["signal", "message"].contains(&&*mode.to_lowercase()) {
        Ok(())
    } else {
        Err("interrupt_mode is neither signal nor message".to_owned())
    }
}

fn provisioner(document: &Value) -> Result<Provisioner, String> {
    let Some(metadata) = document.get("metadata") else { return Ok(Provisioner::Default) };
    if metadata.members().is_none() {
        return Err("metadata is not an object".to_owned());
    }
    let Some(value) = metadata.get("kernel_provisioner") else { return Ok(Provisioner::Default) };
    Ok(match &value.kind {
        ValueKind::Object(_) => match value.get("provisioner_name") {
            Some(name) => Provisioner::Named(name.text().unwrap_or("(not a string)").to_owned()),
            None => Provisioner::Default,
        },
        // Python's `in` works on these and finds nothing
        ValueKind::Text(_) | ValueKind::Array(_) => Provisioner::Default,
        ValueKind::Number | ValueKind::Bool(_) | ValueKind::Null => Provisioner::Malformed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_that_jupyter_does_not_list_is_an_error() {
        for text in [
            "[]",
            r#"{"argv": {}}"#,
            r#"{"argv": ["R"], "env": null}"#,
            r#"{"argv": ["R"], "metadata": []}"#,
            r#"{"argv": ["R"], "interrupt_mode": "never"}"#,
            r#"{"argv": ["R"], "display_name": null}"#,
            r#"{"argv": ["R"], "resource_dir": "/x"}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(decode(b"{\"argv\": [\"\xff\"]}").is_err());
    }

    #[test]
    fn a_spec_that_jupyter_lists_but_can_not_start_has_a_flaw() {
        for text in [
            "{}",
            r#"{"argv": "R"}"#,
            r#"{"argv": []}"#,
            r#"{"argv": ["R", 1]}"#,
            r#"{"argv": ["R"], "env": {"A": 1}}"#,
        ] {
            assert!(parse(text).unwrap().flaw.is_some(), "{text}");
        }
    }

    #[test]
    fn of_repeated_keys_the_last_is_used() {
        let spec = parse(
            r#"{"argv":["a"],"argv":["b"],"env":{"X":"1","X":"2"},"interrupt_mode":"Message","new":1}"#,
        );
        let spec = spec.unwrap();
        assert_eq!(spec.argv, ["b"]);
        assert_eq!(spec.var("X"), Some("2"));
        assert_eq!(spec.flaw, None);
    }
}
