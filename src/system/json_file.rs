//! bqcred's own JSON files, and the one policy for invalid content.
//!
//! Reading never changes an invalid file: the error names it and the position. Writing first keeps it under another
//! name, so that nothing is lost, and returns a note with that name. `config.json` is the exception: people edit it
//! by hand, so it is not changed until they have fixed it.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::output::error::{Error, Result, json_problem};
use crate::output::notes::Notes;
use crate::system::private_file::{self, Content, Lock};

/// The content of such a file.
pub(crate) trait Document: DeserializeOwned {
    /// The hint for invalid content.
    const HINT: Option<&str> = None;

    /// Checks what the types can't. The error is a problem for people, and must not quote the content.
    fn checked(self) -> Result<Self, String> {
        Ok(self)
    }

    /// Parses a file's content; `path` is for the messages.
    fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let value: Result<Self, String> = serde_json::from_slice(bytes).map_err(|error| json_problem(&error));
        value.and_then(Self::checked).map_err(|problem| {
            let error = Error::content(path, problem);
            Self::HINT.into_iter().fold(error, Error::hint)
        })
    }
}

/// A file that holds one `T` as JSON. Writing needs a lock, which the caller takes: some files share one.
pub(crate) struct JsonFile<T> {
    path: PathBuf,
    content: Content,
    holds: PhantomData<T>,
}

/// The result of reading the file.
enum Found<T> {
    Nothing,
    Valid(T),
    /// The problem with the content.
    Invalid(Error),
}

impl<T: Document> JsonFile<T> {
    /// The file at this path. It need not exist.
    pub(crate) fn new(path: PathBuf, content: Content) -> Self {
        JsonFile { path, content, holds: PhantomData }
    }

    /// The content; `None` if there is no file. Invalid content is an error.
    pub(crate) fn load(&self) -> Result<Option<T>> {
        match self.look()? {
            Found::Nothing => Ok(None),
            Found::Valid(value) => Ok(Some(value)),
            Found::Invalid(error) => Err(error),
        }
    }

    /// The content, before the file is written: `None` if it is invalid. A file that can't be read, or that others
    /// could have written, is still an error.
    pub(crate) fn load_valid(&self) -> Result<Option<T>> {
        match self.look()? {
            Found::Valid(value) => Ok(Some(value)),
            Found::Nothing | Found::Invalid(_) => Ok(None),
        }
    }

    /// The same; an invalid file is kept under another name, which the notes tell.
    pub(crate) fn load_or_set_aside(&self, lock: &Lock) -> Result<(Option<T>, Notes)> {
        let mut notes = Notes::none();
        let value = match self.look()? {
            Found::Nothing => None,
            Found::Valid(value) => Some(value),
            Found::Invalid(error) => {
                notes = private_file::set_invalid_aside(lock, &self.path, &error)?;
                None
            }
        };
        Ok((value, notes))
    }

    fn look(&self) -> Result<Found<T>> {
        let Some(bytes) = private_file::read(&self.path, self.content)? else { return Ok(Found::Nothing) };
        Ok(T::parse(&self.path, &bytes).map_or_else(Found::Invalid, Found::Valid))
    }
}

impl<T: Document + Serialize> JsonFile<T> {
    /// Replaces the file. An invalid one is lost, unless it was set aside before.
    pub(crate) fn write(&self, lock: &Lock, value: &T) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(value).map_err(|error| {
            Error::other(format!("can't write {} as JSON: {}", self.path.display(), json_problem(&error)))
        })?;
        text.push(b'\n');
        private_file::write_as(lock, &self.path, &text, self.content)
    }

    /// Changes the content, and returns what `change` returns. An invalid file is kept under another name, which the
    /// notes tell, and `change` gets the default.
    pub(crate) fn change<R>(&self, lock: &Lock, change: impl FnOnce(&mut T) -> R) -> Result<(R, Notes)>
    where
        T: Default,
    {
        let (value, notes) = self.load_or_set_aside(lock)?;
        let mut value = value.unwrap_or_default();
        let result = change(&mut value);
        self.write(lock, &value)?;
        Ok((result, notes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::notes::Note;

    #[derive(Debug, Default, PartialEq, Serialize, serde::Deserialize)]
    struct Count {
        count: u8,
    }

    impl Document for Count {
        fn checked(self) -> Result<Self, String> {
            if self.count > 9 { Err("the count is too high".to_owned()) } else { Ok(self) }
        }
    }

    fn scene() -> (tempfile::TempDir, JsonFile<Count>, Lock) {
        let root = tempfile::tempdir().unwrap();
        let file = JsonFile::new(root.path().join("count.json"), Content::Settings);
        let lock = Lock::acquire(&root.path().join(".lock")).unwrap();
        (root, file, lock)
    }

    #[test]
    fn a_change_is_read_back() {
        let (_root, file, lock) = scene();
        assert_eq!(file.load().unwrap(), None);
        for expected in [1, 2] {
            let (before, notes) =
                file.change(&lock, |count| std::mem::replace(&mut count.count, expected)).unwrap();
            assert_eq!((before, notes), (expected - 1, Notes::none()));
            assert_eq!(file.load().unwrap(), Some(Count { count: expected }));
        }
    }

    #[test]
    fn reading_keeps_an_invalid_file_and_a_change_renames_it_and_tells_its_name() {
        for (content, problem) in [("{\n", "the JSON ends too early"), (r#"{"count": 10}"#, "too high")] {
            let (root, file, lock) = scene();
            private_file::write(&lock, &file.path, content.as_bytes()).unwrap();
            assert!(file.load().unwrap_err().what().contains(problem));
            assert_eq!(file.load_valid().unwrap(), None);
            assert!(file.path.exists());
            let ((), notes) = file.change(&lock, |count| count.count += 1).unwrap();
            let Some(Note::Statement(note)) = notes.into_iter().next() else { panic!("no note") };
            let aside = note.rsplit_once("kept as ").unwrap().1;
            assert!(note.contains(problem) && aside.starts_with(root.path().to_str().unwrap()), "{note}");
            let kept = private_file::read(Path::new(aside), Content::Settings).unwrap().unwrap();
            assert_eq!(kept.as_slice(), content.as_bytes());
            assert_eq!(file.load().unwrap(), Some(Count { count: 1 }));
        }
    }

    #[test]
    fn a_file_that_others_could_have_written_is_an_error_and_not_renamed() {
        use std::os::unix::fs::PermissionsExt;
        let (_root, file, lock) = scene();
        private_file::write(&lock, &file.path, b"{").unwrap();
        std::fs::set_permissions(&file.path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(file.load_valid().is_err() && file.load_or_set_aside(&lock).is_err());
        assert!(file.path.exists());
    }
}
