//! What `doctor --check` asks about.

/// A project, a dataset or a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) project: String,
    pub(crate) dataset: Option<String>,
    pub(crate) table: Option<String>,
}

impl Target {
    /// `PROJECT[.DATASET[.TABLE]]`, and `PROJECT:DATASET.TABLE` as bq writes it.
    pub(crate) fn parse(text: &str) -> Result<Target, String> {
        let text = text.trim_matches('`');
        // a project of an old organisation has its domain in front: example.com:project
        let (domain, rest) = match text.split_once(':') {
            Some((domain, rest)) if domain.contains('.') => (Some(domain), rest),
            _ => (None, text),
        };
        let mut parts = rest.splitn(3, ['.', ':']).map(str::to_owned);
        let name = parts.next().unwrap_or_default();
        let target = Target {
            project: domain.map_or(name.clone(), |domain| format!("{domain}:{name}")),
            dataset: parts.next(),
            table: parts.next(),
        };
        let plain = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || more.contains(c))
        };
        let good = plain(&target.project, "-:.")
            && target.dataset.as_deref().is_none_or(|name| plain(name, "_-"))
            && target.table.as_deref().is_none_or(|name| plain(name, "_- *$.@"));
        if good {
            Ok(target)
        } else {
            Err("expected PROJECT, PROJECT.DATASET or PROJECT.DATASET.TABLE".to_owned())
        }
    }

    fn named(&self) -> String {
        [Some(&self.project), self.dataset.as_ref(), self.table.as_ref()]
            .into_iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join(".")
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.named())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_as_bq_and_sql_spell_it() {
        let read = |text: &str| Target::parse(text).map(|target| target.to_string());
        for (text, name) in [
            ("p1", "p1"),
            ("p1.d", "p1.d"),
            ("p1.d.t", "p1.d.t"),
            ("p1:d.t", "p1.d.t"),
            ("`p1.d.t_2024*`", "p1.d.t_2024*"),
            ("example.com:p1.d.t", "example.com:p1.d.t"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(name), "{text}");
        }
        for bad in ["", "p1.", "p1..t", "p1.d.t`; DROP", "p1.d.", "p 1", "p1.d\\.t"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
