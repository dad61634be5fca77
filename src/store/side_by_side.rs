//! A merge join of collections with the same ids: each original with its copy. Both are read in natural order, which costs the server half as
//! much as an index scan. A document whose partner is not read at about the same time is looked up by its id. So any two orders give the same
//! rows; similar orders are faster.
//!
//! Ids are never compared for order here, so mixed types and collations do no harm.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;
use futures_util::future::try_join_all;
use mongodb::Database;
use smallvec::smallvec;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::error::{Result, StoreError};
use super::joined_page::{Documents, Partners, in_parts, parts};
pub use super::joined_page::{JoinedRow, Page};
use super::merge_join::join_by_id;
use super::scan::{self, Batch, Reader, Scan};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::id::Id;
use crate::domain::survey::facts::id_of;

/// Documents per page.
pub const PAGE: usize = 500;
/// Documents of one side that may wait for their partners. Several writers send batches in any order, so several pages must fit.
const WAITING: usize = 4 * PAGE;
/// Their bytes: from here on all of them are looked up at once.
const WAITING_BYTES: usize = 8 << 20;
/// How many steps a document waits for its partner before it may be looked up.
const PATIENCE: u32 = 4;

/// The collection whose documents are the originals.
#[derive(Debug, Clone, Copy)]
pub struct Source<'s> {
    /// Its name.
    pub name: &'s str,
    /// Read only this many documents; 0 for all.
    pub most: i64,
}

impl<'s> From<&'s String> for Source<'s> {
    fn from(name: &'s String) -> Self {
        Self { name, most: 0 }
    }
}

/// Which collection's [`Fingerprint`] is computed while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hashes {
    /// That of the originals.
    Originals,
    /// That of the first companion.
    Companion,
}

/// The join's reader. While the caller works on a page, a task fetches and hashes the next; after a large page only once that is asked for.
pub struct SideBySide {
    pages: mpsc::Receiver<Result<Message>>,
    /// How often the next page was asked for.
    asked: watch::Sender<u64>,
    /// The fingerprint, after the last page.
    ended: Option<String>,
}

/// What the reading task sends.
enum Message {
    Page(Page),
    /// The end, with the fingerprint of the hashed collection.
    End(String),
}

