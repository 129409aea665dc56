//! The Jupyter server that started this process as a kernel, whose command `bqcred exec` wraps and supervises.

use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::SIGINT;
use signal_hook::low_level::siginfo::Origin;

use crate::system::env;

/// The Jupyter server that started this process as a kernel, if one did.
pub(super) struct JupyterServer(Option<u32>);

impl JupyterServer {
    /// The server whose kernel this process is.
    pub(super) fn of_this_process() -> JupyterServer {
        let named = env::text("JPY_PARENT_PID").and_then(|pid| pid.parse().ok());
        JupyterServer(named.filter(|pid| *pid == std::os::unix::process::parent_id()))
    }

    /// Whether this is the server's interrupt. A second one would hit the kernel in its handling of the first
    /// (`jupyter_client`'s `LocalProvisioner.send_signal`).
    pub(super) fn interrupts_by(&self, origin: &Origin) -> bool {
        let sender = origin.process.and_then(|process| u32::try_from(process.pid).ok());
        origin.signal == SIGINT && self.0.is_some() && self.0 == sender
    }

    /// Ends the program when the server has ended. Python's kernels look for that themselves, at their parent, which
    /// is this process (`ipykernel.parentpoller`).
    pub(super) fn end_with_it(&self, program: &Child) {
        let Some(server) = self.0 else { return };
        let pid = Pid::from_child(program);
        std::thread::spawn(move || {
            while std::os::unix::process::parent_id() == server {
                std::thread::sleep(Duration::from_secs(1));
            }
            let _ = kill_process(pid, Signal::TERM);
        });
    }
}
