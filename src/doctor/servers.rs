//! Which identity the plugins of a running Jupyter server use. They are Python in the server's own process, so it is
//! google-auth's rule, with the server's environment: a kernelspec doesn't reach them.

use std::path::PathBuf;

use crate::doctor::facts::Facts;
use crate::doctor::prediction::Prediction;
use crate::doctor::rules::google_auth::GOOGLE_AUTH;

/// What the plugins of one server use.
pub(crate) struct ServerPrediction {
    /// The server's process id.
    pub(crate) pid: u32,
    /// The identity, with the command that helps as its `fix`.
    pub(crate) prediction: Prediction,
    /// A configuration file that gives it other variables once it is restarted.
    pub(crate) changed: Option<PathBuf>,
}

/// Of every server that runs.
pub(super) fn predict(facts: &mut Facts) -> Vec<ServerPrediction> {
    let servers = facts.servers();
    servers
        .into_iter()
        .map(|server| {
            let (environment, folder) = (server.environment, server.folder);
            let mut prediction = facts.seen_from(environment, folder, |facts| GOOGLE_AUTH.predict(facts));
            let can_be_used = facts.profile.name.is_some() && !facts.needs_login();
            prediction.fix = match prediction.is_you || server.changed.is_some() {
                true => None,
                false if can_be_used => facts.limited_line("").or_else(|| Some(facts.profile.server.clone())),
                false => Some(facts.profile.sign_in.clone()),
            };
            ServerPrediction { pid: server.pid, prediction, changed: server.changed }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::doctor::facts::Facts;
    use crate::doctor::facts::environment::Variables;
    use crate::doctor::rules::google_auth::GOOGLE_AUTH;
    use crate::handover::variables::ADC;
    use crate::system::env::Environ;

    #[test]
    fn the_environment_of_the_server_counts_while_it_is_looked_at() {
        const KEY: &str = r#"{"type":"authorized_user","account":"ada@example.com","client_id":"i",
            "client_secret":"s","refresh_token":"r"}"#;
        let mut facts =
            Facts::made_up(&[(ADC, "/d/adc.json")], &[("/d/adc.json", KEY)], Some("vm@p.example"));
        let identity = |facts: &Facts| GOOGLE_AUTH.predict(facts).identity.account().map(str::to_owned);
        let empty = Variables::from(Environ::default());
        let of_server = facts.seen_from(empty, "/".into(), identity);
        assert_eq!(of_server.as_deref(), Some("vm@p.example"));
        assert_eq!(identity(&facts).as_deref(), Some("ada@example.com"), "as before");
    }
}
