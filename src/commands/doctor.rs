//! `bqcred doctor`: shows which identity each library here would use, why, and what to do about it.

use crate::app::App;
use crate::cli::Doctor;
use crate::doctor::{self, Question};
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &Doctor, app: &App) -> Result<Output> {
    if args.offline && args.check.is_some() {
        return Err(Error::usage("--check asks BigQuery, so it can't be combined with --offline")
            .hint("leave one of them out"));
    }
    let libraries = args.libraries.iter().flat_map(|word| word.0.clone()).collect();
    let mut report =
        doctor::examine(app, Question { libraries, check: args.check.clone(), offline: args.offline });
    ui::show(std::mem::take(&mut report.notes));
    if let Some(error) = report.check_error() {
        ui::fail(error);
    }
    let output = match args.json {
        true => Output::json(&report.json()),
        false => Output::for_people(&report.text(args.verbose, ui::columns)),
    };
    Ok(output.with_code(report.exit_code()))
}
