//! The ways back that rest on a backup: a rollback without the run's record, a restore over what stands, and an operator's own dump as the
//! run's backup; each under kill -9 too.

#[allow(dead_code)] // the crash tests use more of it
mod after_finish;
mod restored;
mod taken;
mod without_record;
mod world;
