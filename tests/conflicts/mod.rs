//! The conflict centre on a real server: every code planted, found exactly, and each of its answers applied; survivors, picks and typed values;
//! the decisions file from staging to production; the proof of the unique index.

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
