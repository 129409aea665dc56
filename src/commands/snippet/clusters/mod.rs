//! The workers of Dask, Ray, Spark and Slurm. Python code is in files beside this one, and gets its values in lines
//! above it. A JSON string is a Python literal.

use super::Pasted;
use super::token_file::{TokenOnly, word};
use crate::app::App;
use crate::cli::Snippet;
use crate::handover::variables;
use crate::jupyter::changes::kernel_profile::{own_path, utf8};
use crate::jupyter::kernelspec::json::quote;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;

const TOKENS: &str = include_str!("tokens.py");
const DASK: &str = include_str!("dask.py");
const RAY: &str = include_str!("ray.py");
const SPARK: &str = include_str!("spark.py");

/// What every engine's workers have to know of a token-only file.
const FOR_PYTHON: &str = "the token-only file is for Python's libraries, and a BigQuery client made with it works for the rest of that token's hour: make clients in the task";

/// For nodes without the home folder.
pub(super) const NO_SHARED_HOME: &str = "snippet slurm --no-shared-home";

pub(super) fn dask(args: &Snippet, app: &App) -> Result<Pasted> {
    let tokens = TokenOnly::new(args, app)?;
    let head = renewing_head(&tokens, "on the workers of `client`, a dask.distributed.Client")?;
    let mut advice = advice(&tokens, "paste this into a cell, below the one that makes `client`");
    advice.add("where the scheduler's address isn't tls://, who can read that network can read the access token, which works for an hour at most");
    Ok(tokens.pasted(format!("{head}{TOKENS}\n\n{DASK}"), advice))
}

pub(super) fn ray(args: &Snippet, app: &App) -> Result<Pasted> {
    let tokens = TokenOnly::new(args, app)?;
    let head = renewing_head(&tokens, "in Ray's tasks and actors")?;
    let mut advice = advice(
        &tokens,
        "paste this into a cell in place of your `ray.init()`; what you give that goes into its `bqcred_init()`",
    );
    advice.add("never put a token into env_vars or working_dir: Ray's dashboard and logs show the first, and copies of the second stay on the nodes");
    Ok(tokens.pasted(format!("{head}{TOKENS}\n\n{RAY}"), advice))
}

pub(super) fn spark(args: &Snippet, app: &App) -> Result<Pasted> {
    let tokens = TokenOnly::new(args, app)?;
    let file = tokens.file()?;
    let head = head(&tokens, "in Python functions on Spark's executors", Some(&utf8(&file)?))?;
    let mut advice = advice(
        &tokens,
        "paste this in place of what makes the Spark session: settings of executors have no effect later",
    );
    tokens.advise_renewing("while the session is used", &file, &mut advice)?;
    advice.add(format!(
        "the executors have to read that path as you: a home folder that all machines share, or `--file` for another \
         folder; on Kubernetes a Secret (`{}`) with spark.kubernetes.executor.secrets",
        tokens.limited("snippet k8s")
    ));
    advice.add("never put a token into a setting of Spark's: its web page, its event log and `ps` show it");
    Ok(tokens.pasted(format!("{head}{SPARK}"), advice))
}

pub(super) fn slurm(args: &Snippet, app: &App) -> Result<Pasted> {
    let tokens = TokenOnly::new(args, app)?;
    if args.no_shared_home {
        return without_shared_home(args, tokens);
    }
    let file = tokens.file()?;
    let pairs: Vec<String> = tokens
        .variables(&utf8(&file)?)?
        .iter()
        .map(|(name, value)| plain(&tokens, name, value).map(|value| format!("{name}={value}")))
        .collect::<Result<_>>()?;
    let text = format!("#SBATCH --export=ALL,{}\n", pairs.join(","));
    let mut advice = advice(
        &tokens,
        "put this line below the other #SBATCH lines, or give its option to `sbatch` or `srun`",
    );
    tokens.advise_renewing("until the job has ended", &file, &mut advice)?;
    advice.add(format!(
        "the nodes have to read that path: where they don't have your home folder, `{}`",
        tokens.limited(NO_SHARED_HOME)
    ));
    advice.add(
        "never put a token into --export or the job script: Slurm keeps both in its controller's folder",
    );
    Ok(tokens.pasted(text, advice))
}

