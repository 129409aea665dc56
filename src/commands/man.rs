//! `bqcred man`: manual pages, from the same description as the command line.

use std::path::Path;

use clap::Command;
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, roman};

use crate::cli::{self, Man};
use crate::output::error::{EXIT_CODES, Error, Result};
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &Man) -> Result<Output> {
    match &args.out {
        None => page(&cli::described(&args.name)?).map(Output::bytes),
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| Error::file(folder, "create", &error))?;
            let count = write_all(&cli::described(&[])?, folder)?;
            ui::note(&format!("{count} pages written to {}", folder.display()));
            Ok(Output::none())
        }
    }
}

/// Writes the pages of this verb and of all below it. Returns how many.
#[expect(clippy::disallowed_methods, reason = "manual pages are for everybody to read")]
fn write_all(command: &Command, folder: &Path) -> Result<usize> {
    let path = folder.join(format!("{}.1", name(command)));
    std::fs::write(&path, page(command)?).map_err(|error| Error::file(&path, "write", &error))?;
    visible_verbs(command).try_fold(1, |count, verb| Ok(count + write_all(verb, folder)?))
}

fn visible_verbs(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| !verb.is_hide_set())
}

/// `bqcred-client-set`, as clap joins it.
fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &Command) -> Result<Vec<u8>> {
    let shown = command.clone().subcommand_help_heading("VERBS");
    let man = Page::new(shown);
    // no date: the same source gives the same page
    let version = env!("CARGO_PKG_VERSION");
    let mut text =
        format!(".TH {} 1 \"\" \"bqcred {version}\" \"bqcred manual\"\n", name(command)).into_bytes();
    let mut write = || -> std::io::Result<()> {
        man.render_name_section(&mut text)?;
        man.render_synopsis_section(&mut text)?;
        man.render_description_section(&mut text)?;
        man.render_options_section(&mut text)?;
        if visible_verbs(command).next().is_some() {
            man.render_subcommands_section(&mut text)?;
        }
        closing_sections(command).to_writer(&mut text)
    };
    write().map_err(|error| Error::other(format!("can't write the manual page: {error}")))?;
    Ok(text)
}

/// The example as it is, and what clap doesn't know: exit codes, and where to read on.
fn closing_sections(command: &Command) -> Roff {
    let mut roff = Roff::default();
    if let Some(example) = command.get_after_help() {
        roff.control("SH", ["EXAMPLE"]).control("nf", []);
        let example = example.to_string();
        for line in example.strip_prefix("Example:\n").unwrap_or(&example).lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT_CODES {
        roff.control("TP", []).text([roman(code.to_string())]).text([roman(*meaning)]);
    }
    roff.control("SH", ["SEE ALSO"]);
    let others: Vec<String> = match name(command).as_str() {
        "bqcred" => visible_verbs(command).map(|verb| format!("{}(1)", name(verb))).collect(),
        _ => vec!["bqcred(1)".to_owned()],
    };
    roff.text([roman(others.join(", "))]);
    roff
}
