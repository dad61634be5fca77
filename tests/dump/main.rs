//! Backups, restores, exports and raw writes against a real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod backup;
mod bytes;
mod damage;
mod exports;
mod raw_writes;
mod restores;
mod server;
mod snapshot;
mod standalone;
mod ugly;
