//! Putting a backup in the place of what stands: restored beside, compared, then swapped in by renames. What it replaces is renamed aside and
//! never dropped, so that a kill leaves each collection whole, and the same call goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bson::rawdoc;
use tokio_util::sync::CancellationToken;

use super::folder::{Dump, DumpedCollection};
use super::progress::Watcher;
use super::read::{self, Held};
use super::restore::{Restorer, chosen, with_what_is_true};
use super::restore_spec::{RestoreSpec, restore_spec};
use super::same_spec::difference;
use crate::domain::aside::{self, Aside, Why};
use crate::domain::index_plan::without_ttl;
use crate::domain::mapping::{LEASE, LINKS, QUARANTINE, RUNS, SIDE_PREFIX};
use crate::store::collection_spec::{self, CollectionSpec};
use crate::store::command;
use crate::store::connect::Connection;
use crate::store::error::{Result, StoreError};
use crate::store::swap::{self, Stray};
use crate::store::write_command::write_concern;
use crate::store::{identity, scan};

/// Longest name of a collection, the database's included.
const LONGEST: usize = 255;

/// What to put in place of what.
#[derive(Debug, Clone)]
pub struct ReplaceOptions {
    /// The database whose backup it is, where the folder holds several.
    pub source_database: Option<String>,
    /// Only these collections; `None` for all.
    pub collections: Option<BTreeSet<String>>,
    /// What the backup does not hold leaves the live data too: the database is to equal the backup.
    pub whole: bool,
    /// Fingerprints of what the run backed up, where its record says them: another folder stands in that place otherwise.
    pub recorded: BTreeMap<String, String>,
    /// The restore's id, in the names of what it puts aside.
    pub id: String,
}

impl ReplaceOptions {
    /// Refuses a backup that is not what the run's record says of it.
    fn require_recorded(&self, collections: &[DumpedCollection], held: &[Held]) -> Result<()> {
        let of = |name: &String| collections.iter().position(|it| it.name == *name);
        let ours = |name: &&String| !name.starts_with(SIDE_PREFIX);
        for name in self.recorded.keys().filter(ours) {
            let is = of(name).map(|at| &held[at].fingerprint);
            let why = match is {
                None => "the backup holds it no more",
                Some(is) if Some(is) != self.recorded.get(name) => {
                    "the backup holds other documents of it"
                }
                Some(_) => continue,
            };
            return Err(StoreError::Refused(format!(
                "this folder is not the backup that the run took any more: of {name} {why}. Nothing was changed; take another copy of that backup, or roll back and then restore single collections with --only"
            )));
        }
        Ok(())
    }
}

/// A backup that stands beside what is live, whole and compared.
pub struct Replacing<'a> {
    connection: &'a Connection,
    watcher: Watcher<'a>,
    cancel: &'a CancellationToken,
    options: ReplaceOptions,
    collections: Vec<DumpedCollection>,
    specs: Vec<RestoreSpec>,
    held: Vec<Held>,
    present: BTreeMap<String, CollectionSpec>,
    /// What becomes of each collection of the backup.
    ways: Vec<Way>,
}

/// How a collection of the backup comes to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It stands as the backup has it.
    Stands,
    /// Restored beside and renamed.
    Beside,
    /// It cannot be renamed: a view, a time series, or the server's own functions.
    InPlace,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replaced {
    /// Documents of each collection that the backup holds.
    pub collections: BTreeMap<String, u64>,
    /// Of those, what stood as the backup has it.
    pub unchanged: Vec<String>,
    /// What stands aside now, with its documents.
    pub aside: Vec<(String, u64)>,
    /// What the backup does not hold, and is as it was.
    pub left: Vec<String>,
    /// What an application made during the renames.
    pub strays: Vec<Stray>,
}

impl<'a> Replacing<'a> {
    /// Reads the backup to its end, restores beside what does not stand as it has it, and compares. Nothing that is live changes.
    ///
    /// # Errors
    /// A damaged or foreign file, an option that is not known, or the server's refusal.
    pub async fn prepare(
        connection: &'a Connection,
        from: &Path,
        options: ReplaceOptions,
        watcher: Watcher<'a>,
        cancel: &'a CancellationToken,
    ) -> Result<Self> {
        let dump = Dump::open(from, options.source_database.as_deref())?;
        let mut collections = chosen(dump, options.collections.as_ref())?;
        if options.whole {
            collections.retain(|it| !it.name.starts_with(SIDE_PREFIX));
        }
        let specs = collections
            .iter()
            .map(restore_spec)
            .collect::<Result<Vec<_>>>()?;
        let held = read::verify(&collections, watcher, cancel).await?;
        options.require_recorded(&collections, &held)?;
        let mut replacing = Self {
            connection,
            watcher,
            cancel,
            options,
            specs,
            held,
            present: collection_spec::load_all(connection).await?,
            ways: Vec::new(),
            collections,
        };
        replacing.find_ways().await?;
        replacing.restore_beside().await?;
        Ok(replacing)
    }

