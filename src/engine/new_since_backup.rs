//! What came to a collection between its backup and a later swap, where an application ran in between: new documents hold nothing up, for the
//! original that is kept holds them; a change of what the backup holds does.

use std::path::Path;

use crate::domain::id::Id;
use crate::domain::map::Set;
use crate::domain::number::counted;
use crate::domain::rebuilt::{Group, Rebuilt};
use crate::domain::survey::facts::id_of;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::engine::taken_backup::open;
use crate::store::dump::bson_file::BsonReader;
use crate::store::scan::{self, Scan};
use crate::store::{collection_spec, identity};

impl Session {
    /// How many documents came to a collection since the backup, where nothing that the backup holds was changed or deleted; `None` where
    /// something was, or where the backup cannot be read here.
    pub(crate) async fn only_new_since_backup(
        &self,
        which: &Rebuilt,
        watcher: &Watcher,
    ) -> Result<Option<u64>> {
        if !self.is_live(Group::CutOver) {
            return Ok(None); // then the backup is taken again
        }
        let Some(backup) = self.run.open().and_then(|run| run.backup.as_ref()) else {
            return Ok(None);
        };
        let Some(held) = backup.fingerprints.get(which.live()) else {
            return Ok(None);
        };
        let Some(ids) = self.ids_in_backup(Path::new(&backup.path), which.live()) else {
            return Ok(None);
        };
        let Some(place) = self.layout.source(which) else {
            return Ok(None);
        };
        let Some(spec) = collection_spec::load(&self.work.connection, &place).await? else {
            return Ok(None);
        };
        let mut known = identity::empty_fingerprint(&spec);
        let mut new = 0;
        let database = (&self.work.connection.database, None);
        let doing = format!("comparing {place} with its backup");
        watcher.says(&doing, 0, 0);
        scan::each(
            database,
            &place,
            &Scan::default(),
            &watcher.cancel,
            |document| {
                if id_of(document).is_some_and(|id| ids.contains(&id)) {
                    known.add(document);
                } else {
                    new += 1;
                }
                Ok(())
            },
        )
        .await?;
        Ok((known.text() == *held).then_some(new))
    }

    /// The ids of the documents that a backup holds of a collection; `None` where it cannot be read.
    fn ids_in_backup(&self, folder: &Path, live: &str) -> Option<Set<Id>> {
        let dump = open(folder, &self.work.connection.place.database).ok()?;
        let of = dump.collections.iter().find(|it| it.name == live)?;
        let mut reader = BsonReader::open(of.data.as_ref()?).ok()?;
        let mut ids = Set::default();
        while let Some(document) = reader.next_document().ok()? {
            ids.insert(id_of(&document)?);
        }
        Some(ids)
    }

    /// That documents came to the collections of a later swap since the backup, in words.
    pub(crate) async fn new_since_backup_in_words(
        &mut self,
        group: Group,
        watcher: &Watcher,
    ) -> Result<Option<String>> {
        if self.unchanged_since_backup().await? {
            return Ok(None);
        }
        let mut words = Vec::new();
        for which in self.work.mapping.rebuilt_in(group) {
            let new = self.only_new_since_backup(&which, watcher).await?;
            if let Some(new) = new.filter(|new| *new > 0) {
                let (one, many) = which.counted_as();
                words.push(format!(
                    "{} came since the backup: the original that is kept holds them, and no backup does",
                    counted(new, one, many)
                ));
            }
        }
        Ok((!words.is_empty()).then(|| words.join("; ")))
    }
}
