//! The command line, as data: the doc comments are the help that people read.

mod shells;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Command, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::clock;
use crate::doctor;
use crate::error::{Error, Result};
use crate::profile::StoreKind;
use crate::render::{Dialect, Format};
use crate::ui::Output;

pub(crate) use shells::{Allow, Complete, CompletionShell, Completions, Deny, Help, Init, InitShell, Man};

/// Use your own Google account for BigQuery from shells, notebooks, Python and R
///
/// Log in once; then the BigQuery libraries run as you, with no change to any code. Without a verb,
/// bqcred shows the next step for where you are.
#[derive(Debug, Parser)]
#[command(name = "bqcred", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
#[command(after_help = "Example:\n  bqcred login\n  eval $(bqcred env)")]
pub(crate) struct Cli {
    /// The profile to work with [default: what `bqcred use` set, else "default"]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Login(Login),
    Env(Env),
    Exec(Exec),
    Token(Token),
    Status(Status),
    List(List),
    Use(Use),
    Import(Import),
    Export(Export),
    Rotate(Rotate),
    Revoke(Revoke),
    Forget(Forget),
    Doctor(Doctor),
    Move(Move),
    Lock(Lock),
    #[command(subcommand)]
    Client(Client),
    #[command(subcommand)]
    Kernel(Kernel),
    Init(Init),
    Allow(Allow),
    Deny(Deny),
    Completions(Completions),
    Man(Man),
    Help(Help),
    #[command(name = "__complete", hide = true)]
    Complete(Complete),
}

/// Sign in and keep the credential
#[derive(Debug, Args)]
#[command(after_help = "Example, on a machine without a browser:\n  \
    bqcred login ada@example.com --project my-project --port 8085")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Login {
    /// The account that it has to be
    pub(crate) account: Option<String>,
    /// The project that jobs run in; kept with the profile
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// The project that requests count against, if it is another one
    #[arg(long, value_name = "PROJECT")]
    pub(crate) quota_project: Option<String>,
    /// Ask for more than BigQuery: drive, storage, cloud-platform, or names of Google's scopes
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
    /// Where to keep the credential [default: where the profile is, else file]
    #[arg(long, value_enum, value_name = "STORE")]
    pub(crate) store: Option<StoreChoice>,
    /// The OAuth client to sign in under [default: see `bqcred client show`]
    #[arg(long, value_name = "FILE")]
    pub(crate) client_id_file: Option<PathBuf>,
    /// Let gcloud run the login with its own OAuth client
    #[arg(long, value_enum, value_name = "TOOL", conflicts_with_all = ["client_id_file", "start", "finish", "port"])]
    pub(crate) via: Option<Via>,
    /// Don't open a browser on this machine
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The port on 127.0.0.1 that the browser comes back to, for `ssh -L` [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// How long to wait for the sign-in
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// Print the address to open, and end; `--finish` completes the login
    #[arg(long, conflicts_with = "finish")]
    pub(crate) start: bool,
    /// Complete a login with the address that the browser ended at, or its code; - reads it from stdin
    #[arg(long, value_name = "URL|CODE|-", allow_hyphen_values = true,
          conflicts_with_all = ["account", "project", "quota_project", "scopes", "store", "client_id_file", "port"])]
    pub(crate) finish: Option<String>,
}

/// Where a new credential goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreChoice {
    /// The keyring if there is one, else a file
    Auto,
    /// A file that only you can read
    File,
    /// The operating system's keyring
    Keyring,
}

/// Tools that can run a login.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Via {
    /// The Google Cloud CLI
    Gcloud,
}

/// Print the environment that makes the libraries run as you
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  eval $(bqcred env)")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Env {
    /// The shell to print for [default: the one that asks]
    #[arg(long, value_name = "SHELL", value_parser = parse_shell, conflicts_with = "format")]
    pub(crate) shell: Option<Dialect>,
    /// Print for a program instead of a shell
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<FormatChoice>,
    /// Print the removal of what `env` sets
    #[arg(long)]
    pub(crate) unset: bool,
    /// Leave out what keeps libraries from becoming the VM's service account
    #[arg(long)]
    pub(crate) no_guard: bool,
    /// Also make gcloud and bq use the credential; see the README for what that does to gcloud
    #[arg(long)]
    pub(crate) gcloud: bool,
    /// Use the profile that a .bqcred file names, if `bqcred allow` allowed the file as it is now
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "unset"])]
    pub(crate) pinned_by: Option<PathBuf>,
}

