//! The files on the disk, to restore and to compare.

use std::collections::BTreeMap;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::double::CANARIES;

/// A file, folder or link.
#[derive(Clone, PartialEq, Eq)]
pub enum Node {
    Folder,
    File(Vec<u8>),
    Link(PathBuf),
}

/// Everything below some folders, with permission bits.
#[derive(Clone, Default)]
pub struct Tree(pub BTreeMap<PathBuf, (Node, u32)>);

impl Tree {
    /// The current files.
    pub fn of(roots: &[PathBuf]) -> Tree {
        let mut tree = Tree::default();
        roots.iter().for_each(|root| tree.add(root));
        tree
    }

    fn add(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("keyrings") {
                continue; // the keyring service's own affair
            }
            let meta = path.symlink_metadata().unwrap();
            if meta.file_type().is_socket() {
                continue;
            }
            let node = if meta.is_symlink() {
                Node::Link(std::fs::read_link(&path).unwrap())
            } else if meta.is_dir() {
                self.add(&path);
                Node::Folder
            } else {
                Node::File(std::fs::read(&path).unwrap())
            };
            self.0.insert(path, (node, meta.mode() & 0o7777));
        }
    }

    /// Restores the folders to this.
    pub fn restore(&self, roots: &[PathBuf]) {
        let now = Tree::of(roots);
        for (path, (node, _)) in now.0.iter().rev() {
            if self.0.get(path).is_some_and(|(kept, _)| kept == node) {
                continue;
            }
            match node {
                Node::Folder => std::fs::remove_dir(path).unwrap(),
                _ => std::fs::remove_file(path).unwrap(),
            }
        }
        for (path, (node, mode)) in &self.0 {
            if now.0.get(path) == Some(&(node.clone(), *mode)) {
                continue;
            }
            match node {
                Node::Folder if path.is_dir() => {}
                Node::Folder => std::fs::create_dir(path).unwrap(),
                Node::File(bytes) => std::fs::write(path, bytes).unwrap(),
                Node::Link(_) if path.is_symlink() => {}
                Node::Link(to) => std::os::unix::fs::symlink(to, path).unwrap(),
            }
            if !matches!(node, Node::Link(_)) {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(*mode)).unwrap();
            }
        }
    }

    /// The content of a file.
    pub fn file(&self, path: &Path) -> Option<&[u8]> {
        match &self.0.get(path)?.0 {
            Node::File(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The files.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &[u8], u32)> {
        self.0.iter().filter_map(|(path, (node, mode))| match node {
            Node::File(bytes) => Some((path.as_path(), bytes.as_slice(), *mode)),
            _ => None,
        })
    }
}

/// The content without what differs each time: tokens, times, random values of a login. `None` if it
/// is incomplete: no JSON, or a part of a secret.
pub fn meaning(bytes: &[u8], secrets: &[String]) -> Option<Value> {
    let mut value = serde_json::from_slice(bytes).ok()?;
    settle(&mut value, secrets).then_some(value)
}

fn settle(value: &mut Value, secrets: &[String]) -> bool {
    match value {
        Value::Object(members) => {
            let changing = ["fingerprint", "id", "state", "verifier", "port", "sha256"];
            for (name, member) in members.iter_mut() {
                if changing.contains(&name.as_str()) && !member.is_null() {
                    *member = Value::Null;
                }
            }
            members.values_mut().all(|member| settle(member, secrets))
        }
        Value::Array(items) => items.iter_mut().all(|item| settle(item, secrets)),
        Value::String(text) if CANARIES.iter().any(|canary| text.contains(canary)) => {
            let whole = secrets.contains(text);
            *text = "secret".to_owned();
            whole
        }
        Value::String(text) if text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T' => {
            *text = "time".to_owned();
            true
        }
        _ => true,
    }
}
