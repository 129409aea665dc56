//! Settings of a Jupyter server, in JSON or in Python: nothing is understood that isn't there.

use crate::jupyter::locate::config;

pub(super) fn check(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let is_python = first % 2 == 0;
    let text = String::from_utf8_lossy(rest);
    let config = config::of_one_file(&text, is_python);
    let mut named = config.allowed.iter().flatten().chain(&config.manager);
    // lines may be joined and comments left out, so a name need not be there in one piece
    assert!(named.all(|name| name.chars().all(|c| text.contains(c)) || text.contains('\\')), "{config:?}");
    if !config.native {
        assert!(text.contains("ensure_native_kernel") || text.contains('\\'), "{config:?}");
    }
}
