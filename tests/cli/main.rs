//! The headless contract against a real server: plans that no longer fit, bad input, missing privileges, confirmations.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[path = "../engine/picture.rs"]
mod picture;

mod bad_input;
mod confirmations;
mod no_terminal;
mod odd_names;
mod plans;
mod privileges;
mod write_block;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
