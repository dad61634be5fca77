//! How long documents last that others refer to, such as the service of a booking: what a rule adds to a date. Read beside the rules, and no part
//! of a plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::raw::{Value, kind};

/// Milliseconds of a minute.
const MINUTE: f64 = 60_000.0;
/// More minutes than a century has are none.
const MOST: f64 = 100.0 * 366.0 * 24.0 * 60.0;

/// Where minutes stand: a collection by its name of today, and the field of its documents as they have it today.
pub type MinutesOf = (String, String);

/// Milliseconds by the id of the document that holds them, for each place.
#[derive(Debug, Clone, Default)]
pub struct Minutes(Arc<BTreeMap<MinutesOf, Map<Id, i64>>>);

/// What was read is no part of a rule.
impl PartialEq for Minutes {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Minutes {}

impl Minutes {
    /// What was read of each place.
    pub fn of(read: BTreeMap<MinutesOf, Map<Id, i64>>) -> Self {
        Self(Arc::new(read))
    }

    /// Milliseconds of the document that `reference` names; `None` where there is none, or it says nothing.
    pub(super) fn find(&self, place: &MinutesOf, reference: Value<'_>) -> Option<i64> {
        let read = self.0.get(place)?;
        let id = Id::from_value(reference);
        let found = read.get(&id.canonical());
        found.copied().or_else(|| {
            let other = id.other_form()?;
            read.get(&other.canonical()).copied()
        })
    }
}

/// A number of minutes as milliseconds; `None` for what is no number, or less than nothing.
pub fn millis(value: Value<'_>) -> Option<i64> {
    let minutes = match value.kind {
        kind::INT32 => f64::from(i32::from_le_bytes(value.bytes.try_into().ok()?)),
        #[allow(clippy::cast_precision_loss)] // what is that large is refused just below
        kind::INT64 => i64::from_le_bytes(value.bytes.try_into().ok()?) as f64,
        kind::DOUBLE => f64::from_le_bytes(value.bytes.try_into().ok()?),
        _ => return None,
    };
    let in_range = (0.0..=MOST).contains(&minutes);
    #[allow(clippy::cast_possible_truncation)] // within the range
    in_range.then(|| (minutes * MINUTE).round() as i64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::raw::get;
    use bson::rawdoc;

    #[test]
    fn minutes_are_numbers_that_are_not_below_nothing() {
        let document = rawdoc! { "a": 30, "b": 45_i64, "c": 1.5, "d": -1, "e": "30", "f": f64::NAN, "g": f64::INFINITY };
        let of = |field: &str| millis(get(&document, field).unwrap());
        assert_eq!(of("a"), Some(1_800_000));
        assert_eq!(of("b"), Some(2_700_000));
        assert_eq!(of("c"), Some(90_000));
        for field in ["d", "e", "f", "g"] {
            assert_eq!(of(field), None, "{field}");
        }
    }
}
