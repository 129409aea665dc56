//! What a shell's start pays for `eval $(bqcred env)`, against the same line with `true`.

use super::binaries::Binary;
use super::measure::{self, Start};
use super::table;
use bqcred_test_support::{Sandbox, find_program};

/// Each with what keeps its own start-up files out.
const SHELLS: [(&str, &[&str]); 3] = [("bash", &["--norc", "--noprofile"]), ("dash", &[]), ("zsh", &["-f"])];

/// The two lines take turns; the times are medians of 300 runs, with the shell's own start in both.
pub(crate) fn print(sandbox: &Sandbox, binaries: &[Binary]) {
    let Some(nothing) = find_program("true") else { return eprintln!("skipped: no `true` to compare with") };
    let environment = sandbox.env();
    let mut rows = Vec::new();
    for binary in binaries {
        let mut ratios = Vec::new();
        for (shell, options) in SHELLS {
            let start =
                |line: String| Start::of(shell, shell, &[options, &["-c", &line]].concat(), &environment);
            let env = start(format!("eval $({} env)", binary.path.display()));
            let starts = [start(format!("eval $({})", nothing.display())), env];
            if !starts.iter().all(Start::works) {
                eprintln!("skipped: {shell} is not installed");
                continue;
            }
            let times = measure::medians(&starts, 300);
            ratios.push(times[1] / times[0]);
            let name = format!("`eval $(bqcred env)` in {shell}, {}", binary.name);
            rows.push(vec![name, table::time(times[1]), table::ratio(times[1], times[0])]);
        }
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        rows.push(vec![format!("mean, {}", binary.name), String::new(), table::ratio(mean, 1.0)]);
    }
    table::print(&["start of a shell with this line", "time", "of `eval $(true)`"], &rows);
}
