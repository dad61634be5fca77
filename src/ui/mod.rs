//! Draws the model, and nothing else: no state, no input, no time. Everything that comes from the database passes
//! [`crate::domain::text::safe`] on its way here.

mod decision;
mod frame;
mod layers;
pub mod panes;
mod text;
mod theme;
mod widgets;

pub use frame::draw;
pub use theme::Theme;
