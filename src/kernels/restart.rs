//! What to click for kernels that already run.

use crate::jupyter::running::Running;
use crate::ui;

/// Says what to click for kernels that run already: they keep the environment of their start.
pub(crate) fn tell(running: &[Running], is_current: impl Fn(&Running) -> bool) {
    let old: Vec<&Running> = running.iter().filter(|kernel| !is_current(kernel)).collect();
    if old.is_empty() {
        ui::note("new notebooks use it at once; nothing has to be restarted");
        return;
    }
    let kernels: Vec<String> = old
        .iter()
        .map(|kernel| format!("{} (process {})", kernel.language.unwrap_or("kernel"), kernel.pid))
        .collect();
    ui::note(&format!("these kernels run already and keep what they started with: {}", kernels.join(", ")));
    ui::tell(
        "  in each open notebook click: Kernel > Shut Down Kernel, then Kernel > Restart Kernel\n  \
         (Restart alone keeps the old environment); or paste `bqcred kernel snippet` into a cell\n",
    );
}
