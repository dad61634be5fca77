//! The operator's own `db push` beside a run, on a real server: a stand-in makes and drops indexes and collections as Prisma does. What is said before
//! and after, what is put back, and what a rollback undoes.

mod blocked;
mod cut_off;
mod pushing;
mod rolling_back;
pub mod shop;
pub mod stand_in;
