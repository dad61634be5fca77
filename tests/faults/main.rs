//! Faults of server and network, one kind at a time on one command at a time, through a whole apply and a whole rollback: either the run goes
//! on by itself, or it stops with words and the same command goes on. The end state is always that of an undisturbed run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[path = "../engine/picture.rs"]
mod picture;

mod commands;
mod cursors;
mod oplog;
mod servers;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
