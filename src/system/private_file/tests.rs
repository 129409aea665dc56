//! The properties of private files.
#![expect(clippy::disallowed_methods, reason = "a test looks at files as anybody does")]

use super::owner::refuse_other_owner;
use super::read::SIZE_LIMIT;
use super::*;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

fn private_folder() -> tempfile::TempDir {
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o700)).tempdir().unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a_new_file_and_its_folders_are_private() {
    let root = private_folder();
    let path = root.path().join("a/b/file");
    let lock = Lock::acquire(&root.path().join("a/.lock")).unwrap();
    write(&lock, &path, b"x").unwrap();
    assert_eq!((mode(&path), mode(&root.path().join("a/b"))), (0o600, 0o700));
    assert_eq!(read(&path, Content::Secret).unwrap().unwrap().as_slice(), b"x");
}

#[test]
fn a_missing_file_is_no_error() {
    let root = private_folder();
    assert!(read(&root.path().join("no/such"), Content::Secret).unwrap().is_none());
}

#[test]
fn links_folders_fifos_and_files_that_others_may_access_are_refused() {
    let root = private_folder();
    let file = root.path().join("file");
    fs::write(&file, "x").unwrap();
    let refused = |content| read(&file, content).unwrap_err().what().to_owned();
    assert!(refused(Content::Secret).contains("mode 0644 lets others read or change it"));
    assert!(read(&file, Content::Settings).unwrap().is_some());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(refused(Content::Settings).contains("mode 0666 lets others change it"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let link = root.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert!(read(&link, Content::Secret).unwrap_err().what().contains("doesn't follow links"));
    let no_name = root.path().join("x".repeat(300));
    assert!(read(&no_name, Content::Secret).unwrap_err().what().contains("can't read"));
    assert!(read(&link, Content::Foreign).unwrap().is_some());
    assert!(read(root.path(), Content::Secret).unwrap_err().what().contains("folder"));
    let fifo = root.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    assert!(read(&fifo, Content::Secret).unwrap_err().what().contains("not a regular file"));
}

#[test]
fn writing_removes_only_abandoned_temporary_files() {
    let root = private_folder();
    let left = root.path().join(".bqcred-0123.tmp");
    let written = root.path().join(".bqcred-4567.tmp");
    fs::write(&left, "secret").unwrap();
    let writer = fs::File::create(&written).unwrap();
    writer.lock().unwrap();
    let others = ["notes.tmp", ".bqcred-notes"].map(|name| root.path().join(name));
    others.iter().for_each(|path| fs::write(path, "not ours").unwrap());
    let lock = Lock::acquire(&root.path().join(".lock")).unwrap();
    write(&lock, &root.path().join("file"), b"x").unwrap();
    assert!(!left.exists() && written.exists() && others.iter().all(|path| path.exists()));
}

#[test]
fn a_file_that_is_set_aside_keeps_its_content() {
    let root = private_folder();
    let path = root.path().join("file");
    let lock = Lock::acquire(&root.path().join(".lock")).unwrap();
    for content in ["one", "two"] {
        write(&lock, &path, content.as_bytes()).unwrap();
        let aside = set_aside(&lock, &path).unwrap();
        assert!(!path.exists());
        assert_eq!(fs::read_to_string(aside).unwrap(), content);
    }
}

#[test]
fn files_over_the_limit_are_not_read() {
    let root = private_folder();
    let path = root.path().join("file");
    let file = File::create(&path).unwrap();
    file.set_len(SIZE_LIMIT).unwrap();
    assert_eq!(read(&path, Content::Foreign).unwrap().unwrap().len() as u64, SIZE_LIMIT);
    file.set_len(SIZE_LIMIT + 1).unwrap();
    assert!(read(&path, Content::Foreign).unwrap_err().what().contains("1 MiB"));
}

#[test]
fn a_folder_is_made_private_and_files_and_links_in_its_place_are_refused() {
    let root = private_folder();
    let open = root.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    create_dir(&open).unwrap();
    assert_eq!(mode(&open), 0o700);
    let file = root.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(create_dir(&file).unwrap_err().what().contains("is a file, not a folder"));
    assert!(create_dir(&file.join("below")).unwrap_err().what().contains("file: is a file, not a folder"));
    std::os::unix::fs::symlink("nowhere", root.path().join("cache")).unwrap();
    let dangling = create_dir(&root.path().join("cache/bqcred")).unwrap_err();
    assert!(dangling.what().contains("cache: is a link to ") && dangling.what().contains("does not exist"));
    assert!(dangling.hint_text().unwrap().contains("`mkdir -p '"));
    for (name, target) in [("dangling", "nowhere"), ("link", "open")] {
        let link = root.path().join(name);
        std::os::unix::fs::symlink(root.path().join(target), &link).unwrap();
        assert!(create_dir(&link).unwrap_err().what().contains("symbolic link"), "{name}");
        assert!(Lock::acquire(&link).is_err(), "{name}");
    }
    assert!(!root.path().join("nowhere").exists());
}

#[test]
fn only_files_of_this_user_and_root_are_trusted() {
    let (path, me) = (Path::new("/x"), rustix::process::geteuid().as_raw());
    assert!(refuse_other_owner(path, me).is_ok() && refuse_other_owner(path, 0).is_ok());
    assert!(refuse_other_owner(path, me + 1).unwrap_err().what().contains("another user"));
}

#[test]
fn creating_keeps_an_existing_file_and_removing_returns_whether_there_was_one() {
    let root = private_folder();
    let path = root.path().join("file");
    assert!(create_elsewhere(&path, b"one").unwrap());
    assert!(!create_elsewhere(&path, b"two").unwrap());
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("one", 0o600));
    assert!(!remove(&path.join("below")).unwrap());
    assert!(remove(&path).unwrap() && !remove(&path).unwrap());
    assert!(remove(root.path()).is_err());
    assert!(create_elsewhere(&root.path().join("no/such/folder"), b"x").is_err());
}
