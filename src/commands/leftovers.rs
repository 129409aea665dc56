//! What profiles that are gone left in the keyring: reported, and removed if the user wants it.

use crate::app::App;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
use crate::store::items::{self, Item, Owner, REMOVE_GONE};
use crate::store::session;
use crate::system::terminal;

/// Reports the items that no profile here uses, and offers to remove those whose profile is gone. `yes` answers where no
/// question is to be asked; where none can be asked, the command is shown. Does nothing where there is no keyring.
pub(in crate::commands) fn offer(app: &App, yes: bool) {
    for item in items::unused_if_unlocked(&app.paths) {
        ui::note(&describe(&item));
        if item.owner != Owner::Gone {
            continue;
        }
        match yes || (terminal::can_ask() && agrees()) {
            true => ui::note(&match item.remove() {
                Ok(()) => format!("{} is removed from the keyring", item.describe()),
                Err(error) => format!("it could not be removed: {error}"),
            }),
            false => ui::note(&format!("`{REMOVE_GONE}` removes it")),
        }
    }
}

/// `bqcred forget --leftovers`: removes what profiles that are gone left, and nothing else.
pub(in crate::commands) fn remove(app: &App, yes: bool) -> Result<Output> {
    let files = session::of_gone_profiles(&app.paths);
    let items = items::unused(&app.paths)?;
    items.iter().for_each(|item| ui::note(&describe(item)));
    files.iter().for_each(|file| ui::note(&format!("{} is of a profile that is gone", file.display())));
    let gone: Vec<&Item> = items.iter().filter(|item| item.owner == Owner::Gone).collect();
    if gone.is_empty() && files.is_empty() {
        ui::note("profiles that are gone left nothing");
        return Ok(Output::none());
    }
    if !yes && !terminal::can_ask() {
        return Err(Error::usage("bqcred can't ask for confirmation here; nothing was removed")
            .hint(format!("`{REMOVE_GONE}`")));
    }
    if !yes && !agrees() {
        return Err(Error::other("nothing was removed"));
    }
    session::remove_files(&app.paths, &files)?;
    gone.iter().try_for_each(|item| item.remove())?;
    ui::note("what profiles that are gone left is removed");
    Ok(Output::none())
}

/// Reports an item under the bare name of a keyring profile, which bqcred doesn't use.
pub(in crate::commands) fn report_without_id(name: &ProfileName) {
    if let Some(item) = items::without_id(name) {
        ui::note(&describe(&item));
    }
}

/// For people. The command for an item of a profile that is gone comes with the question.
fn describe(item: &Item) -> String {
    match item.fix().filter(|_| item.owner != Owner::Gone) {
        Some(fix) => format!("{}: `{fix}` removes it", item.sentence()),
        None => item.sentence(),
    }
}

fn agrees() -> bool {
    terminal::confirm("Remove it?").unwrap_or(false)
}
