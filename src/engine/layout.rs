//! Where the collections of a migration stand, as the server's UUIDs say: what is swapped, moved, prepared, put aside, and under which name.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::aside::{self, Aside};
use crate::domain::checklist::Step;
use crate::domain::mapping::{Mapping, SIDE_PREFIX};
use crate::domain::rebuilt::{Group, Rebuilt};
use crate::domain::run::{Outcome, RunRecord};
use crate::domain::schema_change::MOVING;
use crate::engine::error::Result;
use crate::engine::given_up;
use crate::store::collection_spec;
use crate::store::connect::Connection;
use crate::store::scan;
use crate::store::swap::Stray;

/// Which collection stands where. Rebuilt ones by their key.
#[derive(Debug, Default)]
pub struct Layout {
    /// Where the copy is live.
    swapped: BTreeMap<String, String>,
    /// Where the original stands, once it is no longer live.
    moved: BTreeMap<String, String>,
    /// Copies that stand under their own name.
    prepared: BTreeSet<String>,
    /// Originals of the run that stand nowhere.
    lost: BTreeSet<String>,
    /// Copies that the run made live and that stand nowhere: somebody dropped or replaced them since.
    gone: BTreeSet<String>,
    /// Copies that went live and stand under a name of ours now: somebody renamed them.
    hidden: BTreeMap<String, String>,
    /// Where what was live went, by a rollback.
    put_aside: BTreeMap<String, String>,
    /// Collections that stood under the first name at the cut-over, and stand under the second now.
    renamed: BTreeMap<String, String>,
    /// Collections that the schema's own step has still to rename.
    unnamed: Vec<String>,
    /// Vacated names under which something stands that is none of ours.
    strangers: Vec<String>,
    /// What stands aside under a name of ours.
    aside: Vec<Aside>,
    /// Kept originals by name, whether or not a run knows them.
    kept: Vec<String>,
    /// What a restore filled beside, and did not put in place.
    beside: Vec<String>,
    /// Strays that nobody has decided on.
    strays: Vec<Stray>,
}

/// True once the swap of a collection was completed in a run that is open and not on its way back.
fn was_live(run: &RunRecord, which: &Rebuilt) -> bool {
    let back = run.rollback.as_ref().is_some_and(|record| record.began);
    let step = match which.group() {
        Group::CutOver => Step::CutOver,
        Group::CleanUp => Step::CleanUsers,
        Group::Schema => Step::Schema,
    };
    let known = run.collection(which);
    let whole = run.is_done(step) || known.frozen.is_some();
    run.outcome == Outcome::Open && !back && known.swap_began && known.next.is_some() && whole
}

impl Layout {
    /// Asks the server where the collections stand: all those of this run, and what stands aside.
    pub(crate) async fn read(
        connection: &Connection,
        mapping: &Mapping,
        run: Option<&RunRecord>,
    ) -> Result<Self> {
        let mut layout = Self::default();
        let uuids = collection_spec::uuids(connection).await?;
        layout.take(&uuids, mapping, run);
        layout.count_strays(connection, &[]).await;
        Ok(layout)
    }

    /// The same of the latest run: of one that is closed, only what was written since under the names that it gave up.
    pub(crate) async fn read_latest(
        connection: &Connection,
        mapping: &Mapping,
        latest: Option<&RunRecord>,
    ) -> Result<Self> {
        let mut layout = Self::default();
        let uuids = collection_spec::uuids(connection).await?;
        let open = latest.filter(|run| run.outcome == Outcome::Open);
        layout.take(&uuids, mapping, open);
        let since = latest.map(|run| match run.outcome {
            Outcome::Finished => {
                let mut then = Self::default();
                then.place_all(&uuids, &run.mapping, run);
                then.strangers
            }
            Outcome::RolledBack => given_up::after_going_back(&uuids, run),
            Outcome::Open | Outcome::Restored => Vec::new(),
        });
        layout
            .count_strays(connection, &since.unwrap_or_default())
            .await;
        Ok(layout)
    }

