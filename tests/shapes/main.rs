//! Databases of other shapes than the guide's: for each its mapping, a small data set, and what must come of it, written out by hand. Every
//! one is surveyed, applied, verified, rolled back to the same bytes, and rolled back with what an application wrote since.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[path = "../engine/picture.rs"]
mod picture;

mod copies;
mod follow;
mod followers;
mod found;
mod guests;
mod members;
mod mistakes;
mod own_collections;
mod paths;
mod payers;
mod people;
mod references;
mod several;
mod shape;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
