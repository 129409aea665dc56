//! Reading the options in front of a command, as getopt(3) and Go's pflag do.

/// Which options of a program take a value.
pub(super) struct Syntax {
    /// Letters of the short options that take one.
    pub(super) short: &'static str,
    /// The long options that take one as the next word.
    pub(super) long: Long,
}

/// The long options that take a value as the next word; one after `=` is always a value.
pub(super) enum Long {
    /// These.
    These(&'static [&'static str]),
    /// All but these.
    AllBut(&'static [&'static str]),
}

/// An option: its name, with one or two dashes, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opt {
    pub(super) name: String,
    pub(super) value: Option<String>,
}

impl Opt {
    /// The value, if this is one of these options.
    pub(super) fn value_of(&self, names: &[&str]) -> Option<&str> {
        self.is(names).then_some(self.value.as_deref()).flatten()
    }

    /// Whether this is one of these options.
    pub(super) fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }
}

/// The options in front, and the words from the first that is none.
pub(super) fn split<'a>(words: &'a [String], syntax: &Syntax) -> (Vec<Opt>, &'a [String]) {
    let mut found = Vec::new();
    let mut rest = words;
    while let Some((word, after)) = rest.split_first() {
        if word == "--" {
            return (found, after);
        }
        if word == "-" || !word.starts_with('-') {
            break;
        }
        rest = after;
        let takes_next = match word.strip_prefix("--") {
            Some(long) => read_long(long, &syntax.long, &mut found),
            None => read_cluster(&word[1..], syntax.short, &mut found),
        };
        if takes_next && let (Some(last), Some((value, after))) = (found.last_mut(), rest.split_first()) {
            last.value = Some(value.clone());
            rest = after;
        }
    }
    (found, rest)
}

/// Adds a long option; whether its value is the next word.
fn read_long(text: &str, long: &Long, found: &mut Vec<Opt>) -> bool {
    if let Some((name, value)) = text.split_once('=') {
        found.push(Opt { name: format!("--{name}"), value: Some(value.to_owned()) });
        return false;
    }
    found.push(Opt { name: format!("--{text}"), value: None });
    match long {
        Long::These(names) => names.contains(&text),
        Long::AllBut(names) => !names.contains(&text),
    }
}

/// Adds the short options of a word such as `-itv`; whether the value of the last is the next word.
fn read_cluster(letters: &str, with_value: &str, found: &mut Vec<Opt>) -> bool {
    for (at, letter) in letters.char_indices() {
        let name = format!("-{letter}");
        if with_value.contains(letter) {
            let value = &letters[at + letter.len_utf8()..];
            let value = value.strip_prefix('=').unwrap_or(value);
            found.push(Opt { name, value: (!value.is_empty()).then(|| value.to_owned()) });
            return value.is_empty();
        }
        found.push(Opt { name, value: None });
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_values_and_the_end_of_options_are_read_as_getopt_does() {
        let syntax = Syntax { short: "eu", long: Long::These(&["env"]) };
        let read = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let (options, rest) = split(&words, &syntax);
            let options: Vec<String> = options
                .into_iter()
                .map(|option| format!("{}={}", option.name, option.value.unwrap_or_default()))
                .collect();
            (options.join(" "), rest.join(" "))
        };
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(read("-iteA=1 x -y"), pair("-i= -t= -e=A=1", "x -y"));
        assert_eq!(
            read("-ite A --env B --env=C=D --rm img"),
            pair("-i= -t= -e=A --env=B --env=C=D --rm=", "img")
        );
        assert_eq!(read("-u -- x"), pair("-u=--", "x"));
        assert_eq!(read("-i -- -x"), pair("-i=", "-x"));
        assert_eq!(read("- x"), pair("", "- x"));
    }
}
