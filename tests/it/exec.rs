//! `bqcred exec`: the program runs as it would without bqcred, and nothing is left behind.
#![cfg(target_os = "linux")]

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::common::{self, Google, Run, Sandbox, find_program, mode, spawn_in_terminal};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// In memory, in a file, and by access tokens alone.
const WAYS: [&[&str]; 3] = [&["exec"], &["exec", "--file"], &["exec", "--token-only"]];

fn signed_in() -> (Google, Sandbox) {
    let google = Google::start();
    let sandbox = Sandbox::new();
    sandbox.login(&google, ADA, &["--project", "p1"]).success();
    sandbox.link("bqcred", env!("CARGO_BIN_EXE_bqcred").as_ref());
    for program in ["seq", "yes"] {
        sandbox.link_program(program);
    }
    (google, sandbox)
}

/// `bqcred exec … -- sh -c SCRIPT`, still to be run.
fn sh(sandbox: &Sandbox, way: &[&str], script: &str) -> common::Invocation {
    sandbox.invoke(&[way, &["--", "sh", "-c", script]].concat())
}

fn command(sandbox: &Sandbox, way: &[&str], program: &[&str]) -> Command {
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
    command.args(way).arg("--").args(program).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// A program that prints that it is ready and its variable; it ends with its stdin.
fn waiting(sandbox: &Sandbox, way: &[&str]) -> (Child, String) {
    use std::io::{BufRead as _, BufReader};
    let script = "echo $GOOGLE_APPLICATION_CREDENTIALS; read line";
    let mut child = command(sandbox, way, &["sh", "-c", script]).stdin(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}

fn folder(sandbox: &Sandbox) -> PathBuf {
    sandbox.runtime().join("bqcred/exec")
}

/// The credentials in files that `--file` made.
fn files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(sandbox)).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .collect()
}

fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap().success());
}

#[test]
fn program_replaces_bqcred_and_reads_a_sealed_memfd() {
    let (_google, sandbox) = signed_in();
    let script = "echo $$; echo $GOOGLE_APPLICATION_CREDENTIALS; stat -Lc %a $GOOGLE_APPLICATION_CREDENTIALS
        chmod 600 $GOOGLE_APPLICATION_CREDENTIALS && echo x 2>/dev/null >$GOOGLE_APPLICATION_CREDENTIALS || echo sealed
        sh -c 'cat $GOOGLE_APPLICATION_CREDENTIALS'";
    let child = command(&sandbox, WAYS[0], &["sh", "-c", script]).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let adc = std::fs::read_to_string(sandbox.adc("default")).unwrap();
    let number = output.split("/fd/").nth(1).unwrap().lines().next().unwrap();
    assert!((100..8192).contains(&number.parse::<u32>().unwrap()), "{number}");
    assert_eq!(output, format!("{pid}\n/proc/{pid}/fd/{number}\n400\nsealed\n{adc}"));
}

/// Of a path that outlives its process nobody can say what it names in the next one.
#[test]
fn number_of_the_descriptor_is_random_and_below_the_limit() {
    let (_google, sandbox) = signed_in();
    let numbers = |limit: &str| -> std::collections::BTreeSet<u32> {
        let script = format!(
            "ulimit -n {limit}; for i in 1 2 3 4 5 6 7 8; do bqcred exec -- \
             sh -c 'grep -q refresh_token $GOOGLE_APPLICATION_CREDENTIALS && echo ${{GOOGLE_APPLICATION_CREDENTIALS##*/}}'; done"
        );
        let run = sandbox.program("sh", &["-c", &script]).run().success();
        assert_eq!(run.stdout.lines().count(), 8, "{run:?}");
        run.stdout.lines().map(|number| number.parse().unwrap()).collect()
    };
    let usual = numbers("8192");
    assert!(usual.len() > 3 && usual.iter().all(|number| (100..8192).contains(number)), "{usual:?}");
    let few = numbers("110");
    assert!(few.iter().all(|number| (100..110).contains(number)), "{few:?}");
    let none = numbers("60");
    assert!(none.iter().all(|number| *number < 60), "{none:?}");
}

