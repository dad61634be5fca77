//! Two collections with the same ids, side by side: each original with what its copy holds under its `_id`. Both are read in natural order, which
//! costs the server half of what an index does, and what does not come by at about the same time is looked up by its id. So any two orders
//! give the same pairs; the nearer they are to one another, the quicker.
//!
//! Ids are never ordered here, so mixed types and collations are the server's business alone.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;
use futures_util::future::try_join_all;
use mongodb::Database;
use smallvec::{SmallVec, smallvec};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::error::{Result, StoreError};
use super::matched::matched;
use super::scan::{self, Batch, Reader, Scan};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::id::Id;
use crate::domain::survey::facts::id_of;

/// Documents per page.
pub const PAGE: usize = 500;
/// Documents of one side that may wait for their partners. Pages that several writers sent change places with one another, so several must fit.
const WAITING: usize = 4 * PAGE;
/// For so many steps a document waits for its partner, before it may be looked up.
const PATIENCE: u32 = 4;

/// The collection whose documents are the originals.
#[derive(Debug, Clone, Copy)]
pub struct Source<'s> {
    /// Its name.
    pub name: &'s str,
    /// Only so many of its first documents; 0 for all.
    pub most: i64,
}

impl<'s> From<&'s String> for Source<'s> {
    fn from(name: &'s String) -> Self {
        Self { name, most: 0 }
    }
}

/// Which collection's [`Fingerprint`] is made on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hashes {
    /// That of the originals.
    Originals,
    /// That of the first companion.
    Companion,
}

/// Documents of one collection, numbered: those that waited, then those that just came.
#[derive(Debug, Default)]
struct Documents {
    waited: Vec<RawDocumentBuf>,
    came: Vec<Batch>,
}

impl Documents {
    fn all(&self) -> Vec<&RawDocument> {
        let came = self.came.iter().flat_map(Batch::documents);
        self.waited.iter().map(AsRef::as_ref).chain(came).collect()
    }
}

/// Numbers of documents in each companion.
type Partners = SmallVec<[Option<usize>; 2]>;

/// Some originals with their partners, and documents of companions that have no original.
#[derive(Debug, Default)]
pub struct Page {
    originals: Documents,
    companions: Vec<Documents>,
    met: Vec<(usize, Partners)>,
    alone: Vec<(usize, usize)>,
}

/// An original with what each companion holds under its `_id`, in the order in which they were named.
#[derive(Debug)]
pub struct Met<'d> {
    /// The original.
    pub original: &'d RawDocument,
    /// Its partners.
    pub partners: SmallVec<[Option<&'d RawDocument>; 2]>,
}

impl Page {
    /// The originals. One comes twice only where two companions hold it, or where it was deleted and made again while it was read.
    pub fn met(&self) -> Vec<Met<'_>> {
        let originals = self.originals.all();
        let companions: Vec<_> = self.companions.iter().map(Documents::all).collect();
        let partner = |(which, at): (usize, &Option<usize>)| {
            at.and_then(|at| companions.get(which)?.get(at).copied())
        };
        let met = self.met.iter().filter_map(|(at, partners)| {
            Some(Met {
                original: originals.get(*at)?,
                partners: partners.iter().enumerate().map(partner).collect(),
            })
        });
        met.collect()
    }

    /// Documents without an original, each with the number of its companion.
    pub fn alone(&self) -> Vec<(usize, &RawDocument)> {
        let companions: Vec<_> = self.companions.iter().map(Documents::all).collect();
        let alone = self.alone.iter();
        let alone =
            alone.filter_map(|(which, at)| Some((*which, *companions.get(*which)?.get(*at)?)));
        alone.collect()
    }

    /// How many originals.
    pub fn len(&self) -> usize {
        self.met.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A walk over originals and companions. While a page is looked at, a task of its own fetches the next, and hashes.
pub struct SideBySide {
    pages: mpsc::Receiver<Result<Came>>,
    /// Once it has ended, with the fingerprint.
    ended: Option<String>,
}

enum Came {
    Page(Page),
    /// The end, with the fingerprint of what was to be hashed.
    End(String),
}

impl SideBySide {
    /// Begins at the first document. All `companions` are asked for what did not come by, but only the first is read from its beginning together
    /// with the originals: it should be the one that holds nearly all of them.
    ///
    /// # Errors
    /// The server's refusal.
    pub fn of<'s>(
        database: &Database,
        originals: impl Into<Source<'s>>,
        companions: &[&str],
        hashes: Hashes,
    ) -> Result<Self> {
        let originals = originals.into();
        let read = |name: &str, most: i64| {
            let scan = Scan {
                limit: most,
                batch: u32::try_from(PAGE).unwrap_or(u32::MAX),
                ..Scan::default()
            };
            scan::read(database, name, &scan, None)
        };
        let companion = companions.first().map(|name| read(name, 0)).transpose()?;
        let walk = Walk {
            database: database.clone(),
            name: originals.name.to_owned(),
            companions: companions.iter().map(|name| (*name).to_owned()).collect(),
            originals: Side::new(
                Some(read(originals.name, originals.most)?),
                hashes == Hashes::Originals,
            ),
            companion: Side::new(companion, hashes == Hashes::Companion),
            step: 0,
        };
        let (give, pages) = mpsc::channel(1);
        tokio::spawn(async move {
            let done = walk.run(&give).await;
            // Where nobody listens any more, nobody needs the end.
            let _ = give.send(done.map(Came::End)).await;
        });
        Ok(Self { pages, ended: None })
    }

    /// The next page.
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

    /// The fingerprint, once there is no next page.
    pub fn fingerprint(self) -> String {
        self.ended.unwrap_or_default()
    }
}

