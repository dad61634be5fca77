//! Users who are customers and nothing else leave the users: who goes, who stays and why, the way back, and kill -9 on the way.

#[allow(dead_code)] // the crash tests use more of it
mod aside;
mod assigned;
mod hidden;
mod kills;
mod nulls;
mod ways;
mod who;
mod world;
