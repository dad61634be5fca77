//! What is pure: what a migration is ([`domain`]), and what a `schema.prisma` says ([`prisma`]).
//!
//! They are a crate of their own for two reasons. Nothing in them can reach the driver, a clock or a file. And every document passes through
//! them, so they are worth optimising where the rest is not: a first build stays short, and the tests, which run the debug binary, do too.

#[path = "../domain/mod.rs"]
pub mod domain;
#[path = "../prisma/mod.rs"]
pub mod prisma;
