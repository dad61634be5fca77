//! Collections that were only renamed since the backup, where UUIDs do not tell it: after a restore of the whole database every UUID is another.
//! What a collection holds tells it then.

use std::collections::BTreeMap;
use std::path::Path;

use bson::Bson;

use super::way::Way;
use super::{Backup, SAMPLE};
use crate::domain::schema_change::MOVING;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::collection_spec::CollectionSpec;
use crate::store::dump::bson_file::BsonReader;
use crate::store::identity;

impl Session {
    /// Finds what the backup holds under names that nothing has now, among the collections that the backup does not know. What is not found is
    /// noted.
    pub(super) async fn find_renamed(
        &self,
        way: &mut Way,
        backup: &Backup,
        standing: &BTreeMap<String, CollectionSpec>,
        watcher: &Watcher,
    ) -> Result<()> {
        for of in way.nowhere.clone() {
            let Some(now) = self.find_one(&of, way, backup, standing, watcher).await? else {
                continue;
            };
            way.nowhere.retain(|it| *it != of);
            way.copies.retain(|it| *it != now);
            way.strangers.retain(|it| *it != now);
            way.renamed.push((now, of));
        }
        // One that held nothing is missed by nobody.
        way.nowhere.retain(|of| {
            let held = backup.collections.get(of);
            held.is_some_and(|(_, held)| held.documents > 0)
        });
        Ok(())
    }

    /// Where a collection of the backup stands now: under the name that the after-schema gave it, else where the same documents are, else where
    /// some of them are.
    async fn find_one(
        &self,
        of: &str,
        way: &Way,
        backup: &Backup,
        standing: &BTreeMap<String, CollectionSpec>,
        watcher: &Watcher,
    ) -> Result<Option<String>> {
        let Some((dumped, held)) = backup.collections.get(of) else {
            return Ok(None);
        };
        // A cut-over that was cut off left it between its two names.
        let between = format!("{MOVING}{of}");
        if standing.contains_key(&between) {
            return Ok(Some(between));
        }
        // It may stand where an empty collection stood that was put aside for it.
        let empty = |name: &&String| {
            let held = backup.collections.get(*name);
            held.is_some_and(|(_, held)| held.documents == 0)
        };
        let strangers = way.strangers.iter();
        let strangers = strangers.filter(|name| !way.copies.contains(name));
        let all = strangers.chain(way.copies.iter().filter(empty));
        let all: Vec<&String> = all.collect();
        let changes = self.work.mapping.changes();
        let named = changes.map(|it| it.name_after(of)).filter(|to| *to != of);
        if let Some(named) = named.and_then(|to| all.iter().find(|it| **it == to)) {
            return Ok(Some((*named).clone()));
        }
        if held.documents == 0 {
            return Ok(None); // every empty collection is like it
        }
        for name in &all {
            let Some(spec) = standing.get(*name) else {
                continue;
            };
            if self.work.rough(name).await != held.documents {
                continue;
            }
            watcher.says(&format!("comparing {name} with the backup"), 0, 0);
            let (connection, cancel) = (&self.work.connection, &watcher.cancel);
            let is = identity::fingerprint_of(connection, spec, cancel).await?;
            if is.text() == held.fingerprint {
                return Ok(Some((*name).clone()));
            }
        }
        let ids = dumped.data.as_deref().map(first_ids).transpose()?;
        let ids = ids.unwrap_or_default();
        for name in all {
            if self.holds_one_of(name, &ids).await? {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }
}

/// The ids of the first documents of a backup's file. Only such as are hardly alike in two collections.
fn first_ids(path: &Path) -> Result<Vec<Bson>> {
    let mut reader = BsonReader::open(path)?;
    let mut ids = Vec::new();
    for _ in 0..SAMPLE {
        let Some(document) = reader.next_document()? else {
            break;
        };
        let id = document.get("_id").ok().flatten();
        let id = id.and_then(|id| Bson::try_from(id).ok());
        ids.extend(id.filter(|id| matches!(id, Bson::ObjectId(_) | Bson::Binary(_))));
    }
    Ok(ids)
}
