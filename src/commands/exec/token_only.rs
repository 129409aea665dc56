//! `bqcred exec --token-only`: runs a program that gets access tokens, and never the refresh token.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use super::{limit_options, note_nesting, prepare, start_without};
use crate::app::App;
use crate::cli::Exec;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::inside::Inside;
use crate::handover::broker::limits::Limits;
use crate::handover::broker::session_file::{About, SessionFile};
use crate::handover::broker::{self, Broker, Refusals, TokenSource, running};
use crate::handover::{self, supervised};
use crate::jupyter::changes::record::{Entry, Record};
use crate::lifecycle::program_tokens::ProgramTokens;
use crate::output::error::{Error, Result, reason};
use crate::output::ui::{self, Output};
use crate::store::KeyringStore;
use crate::system::env;
use crate::system::private_file::TempCredentialFile;
use crate::system::processes::Process;

pub(super) fn run(args: &Exec, app: &App) -> Result<Output> {
    match Prepared::new(args, app) {
        Ok(prepared) => prepared.run(args, app),
        Err(error) if args.always_start => start_without(args, app, plain(args), &error),
        Err(error) => Err(error),
    }
}

/// What has to be there before the program starts.
struct Prepared {
    name: ProfileName,
    profile: Profile,
    broker: Broker,
    tokens: ProgramTokens,
    about: About,
    file: TempCredentialFile,
}

impl Prepared {
    fn new(args: &Exec, app: &App) -> Result<Prepared> {
        let limits = Limits::new(&args.scopes, args.acting_as.clone())?;
        let (name, profile) = app.profile()?;
        note_nesting(&name);
        if let Some(wider) = Inside::exceeded_by("what it starts", &limits, &app.paths, (&name, &profile)) {
            ui::note(&wider);
        }
        note_whole_kernels(args, app);
        let tokens = ProgramTokens::new(app.clone(), name.clone(), &profile, limits.clone())?;
        // R waits two seconds for a token, and what can't be had at all should be known before the program runs
        match tokens.token() {
            Ok(_) => {}
            Err(error) if args.always_start => {
                ui::fail(&error);
                ui::note("starting the program all the same: it gets a token as soon as there is one");
            }
            Err(error) => return Err(error),
        }
        // the first answer may have said who it is
        let (name, profile) = app.profile_named(name)?;
        tokens.check_person(&profile)?;
        let broker = Broker::bind().map_err(cannot_listen)?;
        if !broker.knows_peers() {
            ui::note(
                "this system doesn't say whose connection it is: the handle in the session file decides alone",
            );
        }
        let about = about(app, &name, &tokens, &limits);
        let content = SessionFile::new(&broker, profile.quota_project.as_deref(), about.clone()).to_json();
        let file = supervised::file(&app.paths, &content)?;
        Ok(Prepared { name, profile, broker, tokens, about, file })
    }

    fn run(self, args: &Exec, app: &App) -> Result<Output> {
        let Prepared { name, profile, broker, tokens, about, file } = self;
        let mut program = program(args);
        prepare(args, app, &mut program, &name, &profile, &file.path());
        handover::apply(&broker::variables::changes(&broker, env::get), &mut program);
        // what is to be said from now on is said to the libraries
        KeyringStore::wait_quietly();
        let refusals = broker.serve(tokens);
        supervised::run(&mut program, || end(file, &about, &refusals))
            .map(|code| Output::none().with_code(code))
    }
}

/// Names the kernels that a Jupyter program finds and that get the whole credential by their kernelspecs.
fn note_whole_kernels(args: &Exec, app: &App) {
    if !starts_kernels(&args.program) {
        return;
    }
    let is_whole = |entry: &&Entry| entry.token_only.is_none() && entry.file.is_file();
    let record = Record::load(&app.paths).unwrap_or_default();
    let mut kernels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entry in record.kernels.iter().filter(is_whole) {
        kernels.entry(&entry.profile).or_default().insert(&entry.kernel);
    }
    let options = limit_options(args).join(" ");
    for (profile, names) in kernels {
        let names: Vec<&str> = names.into_iter().collect();
        ui::note(&format!(
            "these kernels get the whole credential all the same, of profile {profile}, because `bqcred kernel install` \
             set them up so: {}; `bqcred kernel install {options} --profile {profile} {}` gives {} access tokens only",
            names.join(", "),
            names.join(" "),
            if names.len() == 1 { "it" } else { "them" }
        ));
    }
}

/// Whether it is a program that starts Jupyter kernels, by the names of its files and modules.
fn starts_kernels(program: &[OsString]) -> bool {
    const NAMES: [&str; 4] = ["jupyter", "nbconvert", "papermill", "voila"];
    let is_one = |word: &str| {
        let file = Path::new(word).file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        NAMES.iter().any(|name| file.starts_with(name))
    };
    // a word may be a script
    program.iter().any(|word| word.to_string_lossy().split_whitespace().any(is_one))
}

#[cfg(target_os = "linux")]
fn program(args: &Exec) -> Command {
    handover::parent_death::command(&args.program)
}

#[cfg(not(target_os = "linux"))]
fn program(args: &Exec) -> Command {
    plain(args)
}

/// The program as it is.
fn plain(args: &Exec) -> Command {
    let mut words = args.program.iter();
    let mut program = Command::new(words.next().map(|name| name.as_os_str()).unwrap_or_default());
    program.args(words);
    program
}

fn about(app: &App, name: &ProfileName, tokens: &ProgramTokens, limits: &Limits) -> About {
    let person = tokens.person();
    About {
        profile: name.to_string(),
        data: About::data_of(&app.paths),
        account: person.describe().to_owned(),
        sub: person.sub.clone(),
        credential: person.fingerprint.clone().filter(|_| person.account.is_none()),
        signed_in: person.signed_in,
        delegates: tokens.delegates().to_vec(),
        acting_as: tokens.acting_as().cloned(),
        is_profiles_own: tokens.acting_as().is_some() && limits.acting_as.is_none(),
        scopes: tokens.scopes().to_vec(),
        narrowed: !limits.scopes.is_empty(),
        broker: std::process::id(),
    }
}

fn cannot_listen(error: std::io::Error) -> Error {
    Error::other(format!("can't listen on 127.0.0.1: {}", reason(&error)))
        .hint("`bqcred exec -- PROGRAM`, without --token-only, needs no server")
}

/// The program has ended. Those that it started and left behind get no more tokens, and are told so by the file.
fn end(file: TempCredentialFile, about: &About, refusals: &Refusals) -> Result<()> {
    if let Some(refused) = refusals.describe() {
        ui::note(&refused);
    }
    let left: Vec<String> = running::given(&file.path()).iter().map(name).collect();
    if left.is_empty() {
        return file.remove();
    }
    ui::note(&format!("still running, and without a credential from now on: {}", left.join(", ")));
    file.replace(&about.to_ended())
}

fn name(process: &Process) -> String {
    format!("{} ({})", process.name().unwrap_or_default(), process.pid)
}
