//! What Ada does, step by step, and what it means.

use crate::python::Library;
use crate::screen::{command, cut, say, show};
use crate::shell::Shell;
use crate::{Result, http};
use bqcred_test_support::double::metadata::{self, Metadata};
use bqcred_test_support::{Consent, Google};

/// Her account.
const ACCOUNT: &str = "ada@example.com";
/// Her project, one of the stand-in's.
const PROJECT: &str = "analytics-dev";
/// Her program. It knows nothing of bqcred, nor of any credential.
pub(crate) const PROGRAM: &str = r#"from google.cloud import bigquery
for row in bigquery.Client().query("SELECT SESSION_USER() AS me"):
    print("BigQuery says that I am", row.me)
"#;

/// Ada, at the prompt of the virtual machine.
pub(crate) struct Ada<'t> {
    /// Her shell.
    pub(crate) shell: &'t mut Shell,
    /// Where she signs in and queries.
    pub(crate) google: &'t Google,
    /// What makes her machine one of Google's.
    pub(crate) vm: &'t Metadata,
    /// What she queries with.
    pub(crate) library: &'t Library,
}

impl Ada<'_> {
    /// Before anything is done: the machine's own account.
    pub(crate) fn queries_as_the_machine(&mut self) -> Result<()> {
        say("
1. Without bqcred. The library finds no credential of hers, so it takes that of
   the machine, without a word: its permissions, its name in the audit log.")?;
        match self.library {
            Library::Real { .. } => self.runs("python who.py", metadata::ACCOUNT),
            Library::Absent => self.asks("the machine's", &http::machine_token(self.vm)?, metadata::ACCOUNT),
        }
    }

    /// The login in two steps, for there is no browser on this machine.
    pub(crate) fn signs_in(&mut self) -> Result<()> {
        say("\n2. Once: the OAuth client to sign in under, a file from Google's console.")?;
        self.types("bqcred client set client_secret.json")?;
        say("\n3. Once: Ada signs in. There is no browser here, so she gets an address.")?;
        let login = format!("bqcred login --start --project {PROJECT}");
        command(&login)?;
        let address = self.shell.run(&login)?;
        show(&cut(&address))?;
        say("
4. She opens it on her laptop, signs in and allows BigQuery. Her browser ends at
   127.0.0.1, where it finds nothing: that is fine. She copies where it is.")?;
        let redirect = self.google.try_approve(address.trim(), Consent::all(ACCOUNT))?;
        self.pastes("bqcred login --finish -", &redirect)
    }

    /// The environment, and the same program again.
    pub(crate) fn queries_as_herself(&mut self) -> Result<()> {
        say("\n5. Her shell learns where the credential is: a path, never the secret itself.")?;
        self.types("eval $(bqcred env)")?;
        self.types("env | grep GOOGLE")?;
        say("\n6. The same query again, and not a character of it has changed. Now it is Ada's.")?;
        match self.library {
            Library::Real { .. } => self.runs("python who.py", ACCOUNT),
            Library::Absent => {
                // it stays in here: the tour shows no secret
                let token = self.shell.run("bqcred token")?;
                self.asks("`bqcred token`'s", token.trim(), ACCOUNT)
            }
        }
    }

    /// What bqcred knows, and what Google saw.
    pub(crate) fn looks_around(&mut self) -> Result<()> {
        say("\n7. It lasts: no login tomorrow. What bqcred knows about it, asked any time:")?;
        self.types("bqcred status")?;
        let problems = [self.google.leaks(), self.google.unexpected()].concat();
        if problems.is_empty() {
            return Ok(());
        }
        Err(format!("the stand-in for Google saw what it should not:\n{}", problems.join("\n")))
    }

    /// Types a command and shows what comes.
    fn types(&mut self, line: &str) -> Result<String> {
        command(line)?;
        let output = self.shell.run(line)?;
        show(&output)?;
        Ok(output)
    }

    /// Types a command whose output has to name this account.
    fn runs(&mut self, line: &str, account: &str) -> Result<()> {
        let output = self.types(line)?;
        if output.contains(account) { Ok(()) } else { Err(format!("it should have been {account}")) }
    }

    /// Types a command and pastes a line for it to read, which is shown without the secrets in it.
    fn pastes(&mut self, line: &str, pasted: &str) -> Result<()> {
        command(line)?;
        let (address, _) = pasted.split_once('?').unwrap_or((pasted, ""));
        show(&format!("{address}?state=…&code=…   (pasted; the code works once)"))?;
        show(&self.shell.run(&format!("{line} <<'PASTED'\n{pasted}\nPASTED"))?)
    }

    /// Runs the query itself, with this token.
    fn asks(&self, whose: &str, token: &str, account: &str) -> Result<()> {
        let who = http::session_user(self.google, PROJECT, token)?;
        show(&format!("SELECT SESSION_USER(), sent with {whose} token:\n{who}"))?;
        if who == account { Ok(()) } else { Err(format!("it should have been {account}")) }
    }
}