/// `exec -- su nobody -c ...` by root: the other user can read neither the path nor the descriptor.
#[test]
fn program_of_another_user_can_not_read_the_credential() {
    if !rustix::process::geteuid().is_root() {
        crate::common::skipped("only root can become another user");
        return;
    }
    let (_google, sandbox) = signed_in();
    for name in ["setpriv", "python3"] {
        sandbox.link(name, &find_program(name).unwrap());
    }
    let python = "import os\npath = os.environ['GOOGLE_APPLICATION_CREDENTIALS']\nfd = int(path.rsplit('/', 1)[1])\n\
                  for read in (lambda: os.pread(fd, 9, 0), lambda: open(path).read(), lambda: open(f'/proc/self/fd/{fd}').read()):\n\
                  \x20   try:\n        read(); print('read')\n    except OSError as error:\n        print(error.strerror)";
    let other =
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "python3", "-c", python];
    let run = sandbox.invoke(&[&["exec", "--"], other.as_slice()].concat()).run().success();
    assert_eq!(run.stdout, "Bad file descriptor\nPermission denied\nPermission denied\n");
}

#[test]
fn programs_that_detach_are_told_that_the_credential_ends() {
    let (_google, sandbox) = signed_in();
    for name in ["sbatch", "ray", "docker", "nohup", "tmux"] {
        sandbox.script(name, "exit 0");
    }
    for (words, says) in [
        (&["sbatch", "job.sh"][..], "sbatch runs its job later, and the credential ends with this command"),
        (&["ray", "start", "--head"], "start ray after `eval $(bqcred env)` instead"),
        (&["docker", "run", "-d", "image"], "a container that does not see this credential"),
        (&["nohup", "sh"], "let nohup start `bqcred exec -- PROGRAM` instead"),
        (&["tmux", "new", "-d"], "let tmux start `bqcred exec -- PROGRAM` instead"),
        (&["sh", "-c", "true &"], "let sh start `bqcred exec -- PROGRAM` instead"),
    ] {
        for way in WAYS {
            let says = match way.contains(&"--token-only") {
                true if words.first() == Some(&"ray") => {
                    "`bqcred export --help` shows how they get files of access tokens".to_owned()
                }
                true => says.replace("bqcred exec", "bqcred exec --token-only"),
                false => says.to_owned(),
            };
            let run = sandbox.invoke(&[way, &["--"], words].concat()).run().success().says(&says);
            assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        }
    }
    for words in [&["docker", "run", "image"][..], &["ray", "status"], &["sh", "-c", "true"]] {
        assert_eq!(sandbox.invoke(&[&["exec", "--"], words].concat()).run().success().stderr, "");
    }
}

#[test]
fn credential_file_is_private_in_memory_and_removed_at_exit() {
    let (_google, sandbox) = signed_in();
    let (mut child, path) = waiting(&sandbox, WAYS[1]);
    let path = PathBuf::from(path);
    assert_eq!((path.parent().unwrap(), mode(&path)), (folder(&sandbox).as_path(), 0o600));
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(sandbox.adc("default")).unwrap());
    drop(child.stdin.take());
    child.wait().unwrap();
    assert!(files(&sandbox).is_empty());
}

#[test]
fn without_runtime_folder_the_file_is_in_dev_shm() {
    let (_google, sandbox) = signed_in();
    for runtime in ["", "/nowhere", env!("CARGO_TARGET_TMPDIR")] {
        let run = sh(&sandbox, WAYS[1], "echo $GOOGLE_APPLICATION_CREDENTIALS")
            .env("XDG_RUNTIME_DIR", runtime)
            .run();
        assert!(run.success().stdout.starts_with("/dev/shm/bqcred-"), "{runtime}");
    }
}

