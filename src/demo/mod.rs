//! A throw-away MongoDB with sample data: found or fetched, started on a loopback port, ended by its own handle.

pub mod mongod;
pub mod names;
pub mod sample;
pub mod schemas;
pub mod server;
