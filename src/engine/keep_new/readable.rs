//! What comes back as it was before the after-schema, and what of it the old application cannot read.

use std::collections::HashMap;
use std::sync::Arc;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::Carrying;
use crate::domain::id::Id;
use crate::domain::keep_new::report::{Change, Reason};
use crate::domain::raw::get;
use crate::domain::rebuilt::{Rebuilt, Role};
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::engine::after_schema::lens::change_of;
use crate::engine::error::Result;
use crate::prisma::one_document::OneDocument;

impl Carrying<'_> {
    /// How the old application reads documents of a collection; `None` where the schema of today says nothing of it.
    fn reader(&mut self, which: &Rebuilt) -> Result<Option<Arc<OneDocument>>> {
        if let Some(known) = self.readers.get(which) {
            return Ok(known.clone());
        }
        let reader = self.session.reader_before(which.live())?.map(Arc::new);
        self.readers.insert(which.clone(), reader.clone());
        Ok(reader)
    }

    /// Notes which fields of a document that comes back the old application cannot read, and could before.
    fn note_unread(
        &mut self,
        what: (&Rebuilt, Change),
        document: &RawDocument,
        original: Option<&RawDocument>,
    ) -> Result<()> {
        if original == Some(document) {
            return Ok(());
        }
        let (which, _) = what;
        let fields = if let Some(reader) = self.reader(which)? {
            // Elsewhere the migration still has to put users in the place of customers, and contact fields in theirs.
            let whole = which.role() == Role::Reshaped;
            let known = original.map(|it| reader.unread(it, whole));
            let known = known.unwrap_or_default();
            let unread = reader.unread(document, whole).into_iter();
            let mut fields: Vec<String> = unread
                .filter(|it| !known.contains(it))
                .map(|(path, _)| path)
                .collect();
            fields.dedup();
            fields
        } else {
            let change = change_of(&self.session.work.mapping, which);
            let fields = change.map(|it| it.unreadable_before(document));
            let mut fields = fields.unwrap_or_default();
            if let Some(original) = original {
                let top = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
                fields.retain(|path| get(document, &top(path)) != get(original, &top(path)));
            }
            fields
        };
        if let Some(id) = id_of(document).filter(|_| !fields.is_empty()) {
            self.leave(what, Reason::OtherType, &id, &fields);
        }
        Ok(())
    }

    /// A document that the application made, as it was before the rules of the after-schema.
    pub(super) fn undo_new(
        &mut self,
        which: &Rebuilt,
        document: &RawDocument,
    ) -> Result<RawDocumentBuf> {
        let back = match change_of(&self.session.work.mapping, which) {
            Some(change) => change.undo(document, Known::Nothing)?,
            None => document.to_owned(),
        };
        self.note_unread((which, Change::Added), &back, None)?;
        Ok(back)
    }

    /// What is live of a collection as it was before the rules of the after-schema, beside its originals.
    pub(super) fn undo<'d>(
        &mut self,
        which: &Rebuilt,
        current: &mut HashMap<Id, RawDocumentBuf>,
        originals: impl Iterator<Item = &'d RawDocument>,
    ) -> Result<()> {
        let session = self.session;
        let change = change_of(&session.work.mapping, which);
        if change.is_none() && self.reader(which)?.is_none() {
            return Ok(());
        }
        for original in originals {
            let id = id_of(original).map(|id| id.canonical());
            if let Some(live) = id.and_then(|id| current.get_mut(&id)) {
                if let Some(change) = change {
                    *live = change.undo(live, Known::Document(original))?;
                }
                self.note_unread((which, Change::Changed), live, Some(original))?;
            }
        }
        Ok(())
    }
}
