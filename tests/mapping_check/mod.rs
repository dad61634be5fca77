//! A mapping that does not fit its database, and answers that would empty the application: refused before a plan, or stopped by a number
//! that has to be confirmed. None of them ends with exit 0 and data moved.

mod follow;
mod guests;
mod hidden;
mod idle;
mod init;
mod init_shapes;
mod more_mistakes;
mod numbers;
mod references;
mod table;
mod ways;
mod world;