    /// Of a finished run: what is live is told by its name where no collection has its UUID any more, as after a restore of the whole database.
    /// The names of what is not there at all.
    pub(crate) async fn find_by_name(
        &mut self,
        connection: &Connection,
        mapping: &Mapping,
        run: &RunRecord,
    ) -> Result<Vec<String>> {
        let standing = collection_spec::uuids(connection).await?;
        let mut missing = Vec::new();
        for which in mapping.rebuilt() {
            let known = run.collection(&which);
            let was_made = known.next.is_some() && known.swap_began;
            if self.swapped.contains_key(which.key()) || !was_made {
                continue;
            }
            let mut names = [which.to(), which.live()].into_iter();
            match names.find(|name| standing.contains_key(*name)) {
                Some(name) => {
                    self.swapped.insert(which.key().to_owned(), name.to_owned());
                    self.note_name(which.live(), name);
                }
                None => missing.push(which.live().to_owned()),
            }
        }
        Ok(missing)
    }

    /// Adds what was written under the names of the after-schema, once a rollback took them away.
    pub(crate) async fn add_what_came_since(
        &mut self,
        connection: &Connection,
        run: &RunRecord,
    ) -> Result<()> {
        let uuids = collection_spec::uuids(connection).await?;
        let since = given_up::after_going_back(&uuids, run);
        self.strays.clear();
        self.count_strays(connection, &since).await;
        Ok(())
    }

    fn take(
        &mut self,
        uuids: &BTreeMap<String, Option<String>>,
        mapping: &Mapping,
        run: Option<&RunRecord>,
    ) {
        self.aside = uuids.keys().filter_map(|name| Aside::parse(name)).collect();
        self.kept = uuids
            .keys()
            .filter(|name| name.starts_with(&format!("{SIDE_PREFIX}before_")))
            .cloned()
            .collect();
        self.beside = uuids
            .keys()
            .filter(|name| aside::parse_beside(name).is_some())
            .cloned()
            .collect();
        if let Some(run) = run {
            self.place_all(uuids, mapping, run);
        }
    }

    /// Counts the strays. What stands under a name that a closed run gave up, and is empty, is none: a push makes such.
    async fn count_strays(&mut self, connection: &Connection, since: &[String]) {
        let count = async |name: &String| Stray {
            documents: scan::rough_count(&connection.database, name).await,
            name: name.clone(),
        };
        let named = self.aside.iter().filter(|it| it.is_stray());
        let named: Vec<String> = named.map(Aside::name).collect();
        for name in named.iter().chain(&self.strangers) {
            self.strays.push(count(name).await);
        }
        for name in since.iter().filter(|it| !self.strangers.contains(it)) {
            let stray = count(name).await;
            if stray.documents > 0 {
                self.strays.push(stray);
            }
        }
        let strays = self.strays.iter().map(|it| it.name.clone());
        let foreign = strays.filter(|name| !name.starts_with(SIDE_PREFIX));
        self.strangers = foreign.collect();
    }

