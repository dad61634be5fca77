//! A page of the join: originals with their partners, bounded in bytes as well as in number.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;
use smallvec::SmallVec;

use super::scan::{Batch, LARGE};

/// Bytes of documents that are looked up together, unless it is a single one.
const LOOKED_UP_BYTES: usize = 4 << 20;

/// Documents of one collection, numbered: those that waited first, then those just read.
#[derive(Debug, Default)]
pub(super) struct Documents {
    pub(super) waited: Vec<RawDocumentBuf>,
    pub(super) read: Vec<Batch>,
}

impl Documents {
    pub(super) fn bytes(&self) -> usize {
        let waited = self.waited.iter().map(|it| it.as_bytes().len());
        waited.sum::<usize>() + self.read.iter().map(Batch::bytes).sum::<usize>()
    }

    pub(super) fn all(&self) -> Vec<&RawDocument> {
        let read = self.read.iter().flat_map(Batch::documents);
        self.waited.iter().map(AsRef::as_ref).chain(read).collect()
    }
}

/// For each companion, the number of the partner.
pub(super) type Partners = SmallVec<[Option<usize>; 2]>;

/// Originals with their partners, and documents of companions without an original.
#[derive(Debug, Default)]
pub struct Page {
    pub(super) originals: Documents,
    pub(super) companions: Vec<Documents>,
    pub(super) rows: Vec<(usize, Partners)>,
    pub(super) unmatched: Vec<(usize, usize)>,
}

/// An original and the document with its `_id` in each companion, in the companions' order.
#[derive(Debug)]
pub struct JoinedRow<'d> {
    /// The original.
    pub original: &'d RawDocument,
    /// Its partners.
    pub partners: SmallVec<[Option<&'d RawDocument>; 2]>,
}

impl Page {
    /// The originals. One appears twice only when two companions hold it, or when it was deleted and inserted again during the read.
    pub fn rows(&self) -> Vec<JoinedRow<'_>> {
        let originals = self.originals.all();
        let companions: Vec<_> = self.companions.iter().map(Documents::all).collect();
        let partner = |(which, at): (usize, &Option<usize>)| {
            at.and_then(|at| companions.get(which)?.get(at).copied())
        };
        let rows = self.rows.iter().filter_map(|(at, partners)| {
            Some(JoinedRow {
                original: originals.get(*at)?,
                partners: partners.iter().enumerate().map(partner).collect(),
            })
        });
        rows.collect()
    }

    /// Documents without an original, each with the number of its companion.
    pub fn unmatched(&self) -> Vec<(usize, &RawDocument)> {
        let companions: Vec<_> = self.companions.iter().map(Documents::all).collect();
        let unmatched = self.unmatched.iter();
        unmatched
            .filter_map(|(which, at)| Some((*which, *companions.get(*which)?.get(*at)?)))
            .collect()
    }

    /// True where it takes so much memory that the next should wait.
    pub(super) fn is_large(&self) -> bool {
        let companions = self.companions.iter().map(Documents::bytes);
        self.originals.bytes() + companions.sum::<usize>() > LARGE
    }

    /// The number of originals.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A batch in parts of bounded size; a usual one as it came.
pub(super) fn in_parts(batch: Batch) -> Vec<Documents> {
    if batch.bytes() <= LARGE {
        let read = vec![batch];
        return vec![Documents {
            read,
            ..Documents::default()
        }];
    }
    parts(batch.documents().map(RawDocument::to_owned).collect())
}

/// Documents in parts of bounded size.
pub(super) fn parts(documents: Vec<RawDocumentBuf>) -> Vec<Documents> {
    let mut parts: Vec<Documents> = Vec::new();
    let mut bytes = 0;
    for document in documents {
        let more = document.as_bytes().len();
        match parts.last_mut() {
            Some(part) if bytes + more <= LOOKED_UP_BYTES => {
                bytes += more;
                part.waited.push(document);
            }
            _ => {
                bytes = more;
                parts.push(Documents {
                    waited: vec![document],
                    ..Documents::default()
                });
            }
        }
    }
    parts
}
