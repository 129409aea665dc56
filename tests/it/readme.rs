//! README.md and docs/: every command in them is run, every link leads to a file, every exit code, key of JSON and
//! command is the program's, every line of a shell is tested.

use std::path::Path;

use crate::common::{Consent, Google, Sandbox};
use crate::double;

const README: &str = include_str!("../../README.md");

/// Commands that need more than a sandbox, and the files that run them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("bqcred exec --token-only --as", "tests/it/token_only.rs"),
    ("cargo run --example tour", "tests/it/tour.rs"),
    ("tests/run", ".ci/run"),
    (".ci/run", ".github/workflows/ci.yml"),
    ("fuzz/run 2", ".ci/run"),
    ("python -c", "tests/it/clients_python.rs"),
    ("bqcred login --store keyring", "tests/it/keyring.rs"),
    ("bqcred move --store keyring", "tests/it/keyring.rs"),
];

const KERNEL: &str = r#"{"argv": ["python3"], "display_name": "", "language": "python"}"#;

/// The README and the pages of docs/, with their names; in the order in which a person reads them.
fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(folder.join("docs"))
        .unwrap()
        .map(|entry| format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    names.sort();
    names.insert(0, "README.md".to_owned());
    let read = |name: String| {
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        (name, text)
    };
    names.into_iter().map(read).collect()
}

/// All of it as one text.
fn everything() -> String {
    pages().into_iter().map(|(_, text)| text).collect()
}

/// The lines of a page's blocks of this kind.
fn lines<'a>(page: &'a str, kind: &str) -> impl Iterator<Item = &'a str> {
    let blocks = page.split("\n```").filter_map(move |block| block.strip_prefix(kind)?.strip_prefix('\n'));
    blocks.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().into_iter()
}

/// `bqcred` as somebody has it who signs in whenever a sign-in is asked for: the address is opened at the
/// double, and where the browser ends is pasted.
const PERSON: &str = r#"
case " $* " in
*" --start "* | *" --finish "*) exec "$BQCRED" "$@" ;;
*" login "* | *" rotate "*)
    url=$("$BQCRED" "$@" --start) || exit
    case " $* " in *" --profile work "*) profile=work ;; *) profile=default ;; esac
    case " $* " in *" rotate "*) command=rotate ;; *) command=login ;; esac
    curl -s -o /dev/null -w '%{redirect_url}' "$url" | "$BQCRED" --profile $profile $command --finish -
    ;;
*) exec "$BQCRED" "$@" ;;
esac
"#;

/// A person's machine with a Jupyter kernel and an earlier sign-in of gcloud.
fn machine(google: &Google) -> Sandbox {
    let sandbox = Sandbox::new();
    for program in ["sh", "bash", "curl", "cat", "python3", "ls"] {
        sandbox.link_program(program);
    }
    sandbox.script("bqcred", PERSON);
    sandbox.client_file(google);
    sandbox.program_file("agent", "#!/bin/sh\nexit 0\n");
    sandbox.write("job.py", "import os; assert os.environ['BQCRED_PROFILE']\n");
    sandbox.write("home/.config/gcloud/application_default_credentials.json", adc(google));
    sandbox.write("home/.local/share/jupyter/kernels/mine/kernel.json", KERNEL);
    sandbox
}

/// The same, where the person has signed in before.
fn machine_in_use(google: &Google) -> Sandbox {
    let sandbox = machine(google);
    sandbox.login(google, "ada@example.com", &["--project", "my-project"]).success();
    sandbox
}

/// The README begins where nobody has signed in; what it shows as a session, and the other pages, don't.
#[test]
fn every_command_works() {
    let mut count = 0;
    for (name, page) in pages() {
        let google = Google::start();
        let in_use = machine_in_use(&google);
        for line in lines(&page, "console").filter_map(|line| line.strip_prefix("$ ")) {
            try_out(&google, &in_use, &name, line);
            count += 1;
        }
        let sandbox = if name == "README.md" { machine(&google) } else { in_use };
        for line in lines(&page, "sh") {
            try_out(&google, &sandbox, &name, line);
            count += 1;
        }
    }
    assert!(count > 80, "{count} commands were found");
}

fn try_out(google: &Google, sandbox: &Sandbox, page: &str, line: &str) {
    match ELSEWHERE.iter().find(|(command, _)| line.starts_with(command)) {
        Some((command, file)) => check_elsewhere(command, file),
        None => run(google, sandbox, page, line),
    }
}

fn check_elsewhere(command: &str, file: &str) {
    let text = std::fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert!(command.split(' ').all(|word| text.contains(word)), "{file} does not run `{command}`");
}

fn run(google: &Google, sandbox: &Sandbox, page: &str, line: &str) {
    let who = if line.contains("bob@") { "bob@example.com" } else { "ada@example.com" };
    google.sign_in_browser(Some(Consent::all(who)));
    let mut shell = sandbox.program("bash", &["-c", line]).env("BQCRED", env!("CARGO_BIN_EXE_bqcred"));
    if line.starts_with("bqcred login --finish -") {
        let url = sandbox.bqcred(&["login", "--start"]).success().stdout;
        shell = shell.stdin(google.approve(url.trim(), who));
    }
    let run = shell.may_print_secret().run();
    // doctor's verdict on this machine's libraries is its product, whatever it is
    let good = run.code == Some(0) || line.starts_with("bqcred doctor");
    assert!(good && !run.stderr.contains("panicked"), "{page}: {line}\n{run:?}");
}

