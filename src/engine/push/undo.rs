//! What a rollback does about a push: every collection gets its earlier indexes again, those that were not rebuilt too; indexes and collections that
//! the push made leave. A collection is never dropped with documents in it.

use std::collections::BTreeSet;

use crate::domain::aside::{Aside, Why, cut};
use crate::domain::index_check::index_differs;
use crate::domain::index_plan::without_ttl;
use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::pushed::{
    IndexAt, IndexesOf, KeptIndex, Named, Picture, PushRecord, names_collection, names_index,
};
use crate::domain::run::RunRecord;
use crate::domain::text::named as shown;
use crate::engine::counted;
use crate::engine::error::Result;
use crate::engine::push::indexes::stuck_words;
use crate::engine::push::list;
use crate::engine::session::Session;
use crate::store::scan::{self, Scan};
use crate::store::{collection_spec, swap};

/// Bytes of a name behind the prefix of what a rollback puts aside.
const ROOM: usize = 120;

/// What was undone of a push.
#[derive(Debug, Default)]
pub(crate) struct Undone {
    /// In words, a line each.
    pub(crate) lines: Vec<String>,
    /// Indexes that cannot be built again.
    pub(crate) stuck: Vec<(IndexAt, String)>,
    /// Collections that the push made and that hold documents now, under the name that they stand aside with.
    pub(crate) aside: Vec<String>,
}

/// The indexes that stood before, by UUID: before the first push, else when the cut-over began.
fn earlier(run: &RunRecord) -> Picture {
    let mut earlier = run.indexes.clone();
    if let Some(first) = run.pushes.first() {
        for (uuid, of) in &first.before {
            earlier.insert(uuid.clone(), of.clone());
        }
    }
    earlier
}

/// UUIDs of the originals whose swap began: a rollback gives them their true TTLs.
fn moved_originals(run: &RunRecord) -> impl Iterator<Item = &str> {
    let swapped = run.collections.values().filter(|it| it.swap_began);
    swapped.filter_map(|it| it.original.as_deref())
}

/// UUIDs of the copies that a rollback takes away.
fn copies(run: &RunRecord) -> BTreeSet<&str> {
    let records = run.collections.values();
    let merged = run.rollback.iter().flat_map(|it| it.merged.values());
    records
        .flat_map(|it| {
            let old = it.old.iter().map(|old| old.uuid.as_str());
            old.chain(it.next.as_deref()).chain(it.later.as_deref())
        })
        .chain(merged.flat_map(|it| [it.outgoing.as_str(), it.incoming.as_str()]))
        .collect()
}

impl Session {
    /// Gives the kept originals the indexes that a push took from them, before they are merged or renamed back. Their TTLs stay off until then.
    pub(crate) async fn give_originals_their_indexes(&self) -> Result<Vec<(IndexAt, String)>> {
        let mut stuck = Vec::new();
        let Some(run) = self.run.open() else {
            return Ok(stuck);
        };
        let earlier = earlier(run);
        let now = self.work.index_picture().await?;
        for uuid in moved_originals(run) {
            let (Some(then), Some(is)) = (earlier.get(uuid), now.get(uuid)) else {
                continue;
            };
            for index in gone(then, is) {
                let quiet = index.raw().map(|raw| KeptIndex::of(&without_ttl(&raw)));
                let index = quiet.as_ref().unwrap_or(index);
                if let Some(why) = self.work.rebuild(&is.collection, index).await? {
                    stuck.push((at(is, index), why));
                }
            }
        }
        Ok(stuck)
    }

    /// A line of the gate to roll back, where a push was run.
    pub(crate) fn will_undo_pushes(&self) -> Option<String> {
        let run = self.run.open().filter(|run| !run.pushes.is_empty());
        run.map(|_| "give every collection the indexes that it had before the push; indexes and empty collections that the push made are dropped".to_owned())
    }

    /// Undoes the rest of a push, once the originals are live again. May be called any number of times.
    pub(crate) async fn undo_pushes(&self) -> Result<Undone> {
        let mut undone = Undone::default();
        let Some(run) = self.run.open().cloned() else {
            return Ok(undone);
        };
        let earlier = earlier(&run);
        let copies = copies(&run);
        let named: Vec<Named> = run.pushes.iter().flat_map(|it| it.named.clone()).collect();
        let originals: BTreeSet<&str> = moved_originals(&run).collect();
        let (mut back, mut left, mut taken) = (Vec::new(), Vec::new(), Vec::new());
        let mut others = Vec::new();
        for (uuid, is) in self.work.index_picture().await? {
            let ours = is.collection.starts_with(SIDE_PREFIX);
            if ours || is.collection.starts_with("system.") || copies.contains(uuid.as_str()) {
                continue;
            }
            let Some(then) = earlier.get(&uuid) else {
                if names_collection(&named, &is.collection)
                    || name_when_it_came(&run.pushes, &uuid).is_some()
                {
                    self.put_new_aside(&run, &is.collection).await?;
                } else if !run.pushes.is_empty() {
                    others.push(shown(&is.collection));
                }
                continue;
            };
            if !run.pushes.is_empty() {
                for index in gone(&is, then) {
                    let place = at(&is, index);
                    if names_index(&named, &then.collection, &index.name)
                        || names_index(&named, &is.collection, &index.name)
                    {
                        let connection = &self.work.connection;
                        collection_spec::drop_index(connection, &is.collection, &index.name)
                            .await?;
                        taken.push(place);
                    } else {
                        left.push(place);
                    }
                }
            }
            // Originals have theirs already.
            if originals.contains(uuid.as_str()) {
                continue;
            }
            for index in gone(then, &is) {
                match self.work.rebuild(&is.collection, index).await? {
                    None => back.push(at(&is, index)),
                    Some(why) => undone.stuck.push((at(&is, index), why)),
                }
            }
        }
        for (what, indexes) in [
            ("indexes that a push had dropped stand again", &back),
            ("indexes that a push had made are dropped", &taken),
            (
                "indexes that came since the cut-over, and that the schema does not name, stay",
                &left,
            ),
        ] {
            if !indexes.is_empty() {
                undone.lines.push(format!("{what}: {}", list(indexes)));
            }
        }
        if !others.is_empty() {
            undone.lines.push(format!(
                "collections that came since the cut-over, and that no push is known to have made, stay: {}",
                others.join(", ")
            ));
        }
        self.settle_new_collections(&run, &named, &earlier, &mut undone)
            .await?;
        Ok(undone)
    }

