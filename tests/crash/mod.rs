//! The kill harness: the real binary, ended with kill -9 at random instants and at forced ones, and the server with it; the same command
//! again must end like a run that was never interrupted, byte for byte, and going back must give the original.
//!
//! `RINGFENCE_CRASH_SEED` repeats a run's delays, `RINGFENCE_CRASH_MINUTES` keeps the random kills going for so long.

mod forced;
mod found;
mod random;
mod reference;
mod sample;
mod server;
mod table;