#[test]
fn environment_equals_that_of_env() {
    let (google, sandbox) = signed_in();
    sandbox.login(&google, BOB, &["--profile", "work"]).success();
    let printed = sandbox.bqcred(&["env", "--format", "json"]).json();
    for way in WAYS {
        let run = sandbox.invoke(&[way, &["--", "env"]].concat()).run().success();
        let has = |line: String| run.stdout.lines().any(|seen| seen == line);
        for (name, value) in printed.as_object().unwrap() {
            let same = has(format!("{name}={}", value.as_str().unwrap()));
            // R's address for tokens is the guard's otherwise
            let differs = name == "GOOGLE_APPLICATION_CREDENTIALS"
                || (name == "GCE_METADATA_URL" && way.contains(&"--token-only"));
            assert_eq!(same, !differs, "{name}:\n{}", run.stdout);
        }
        // what the other profile set must not remain
        let other = sandbox
            .invoke(&[way, &["--profile", "work", "--", "env"]].concat())
            .env("BQCRED_PROFILE", "default")
            .env("GOOGLE_CLOUD_PROJECT", "p1")
            .env("GOOGLE_CLOUD_QUOTA_PROJECT", "q1")
            .run()
            .success();
        assert!(!other.stdout.contains("GOOGLE_CLOUD_"), "{}", other.stdout);
        assert!(other.stdout.contains("BQCRED_PROFILE=work\n"));
    }
}

#[test]
fn program_inherits_no_other_file_descriptor() {
    let (_google, sandbox) = signed_in();
    for (way, wanted) in WAYS.into_iter().zip([1, 0, 0]) {
        // descriptors that the tests themselves inherited do not count
        let open = sh(&sandbox, way, "exec ls -l /proc/self/fd").run().success().stdout;
        assert_eq!(open.matches("bqcred").count(), wanted, "{open}");
    }
}

#[test]
fn exit_codes_of_the_program_are_passed_on() {
    let (_google, sandbox) = signed_in();
    for way in WAYS {
        let way = way.join(" ");
        let script = format!(
            "for code in $(seq 0 255); do bqcred {way} -- sh -c \"exit $code\"; seen=$?
             [ $seen = $code ] || echo \"$seen for $code\"; done"
        );
        assert_eq!(sandbox.program("sh", &["-c", &script]).run().success().stdout, "", "{way}");
    }
}

#[test]
fn program_killed_by_a_signal_is_reported_with_that_signal() {
    let (_google, sandbox) = signed_in();
    let (stop_or_ignored, real_time) = ([17, 18, 19, 20, 21, 22, 23, 28], 34..=36);
    for way in WAYS {
        for number in (1..=31).filter(|number| !stop_or_ignored.contains(number)).chain(real_time.clone()) {
            let mut command = command(&sandbox, way, &["sh", "-c", &format!("kill -{number} $$")]);
            let status = command.stderr(Stdio::null()).status().unwrap();
            let as_a_shell_says = status.code().or(status.signal().map(|signal| 128 + signal));
            assert_eq!(as_a_shell_says, Some(128 + number), "{way:?}: {status:?}");
            assert_eq!(status.signal().is_some(), number < 32 || way.len() == 1, "{way:?}: {status:?}");
        }
    }
    assert!(files(&sandbox).is_empty());
}

#[test]
fn missing_or_not_executable_program_exits_as_in_a_shell() {
    let (_google, sandbox) = signed_in();
    sandbox.write("plain", "text");
    sandbox.program_file("bad-interpreter", "#!/no/such/thing\n");
    sandbox.program_file("bin/no-hash-bang", "echo \"$1 $BQCRED_PROFILE\"; exit 7\n");
    for way in WAYS {
        let run = |program: &str| sandbox.invoke(&[way, &["--", program, "--help"]].concat()).run();
        for program in ["bin/no-hash-bang", "no-hash-bang"] {
            assert_eq!(run(program).code(7).stdout, "--help default\n");
        }
        run("no-such-program").fails(127).says("no-such-program: no such program");
        run("./no/such").fails(127).says("no such program");
        run("./plain").fails(126).says("can't run ./plain: permission denied");
        run("/").fails(126).says("can't run /");
        run("./bad-interpreter").fails(126).says("interpreter");
    }
    assert!(files(&sandbox).is_empty());
}

