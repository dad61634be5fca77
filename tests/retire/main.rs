//! Users who are customers and nothing else leave the users: who goes, who stays and why, the way back, and kill -9 on the way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[path = "../crash/hold.rs"]
mod hold;
#[allow(dead_code)] // the crash tests use more of it
#[path = "../crash/kill.rs"]
mod kill;
#[path = "../engine/picture.rs"]
mod picture;

mod aside;
mod assigned;
mod kills;
mod nulls;
mod ways;
mod who;
mod world;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
