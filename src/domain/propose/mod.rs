//! A mapping proposed from what was seen: collections, fields, and where references lead. Where two candidates fit equally well, or none
//! does, a required key stays open and the candidates stand beside it as comments.

mod bookings;
pub mod catalogue;
mod follow;
mod graph;
mod people;
mod places;
mod proposal;
mod seen;
mod words;
mod written;

use crate::domain::toml_text;
pub use catalogue::Catalogue;
pub use people::{is_called_a_name, name as names_in};
pub use seen::{Kinds, Seen, SeenCollection, SeenReference};
pub use written::Written;

/// What cannot be proposed at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProposal {
    /// Bookings stand inside other documents.
    #[error(
        "bookings seem to stand inside other documents: each element of {0} names a user and has a time. That is not supported; nothing was written. Give bookings a collection of their own first"
    )]
    Embedded(String),
    /// There is nothing to look at.
    #[error(
        "there is no collection with documents, and no schema, to propose a mapping from; nothing was written"
    )]
    Nothing,
}

/// Proposes a mapping.
///
/// # Errors
/// See [`NoProposal`].
pub fn propose(seen: &Seen, database: &str) -> Result<Written, NoProposal> {
    if seen.collections.is_empty() {
        return Err(NoProposal::Nothing);
    }
    let users = people::users(seen);
    let Some(bookings) = bookings::collection(seen, users.as_deref()) else {
        if let Some(embedded) = bookings::embedded(seen, users.as_deref()) {
            return Err(NoProposal::Embedded(embedded));
        }
        let mut out = proposal::without_bookings(seen, database, users.as_deref());
        out.text = toml_text::visible(&out.text);
        return Ok(out);
    };
    let reference = bookings::user(seen, &bookings, users.as_deref());
    let guest = bookings::guest(seen, &bookings);
    // Users that no booking names are no part of the migration where guests stand in the bookings themselves.
    let users = users.filter(|_| reference.is_some() || guest.is_empty());
    let places = places::find(seen, &bookings, users.as_deref());
    let proposal = proposal::Proposal {
        seen,
        database,
        users,
        bookings,
        reference,
        guest,
        places,
    };
    let (mut out, customer) = proposal.written();
    follow::suggest(&proposal, &mut out, &customer);
    out.text = toml_text::visible(&out.text);
    Ok(out)
}
