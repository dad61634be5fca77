//! The lease against a real server: one operator writes, and a holder that is gone, stopped or killed does no harm.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../terminal/console.rs"]
#[allow(dead_code)] // this binary uses a part of it
mod console;
#[path = "../engine/data.rs"]
mod data;
#[path = "../engine/picture.rs"]
mod picture;

mod field;
mod gone;
mod holding;
mod racers;
mod readers;
mod unlocking;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
