//! One command in one state, run step by step; what each step did, and what of it is wrong.

use super::facts::Facts;
use super::invariants;
use super::requests::Sent;
use super::sentences::Claim;
use super::world::World;
use crate::common::{Consent, Run};

/// What a command may print on stdout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Product {
    /// Nothing at all.
    Nothing,
    /// Text, if it succeeds.
    Text,
    /// Text, if it succeeds, with a secret in it.
    Secret,
    /// What a shell evaluates: it fails where the command does.
    ShellCode,
    /// Text, in any case.
    Report,
}

/// One run of bqcred.
pub struct Step {
    pub words: Vec<String>,
    pub run: Run,
    pub before: Facts,
    pub after: Facts,
    pub sent: Sent,
    pub claims: Vec<Claim>,
}

/// A cell of the matrix while it is run.
pub struct Cell<'w> {
    pub world: &'w World,
    pub product: Product,
    /// Whether it may send anything.
    pub online: bool,
    pub profile: String,
    pub steps: Vec<Step>,
    pub faults: Vec<String>,
    pub now: Facts,
}

impl<'w> Cell<'w> {
    pub fn new(world: &'w World, product: Product, online: bool) -> Self {
        let now = world.made().clone();
        Cell { world, product, online, profile: current(world), steps: Vec::new(), faults: Vec::new(), now }
    }

    /// Runs bqcred and checks the run.
    pub fn bqcred(&mut self, words: &[&str]) -> Run {
        self.paste(words, "")
    }

    /// The same with this on stdin.
    pub fn paste(&mut self, words: &[&str], stdin: &str) -> Run {
        let run = self.world.bqcred(words).stdin(stdin).run();
        self.ended(words, run)
    }

    /// A sign-in at a terminal: this account consents in the browser, and the browser goes where it is sent.
    pub fn sign_in_at_terminal(&mut self, words: &[&str], who: &str) -> Run {
        let started = std::time::Instant::now();
        let mut terminal = self.world.terminal(words);
        let mut shown = String::new();
        // a question may come first, or when the account is known
        let mut is_asked = false;
        while let Ok((before, found)) = terminal.exp_regex(r"https?://[^\s]+auth\?\S+\s|\[y/N\] ?|\[Y/n\] ?")
        {
            shown += &before;
            shown += &found;
            if found.starts_with('[') {
                terminal.send_line("y").unwrap();
                shown += "y\n"; // this terminal shows nothing that is typed
            } else if !std::mem::replace(&mut is_asked, true) {
                match self.world.google.try_approve(found.trim(), Consent::all(who)) {
                    Ok(redirect) => drop(self.world.google.try_visit(&redirect)),
                    Err(_) => drop(terminal.send_control('c')), // Google blocks it
                }
            }
        }
        shown += &terminal.exp_eof().unwrap_or_default();
        // "Exited(Pid(1), 0)"
        let status = format!("{:?}", terminal.process().wait().unwrap());
        let code = status.rsplit_once(", ").and_then(|(_, code)| code.trim_end_matches(')').parse().ok());
        let line = format!("{words:?} at a terminal");
        let run = Run { line, stdout: String::new(), stderr: shown, code, time: started.elapsed() };
        self.ended(words, run)
    }

    fn ended(&mut self, words: &[&str], run: Run) -> Run {
        self.world.after_run();
        let after = Facts::of(self.world, self.world.roots());
        let before = std::mem::replace(&mut self.now, after.clone());
        let sent = Sent::of(self.world.google.take_requests());
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let mut step = Step { words, run: run.clone(), before, after, sent, claims: Vec::new() };
        let faults = invariants::check(self, &mut step);
        let line = step.words.join(" ");
        self.faults.extend(faults.into_iter().map(|fault| {
            format!("`bqcred {line}` (exit {:?}): {fault}\n{}", step.run.code, indented(&step.run))
        }));
        self.steps.push(step);
        self.profile = current(self.world);
        run
    }

    /// Whether the last run succeeded.
    pub fn ok(&self) -> bool {
        self.steps.last().is_none_or(|step| step.run.code == Some(0))
    }

    /// What the table shows of this cell.
    pub fn outcome(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(|step| self.shown(step)).collect();
        steps.join("; then ")
    }

    fn shown(&self, step: &Step) -> String {
        let mut parts = vec![step.run.code.map_or("signal".to_owned(), |code| code.to_string())];
        parts.extend(
            Some(step.sent.to_string()).filter(|sent| !sent.is_empty()).map(|sent| format!("asks {sent}")),
        );
        let (old, new) = (step.before.secret(&self.profile), step.after.secret(&self.profile));
        if let Some(old) = &old {
            if step.before.valid.contains(old) && !step.after.valid.contains(old) {
                parts.push("revokes it".to_owned());
            }
            if new.is_none() {
                parts.push("removes it".to_owned());
            }
        }
        if let Some(new) = new.filter(|new| Some(new) != old.as_ref()) {
            parts.push(format!("keeps {}", step.after.owner(&new).unwrap_or("nobody")));
        }
        let mut claims: Vec<&str> = step.claims.iter().filter_map(|claim| claim.name()).collect();
        claims.sort_unstable();
        claims.dedup();
        if !claims.is_empty() {
            parts.push(format!("says {}", claims.join(", ")));
        }
        parts.join(" | ")
    }
}

/// The profile that a command without `--profile` means.
fn current(world: &World) -> String {
    let variable = world.env.iter().find(|(name, _)| name == "BQCRED_PROFILE");
    let settings = world.sandbox().config().join("config.json");
    let set = std::fs::read(settings).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let set = set.and_then(|set: serde_json::Value| set["profile"].as_str().map(str::to_owned));
    variable.map(|(_, value)| value.clone()).or(set).unwrap_or_else(|| "default".to_owned())
}

fn indented(run: &Run) -> String {
    let part = |name: &str, text: &str| {
        text.lines().map(|line| format!("      {name} {line}\n")).collect::<String>()
    };
    part("out:", &run.stdout) + &part("err:", &run.stderr)
}
