//! The throw-away server and its sample data, on real servers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod ending;
mod finding;
mod planted;
mod starting;
