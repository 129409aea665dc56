//! Attacks by another user of the machine (a real one), by a hostile file, or by a page in the user's
//! browser. They fail, and the user gets a message.

mod broker;
mod clients;
mod files;
mod kernels;
mod logins;
mod machine;
mod names;
mod programs;
mod terminal_output;
mod web_pages;