/// A walk of which a task of its own makes something of each page, while the page before is looked at.
pub struct Examining<T, F> {
    pages: SideBySide,
    examine: F,
    under_way: Option<JoinHandle<Result<T>>>,
}

impl<T, F, E> Examining<T, F>
where
    T: Send + 'static,
    F: Fn(Page) -> E,
    E: Future<Output = Result<T>> + Send + 'static,
{
    /// Over `pages`, of which nothing was seen yet.
    pub fn new(pages: SideBySide, examine: F) -> Self {
        Self {
            pages,
            examine,
            under_way: None,
        }
    }

    /// What was made of the next page.
    ///
    /// # Errors
    /// The server's refusal, or what `examine` says.
    pub async fn next(&mut self) -> Result<Option<T>> {
        if self.under_way.is_none() {
            self.under_way = self.begin().await?;
        }
        let Some(now) = self.under_way.take() else {
            return Ok(None);
        };
        self.under_way = self.begin().await?;
        let broken_off = |_| Err(StoreError::Refused("reading was broken off".to_owned()));
        now.await.unwrap_or_else(broken_off).map(Some)
    }

    async fn begin(&mut self) -> Result<Option<JoinHandle<Result<T>>>> {
        let page = self.pages.next().await?;
        Ok(page.map(|page| tokio::spawn((self.examine)(page))))
    }

    /// See [`SideBySide::fingerprint`].
    pub fn fingerprint(self) -> String {
        self.pages.fingerprint()
    }
}

/// One of the two collections that are read.
struct Side {
    /// Until it has ended.
    reader: Option<Reader>,
    /// Documents whose partner did not come by yet, and since when.
    waiting: Vec<(u32, RawDocumentBuf)>,
    hash: Option<Fingerprint>,
}

impl Side {
    fn new(reader: Option<Reader>, hashes: bool) -> Self {
        Self {
            reader,
            waiting: Vec::new(),
            hash: hashes.then(Fingerprint::default),
        }
    }

    fn is_over(&self) -> bool {
        self.reader.is_none() && self.waiting.is_empty()
    }

    /// What waits, with the next batch unless too much waits already; and since when each of those that wait does.
    async fn next(&mut self) -> Result<(Documents, Vec<u32>)> {
        let mut came = Vec::new();
        if self.waiting.len() < WAITING
            && let Some(reader) = &mut self.reader
        {
            match reader.next().await? {
                Some(batch) => came.push(batch),
                None => self.reader = None,
            }
        }
        if let Some(hash) = &mut self.hash {
            came.iter()
                .flat_map(Batch::documents)
                .for_each(|it| hash.add(it));
        }
        let (since, waited) = std::mem::take(&mut self.waiting).into_iter().unzip();
        Ok((Documents { waited, came }, since))
    }

    /// Lets the documents without a partner wait, and returns those that have waited long enough: in vain, where the other side is `over`.
    fn put_back<'d>(
        &mut self,
        lonely: impl Iterator<Item = (Option<&'d u32>, &'d RawDocument)>,
        (now, over): (u32, bool),
    ) -> Vec<RawDocumentBuf> {
        let lonely = lonely.map(|(since, document)| (*since.unwrap_or(&now), document.to_owned()));
        self.waiting.extend(lonely);
        let full = self.waiting.len() >= WAITING;
        let in_vain = self
            .waiting
            .extract_if(.., |(since, _)| over || full && *since + PATIENCE <= now);
        in_vain.map(|(_, document)| document).collect()
    }
}

struct Walk {
    database: Database,
    /// That of the originals.
    name: String,
    companions: Vec<String>,
    originals: Side,
    companion: Side,
    step: u32,
}

