//! `bqcred init`: what a shell sources when it starts: static files, one after the other, with no values filled
//! in.

use crate::cli::{Init, InitShell};
use crate::output::ui::Output;

/// A shell's files.
struct Files {
    functions: &'static str,
    prompt: &'static str,
    pins: &'static str,
    completions: &'static str,
}

const BASH: Files = Files {
    functions: include_str!("../../shell/bqcred.bash"),
    prompt: include_str!("../../shell/prompt.bash"),
    pins: include_str!("../../shell/pins.bash"),
    completions: include_str!("../../shell/completions/bqcred.bash"),
};

const ZSH: Files = Files {
    functions: include_str!("../../shell/bqcred.zsh"),
    prompt: include_str!("../../shell/prompt.zsh"),
    pins: include_str!("../../shell/pins.zsh"),
    completions: include_str!("../../shell/completions/_bqcred"),
};

const FISH: Files = Files {
    functions: include_str!("../../shell/bqcred.fish"),
    prompt: include_str!("../../shell/prompt.fish"),
    pins: include_str!("../../shell/pins.fish"),
    completions: include_str!("../../shell/completions/bqcred.fish"),
};

pub(crate) fn run(args: &Init) -> Output {
    let files = match args.shell {
        InitShell::Bash => BASH,
        InitShell::Zsh => ZSH,
        InitShell::Fish => FISH,
    };
    let mut text = files.functions.to_owned();
    for (_, part) in [(args.pins, files.pins), (args.prompt, files.prompt)].iter().filter(|(asked, _)| *asked)
    {
        text += part;
    }
    Output::text(text + files.completions)
}
