//! Rolling back with `--keep-new`: every kind of write of the application, one by one and at random, on a real server.

#[allow(dead_code)] // the crash tests use more of it
mod bookings;
mod expected;
mod kills;
mod oracle;
mod other_kills;
mod people;
mod random;

mod ways;
