//! Shows what gcloud says, up to the moment when it has written the credential: after that it speaks of a file that is
//! gone in a moment, and of a quota project for a file that isn't bqcred's.

use std::io::{PipeReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How long to wait for the last of it: a browser that gcloud started may keep the pipe open.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);

/// gcloud's output on its way to the user.
pub(super) struct Relay {
    held_back: Receiver<Vec<u8>>,
}

impl Relay {
    /// Takes the program's output. stdout too, because gcloud's questions go there, and in the order of both.
    pub(super) fn of(command: &mut Command, credential: &Path) -> std::io::Result<Relay> {
        let (reader, writer) = std::io::pipe()?;
        command.stdout(Stdio::from(writer.try_clone()?)).stderr(Stdio::from(writer));
        let (sender, held_back) = mpsc::channel();
        let credential = credential.to_owned();
        std::thread::spawn(move || {
            let _ = sender.send(forward(reader, &credential));
        });
        Ok(Relay { held_back })
    }

    /// Shows the rest as well: the program failed, and says why.
    pub(super) fn show_rest(self) {
        if let Ok(rest) = self.held_back.recv_timeout(DRAIN_LIMIT) {
            let _ = std::io::stderr().write_all(&rest);
        }
    }
}

/// Copies to stderr until the credential is there, and returns what comes after that.
fn forward(mut reader: PipeReader, credential: &Path) -> Vec<u8> {
    let mut rest = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut chunk) {
        let piece = chunk.get(..count).unwrap_or_default();
        match credential.exists() {
            true => rest.extend_from_slice(piece),
            false => drop(std::io::stderr().write_all(piece)),
        }
    }
    rest
}
