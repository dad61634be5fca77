//! Transition tests of `update`, without a terminal and without a server: every command where it holds, every answer, and random messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::too_many_lines)] // tables of cases

mod answers;
mod businesses;
mod commands;
mod decisions;
mod everywhere;
pub mod fixture;
mod headless_too;
mod layers;
mod looked_up;
mod mapping;
mod messages;
mod numbers;
mod panes;
pub mod random;
mod refusals;
mod schema;
mod silent;
mod strays;
