//! Ids of documents that may have to be named later: written one after another, found again by number, outside of memory where that is full.

use crate::domain::id::Id;
use crate::domain::table::{Column, Fixed, Memory, Reader, Writer};

/// Sixteen bytes of an id.
#[derive(Debug)]
struct Piece([u8; 16]);

impl Fixed for Piece {
    const WIDTH: usize = 16;

    fn put(&self, into: &mut Writer<'_>) {
        into.u128(u128::from_le_bytes(self.0));
    }

    fn get(from: &mut Reader<'_>) -> Self {
        Self(from.u128().to_le_bytes())
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct IdLog {
    pieces: Column<Piece>,
    length: u32,
}

impl IdLog {
    pub(super) fn new(memory: &Memory) -> Self {
        Self {
            pieces: Column::new(memory),
            length: 0,
        }
    }

    /// Keeps an id; its number.
    pub(super) fn keep(&mut self, id: &Id) -> u32 {
        let number = self.length;
        let bytes = id.as_bytes();
        // Two bytes say how many follow; the server allows an `_id` of 1,024 bytes and more, and a longer one is cut.
        let bytes = bytes.get(..usize::from(u16::MAX)).unwrap_or(bytes);
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        let mut piece = [0; 16];
        piece[..2].copy_from_slice(&length.to_le_bytes());
        let mut filled = 2;
        for byte in bytes {
            if filled == piece.len() {
                self.push(piece);
                (piece, filled) = ([0; 16], 0);
            }
            piece[filled] = *byte;
            filled += 1;
        }
        self.push(piece);
        number
    }

    fn push(&mut self, piece: [u8; 16]) {
        self.pieces.push(&Piece(piece));
        self.length = self.length.saturating_add(1);
    }

    /// The id of that number.
    pub(super) fn id(&self, number: u32) -> Id {
        let mut at = usize::try_from(number).unwrap_or(usize::MAX);
        let mut piece = self.pieces.value(at).0;
        let length = usize::from(u16::from_le_bytes([piece[0], piece[1]]));
        let mut bytes = Vec::with_capacity(length);
        let mut read = 2;
        while bytes.len() < length {
            if read == piece.len() {
                at += 1;
                piece = self.pieces.value(at).0;
                read = 0;
            }
            bytes.push(piece[read]);
            read += 1;
        }
        Id::from_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::table::tests::memory;

    #[test]
    fn ids_of_every_length_are_found_again_in_memory_and_outside() {
        for limit in [0, 1 << 20] {
            let mut log = IdLog::new(&memory(limit));
            let ids: Vec<Id> = (0..3_000_usize)
                .map(|at| Id::string(&"x".repeat(at % 70)))
                .chain([Id::object_id([7; 12]), Id::uuid([1; 16])])
                .collect();
            let numbers: Vec<u32> = ids.iter().map(|id| log.keep(id)).collect();
            for (id, number) in ids.iter().zip(numbers) {
                assert_eq!(&log.id(number), id);
            }
        }
    }
}
