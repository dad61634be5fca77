//! When bookings and users were made, as they say or as their ids do.

use super::facts::{BusinessIx, UserIx};
use super::tables::pair_key;
use crate::domain::id::Id;
use crate::domain::reference::References;
use crate::domain::table::{Memory, Table};

/// The earliest time, in milliseconds, by pair, and by the value that names nobody.
#[derive(Debug)]
pub(super) struct Oldest {
    pub(super) pairs: Table<i64>,
}

impl Oldest {
    pub(super) fn new(memory: &Memory) -> Self {
        Self {
            pairs: Table::new(memory),
        }
    }

    pub(super) fn spill(&mut self) {
        self.pairs.spill();
    }

    pub(super) fn reload(&mut self) {
        self.pairs.reload();
    }

    /// Takes the time of a booking of a pair.
    pub(super) fn take(&mut self, pair: (UserIx, BusinessIx), time: i64) {
        let (at, new) = self.pairs.insert(&pair_key(pair.0, pair.1), &time);
        if !new && time < self.pairs.value(at) {
            self.pairs.set(at, &time);
        }
    }
}

/// The time in an ObjectId, in milliseconds; none in one that was derived.
pub fn time_in(id: &Id) -> Option<i64> {
    let seconds = id.as_object_id()?.first_chunk::<4>().copied()?;
    let seconds = u32::from_be_bytes(seconds);
    (seconds > 0).then(|| i64::from(seconds) * 1_000)
}

/// When a booking was made: as it says, else as its ObjectId does.
pub(super) fn booked(refs: &References) -> Option<i64> {
    refs.created.or_else(|| time_in(refs.id.as_ref()?))
}
