//! Faults of server and network, one kind at a time on one command at a time, through a whole apply and a whole rollback: either the run goes
//! on by itself, or it stops with words and the same command goes on. The end state is always that of an undisturbed run.

mod commands;
mod cursors;
mod oplog;
mod servers;
