//! The native kernel: where no file specifies `python3`, ipykernel gives its spec to Jupyter itself
//! (`ipykernel.kernelspec.get_kernel_dict`). What it contains depends on ipykernel's version.

/// The spec of the ipykernel with this text in its module `kernelspec.py`, laid out as ipykernel would write it.
pub(super) fn spec_text(module: &str) -> String {
    let name = if module.contains("(ipykernel)") { "Python 3 (ipykernel)" } else { "Python 3" };
    let mut metadata = Vec::new();
    if module.contains("\"debugger\"") {
        metadata.push("  \"debugger\": true");
    }
    if module.contains("\"supported_encryption\"") {
        metadata.push("  \"supported_encryption\": [\n   \"curve\"\n  ]");
    }
    let argv =
        ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"].map(|word| format!("  \"{word}\""));
    let mut members = vec![
        format!(" \"argv\": [\n{}\n ]", argv.join(",\n")),
        format!(" \"display_name\": \"{name}\""),
        " \"language\": \"python\"".to_owned(),
    ];
    if !metadata.is_empty() {
        members.push(format!(" \"metadata\": {{\n{}\n }}", metadata.join(",\n")));
    }
    if module.contains("\"kernel_protocol_version\"") {
        members.push(" \"kernel_protocol_version\": \"5.5\"".to_owned());
    }
    format!("{{\n{}\n}}", members.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jupyter::kernelspec::spec;

    #[test]
    fn the_spec_has_what_the_module_mentions() {
        let old = spec::parse(&spec_text("")).unwrap();
        assert_eq!((old.display_name.as_str(), old.flaw), ("Python 3", None));
        let text = spec_text(
            r#"f"Python {v} (ipykernel)" "debugger" "supported_encryption" "kernel_protocol_version""#,
        );
        assert_eq!(spec::parse(&text).unwrap().display_name, "Python 3 (ipykernel)");
        for key in ["debugger", "supported_encryption", "kernel_protocol_version"] {
            assert!(text.contains(key), "{text}");
        }
    }
}
