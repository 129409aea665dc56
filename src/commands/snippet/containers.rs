//! Containers of this machine: options of `docker run`, a compose service, devcontainer.json.

use std::path::Path;

use super::Pasted;
use super::token_file::{TokenOnly, word};
use crate::app::App;
use crate::cli::{Snippet, SnippetKind};
use crate::credential::profile::StoreKind;
use crate::handover::ready::{self, Ready};
use crate::handover::variables::{self, VariableSet};
use crate::jupyter::changes::detour::{self, IN_CONTAINER};
use crate::jupyter::changes::kernel_profile::{lasting_variables, utf8};
use crate::jupyter::kernelspec::json::quote;
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;

/// What each snippet with a token-only file says.
pub(super) const FOR_PYTHON: &str =
    "the token-only file is for Python's libraries: those of R, Node, Go and Java refuse it";

/// What a container is given: variables, and a folder of this machine at [`IN_CONTAINER`].
pub(super) struct Container {
    /// Names and values.
    pub(super) variables: Vec<(String, String)>,
    folder: String,
}

impl Container {
    fn new(variables: &[(String, String)], folder: String) -> Container {
        let variables = detour::container_variables(variables);
        Container { variables: variables.map(|(name, value)| (name.to_owned(), value)).collect(), folder }
    }

    /// With a token-only file.
    fn of_tokens(tokens: &TokenOnly, file: &Path) -> Result<Container> {
        let is_named = file.file_name().is_some_and(|name| name == "adc.json");
        let Some(folder) = file.parent().filter(|_| is_named) else {
            return Err(Error::usage(format!("{} is not called adc.json", file.display()))
                .hint("the container gets its folder, in which it looks for adc.json"));
        };
        Ok(Container::new(&tokens.variables(&utf8(file)?)?, utf8(folder)?))
    }

    /// With a volume that holds a token-only file.
    pub(super) fn of_volume(tokens: &TokenOnly) -> Result<Container> {
        let variables = tokens.variables(&format!("{IN_CONTAINER}/adc.json"))?;
        Ok(Container::new(&variables, String::new()))
    }

    /// With a profile's own folder.
    pub(super) fn of_profile(ready: &Ready) -> Result<Container> {
        let Ready { name, profile, adc, .. } = ready;
        let set = variables::set(name, profile, adc, VariableSet { guard: true, gcloud: false });
        let folder = adc.parent().map(utf8).transpose()?.unwrap_or_default();
        Ok(Container::new(&lasting_variables(set)?, folder))
    }

    /// As docker's `--mount` reads it, which is a line of CSV; `None` where that can't hold the folder.
    fn mount(&self) -> Option<String> {
        let is_safe = !self.folder.contains(|c: char| ",\"".contains(c) || c.is_control());
        is_safe.then(|| format!("type=bind,source={},target={IN_CONTAINER},readonly", self.folder))
    }

    /// Each option is one word of a shell.
    fn docker(&self) -> Result<String> {
        let is_safe = self.variables.iter().all(|(_, value)| !value.contains(char::is_control));
        let Some(mount) = self.mount().filter(|_| is_safe) else {
            return Err(Error::usage(
                "a path or value has a character that is not safe in a `docker run` line",
            ));
        };
        let mut options = vec![format!("--mount {}", word(&mount))];
        let variables = self.variables.iter();
        options.extend(variables.map(|(name, value)| format!("--env {}", word(&format!("{name}={value}")))));
        Ok(options.join(" \\\n") + "\n")
    }

    /// A `$` begins a variable of compose's.
    fn compose(&self) -> String {
        let text = |value: &str| quote(&value.replace('$', "$$"));
        let variables = self.variables.iter().map(|(name, value)| format!("      {name}: {}\n", text(value)));
        let variables: String = variables.collect();
        format!(
            "services:\n  \
               app:  # your service\n    \
                 user: \"{}\"\n    \
                 environment:\n{variables}    \
                 volumes:\n      \
                   - {{type: bind, source: {}, target: {IN_CONTAINER}, read_only: true}}\n",
            rustix::process::geteuid().as_raw(),
            text(&self.folder)
        )
    }

