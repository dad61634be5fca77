//! The headless contract against a real server: plans that no longer fit, bad input, missing privileges, confirmations.

mod bad_input;
mod confirmations;
mod no_terminal;
mod odd_names;
mod plans;
mod privileges;
pub mod write_block;
