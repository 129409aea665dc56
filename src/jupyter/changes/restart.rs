//! What to click for kernels that already run.

use crate::jupyter::locate::running::Running;
use crate::output::ui;

/// What became of the kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// They got a credential in a file, which a snippet can give to a running one.
    GivenFile,
    /// They got a credential that only a start can give them.
    Given,
    /// They were put back.
    Taken,
}

/// Says what to click for kernels that run already: they keep the environment of their start.
pub(crate) fn tell(outcome: Outcome, running: &[Running], is_current: impl Fn(&Running) -> bool) {
    let old: Vec<&Running> = running.iter().filter(|kernel| !is_current(kernel)).collect();
    if old.is_empty() {
        ui::note(match outcome {
            Outcome::Taken => "new notebooks start as before; nothing has to be restarted",
            _ => "new notebooks use it at once; nothing has to be restarted",
        });
        return;
    }
    let kernels: Vec<String> = old
        .iter()
        .map(|kernel| format!("{} (process {})", kernel.language.unwrap_or("kernel"), kernel.pid))
        .collect();
    ui::note(&format!("these kernels run already and keep what they started with: {}", kernels.join(", ")));
    ui::tell("  in each open notebook click: Kernel > Shut Down Kernel, then Kernel > Restart Kernel\n");
    ui::tell(match (outcome, old.iter().all(|kernel| kernel.language == Some("R"))) {
        (Outcome::GivenFile, false) => {
            "  (Restart alone keeps the old environment); or paste `bqcred kernel snippet` into a cell\n"
        }
        (Outcome::GivenFile, true) => {
            "  (Restart alone keeps the old environment); or paste `bqcred kernel snippet --lang r` into a cell\n"
        }
        _ => "  (Restart alone keeps the old environment)\n",
    });
}
