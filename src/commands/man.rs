//! `bqcred man`: manual pages, from the same description as the command line.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use clap::Command;
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, roman};
use signal_hook::consts::SIGINT;

use crate::cli::{self, Man};
use crate::output::error::{EXIT_CODES, Error, Result, reason};
use crate::output::ui::{self, Output};
use crate::system::env;

pub(crate) fn run(args: &Man) -> Result<Output> {
    let command = cli::described(&args.name)?;
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder).map_err(|error| Error::file(folder, "create", &error))?;
        let count = write_all(&command, folder)?;
        ui::note(&format!("{count} pages written to {}", folder.display()));
        return Ok(Output::none());
    }
    if !std::io::stdout().is_terminal() {
        return page(&command).map(Output::bytes);
    }
    match env::find_program("man") {
        Some(man) => show(&man, &page(&command)?),
        None => Ok(Output::for_people(&text(command))),
    }
}

/// Shows the page in `man`, which calls the pager that the user chose. A path with a slash is a file for all
/// of man-db, mandoc, BSD and busybox, unlike `-l -`.
fn show(man: &Path, page: &[u8]) -> Result<Output> {
    let broken = |error: std::io::Error| Error::other(format!("can't run man: {}", reason(&error)));
    let mut file = tempfile::Builder::new().prefix("bqcred-").suffix(".1").tempfile().map_err(broken)?;
    file.write_all(page).and_then(|()| file.flush()).map_err(broken)?;
    // Ctrl-C is for the pager: without this it would end bqcred, and the shell and the pager would read the same keys
    let _ = signal_hook::flag::register(SIGINT, Arc::default());
    let status = std::process::Command::new(man).arg(file.path()).status().map_err(broken)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(Output::none().with_code(code))
}

/// The content of the page where there is no `man`: the help, and the exit codes.
fn text(mut command: Command) -> String {
    let rows: Vec<(String, String)> =
        EXIT_CODES.iter().map(|(code, meaning)| (format!("  {code}"), (*meaning).to_owned())).collect();
    let rows: Vec<(&str, String)> =
        rows.iter().map(|(code, meaning)| (code.as_str(), meaning.clone())).collect();
    format!("{}\nExit status:\n{}", command.render_long_help(), ui::columns(&rows))
}

/// Writes the pages of this command and of all its subcommands. Returns how many.
#[expect(clippy::disallowed_methods, reason = "manual pages are readable by all users")]
fn write_all(command: &Command, folder: &Path) -> Result<usize> {
    let path = folder.join(format!("{}.1", name(command)));
    std::fs::write(&path, page(command)?).map_err(|error| Error::file(&path, "write", &error))?;
    visible_subcommands(command).try_fold(1, |count, command| Ok(count + write_all(command, folder)?))
}

fn visible_subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| !command.is_hide_set())
}

/// `bqcred-client-set`, as clap joins it.
fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

/// The page of a command, in roff.
fn page(command: &Command) -> Result<Vec<u8>> {
    let man = Page::new(command.clone().subcommand_help_heading("COMMANDS"));
    // no date: the same source gives the same page
    let version = env!("CARGO_PKG_VERSION");
    let mut text =
        format!(".TH {} 1 \"\" \"bqcred {version}\" \"bqcred manual\"\n", name(command)).into_bytes();
    let mut write = || -> std::io::Result<()> {
        man.render_name_section(&mut text)?;
        man.render_synopsis_section(&mut text)?;
        man.render_description_section(&mut text)?;
        man.render_options_section(&mut text)?;
        if visible_subcommands(command).next().is_some() {
            man.render_subcommands_section(&mut text)?;
        }
        closing_sections(command).to_writer(&mut text)
    };
    write().map_err(|error| Error::other(format!("can't write the manual page: {error}")))?;
    Ok(text)
}

/// The example as it is, and what clap doesn't know: exit codes, and other pages.
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
        "bqcred" => visible_subcommands(command).map(|command| format!("{}(1)", name(command))).collect(),
        _ => vec!["bqcred(1)".to_owned()],
    };
    roff.text([roman(others.join(", "))]);
    roff
}
