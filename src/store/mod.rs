//! Everything that talks to MongoDB.

pub mod clients;
pub mod collection_spec;
pub mod command;
pub mod connect;
pub mod converge;
pub mod csv;
mod csv_table;
pub mod disk_space;
pub mod dump;
pub mod error;
pub mod exclusive;
pub mod export;
pub mod extended_json;
pub mod identity;
pub mod journal;
pub mod lease;
mod merge_join;
pub mod private_file;
pub mod process;
pub mod pulse;
pub mod raw_write;
pub mod run_record;
pub mod scan;
pub mod side_by_side;
pub mod snapshot;
pub mod spill;
pub mod swap;
pub mod throttle;
pub mod uncached_file;
pub mod unique_index;
pub mod watch;
pub mod write_block;
pub mod write_command;

pub use error::{Result, StoreError};