#[test]
fn arguments_and_options_reach_the_program() {
    let (_google, sandbox) = signed_in();
    for way in WAYS {
        let words = ["printf", "<%s>", "--file", "--profile", "x", "", "a  b", "*", "--", "-h"];
        let run = sandbox.invoke(&[way, &["--"], words.as_slice()].concat()).run().success();
        assert_eq!(run.stdout, "<--file><--profile><x><><a  b><*><--><-h>");
        // without `--` the first word that is no option is the program
        let run = sandbox.invoke(&[way, words.as_slice()].concat()).run().success();
        assert_eq!(run.stdout, "<--file><--profile><x><><a  b><*><--><-h>");
    }
    sandbox.bqcred(&["exec"]).fails(2);
    sandbox.bqcred(&["exec", "--profile", "nobody", "--", "true"]).fails(3);
}

#[test]
fn stdin_and_large_stdout_pass_through() {
    let (_google, sandbox) = signed_in();
    for way in WAYS {
        let run = sandbox.invoke(&[way, &["--", "cat"]].concat()).stdin("in\n").run().success();
        assert_eq!(run.stdout, "in\n");
        let script = format!("bqcred {} -- head -c 100000000 /dev/zero | wc -c", way.join(" "));
        assert_eq!(sandbox.program("sh", &["-c", &script]).run().success().stdout.trim(), "100000000");
        // a closed pipe ends the program by SIGPIPE, as without bqcred
        let script = format!("{{ bqcred {} -- yes; echo $? >&2; }} | head -n 1", way.join(" "));
        sandbox.program("sh", &["-c", &script]).run().success().says("141");
    }
}

#[test]
fn two_hundred_concurrent_processes() {
    let (_google, sandbox) = signed_in();
    for way in WAYS {
        let script = format!(
            "i=0; while [ $i -lt 200 ]; do i=$((i+1)); bqcred {} -- sh -c \
             'grep -c refresh_token $GOOGLE_APPLICATION_CREDENTIALS' & done; wait",
            way.join(" ")
        );
        let run = sandbox.program("sh", &["-c", &script]).run().success();
        assert_eq!((run.stdout, run.stderr), ("1\n".repeat(200), String::new()));
    }
    assert!(files(&sandbox).is_empty());
}

#[test]
fn each_signal_reaches_the_program_once() {
    let (_google, sandbox) = signed_in();
    let program = sandbox.script(
        "counter",
        "for name in INT TERM HUP QUIT USR2 WINCH ALRM; do trap \"echo $name\" $name; done
         trap 'echo end; exit 9' USR1; echo ready; while :; do read line; done",
    );
    for way in WAYS {
        let mut counting = command(&sandbox, way, &[program.to_str().unwrap()]);
        let mut child = counting.stdin(Stdio::piped()).spawn().unwrap();
        let mut seen = Lines::of(&mut child);
        assert_eq!(seen.next(), "ready");
        for name in ["INT", "TERM", "HUP", "QUIT", "USR2", "WINCH", "ALRM"] {
            signal(child.id(), name);
            assert_eq!(seen.next(), name);
        }
        signal(child.id(), "USR1");
        assert_eq!(seen.next(), "end", "and nothing twice");
        assert_eq!(child.wait().unwrap().code(), Some(9));
    }
}

struct Lines(std::io::BufReader<std::process::ChildStdout>);

impl Lines {
    fn of(child: &mut Child) -> Lines {
        Lines(std::io::BufReader::new(child.stdout.take().unwrap()))
    }

    fn next(&mut self) -> String {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut self.0, &mut line).unwrap();
        line.trim().to_owned()
    }
}

#[test]
fn ignored_signals_stay_ignored() {
    let (_google, sandbox) = signed_in();
    for way in WAYS {
        let script = format!(
            "trap '' HUP; exec bqcred {} -- sh -c 'kill -HUP $$; kill -HUP $PPID_OF; echo alive'",
            way.join(" ")
        );
        let script = script.replace("$PPID_OF", if way.len() == 1 { "$$" } else { "$PPID" });
        assert_eq!(sandbox.program("sh", &["-c", &script]).run().success().stdout, "alive\n");
    }
}

