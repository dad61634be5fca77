//! Who leaves the users when customer users are retired, and why the others without a password stay.

mod fates;
mod forecast;
mod search;

pub use fates::{Fate, Fates, RetireCounts};
pub use forecast::RetireForecast;
pub use search::{RetireSearch, not_looked_into};
