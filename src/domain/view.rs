//! Plain data that the console and the reports show.

use bson::RawDocumentBuf;

use super::conflict::ConflictKey;
use super::document_diff::BookingDiff;
use super::id::Id;
use super::mapping::UserRole;
use super::survivorship::{Candidate, Survivor};

/// Where a connection leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Host and port.
    pub host: String,
    /// The replica set's name, if it is one.
    pub replica_set: Option<String>,
    /// The replica set's own id, hexadecimal, where our user may read it.
    pub replica_set_id: Option<String>,
    /// "standalone", "replica set of 3 nodes".
    pub topology: String,
    /// The server's version.
    pub server_version: String,
    /// The database.
    pub database: String,
    /// Where the URI came from: `--uri`, `RINGFENCE_URI`, `DATABASE_URL`, `demo`.
    pub uri_source: String,
    /// The user that we authenticate as.
    pub user: Option<String>,
}

/// A record shown beside others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is: "user 65…".
    pub title: String,
    /// Its fields, safe to draw.
    pub fields: Vec<(String, String)>,
}

/// A record of a conflict, as it is merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The user.
    pub document: RawDocumentBuf,
    /// What the order of survivors rests on.
    pub candidate: Candidate,
}

/// What the answer to a conflict is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Sources {
    /// The conflict.
    pub key: ConflictKey,
    /// The users' fields.
    pub role: UserRole,
    /// The survivor rule that holds unless the answer names its own.
    pub inherited: Survivor,
    /// The users, in the conflict's order; none where it is about no user's values.
    pub records: Vec<Source>,
}

/// Which bookings a preview shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiffFilter {
    /// Of this business alone.
    pub business: Option<Id>,
    /// Of this customer alone.
    pub customer: Option<Id>,
}

impl DiffFilter {
    /// True when every booking is shown.
    pub fn is_empty(&self) -> bool {
        self.business.is_none() && self.customer.is_none()
    }
}

/// From where a preview goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffCursor {
    /// From the first booking.
    Start,
    /// Behind this booking.
    After(Id),
    /// Before this booking.
    Before(Id),
}

/// A page of a preview, in `_id` order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiffPage {
    /// The bookings.
    pub entries: Vec<BookingDiff>,
    /// More follow in the direction of reading.
    pub more: bool,
}