#[test]
fn next_exec_removes_files_of_killed_processes_only() {
    let (_google, sandbox) = signed_in();
    let (mut killed, orphan) = waiting(&sandbox, WAYS[1]);
    let (mut living, kept) = waiting(&sandbox, WAYS[1]);
    signal(killed.id(), "KILL");
    killed.wait().unwrap();
    assert!(PathBuf::from(&orphan).exists(), "the program goes on with it");
    sh(&sandbox, WAYS[1], "true").run().success();
    assert!(!PathBuf::from(&orphan).exists());
    assert!(PathBuf::from(&kept).exists());
    // `lock` removes leftovers, too
    signal(living.id(), "KILL");
    living.wait().unwrap();
    sandbox.bqcred(&["lock"]).success();
    assert!(files(&sandbox).is_empty());
}

#[test]
fn nested_exec_names_both_profiles() {
    let (google, sandbox) = signed_in();
    sandbox.login(&google, BOB, &["--profile", "work"]).success();
    for outer in WAYS {
        for inner in WAYS {
            let inner = [&["--", "bqcred"], inner, &["--profile", "work"]].concat();
            let nested = [outer, &inner, &["--", "sh", "-c", "cat $GOOGLE_APPLICATION_CREDENTIALS"]].concat();
            let run = sandbox.invoke(&nested).may_print_secret().run().success();
            assert!(run.stdout.contains(BOB) && !run.stdout.contains(ADA), "{nested:?}");
            run.says("profile work, inside `bqcred exec` with profile default");
        }
    }
    let quiet = sh(&sandbox, WAYS[0], "true").env("BQCRED_PROFILE", "default").run().success();
    assert_eq!(quiet.stderr, "");
}