    fn place_all(
        &mut self,
        uuids: &BTreeMap<String, Option<String>>,
        mapping: &Mapping,
        run: &RunRecord,
    ) {
        let by_uuid: BTreeMap<&str, &str> = uuids
            .iter()
            .filter_map(|(name, uuid)| Some((uuid.as_deref()?, name.as_str())))
            .collect();
        for which in mapping.rebuilt() {
            let known = run.collection(&which);
            let key = which.key().to_owned();
            let copy = known.next.as_deref().and_then(|uuid| by_uuid.get(uuid));
            match copy.copied() {
                Some(name) if name == which.next() => {
                    self.prepared.insert(key.clone());
                }
                Some(name) if name.starts_with(SIDE_PREFIX) => {
                    self.put_aside.insert(key.clone(), name.to_owned());
                }
                Some(name) => {
                    self.swapped.insert(key.clone(), name.to_owned());
                    self.note_name(which.live(), name);
                }
                None => {}
            }
            // Before the renames of a later swap, what was live until then still is.
            let old = known
                .old
                .iter()
                .filter_map(|old| by_uuid.get(old.uuid.as_str()));
            for name in old.filter(|name| !name.starts_with(SIDE_PREFIX)) {
                self.swapped.insert(key.clone(), (*name).to_owned());
                self.note_name(which.live(), name);
            }
            let mut older = known.old.iter();
            let older = older.any(|old| by_uuid.contains_key(old.uuid.as_str()));
            // What was live before a later swap takes its place again where that swap was not completed.
            let whole = !older || run.is_done(Step::RetireUsers);
            let stands = copy.is_some() || self.swapped.contains_key(&key);
            if !stands && whole && was_live(run, &which) {
                self.gone.insert(key.clone());
            }
            let aside = self.put_aside.get(&key);
            if let Some(name) = aside.filter(|_| !self.swapped.contains_key(&key))
                && whole
                && was_live(run, &which)
            {
                self.hidden.insert(key.clone(), name.clone());
            }
            let Some(original) = known.original.as_deref() else {
                continue;
            };
            match by_uuid.get(original).copied() {
                Some(name) if name == which.live() => {}
                // Before our first rename it is somebody else who renamed it: nothing of the swap was done.
                Some(_) if !known.swap_began => {}
                Some(name) => {
                    self.moved.insert(key, name.to_owned());
                }
                None if known.swap_began => {
                    self.lost.insert(key);
                }
                None => {}
            }
        }
        for (name, uuid) in &run.others {
            if let Some(now) = by_uuid.get(uuid.as_str()) {
                self.note_name(name, now);
            }
        }
        for (from, to) in mapping.renamed_only_in(Group::Schema) {
            let noted = run.others.get(&from);
            let now = noted.map(|uuid| by_uuid.get(uuid.as_str()).copied());
            if now.is_some_and(|now| now != Some(&to)) {
                self.unnamed.push(from);
            }
        }
        // Another collection of the run may have got a vacated name from the after-schema.
        let collections = run.collections.values();
        let mut ours: BTreeSet<&str> = run.others.values().map(String::as_str).collect();
        for known in collections {
            ours.extend(known.original.as_deref());
            ours.extend(known.next.as_deref());
            ours.extend(known.old.iter().map(|old| old.uuid.as_str()));
        }
        let is_ours = |name: &String| {
            let uuid = uuids.get(name).and_then(Option::as_deref);
            uuid.is_some_and(|uuid| ours.contains(uuid))
        };
        let vacated = self.renamed.keys();
        self.strangers = vacated
            .filter(|name| uuids.contains_key(*name) && !is_ours(name))
            .cloned()
            .collect();
    }

    fn note_name(&mut self, then: &str, now: &str) {
        if then != now {
            self.renamed.insert(then.to_owned(), now.to_owned());
        }
    }

    /// True once the prepared copy is live, under whatever name.
    pub fn is_swapped(&self, which: &Rebuilt) -> bool {
        self.swapped.contains_key(which.key())
    }

    /// True once all copies of a group are live.
    pub fn is_group_swapped(&self, mapping: &Mapping, group: Group) -> bool {
        let list = mapping.rebuilt_in(group);
        let named = group != Group::Schema || self.unnamed.is_empty();
        named && list.iter().all(|which| self.is_swapped(which))
    }

    /// True once the first rename of a group was done, whatever became of the rest. What an operator renamed is none of it.
    pub fn has_group_moved(&self, mapping: &Mapping, group: Group) -> bool {
        let list = mapping.rebuilt_in(group);
        let names = mapping.renamed_only_in(group);
        let between = |from: &str| self.now(from).starts_with(MOVING);
        list.iter().any(|which| self.has_moved(which))
            || names.iter().any(|(from, _)| between(from))
    }

    /// True once some copy is live.
    pub fn is_any_swapped(&self) -> bool {
        !self.swapped.is_empty()
    }

