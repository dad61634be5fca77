//! Values of a fixed width, as a table's rows hold them.

use smallvec::SmallVec;

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

impl Fixed for i64 {
    const WIDTH: usize = 8;

    fn put(&self, into: &mut Writer<'_>) {
        into.i64(*self);
    }

    fn get(from: &mut Reader<'_>) -> Self {
        from.i64()
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
pub struct Writer<'a>(pub(super) &'a mut SmallVec<[u8; 96]>);

/// Where a [`Fixed`] value is read from, in the same order.
pub struct Reader<'a>(pub(super) &'a [u8]);

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

/// The bytes of a value.
pub(super) fn encoded<V: Fixed>(value: &V) -> SmallVec<[u8; 96]> {
    let mut bytes = SmallVec::new();
    value.put(&mut Writer(&mut bytes));
    bytes
}
