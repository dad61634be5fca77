//! Plain data that the console and the reports show.

use bson::RawDocumentBuf;

use super::calendar;
use super::conflict::ConflictKey;
use super::document_diff::BookingDiff;
use super::id::Id;
use super::mapping::UserRole;
use super::people::Who;
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
    /// What it is, in people's words.
    pub title: String,
    /// Its fields, safe to draw; what names another document is told by that one's name.
    pub fields: Vec<(String, String)>,
    /// The ids among its fields as they are stored, safe to draw.
    pub ids: Vec<(String, String)>,
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

/// What somebody types to find bookings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// The id of a booking, a user, a customer or a service.
    Id(Id),
    /// From a moment on until another, in milliseconds since 1970.
    Span(i64, i64),
    /// A part of the name or the e-mail of the user.
    Text(String),
}

impl Search {
    /// What `text` means: an id, a date, or else a part of a name or an e-mail. `None` where it is blank.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        if let Some((from, until)) = calendar::typed_span(text) {
            return Some(Self::Span(from, until));
        }
        let id = Id::parse(text).filter(|id| id.as_str().is_none() || text.starts_with('"'));
        Some(id.map_or_else(|| Self::Text(text.to_owned()), Self::Id))
    }
}

/// Which bookings a preview shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiffFilter {
    /// Of this business alone.
    pub business: Option<Id>,
    /// Of this customer alone.
    pub customer: Option<Id>,
    /// Of this user alone.
    pub user: Option<Id>,
    /// What is searched for.
    pub search: Option<Search>,
    /// Only those that do not simply go from a user to this user's customer.
    pub unusual: bool,
    /// In which order.
    pub order: Order,
}

/// The order of bookings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// By `_id`, which every collection has an index of.
    #[default]
    Stored,
    /// The newest date first.
    Newest,
    /// The oldest date first.
    Oldest,
}

impl Order {
    /// The one that comes after it, in turn.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Stored => Self::Newest,
            Self::Newest => Self::Oldest,
            Self::Oldest => Self::Stored,
        }
    }

    /// In words, for a title.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stored => "as they are stored",
            Self::Newest => "newest first",
            Self::Oldest => "oldest first",
        }
    }
}

impl DiffFilter {
    /// True when every booking is shown, in whatever order.
    pub fn is_empty(&self) -> bool {
        *self == Self::in_order(self.order)
    }

    /// Every booking, in this order.
    pub fn in_order(order: Order) -> Self {
        Self {
            order,
            ..Self::default()
        }
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

/// A page of a preview.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiffPage {
    /// The bookings.
    pub entries: Vec<BookingDiff>,
    /// More follow in the direction of reading.
    pub more: bool,
    /// Bookings that were looked at.
    pub looked: u64,
    /// The last booking that was looked at: from there the reading goes on.
    pub reached: Option<Id>,
}

/// A customer-to-be of a business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerLine {
    /// The user.
    pub user: Id,
    /// Name and e-mail, safe to draw.
    pub who: Who,
    /// Bookings at this business.
    pub bookings: u64,
    /// Other businesses where the user books.
    pub elsewhere: u64,
    /// What becomes of the user here: "own customer", "merged", "adopted".
    pub becomes: &'static str,
}

/// A business, looked at closely.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BusinessView {
    /// The customers-to-be, most bookings first.
    pub customers: Vec<CustomerLine>,
    /// There are more customers than are listed.
    pub more: u64,
    /// Bookings by year, of those that were looked at.
    pub years: Vec<(i64, u64)>,
    /// Bookings that were looked at for the years; 0 where all were.
    pub looked: u64,
    /// Bookings that go to a customer.
    pub linked: u64,
    /// Bookings that go to the quarantine or stay as they are.
    pub others: u64,
    /// Names of other businesses where its customers book, with how many customers do, most first.
    pub elsewhere: Vec<(String, u64)>,
}

/// A client that is connected to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLine {
    /// The application's name; "" where it gives none.
    pub application: String,
    /// Its driver.
    pub driver: String,
    /// The user that it authenticates as; "" without access control.
    pub user: String,
    /// Its host.
    pub host: String,
    /// Connections.
    pub connections: u64,
    /// It writes through Prisma.
    pub is_prisma: bool,
}
