//! Which browser of this machine can show the sign-in page, and starting it.

use std::path::Path;

use crate::system::env;
use crate::system::terminal;
use crate::system::trust;

/// Browsers for a terminal. Google's page needs JavaScript, and they would take the terminal from the prompt.
/// `www-browser` is Debian's name for whichever of them is there; the others start it where there is no display.
const TEXT_BROWSERS: [&str; 10] =
    ["w3m", "lynx", "links", "links2", "elinks", "www-browser", "browsh", "netrik", "retawq", "eww"];
const STARTERS: [&str; 3] = ["sensible-browser", "xdg-open", "x-www-browser"];

/// Why no browser is started.
pub(super) enum NoBrowser {
    /// There is no screen to show it on.
    NoScreen,
    /// `BROWSER` names this program, for a terminal.
    Text(String),
    /// Others could put a program into this folder, which is on the `PATH`.
    OpenFolder(String),
}

/// Whether there is a browser that can be started.
pub(super) fn check() -> Result<(), NoBrowser> {
    let named = env::text("BROWSER");
    if cfg!(target_os = "linux") && !terminal::has_display() && named.is_none() {
        return Err(NoBrowser::NoScreen);
    }
    if let Some(folder) = env::get("PATH").and_then(|path| trust::first_open_folder(&path)) {
        return Err(NoBrowser::OpenFolder(folder.display().to_string()));
    }
    match named.as_deref().and_then(|named| text_browser(named, terminal::has_display())) {
        Some(name) => Err(NoBrowser::Text(name)),
        None => Ok(()),
    }
}

/// The text browser that `BROWSER`, a list of commands with colons between them, would start first.
fn text_browser(named: &str, has_display: bool) -> Option<String> {
    let program = named.split(':').find_map(|command| command.split_whitespace().next())?;
    let file_name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = file_name(Path::new(program))?;
    let is_text = |name: &String| {
        TEXT_BROWSERS.contains(&name.as_str()) || (!has_display && STARTERS.contains(&name.as_str()))
    };
    // Debian's alternatives are links
    let file = if program.contains('/') { Some(program.into()) } else { env::find_program(program) };
    let target = file.and_then(|file| file.canonicalize().ok()).and_then(|file| file_name(&file));
    (is_text(&name) || target.as_ref().is_some_and(is_text)).then_some(name)
}

/// Starts it. The address is on the screen already: a browser that waits, or none, changes nothing.
pub(super) fn open(url: &str) {
    let url = url.to_owned();
    std::thread::spawn(move || {
        let mut options = webbrowser::BrowserOptions::new();
        let _ = webbrowser::open_browser_with_options(
            webbrowser::Browser::Default,
            &url,
            options.with_suppress_output(true),
        );
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_browsers_are_recognised_by_name() {
        let name = |named, has_display| text_browser(named, has_display);
        for named in ["w3m", "/usr/bin/lynx %s", "elinks:firefox", "links -g:w3m"] {
            assert!(name(named, true).is_some(), "{named}");
        }
        for named in ["firefox", "/opt/vscode/bin/browser.sh", "firefox:w3m", "", "open -a Safari"] {
            assert_eq!(name(named, true), None, "{named}");
        }
        assert_eq!(name("sensible-browser", false).as_deref(), Some("sensible-browser"));
    }
}
