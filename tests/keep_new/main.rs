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

mod bookings;
mod expected;
mod kills;
mod oracle;

mod people;
mod random;

mod ways;
