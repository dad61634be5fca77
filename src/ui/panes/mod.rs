//! One file per pane.

pub mod bookings;
pub mod businesses;
pub mod checklist;
pub mod conflicts;
pub mod log;
pub mod report;
