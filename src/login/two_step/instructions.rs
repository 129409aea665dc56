//! What to do with the address that `--start` printed.

use crate::credential::profile_name::ProfileName;
use crate::login::Flow;
use crate::output::shell_word::literal;
use crate::system::{own_program, terminal};

/// How to open the address and to complete `command` (`login`, `rotate`) where the user can't be asked; the lines are
/// not wrapped.
pub(crate) fn instructions(name: &ProfileName, command: &str, flow: &Flow) -> String {
    let (open, answer) = match flow {
        Flow::OwnClient(_) => (
            "Open this address in a browser and sign in. The browser then says that 127.0.0.1 can't be reached,\n\
             which is fine: copy the whole address from its address bar.\n",
            "address",
        ),
        Flow::Gcloud { .. } => (
            "Open this address in a browser and sign in. The page then shows a code, which is valid for 10 minutes:\n\
             copy it.\n",
            "code",
        ),
    };
    let program = literal(&own_program::word());
    let finish = match terminal::in_notebook() {
        true => format!(
            "Then run this in a cell; what you paste is not shown and not saved:\n\n\
             import subprocess, getpass\n\
             subprocess.run([{program}, \"{command}\", \"--profile\", \"{name}\", \"--finish\", \"-\"], \
             input=getpass.getpass(\"Paste the {answer}: \"), text=True);\n\n\
             In R:\n\n\
             cat(system2({program}, c(\"{command}\", \"--profile\", \"{name}\", \"--finish\", \"-\"), \
             input = getPass(\"Paste the {answer}: \"), stdout = TRUE, stderr = TRUE), sep = \"\\n\")\n\n"
        ),
        false => format!(
            "Then run this within 10 minutes, paste the {answer}, press Enter and Ctrl-D:\n\n  \
             bqcred {command} --profile {name} --finish -\n\n"
        ),
    };
    format!("{open}{finish}")
}
