//! What is pure: what a migration is ([`domain`]), and what a `schema.prisma` says ([`prisma`]).
//!
//! They are a crate of their own for two reasons. Nothing in them can reach the driver. And every document passes through them, so a release
//! optimises them fully, and the rest a little: a first build stays short.

#[path = "../domain/mod.rs"]
pub mod domain;
#[path = "../prisma/mod.rs"]
pub mod prisma;
