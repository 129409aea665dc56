//! `bqcred help COMMAND`: the same as `bqcred COMMAND --help`.

use crate::cli::{self, Help, Parsed};
use crate::output::error::Result;
use crate::output::ui::Output;

pub(crate) fn run(args: &Help) -> Result<Output> {
    cli::described(&args.name)?;
    let words = std::iter::once("bqcred").chain(args.name.iter().map(String::as_str)).chain(["--help"]);
    match cli::parse(words.map(Into::into).collect())? {
        Parsed::Text(text) => Ok(text),
        Parsed::Command(_) => Ok(Output::none()),
    }
}
