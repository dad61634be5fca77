//! A mapping that does not fit its database, and answers that would empty the application: refused before a plan, or stopped by a number
//! that has to be confirmed. None of them ends with exit 0 and data moved.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../engine/case.rs"]
mod case;
#[path = "../engine/data.rs"]
mod data;
#[path = "../engine/picture.rs"]
mod picture;

mod follow;
mod guests;
mod init;
mod init_shapes;
mod more_mistakes;
mod numbers;
mod references;
mod table;
mod world;