    /// True where the swap has nothing to do.
    pub fn is_done(&self) -> bool {
        self.ways.iter().all(|way| *way == Way::Stands) && self.leaving().is_empty()
    }

    async fn find_ways(&mut self) -> Result<()> {
        for (at, collection) in self.collections.iter().enumerate() {
            let name = collection.name.as_str();
            let is_same = match self.present.get(name) {
                Some(spec) => self.is_same(collection, &self.held[at], spec).await?,
                None => false,
            };
            self.ways.push(if is_same {
                Way::Stands
            } else if collection.metadata.kind == "collection" && !name.starts_with("system.") {
                Way::Beside
            } else {
                Way::InPlace
            });
        }
        let fixed = |(collection, way): &(&DumpedCollection, &Way)| {
            let stands = self.present.get(&collection.name);
            **way == Way::Beside && stands.is_some_and(|spec| spec.kind == "timeseries")
        };
        match self.collections.iter().zip(&self.ways).find(fixed) {
            Some((collection, _)) => Err(StoreError::Refused(format!(
                "{} is a time series here and none in the backup, and a time series cannot be renamed out of the way. Nothing was changed; drop it, then restore again",
                collection.name
            ))),
            None => Ok(()),
        }
    }

    /// True where a collection stands as the backup has it, but for a TTL that is kept from acting.
    async fn is_same(
        &self,
        collection: &DumpedCollection,
        held: &Held,
        spec: &CollectionSpec,
    ) -> Result<bool> {
        if !difference(&collection.metadata, spec).is_none() {
            return Ok(false);
        }
        let rough = scan::rough_count(&self.connection.database, &spec.name).await;
        if collection.metadata.kind == "collection" && rough.abs_diff(held.documents) > 1_000 {
            return Ok(false); // no need to read it all
        }
        let is = identity::fingerprint_of(self.connection, spec, self.cancel).await?;
        Ok(is.text() == held.fingerprint)
    }

    /// As much of a name as leaves room for what it then begins with.
    fn fitting(&self, name: &str) -> String {
        let database = self.connection.place.database.len();
        let begin = aside::beside(&self.options.id, "").len();
        aside::cut(name, LONGEST.saturating_sub(database + 1 + begin))
    }

    fn beside_name(&self, name: &str) -> String {
        aside::beside(&self.options.id, &self.fitting(name))
    }

    fn of(&self, way: Way) -> impl Iterator<Item = usize> {
        let ways = self.ways.iter().enumerate();
        ways.filter(move |(_, it)| **it == way).map(|(at, _)| at)
    }

    /// What stands, is not in the backup, and leaves the live data.
    fn leaving(&self) -> Vec<String> {
        if !self.options.whole {
            return Vec::new();
        }
        let leaves = |spec: &&CollectionSpec| {
            let name = spec.name.as_str();
            let kept = [RUNS, LEASE, LINKS].contains(&name) || name.starts_with(QUARANTINE);
            spec.kind == "collection"
                && !kept
                && !name.starts_with("system.")
                && Aside::parse(name).is_none_or(|it| it.is_stray())
                && aside::parse_beside(name).is_none()
                && self.collections.iter().all(|it| it.name != name)
        };
        let specs = self.present.values().filter(leaves);
        specs.map(|spec| spec.name.clone()).collect()
    }

    /// Fills the copies beside. What an earlier call left of them serves where it is whole.
    async fn restore_beside(&mut self) -> Result<()> {
        let mut standing = BTreeSet::new();
        for (name, spec) in &self.present {
            if aside::parse_beside(name).is_none() {
                continue;
            }
            let mut wanted = self.of(Way::Beside);
            let at = wanted.find(|at| self.beside_name(&self.collections[*at].name) == *name);
            let whole = match at {
                Some(at) => {
                    self.is_same(&self.collections[at], &self.held[at], spec)
                        .await?
                }
                None => false,
            };
            if whole {
                standing.insert(name.clone());
            } else {
                collection_spec::drop(self.connection, name).await?;
            }
        }
        let missing: Vec<usize> = self
            .of(Way::Beside)
            .filter(|at| !standing.contains(&self.beside_name(&self.collections[*at].name)))
            .collect();
        let mut beside = Vec::with_capacity(missing.len());
        for at in &missing {
            let one = &self.collections[*at];
            beside.push(DumpedCollection {
                name: self.beside_name(&one.name),
                metadata: one.metadata.clone(),
                data: one.data.clone(),
                recorded: one.recorded.clone(),
            });
        }
        let mut specs = beside
            .iter()
            .map(restore_spec)
            .collect::<Result<Vec<_>>>()?;
        for index in specs.iter_mut().flat_map(|spec| &mut spec.indexes) {
            *index = without_ttl(index);
        }
        let counts: Vec<u64> = missing.iter().map(|at| self.held[*at].documents).collect();
        let restorer = Restorer {
            connection: self.connection,
            watcher: self.watcher,
            cancel: self.cancel,
            collections: &beside,
        };
        let now = "Nothing that is live was changed: the backup is restored beside it first; the same command goes on";
        restorer
            .run(&specs, &counts)
            .await
            .map_err(|error| with_what_is_true(error, now))?;
        // What the manifest holds a fingerprint of was compared with it.
        let others = missing.iter().zip(&beside);
        for (at, one) in others.filter(|(_, one)| one.recorded.is_none()) {
            let is = identity::fingerprint(self.connection, &one.name, self.cancel).await?;
            if is.text() != self.held[*at].fingerprint {
                return Err(StoreError::Invalid(format!(
                    "what was restored of {} is not what the backup holds, byte for byte: the server or another client changed it. {now}",
                    self.collections[*at].name
                )));
            }
        }
        Ok(())
    }

