//! Sentences about Google and about what was done: which claim each one makes, and whether the claim is true.
//!
//! A clause about a grant or about Google has to be known in `phrases.rs`: a new sentence about Google can't go unchecked.

use super::cell::{Cell, Step};
use super::facts::Facts;
use super::phrases::{DONE, NEUTRAL, STATE, WHO};
use super::world::Answer;
use crate::common::Endpoint;

/// What a clause claims. "It" is the credential that the profile had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// It is revoked now.
    Revoked,
    /// It may be revoked.
    MayBeRevoked,
    /// It was not valid before this run.
    RevokedBefore,
    /// It is valid.
    Valid,
    /// It may be valid: nobody knows better.
    MayBeValid,
    /// This run did not revoke it.
    NotRevoked,
    /// Nothing was sent to any server.
    NothingSent,
    /// Nothing stored is changed, and nothing is revoked.
    NothingChanged,
    /// The secret is still stored.
    NothingRemoved,
    /// The secret is not stored any more.
    Removed,
    /// Programs are this account now.
    SignedIn,
    /// The server says that a new sign-in is needed.
    NeedsSignIn,
    /// The server gave no usable answer.
    Unreachable,
    /// Nothing about what is so: an announcement, a hint, a question.
    Neutral,
}

impl Claim {
    /// Its name in the table.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Claim::Revoked => "revoked",
            Claim::MayBeRevoked => "may be revoked",
            Claim::RevokedBefore => "revoked before",
            Claim::Valid => "valid",
            Claim::MayBeValid => "may be valid",
            Claim::NotRevoked => "not revoked",
            Claim::NothingSent => "nothing sent",
            Claim::NothingChanged => "nothing changed",
            Claim::NothingRemoved => "nothing removed",
            Claim::Removed => "removed",
            Claim::SignedIn => "signed in",
            Claim::NeedsSignIn => "needs a sign-in",
            Claim::Unreachable => "not reached",
            Claim::Neutral => return None,
        })
    }
}

/// Whether a clause has to be known: one of its words is about a grant or about Google.
fn is_marked(clause: &str) -> bool {
    let words = clause.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let about = |word: &str| {
        word.starts_with("revok")
            || ["valid", "google", "google's", "expired", "sign-in", "sent"].contains(&word)
    };
    words.into_iter().any(about)
        || ["nothing was", "signed in", "runs as"].iter().any(|words| clause.contains(words))
}

/// A clause, and what it claims; `None` if no phrase is known in it.
pub struct Sentence {
    pub clause: String,
    pub claim: Option<Claim>,
    /// The profile that it names, or that was named before it in the same line.
    pub profile: Option<String>,
}

/// The clauses of a text for people that say something of Google, once for each claim.
pub fn read(text: &str) -> Vec<Sentence> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut profile = None;
        for clause in line.split("; ") {
            profile = named(clause).or(profile);
            let claims = claims(&clause.to_lowercase());
            let sentence = |claim| Sentence { clause: clause.to_owned(), claim, profile: profile.clone() };
            found.extend(claims.into_iter().map(sentence));
        }
    }
    found
}

fn claims(clause: &str) -> Vec<Option<Claim>> {
    let first = |phrases: &[(&str, Claim)]| {
        phrases.iter().find(|(phrase, _)| clause.contains(phrase)).map(|(_, claim)| *claim)
    };
    let is_announced = first(NEUTRAL).is_some();
    let state = first(STATE).filter(|_| !is_announced);
    let claims: Vec<Option<Claim>> =
        [state, first(DONE), first(WHO)].into_iter().filter(Option::is_some).collect();
    match claims.is_empty() {
        true if is_announced => vec![Some(Claim::Neutral)],
        true if is_marked(clause) => vec![None],
        _ => claims,
    }
}

/// The profile that a clause names: "profile NAME".
fn named(clause: &str) -> Option<String> {
    let (_, rest) = clause.split_once("profile ")?;
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    Some(name).filter(|name| ["default", "work", "other"].contains(&name.as_str()))
}

