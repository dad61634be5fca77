//! The console as a pure state machine: [`update`] takes a [`Message`], changes the [`Model`] and returns [`Effect`]s. No input or
//! output happens here, no clock is read, and nothing of the terminal, the driver or the runtime is known.

mod act;
mod answers;
pub mod businesses;
pub mod conditions;
pub mod conflicts;
pub mod decision_editor;
pub mod diffs;
pub mod editor;
pub mod key;
pub mod layer;
mod layers;
pub mod log;
pub mod message;
pub mod model;
mod moves;
pub mod picker;
pub mod progress;
pub mod situation;
mod steps;
mod update;

pub use message::{Answer, Effect, ExitReason, Message, Request};
pub use model::{Model, Pane};
pub use update::{begin, update};
