//! The commands of the matrix.

use super::cell::{Cell, Product};
use super::world::{ADA, BOB};

pub struct Command {
    pub name: &'static str,
    pub product: Product,
    /// Whether it may send anything.
    pub online: bool,
    /// Whether it is tried where each call of the keyring takes seconds.
    pub brief: bool,
    pub run: fn(&mut Cell<'_>),
}

macro_rules! plain {
    ($name:literal, $product:ident, $online:literal) => {
        plain!($name, $product, $online, false)
    };
    ($name:literal, $product:ident, $online:literal, $brief:literal) => {
        Command {
            name: $name,
            product: Product::$product,
            online: $online,
            brief: $brief,
            run: |cell| {
                cell.bqcred(&$name.split_whitespace().collect::<Vec<_>>());
            },
        }
    };
}

macro_rules! steps {
    ($name:literal, $product:ident, $run:expr) => {
        Command { name: $name, product: Product::$product, online: true, brief: false, run: $run }
    };
}

pub static COMMANDS: &[Command] = &[
    plain!("", Text, false, true),
    plain!("status", Report, true, true),
    plain!("status --json", Report, true),
    plain!("status --offline", Report, false, true),
    plain!("status --offline --json", Report, false),
    plain!("list", Text, false, true),
    plain!("list --json", Text, false),
    plain!("use default", Nothing, false, true),
    plain!("use work", Nothing, false),
    plain!("env --shell sh", ShellCode, false, true),
    plain!("env --shell fish", Report, false),
    plain!("env --format json", Text, false),
    plain!("env --unset --shell sh", ShellCode, false),
    Command {
        name: "exec -- cat",
        product: Product::Secret,
        online: false,
        brief: true,
        run: |cell| {
            cell.bqcred(&["exec", "--", "sh", "-c", "cat \"$GOOGLE_APPLICATION_CREDENTIALS\""]);
        },
    },
    Command {
        name: "exec --file -- cat",
        product: Product::Secret,
        online: false,
        brief: false,
        run: |cell| {
            cell.bqcred(&["exec", "--file", "--", "sh", "-c", "cat \"$GOOGLE_APPLICATION_CREDENTIALS\""]);
        },
    },
    Command {
        name: "exec --token-only -- true",
        product: Product::Nothing,
        online: true,
        brief: false,
        run: |cell| {
            cell.bqcred(&["exec", "--token-only", "--", "true"]);
        },
    },
    plain!("token", Secret, true, true),
    plain!("token --min-ttl 7200", Secret, true),
    plain!("login --start", Text, true),
    steps!("login as ada", Text, |cell| login(cell, &[], ADA)),
    steps!("login as bob", Text, |cell| login(cell, &[], BOB)),
    steps!("login ada, as bob", Text, |cell| login(cell, &[ADA], BOB)),
    steps!("login as ada, denied", Text, denied),
    steps!("login --finish, as ada", Text, |cell| finish_pending(cell, "login", ADA)),
    steps!("login at a terminal, as ada", Text, |cell| {
        cell.sign_in_at_terminal(&["login", "--no-browser"], ADA);
    }),
    steps!("login at a terminal, as bob", Text, |cell| {
        cell.sign_in_at_terminal(&["login", "--no-browser"], BOB);
    }),
    steps!("import bob", Nothing, |cell| import(cell, "bob", &[])),
    steps!("import --force bob", Nothing, |cell| import(cell, "bob", &["--force"])),
    steps!("import --force ada", Nothing, |cell| import(cell, "ada", &["--force"])),
    steps!("import --force --move bob", Nothing, |cell| import(cell, "bob", &["--force", "--move"])),
    steps!("import --force --account bob, of ada", Nothing, |cell| {
        import(cell, "ada", &["--force", "--account", BOB])
    }),
    plain!("move --store keyring", Nothing, false),
    plain!("move --store file", Nothing, false, true),
    plain!("lock", Nothing, false),
    steps!("rotate --yes as ada", Text, |cell| rotate(cell, &[], ADA)),
    steps!("rotate --yes as bob", Text, |cell| rotate(cell, &[], BOB)),
    steps!("rotate --keep-old as ada", Text, |cell| rotate(cell, &["--keep-old"], ADA)),
    steps!("rotate --finish, as ada", Text, |cell| finish_pending(cell, "rotate", ADA)),
    steps!("rotate at a terminal, as ada", Text, |cell| {
        cell.sign_in_at_terminal(&["rotate", "--no-browser"], ADA);
    }),
    plain!("rotate --start", Text, true),
    plain!("revoke --yes", Nothing, true, true),
    plain!("revoke", Nothing, true),
    plain!("forget", Nothing, false, true),
    plain!("forget work", Nothing, false),
    plain!("export work/out.json", Nothing, false),
    plain!("export -", Secret, false),
    plain!("export --token-only -", Secret, true),
    plain!("export --token-only work/token.json", Nothing, true),
    plain!("export --token-only --keep-fresh work/kept.json -- sh -c false", Nothing, true),
    plain!("export --well-known", Nothing, false),
    plain!("kernel list", Text, false),
    plain!("kernel install", Nothing, false),
    plain!("kernel sync", Nothing, false),
    plain!("kernel uninstall", Nothing, false),
    plain!("snippet python", Text, false),
    plain!("snippet r", Text, false),
    plain!("snippet jupyter-server", Text, false),
    plain!("snippet dask", Text, false),
    plain!("doctor", Report, true),
    plain!("client show", Text, false),
    plain!("client unset", Nothing, false),
];

fn login(cell: &mut Cell<'_>, extra: &[&str], who: &str) {
    let start = cell.bqcred(&[&["login", "--start"], extra].concat());
    if cell.ok() {
        finish(cell, "login", &start.stdout, who);
    }
}

fn denied(cell: &mut Cell<'_>) {
    let start = cell.bqcred(&["login", "--start"]);
    if cell.ok() {
        let consent = crate::common::Consent::denied(ADA);
        let answer = cell.world.google.try_approve(start.stdout.trim(), consent).unwrap_or_default();
        cell.paste(&["login", "--finish", "-"], &format!("{answer}\n"));
    }
}

fn rotate(cell: &mut Cell<'_>, extra: &[&str], who: &str) {
    let start = cell.bqcred(&[&["rotate", "--yes", "--start"], extra].concat());
    if cell.ok() {
        finish(cell, "rotate", &start.stdout, who);
    }
}

fn finish(cell: &mut Cell<'_>, command: &str, url: &str, who: &str) {
    // where Google blocks the request there is nothing to paste
    let consent = crate::common::Consent::all(who);
    let Ok(answer) = cell.world.google.try_approve(url.trim(), consent) else { return };
    cell.paste(&[command, "--finish", "-"], &format!("{answer}\n"));
}

/// Completes what the state has pending, if it has; else pastes what belongs to nothing.
fn finish_pending(cell: &mut Cell<'_>, command: &str, who: &str) {
    let url = cell.world.pending_url.clone();
    match url {
        Some(url) => finish(cell, command, &url, who),
        None => {
            cell.paste(&[command, "--finish", "-"], "http://127.0.0.1:1/?state=none&code=4/none\n");
        }
    }
}

fn import(cell: &mut Cell<'_>, of: &str, extra: &[&str]) {
    let file = cell.world.sandbox().path(&format!("work/{of}.json"));
    cell.bqcred(&[&["import", file.to_str().unwrap()], extra].concat());
}
