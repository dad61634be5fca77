//! Backups in mongodump's layout: written, read back, restored. `mongorestore` reads what we write, and we read what
//! `mongodump` wrote.

pub mod bson_check;
pub mod bson_file;
pub mod file_name;
pub mod folder;
pub mod hashed_file;
pub mod manifest;
pub mod metadata;
pub mod progress;
pub mod read;
pub mod replace;
pub mod restore;
pub mod restore_spec;
pub mod same_spec;
mod unread;
pub mod write;
