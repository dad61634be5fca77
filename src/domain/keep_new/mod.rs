//! A rollback that keeps what the application wrote since the cut-over: a three-way merge per document. `before` is the frozen original,
//! the baseline is what the migration made of it, `current` is what is live now; what differs between the last two is carried onto
//! the first, field by field. Nothing here asks a survey: the links say who is who, so a service or a business that the application
//! removed meanwhile changes nothing.

pub mod alone;
pub mod booking;
pub mod customer;
pub mod links;
mod listed;
pub mod report;
pub mod staged;
pub mod user;
mod weave;
