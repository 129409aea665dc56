//! What a session file of `bqcred exec --token-only` says, and what the bqcred that it leads to answers.

use std::path::Path;

use crate::handover::broker::session_file::{About, Session};
use crate::oauth::ask_broker;
use crate::output::secret::Secret;
use crate::system::clock::Time;

/// A program's access by tokens alone.
#[derive(Clone, Debug)]
pub(crate) struct TokenOnly {
    /// Who it is, and what it gets.
    pub(crate) about: About,
    /// Where gargle asks, without its secret: `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// What there is at the moment.
    pub(crate) token: HeldToken,
}

/// The token that the program would get.
#[derive(Clone, Debug)]
pub(crate) enum HeldToken {
    /// It is valid until then.
    Valid(Secret, Time),
    /// There is none; why, in the words that libraries show.
    Refused(String),
    /// Nobody answers: the bqcred that started the program has ended.
    NoAnswer,
    /// `--offline`.
    NotAsked,
}

impl TokenOnly {
    /// By the session file at this path, if it is one.
    pub(crate) fn read(path: &Path, offline: bool) -> Option<TokenOnly> {
        let Some(session) = Session::read(path) else { return About::read_ended(path).map(TokenOnly::ended) };
        let token = match offline {
            true => HeldToken::NotAsked,
            false => match ask_broker(&session.token_url, &session.handle) {
                Some(Ok((token, expires))) => HeldToken::Valid(token, expires),
                Some(Err(why)) => HeldToken::Refused(why),
                None => HeldToken::NoAnswer,
            },
        };
        Some(TokenOnly { address: session.address(), about: session.about, token })
    }

    /// By what is left of a program's session.
    pub(crate) fn ended(about: About) -> TokenOnly {
        TokenOnly { about, address: String::new(), token: HeldToken::NoAnswer }
    }

    /// The account, if it was known when the program started.
    pub(crate) fn account(&self) -> Option<String> {
        Some(self.about.account.clone()).filter(|account| account.contains('@'))
    }

    /// The service account that it acts as, if any.
    pub(crate) fn acting_as(&self) -> Option<String> {
        self.about.acting_as.as_ref().map(ToString::to_string)
    }

    /// The command that starts the program again, with these options besides those that it has.
    pub(crate) fn start_line(&self, options: &str) -> String {
        let profile = match self.about.profile.as_str() {
            "default" => String::new(),
            name => format!(" --profile {name}"),
        };
        let limits = self.about.limits().to_options().join(" ");
        format!("bqcred exec {limits}{options}{profile} -- PROGRAM{}", self.about.unknown_limits())
    }

    /// The command that starts it again with one more scope; `None` if its scopes are those that the user granted.
    pub(crate) fn widened(&self, scope: &str) -> Option<String> {
        let mut about = self.about.clone();
        about.scopes.push(scope.to_owned());
        about.narrowed |= about.acting_as.is_some();
        about.narrowed.then(|| TokenOnly { about, ..self.clone() }.start_line(""))
    }

    /// For people: until when the token is valid, or why there is none.
    pub(crate) fn describe_token(&self, now: Time) -> String {
        match &self.token {
            HeldToken::Valid(_, expires) => format!("its access token is valid until {}", expires.local(now)),
            HeldToken::Refused(why) => format!("it gets no access token: {why}"),
            HeldToken::NoAnswer => "the bqcred that started it has ended: start the program again".to_owned(),
            HeldToken::NotAsked => "not asked for an access token (--offline)".to_owned(),
        }
    }
}
