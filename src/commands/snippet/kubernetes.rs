//! A Kubernetes Job that reads the credential from a Secret, and the commands that make and renew the Secret.

use super::Pasted;
use super::containers::{Container, FOR_PYTHON};
use super::token_file::{TokenOnly, command};
use crate::app::App;
use crate::cli::Snippet;
use crate::handover::broker::inside::Inside;
use crate::handover::ready;
use crate::jupyter::changes::detour::IN_CONTAINER;
use crate::jupyter::kernelspec::json::quote;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::system::hash;

const WHOLE: &str = "snippet k8s --whole --yes";

pub(super) fn snippet(args: &Snippet, app: &App) -> Result<Pasted> {
    if args.whole { whole(args, app) } else { token_only(args, app) }
}

fn token_only(args: &Snippet, app: &App) -> Result<Pasted> {
    let tokens = TokenOnly::new(args, app)?;
    let secret = secret_name(tokens.name().as_str());
    let create = create(&secret);
    let steps = [
        format!("{} | {create}", command(&tokens.export("-"))?),
        "while the job runs:".to_owned(),
        format!(
            "{} -- sh -c '{create} --dry-run=client -o yaml | kubectl replace -f -'",
            tokens.keep_fresh(None)?
        ),
    ];
    let container = Container::of_volume(&tokens)?;
    let text = job(&tokens.account(), &steps, &secret, &container);
    let mut advice = Notes::none();
    advice.add("the first lines hold the commands that make and renew the Secret, which whoever may read the namespace's Secrets can read; never `kubectl apply` it, which copies it into an annotation");
    advice.add(FOR_PYTHON);
    advice.detail(format!(
        "R, Node, Go and Java: `{}`, or a service account of the cluster's own",
        tokens.whole(WHOLE)
    ));
    Ok(tokens.pasted(text, advice))
}

fn whole(args: &Snippet, app: &App) -> Result<Pasted> {
    let (name, profile) = app.profile()?;
    let reason = "a Secret with the whole credential holds your refresh token, which works from anywhere, and which whoever \
                  may read the namespace's Secrets can copy; `bqcred rotate` and `bqcred revoke` don't remove it there";
    if !args.yes {
        return Err(Error::usage(reason).hint(format!(
            "`{}` hands over access tokens; if that is not enough: `{}`",
            app.command("snippet k8s", &name),
            app.command(WHOLE, &name)
        )));
    }
    let mut ready = ready::in_store(app, name, profile)?;
    let secret = secret_name(ready.name.as_str());
    let export = command(&["export", "-", "--profile", ready.name.as_str()].map(str::to_owned))?;
    let create = create(&secret);
    let steps = [
        format!("{export} | {create}"),
        "after `bqcred rotate` or a new sign-in:".to_owned(),
        format!("{export} | {create} --dry-run=client -o yaml | kubectl replace -f -"),
    ];
    let container = Container::of_profile(&ready)?;
    let text = job(&ready.profile.who(), &steps, &secret, &container);
    let mut advice = std::mem::take(&mut ready.notes);
    let here = Inside::here().map(|inside| inside.widened_by("the cluster"));
    here.into_iter().for_each(|here| advice.add(here));
    advice.add(reason);
    advice.add(format!("when it is no longer needed: `kubectl delete secret {secret}`"));
    Ok(Pasted { text, advice })
}

/// The command that makes the Secret of what it reads.
fn create(secret: &str) -> String {
    format!("kubectl create secret generic {secret} --from-file=adc.json=/dev/stdin")
}

/// Names of Kubernetes' objects are labels with dots between them; a label has a-z, 0-9 and `-`, and no `-` at its ends
/// (RFC 1123). What stands for another profile name has its hash, so that no two profiles have the same Secret.
fn secret_name(profile: &str) -> String {
    let is_label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    if !profile.contains('_') && profile.split('.').all(is_label) {
        return format!("bqcred-{profile}");
    }
    let words: Vec<&str> = profile.split(['.', '_', '-']).filter(|word| !word.is_empty()).collect();
    let hash: String = hash::sha256(profile.as_bytes()).chars().take(8).collect();
    format!("bqcred-{}-{hash}", words.join("-"))
}

/// The whole folder is mounted: a file that is mounted by `subPath` is never renewed.
fn job(account: &str, steps: &[String], secret: &str, container: &Container) -> String {
    let steps: String = steps.iter().map(|step| format!("#   {step}\n")).collect();
    let variables: String = container
        .variables
        .iter()
        .map(|(name, value)| format!("            - {{name: {name}, value: {}}}\n", quote(value)))
        .collect();
    format!(
        "# BigQuery as {account}. First make the Secret:\n{steps}\
         # then `kubectl create -f` this.\n\
         apiVersion: batch/v1\n\
         kind: Job\n\
         metadata:\n  \
           name: bigquery\n\
         spec:\n  \
           backoffLimit: 0\n  \
           template:\n    \
             spec:\n      \
               restartPolicy: Never\n      \
               automountServiceAccountToken: false\n      \
               securityContext:\n        \
                 fsGroup: 1000  # lets a user other than root read the Secret\n      \
               containers:\n        \
                 - name: main\n          \
                   image: IMAGE  # yours, with its command\n          \
                   env:\n{variables}          \
                   volumeMounts:\n            \
                     - {{name: bqcred, mountPath: {IN_CONTAINER}, readOnly: true}}\n      \
               volumes:\n        \
                 - name: bqcred\n          \
                   secret: {{secretName: {secret}, defaultMode: 0400}}\n"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::secret_name;

    #[test]
    fn each_profile_has_a_secret_of_its_own_with_a_name_that_kubernetes_accepts() {
        assert_eq!(secret_name("default"), "bqcred-default");
        assert_eq!(secret_name("a-b.c"), "bqcred-a-b.c");
        let profiles =
            ["a-b", "a_b", "a.b", "a..b", "a.-b", "a-.b", "a-", "a_", "a.", "a", "a-_", "a--b", "0"];
        let names: BTreeSet<String> = profiles.into_iter().map(secret_name).collect();
        assert_eq!(names.len(), profiles.len(), "{names:?}");
        for name in names {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            let is_label = |label: &str| {
                label.starts_with(plain)
                    && label.ends_with(plain)
                    && label.chars().all(|c| plain(c) || c == '-')
            };
            assert!(name.len() <= 253 && name.split('.').all(is_label), "{name}");
        }
    }
}
