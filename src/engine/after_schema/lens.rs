//! What stands under an after-schema, as it was before the rules of that: for the proof and the way back, which compare with the originals.

use std::borrow::Cow;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::mapping::Mapping;
use crate::domain::raw::Malformed;
use crate::domain::rebuilt::Rebuilt;
use crate::domain::schema_change::CollectionChange;
use crate::domain::schema_change::shape::Shape;
use crate::domain::schema_change::undo::Known;
use crate::engine::session::Workspace;

/// What the after-schema does to the documents of a collection, where it does something.
pub(crate) fn change_of<'m>(mapping: &'m Mapping, which: &Rebuilt) -> Option<&'m CollectionChange> {
    let change = mapping.changes()?.of(which.live())?;
    (!change.rules.is_empty()).then_some(change)
}

/// A document as it was before the rules.
pub(crate) fn undone<'d>(
    change: Option<&CollectionChange>,
    document: &'d RawDocument,
    known: Known<'_>,
) -> Result<Cow<'d, RawDocument>, Malformed> {
    match change {
        None => Ok(Cow::Borrowed(document)),
        Some(change) => change.undo(document, known).map(Cow::Owned),
    }
}

impl Workspace {
    /// What the after-schema does to a document of a collection; `None` for nothing.
    pub(crate) fn shape_of(&self, which: &Rebuilt) -> Option<Shape> {
        change_of(&self.mapping, which)?.shape()
    }

    /// A live document of a collection as it was before the rules of the after-schema.
    pub(crate) fn undone(
        &self,
        which: &Rebuilt,
        document: RawDocumentBuf,
        known: Known<'_>,
    ) -> Result<RawDocumentBuf, Malformed> {
        match change_of(&self.mapping, which) {
            None => Ok(document),
            Some(change) => change.undo(&document, known),
        }
    }
}
