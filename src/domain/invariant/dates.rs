//! When a booking was made, as the proof reads it.

use bson::raw::RawDocument;

use crate::domain::id::Id;
use crate::domain::mapping::Mapping;
use crate::domain::mapping::path::FieldPath;
use crate::domain::raw::{get, kind};
use crate::domain::schema_change::Rule;
use crate::domain::survivorship::dated_by;
use crate::domain::table::{Memory, Table};

/// Where a booking says when it was made.
#[derive(Debug, Clone)]
pub(super) struct Dates {
    created: Option<FieldPath>,
}

impl Dates {
    /// Those of bookings, where a rule of the after-schema asks for them.
    pub(super) fn of(mapping: &Mapping) -> Option<Self> {
        let change = mapping.changes()?.of(&mapping.customer.collection)?;
        let asks = change.rules.iter().any(Rule::asks_for_oldest);
        asks.then(|| Self {
            created: mapping.booking.created.clone(),
        })
    }

    /// When this one was: as it says, else as its ObjectId does.
    pub(super) fn read(&self, booking: &RawDocument) -> Option<i64> {
        let said = self.created.as_ref().and_then(|path| path.value(booking));
        said.and_then(|it| it.as_date()).or_else(|| {
            let id = get(booking, "_id").filter(|id| id.kind == kind::OBJECT_ID)?;
            of_object_id(id.bytes)
        })
    }
}

/// The time in an ObjectId, in milliseconds; none in one that was derived.
pub(super) fn of_object_id(bytes: &[u8]) -> Option<i64> {
    let seconds = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    (seconds != 0).then_some(i64::from(seconds) * 1000)
}

/// The earliest times of bookings: of the originals, and of those that were taken in later.
#[derive(Debug)]
pub(super) struct Earliest {
    /// By user and business.
    pub(super) pairs: Table<i64>,
    /// By the customer of bookings that name nobody.
    pub(super) nobody: Table<i64>,
}

impl Earliest {
    fn new(memory: &Memory) -> Self {
        Self {
            pairs: Table::new(memory),
            nobody: Table::new(memory),
        }
    }
}

/// Keeps the earlier time.
pub(super) fn take(table: &mut Table<i64>, key: &[u8], time: i64) {
    let (at, _) = table.insert(key, &time);
    let known = table.value(at);
    table.set(at, &known.min(time));
}

/// The time of this key.
pub(super) fn found(table: &Table<i64>, key: &[u8]) -> Option<i64> {
    table.find(key).map(|at| table.value(at))
}

/// The account of dates.
#[derive(Debug)]
pub(super) struct Dated {
    /// What links say, by customer.
    pub(super) said: Table<i64>,
    pub(super) originals: Earliest,
    pub(super) late: Earliest,
    /// What is taken now was taken in later.
    pub(super) takes_late: bool,
}

impl Dated {
    pub(super) fn new(memory: &Memory) -> Self {
        Self {
            said: Table::new(memory),
            originals: Earliest::new(memory),
            late: Earliest::new(memory),
            takes_late: false,
        }
    }

    /// Takes what a link says.
    pub(super) fn said(&mut self, customer: &Id, link: &RawDocument) {
        if let Some(time) = dated_by(link) {
            self.said.insert(customer.canonical().as_bytes(), &time);
        }
    }
}
