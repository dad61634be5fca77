//! The console as a pure state machine: [`update`] takes a [`Message`], changes the [`Model`] and returns [`Effect`]s. No input or
//! output happens here, no clock is read, and nothing of the terminal, the driver or the runtime is known.
//!
//! A key's way: `update` asks `commands` which command it calls where the focus is; the command stands beside what it does, in the file of
//! its pane or in that of its layer, and says itself whether it can be done now.

mod answers;
pub mod booking_pages;
pub mod commands;
mod conflict_answers;
pub mod conflict_list;
pub mod editor;
pub mod facts;
mod jobs;
pub mod key;
pub mod layer;
pub mod log;
pub mod message;
pub mod model;
pub mod navigation;
mod palette;
pub mod pane_id;
pub mod panes;
pub mod progress;
pub mod shared;
pub mod situation;
#[cfg(test)]
pub mod tests;
mod update;

pub use message::{Answer, Effect, ExitReason, Message, Request};
pub use model::Model;
pub use update::{begin, update};
