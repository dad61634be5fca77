//! Rolling back with `--keep-new`: every kind of write of the application, one by one and at random, on a real server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[path = "../engine/picture.rs"]
mod picture;

#[allow(dead_code)] // the crash tests use more of it
#[path = "../crash/kill.rs"]
mod kill;
#[path = "../by_backup/nth.rs"]
mod nth;

mod bookings;
mod expected;
mod kills;
mod oracle;
mod other_kills;
mod people;
mod random;

mod ways;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
