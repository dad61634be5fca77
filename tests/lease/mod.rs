//! The lease against a real server: one operator writes, and a holder that is gone, stopped or killed does no harm.

mod field;
mod gone;
mod holding;
mod racers;
mod readers;
mod unlocking;
