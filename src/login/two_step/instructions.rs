//! What to do with the address that `--start` printed.

use crate::app::App;
use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::inside::Inside;
use crate::login::Flow;
use crate::output::shell_word::{in_shell, literal};
use crate::system::notebook::{self, Language};
use crate::system::terminal;

/// What the browser shows at the end, which is pasted.
struct Answer {
    /// The word for it.
    word: &'static str,
    /// Where it is found; lines for 80 columns.
    where_it_is: &'static str,
}

impl Answer {
    fn of(flow: &Flow) -> Answer {
        match flow {
            Flow::OwnClient(_) => Answer {
                word: "address",
                where_it_is: "The browser then says that 127.0.0.1 can't be reached, which is fine: copy the\n\
                              whole address from its address bar.",
            },
            Flow::Gcloud { .. } => Answer {
                word: "code",
                where_it_is: "The page then shows a code, which is valid for 10 minutes: copy it.",
            },
        }
    }
}

/// How to open the address that follows, and to complete `command` (`login`, `rotate`) where the user can't be asked.
pub(crate) fn instructions(
    app: &App,
    program: &str,
    name: &ProfileName,
    command: &str,
    flow: &Flow,
) -> String {
    let Answer { word, where_it_is } = Answer::of(flow);
    let second = match terminal::in_notebook() {
        true => second_step_in_notebook(app, program, name, command, word),
        false => format!(
            "Then run this within 10 minutes, paste the {word}, press Enter and Ctrl-D:\n\n  \
             bqcred {command} --profile {name} --finish -\n"
        ),
    };
    format!("Open the address below in a browser and sign in.\n{where_it_is}\n\n{second}\n")
}

/// The same for a notebook, with the address.
pub(crate) fn instructions_in_notebook(
    app: &App,
    program: &str,
    name: &ProfileName,
    command: &str,
    flow: &Flow,
    url: &str,
) -> String {
    let Answer { word, where_it_is } = Answer::of(flow);
    let second = second_step_in_notebook(app, program, name, command, word);
    format!("Open this address in a browser and sign in:\n{url}\n\n{where_it_is}\n\n{second}")
}

/// A cell completes the sign-in, and makes the kernel run as the user, if `exec --token-only` didn't start it. Code is not wrapped where that would change it.
fn second_step_in_notebook(
    app: &App,
    program: &str,
    name: &ProfileName,
    command: &str,
    word: &str,
) -> String {
    let python = python_cell(program, command, name, word);
    let r = r_cell(program, command, name, word);
    let cell = match notebook::language() {
        Some(Language::Python) => format!("{python}\n"),
        Some(Language::R) => format!("{r}\n{R_SHOWS}"),
        None => format!("{python}\nIn R:\n\n{r}\n{R_SHOWS}"),
    };
    let inside = Inside::here();
    let becomes = match &inside {
        None => ", and makes this notebook run as you:".to_owned(),
        Some(inside) => format!(". This notebook stays as it is:\n{}", stays(inside, &app.paths, name)),
    };
    format!(
        "Then run this in a new cell within 10 minutes. It asks for the {word}, without\n\
         showing or saving it{becomes}\n\n{cell}For all notebooks, from now on{}:\n\n{}\n",
        inside.as_ref().map_or("", |inside| inside.about().unknown_limits()),
        all_notebooks(app, program, name, inside.as_ref())
    )
}

/// What a sign-in does not change of a kernel that `exec --token-only` started.
fn stays(inside: &Inside, paths: &Paths, name: &ProfileName) -> String {
    inside.apart_from(paths, name).unwrap_or_else(|| format!("it runs as {}", inside.about().describe()))
}

/// For versions of IRkernel that have no masked input.
const R_SHOWS: &str = "(If this kernel shows what you paste, the cell uses it up and clears it. Save\n\
                       the notebook only then.)\n\n";

fn python_cell(program: &str, command: &str, name: &ProfileName, word: &str) -> String {
    let program = literal(program);
    format!(
        "import subprocess, getpass\n\
         exec(subprocess.run([{program}, \"{command}\", \"--profile\", \"{name}\",\n    \
         \"--finish\", \"-\", \"--cell\", \"python\"], text=True,\n    input=getpass.getpass(\"Paste the {word}: \"),\n    \
         stdout=subprocess.PIPE).stdout, {{}})\n"
    )
}

fn r_cell(program: &str, command: &str, name: &ProfileName, word: &str) -> String {
    let program = literal(program);
    format!(
        "eval(parse(text = suppressWarnings(system2({program}, c(\"{command}\", \"--profile\",\n  \
         \"{name}\", \"--finish\", \"-\", \"--cell\", \"r\"), stdout = TRUE, input =\n  \
         (if (exists(\"getPass\")) getPass else readline)(\"Paste the {word}: \")))))\n"
    )
}

/// A line for a cell, which gives kernels no more than this one has. R's `system` shows nothing in IRkernel.
fn all_notebooks(app: &App, program: &str, name: &ProfileName, inside: Option<&Inside>) -> String {
    let limits = inside.map_or_else(Vec::new, |inside| inside.options_for(&app.paths, name));
    match notebook::language() {
        Some(Language::R) => {
            let limits: String = limits.iter().map(|word| format!(", {}", literal(word))).collect();
            format!(
                "cat(system2({}, c(\"kernel\", \"install\", \"--profile\", \"{name}\"{limits}),\n  \
                 stdout = TRUE, stderr = TRUE), sep = \"\\n\")",
                literal(program)
            )
        }
        _ => {
            let limits: String = limits.iter().map(|word| format!(" {}", in_shell(word))).collect();
            format!("!{} kernel install --profile {name}{limits}", in_shell(program))
        }
    }
}
