//! What must never leave: documents' values in messages, parts of a connection string, raw control characters, memory without bound.

mod addresses;
mod clusters;
mod dumps;
mod hostile;
mod memory;
mod personal;
mod refusals;
mod traces;
