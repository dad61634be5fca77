//! The kill harness: the real binary, ended with kill -9 at random instants and at forced ones, and the server with it; the same command
//! again must end like a run that was never interrupted, byte for byte, and going back must give the original.
//!
//! `RINGFENCE_CRASH_SEED` repeats a run's delays, `RINGFENCE_CRASH_MINUTES` keeps the random kills going for so long.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[path = "../engine/picture.rs"]
mod picture;

mod forced;
mod found;
mod hold;
mod kill;
mod random;
mod reference;
mod sample;
mod server;
mod table;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
