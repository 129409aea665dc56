//! Messages of the steps below a command. They are returned, and the command shows them ([`super::ui::show`]).

/// Messages for people, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "the command has to show it"]
pub(crate) struct Notes(Vec<Note>);

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// A statement of bqcred's, without a final full stop.
    Statement(String),
    /// A line that belongs to the statement above it.
    Detail(String),
}

impl Notes {
    /// Nothing to say.
    pub(crate) fn none() -> Notes {
        Notes::default()
    }

    /// Adds a statement.
    pub(crate) fn add(&mut self, text: impl Into<String>) {
        self.0.push(Note::Statement(text.into()));
    }

    /// Adds a line below the last statement.
    pub(crate) fn detail(&mut self, text: impl Into<String>) {
        self.0.push(Note::Detail(text.into()));
    }

    /// Adds what another step has to say.
    pub(crate) fn append(&mut self, other: Notes) {
        self.0.extend(other.0);
    }
}

impl IntoIterator for Notes {
    type Item = Note;
    type IntoIter = std::vec::IntoIter<Note>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
