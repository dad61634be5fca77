//! "The same bytes", told without an order: how many documents a collection holds, and the sum of the SHA-256 of each. So a collection can be
//! read in whatever order is quickest, and no member of a replica set need keep that of another.

use bson::raw::RawDocument;
use sha2::{Digest as _, Sha256};

/// What has been read of a collection.
///
/// Two collections of the same documents have the same fingerprint. Other documents have it by chance in one of 2^256 cases; it is no
/// seal against somebody who picks documents to that end (a backup's files have their own SHA-256 for that).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fingerprint {
    documents: u64,
    /// The sum modulo 2^256: its low half, and its high one.
    sum: (u128, u128),
    in_order: bool,
}

impl Fingerprint {
    /// That of no documents. `in_order` where their order is part of the data, as in a capped collection: then the place of each counts too.
    pub fn new(in_order: bool) -> Self {
        Self {
            in_order,
            ..Self::default()
        }
    }

    /// Takes a document.
    pub fn add(&mut self, document: &RawDocument) {
        let mut hash = Sha256::new();
        if self.in_order {
            hash.update(self.documents.to_le_bytes());
        }
        hash.update(document.as_bytes());
        let hash: [u8; 32] = hash.finalize().into();
        let (low, high) = hash.split_at(16);
        let number = |half: &[u8]| half.try_into().map_or(0, u128::from_le_bytes);
        let (low, carry) = self.sum.0.overflowing_add(number(low));
        let high = self.sum.1.wrapping_add(number(high));
        self.sum = (low, high.wrapping_add(u128::from(carry)));
        self.documents += 1;
    }

    /// How many documents were taken.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// As it is kept and compared: the number of documents, and the sum in hexadecimal, lowest byte first.
    pub fn text(&self) -> String {
        let (low, high) = (self.sum.0.to_le_bytes(), self.sum.1.to_le_bytes());
        format!(
            "{}-{}{}",
            self.documents,
            hex::encode(low),
            hex::encode(high)
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;

    fn text(documents: &[RawDocumentBuf], in_order: bool) -> String {
        let mut fingerprint = Fingerprint::new(in_order);
        for document in documents {
            fingerprint.add(document);
        }
        fingerprint.text()
    }

    #[test]
    fn the_order_is_outside_unless_it_counts() {
        let (one, other) = (rawdoc! { "_id": 1 }, rawdoc! { "_id": 2 });
        let (forth, back) = ([one.clone(), other.clone()], [other, one]);
        assert_eq!(text(&forth, false), text(&back, false));
        assert_ne!(text(&forth, true), text(&back, true));
    }

    #[test]
    fn every_byte_every_document_and_every_repetition_counts() {
        let one = rawdoc! { "_id": 1, "a": "x" };
        let mut texts = vec![
            text(&[], false),
            text(std::slice::from_ref(&one), false),
            text(&[one.clone(), one.clone()], false),
            text(&[rawdoc! { "_id": 1, "a": "y" }], false),
            text(&[rawdoc! { "a": "x", "_id": 1 }], false),
        ];
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 5);
    }

    #[test]
    fn one_document_has_its_own_hash_and_sums_carry() {
        let one = rawdoc! { "_id": 1 };
        let hash: [u8; 32] = Sha256::digest(one.as_bytes()).into();
        assert_eq!(
            text(std::slice::from_ref(&one), false),
            format!("1-{}", hex::encode(hash))
        );
        let mut high = Fingerprint {
            sum: (u128::MAX, 0),
            ..Fingerprint::default()
        };
        high.add(&one);
        let halves: Vec<u128> = hash
            .chunks(16)
            .map(|half| u128::from_le_bytes(half.try_into().unwrap()))
            .collect();
        assert_eq!(high.sum, (halves[0] - 1, halves[1] + 1));
    }
}
