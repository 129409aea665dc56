//! `bqcred doctor`: its predictions match the real libraries, and its suggestions work.

mod environments;
mod proof;
mod real;
mod scene;
mod verb;
mod warm;
