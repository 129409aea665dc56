//! What is so at one moment: the files, the keyring, and what the double holds valid.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::world::{ADA, BOB, World};
use crate::common::tree::{Node, Tree};
use crate::double::grants::{Grants, cloud_project};

#[derive(Clone)]
pub struct Facts {
    pub tree: Tree,
    pub grants: Grants,
    /// The keyring's items of bqcred: user name and content.
    pub items: BTreeMap<String, String>,
    /// Refresh tokens that are neither revoked nor expired, even if a new sign-in is asked for.
    pub valid: BTreeSet<String>,
    data: PathBuf,
}

impl Facts {
    pub fn of(world: &World, roots: &[PathBuf]) -> Facts {
        let valid = [ADA, BOB].into_iter().flat_map(|who| world.google.valid_tokens(who)).collect();
        Facts {
            tree: Tree::of(roots),
            grants: world.google.snapshot(),
            items: Facts::items_of(world),
            valid,
            data: world.sandbox().home().join(".local/share/bqcred"),
        }
    }

    pub fn items_of(world: &World) -> BTreeMap<String, String> {
        let Some(keyring) = world.keyring().filter(|_| world.keyring_opens) else { return BTreeMap::new() };
        let read = |user: &String| {
            let words = ["lookup", "service", "bqcred", "username", user];
            String::from_utf8(keyring.command("secret-tool").args(words).output().unwrap().stdout).unwrap()
        };
        keyring.users().into_iter().map(|user| (user.clone(), read(&user))).collect()
    }

    /// The names of the profiles: folders with one of bqcred's files in it.
    pub fn profiles(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (path, _, _) in self.tree.files() {
            let Ok(relative) = path.strip_prefix(&self.data) else { continue };
            let parts: Vec<&str> = relative.iter().map(|part| part.to_str().unwrap()).collect();
            if let [name, "adc.json" | "profile.json"] = parts.as_slice()
                && !names.iter().any(|known| known == name)
            {
                names.push((*name).to_owned());
            }
        }
        names
    }

    pub fn profile_json(&self, profile: &str) -> Option<Value> {
        let path = self.data.join(profile).join("profile.json");
        serde_json::from_slice(self.tree.file(&path)?).ok()
    }

    pub fn adc(&self, profile: &str) -> PathBuf {
        self.data.join(profile).join("adc.json")
    }

    /// The refresh token that programs get with this profile.
    pub fn secret(&self, profile: &str) -> Option<String> {
        Facts::token_in(self.credential(profile)?)
    }

    /// The service account that programs are with this profile, if it acts as one.
    pub fn acting_as(&self, profile: &str) -> Option<String> {
        let credential: Value = serde_json::from_slice(self.credential(profile)?).ok()?;
        let url = credential["service_account_impersonation_url"].as_str()?;
        Some(url.rsplit('/').next()?.split(':').next()?.to_owned())
    }

    fn credential(&self, profile: &str) -> Option<&[u8]> {
        let known = self.profile_json(profile);
        match known.as_ref().is_some_and(|known| known["store"] == "keyring") {
            true => Some(self.item(profile, known.as_ref())?.as_bytes()),
            false => self.file(&self.adc(profile)),
        }
    }

    /// The refresh token in a file.
    pub fn token_in(file: &[u8]) -> Option<String> {
        let credential: Value = serde_json::from_slice(file).ok()?;
        // the user's own credential, by which a service account is acted as
        let user = credential.get("source_credentials").unwrap_or(&credential);
        user["refresh_token"].as_str().map(str::to_owned)
    }

    /// Whether the same would be shown of profiles.
    pub fn looks_like(&self, other: &Facts) -> bool {
        self.lasting() == other.lasting() && self.items == other.items
    }

    /// A file's content, a link followed.
    fn file(&self, path: &Path) -> Option<&[u8]> {
        match &self.tree.0.get(path)?.0 {
            Node::Link(to) => self.tree.file(to),
            _ => self.tree.file(path),
        }
    }

    fn item(&self, profile: &str, known: Option<&Value>) -> Option<&String> {
        let id = known.and_then(|known| known["id"].as_str()).unwrap_or_default();
        self.items.get(&format!("{profile}/{id}")).or_else(|| self.items.get(profile))
    }

    /// Whose refresh token this is, by the double.
    pub fn owner(&self, refresh_token: &str) -> Option<&str> {
        self.grants.find_refresh(refresh_token).map(|token| token.account.as_str())
    }

    /// Whether revoking one of these refresh tokens revokes the other.
    pub fn share_a_grant(&self, one: &str, other: &str) -> bool {
        let project = |client: &str| cloud_project(client).to_owned();
        let grant =
            |token: &str| self.grants.find_refresh(token).map(|it| (it.account.clone(), project(&it.client)));
        grant(one).is_some() && grant(one) == grant(other)
    }

    /// Whose access token this is, by the double.
    pub fn owner_of_access(&self, access_token: &str) -> Option<&str> {
        let found = self.grants.access.iter().find(|token| token.text == access_token);
        found.map(|token| token.account.as_str())
    }

    /// Who a program is with this profile.
    pub fn person(&self, profile: &str) -> Option<&str> {
        self.owner(&self.secret(profile)?)
    }

    /// The refresh tokens that are in a file or in the keyring.
    pub fn stored(&self) -> BTreeSet<String> {
        let mut texts: Vec<String> = self.items.values().cloned().collect();
        texts.extend(self.tree.files().map(|(_, bytes, _)| String::from_utf8_lossy(bytes).into_owned()));
        let all = self.grants.refresh.iter().map(|token| &token.text);
        all.filter(|token| texts.iter().any(|text| text.contains(*token))).cloned().collect()
    }

    /// The files that can't be left out of a comparison: all but locks, access tokens and pending sign-ins.
    pub fn lasting(&self) -> BTreeMap<&Path, &[u8]> {
        let passing =
            |name: &str| name.ends_with(".lock") || name.ends_with(".token") || name.ends_with(".login");
        let files = self.tree.files().map(|(path, bytes, _)| (path, bytes));
        files.filter(|(path, _)| !passing(path.file_name().unwrap().to_str().unwrap())).collect()
    }
}
