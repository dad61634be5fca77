//! The ways back that rest on a backup: a rollback without the run's record, a restore over what stands, and an operator's own dump as the
//! run's backup; each under kill -9 too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[allow(dead_code)] // the crash tests use more of it
#[path = "../crash/kill.rs"]
mod kill;
#[path = "../engine/picture.rs"]
mod picture;

mod nth;
mod restored;
mod taken;
mod without_record;
mod world;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
