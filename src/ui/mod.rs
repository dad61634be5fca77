//! Draws the model, and nothing else: no state, no input, no time. Everything that comes from the database passes
//! [`crate::domain::text::safe`] on its way here.

mod ascii;
#[cfg(test)]
mod contrast;
mod decision;
mod frame;
mod gate;
mod help;
mod hints;
mod layers;
mod odd_rows;
pub mod panes;
mod tabs;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod widgets;

pub use frame::draw;
pub use odd_rows::OddRows;
pub use theme::{Theme, names};
