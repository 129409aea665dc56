//! The README: every command in it is run, its exit codes match the code, every shell line is tested.

use crate::common::{Consent, Google, Sandbox};
use crate::double;

const README: &str = include_str!("../../README.md");

/// Commands that need more than a sandbox, and the tests that run them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("cargo run --example tour", "tests/it/tour.rs"),
    ("tests/run", ".ci/run"),
    ("bqcred login --store keyring", "tests/it/keyring.rs"),
    ("bqcred move --store keyring", "tests/it/keyring.rs"),
    ("bqcred kernel install", "tests/it/kernel.rs"),
    ("bqcred kernel uninstall", "tests/it/kernel.rs"),
];

/// The shell blocks, as they stand.
fn blocks() -> Vec<&'static str> {
    README.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// A `bqcred` that signs in whenever a login asks for it: the address is opened at the double, and the
/// final address of the browser is pasted.
const PERSON: &str = r#"
case " $* " in
*" --start "* | *" --finish "*) exec "$BQCRED" "$@" ;;
*" login "*)
    url=$("$BQCRED" "$@" --start) || exit
    case " $* " in *" --profile work "*) profile=work ;; *) profile=default ;; esac
    curl -s -o /dev/null -w '%{redirect_url}' "$url" | "$BQCRED" --profile $profile login --finish -
    ;;
*) exec "$BQCRED" "$@" ;;
esac
"#;

#[test]
fn every_command_works() {
    let google = Google::start();
    let sandbox = Sandbox::new();
    for program in ["sh", "bash", "curl", "cat", "python3", "ls"] {
        sandbox.link_program(program);
    }
    sandbox.script("bqcred", PERSON);
    sandbox.client_file(&google);
    sandbox.write("job.py", "import os; assert os.environ['BQCRED_PROFILE']\n");
    sandbox.write("home/.config/gcloud/application_default_credentials.json", adc(&google));
    google.sign_in_browser(Some(Consent::all("ada@example.com")));
    for block in blocks() {
        for line in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some((command, test)) = ELSEWHERE.iter().find(|(command, _)| line.starts_with(command)) {
                let text = std::fs::read_to_string(format!("{}/{test}", env!("CARGO_MANIFEST_DIR"))).unwrap();
                let words: Vec<&str> = command.split(' ').skip(1).collect();
                assert!(words.iter().all(|word| text.contains(word)), "{test} does not run `{command}`");
                continue;
            }
            run(&google, &sandbox, line);
        }
    }
}

fn run(google: &Google, sandbox: &Sandbox, line: &str) {
    let who = if line.contains("bob@") { "bob@example.com" } else { "ada@example.com" };
    google.sign_in_browser(Some(Consent::all(who)));
    let mut shell = sandbox.program("bash", &["-c", line]).env("BQCRED", env!("CARGO_BIN_EXE_bqcred"));
    if line.starts_with("bqcred login --finish -") {
        let url = sandbox.bqcred(&["login", "--start"]).success().stdout;
        shell = shell.stdin(google.approve(url.trim(), who));
    }
    let run = shell.may_print_secret().run();
    // doctor may find problems with this machine's libraries
    let good = run.code == Some(0) || line.starts_with("bqcred doctor");
    assert!(good && !run.stderr.contains("panicked"), "{line}\n{run:?}");
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
fn exit_codes_are_documented() {
    let source =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/output/error.rs")).unwrap();
    let table = source.split("EXIT_CODES: &[(u8, &str)] = &[").nth(1).unwrap().split("];").next().unwrap();
    let mut count = 0;
    for row in table.lines().filter_map(|line| line.trim().strip_prefix('(')) {
        let (code, meaning) = row.split_once(", \"").unwrap();
        let line = format!("| {code} | {} |", meaning.trim_end_matches("\"),"));
        assert!(README.contains(&line), "the README lacks {line}");
        count += 1;
    }
    assert!(count >= 8);
}

#[test]
fn json_keys_are_documented() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, "ada@example.com", &["--project", "p1"]).success();
    sandbox.write("home/here/.bqcred", "default");
    sandbox.bqcred(&["allow", sandbox.path("home/here/.bqcred").to_str().unwrap()]).success();
    let spec = r#"{"argv": ["python3"], "display_name": "", "language": "python"}"#;
    sandbox.write("home/.local/share/jupyter/kernels/mine/kernel.json", spec);
    for (row, verb, place) in [
        ("list --json", "list", "/0"),
        ("token --json", "token", ""),
        ("client show --json", "client show", ""),
        ("allow --list --json", "allow --list", "/0"),
        ("kernel list --json", "kernel list", ""),
        ("… `servers[].kernels[]", "kernel list", "/servers/0/kernels/0"),
    ] {
        let words: Vec<&str> = verb.split(' ').chain(["--json"]).collect();
        let json = sandbox.invoke(&words).may_print_secret().run().success().json();
        let keys = json.pointer(place).unwrap().as_object().unwrap().keys();
        let told = README.lines().find_map(|line| line.split_once(row)).unwrap().1;
        for key in keys {
            assert!(
                told.contains(&format!("`{key}`")) || told.contains(&format!("`{key}[]`")),
                "{row}: {key}"
            );
        }
    }
}

#[test]
fn every_command_is_documented_and_every_documented_command_exists() {
    let help = Sandbox::new().bqcred(&["--help"]).success().stdout;
    let verbs: Vec<&str> = help
        .split("Verbs:")
        .nth(1)
        .unwrap()
        .lines()
        .take_while(|line| !line.starts_with("Options"))
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    assert!(verbs.len() > 15, "{verbs:?}");
    for verb in &verbs {
        assert!(README.contains(&format!("bqcred {verb}")), "the README does not tell of `bqcred {verb}`");
    }
    for told in README.split("`bqcred ").skip(1).filter_map(|rest| rest.split([' ', '`', '\n']).next()) {
        assert!(
            verbs.contains(&told) || told.starts_with('-') || told.is_empty(),
            "there is no `bqcred {told}`"
        );
    }
}

#[test]
fn shell_lines_are_tested() {
    let tested = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/shells.rs")).unwrap();
    for line in [
        "eval $(bqcred env)",
        "bqcred env | source",
        "eval `bqcred env`",
        "eval (bqcred env | slurp)",
        "bqcred env | from json | load-env",
    ] {
        let shown = line.replace('|', "\\|");
        assert!(README.contains(line) || README.contains(&shown), "{line}");
        assert!(tested.contains(line), "tests/it/shells.rs does not run {line}");
    }
}
