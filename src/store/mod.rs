//! Everything that talks to MongoDB.

pub mod command;
pub mod dump;
pub mod error;

pub use error::{Result, StoreError};
