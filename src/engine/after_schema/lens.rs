//! What stands under an after-schema, as it was before the rules of that: for the proof and the way back, which compare with the originals.

use std::borrow::Cow;

use bson::raw::RawDocument;

use crate::domain::mapping::Mapping;
use crate::domain::raw::Malformed;
use crate::domain::rebuilt::Rebuilt;
use crate::domain::schema_change::CollectionChange;
use crate::domain::schema_change::shape::Shape;
use crate::domain::schema_change::undo::Known;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::{Session, Workspace};
use crate::store::StoreError;
use crate::store::scan::{self, Scan};

/// What the after-schema does to the documents of a collection, where it does something.
pub(crate) fn change_of<'m>(mapping: &'m Mapping, which: &Rebuilt) -> Option<&'m CollectionChange> {
    change_at(mapping, which.live())
}

/// The same, of the collection that has this live name today.
pub(crate) fn change_at<'m>(mapping: &'m Mapping, live: &str) -> Option<&'m CollectionChange> {
    let change = mapping.changes()?.of(live)?;
    (!change.rules.is_empty()).then_some(change)
}

/// A document as it was before the rules.
pub(crate) fn undone<'d>(
    change: Option<&CollectionChange>,
    document: &'d RawDocument,
    known: Known<'_>,
) -> std::result::Result<Cow<'d, RawDocument>, Malformed> {
    match change {
        None => Ok(Cow::Borrowed(document)),
        Some(change) => change.undo(document, known).map(Cow::Owned),
    }
}

impl Session {
    /// Hands on every document that stood under a live name, with the fields as it had them then: of the original where that stands, else of what
    /// is live now.
    pub(crate) async fn each_as_before(
        &self,
        live: &str,
        wanted: &[&str],
        watcher: &Watcher,
        mut take: impl FnMut(&RawDocument),
    ) -> Result<()> {
        let mapping = &self.work.mapping;
        let place = self.layout.original_of(mapping, live);
        let rebuilt = mapping.rebuilt();
        let copy = rebuilt.iter().find(|which| which.live() == live);
        let copy = copy.filter(|which| self.layout.source(which).is_none());
        let change = copy.and_then(|which| change_of(mapping, which));
        let scan = Scan {
            fields: as_now(change, wanted),
            ..Scan::default()
        };
        let place_of = (&self.work.connection.database, None);
        scan::each(place_of, &place, &scan, &watcher.cancel, |document| {
            let before = undone(change, document, Known::Nothing);
            take(&before.map_err(|error| StoreError::Invalid(error.to_string()))?);
            Ok(())
        })
        .await?;
        Ok(())
    }
}

/// The names under which fields are read that had these before the after-schema: those, and the new ones.
pub(crate) fn as_now(change: Option<&CollectionChange>, wanted: &[&str]) -> Vec<String> {
    let new = wanted.iter().filter_map(|field| change?.name_after(field));
    let all = wanted.iter().copied().chain(new);
    all.map(str::to_owned).collect()
}

impl Workspace {
    /// What the after-schema does to a document of a collection; `None` for nothing.
    pub(crate) fn shape_of(&self, which: &Rebuilt) -> Option<Shape> {
        change_of(&self.mapping, which)?.shape()
    }
}