    /// True once the first rename of a swap was done, whatever became of the rest. The journal alone only says that it was about to be sent.
    pub fn has_moved(&self, which: &Rebuilt) -> bool {
        let key = which.key();
        self.is_swapped(which) || self.moved.contains_key(key) || self.lost.contains(key)
    }

    /// True once some original was renamed.
    pub fn has_any_moved(&self) -> bool {
        !(self.swapped.is_empty() && self.moved.is_empty() && self.lost.is_empty())
    }

    /// True where the prepared copy of this run stands.
    pub fn is_prepared(&self, which: &Rebuilt) -> bool {
        self.prepared.contains(which.key())
    }

    /// True where the run's original stands nowhere any more.
    pub fn is_lost(&self, which: &Rebuilt) -> bool {
        self.lost.contains(which.key())
    }

    /// True where the copy was live and stands nowhere any more.
    pub fn is_gone(&self, which: &Rebuilt) -> bool {
        self.gone.contains(which.key())
    }

    /// Where a copy that went live stands under a name of ours: somebody renamed it.
    pub fn hidden(&self, which: &Rebuilt) -> Option<&str> {
        self.hidden.get(which.key()).map(String::as_str)
    }

    /// The collection that the transform reads: the original, wherever it stands. `None` where there was none.
    pub fn source(&self, which: &Rebuilt) -> Option<String> {
        match self.moved.get(which.key()) {
            Some(before) => Some(before.clone()),
            None if self.is_swapped(which) => None,
            None => Some(which.live().to_owned()),
        }
    }

    /// Where the original was put, once it is no longer live.
    pub fn moved_to(&self, which: &Rebuilt) -> Option<&str> {
        self.moved.get(which.key()).map(String::as_str)
    }

    /// Where the copy stands after a rollback has put it aside.
    pub fn put_aside(&self, which: &Rebuilt) -> Option<&str> {
        self.put_aside.get(which.key()).map(String::as_str)
    }

    /// Where the documents stand that were under a live name before any swap.
    pub(crate) fn original_of(&self, mapping: &Mapping, live: &str) -> String {
        let list = mapping.rebuilt();
        let rebuilt = list.iter().find(|which| which.live() == live);
        match rebuilt.and_then(|which| self.source(which)) {
            Some(place) => place,
            None => self.now(live).to_owned(),
        }
    }

    /// The name that a collection has now which had this one at the cut-over.
    pub fn now<'a>(&'a self, name: &'a str) -> &'a str {
        self.renamed.get(name).map_or(name, String::as_str)
    }

    /// The live name of a rebuilt collection now.
    pub fn live<'a>(&'a self, which: &'a Rebuilt) -> &'a str {
        let is_moved = self.moved.contains_key(which.key());
        match self.renamed.get(which.live()) {
            Some(now) => now,
            // Between two renames nothing stands there.
            None if is_moved && !self.is_swapped(which) => which.to(),
            None => which.live(),
        }
    }

    /// Collections that were renamed since the cut-over: the name then, and now.
    pub fn renamed(&self) -> &BTreeMap<String, String> {
        &self.renamed
    }

    /// Where the rebuilt collection stands: prepared, or live after the swap.
    pub fn place(&self, which: &Rebuilt) -> String {
        match self.swapped.get(which.key()) {
            Some(name) => name.clone(),
            None => which.next(),
        }
    }

    /// Strays that nobody has decided on: those under a name of ours, and what stands under a vacated name.
    pub fn strays(&self) -> &[Stray] {
        &self.strays
    }

    /// What stands under a vacated name and is none of ours.
    pub fn strangers(&self) -> &[String] {
        &self.strangers
    }

    /// What stands aside under a name of ours.
    pub fn aside(&self) -> &[Aside] {
        &self.aside
    }

    /// What a restore filled beside, and did not put in place.
    pub fn beside(&self) -> &[String] {
        &self.beside
    }

    /// Kept originals, whether or not a run knows them.
    pub fn kept_originals(&self) -> &[String] {
        &self.kept
    }
}
