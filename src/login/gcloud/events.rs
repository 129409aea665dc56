//! All that can happen while gcloud is kept waiting, as one stream.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::Sender;

use zeroize::Zeroizing;

use super::messages::Request;

/// Something that happened.
pub(super) enum Event {
    /// gcloud said something; nothing any more if it is empty.
    Said(Vec<u8>),
    /// A step of the sign-in wants something.
    Asked(Request),
    /// The first step has recorded the sign-in.
    Recorded,
    /// A signal asks to stop, or the first step has ended.
    Stop,
}

/// Turns what comes from gcloud and from the steps into events.
pub(super) fn listen(requests: File, mut output: impl Read + Send + 'static, sender: &Sender<Event>) {
    let asked = sender.clone();
    std::thread::spawn(move || {
        let mut requests = BufReader::new(requests);
        loop {
            let mut line = Zeroizing::new(String::new());
            if requests.read_line(&mut line).is_err() {
                return;
            }
            // what is no request is nobody's of ours
            if let Ok(request) = serde_json::from_str(&line) {
                let _ = asked.send(Event::Asked(request));
            }
        }
    });
    let said = sender.clone();
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        loop {
            let count = output.read(&mut piece).unwrap_or(0);
            let _ = said.send(Event::Said(piece.get(..count).unwrap_or_default().to_vec()));
            if count == 0 {
                return;
            }
        }
    });
}

/// The first step says that it has recorded the sign-in. If it ends without that, nobody knows of this one.
pub(super) fn listen_to_first_step(sender: Sender<Event>) {
    std::thread::spawn(move || {
        let is_recorded = std::io::stdin().read(&mut [0]).is_ok_and(|count| count == 1);
        let _ = sender.send(if is_recorded { Event::Recorded } else { Event::Stop });
    });
}
