//! Whether what is known of a profile describes the credential that would be used.

/// The result of comparing `profile.json` with the store, and with what was written ahead of a new credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It does, or it wasn't looked at.
    #[default]
    Settled,
    /// It does, and a sign-in was interrupted before its credential came into the store.
    Interrupted {
        /// The account that signed in, if it is known.
        account: Option<String>,
    },
    /// A sign-in was interrupted, and only the keyring knows whether it holds the earlier credential or the new one;
    /// `bqcred status` asks it.
    Unresolved {
        /// The account that signed in, if it is known.
        account: Option<String>,
    },
    /// The store holds no credential.
    NoCredential,
}

impl Condition {
    /// For people; `None` if nothing is wrong.
    pub(crate) fn describe(&self) -> Option<String> {
        match self {
            Condition::Settled => None,
            Condition::Interrupted { account } | Condition::Unresolved { account } => Some(format!(
                "the sign-in as {} was interrupted",
                account.as_deref().unwrap_or("an unknown account")
            )),
            Condition::NoCredential => Some("the credential of this profile is missing".to_owned()),
        }
    }

    /// Whether `bqcred status` has something to resolve.
    pub(crate) fn is_interrupted(&self) -> bool {
        matches!(self, Condition::Interrupted { .. } | Condition::Unresolved { .. })
    }

    /// The account of the interrupted sign-in, for programs.
    pub(crate) fn interrupted_account(&self) -> Option<&str> {
        match self {
            Condition::Interrupted { account } | Condition::Unresolved { account } => account.as_deref(),
            Condition::Settled | Condition::NoCredential => None,
        }
    }
}