/// The token comes through the stdin of a step of the job's own, and is kept in the nodes' memory.
fn without_shared_home(args: &Snippet, tokens: TokenOnly) -> Result<Pasted> {
    if args.file.is_some() {
        return Err(Error::usage(
            "with --no-shared-home the file is in each node's memory, and --file has no meaning",
        ));
    }
    const FOLDER: &str = "/dev/shm/bqcred-$SLURM_JOB_ID";
    let file = format!("{FOLDER}/adc.json");
    let mut set = String::new();
    for (name, value) in tokens.variables(&file)? {
        set += &match (name.as_str(), value.as_str()) {
            (variables::ADC, _) => format!("export {name}={file}\n"),
            (_, "") => format!("unset {name}\n"),
            (_, value) => format!("export {name}={}\n", word(value)),
        };
    }
    let each_node =
        "srun --overlap --nodes=$SLURM_JOB_NUM_NODES --ntasks=$SLURM_JOB_NUM_NODES --ntasks-per-node=1";
    // the job makes the folder, perhaps a moment later, and what comes after its end makes none
    let push = format!(
        "{} -- srun --jobid=JOB --overlap sh -c 'umask 077; until cd {FOLDER} 2>/dev/null; do sleep 1; done; [ -O . ] && f=$(mktemp XXXXXX) && cat >$f && mv $f adc.json'",
        tokens.keep_fresh(None)?
    );
    let text = format!(
        "# BigQuery as {}. Once the job runs, where you submitted it, with its number for JOB:\n\
         #   {push}\n\
         {set}\
         {each_node} sh -c 'mkdir -m 700 {FOLDER} 2>/dev/null; [ -O {FOLDER} ]' || exit\n\
         trap '{each_node} rm -rf {FOLDER}' EXIT\n\
         {each_node} sh -c 'until [ -s {file} ]; do sleep 1; done'\n",
        tokens.account()
    );
    let mut advice = advice(
        &tokens,
        "put this below the #SBATCH lines of the job script; the job waits until the command in it has brought a token",
    );
    advice.add(
        "never put a token into --export or the job script: Slurm keeps both in its controller's folder",
    );
    Ok(tokens.pasted(text, advice))
}

fn advice(tokens: &TokenOnly, usage: &str) -> Notes {
    let mut advice = Notes::none();
    advice.add(usage);
    advice.add(FOR_PYTHON);
    advice.detail(tokens.for_others());
    advice
}

/// A value for `--export`, which separates at commas, in a line that separates at spaces.
fn plain<'v>(tokens: &TokenOnly, name: &str, value: &'v str) -> Result<&'v str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@+".contains(c);
    if value.chars().all(is_plain) {
        return Ok(value);
    }
    let another = if name == variables::ADC { "name another place with `--file`, or use" } else { "use" };
    Err(Error::usage(format!("the value of {name} has a character that `--export` can't hold"))
        .hint(format!("{another} `{}`", tokens.limited(NO_SHARED_HOME))))
}

/// The lines above the code: which variables the workers get. Without a file the code names it, by the worker's folder.
fn head(tokens: &TokenOnly, place: &str, file: Option<&str>) -> Result<String> {
    let variables = tokens.variables(file.unwrap_or_default())?;
    let named = variables.iter().filter(|(name, _)| file.is_some() || name != variables::ADC);
    let entries: String =
        named.map(|(name, value)| format!("    {}: {},\n", quote(name), quote(value))).collect();
    Ok(format!("# BigQuery as {} {place}\nBQCRED_VARIABLES = {{\n{entries}}}\n\n", tokens.account()))
}

fn renewing_head(tokens: &TokenOnly, place: &str) -> Result<String> {
    let words = std::iter::once(own_path()?).chain(tokens.export("-"));
    let words: Vec<String> = words.map(|word| quote(&word)).collect();
    let head = head(tokens, place, None)?;
    Ok(format!("{head}BQCRED_COMMAND = [{}]\n\n", words.join(", ")))
}