#[test]
fn the_readme_is_short() {
    let lines = README.lines().count();
    assert!(lines <= 250, "the README has {lines} lines; what is more belongs in docs/");
}

/// Links to files of this repository; with an anchor, to a heading in them.
#[test]
fn every_link_leads_to_a_page_and_a_heading() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let others = ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
        .map(|name| (name.to_owned(), std::fs::read_to_string(root.join(name)).unwrap()));
    let mut count = 0;
    for (name, page) in pages().into_iter().chain(others) {
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let folder = root.join(&name).parent().unwrap().to_owned();
            let target = if file.is_empty() { root.join(&name) } else { folder.join(file) };
            assert!(target.is_file(), "{name}: {link}");
            let text = std::fs::read_to_string(&target).unwrap();
            assert!(heading.is_empty() || headings(&text).iter().any(|it| it == heading), "{name}: {link}");
            count += 1;
        }
    }
    assert!(count > 20, "{count} links were found");
}

/// The anchors that GitHub gives to headings.
fn headings(page: &str) -> Vec<String> {
    let keep = |c: char| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || matches!(c, '-' | '_') => c.to_lowercase().next(),
        _ => None,
    };
    let titles = page.lines().filter(|line| line.starts_with('#'));
    let titles = titles.filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    titles.map(|title| title.chars().filter_map(keep).collect()).collect()
}

fn adc(google: &Google) -> String {
    let scopes = [
        "openid",
        "https://www.googleapis.com/auth/userinfo.email",
        "https://www.googleapis.com/auth/bigquery",
    ];
    serde_json::json!({
        "type": "authorized_user",
        "client_id": double::CLIENT_ID,
        "client_secret": double::CLIENT_SECRET,
        "refresh_token": google.grant("ada@example.com", double::CLIENT_ID, &scopes),
    })
    .to_string()
}

#[test]
fn every_exit_code_of_the_program_is_in_the_table() {
    let source =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/output/error.rs")).unwrap();
    let table = source.split("EXIT_CODES: &[(u8, &str)] = &[").nth(1).unwrap().split("];").next().unwrap();
    let told = everything();
    let mut count = 0;
    for row in table.lines().filter_map(|line| line.trim().strip_prefix('(')) {
        let (code, meaning) = row.split_once(", \"").unwrap();
        let line = format!("| {code} | {} |", meaning.trim_end_matches("\"),"));
        assert!(told.contains(&line), "docs/exit-codes.md lacks {line}");
        count += 1;
    }
    assert!(count >= 8);
}

#[test]
fn every_key_of_json_is_in_a_table() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, "ada@example.com", &["--project", "p1"]).success();
    sandbox.write("home/here/.bqcred", "default");
    sandbox.bqcred(&["allow", sandbox.path("home/here/.bqcred").to_str().unwrap()]).success();
    sandbox.write("home/.local/share/jupyter/kernels/mine/kernel.json", KERNEL);
    let pages = everything();
    for (row, command, place) in [
        ("list --json", "list", "/0"),
        ("token --json", "token", ""),
        ("client show --json", "client show", ""),
        ("allow --list --json", "allow --list", "/0"),
        ("kernel list --json", "kernel list", ""),
        ("… `servers[].kernels[]", "kernel list", "/servers/0/kernels/0"),
    ] {
        let words: Vec<&str> = command.split(' ').chain(["--json"]).collect();
        let json = sandbox.invoke(&words).may_print_secret().run().success().json();
        let keys = json.pointer(place).unwrap().as_object().unwrap().keys();
        let told = pages.lines().find_map(|line| line.strip_prefix("| ")?.split_once(row)).unwrap().1;
        for key in keys {
            assert!(
                told.contains(&format!("`{key}`")) || told.contains(&format!("`{key}[]`")),
                "{row}: {key}"
            );
        }
    }
    for command in ["status", "doctor"] {
        let section =
            pages.split(&format!("\n## {command}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
        let json = sandbox.bqcred(&[command, "--json", "--offline"]).json();
        for key in json.as_object().unwrap().keys() {
            let told = [format!("`{key}`"), format!("`{key}[]`")];
            assert!(told.iter().any(|key| section.contains(key)), "{command}: {key}");
        }
    }
}

#[test]
fn every_command_is_on_a_page_and_every_command_on_a_page_exists() {
    let help = Sandbox::new().bqcred(&["--help"]).success().stdout;
    let commands: Vec<&str> = help
        .split("Commands:")
        .nth(1)
        .unwrap()
        .lines()
        .take_while(|line| !line.starts_with("Options"))
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() > 15, "{commands:?}");
    let pages = everything();
    for command in &commands {
        assert!(pages.contains(&format!("bqcred {command}")), "no page tells of `bqcred {command}`");
    }
    for told in pages.split("`bqcred ").skip(1).filter_map(|rest| rest.split([' ', '`', '\n']).next()) {
        assert!(
            commands.contains(&told) || told.starts_with('-') || told.is_empty() || told == "help",
            "there is no `bqcred {told}`"
        );
    }
}

#[test]
fn every_line_for_a_shell_is_one_that_shells_rs_runs() {
    let tested = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/shells.rs")).unwrap();
    let pages = everything();
    for line in [
        "eval $(bqcred env)",
        "bqcred env | source",
        "eval `bqcred env`",
        "eval (bqcred env | slurp)",
        "bqcred env | from json | load-env",
    ] {
        let shown = line.replace('|', "\\|");
        assert!(pages.contains(line) || pages.contains(&shown), "{line}");
        assert!(tested.contains(line), "tests/it/shells.rs does not run {line}");
    }
}
