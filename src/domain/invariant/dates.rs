//! When a booking was made, as the proof reads it.

use bson::raw::RawDocument;

use crate::domain::mapping::Mapping;
use crate::domain::mapping::path::FieldPath;
use crate::domain::raw::{get, kind};
use crate::domain::schema_change::Rule;

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
