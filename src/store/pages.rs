//! Pages of a collection in the order of its `_id` index, each with the range of ids that it covers, so that another collection with the same
//! ids can be read range by range. Nobody orders ids but the server.

use bson::RawDocumentBuf;
use mongodb::{Cursor, Database};

use super::error::{Result, StoreError};
use super::scan::{self, Scan};
use crate::domain::id::Id;
use crate::domain::survey::facts::id_of;

/// Documents per page.
pub const PAGE: usize = 2_000;
/// Bytes per page.
pub const PAGE_BYTES: usize = 8 << 20;

/// A page.
#[derive(Debug)]
pub struct Page {
    /// Its documents.
    pub documents: Vec<RawDocumentBuf>,
    /// The `_id` that its range begins with; `None` for the first page, whose range begins at the very beginning.
    from: Option<Id>,
    /// The `_id` that its range ends before; `None` for the last page.
    until: Option<Id>,
}

impl Page {
    /// The documents of `collection` in this page's range.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn same_range(
        &self,
        database: &Database,
        collection: &str,
    ) -> Result<Vec<RawDocumentBuf>> {
        let range = Scan {
            from: self.from.clone(),
            until: self.until.clone(),
            ordered: true,
            ..Scan::default()
        };
        let mut documents = scan::all(database, collection, &range).await?;
        if self.from.is_some() && self.until.is_none() {
            // A scan with `min` alone ends before MaxKey (seen on 6.0), which may be an `_id` all the same.
            let last = Scan {
                filter: bson::doc! { "_id": bson::Bson::MaxKey },
                ..Scan::default()
            };
            documents.extend(scan::all(database, collection, &last).await?);
        }
        Ok(documents)
    }
}

/// A walk over a collection.
pub struct Pages {
    cursor: Cursor<RawDocumentBuf>,
    collection: String,
    from: Option<Id>,
    more: bool,
    first: bool,
}

impl Pages {
    /// Begins at the first document.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn of(database: &Database, collection: &str) -> Result<Self> {
        let ordered = Scan {
            ordered: true,
            ..Scan::default()
        };
        let mut pages = Self {
            cursor: scan::open(database, collection, &ordered).await?,
            collection: collection.to_owned(),
            from: None,
            more: true,
            first: true,
        };
        pages.advance().await?;
        Ok(pages)
    }

    async fn advance(&mut self) -> Result<()> {
        self.more = self.cursor.advance().await.map_err(|error| {
            StoreError::from_driver(format!("reading {}", self.collection), &error)
        })?;
        Ok(())
    }

    /// The next page; even an empty collection has one, whose range is everything.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn next(&mut self) -> Result<Option<Page>> {
        if !self.more && !std::mem::take(&mut self.first) {
            return Ok(None);
        }
        self.first = false;
        let mut documents = Vec::new();
        let mut bytes = 0;
        while self.more && documents.len() < PAGE && bytes < PAGE_BYTES {
            let document = self.cursor.current();
            bytes += document.as_bytes().len();
            documents.push(document.to_owned());
            self.advance().await?;
        }
        let until = if self.more {
            id_of(self.cursor.current())
        } else {
            None
        };
        let from = std::mem::replace(&mut self.from, until.clone());
        Ok(Some(Page {
            documents,
            from,
            until,
        }))
    }
}
