//! Pages of a collection in the order of its `_id` index, each with the range of ids that it covers, so that other collections with the same
//! ids can be read range by range. Nobody orders ids but the server.

use std::collections::HashMap;

use bson::raw::RawDocument;
use futures_util::future::try_join_all;
use mongodb::Database;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::error::{Result, StoreError};
use super::scan::{self, Batch, Reader, Scan};
use crate::domain::id::{Id, hex};
use crate::domain::raw::get;
use crate::domain::survey::facts::id_of;

/// Documents per page.
pub const PAGE: usize = 2_000;
/// How far ahead a document is looked for where two orders differ.
const WINDOW: usize = 8;

/// A page.
#[derive(Debug)]
pub struct Page {
    batch: Option<Batch>,
    /// What the other collections hold in this page's range, in the order in which they were named.
    beside: Vec<Vec<Batch>>,
}

impl Page {
    /// Its documents.
    pub fn documents(&self) -> impl Iterator<Item = &RawDocument> {
        self.batch.iter().flat_map(Batch::documents)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.batch.as_ref().map_or(0, Batch::len)
    }

    /// True for the one page of a collection that is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The documents that another collection holds in this page's range.
    pub fn beside(&self, which: usize) -> impl Iterator<Item = &RawDocument> {
        self.beside
            .get(which)
            .into_iter()
            .flatten()
            .flat_map(Batch::documents)
    }
}

/// A walk over a collection. While a page is looked at, a task of its own fetches the next, and hashes.
pub struct Pages {
    pages: mpsc::Receiver<Result<Came>>,
    /// Once it has ended, with the fingerprint.
    ended: Option<String>,
}

/// The collection that is walked.
#[derive(Debug, Clone, Copy)]
pub struct Source<'s> {
    /// Its name.
    pub name: &'s str,
    /// Only so many of its first documents; 0 for all.
    pub most: i64,
}

impl<'s> From<&'s str> for Source<'s> {
    fn from(name: &'s str) -> Self {
        Self { name, most: 0 }
    }
}

impl<'s> From<&'s String> for Source<'s> {
    fn from(name: &'s String) -> Self {
        Self::from(name.as_str())
    }
}

enum Came {
    Page(Page),
    /// The end, with the fingerprint of what was to be hashed.
    End(String),
}

/// Which collection's [`super::identity::fingerprint`] a walk makes on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hashes {
    /// Of none.
    Nothing,
    /// Of the one that is walked.
    Walked,
    /// Of the first of those beside it.
    FirstBeside,
}

impl Pages {
    /// Begins at the first document; with each page comes what the collections `beside` hold in its range.
    ///
    /// # Errors
    /// The server's refusal.
    pub fn of<'s>(
        database: &Database,
        source: impl Into<Source<'s>>,
        beside: &[&str],
        hashes: Hashes,
    ) -> Result<Self> {
        let source = source.into();
        let walk = Scan {
            ordered: true,
            limit: source.most,
            batch: u32::try_from(PAGE).unwrap_or(u32::MAX),
            ..Scan::default()
        };
        let reader = scan::read(database, source.name, &walk, None)?;
        let (give, pages) = mpsc::channel(1);
        let beside = beside.iter().map(|name| (*name).to_owned()).collect();
        let walk = Walk {
            database: database.clone(),
            reader,
            beside,
            hashes,
        };
        tokio::spawn(async move {
            let done = walk.run(&give).await;
            // Where nobody listens any more, nobody needs the end.
            let _ = give.send(done.map(Came::End)).await;
        });
        Ok(Self { pages, ended: None })
    }

    /// The next page; even an empty collection has one, whose range is everything.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn next(&mut self) -> Result<Option<Page>> {
        if self.ended.is_some() {
            return Ok(None);
        }
        let came = self.pages.recv().await.unwrap_or_else(|| {
            // The end is said; a silence is none.
            Err(StoreError::Refused("reading was broken off".to_owned()))
        })?;
        match came {
            Came::Page(page) => Ok(Some(page)),
            Came::End(fingerprint) => {
                self.ended = Some(fingerprint);
                Ok(None)
            }
        }
    }

    /// The fingerprint, once there is no next page; of no documents where nothing was to be hashed.
    pub fn fingerprint(self) -> String {
        self.ended.unwrap_or_default()
    }
}

struct Walk {
    database: Database,
    reader: Reader,
    beside: Vec<String>,
    hashes: Hashes,
}

impl Walk {
    async fn run(mut self, give: &mpsc::Sender<Result<Came>>) -> Result<String> {
        let mut hash = Sha256::new();
        let mut batch = self.reader.next().await?;
        let mut from: Option<Id> = None;
        loop {
            let next = self.reader.next().await?;
            let until = next
                .as_ref()
                .and_then(|batch| batch.documents().next())
                .and_then(id_of);
            let ranges = self
                .beside
                .iter()
                .map(|name| self.range(name, from.as_ref(), until.as_ref()));
            let beside = try_join_all(ranges).await?;
            let last = next.is_none();
            let page = Page {
                batch: std::mem::replace(&mut batch, next),
                beside,
            };
            match self.hashes {
                Hashes::Nothing => {}
                Hashes::Walked => page.documents().for_each(|it| hash.update(it.as_bytes())),
                Hashes::FirstBeside => page.beside(0).for_each(|it| hash.update(it.as_bytes())),
            }
            if give.send(Ok(Came::Page(page))).await.is_err() || last {
                return Ok(hex(&hash.finalize()));
            }
            from = until;
        }
    }

