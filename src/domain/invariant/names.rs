//! Ids that a proof meets again and again: each is kept once, and a number stands for it.

use crate::domain::id::Id;
use crate::domain::map::{Map, Ordered};
use crate::domain::table::{Memory, Table};

/// Stands for an id.
pub(super) type Number = u32;

/// Numbers from here on stand for ids that are named, and that no document has.
const DANGLING: Number = 1 << 31;

/// The ids of one kind of document.
#[derive(Debug)]
pub(super) struct Names {
    /// In their canonical form, with their marks.
    known: Table<bool>,
    /// Those that are odd texts, by what they are without white space around them and in small digits.
    odd: Map<Id, Number>,
    /// Exactly as they are named.
    dangling: Ordered<Id, ()>,
}

fn number(place: usize) -> Number {
    // More documents than that do not fit into a survey's memory.
    Number::try_from(place).map_or(DANGLING - 1, |place| place.min(DANGLING - 1))
}

impl Names {
    pub(super) fn new(memory: &Memory) -> Self {
        Self {
            known: Table::new(memory),
            odd: Map::default(),
            dangling: Ordered::default(),
        }
    }

    /// Takes the `_id` of a document. Before anything is asked.
    pub(super) fn take(&mut self, id: &Id) {
        let (at, _) = self.known.insert(id.canonical().as_bytes(), &false);
        if id.is_odd() {
            self.odd.entry(id.loose()).or_insert(number(at));
        }
    }

    /// The document that `id` names, in its own type or in the other usual one, whatever white space is around it and the case of its digits.
    pub(super) fn known(&self, id: &Id) -> Option<Number> {
        let at = |id: &Id| self.known.find(id.as_bytes()).map(number);
        let exact = at(&id.canonical()).or_else(|| at(&id.other_form()?));
        if exact.is_some() {
            return exact;
        }
        let loose = id.loose();
        let plain = at(&loose).or_else(|| at(&loose.other_form()?));
        plain.or_else(|| self.odd.get(&loose).copied())
    }

    /// Makes ready to find these.
    pub(super) fn prefetch(&self, ids: &[&Id]) {
        self.known.prefetch(ids.iter().map(|id| id.as_bytes()));
    }

    /// As [`Self::known`]; what names no document gets a number too.
    pub(super) fn named(&mut self, id: &Id) -> Number {
        self.known(id)
            .unwrap_or_else(|| DANGLING + number(self.dangling.insert_full(id.clone(), ()).0))
    }

    /// The number of `id`, which names no document, where it was named before.
    pub(super) fn dangling(&self, id: &Id) -> Option<Number> {
        let place = self.dangling.get_index_of(id)?;
        Some(DANGLING + number(place))
    }

    /// Makes room for so many documents.
    pub(super) fn expect(&mut self, documents: usize) {
        self.known.reserve(documents);
    }

    /// The id that a number stands for.
    pub(super) fn id(&self, number: Number) -> Option<Id> {
        match number.checked_sub(DANGLING) {
            Some(place) => {
                let found = self.dangling.get_index(usize::try_from(place).ok()?);
                found.map(|(id, ())| id.clone())
            }
            None => Some(Id::from_bytes(
                &self.known.key(usize::try_from(number).ok()?),
            )),
        }
    }

    /// True for a number that a document stands behind.
    pub(super) fn is_document(number: Number) -> bool {
        known_place(number).is_some()
    }

    /// Marks a document.
    pub(super) fn mark(&mut self, number: Number) {
        if let Some(at) = known_place(number) {
            self.known.set(at, &true);
        }
    }

    /// True for a document that was marked.
    pub(super) fn is_marked(&self, number: Number) -> bool {
        known_place(number).is_some_and(|at| self.known.value(at))
    }
}

/// The place of a number that a document stands behind.
fn known_place(number: Number) -> Option<usize> {
    let known = (number < DANGLING).then_some(number)?;
    usize::try_from(known).ok()
}
