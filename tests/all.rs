//! All tests, in one binary: it links the product once, and fast tests run beside slow ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod architecture;
mod by_backup;
mod cli;
mod conflicts;
mod conform;
mod crash;
mod docs;
mod dump;
mod engine;
mod faults;
mod golden;
mod keep_new;
mod leaks;
mod lease;
mod mapping_check;
mod oracle;
mod parsers;
mod push;
mod retire;
mod sample;
mod schema_step;
mod schemas;
mod servers;
mod shapes;
mod terminal;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