fn stub_of(run: &Run) -> serde_json::Value {
    let path = PathBuf::from(run.stdout.trim());
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn always_start_without_credential_runs_with_a_stub_that_names_the_reason() {
    let sandbox = Sandbox::new();
    let script =
        "echo $GOOGLE_APPLICATION_CREDENTIALS; test $NO_GCE_CHECK = true && test -n \"$GCE_METADATA_URL\"";
    for way in WAYS {
        let run = sh(&sandbox, &[way, &["--always-start"]].concat(), script).run().success();
        let run = run.says("not signed in").says("starting the program without a credential");
        assert!(run.stdout.ends_with("/bqcred-not-signed-in.json\n"), "{}", run.stdout);
        assert_eq!(stub_of(&run)["type"], "bqcred: not signed in (`bqcred login`)");
        sh(&sandbox, &[way, &["--always-start"]].concat(), "exit 7").run().fails(7);
        sandbox.invoke(&[way, &["--always-start", "--", "no-such"]].concat()).run().fails(127);
    }
    sandbox.write("home/.local/share/bqcred/broken/adc.json", "{");
    common::set_mode(&sandbox.adc("broken"), 0o600);
    let broken = ["exec", "--always-start", "--profile", "broken"];
    let run = sh(&sandbox, &broken, script).run().success().says("ends too early");
    assert!(stub_of(&run)["type"].as_str().unwrap().contains("the JSON ends too early"));
    // even where no stub can be written, its path names the reason
    std::fs::remove_dir_all(sandbox.home().join(".local/state")).unwrap();
    sandbox.write("home/.local/state", "a file");
    let run = sh(&sandbox, &["exec", "--always-start"], script).run().success();
    assert!(run.stdout.contains("there-is-no-profile-named-default"), "{}", run.stdout);
}

#[test]
fn always_start_with_a_credential_passes_it_on() {
    let (_google, sandbox) = signed_in();
    let run = sh(&sandbox, &["exec", "--always-start"], "cat $GOOGLE_APPLICATION_CREDENTIALS")
        .may_print_secret()
        .run()
        .success();
    assert_eq!(run.stdout.into_bytes(), std::fs::read(sandbox.adc("default")).unwrap());
    // a name that can't be one leads to no other profile's settings
    let print = "echo \"$GOOGLE_CLOUD_PROJECT\"";
    assert!(!sh(&sandbox, &["exec", "--always-start"], print).run().success().stdout.trim().is_empty());
    let unusable = sh(&sandbox, &["exec", "--always-start"], print).env("BQCRED_PROFILE", "a b");
    assert_eq!(unusable.run().success().stdout, "\n");
}

/// How a process ends that gets SIGABRT.
fn aborted(mut child: Child) -> ExitStatus {
    signal(child.id(), "ABRT");
    child.wait().unwrap()
}

#[test]
fn bqcred_writes_no_core_dump_but_the_program_can() {
    let (_google, sandbox) = signed_in();
    let start = |script: &str| {
        let script = format!("ulimit -c unlimited 2>/dev/null; exec {script}");
        let mut command = sandbox.command("sh");
        command.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut parent = start("bqcred exec --file -- sh -c 'echo ready; read line'");
    assert_eq!(Lines::of(&mut parent).next(), "ready");
    assert!(!aborted(parent).core_dumped());
    let mut plain = start("sh -c 'echo ready; exec cat'");
    assert_eq!(Lines::of(&mut plain).next(), "ready");
    let plain = aborted(plain).core_dumped();
    let mut program = start("bqcred exec -- sh -c 'echo ready; exec cat'");
    assert_eq!(Lines::of(&mut program).next(), "ready");
    assert_eq!(aborted(program).core_dumped(), plain, "the program's limit is its own");
}

/// bash at a terminal, whose prompt is `ready> `.
fn shell(sandbox: &Sandbox) -> rexpect::session::PtySession {
    let mut bash = sandbox.command(find_program("bash").unwrap());
    bash.args(["--norc", "--noprofile", "-i"]).env("PS1", "ready> ").env("TERM", "dumb");
    let mut shell = spawn_in_terminal(bash);
    shell.exp_string("ready> ").unwrap();
    shell.send_line("bind 'set enable-bracketed-paste off' 2>/dev/null; stty -echo").unwrap();
    shell.exp_string("ready> ").unwrap();
    shell
}

#[test]
fn terminal_keys_and_resizes_reach_the_program() {
    let (_google, sandbox) = signed_in();
    // one key that arrives twice may look like one, as pending signals are not counted; of many, some don't
    const KEYS: usize = 100;
    sandbox.script(
        "keys",
        "trap 'ints=$((ints+1)); echo int' INT; trap 'echo usr' USR1; trap 'echo size $(stty size)' WINCH
         echo \"front $PPID $$ at $(tty)\"
         while :; do read line; case $line in report) echo \"ints=$ints.\";; quit) exit 42;; esac; done",
    );
    for way in WAYS {
        let mut shell = shell(&sandbox);
        shell.send_line(&format!("bqcred {} -- keys", way.join(" "))).unwrap();
        let (_, found) = shell.exp_regex("front [0-9]+ [0-9]+ at /dev/[a-z0-9/]+").unwrap();
        let words: Vec<&str> = found.split(' ').collect();
        let front: u32 = words[if way.len() == 1 { 2 } else { 1 }].parse().unwrap();

        for _ in 0..KEYS {
            shell.send_control('c').unwrap();
            shell.exp_string("int").unwrap();
        }
        signal(front, "USR1"); // what came before it has been passed on, or not, when this arrives
        shell.exp_string("usr").unwrap();
        shell.send_line("report").unwrap();
        shell.exp_string(&format!("ints={KEYS}.")).unwrap();

        shell.send_control('z').unwrap();
        shell.exp_string("Stopped").unwrap();
        shell.exp_string("ready> ").unwrap();
        shell.send_line("echo code=$?").unwrap();
        shell.exp_string("code=148").unwrap();
        shell.send_line("fg").unwrap();
        shell.exp_string("keys").unwrap();
        shell.send_line("report").unwrap();
        shell.exp_string(&format!("ints={KEYS}.")).unwrap();

        let size = ["-F", words[4], "rows", "41", "cols", "123"];
        assert!(Command::new("stty").args(size).status().unwrap().success());
        shell.exp_string("size 41 123").unwrap();

        shell.send_line("quit").unwrap();
        shell.exp_string("ready> ").unwrap();
        shell.send_line("echo code=$?").unwrap();
        shell.exp_string("code=42").unwrap();
        assert!(files(&sandbox).is_empty());
        shell.send_line("exit").unwrap(); // it minds no signal
        shell.exp_eof().unwrap();
    }
}
