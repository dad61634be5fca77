//! The conflict centre on a real server: every code planted, found exactly, and each of its answers applied; survivors, picks and typed values;
//! the decisions file from staging to production; the proof of the unique index.

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
mod crowded;
mod deleted;
mod existing;
mod files;
mod merging;
mod references;
mod spelling;
mod unique;
mod users;
mod world;
