//! What a side collection alone holds once the originals are deleted: quarantined bookings, links, users who left. It is counted when its
//! collection is swapped in, and looked at again before the originals go.

use crate::domain::aside::{Aside, Why};
use crate::domain::id::Id;
use crate::domain::mapping::{RETIRED, SET_ASIDE, SIDE_PREFIX};
use crate::domain::rebuilt::Rebuilt;
use crate::domain::survey::facts::id_of;
use crate::engine::check::by_id;
use crate::engine::counted;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::{collection_spec, scan, swap};

/// What is not whole, at most, that a message names.
const NAMED: usize = 5;

impl Session {
    /// Keeps how many documents these side collections hold now; the caller saves the run record.
    pub(crate) async fn note_sides(
        &mut self,
        names: impl IntoIterator<Item = String>,
    ) -> Result<()> {
        let standing = collection_spec::uuids(&self.work.connection).await?;
        let database = self.work.connection.database.clone();
        for name in names {
            if !standing.contains_key(&name) {
                continue;
            }
            // The server's own count of the links may be off once it was killed, and a refusal rests on this number.
            let count = scan::count(&database, &name).await?;
            if let Some(record) = &mut self.run.record {
                record.sides.insert(name, count);
            }
        }
        Ok(())
    }

    /// What the side collections lack of what they held, in words. Reads only.
    pub(crate) async fn sides_not_whole(&self) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        let Some(run) = self.run.open() else {
            return Ok(wrong);
        };
        let database = &self.work.connection.database;
        let list = self.work.mapping.rebuilt();
        let shares = list.iter().filter(|which| which.shares_with_side());
        let mut sharing: Vec<(String, &Rebuilt)> = Vec::new();
        for which in shares {
            sharing.extend(which.side_collection().map(|name| (name, which)));
        }
        for (name, held) in &run.sides {
            let holds = scan::count(database, name).await?;
            let which = sharing.iter().find(|(side, _)| side == name);
            // What was put back into the live collection by hand is no loss.
            let lacks = match which {
                _ if holds >= *held => 0,
                Some((_, which)) => self.neither_live_nor(which, name).await?,
                None => held - holds,
            };
            if lacks > 0 {
                wrong.push(format!(
                    "{name} held {} when its collection went live, and holds {holds}",
                    counted(*held, "document", "documents")
                ));
            }
        }
        for (name, which) in sharing {
            let changed = self.changed_in(which, &name).await?;
            if changed > 0 {
                wrong.push(format!(
                    "{} of {name} are not what the original of {} holds",
                    counted(changed, "document", "documents"),
                    which.live()
                ));
            }
        }
        wrong.truncate(NAMED);
        Ok(wrong)
    }

    /// Refuses where the originals hold what their side collections should hold and do not.
    ///
    /// # Errors
    /// What is not whole; nothing was changed.
    pub async fn require_sides_whole(&self) -> Result<()> {
        match self.sides_not_whole_in_words().await? {
            None => Ok(()),
            Some(wrong) => Err(StepError::Findings(wrong)),
        }
    }

    /// The same for a gate.
    pub(crate) async fn sides_not_whole_in_words(&self) -> Result<Option<String>> {
        let wrong = self.sides_not_whole().await?;
        Ok((!wrong.is_empty()).then(|| {
            format!(
                "{}: somebody changed or dropped it since, and after this no other collection would hold that. Nothing was changed. Put it back from the originals or the backup (`ringfence verify` says what is missing), or roll back without --keep-new",
                wrong.join("; ")
            )
        }))
    }

    /// After a rollback: users who had left stand live again, and their rows aside would be taken for those of the next run. A row whose user did
    /// not come back stays, under a name of this rollback. Returns such names.
    pub(crate) async fn let_go_of_users_aside(&self) -> Result<Vec<String>> {
        let connection = &self.work.connection;
        let standing = collection_spec::uuids(connection).await?;
        let users = self.work.mapping.users();
        let mut kept = Vec::new();
        for side in [RETIRED, SET_ASIDE] {
            if !standing.contains_key(side) {
                continue;
            }
            let mut missing = 0;
            let mut pages = scan::in_id_order(&connection.database, side)?;
            while let Some(page) = pages.next().await? {
                let mut ids: Vec<Id> = page.documents().filter_map(id_of).collect();
                let live = scan::by_ids(&connection.database, users.live(), &ids).await?;
                let live = by_id(live);
                ids.retain(|id| !live.contains_key(&id.canonical()));
                missing += ids.len();
            }
            if missing == 0 {
                collection_spec::drop(connection, side).await?;
                continue;
            }
            let run = self.run.open().map_or("", |run| run.id.as_str());
            let aside = Aside {
                why: Why::RolledBack(run.to_owned()),
                of: side.strip_prefix(SIDE_PREFIX).unwrap_or(side).to_owned(),
            };
            swap::rename(connection, side, &aside.name()).await?;
            kept.push(aside.name());
        }
        Ok(kept)
    }

    /// Documents of the original that stand neither live nor in its side collection.
    async fn neither_live_nor(&self, which: &Rebuilt, side: &str) -> Result<u64> {
        let database = &self.work.connection.database;
        let (Some(original), live) = (self.layout.source(which), self.layout.place(which)) else {
            return Ok(0);
        };
        let mut pages = scan::in_id_order(database, &original)?;
        let mut missing = 0;
        while let Some(page) = pages.next().await? {
            let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
            let live = by_id(scan::by_ids(database, &live, &ids).await?);
            let aside = by_id(scan::by_ids(database, side, &ids).await?);
            let mut lost = ids.iter().map(Id::canonical).collect::<Vec<_>>();
            lost.retain(|id| !live.contains_key(id) && !aside.contains_key(id));
            missing += lost.len() as u64;
        }
        Ok(missing)
    }

    /// Documents of a side collection that its original holds otherwise.
    async fn changed_in(&self, which: &Rebuilt, side: &str) -> Result<u64> {
        let database = &self.work.connection.database;
        let Some(original) = self.layout.source(which) else {
            return Ok(0);
        };
        let mut pages = scan::in_id_order(database, side)?;
        let mut changed = 0;
        while let Some(page) = pages.next().await? {
            let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
            let was = by_id(scan::by_ids(database, &original, &ids).await?);
            for (document, id) in page.documents().zip(&ids) {
                let was = was.get(&id.canonical());
                changed += u64::from(was.is_some_and(|was| was.as_bytes() != document.as_bytes()));
            }
        }
        Ok(changed)
    }
}
