//! Compact tables: what a survey or a proof keeps of every user, pair and customer. A few bytes more than the data itself in memory, and on disk
//! from where the operator's limit is reached.

mod column;
mod records;

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use smallvec::SmallVec;

pub use column::Column;
use records::{Ahead, Records, Use};
pub use records::{Memory, SpillFile};

use super::map::Map;

/// The bytes of a key; most need no memory of their own.
pub type Key = SmallVec<[u8; 24]>;

/// A slot: the number of a row, one more so that 0 is "none", and a byte of its key's hash.
const SLOT: usize = 5;
/// Slots of a table that holds something.
const FEWEST_SLOTS: usize = 1024;

/// A value that takes the same number of bytes in every row.
pub trait Fixed: Sized {
    /// How many.
    const WIDTH: usize;

    /// Writes it into so many bytes.
    fn put(&self, into: &mut Writer<'_>);

    /// Reads it from so many bytes.
    fn get(from: &mut Reader<'_>) -> Self;
}

impl Fixed for () {
    const WIDTH: usize = 0;

    fn put(&self, _: &mut Writer<'_>) {}

    fn get(_: &mut Reader<'_>) -> Self {}
}

impl Fixed for u32 {
    const WIDTH: usize = 4;

    fn put(&self, into: &mut Writer<'_>) {
        into.u32(*self);
    }

    fn get(from: &mut Reader<'_>) -> Self {
        from.u32()
    }
}

impl Fixed for bool {
    const WIDTH: usize = 1;

    fn put(&self, into: &mut Writer<'_>) {
        into.u8(u8::from(*self));
    }

    fn get(from: &mut Reader<'_>) -> Self {
        from.u8() == 1
    }
}

/// Where a [`Fixed`] value is written, number by number.
pub struct Writer<'a>(&'a mut SmallVec<[u8; 96]>);

/// Where a [`Fixed`] value is read from, in the same order.
pub struct Reader<'a>(&'a [u8]);

macro_rules! numbers {
    ($($kind:ident),*) => {
        impl Writer<'_> {
            $(
                /// Writes a number.
                pub fn $kind(&mut self, number: $kind) {
                    self.0.extend_from_slice(&number.to_le_bytes());
                }
            )*
        }
        impl Reader<'_> {
            $(
                /// Reads a number; 0 past the end, which a row of the right width never meets.
                pub fn $kind(&mut self) -> $kind {
                    let Some((number, rest)) = self.0.split_first_chunk() else {
                        return 0;
                    };
                    self.0 = rest;
                    $kind::from_le_bytes(*number)
                }
            )*
        }
    };
}
numbers!(u8, u16, u32, i64, u128);

/// Rows in the order in which they came, each found by its key. A row's place stands for its key.
#[derive(Debug)]
pub struct Table<V> {
    rows: Records,
    slots: Records,
    /// How long a key may be to stand in its row; that of the first one.
    room: usize,
    /// Keys that are longer.
    long: Map<u32, Key>,
    hasher: RandomState,
    memory: Memory,
    of: std::marker::PhantomData<V>,
}

impl<V: Fixed> Table<V> {
    /// An empty table.
    pub fn new(memory: &Memory) -> Self {
        Self {
            rows: Records::new(memory, Use::Rows, 0),
            slots: Records::new(memory, Use::Slots, SLOT),
            room: 0,
            long: Map::default(),
            hasher: RandomState::default(),
            memory: memory.clone(),
            of: std::marker::PhantomData,
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True without any row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes slots for so many rows, so that growing need not make them again and again.
    pub fn reserve(&mut self, rows: usize) {
        // Some more than fill two thirds of them, for such a number is often a rough one.
        let wanted = (rows * 8 / 5).max(FEWEST_SLOTS);
        if wanted > self.slots.len() {
            self.make_slots(wanted);
        }
    }

    /// The place of a key.
    pub fn find(&self, key: &[u8]) -> Option<usize> {
        self.search(key).ok()
    }

    /// Looks at where these keys stand, one after another without waiting for any: what is asked of them next finds them near. Memory answers many
    /// such questions at once, and takes as long for each alone. What stands outside is left there.
    pub fn prefetch<'k>(&self, keys: impl IntoIterator<Item = &'k [u8]>) {
        let slots = self.slots.len();
        if slots == 0 {
            return;
        }
        let mut seen = 0;
        for key in keys {
            let slot = self.slots.near(place(self.hash(key), slots));
            let number = slot.map_or(0, |slot| Reader(slot).u32());
            if let Some(at) = number.checked_sub(1) {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                seen ^= self.rows.near(at).map_or(0, |row| Reader(row).u8());
            }
        }
        std::hint::black_box(seen);
    }

    /// The key of a row.
    pub fn key(&self, at: usize) -> Key {
        self.with_row(at, |key, _| Key::from_slice(key))
    }

    /// The value of a row.
    pub fn value(&self, at: usize) -> V {
        self.with_row(at, |_, value| V::get(&mut Reader(value)))
    }

    /// Key and value of every row.
    pub fn iter(&self) -> impl Iterator<Item = (Key, V)> + '_ {
        let mut ahead = Ahead::default();
        (0..self.len()).map(move |at| {
            self.rows.read_in_turn(at, &mut ahead, |row| {
                let (key, value) = self.parts(at, row);
                (Key::from_slice(key), V::get(&mut Reader(value)))
            })
        })
    }

