//! `bqcred help VERB`: the same as `bqcred VERB --help`.

use crate::cli::{self, Asked, Help};
use crate::output::error::Result;
use crate::output::ui::Output;

pub(crate) fn run(args: &Help) -> Result<Output> {
    cli::described(&args.verb)?;
    let words = std::iter::once("bqcred").chain(args.verb.iter().map(String::as_str)).chain(["--help"]);
    match cli::parse(words.map(Into::into).collect())? {
        Asked::Text(text) => Ok(text),
        Asked::Verb(_) => Ok(Output::none()),
    }
}
