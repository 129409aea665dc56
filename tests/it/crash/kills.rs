//! SIGKILL at each system call that changes a file or sends something, and at moments spread over the run
//! time of a command.

use std::io::Write as _;
use std::process::Stdio;

use super::commands;
use super::scene::{Fault, Scene};
use super::{how_many, is_checked_in_detail, is_due};

/// Kills the command at each call, and then at `moments` moments.
fn kill(scene: Option<Scene>, moments: usize) {
    let Some(scene) = scene else { return };
    let mut kills = 0;
    for (how, every) in [("kill,sends", 2), ("kill,named", 5)] {
        for n in (1..=scene.count(how.trim_start_matches("kill,"))).filter(|n| is_due(*n, every)) {
            scene.restore();
            let fault = Fault { how: how.to_owned(), n };
            let run = scene.stopped(&fault);
            let call = scene.calls().pop().unwrap_or_default();
            let what = format!("killed at call {n} ({how}): {call}");
            if run.code != Some(137) {
                assert_eq!(run.code, Some(0), "{what}: {}", run.stderr); // fewer calls this time
                continue;
            }
            scene.check_files(&what);
            match how {
                "kill,sends" if is_checked_in_detail(n) => scene.check_recovery(&what),
                _ => scene.check_sweep(&what),
            }
            kills += 1;
        }
    }
    for moment in 0..moments {
        scene.restore();
        let what = format!("killed at moment {moment} of {moments}");
        kills += usize::from(kill_after(&scene, scene.time * (2 * moment as u32 + 1) / (2 * moments as u32)));
        scene.check_files(&what);
        scene.check_recovery(&what);
    }
    println!("{}: {kills} kills", scene.name);
}

/// Whether it was killed before it ended.
fn kill_after(scene: &Scene, time: std::time::Duration) -> bool {
    let stdin = scene.stdin();
    let mut command = scene.command();
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    std::thread::sleep(time); // chance, not order
    let _ = child.kill();
    !child.wait().unwrap().success()
}

macro_rules! kills {
    ($($name:ident: $scenes:expr;)*) => {$(
        #[test]
        fn $name() {
            for scene in $scenes {
                kill(scene, how_many());
            }
        }
    )*};
}

kills! {
    login_start: [commands::login_start()];
    first_login: [commands::first_login()];
    login: [commands::login_again()];
    import: [commands::import(), commands::import_over()];
    rotate: [commands::rotate(), commands::rotate_finish()];
    revoke: [commands::revoke()];
    forget: [commands::forget()];
    token: [commands::token()];
    status: [commands::status()];
    small_commands: commands::small_ones();
    export_undo: [commands::export_undo()];
    kernel_install: commands::kernels();
    kernel_sync: [commands::kernel_sync()];
    env_session_file: [commands::session_file()];
    move_between_stores: [commands::move_to("file"), commands::move_to("keyring")];
    login_to_the_keyring: [commands::login_over_the_keyring()];
}