    async fn range(
        &self,
        collection: &str,
        from: Option<&Id>,
        until: Option<&Id>,
    ) -> Result<Vec<Batch>> {
        let range = Scan {
            from: from.cloned(),
            until: until.cloned(),
            ordered: true,
            // More than a page, so that the first answer is the last.
            batch: u32::try_from(2 * PAGE).unwrap_or(u32::MAX),
            ..Scan::default()
        };
        let mut batches = scan::batches(&self.database, collection, &range).await?;
        if from.is_some() && until.is_none() {
            // A scan with `min` alone ends before MaxKey (seen on 6.0), which may be an `_id` all the same.
            let last = Scan {
                filter: bson::doc! { "_id": bson::Bson::MaxKey },
                ..Scan::default()
            };
            batches.extend(scan::batches(&self.database, collection, &last).await?);
        }
        Ok(batches)
    }
}

/// Which documents of two lists have the same `_id`.
pub struct Matched<'d> {
    /// For each document of the first list, that of the second.
    pub partners: Vec<Option<&'d RawDocument>>,
    /// Documents of the second list alone.
    pub alone: Vec<&'d RawDocument>,
}

/// Matches two lists by `_id`, whatever their orders; quickest where they are the same, as two ranges of one index are.
pub fn matched<'d>(
    first: &[&RawDocument],
    second: impl Iterator<Item = &'d RawDocument>,
) -> Matched<'d> {
    let second: Vec<_> = second
        .map(|document| (document, get(document, "_id")))
        .collect();
    let ids: Vec<_> = first.iter().map(|document| get(document, "_id")).collect();
    let mut partners = vec![None; first.len()];
    let (mut lonely, mut alone) = (Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    while i < ids.len() && j < second.len() {
        let here = (0..WINDOW).find(|ahead| second.get(j + ahead).is_some_and(|it| it.1 == ids[i]));
        if let Some(passed) = here {
            alone.extend(&second[j..j + passed]);
            partners[i] = Some(second[j + passed].0);
            j += passed + 1;
        } else {
            lonely.push(i);
        }
        i += 1;
    }
    lonely.extend(i..ids.len());
    alone.extend(&second[j..]);
    if !lonely.is_empty() && !alone.is_empty() {
        // Other orders, or ids that are equal as numbers only.
        let canonical = |id: crate::domain::raw::Value<'_>| Id::from_value(id).canonical();
        let places: HashMap<Id, usize> = lonely
            .iter()
            .filter_map(|at| Some((canonical(ids[*at]?), *at)))
            .collect();
        alone.retain(|(document, id)| {
            let place = id.and_then(|id| places.get(&canonical(id)));
            match place.and_then(|at| partners.get_mut(*at)) {
                Some(partner @ None) => {
                    *partner = Some(*document);
                    false
                }
                _ => true,
            }
        });
    }
    Matched {
        partners,
        alone: alone.into_iter().map(|(document, _)| document).collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;

    fn documents(ids: &[i64]) -> Vec<RawDocumentBuf> {
        ids.iter().map(|id| rawdoc! { "_id": *id }).collect()
    }

    /// As [`matched`], by comparing each with each.
    fn expected(first: &[i64], second: &[i64]) -> (Vec<Option<i64>>, Vec<i64>) {
        let partners = first
            .iter()
            .map(|id| second.iter().find(|other| *other == id).copied())
            .collect();
        let alone = second.iter().filter(|id| !first.contains(id));
        (partners, alone.copied().collect())
    }

    fn found(first: &[i64], second: &[i64]) -> (Vec<Option<i64>>, Vec<i64>) {
        let (one, other) = (documents(first), documents(second));
        let one: Vec<&RawDocument> = one.iter().map(AsRef::as_ref).collect();
        let matched = matched(&one, other.iter().map(AsRef::as_ref));
        let id = |document: &RawDocument| document.get_i64("_id").unwrap();
        let mut alone: Vec<i64> = matched.alone.iter().map(|it| id(it)).collect();
        alone.sort_unstable();
        (
            matched.partners.iter().map(|it| it.map(id)).collect(),
            alone,
        )
    }

    #[test]
    fn documents_are_matched_in_any_order_with_any_gaps() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..2_000 {
            let mut some = |most: usize| -> Vec<i64> {
                let mut ids: Vec<u8> = (0..60).collect();
                if random.bool() {
                    random.shuffle(&mut ids);
                }
                let skip = random.u8(1..20);
                ids.retain(|_| random.u8(..) % 20 >= skip);
                ids.truncate(most);
                ids.into_iter().map(i64::from).collect()
            };
            let (first, second) = (some(60), some(60));
            let (partners, mut alone) = expected(&first, &second);
            alone.sort_unstable();
            assert_eq!(
                found(&first, &second),
                (partners, alone),
                "{first:?} {second:?}"
            );
        }
    }

    #[test]
    fn numbers_of_other_types_are_the_same_id() {
        let one = [rawdoc! { "_id": 1 }, rawdoc! { "_id": 2_i64 }];
        let other = [rawdoc! { "_id": 2.0 }, rawdoc! { "_id": 1_i64 }];
        let one: Vec<&RawDocument> = one.iter().map(AsRef::as_ref).collect();
        let matched = matched(&one, other.iter().map(AsRef::as_ref));
        assert_eq!(matched.partners[0], Some(other[1].as_ref()));
        assert_eq!(matched.partners[1], Some(other[0].as_ref()));
        assert!(matched.alone.is_empty());
    }
}
