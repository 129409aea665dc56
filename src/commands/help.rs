//! `bqcred help VERB`: the same as `bqcred VERB --help`.

use crate::cli::{self, Help};
use crate::error::Result;
use crate::ui::Output;

pub(crate) fn run(args: &Help) -> Result<Output> {
    let mut command = cli::described(&args.verb)?;
    Ok(Output::text(command.render_long_help().to_string()))
}
