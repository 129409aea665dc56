//! `bqcred doctor`: what it foretells is what the real libraries do, and what it says helps.

mod environments;
mod proof;
mod real;
mod scene;
mod verb;
mod warm;