    /// Gives up its memory: all of it stands outside then, and is found and changed as ever.
    pub fn spill(&mut self) {
        self.rows.spill();
        self.slots.spill();
    }

    /// Takes memory again, as far as there is room.
    pub fn reload(&mut self) {
        self.slots.reload();
        self.rows.reload();
    }

    /// Changes the value of a row.
    pub fn set(&mut self, at: usize, value: &V) {
        let bytes = encoded(value);
        self.rows.write(at, 1 + self.room, &bytes);
    }

    /// The place of a key, and whether its row is new: then it holds `value`.
    pub fn insert(&mut self, key: &[u8], value: &V) -> (usize, bool) {
        if self.rows.len() == 0 {
            self.room = key.len();
            self.rows = Records::new(&self.memory, Use::Rows, 1 + self.room + V::WIDTH);
        }
        if (self.len() + 1) * 3 > self.slots.len() * 2 {
            self.make_slots((self.slots.len() * 2).max(FEWEST_SLOTS));
        }
        let slot = match self.search(key) {
            Ok(at) => return (at, false),
            Err(slot) => slot,
        };
        let at = self.rows.len();
        let number = u32::try_from(at).unwrap_or(u32::MAX);
        let mut row: SmallVec<[u8; 96]> = SmallVec::new();
        if key.len() > self.room {
            self.long.insert(number, Key::from_slice(key));
            row.resize(1 + self.room, 0);
            row[0] = u8::MAX;
        } else {
            row.push(u8::try_from(key.len()).unwrap_or(u8::MAX - 1));
            row.extend_from_slice(key);
            row.resize(1 + self.room, 0);
        }
        value.put(&mut Writer(&mut row));
        self.rows.push(&row);
        self.fill_slot(slot, number, self.hash(key));
        (at, true)
    }

    fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Where the key stands, or the slot that it would get.
    fn search(&self, key: &[u8]) -> Result<usize, usize> {
        let slots = self.slots.len();
        if slots == 0 {
            return Err(0);
        }
        let hash = self.hash(key);
        let mut slot = place(hash, slots);
        loop {
            let (number, tag) = self.slots.read(slot, |it| {
                let mut reader = Reader(it);
                (reader.u32(), reader.u8())
            });
            let Some(at) = number.checked_sub(1) else {
                return Err(slot);
            };
            if tag == tag_of(hash) {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                if self.with_row(at, |stored, _| stored == key) {
                    return Ok(at);
                }
            }
            slot = after(slot, slots);
        }
    }

    fn fill_slot(&mut self, slot: usize, number: u32, hash: u64) {
        let mut bytes = SmallVec::new();
        let mut writer = Writer(&mut bytes);
        writer.u32(number.saturating_add(1));
        writer.u8(tag_of(hash));
        self.slots.write(slot, 0, &bytes);
    }

    fn make_slots(&mut self, wanted: usize) {
        self.slots = Records::new(&self.memory, Use::Slots, SLOT);
        self.slots.fill(wanted);
        let mut ahead = Ahead::default();
        for at in 0..self.rows.len() {
            let hash = self.rows.read_in_turn(at, &mut ahead, |row| {
                let (key, _) = self.parts(at, row);
                self.hash(key)
            });
            let mut slot = place(hash, wanted);
            while self.slots.read(slot, |it| Reader(it).u32()) != 0 {
                slot = after(slot, wanted);
            }
            self.fill_slot(slot, u32::try_from(at).unwrap_or(u32::MAX), hash);
        }
    }

    fn with_row<T>(&self, at: usize, take: impl FnOnce(&[u8], &[u8]) -> T) -> T {
        self.rows.read(at, |row| {
            let (key, value) = self.parts(at, row);
            take(key, value)
        })
    }

    /// Key and value of a row.
    fn parts<'r>(&'r self, at: usize, row: &'r [u8]) -> (&'r [u8], &'r [u8]) {
        let (key, value) = row.split_at(row.len().min(1 + self.room));
        let Some((length, key)) = key.split_first() else {
            return (&[], value); // no row is without its key's length
        };
        if *length == u8::MAX {
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            return (self.long.get(&number).map_or(&[], |key| key), value);
        }
        (key.get(..usize::from(*length)).unwrap_or(key), value)
    }
}

fn encoded<V: Fixed>(value: &V) -> SmallVec<[u8; 96]> {
    let mut bytes = SmallVec::new();
    value.put(&mut Writer(&mut bytes));
    bytes
}

/// Which of so many slots a hash begins to look at: its high bits say how far along.
#[allow(clippy::cast_possible_truncation)] // less than the number of slots
fn place(hash: u64, slots: usize) -> usize {
    ((u128::from(hash) * slots as u128) >> 64) as usize
}

/// The slot that is looked at next.
fn after(slot: usize, slots: usize) -> usize {
    if slot + 1 == slots { 0 } else { slot + 1 }
}

/// The bits that say least of the place.
#[allow(clippy::cast_possible_truncation)] // one byte is what is wanted
fn tag_of(hash: u64) -> u8 {
    hash as u8
}

#[cfg(test)]
pub(crate) mod tests;
