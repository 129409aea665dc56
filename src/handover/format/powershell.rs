//! PowerShell:
//! `bqcred env --shell pwsh | Out-String | Invoke-Expression`.
//!
//! PowerShell decodes what a program prints with the console's code page, so only ASCII is printed: any
//! other character, and any control character, is written as its UTF-16 units. That also takes care of the
//! quotes U+2018 to U+201B, which close a string as `'` does.

use std::ffi::OsStr;

use super::{Reason, unicode};

/// `$env:NAME='value';`
pub(super) fn set(name: &str, value: &OsStr) -> Result<String, Reason> {
    let value = unicode(value)?;
    if value.is_empty() {
        return Err("PowerShell before 7.5 removes a variable that is set to nothing");
    }
    // The expression starts with a string, so that `+` joins text: `[char]` never comes first.
    let mut expression = String::from("'");
    let mut inside = true;
    for unit in value.encode_utf16() {
        let literal = u8::try_from(unit).ok().filter(|byte| matches!(byte, b' '..=b'~')).map(char::from);
        if literal.is_some() != inside {
            expression += if inside { "'" } else { "+'" };
            inside = !inside;
        }
        match literal {
            Some('\'') => expression += "''",
            Some(character) => expression.push(character),
            None => expression += &format!("+[char]0x{unit:x}"),
        }
    }
    if inside {
        expression.push('\'');
    }
    Ok(format!("$env:{name}={expression};\n"))
}

/// `$env:NAME=$null;`: removes it, in every version.
pub(super) fn unset(name: &str) -> String {
    format!("$env:{name}=$null;\n")
}
