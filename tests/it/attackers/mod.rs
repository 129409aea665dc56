//! Attacks, each with the attacker in it: another user of the machine (a real one), a file that somebody
//! made, a page in the person's browser. What must not happen doesn't, and the person is told.

mod clients;
mod files;
mod kernels;
mod logins;
mod machine;
mod names;
mod page;
mod programs;
mod shown;
