//! Names for ids: one lookup of names and e-mails by `_id`, in batches, kept until it is told that the data may have changed. Reads only.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bson::raw::RawDocument;
use mongodb::Database;

use super::error::StoreError;
use super::scan;
use crate::domain::id::Id;
use crate::domain::people::Who;
use crate::domain::survey::facts::id_of;

/// Documents fetched at a time.
const BATCH: usize = 1_000;
/// Names that are kept of one collection; when there are more, the kept ones go and are asked for again where needed.
const KEPT: usize = 200_000;

/// The names of one collection: `None` for an id that no document has.
type Named = HashMap<Id, Option<Who>>;

/// What is known of ids, by collection.
#[derive(Debug, Default)]
pub struct Labels(Mutex<HashMap<String, Named>>);

impl Labels {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Named>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks up those of `ids` that are not known yet; `read` says who a document is.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn look_up(
        &self,
        database: &Database,
        collection: &str,
        ids: impl IntoIterator<Item = Id>,
        read: impl Fn(&RawDocument) -> Who,
    ) -> Result<(), StoreError> {
        let wanted: Vec<Id> = {
            let mut all = self.all();
            let known = all.entry(collection.to_owned()).or_default();
            if known.len() > KEPT {
                known.clear();
            }
            let unknown = ids.into_iter().filter(|id| !known.contains_key(id));
            let mut wanted: Vec<Id> = unknown.collect();
            wanted.sort_unstable();
            wanted.dedup();
            wanted
        };
        for ids in wanted.chunks(BATCH) {
            let documents = scan::by_ids(database, collection, ids).await?;
            let mut all = self.all();
            let known = all.entry(collection.to_owned()).or_default();
            known.extend(ids.iter().map(|id| (id.clone(), None)));
            for document in &documents {
                if let Some(id) = id_of(document) {
                    known.insert(id, Some(read(document)));
                }
            }
        }
        Ok(())
    }

    /// Keeps a name that was found otherwise.
    pub fn take(&self, collection: &str, id: Id, who: Who) {
        let mut all = self.all();
        all.entry(collection.to_owned())
            .or_default()
            .insert(id, Some(who));
    }

    /// Who that is; `Some(None)` where no document has the id, `None` where nobody asked yet.
    pub fn get(&self, collection: &str, id: &Id) -> Option<Option<Who>> {
        self.all().get(collection)?.get(id).cloned()
    }

    /// Forgets everything: the data may have changed.
    pub fn forget(&self) {
        self.all().clear();
    }
}
