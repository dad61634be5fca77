//! Values by number that are rarely read: the first to spill.

use super::fixed::{Fixed, Reader, encoded};
use super::records::{Memory, ReadAhead, Records, Use};

/// Values in the order in which they came.
#[derive(Debug)]
pub struct Column<V> {
    records: Records,
    of: std::marker::PhantomData<V>,
}

impl<V: Fixed> Column<V> {
    /// An empty column.
    pub fn new(memory: &Memory) -> Self {
        Self {
            records: Records::new(memory, Use::RarelyRead, V::WIDTH),
            of: std::marker::PhantomData,
        }
    }

    /// Appends a value.
    pub fn push(&mut self, value: &V) {
        self.records.push(&encoded(value));
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// True without any value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at a place.
    pub fn value(&self, at: usize) -> V {
        self.records.read(at, |value| V::get(&mut Reader(value)))
    }

    /// Changes the value at a place.
    pub fn set(&mut self, at: usize, value: &V) {
        self.records.write(at, 0, &encoded(value));
    }

    /// Every value, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = V> + '_ {
        let mut ahead = ReadAhead::default();
        (0..self.records.len()).map(move |at| {
            let read = |value: &[u8]| V::get(&mut Reader(value));
            self.records.read_in_turn(at, &mut ahead, read)
        })
    }

    /// Writes all values to the spill file and frees their memory; reading takes longer then.
    pub fn spill(&mut self) {
        self.records.spill();
    }

    /// Reads rows back into memory, as far as it has room.
    pub fn reload(&mut self) {
        self.records.reload();
    }
}
