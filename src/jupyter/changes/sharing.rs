//! Whom a change of a kernelspec outside the home concerns besides the user, and whether it lasts.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::jupyter::changes::target::Target;
use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::search::Location;
use crate::jupyter::locate::servers::Servers;
use crate::output::notes::Notes;
use crate::system::container;

/// What the user wants to know before this file or folder is written for a server of this context.
pub(crate) fn describe(servers: &Servers, context: &Context, kernel: &Kernel, target: &Target) -> Notes {
    let mut notes = Notes::none();
    let written = match target {
        Target::Patch(file) => file,
        Target::Copy(folder) => folder,
    };
    if context.has_in_home(written) || kernel.location == Location::User {
        return notes;
    }
    let prefix = context.python.as_ref().map(|python| python.prefix.clone());
    let prefix = prefix.filter(|prefix| written.starts_with(prefix)).unwrap_or_else(|| written.clone());
    if container::may_be_image(&context.environ, &prefix) {
        notes.add(format!(
            "if {} is part of a container's image, the change of kernel {} does not last: it is gone when the container is made anew",
            prefix.display(),
            kernel.name
        ));
        notes.detail(at_home(context));
    }
    if let Some(who) = others(servers, &prefix, written) {
        notes.add(format!(
            "{} is read by {who}, too; their kernels can't read your credential and would fail",
            written.display()
        ));
        notes.detail(at_home(context));
    }
    notes
}

/// The way to change the kernel for this user, for good.
fn at_home(context: &Context) -> String {
    let command = "`bqcred kernel install --where user` changes it in your home folder, for you alone";
    match context.prefers_environment() {
        true => format!("{command}; for that, start Jupyter with JUPYTER_PREFER_ENV_PATH=0"),
        false => command.to_owned(),
    }
}

/// Who else starts kernels of this environment, as far as it shows: other users' servers, or a group that may write it.
fn others(servers: &Servers, prefix: &Path, written: &Path) -> Option<String> {
    let others: Vec<String> = servers
        .of_others
        .iter()
        .filter(|server| server.program.starts_with(prefix))
        .map(|server| server.uid.to_string())
        .collect();
    if !others.is_empty() {
        return Some(format!("the server of another user ({})", others.join(", ")));
    }
    let places: Vec<PathBuf> =
        written.ancestors().take_while(|place| place.starts_with(prefix)).map(PathBuf::from).collect();
    let own_group = rustix::process::getegid().as_raw();
    let open = places.iter().filter_map(|place| Some((place, std::fs::metadata(place).ok()?)));
    open.filter(|(_, meta)| meta.mode() & 0o002 != 0 || (meta.mode() & 0o020 != 0 && meta.gid() != own_group))
        .map(|(_, meta)| match meta.mode() & 0o002 {
            0 => format!("the group that shares it ({})", meta.gid()),
            _ => "everybody on this machine, who may write it".to_owned(),
        })
        .next()
}
