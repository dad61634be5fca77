//! Transition tests of `update`, without a terminal and without a server: every command where it holds, every answer, and random messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod commands;
mod fixture;
mod layers;
mod panes;
mod random;
