//! References: how a document finds its user, its business, or any other document. The mapping says it as paths, and this is the one place
//! that reads and follows them: survey, transform, preview and the way back all ask here.
//!
//! - [`Path`] is the value: what is taken out of a document, then the documents that are passed on the way.
//! - [`Reading`] is what one document says by a path. It needs nothing but the document, so any task can do it.
//! - [`Way`] follows a reading to its end. It asks, as data, for the collections that must be read first ([`HopRead`]).
//! - [`BookingPaths`] are the paths of a booking, read in one pass, and what of a booking changes when its reference does.
//!
//! Another kind of path is read by `Take` in `path.rs`, or is a field of its `Hop`. The proof has a resolver of its own
//! ([`crate::domain::invariant::ProofPaths`]), on purpose, and needs the same.

mod account;
mod booking;
mod drops;
mod guest;
mod hop_fields;
mod naming;
mod nested;
mod path;
mod way;

pub use account::{AccountHop, AccountNames, AccountPath};
pub use booking::{BookingPaths, References, leaving, leaving_of, service_of};
pub use drops::Drops;
pub use guest::{GuestKey, GuestPaths, GuestRoles, text_of};
pub use hop_fields::{Chain, HopFields, HopStage};
pub use naming::Form;
pub use path::{Path, Reading};
pub use way::{End, Found, HopRead, Reached, Way, as_named, find, find_by, find_odd};
