//! The operator's own `db push` beside a run, on a real server: a stand-in makes and drops indexes and collections as Prisma does. What is said before
//! and after, what is put back, and what a rollback undoes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[path = "../engine/picture.rs"]
mod picture;

mod blocked;
mod pushing;
mod rolling_back;
mod shop;
mod stand_in;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