/// Formats of `env` that are no shell's.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FormatChoice {
    /// One flat JSON object
    Json,
    /// A .env file
    Dotenv,
    /// R's ~/.Renviron
    Renviron,
    /// systemd's EnvironmentFile
    Systemd,
    /// The `env` of a Jupyter kernel.json
    Kernel,
}

/// Long enough for a request that is about to be sent, and for a slow clock.
const USUAL_MIN_TTL: u64 = 300;

/// Run a program as you, with nothing left on disk
///
/// The program takes this process over: its signals, its terminal and its exit code are its own. It
/// reads the credential from memory, as GOOGLE_APPLICATION_CREDENTIALS says.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred exec -- jupyter lab")]
pub(crate) struct Exec {
    /// Hand over a file in memory instead, removed at the end: for Node's library, and for containers
    #[arg(long)]
    pub(crate) file: bool,
    /// Start the program even without a credential, so that it says itself what is missing
    #[arg(long)]
    pub(crate) always_start: bool,
    /// The program and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<OsString>,
}

/// Print an access token
///
/// It is kept until it ends, so that asking again costs nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    curl -H \"Authorization: Bearer $(bqcred token)\" \\\n    https://bigquery.googleapis.com/bigquery/v2/projects")]
pub(crate) struct Token {
    /// Get a new one if less than this is left
    #[arg(long, value_name = "SECONDS", default_value_t = USUAL_MIN_TTL)]
    pub(crate) min_ttl: u64,
    /// Print the token, when it ends and whose it is, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show who you are, whether the credential is alive, and where it is kept
#[derive(Debug, Args)]
#[command(after_help = "Example, in a script:\n  bqcred status --exit-code || bqcred login")]
pub(crate) struct Status {
    /// Don't ask Google
    #[arg(long)]
    pub(crate) offline: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing (but the JSON, with --json): the exit code tells
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Fail unless the credential stays good for this long (30m, 8h), as far as can be known
    #[arg(long, value_name = "SPAN", value_parser = clock::parse_span)]
    pub(crate) wait_valid: Option<u64>,
}

/// List all profiles
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred list --json")]
pub(crate) struct List {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Set the current profile
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred use work")]
pub(crate) struct Use {
    /// The profile to use where none is named
    #[arg(value_name = "PROFILE")]
    pub(crate) name: String,
}

/// Adopt a credential that another tool made
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred import --from gcloud --project my-project")]
pub(crate) struct Import {
    /// An ADC file (type authorized_user); - reads it from stdin
    #[arg(value_name = "FILE", required_unless_present = "from", conflicts_with = "from")]
    pub(crate) file: Option<PathBuf>,
    /// The tool whose credential to adopt
    #[arg(long, value_enum, value_name = "TOOL")]
    pub(crate) from: Option<Source>,
    /// Which of gcloud's accounts, where it keeps several
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// The project that jobs run in; kept with the profile
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// The project that requests count against, if it is another one
    #[arg(long, value_name = "PROJECT")]
    pub(crate) quota_project: Option<String>,
    /// Where to keep the credential [default: where the profile is, else file]
    #[arg(long, value_enum, value_name = "STORE")]
    pub(crate) store: Option<StoreChoice>,
    /// Replace the credential of an existing profile
    #[arg(long)]
    pub(crate) force: bool,
    /// Remove the source afterwards
    #[arg(long = "move")]
    pub(crate) move_: bool,
}

/// Tools whose credentials can be adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// gcloud's application-default credential, or one of its accounts
    Gcloud,
    /// pydata-google-auth, which `%%bigquery` uses
    Pydata,
    /// pandas-gbq
    PandasGbq,
    /// Ibis
    Ibis,
}

/// Write the ADC file elsewhere
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bqcred export --well-known   (undone by: bqcred export --well-known --undo)"
)]
pub(crate) struct Export {
    /// Where to; - prints it
    #[arg(value_name = "FILE", required_unless_present = "well_known", conflicts_with = "well_known")]
    pub(crate) file: Option<PathBuf>,
    /// To the place where gcloud and the libraries look by themselves; what lies there is kept aside
    #[arg(long)]
    pub(crate) well_known: bool,
    /// Put back what lay there before
    #[arg(long, requires = "well_known")]
    pub(crate) undo: bool,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

/// Replace the credential by a new one; the old one is revoked
///
/// Google ends a grant as a whole, so the old credential is revoked first and then you sign in again, as
/// the same account. Path, project and settings stay.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred rotate")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Rotate {
    /// Sign in anew, and leave the old credential alive at Google
    #[arg(long)]
    pub(crate) keep_old: bool,
    /// Don't ask; profiles of the same account and client get the new credential too
    #[arg(long)]
    pub(crate) yes: bool,
    /// Don't open a browser on this machine
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The port on 127.0.0.1 that the browser comes back to, for `ssh -L` [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// How long to wait for the sign-in
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// Revoke, print the address to open, and end; `--finish` completes the rotation
    #[arg(long, conflicts_with = "finish")]
    pub(crate) start: bool,
    /// Complete a rotation with the address that the browser ended at, or its code; - reads it from stdin
    #[arg(long, value_name = "URL|CODE|-", allow_hyphen_values = true, conflicts_with_all = ["keep_old", "yes", "port"])]
    pub(crate) finish: Option<String>,
}

/// End the credential at Google, then remove it here
///
/// At Google this ends the whole grant: everything that was signed in as this account under this OAuth
/// client's project, on every machine.
#[derive(Debug, Args)]
#[command(after_help = "Example, in a script:\n  bqcred revoke --profile old --yes")]
pub(crate) struct Revoke {
    /// Don't ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Remove a profile here; nothing is revoked at Google
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred forget --profile old")]
pub(crate) struct Forget {}

/// Foretell as whom every library here would act, and why
///
/// Ends with 0 if all of them (but gcloud, bq, gsutil and connectorx, unless named) would act as you.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred doctor --for python,r --check my-project.my_dataset.my_table")]
pub(crate) struct Doctor {
    /// Only these, step by step: python, r, go, java, node, dbt, gcloud, bq, gsutil, connectorx, or one
    /// Python library: google-auth, pydata-google-auth, pandas-gbq, ibis
    #[arg(long = "for", value_name = "LIBRARIES", value_delimiter = ',', value_parser = parse_libraries)]
    pub(crate) libraries: Vec<Libraries>,
    /// Ask BigQuery, by a dry run, whether you may query this
    #[arg(long, value_name = "PROJECT[.DATASET[.TABLE]]", value_parser = doctor::Target::parse)]
    pub(crate) check: Option<doctor::Target>,
    /// Ask nobody: neither Google nor the metadata server
    #[arg(long)]
    pub(crate) offline: bool,
    /// Show the steps of all libraries
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The libraries that one word of `--for` stands for.
#[derive(Clone, Debug)]
pub(crate) struct Libraries(pub(crate) Vec<doctor::Library>);

/// Put a profile's credential in the other store
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred move --store keyring")]
pub(crate) struct Move {
    /// Where it has to lie
    #[arg(long, value_enum, value_name = "STORE")]
    pub(crate) store: Destination,
}

/// Where a credential can be moved.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Destination {
    /// A file that only you can read
    File,
    /// The operating system's keyring
    Keyring,
}

/// Take back what `env` made readable of the keyring: all of it, or that of --profile
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred lock")]
pub(crate) struct Lock {
    /// Every profile's, as without --profile
    #[arg(long)]
    pub(crate) all: bool,
}

/// Choose the OAuth client that logins run under
#[derive(Debug, Subcommand)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
#[command(after_help = "Example:\n  bqcred client guide")]
pub(crate) enum Client {
    /// Keep a client file from Google's console
    #[command(after_help = "Example:\n  bqcred client set ~/Downloads/client_secret_123.json")]
    Set {
        /// The file of a "Desktop app" client
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Show which client logins run under, without its secret
    #[command(after_help = "Example:\n  bqcred client show --json")]
    Show {
        /// The client file to look at instead
        #[arg(long, value_name = "FILE")]
        client_id_file: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show how to make a client in Google's console
    #[command(after_help = "Example:\n  bqcred client guide")]
    Guide,
}

/// Let Jupyter kernels use a profile
#[derive(Debug, Subcommand)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
#[command(after_help = "Example:\n  bqcred kernel install\n  bqcred kernel list")]
pub(crate) enum Kernel {
    List(KernelList),
    Install(KernelInstall),
    Uninstall(KernelUninstall),
    Sync(KernelSync),
    Snippet(KernelSnippet),
}

/// List the kernels as the Jupyter server finds them, and what bqcred changed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred kernel list --json")]
pub(crate) struct KernelList {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Make kernels run as you, by default all for Python and R
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred kernel install --kernel python3 --dry-run")]
pub(crate) struct KernelInstall {
    /// The kernel to change, by its name in `bqcred kernel list`; may be given again
    #[arg(long, value_name = "NAME")]
    pub(crate) kernel: Vec<String>,
    /// Change the kernels of every language
    #[arg(long, conflicts_with = "kernel")]
    pub(crate) all: bool,
    /// Which directory to write to
    #[arg(long = "where", value_enum, value_name = "PLACE", default_value_t = KernelPlace::Auto)]
    pub(crate) place: KernelPlace,
    /// Leave the kernel as it is and make another one of this name beside it
    #[arg(long, value_name = "NAME")]
    pub(crate) new_kernel: Option<String>,
    /// Start the kernel through `bqcred exec`, so that no file with the credential is needed
    #[arg(long)]
    pub(crate) exec: bool,
    /// Print what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Directories that a kernel can be installed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KernelPlace {
    /// Wherever the server reads it
    Auto,
    /// Your Jupyter data directory
    User,
    /// The environment of the server's Python
    Env,
}

/// Put kernels back as they were, to the byte
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred kernel uninstall --kernel ir")]
pub(crate) struct KernelUninstall {
    /// The kernel to put back [default: all, or with --profile all that use it]
    #[arg(long, value_name = "NAME")]
    pub(crate) kernel: Vec<String>,
    /// Print what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Renew the kernels after an upgrade of ipykernel, or a change of the profile
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred kernel sync --dry-run")]
pub(crate) struct KernelSync {
    /// Print what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Print what to paste where a kernel can't be changed, or runs already
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bqcred kernel snippet --lang ipython-startup > ~/.ipython/profile_default/startup/50-bqcred.py"
)]
pub(crate) struct KernelSnippet {
    /// What it is for
    #[arg(long, value_enum, value_name = "LANG", default_value_t = SnippetKind::Python)]
    pub(crate) lang: SnippetKind,
}

/// Places that a snippet is pasted into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SnippetKind {
    /// A cell of a running Python notebook
    Python,
    /// A cell of a running R notebook
    R,
    /// ~/.Renviron, for every R
    Renviron,
    /// A file in ~/.ipython/profile_default/startup, for every IPython kernel
    IpythonStartup,
    /// jupyterhub_config.py, for the hub's administrator
    Jupyterhub,
    /// A workspace's .env file, for VS Code's own kernels
    Vscode,
    /// Options of `docker run`
    Docker,
}

fn parse_libraries(word: &str) -> std::result::Result<Libraries, String> {
    doctor::Library::named(word).map(Libraries).ok_or_else(|| {
        let names: Vec<&str> = doctor::Library::ALL.iter().map(|library| library.name()).collect();
        format!("known are python, r, {}", names.join(", "))
    })
}

fn parse_shell(name: &str) -> std::result::Result<Dialect, String> {
    Dialect::from_shell_name(name).ok_or_else(|| {
        let known: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.name()).collect();
        format!("known are {}, and the shells that are like them", known.join(", "))
    })
}

impl StoreChoice {
    /// The store that is demanded; `None` for the one that fits.
    pub(crate) fn demanded(self) -> Option<StoreKind> {
        match self {
            StoreChoice::Auto => None,
            StoreChoice::File => Some(StoreKind::File),
            StoreChoice::Keyring => Some(StoreKind::Keyring),
        }
    }
}

impl Destination {
    /// The store itself.
    pub(crate) fn kind(self) -> StoreKind {
        match self {
            Destination::File => StoreKind::File,
            Destination::Keyring => StoreKind::Keyring,
        }
    }
}

impl FormatChoice {
    /// What renders it.
    pub(crate) fn format(self) -> Format {
        match self {
            FormatChoice::Json => Format::Json,
            FormatChoice::Dotenv => Format::Dotenv,
            FormatChoice::Renviron => Format::Renviron,
            FormatChoice::Systemd => Format::Systemd,
            FormatChoice::Kernel => Format::Kernel,
        }
    }
}

/// The description of bqcred, or of the verb that these words name.
pub(crate) fn described(verb: &[String]) -> Result<Command> {
    let mut root = Cli::command();
    root.build();
    let mut at = &root;
    for word in verb {
        at = at.find_subcommand(word).filter(|verb| !verb.is_hide_set()).ok_or_else(|| {
            Error::usage(format!("bqcred has no verb {:?}", verb.join(" "))).hint("`bqcred help` lists them")
        })?;
    }
    Ok(at.clone())
}

/// What the command line asks for.
pub(crate) enum Asked {
    /// A verb.
    Verb(Cli),
    /// A text that answers it already: help, the version.
    Text(Output),
}

/// Reads the command line.
pub(crate) fn parse(words: Vec<OsString>) -> Result<Asked> {
    if let Some(cli) = shortcut(&words) {
        return Ok(Asked::Verb(cli));
    }
    let for_eval = is_for_eval(&words);
    let answers: Vec<String> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .filter(|word| word.contains("code=") || word.contains("://"))
        .collect();
    Cli::try_parse_from(words).map(Asked::Verb).or_else(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Ok(Asked::Text(Output::text(error.to_string())))
        }
        _ => {
            let text = error.to_string();
            let mut text = text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned();
            // an address that was pasted in the wrong place holds a code
            for secret in answers {
                text = text.replace(&secret, "ADDRESS");
            }
            let error = Error::usage(text);
            Err(match for_eval {
                true => error.with_stdout(crate::parent_shell::dialect().unwrap_or(Dialect::Posix).failing()),
                false => error,
            })
        }
    })
}

/// The command lines that shells and scripts run all the time, without the description of all the
/// others: building that takes longer than all the rest of `bqcred env`.
fn shortcut(words: &[OsString]) -> Option<Cli> {
    let (verb, rest) = words.get(1..)?.split_first()?;
    let verb = match (verb.to_str()?, rest) {
        ("env", []) => Verb::Env(Env {
            shell: None,
            format: None,
            unset: false,
            no_guard: false,
            gcloud: false,
            pinned_by: None,
        }),
        ("token", []) => Verb::Token(Token { min_ttl: USUAL_MIN_TTL, json: false }),
        ("init", [shell]) => {
            let shell = InitShell::from_str(shell.to_str()?, false).ok()?;
            Verb::Init(Init { shell, prompt: false, pins: false })
        }
        ("exec", [separator, command @ ..]) if separator == "--" && !command.is_empty() => {
            Verb::Exec(Exec { file: false, always_start: false, command: command.to_vec() })
        }
        _ => return None,
    };
    Some(Cli { profile: None, verb: Some(verb) })
}

/// Whether a shell evaluates what is printed, so that it has to notice a mistyped command line.
fn is_for_eval(words: &[OsString]) -> bool {
    let mut words = words.iter().skip(1).map(|word| word.to_string_lossy()).peekable();
    while let Some(option) = words.next_if(|word| word.starts_with('-')) {
        if option == "--profile" {
            words.next();
        }
    }
    words.next().is_some_and(|verb| verb == "env") && !words.any(|word| word.starts_with("--format"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_description_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn only_env_is_for_eval() {
        let is = |line: &str| is_for_eval(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(
            is("bqcred env --bogus") && is("bqcred --profile x env") && is("bqcred --profile=x env --bogus")
        );
        assert!(
            !is("bqcred exec -- env")
                && !is("bqcred --profile env status")
                && !is("bqcred env --format json")
        );
    }

    #[test]
    fn the_shortcut_means_the_same_as_the_long_way() {
        let parse = |line: &str| -> Vec<OsString> { line.split(' ').map(OsString::from).collect() };
        let short =
            ["env", "token", "init bash", "init fish", "exec -- true", "exec -- sh -c -- --file -- --"];
        for line in short {
            let words = parse(&format!("bqcred {line}"));
            let long = Cli::try_parse_from(&words).unwrap();
            assert_eq!(format!("{:?}", shortcut(&words).unwrap()), format!("{long:?}"), "{line}");
        }
        for line in ["list", "env --unset", "token --json", "init", "init nosuch", "init --help", "exec --"] {
            assert!(shortcut(&parse(&format!("bqcred {line}"))).is_none(), "{line}");
        }
        assert!(shortcut(&parse("bqcred exec true")).is_none());
    }
}