    /// Renames a collection that a push made out of the way, whatever it holds.
    async fn put_new_aside(&self, run: &RunRecord, name: &str) -> Result<()> {
        let aside = Aside {
            why: Why::RolledBack(run.id.clone()),
            of: cut(name, ROOM),
        };
        Ok(swap::rename(&self.work.connection, name, &aside.name()).await?)
    }

    /// Looks at what was put aside once more: what is still empty is dropped, the rest stays and is named.
    async fn settle_new_collections(
        &self,
        run: &RunRecord,
        named: &[Named],
        earlier: &Picture,
        undone: &mut Undone,
    ) -> Result<()> {
        if run.pushes.is_empty() {
            return Ok(());
        }
        let copies = copies(run);
        let rebuilt = self.work.mapping.rebuilt();
        let mut dropped = Vec::new();
        for (uuid, is) in self.work.index_picture().await? {
            let Some(aside) = Aside::parse(&is.collection) else {
                continue;
            };
            let mut of_schema = named.iter().map(|it| it.collection.as_str());
            let of = of_schema.find(|it| cut(it, ROOM) == aside.of);
            let of = of.or_else(|| name_when_it_came(&run.pushes, &uuid));
            let of_this_run = aside.why == Why::RolledBack(run.id.clone());
            let copy = copies.contains(uuid.as_str())
                || rebuilt.iter().any(|which| which.live() == aside.of);
            let Some(of) = of.filter(|_| of_this_run && !copy && !earlier.contains_key(&uuid))
            else {
                continue;
            };
            let name = shown(of);
            if self.is_empty(&is.collection).await? {
                collection_spec::drop(&self.work.connection, &is.collection).await?;
                dropped.push(name);
                continue;
            }
            let documents = self.work.rough(&is.collection).await;
            undone.lines.push(format!(
                "{name}, which a push made, holds {} by now and stays aside as {}",
                counted(documents, "document", "documents"),
                shown(&is.collection)
            ));
            undone.aside.push(is.collection);
        }
        if !dropped.is_empty() {
            undone.lines.push(format!(
                "empty collections that a push had made are dropped: {}",
                dropped.join(", ")
            ));
        }
        Ok(())
    }

    async fn is_empty(&self, name: &str) -> Result<bool> {
        let one = Scan {
            limit: 1,
            ..Scan::default()
        };
        let found = scan::batches(&self.work.connection.database, name, &one).await?;
        Ok(found.iter().all(scan::Batch::is_empty))
    }
}

impl Undone {
    /// Adds what was undone to what is said of a rollback. False where something had to stay behind.
    pub(crate) fn tell(self, says: &mut String, aside: &mut Vec<String>, given_up: bool) -> bool {
        for line in &self.lines {
            says.push('\n');
            says.push_str(line);
        }
        if !self.stuck.is_empty() {
            says.push_str("\nindexes that cannot be built again: ");
            says.push_str(&stuck_words(&self.stuck));
        }
        let whole = self.stuck.is_empty() && (given_up || self.aside.is_empty());
        aside.extend(self.aside);
        whole
    }
}

/// The name of a collection that came while a push ran, as it was then; `None` of any other.
fn name_when_it_came<'p>(pushes: &'p [PushRecord], uuid: &str) -> Option<&'p str> {
    let mut appeared = pushes.iter().flat_map(|push| &push.appeared);
    let found = appeared.find(|it| it.uuid == uuid);
    found.map(|it| it.collection.as_str())
}

/// Indexes of `then` that are not in `is`, or are others there.
fn gone<'a>(then: &'a IndexesOf, is: &'a IndexesOf) -> impl Iterator<Item = &'a KeptIndex> {
    then.indexes.iter().filter(|index| {
        let Some(other) = is.find(&index.name) else {
            return true;
        };
        match (index.raw(), other.raw()) {
            (Some(one), Some(other)) => index_differs(&one, Some(&other), false).is_some(),
            _ => false,
        }
    })
}

fn at(of: &IndexesOf, index: &KeptIndex) -> IndexAt {
    IndexAt {
        collection: of.collection.clone(),
        index: index.name.clone(),
    }
}
