//! What the old application cannot read of a collection that was only renamed, once that has its old name again: no rule undoes what was
//! written there. What was so in the backup already is not counted.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::id::Id;
use crate::domain::keep_new::report::{Change, Kept, Reason};
use crate::domain::map::Map;
use crate::domain::number::counted;
use crate::domain::survey::facts::id_of;
use crate::domain::text::named;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::engine::taken_backup::open;
use crate::prisma::kind::Kind;
use crate::prisma::one_document::OneDocument;
use crate::store::dump::bson_file::BsonReader;
use crate::store::identity;

/// The fields of a document that are not read, each with what is wrong.
type Unread = Vec<(String, Kind)>;

impl Session {
    /// Notes in `kept` what the old application cannot read of the collection that was called `then` and is called `now`, and could before.
    pub(super) async fn note_unread_of_renamed(
        &self,
        (then, now): (&str, &str),
        kept: &mut Kept,
        watcher: &Watcher,
    ) -> Result<()> {
        kept.left.retain(|left| left.collection != then);
        let Some(reader) = self.reader_before(then)? else {
            return Ok(());
        };
        let mut unread: BTreeMap<Id, Unread> = BTreeMap::new();
        let take = |document: &bson::raw::RawDocument| {
            let fields = reader.unread(document, true);
            if let Some(id) = id_of(document).filter(|_| !fields.is_empty()) {
                unread.insert(id, fields);
            }
        };
        self.work.scan(now, watcher, take).await?;
        if unread.is_empty() {
            return Ok(());
        }
        let before = self.unread_in_backup(then, (&unread, &reader));
        for (id, fields) in unread {
            let was = before.as_ref().map(|before| before.get(&id));
            let change = match was {
                Some(None) => Change::Added,
                _ => Change::Changed,
            };
            let was = was.flatten().map_or(&[][..], Vec::as_slice);
            let new = fields.into_iter().filter(|it| !was.contains(it));
            let mut new: Vec<String> = new.map(|(path, _)| path).collect();
            new.dedup();
            if !new.is_empty() {
                kept.leave_in((then, change), Reason::OtherType, &id, &new);
            }
        }
        Ok(())
    }

    /// What of these documents the backup holds, with what was not read of them then; `None` where it cannot be read here.
    fn unread_in_backup(
        &self,
        live: &str,
        (wanted, reader): (&BTreeMap<Id, Unread>, &OneDocument),
    ) -> Option<Map<Id, Unread>> {
        let backup = self.run.open()?.backup.as_ref()?;
        let dump = open(
            Path::new(&backup.path),
            &self.work.connection.place.database,
        )
        .ok()?;
        let of = dump.collections.iter().find(|it| it.name == live)?;
        let mut file = BsonReader::open(of.data.as_ref()?).ok()?;
        let mut held = Map::default();
        while let Some(document) = file.next_document().ok()? {
            let id = id_of(&document)?;
            if wanted.contains_key(&id) {
                held.insert(id, reader.unread(&document, true));
            }
        }
        Some(held)
    }

    /// What was written to the collections that a rollback only renames back, and what of it the old application will not read, in words. Reads
    /// only.
    ///
    /// # Errors
    /// The server's refusal.
    pub(crate) async fn written_to_renamed(&self, watcher: &Watcher) -> Result<Vec<String>> {
        let (mut kept, mut all) = (Kept::default(), Vec::new());
        let rebuilt = self.work.mapping.rebuilt();
        for (then, now) in self.layout.renamed() {
            if rebuilt.iter().any(|which| which.live() == then) {
                continue;
            }
            let Some(documents) = self.changed_since_backup(then, now, watcher).await? else {
                continue;
            };
            all.push(format!(
                "{}: other documents than in the backup, {} now; they stay in it",
                named(now),
                counted(documents, "document", "documents")
            ));
            self.note_unread_of_renamed((then, now), &mut kept, watcher)
                .await?;
        }
        let lines = kept.left.iter().map(|left| {
            format!(
                "{} of {} that the old application will not be able to read: {}",
                counted(left.count, "document", "documents"),
                named(&left.collection),
                left.ids.join(", ")
            )
        });
        all.extend(lines);
        Ok(all)
    }

    /// How many documents a collection holds that is not byte for byte what the backup holds of it; `None` where it is.
    async fn changed_since_backup(
        &self,
        then: &str,
        now: &str,
        watcher: &Watcher,
    ) -> Result<Option<u64>> {
        let is = identity::fingerprint(&self.work.connection, now, &watcher.cancel).await?;
        let backup = self.run.open().and_then(|run| run.backup.as_ref());
        let was = backup.and_then(|backup| backup.fingerprints.get(then));
        let differs = was.is_none_or(|was| *was != is.text());
        Ok(differs.then(|| is.documents()))
    }
}
