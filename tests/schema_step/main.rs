//! A plan with an after-schema: what it asks, what is done of it, that `conform` finds nothing afterwards, and the ways back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[path = "../crash/hold.rs"]
mod hold;
#[path = "../crash/kill.rs"]
#[allow(dead_code)] // the crash tests need more of it
mod kill;
#[path = "../engine/picture.rs"]
mod picture;

mod asked;
mod composites;
mod cut_off;
mod minutes;
mod own_step;
mod refused;
mod registered;
mod renamed;
mod sample;
mod ways_back;
mod whole;
mod world;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