/// Why the sentence is false; `None` if it is true.
pub fn judge(cell: &Cell<'_>, step: &Step, sentence: &Sentence) -> Option<String> {
    let Some(claim) = sentence.claim else {
        return Some("this sentence about Google is not known to the test (phrases.rs)".to_owned());
    };
    let profile = sentence.profile.as_deref().unwrap_or(&cell.profile);
    let old = step.before.secret(profile);
    let was_valid = old.as_ref().is_some_and(|old| step.before.valid.contains(old));
    let is_valid = old.as_ref().is_some_and(|old| step.after.valid.contains(old));
    let knows_over = old.as_ref().is_some_and(|old| hears_that_it_is_over(cell, step, old));
    let repeats = cell.world.lenient.record_is_wrong && step.sent.is_empty();
    let false_if = |is: bool, why: &str| is.then(|| why.to_owned());
    match claim {
        Claim::Neutral | Claim::MayBeRevoked => None,
        _ if repeats
            && matches!(claim, Claim::Revoked | Claim::RevokedBefore | Claim::NeedsSignIn | Claim::Valid) =>
        {
            None
        }
        Claim::Revoked => false_if(is_valid, "it is valid at the double"),
        Claim::RevokedBefore => false_if(was_valid, "it was valid at the double"),
        Claim::Valid => false_if(!is_valid && !new_is_valid(step, profile), "it is not valid at the double"),
        Claim::MayBeValid => false_if(knows_over && !is_valid, "the double has just said that it is not"),
        Claim::NotRevoked => false_if(was_valid && !is_valid, "it was revoked"),
        Claim::NothingSent => false_if(!step.sent.is_empty(), "requests went out"),
        Claim::NothingChanged => changed(step),
        Claim::NothingRemoved => {
            false_if(old.is_some() && step.after.secret(profile).is_none(), "it is gone")
        }
        Claim::Removed => false_if(step.after.secret(profile).is_some(), "it is still stored"),
        Claim::SignedIn if cell.world.lenient.account_is_wrong => None,
        Claim::SignedIn => other_person(&step.after, profile, &sentence.clause),
        Claim::NeedsSignIn => {
            let stale = old.is_none_or(|old| cell.world.google.is_valid(&old));
            false_if(stale && is_valid && !step.sent.is_empty(), "it works at the double")
        }
        Claim::Unreachable => {
            let answers = cell.world.answers.is_empty() && !step.sent.is_empty() && step.sent.is_answered();
            false_if(answers, "it answered")
        }
    }
}

fn new_is_valid(step: &Step, profile: &str) -> bool {
    step.after.secret(profile).is_some_and(|new| step.after.valid.contains(&new))
}

/// Whether the double refused this token for good in this run.
fn hears_that_it_is_over(cell: &Cell<'_>, step: &Step, token: &str) -> bool {
    // a scripted refusal says nothing of the token
    let is_usual = |answer: &Answer| {
        !matches!(answer, Answer::Always(Endpoint::Token, _) | Answer::First(Endpoint::Token, _))
    };
    let asked = cell.world.answers.iter().all(is_usual);
    asked
        && !step.after.valid.contains(token)
        && step.sent.refreshes(token).any(|request| request.status == 400)
}

fn changed(step: &Step) -> Option<String> {
    let (before, after) = (step.before.lasting(), step.after.lasting());
    for path in before.keys().chain(after.keys()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        // what the server said of the old credential may be written down
        if before.get(path) != after.get(path)
            && !name.starts_with("profile.json")
            && !is_the_same_grant(step, path)
        {
            return Some(format!("{} changed", path.display()));
        }
    }
    let revoked = step.before.valid.difference(&step.after.valid).next().is_some();
    revoked.then(|| "a credential was revoked".to_owned())
}

/// Whether a file holds what a server gave in place of a refresh token that was there.
fn is_the_same_grant(step: &Step, path: &std::path::Path) -> bool {
    let tokens = [&step.before, &step.after].map(|facts| Facts::token_in(facts.tree.file(path)?));
    let [Some(before), Some(after)] = tokens else { return false };
    step.after.share_a_grant(&before, &after)
}

/// Whether another person than the one in the sentence would be used.
fn other_person(after: &Facts, profile: &str, clause: &str) -> Option<String> {
    let named =
        clause.split(|c: char| c.is_whitespace() || "(),;:`".contains(c)).find(|word| word.contains('@'))?;
    let person = after.person(profile)?;
    (!person.eq_ignore_ascii_case(named)).then(|| format!("programs are {person}"))
}
