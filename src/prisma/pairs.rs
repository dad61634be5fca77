//! Many to many: two lists of ids that must name one another. Each pair of ids is kept once, with the sides that it was seen from.

use super::id_log::IdLog;
use super::judge::{Judged, inner};
use super::kind::{Effects, Kind};
use super::reference_key::{id_key, read_key, stored_key};
use super::references::{Broken, Target};
use super::shape::{Holds, Shapes};
use super::value::{self, hex_id};
use crate::domain::raw::{Value, elements, kind};
use crate::domain::table::{Fixed, Memory, Reader, Table, Writer};

/// One side of many to many.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) model: usize,
    /// The list of ids.
    pub(super) place: usize,
    pub(super) of: Holds,
    pub(super) name: String,
    /// The model's own ids.
    pub(super) own: usize,
    /// Those of the other side.
    pub(super) other: usize,
}

/// Many to many.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) sides: [Side; 2],
    seen: Table<Pair>,
}

/// Which side holds the other's id, and the document that was seen first.
#[derive(Debug, Clone, Copy)]
struct Pair {
    /// 1 and 2: seen from that side; 4 and 8: seen there, and wrong already.
    seen: u8,
    holder: u32,
}

impl Fixed for Pair {
    const WIDTH: usize = 5;

    fn put(&self, into: &mut Writer<'_>) {
        into.u8(self.seen);
        into.u32(self.holder);
    }

    fn get(from: &mut Reader<'_>) -> Self {
        Self {
            seen: from.u8(),
            holder: from.u32(),
        }
    }
}

/// Seen from that side.
const SEEN: [u8; 2] = [1, 2];
/// Seen there in a form that is a finding of its own.
const FLAWED: [u8; 2] = [4, 8];

impl Pairs {
    pub(super) fn new(sides: [Side; 2], memory: &Memory) -> Self {
        Self {
            sides,
            seen: Table::new(memory),
        }
    }

    /// Takes in a document of the side `at`.
    pub(super) fn take(
        &mut self,
        at: usize,
        (shapes, targets): (&Shapes, &[Target]),
        judged: &Judged<'_>,
        mut holder: impl FnMut() -> u32,
    ) {
        let side = &self.sides[at];
        let own = targets.get(side.own);
        let Some(own) = own.and_then(|own| stored_key(judged, &own.places)) else {
            return;
        };
        let list = judged.values.get(side.place).copied().flatten();
        let Some(Ok(Some(list))) = list.map(|list| inner(list, kind::ARRAY)) else {
            return;
        };
        for member in elements(list).map_while(Result::ok) {
            let member = member.value;
            let flawed =
                member.kind == kind::NULL || value::judge(shapes, side.of, member).is_some();
            let other = match hex_id(member) {
                // An id kept as text is found from here, and has its finding.
                Some(id) if flawed => id_key(&[Value {
                    kind: kind::OBJECT_ID,
                    bytes: &id,
                }]),
                _ => read_key(&[(side.of, member)]),
            };
            let mut key = [0; 26];
            let (first, second) = if at == 0 { (own, other) } else { (other, own) };
            key[..13].copy_from_slice(&first);
            key[13..].copy_from_slice(&second);
            let seen = SEEN[at] | if flawed { FLAWED[at] } else { 0 };
            if let Some(row) = self.seen.find(&key) {
                let mut pair = self.seen.value(row);
                if pair.seen & seen != seen {
                    pair.seen |= seen;
                    self.seen.set(row, &pair);
                }
            } else {
                let holder = holder();
                self.seen.insert(&key, &Pair { seen, holder });
            }
        }
    }

    /// Everything was seen: ids that only one side holds.
    pub(super) fn finish(&self, targets: &[Target], log: &IdLog, broken: &mut impl FnMut(Broken)) {
        let mut last = [None; 2];
        for (key, pair) in self.seen.iter() {
            let at = match pair.seen {
                1 => 0,
                2 => 1,
                _ => continue, // both sides, or a finding already
            };
            let side = &self.sides[at];
            let other = if at == 0 { &key[13..] } else { &key[..13] };
            let target = targets.get(side.other);
            let exists = target.is_some_and(|target| target.known.find(other).is_some());
            let (kind, effects) = if exists {
                (Kind::RelationMismatch, Effects::ONE_SIDED)
            } else {
                (Kind::DanglingRelation, Effects::LEFT_OUT)
            };
            // One finding for a list, however many of its members have it.
            let said = &mut last[usize::from(exists)];
            if *said == Some((at, pair.holder)) {
                continue;
            }
            *said = Some((at, pair.holder));
            broken(Broken {
                model: side.model,
                kind,
                effects,
                names: vec![side.name.clone()],
                id: log.id(pair.holder),
            });
        }
    }
}
