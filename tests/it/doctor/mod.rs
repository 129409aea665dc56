//! `bqcred doctor`: its predictions match the real libraries, and its suggestions work.

mod command;
mod environments;
mod interpreters;
mod predictions;
mod random;
mod real;
mod scene;