impl Walk {
    async fn run(mut self, give: &mpsc::Sender<Result<Came>>) -> Result<String> {
        while !(self.originals.is_over() && self.companion.is_over()) {
            for page in self.step().await? {
                if give.send(Ok(Came::Page(page))).await.is_err() {
                    return Ok(String::new());
                }
            }
        }
        for which in 1..self.companions.len() {
            let mut reader = scan::read(
                &self.database,
                &self.companions[which],
                &Scan::default(),
                None,
            )?;
            while let Some(batch) = reader.next().await? {
                let page = self.without_original(
                    which,
                    Documents {
                        came: vec![batch],
                        ..Documents::default()
                    },
                );
                if give.send(Ok(Came::Page(page.await?))).await.is_err() {
                    return Ok(String::new());
                }
            }
        }
        let hash = self.originals.hash.or(self.companion.hash);
        Ok(hash.map(|hash| hash.text()).unwrap_or_default())
    }

    /// Reads on, and pairs what came with what waited.
    async fn step(&mut self) -> Result<Vec<Page>> {
        self.step += 1;
        let (originals, companion) =
            tokio::try_join!(self.originals.next(), self.companion.next())?;
        let ((originals, since), (companion, companion_since)) = (originals, companion);
        let (first, second) = (originals.all(), companion.all());
        let matched = matched(&first, &second);
        let met = matched.partners.iter().enumerate();
        let met: Vec<(usize, Partners)> = met
            .filter(|(_, partner)| partner.is_some() || self.companions.is_empty())
            .map(|(at, partner)| (at, self.partners_of(*partner)))
            .collect();
        let mut pages = Vec::new();
        if !self.companions.is_empty() {
            let lonely = first.iter().zip(&matched.partners).enumerate();
            let lonely = lonely.filter(|(_, (_, partner))| partner.is_none());
            let lonely = lonely.map(|(at, (document, _))| (since.get(at), *document));
            let over = self.companion.reader.is_none();
            let asked = self.originals.put_back(lonely, (self.step, over));
            let lonely = matched.alone.iter();
            let lonely =
                lonely.filter_map(|at| Some((companion_since.get(*at), *second.get(*at)?)));
            let over = self.originals.reader.is_none();
            let asked_too = self.companion.put_back(lonely, (self.step, over));
            let documents = |waited| Documents {
                waited,
                ..Documents::default()
            };
            if !asked.is_empty() {
                pages.push(self.looked_up(documents(asked)).await?);
            }
            if !asked_too.is_empty() {
                pages.push(self.without_original(0, documents(asked_too)).await?);
            }
        }
        drop((first, second));
        pages.push(Page {
            originals,
            companions: vec![companion],
            met,
            alone: Vec::new(),
        });
        Ok(pages)
    }

    fn partners_of(&self, first: Option<usize>) -> Partners {
        let mut partners: Partners = smallvec![None; self.companions.len()];
        if let Some(partner) = partners.first_mut() {
            *partner = first;
        }
        partners
    }

    /// Originals, with what is asked of every companion.
    async fn looked_up(&self, originals: Documents) -> Result<Page> {
        let asked = originals.all();
        let companions = try_join_all(self.companions.iter().map(|name| self.found(name, &asked)));
        let companions = companions.await?;
        let partners: Vec<_> = companions
            .iter()
            .map(|companion| matched(&asked, &companion.all()).partners)
            .collect();
        let met = (0..asked.len()).map(|at| (at, partners.iter().map(|it| it[at]).collect()));
        let met = met.collect();
        drop(asked);
        Ok(Page {
            originals,
            companions,
            met,
            alone: Vec::new(),
        })
    }

    /// Documents of a companion whose original did not come by: some have none. Those of another companion than the first are met here, where
    /// the first holds their original too; else the original was or will be looked up itself.
    async fn without_original(&self, which: usize, documents: Documents) -> Result<Page> {
        let asked = documents.all();
        let originals = self.found(&self.name, &asked).await?;
        let mut companions: Vec<Documents> = Vec::new();
        companions.resize_with(self.companions.len(), Documents::default);
        let (known, mut met) = (originals.all(), Vec::new());
        let matched_with = matched(&known, &asked);
        let alone = matched_with.alone.iter().map(|at| (which, *at)).collect();
        if which > 0 {
            let first = self.found(&self.companions[0], &known).await?;
            let partners = matched(&known, &first.all()).partners;
            for (at, partner) in partners
                .into_iter()
                .enumerate()
                .filter(|(_, it)| it.is_some())
            {
                let mut partners = self.partners_of(partner);
                partners[which] = matched_with.partners[at];
                met.push((at, partners));
            }
            companions[0] = first;
        }
        drop((asked, known));
        companions[which] = documents;
        Ok(Page {
            originals,
            companions,
            met,
            alone,
        })
    }

    /// What a collection holds under the ids of these documents.
    async fn found(&self, name: &str, documents: &[&RawDocument]) -> Result<Documents> {
        let ids: Vec<Id> = documents.iter().filter_map(|it| id_of(it)).collect();
        let mut came = Vec::new();
        for ids in ids.chunks(PAGE) {
            came.extend(scan::batches_by_ids(&self.database, name, ids).await?);
        }
        Ok(Documents {
            came,
            ..Documents::default()
        })
    }
}
