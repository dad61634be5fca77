//! Backups, restores, exports and raw writes against a real server.

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
