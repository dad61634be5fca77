//! Which document on the way to its user the newest booking of a pair names, where customers take fields from there.

use super::facts::{BusinessIx, UserIx};
use super::tables::pair_key;
use crate::domain::id::Id;
use crate::domain::reference::{HopFields, References};
use crate::domain::table::{Fixed, Memory, Reader, Table, Writer};

/// The newest booking's document.
#[derive(Debug, Clone, Copy, Default)]
struct Newest {
    /// When the booking was made; the smallest number where it does not say.
    created: i64,
    /// The place of the document's `_id`.
    document: u32,
}

impl Fixed for Newest {
    const WIDTH: usize = 12;

    fn put(&self, into: &mut Writer<'_>) {
        into.i64(self.created);
        into.u32(self.document);
    }

    fn get(from: &mut Reader<'_>) -> Self {
        Self {
            created: from.i64(),
            document: from.u32(),
        }
    }
}

/// The documents that customers take fields from, by pair.
#[derive(Debug)]
pub(super) struct HopSources {
    wanted: bool,
    newest: Table<Newest>,
    documents: Table<()>,
}

/// When a booking was made, as it says or as its ObjectId does.
fn made(refs: &References) -> i64 {
    let id = refs.id.as_ref().and_then(Id::as_object_id);
    let seconds = id.and_then(|id| id.first_chunk::<4>().copied());
    let by_id = seconds.map(|it| i64::from(u32::from_be_bytes(it)) * 1000);
    refs.created.or(by_id).unwrap_or(i64::MIN)
}

impl HopSources {
    pub(super) fn new(fields: Option<&HopFields>, memory: &Memory) -> Self {
        Self {
            wanted: fields.is_some(),
            newest: Table::new(memory),
            documents: Table::new(memory),
        }
    }

    pub(super) fn spill(&mut self) {
        self.newest.spill();
        self.documents.spill();
    }

    pub(super) fn reload(&mut self) {
        self.newest.reload();
        self.documents.reload();
    }

    fn document(&self, newest: Newest) -> Id {
        let place = usize::try_from(newest.document).unwrap_or(usize::MAX);
        Id::from_bytes(&self.documents.key(place))
    }

    /// The document that the newest booking of a pair names.
    pub(super) fn of(&self, user: UserIx, business: BusinessIx) -> Option<Id> {
        let at = self.newest.find(&pair_key(user, business))?;
        Some(self.document(self.newest.value(at)))
    }

    /// True where customers take fields from such documents.
    pub(super) fn are_wanted(&self) -> bool {
        self.wanted
    }

    /// Takes a booking of a pair, which names its user by this.
    pub(super) fn take(
        &mut self,
        (user, business): (UserIx, BusinessIx),
        refs: &References,
        named: &Id,
    ) {
        let (created, key) = (made(refs), pair_key(user, business));
        let known = self.newest.find(&key);
        let is_newer = known.is_none_or(|at| {
            let known = self.newest.value(at);
            // Of two at one time the greater `_id`, so that every reading comes to the same.
            created > known.created || created == known.created && *named > self.document(known)
        });
        if !is_newer {
            return;
        }
        let (place, _) = self.documents.insert(named.as_bytes(), &());
        let newest = Newest {
            created,
            document: u32::try_from(place).unwrap_or(u32::MAX),
        };
        let (at, new) = self.newest.insert(&key, &newest);
        if !new {
            self.newest.set(at, &newest);
        }
    }
}
