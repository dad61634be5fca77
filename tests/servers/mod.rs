//! The throw-away server and its sample data, on real servers.

mod ending;
mod finding;
mod planted;
mod starting;
