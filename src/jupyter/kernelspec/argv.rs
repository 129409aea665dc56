//! Wrapping a kernel's command in `bqcred exec`, and unwrapping it.

use crate::handover::broker::limits::Limits;
use crate::jupyter::kernelspec::json::{self, Value};
use crate::jupyter::kernelspec::marker::{Marker, Wrapped};
use crate::jupyter::kernelspec::splice;

/// How to wrap a kernel's command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExecWrapper<'a> {
    /// Absolute path of bqcred.
    pub(crate) bqcred: &'a str,
    /// With `--token-only`: what the kernel gets.
    pub(crate) token_only: Option<&'a Limits>,
    /// Absolute path of the server's Python. Jupyter uses it for a bare `python`, but only as the first word.
    pub(crate) python: &'a str,
}

/// The text with its command wrapped; the marker records the command.
pub(super) fn wrap(
    text: &str,
    profile: &str,
    exec: ExecWrapper<'_>,
    marker: &mut Marker,
) -> Result<String, String> {
    let document = json::parse(text)?;
    let argv = document.get("argv").ok_or("it has no argv")?;
    let options = exec.token_only.map(Limits::to_options).unwrap_or_default();
    let mut set: Vec<String> =
        [exec.bqcred, "exec", "--always-start", "--profile", profile].map(str::to_owned).to_vec();
    set.extend(options.into_iter().chain(["--".to_owned()]));
    for (position, element) in argv.elements().unwrap_or_default().iter().enumerate() {
        let word = element.text().unwrap_or_default();
        let bare = position == 0 && is_bare_python(word);
        set.push(if bare { exec.python.to_owned() } else { word.to_owned() });
    }
    let had = splice::slice(text, argv.span.clone()).to_owned();
    let new = list(text, argv, &set);
    marker.argv = Some(Wrapped { had, set, token_only: exec.token_only.cloned() });
    Ok(splice::replace(text, &argv.span, &new))
}

/// The text with its own command again, and the words that were added since.
pub(super) fn unwrap(text: &str, wrapped: &Wrapped, kept: &mut Vec<String>) -> Result<String, String> {
    let document = json::parse(text)?;
    let Some(argv) = document.get("argv") else { return Ok(text.to_owned()) };
    if words(argv) == wrapped.set {
        return Ok(splice::replace(text, &argv.span, &wrapped.had));
    }
    // an option was added: remove bqcred's words in front, keep the rest
    kept.push("argv".to_owned());
    let added = wrapped.set.iter().position(|word| word == "--").map_or(0, |end| end + 1);
    let current = words(argv);
    if current.get(..added) != wrapped.set.get(..added) {
        return Ok(text.to_owned());
    }
    let mut rest = current.get(added..).unwrap_or_default().to_vec();
    let original = json::parse(&wrapped.had)?;
    if let (Some(first), Some(set), Some(had)) =
        (rest.first_mut(), wrapped.set.get(added), words(&original).into_iter().next())
        && first == set
    {
        *first = had;
    }
    Ok(splice::replace(text, &argv.span, &list(text, argv, &rest)))
}

fn words(argv: &Value) -> Vec<String> {
    let elements = argv.elements().unwrap_or_default();
    elements.iter().map(|element| element.text().unwrap_or_default().to_owned()).collect()
}

/// A list of strings, laid out as the list in the text is.
fn list(text: &str, like: &Value, words: &[String]) -> String {
    let elements = like.elements().unwrap_or_default();
    let lead =
        elements.first().map_or("", |first| splice::slice(text, like.span.start + 1..first.span.start));
    let tail = elements.last().map_or("", |last| splice::slice(text, last.span.end..like.span.end - 1));
    let separator = if lead.contains('\n') { format!(",{lead}") } else { ", ".to_owned() };
    let words: Vec<String> = words.iter().map(|word| json::quote(word)).collect();
    format!("[{lead}{}{tail}]", words.join(&separator))
}

/// The names that Jupyter replaces by its own interpreter (`KernelManager.format_kernel_cmd`).
fn is_bare_python(word: &str) -> bool {
    match word.strip_prefix("python") {
        Some("" | "3") => true,
        Some(version) => version
            .strip_prefix("3.")
            .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit())),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_interpreter_names_that_jupyter_replaces_are_replaced() {
        for word in ["python", "python3", "python3.11"] {
            assert!(is_bare_python(word), "{word}");
        }
        for word in ["python2", "python3.", "python3.x", "/usr/bin/python3", "pythonw", "R"] {
            assert!(!is_bare_python(word), "{word}");
        }
    }
}
