//! `conform` on a real server: each kind of violation planted alone and found alone, its repair ending it; clean data; indexes; the forms of the
//! answer; views, missing collections, a user who may only read, little memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[path = "../engine/picture.rs"]
mod picture;

mod clean;
mod client;
mod draft;
mod forms;
mod groups;
mod indexes;
mod left;
mod planted;
mod reading;
mod references;
mod sample;
mod shop;

#[test]
fn the_long_tests_pass_where_they_are_asked_for() {
    support::long_tests();
}
