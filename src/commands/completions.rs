//! `bqcred completions`: a static file for each shell, which runs `bqcred __complete` at every Tab.

use crate::cli::{CompletionShell, Completions};
use crate::output::ui::Output;

pub(crate) fn run(args: &Completions) -> Output {
    Output::text(match args.shell {
        CompletionShell::Bash => include_str!("../../shell/completions/bqcred.bash"),
        CompletionShell::Zsh => include_str!("../../shell/completions/_bqcred"),
        CompletionShell::Fish => include_str!("../../shell/completions/bqcred.fish"),
        CompletionShell::Elvish => include_str!("../../shell/completions/bqcred.elv"),
        CompletionShell::PowerShell => include_str!("../../shell/completions/bqcred.ps1"),
        CompletionShell::Nushell => include_str!("../../shell/completions/bqcred.nu"),
    })
}