    /// Its mounts are docker's, and `${` begins a variable of the dev container's.
    fn devcontainer(&self) -> Result<String> {
        let mut values = self.variables.iter().map(|(_, value)| value).chain([&self.folder]);
        let is_safe = values.all(|value| !value.contains("${"));
        let Some(mount) = self.mount().filter(|_| is_safe) else {
            return Err(Error::usage("a path or value has characters that devcontainer.json can't hold"));
        };
        let variables: serde_json::Map<_, _> =
            self.variables.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let settings = serde_json::json!({ "mounts": [mount], "containerEnv": variables });
        Ok(format!("{settings:#}\n"))
    }

    fn text(&self, kind: SnippetKind) -> Result<String> {
        match kind {
            SnippetKind::Compose => Ok(self.compose()),
            SnippetKind::Devcontainer => self.devcontainer(),
            _ => self.docker(),
        }
    }
}

pub(super) fn snippet(args: &Snippet, app: &App) -> Result<Pasted> {
    if args.whole {
        return whole(args.kind, app);
    }
    let tokens = TokenOnly::new(args, app)?;
    let file = tokens.file()?;
    let text = Container::of_tokens(&tokens, &file)?.text(args.kind).map_err(|error| {
        let compose = tokens.as_kind("compose");
        error.hint(format!("`{compose}` can hold it; or name another place with `--file`"))
    })?;
    let mut advice = Notes::none();
    advice.add(usage(args.kind));
    tokens.advise_renewing("while the container runs", &file, &mut advice)?;
    advice.add(FOR_PYTHON);
    advice.detail(format!("for those, on the host's network: `{}`", on_hosts_network(&tokens)));
    advice.detail(format!("or with the whole credential: `{}`", tokens.whole(whole_kind(args.kind))));
    Ok(tokens.pasted(text, advice))
}

fn whole_kind(kind: SnippetKind) -> &'static str {
    match kind {
        SnippetKind::Compose => "snippet compose --whole",
        SnippetKind::Devcontainer => "snippet devcontainer --whole",
        _ => "snippet docker --whole",
    }
}

/// `exec --token-only` around `docker run`, whose container reaches the broker on 127.0.0.1.
fn on_hosts_network(tokens: &TokenOnly) -> String {
    let mut limits = vec!["--profile".to_owned(), tokens.name().to_string()];
    limits.extend(tokens.limits());
    let limits: Vec<String> = limits.iter().map(|limit| word(limit)).collect();
    format!(
        "bqcred exec --token-only {} -- sh -c 'docker run --rm --network host --user \"$(id -u)\" \
         -v \"$GOOGLE_APPLICATION_CREDENTIALS:/run/adc.json:ro\" -e GOOGLE_APPLICATION_CREDENTIALS=/run/adc.json \
         -e GOOGLE_CLOUD_PROJECT -e GCE_METADATA_URL -e NO_GCE_CHECK -e NO_PROXY -e no_proxy IMAGE'",
        limits.join(" ")
    )
}

fn whole(kind: SnippetKind, app: &App) -> Result<Pasted> {
    let (name, profile) = app.profile()?;
    if profile.store != StoreKind::File {
        let what = format!("profile {name} is kept in the {}, which no container can read", profile.store);
        return Err(Error::new(Kind::Store, what).hint(format!(
            "leave out --whole: access tokens are handed over all the same; or `{}` keeps the credential in a file",
            app.command("move --store file", &name)
        )));
    }
    let mut ready = ready::for_good(app, name, profile)?;
    let mut advice = std::mem::take(&mut ready.notes);
    let text = Container::of_profile(&ready)?.text(kind).map_err(|error| {
        error.hint(format!("`{}` can hold it", app.command("snippet compose --whole", &ready.name)))
    })?;
    advice.add(usage(kind));
    advice.add("the container reads your refresh token, which works from anywhere until it is revoked");
    Ok(Pasted { text, advice })
}

/// Where it goes. The files are readable for one user alone.
fn usage(kind: SnippetKind) -> &'static str {
    match kind {
        SnippetKind::Compose => "add this to your service in compose.yaml",
        SnippetKind::Devcontainer => {
            "add this to devcontainer.json; the container's user needs your user id to read the credential, which updateRemoteUserUID (the default on Linux) gives it"
        }
        _ => {
            "add these options to `docker run`; the container's user needs your user id to read the credential: --user \"$(id -u)\""
        }
    }
}
