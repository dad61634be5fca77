//! The console as an operator meets it: the real program in a real pseudo-terminal on a real MongoDB. Nothing here sleeps: every step waits
//! until the screen shows what it must, with a deadline.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod console;
mod data;
mod gates;
mod hands;
mod headless;
mod hostile;
mod keys;
mod leaving;
mod live_watch;
mod lost_server;
mod mapping;
mod narrow;
mod pace;
mod paste;
mod schema;
mod situation;
mod stopping;
mod walk;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