impl SideBySide {
    /// Begins at the first document. Only the first companion is read together with the originals, so it should hold nearly all of them. The
    /// others are asked by id, and read at the end for documents without an original.
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
        let (asked, asks) = watch::channel(0);
        tokio::spawn(async move {
            let mut out = Out {
                give: give.clone(),
                asks,
                given: 0,
            };
            let done = walk.run(&mut out).await;
            // A closed channel means that the caller stopped reading.
            let _ = give.send(done.map(Message::End)).await;
        });
        Ok(Self {
            pages,
            asked,
            ended: None,
        })
    }

    /// The next page.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn next(&mut self) -> Result<Option<Page>> {
        if self.ended.is_some() {
            return Ok(None);
        }
        self.asked.send_modify(|times| *times += 1);
        let message = self.pages.recv().await.unwrap_or_else(|| {
            // A channel that closes without an end marker is an error.
            Err(StoreError::Refused("reading was broken off".to_owned()))
        })?;
        match message {
            Message::Page(page) => Ok(Some(page)),
            Message::End(fingerprint) => {
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

/// Applies `examine` to each page in a task, while the caller works on the result of the page before.
pub struct Pipelined<T, F> {
    pages: SideBySide,
    examine: F,
    /// The result of the page before, and whether that page is a large one.
    under_way: Option<(JoinHandle<Result<T>>, bool)>,
}

impl<T, F, E> Pipelined<T, F>
where
    T: Send + 'static,
    F: Fn(Page) -> E,
    E: Future<Output = Result<T>> + Send + 'static,
{
    /// Over `pages`, of which none was read yet.
    pub fn new(pages: SideBySide, examine: F) -> Self {
        Self {
            pages,
            examine,
            under_way: None,
        }
    }

    /// The result for the next page.
    ///
    /// # Errors
    /// The server's refusal, or an error of `examine`.
    pub async fn next(&mut self) -> Result<Option<T>> {
        if self.under_way.is_none() {
            self.under_way = self.begin().await?;
        }
        let Some((now, large)) = self.under_way.take() else {
            return Ok(None);
        };
        let broken_off = |_| Err(StoreError::Refused("reading was broken off".to_owned()));
        if large {
            return now.await.unwrap_or_else(broken_off).map(Some);
        }
        self.under_way = self.begin().await?;
        now.await.unwrap_or_else(broken_off).map(Some)
    }

    async fn begin(&mut self) -> Result<Option<(JoinHandle<Result<T>>, bool)>> {
        let page = self.pages.next().await?;
        Ok(page.map(|page| {
            let large = page.is_large();
            (tokio::spawn((self.examine)(page)), large)
        }))
    }

    /// See [`SideBySide::fingerprint`].
    pub fn fingerprint(self) -> String {
        self.pages.fingerprint()
    }
}

/// One of the two collections that are read.
struct Side {
    /// `None` after the end.
    reader: Option<Reader>,
    /// Documents whose partner was not read yet, each with the step since which it waits.
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

    fn waiting_bytes(&self) -> usize {
        let bytes = self.waiting.iter().map(|(_, it)| it.as_bytes().len());
        bytes.sum()
    }

    fn is_full(&self) -> bool {
        self.waiting.len() >= WAITING || self.waiting_bytes() >= WAITING_BYTES
    }

    fn is_over(&self) -> bool {
        self.reader.is_none() && self.waiting.is_empty()
    }

    /// The waiting documents, and the next batch unless too many wait already; and for each waiting one, since which step.
    async fn next(&mut self) -> Result<(Documents, Vec<u32>)> {
        let mut read = Vec::new();
        if !self.is_full()
            && let Some(reader) = &mut self.reader
        {
            match reader.next().await? {
                Some(batch) => read.push(batch),
                None => self.reader = None,
            }
        }
        if let Some(hash) = &mut self.hash {
            read.iter()
                .flat_map(Batch::documents)
                .for_each(|it| hash.add(it));
        }
        let (since, waited) = std::mem::take(&mut self.waiting).into_iter().unzip();
        Ok((Documents { waited, read }, since))
    }

    /// Keeps documents without a partner waiting. Returns those to look up by id: the ones that waited long enough, or all when the other side
    /// is `over`.
    fn keep_waiting<'d>(
        &mut self,
        unmatched: impl Iterator<Item = (Option<&'d u32>, &'d RawDocument)>,
        (now, over): (u32, bool),
    ) -> Vec<RawDocumentBuf> {
        let unmatched =
            unmatched.map(|(since, document)| (*since.unwrap_or(&now), document.to_owned()));
        self.waiting.extend(unmatched);
        let large = self.waiting_bytes() >= WAITING_BYTES;
        let full = self.waiting.len() >= WAITING;
        let to_look_up = self.waiting.extract_if(.., |(since, _)| {
            over || large || full && *since + PATIENCE <= now
        });
        to_look_up.map(|(_, document)| document).collect()
    }
}

/// Where pages go.
struct Out {
    give: mpsc::Sender<Result<Message>>,
    asks: watch::Receiver<u64>,
    given: u64,
}

impl Out {
    /// Gives a page; after a large one it waits until the next is asked for. False when nobody wants pages any more.
    async fn page(&mut self, page: Page) -> bool {
        let large = page.is_large();
        if self.give.send(Ok(Message::Page(page))).await.is_err() {
            return false;
        }
        self.given += 1;
        let given = self.given;
        !large || self.asks.wait_for(|times| *times > given).await.is_ok()
    }
}

struct Walk {
    database: Database,
    /// The collection of the originals.
    name: String,
    companions: Vec<String>,
    originals: Side,
    companion: Side,
    step: u32,
}

impl Walk {
    async fn run(mut self, out: &mut Out) -> Result<String> {
        while !(self.originals.is_over() && self.companion.is_over()) {
            if !self.step(out).await? {
                return Ok(String::new());
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
                for documents in in_parts(batch) {
                    let page = self.with_originals(which, documents).await?;
                    if !out.page(page).await {
                        return Ok(String::new());
                    }
                }
            }
        }
        let hash = self.originals.hash.or(self.companion.hash);
        Ok(hash.map(|hash| hash.text()).unwrap_or_default())
    }

    /// Reads the next batch of both sides, and joins it with the waiting documents. False when nobody wants pages any more.
    async fn step(&mut self, out: &mut Out) -> Result<bool> {
        self.step += 1;
        let (originals, companion) =
            tokio::try_join!(self.originals.next(), self.companion.next())?;
        let ((originals, since), (companion, companion_since)) = (originals, companion);
        let (first, second) = (originals.all(), companion.all());
        let join = join_by_id(&first, &second);
        let rows = join.partners.iter().enumerate();
        let rows: Vec<(usize, Partners)> = rows
            .filter(|(_, partner)| partner.is_some() || self.companions.is_empty())
            .map(|(at, partner)| (at, self.partners_of(*partner)))
            .collect();
        let (mut originals_asked, mut companions_asked) = (Vec::new(), Vec::new());
        if !self.companions.is_empty() {
            let over = self.companion.reader.is_none();
            let unmatched = first.iter().zip(&join.partners).enumerate();
            let unmatched = unmatched.filter(|(_, (_, partner))| partner.is_none());
            let unmatched = unmatched.map(|(at, (document, _))| (since.get(at), *document));
            originals_asked = self.originals.keep_waiting(unmatched, (self.step, over));
            let over = self.originals.reader.is_none();
            let unmatched = join.unmatched.iter();
            let unmatched =
                unmatched.filter_map(|at| Some((companion_since.get(*at), *second.get(*at)?)));
            companions_asked = self.companion.keep_waiting(unmatched, (self.step, over));
        }
        drop((first, second));
        let page = Page {
            originals,
            companions: vec![companion],
            rows,
            unmatched: Vec::new(),
        };
        // Before anything is looked up: the page may be a large one.
        if !out.page(page).await {
            return Ok(false);
        }
        for documents in parts(originals_asked) {
            let page = self.with_partners(documents).await?;
            if !out.page(page).await {
                return Ok(false);
            }
        }
        for documents in parts(companions_asked) {
            let page = self.with_originals(0, documents).await?;
            if !out.page(page).await {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn partners_of(&self, first: Option<usize>) -> Partners {
        let mut partners: Partners = smallvec![None; self.companions.len()];
        if let Some(partner) = partners.first_mut() {
            *partner = first;
        }
        partners
    }

    /// Looks up the partners of `originals` in every companion.
    async fn with_partners(&self, originals: Documents) -> Result<Page> {
        let asked = originals.all();
        let companions = try_join_all(
            self.companions
                .iter()
                .map(|name| self.look_up(name, &asked)),
        );
        let companions = companions.await?;
        let partners: Vec<_> = companions
            .iter()
            .map(|companion| join_by_id(&asked, &companion.all()).partners)
            .collect();
        let rows = (0..asked.len()).map(|at| (at, partners.iter().map(|it| it[at]).collect()));
        let rows = rows.collect();
        drop(asked);
        Ok(Page {
            originals,
            companions,
            rows,
            unmatched: Vec::new(),
        })
    }

    /// Looks up the originals of a companion's documents; those without one are unmatched. For a companion other than the first, an original
    /// that the first companion holds too becomes a row here; any other original was or will be looked up by itself.
    async fn with_originals(&self, which: usize, documents: Documents) -> Result<Page> {
        let asked = documents.all();
        // Of the first companion's documents only those matter here that have no original.
        let fields: &[&str] = if which == 0 { &["_id"] } else { &[] };
        let originals = self.look_up_fields(&self.name, &asked, fields).await?;
        let mut companions: Vec<Documents> = Vec::new();
        companions.resize_with(self.companions.len(), Documents::default);
        let (known, mut rows) = (originals.all(), Vec::new());
        let join = join_by_id(&known, &asked);
        let unmatched = join.unmatched.iter().map(|at| (which, *at)).collect();
        if which > 0 {
            let first = self.look_up(&self.companions[0], &known).await?;
            let partners = join_by_id(&known, &first.all()).partners;
            for (at, partner) in partners
                .into_iter()
                .enumerate()
                .filter(|(_, it)| it.is_some())
            {
                let mut partners = self.partners_of(partner);
                partners[which] = join.partners[at];
                rows.push((at, partners));
            }
            companions[0] = first;
        }
        drop((asked, known));
        companions[which] = documents;
        Ok(Page {
            originals,
            companions,
            rows,
            unmatched,
        })
    }

    /// The documents of a collection that have the ids of `documents`.
    async fn look_up(&self, name: &str, documents: &[&RawDocument]) -> Result<Documents> {
        self.look_up_fields(name, documents, &[]).await
    }

    async fn look_up_fields(
        &self,
        name: &str,
        documents: &[&RawDocument],
        fields: &[&str],
    ) -> Result<Documents> {
        let ids: Vec<Id> = documents.iter().filter_map(|it| id_of(it)).collect();
        let mut read = Vec::new();
        for ids in ids.chunks(PAGE) {
            read.extend(scan::fields_by_ids(&self.database, name, ids, fields).await?);
        }
        Ok(Documents {
            read,
            ..Documents::default()
        })
    }
}
