//! What must never leave: documents' values in messages, parts of a connection string, raw control characters, memory without bound.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[path = "../engine/picture.rs"]
mod picture;

mod addresses;
mod clusters;
mod dumps;
mod hostile;
mod memory;
mod personal;
mod refusals;
mod traces;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