    /// Puts the backup in place.
    ///
    /// # Errors
    /// The server's refusal; the same call then goes on.
    pub async fn swap(self) -> Result<Replaced> {
        let mut strays = Vec::new();
        for name in self.leaving() {
            swap::rename(self.connection, &name, &self.aside_name(&name)).await?;
        }
        for at in self.of(Way::InPlace) {
            if self.collections[at].metadata.kind != "view" {
                self.in_place(at).await?;
            }
        }
        for at in self.of(Way::Beside) {
            strays.extend(self.put_in_place(&self.collections[at].name).await?);
        }
        for at in self.of(Way::InPlace) {
            if self.collections[at].metadata.kind == "view" {
                self.in_place(at).await?;
            }
        }
        self.true_expiries().await?;
        self.done(strays).await
    }

    fn aside_name(&self, name: &str) -> String {
        let aside = Aside {
            why: Why::Restored(self.options.id.clone()),
            of: self.fitting(name.strip_prefix(SIDE_PREFIX).unwrap_or(name)),
        };
        aside.name()
    }

    async fn put_in_place(&self, name: &str) -> Result<Vec<Stray>> {
        let connection = self.connection;
        let mut strays = Vec::new();
        let kinds = collection_spec::kinds(connection).await?;
        match kinds.get(name).map(String::as_str) {
            None => {}
            // A definition, no documents; and no server renames one.
            Some("view") => collection_spec::drop(connection, name).await?,
            Some(_) if kinds.contains_key(&self.aside_name(name)) => {
                strays.push(swap::move_stray(connection, name).await?);
            }
            Some(_) => swap::rename(connection, name, &self.aside_name(name)).await?,
        }
        let beside = self.beside_name(name);
        strays.extend(swap::name_back(connection, &beside, name).await?);
        Ok(strays)
    }

    /// Drops what stands and makes it anew: nothing else is possible for what no server renames.
    async fn in_place(&self, at: usize) -> Result<()> {
        let collection = &self.collections[at];
        let name = &collection.name;
        let (specs, counts) = (&self.specs[at..=at], [self.held[at].documents]);
        let restorer = Restorer {
            connection: self.connection,
            watcher: self.watcher,
            cancel: self.cancel,
            collections: &self.collections[at..=at],
        };
        let now = format!(
            "{name} cannot be renamed, so it is restored in its place and is not whole now; the same command goes on"
        );
        let filling = async {
            if name.starts_with("system.") && self.present.contains_key(name) {
                // The server lets nobody drop `system.js`.
                self.connection.lease.check().await?;
                let empty = rawdoc! { "delete": name.as_str(), "deletes": [{ "q": {}, "limit": 0 }], "writeConcern": write_concern() };
                let doing = format!("emptying {name}");
                command::run(&self.connection.database, empty, &doing).await?;
                return restorer.refill(specs, &counts).await;
            }
            collection_spec::drop(self.connection, name).await?;
            restorer.run(specs, &counts).await
        };
        filling
            .await
            .map_err(|error| with_what_is_true(error, &now))
    }

    async fn true_expiries(&self) -> Result<()> {
        let standing = collection_spec::load_all(self.connection).await?;
        for collection in &self.collections {
            let Some(spec) = standing.get(&collection.name) else {
                continue;
            };
            for (index, seconds) in difference(&collection.metadata, spec).ttl_off {
                collection_spec::set_ttl(self.connection, &spec.name, &index, Some(seconds))
                    .await?;
            }
        }
        Ok(())
    }

    async fn done(&self, strays: Vec<Stray>) -> Result<Replaced> {
        let database = &self.connection.database;
        let standing = collection_spec::kinds(self.connection).await?;
        let mut done = Replaced {
            strays,
            ..Replaced::default()
        };
        for (at, collection) in self.collections.iter().enumerate() {
            let name = collection.name.clone();
            if self.ways[at] == Way::Stands {
                done.unchanged.push(name.clone());
            }
            done.collections.insert(name, self.held[at].documents);
        }
        for name in standing.keys() {
            match Aside::parse(name).map(|it| it.why) {
                Some(Why::Restored(id)) if id == self.options.id => {
                    let documents = scan::rough_count(database, name).await;
                    done.aside.push((name.clone(), documents));
                }
                _ => {
                    let ours = name.starts_with(SIDE_PREFIX) || name.starts_with("system.");
                    if !ours && !done.collections.contains_key(name) {
                        done.left.push(name.clone());
                    }
                }
            }
        }
        Ok(done)
    }
}
