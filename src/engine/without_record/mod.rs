//! Rolling back without the run's record: it is gone, or its UUIDs stand nowhere since the database was restored. Each original is compared with
//! a backup, and renamed back as the backup has it. What is live goes aside, for nobody can tell what of it was written since. Nothing is
//! dropped. There is no journal: what is left to do is told by what stands, so the same command goes on after a kill.

mod renamed;
mod way;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use bson::raw::{RawDocumentBuf, cstr};
use bson::{Bson, Document, doc, rawdoc};
use futures_util::TryStreamExt;

use self::way::{Names, Original, Way};
use crate::domain::aside::{Aside, Why};
use crate::domain::gate::{Confirmed, RollBackUnrecorded, Shut};
use crate::domain::mapping::{LINKS, SIDE_PREFIX};
use crate::domain::run::Outcome;
use crate::domain::text::listed;
use crate::engine::error::{Result, StepError};
use crate::engine::gates::Gated;
use crate::engine::retry::patiently;
use crate::engine::rolled_back::RolledBack;
use crate::engine::session::Session;
use crate::engine::taken_backup::open;
use crate::engine::{Watcher, counted};
use crate::store::collection_spec::{self, CollectionSpec};
use crate::store::dump::folder::DumpedCollection;
use crate::store::dump::read::{self, Held};
use crate::store::dump::same_spec::{Difference, difference};
use crate::store::{StoreError, identity, swap};

/// Ids that are looked for, to tell whose copy a collection is.
const SAMPLE: i64 = 50;
/// What the id of such a rollback begins with.
const NO_RECORD: &str = "norecord";

/// A backup, read to its end.
struct Backup {
    collections: BTreeMap<String, (DumpedCollection, Held)>,
}

impl Backup {
    fn uuids(&self) -> BTreeMap<String, Option<String>> {
        let names = self.collections.iter();
        names
            .map(|(name, (dumped, _))| (name.clone(), dumped.metadata.uuid.clone()))
            .collect()
    }
}

impl Session {
    /// True where a run is open whose collections stand nowhere: the database was restored, and all UUIDs are others.
    pub(crate) fn is_record_void(&self) -> bool {
        let list = self.work.mapping.rebuilt();
        let known = |which| self.layout.is_swapped(which) || self.layout.moved_to(which).is_some();
        let stands = !self.layout.kept_originals().is_empty() || self.began_without_record();
        self.run.open().is_some()
            && stands
            && list.iter().any(|which| self.layout.is_lost(which))
            && !list.iter().any(known)
    }

    /// True where a rollback without a record put something aside.
    fn began_without_record(&self) -> bool {
        let mut aside = self.layout.aside().iter();
        aside.any(|it| matches!(&it.why, Why::RolledBack(id) if id.starts_with(NO_RECORD)))
    }

    /// Rolls back by a backup alone.
    ///
    /// # Errors
    /// An original that is not what the backup holds (exit 2, nothing changed), a run record that knows the way itself, or the server's refusal.
    pub async fn roll_back_without_record(
        &mut self,
        confirmed: Confirmed,
        backup: &Path,
        watcher: &Watcher,
    ) -> Result<RolledBack> {
        let confirmed = confirmed.only::<RollBackUnrecorded>()?;
        if confirmed.database() != self.work.connection.place.database {
            return Err(Shut::Wrong(self.work.connection.place.database.clone()).into());
        }
        let backup = self.read_backup(backup, watcher).await?;
        let notice = self.hold().await?;
        watcher.listen_to(&self.work.connection.throttle);
        let mut done = patiently!(self, watcher, {
            let again = confirmed.again();
            self.go_back_by(again, &backup, watcher)
        })?;
        for more in [notice, self.writes_blocked_words()].into_iter().flatten() {
            done.says = format!("{}. {more}", done.says);
        }
        Ok(done)
    }

    async fn read_backup(&self, from: &Path, watcher: &Watcher) -> Result<Backup> {
        let dump = open(from, &self.work.connection.place.database)?;
        let progress = |progress| crate::engine::backup::says(watcher, &progress);
        let held = read::verify(&dump.collections, &progress, &watcher.cancel).await?;
        let collections = dump.collections.into_iter().zip(held);
        Ok(Backup {
            collections: collections
                .filter(|(it, _)| !it.name.starts_with(SIDE_PREFIX))
                .map(|(it, held)| (it.name.clone(), (it, held)))
                .collect(),
        })
    }

    async fn go_back_by(
        &mut self,
        confirmed: Confirmed<RollBackUnrecorded>,
        backup: &Backup,
        watcher: &Watcher,
    ) -> Result<RolledBack> {
        self.see_what_is_swapped().await?;
        let missing = confirmed.action().missing(self, watcher).await?;
        if let Some(first) = missing.into_iter().next() {
            return Err(StepError::NotReady(first));
        }
        let standing = collection_spec::load_all(&self.work.connection).await?;
        let mut way = self.way_by(backup, &standing).await?;
        self.find_renamed(&mut way, backup, &standing, watcher)
            .await?;
        if way.originals.is_empty() {
            // All are back. Customers leave before the first of them, so what is called so now is none of ours.
            way = Way {
                renamed: way.renamed,
                nowhere: way.nowhere,
                sides: way.sides,
                unheld: way.unheld,
                ..Way::default()
            };
        }
        self.require_as_backed_up(&way, backup, &standing, watcher)
            .await?;
        let id = self.unrecorded_id(&way);
        for original in &way.originals {
            if let (Some((dumped, _)), Some(spec)) = (
                backup.collections.get(&original.of),
                standing.get(&original.stands),
            ) {
                watcher.says(&format!("indexes of {}", original.of), 0, 0);
                let found = difference(&dumped.metadata, spec);
                self.give_back_specification(&original.stands, dumped, &found)
                    .await?;
            }
        }
        watcher.says("renaming the originals back", 0, 0);
        self.swap_by(&way, &id).await?;
        let standing = self.true_expiries(&way, backup).await?;
        require_specifications(&way, backup, &standing)?;
        if let Some(record) = &mut self.run.record {
            record.outcome = Outcome::RolledBack;
        }
        self.save().await?;
        self.end_lease().await?;
        self.surveyed = None;
        self.see_what_is_swapped().await?;
        self.rolled_back_by(&way, &id).await
    }

    /// What is what, with renamed copies found by the ids that they hold.
    async fn way_by(
        &self,
        backup: &Backup,
        standing: &BTreeMap<String, CollectionSpec>,
    ) -> Result<Way> {
        let rebuilt = self.work.mapping.rebuilt();
        let rebuilt: Vec<String> = rebuilt.iter().map(|it| it.live().to_owned()).collect();
        let uuids = standing
            .iter()
            .map(|(name, spec)| (name.clone(), spec.uuid.clone()))
            .collect();
        let mut way = Way::of(&Names {
            standing: &uuids,
            backup: &backup.uuids(),
            rebuilt: &rebuilt,
        });
        for of in way.unfound.clone() {
            let original = way.originals.iter().find(|it| it.of == of);
            let ids = match original {
                Some(original) => self.some_ids(&original.stands).await?,
                None => self.some_ids(LINKS).await?,
            };
            for stranger in &way.strangers {
                if !way.copies.contains(stranger) && self.holds_one_of(stranger, &ids).await? {
                    way.copies.push(stranger.clone());
                    break;
                }
            }
        }
        Ok(way)
    }

    async fn some_ids(&self, name: &str) -> Result<Vec<Bson>> {
        let doing = |error| StoreError::from_driver(format!("reading {name}"), &error);
        let collection = self.database().collection::<Document>(name);
        let found = collection
            .find(doc! {})
            .projection(doc! { "_id": 1 })
            .limit(SAMPLE)
            .await
            .map_err(doing)?;
        let found: Vec<Document> = found.try_collect().await.map_err(doing)?;
        Ok(found
            .iter()
            .filter_map(|it| it.get("_id").cloned())
            .collect())
    }

    async fn holds_one_of(&self, name: &str, ids: &[Bson]) -> Result<bool> {
        let collection = self.database().collection::<Document>(name);
        let found = collection
            .find_one(doc! { "_id": { "$in": ids } })
            .await
            .map_err(|error| StoreError::from_driver(format!("reading {name}"), &error))?;
        Ok(found.is_some())
    }

    /// Compares every original with the backup. Refuses before anything is changed.
    async fn require_as_backed_up(
        &self,
        way: &Way,
        backup: &Backup,
        standing: &BTreeMap<String, CollectionSpec>,
        watcher: &Watcher,
    ) -> Result<()> {
        let mut wrong = Vec::new();
        for name in &way.unheld {
            wrong.push(format!(
                "{name} is an original of which the backup holds nothing"
            ));
        }
        for name in &way.gone {
            wrong.push(format!("the original of {name} stands nowhere"));
        }
        let originals = way.originals.iter();
        let mut compared: Vec<(&str, &str)> = originals
            .map(|Original { stands, of }| (stands.as_str(), of.as_str()))
            .collect();
        compared.extend(
            way.doubtful
                .iter()
                .map(|name| (name.as_str(), name.as_str())),
        );
        for (stands, of) in compared {
            let (Some((dumped, held)), Some(spec)) =
                (backup.collections.get(of), standing.get(stands))
            else {
                continue;
            };
            watcher.says(&format!("comparing {stands} with the backup"), 0, 0);
            let (connection, cancel) = (&self.work.connection, &watcher.cancel);
            let is = identity::fingerprint_of(connection, spec, cancel).await?;
            if is.text() != held.fingerprint {
                let what = if stands == of {
                    format!("{of} has no original aside, and")
                } else {
                    format!("{stands}, the original of {of},")
                };
                wrong.push(format!(
                    "{what} does not hold what the backup holds ({} here, {} there)",
                    counted(is.documents(), "document", "documents"),
                    counted(held.documents, "document", "documents")
                ));
            }
            let fixed = difference(&dumped.metadata, spec).fixed;
            if !fixed.is_empty() && stands != of {
                wrong.push(format!(
                    "{stands} has other options than the backup, which no command changes: {}",
                    fixed.join(", ")
                ));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let database = &self.work.connection.place.database;
        Err(StepError::Findings(format!(
            "without the run's record only what equals the backup is renamed back, and {}. Nothing was changed: what is live stays live. Name the backup that the run took before its cut-over, if this is another; or put the backup in place of what is live: `ringfence restore --from FOLDER --replace --confirm {database}`",
            wrong.join("; ")
        )))
    }

    /// The id in the names of what this rollback puts aside: that of one under way, or the next one.
    fn unrecorded_id(&self, way: &Way) -> String {
        let aside = self.layout.aside().iter();
        let number = |aside: &Aside| match &aside.why {
            Why::RolledBack(id) => id.strip_prefix(NO_RECORD)?.parse::<u64>().ok(),
            _ => None,
        };
        let last = aside.filter_map(number).max().unwrap_or(0);
        let taken = |name: &String| {
            let aside = put_aside(&format!("{NO_RECORD}{last}"), name);
            self.layout.aside().contains(&aside)
        };
        let anew = last == 0 || way.copies.iter().chain(&way.sides).any(taken);
        format!("{NO_RECORD}{}", last + u64::from(anew))
    }

    /// Gives an original the indexes and the validator that the backup has.
    async fn give_back_specification(
        &self,
        name: &str,
        dumped: &DumpedCollection,
        found: &Difference,
    ) -> Result<()> {
        let connection = &self.work.connection;
        for index in &found.drop {
            collection_spec::drop_index(connection, name, index).await?;
        }
        collection_spec::build_indexes(connection, name, &found.build).await?;
        if found.validation {
            let backed_up = CollectionSpec {
                name: name.to_owned(),
                kind: dumped.metadata.kind.clone(),
                options: dumped.metadata.options.clone(),
                uuid: None,
                indexes: Vec::new(),
            };
            let none = || -> RawDocumentBuf {
                let mut none = RawDocumentBuf::new();
                none.append(cstr!("validator"), rawdoc! {});
                none
            };
            let validation = backed_up.validation().unwrap_or_else(none);
            collection_spec::put_validation(connection, name, &validation).await?;
        }
        Ok(())
    }

    /// The renames. Customers first: while an original stands, there is something left to do.
    async fn swap_by(&self, way: &Way, id: &str) -> Result<()> {
        let connection = &self.work.connection;
        let is_copy_of = |name: &String| way.originals.iter().any(|it| it.of == *name);
        for name in way.copies.iter().filter(|name| !is_copy_of(name)) {
            swap::rename(connection, name, &put_aside(id, name).name()).await?;
        }
        // They may stand where an empty original stood, which comes back.
        for (now, then) in &way.renamed {
            swap::name_back(connection, now, then).await?;
        }
        let standing = collection_spec::uuids(connection).await?;
        for Original { stands, of } in &way.originals {
            if standing.contains_key(of) {
                swap::rename(connection, of, &put_aside(id, of).name()).await?;
            }
            swap::name_back(connection, stands, of).await?;
        }
        for name in &way.sides {
            swap::rename(connection, name, &put_aside(id, name).name()).await?;
        }
        Ok(())
    }

    /// Gives TTLs of what came back, and such as are kept from acting, the backup's values. Returns what then stands.
    async fn true_expiries(
        &self,
        way: &Way,
        backup: &Backup,
    ) -> Result<BTreeMap<String, CollectionSpec>> {
        let standing = collection_spec::load_all(&self.work.connection).await?;
        let mut changed = false;
        for (name, (dumped, _)) in &backup.collections {
            let Some(spec) = standing.get(name) else {
                continue;
            };
            let found = difference(&dumped.metadata, spec);
            let is_back = way.originals.iter().any(|it| it.of == *name);
            for (index, seconds) in if is_back { found.ttl } else { found.ttl_off } {
                let connection = &self.work.connection;
                collection_spec::set_ttl(connection, name, &index, Some(seconds)).await?;
                changed = true;
            }
        }
        if !changed {
            return Ok(standing);
        }
        Ok(collection_spec::load_all(&self.work.connection).await?)
    }

    async fn rolled_back_by(&self, way: &Way, id: &str) -> Result<RolledBack> {
        let mut aside = Vec::new();
        for it in self.layout.aside() {
            if matches!(&it.why, Why::RolledBack(of) if of == id) {
                aside.push(it.name());
            }
        }
        let mut counts = Vec::new();
        for name in &aside {
            let documents = counted(self.work.rough(name).await, "document", "documents");
            counts.push(format!("{name} ({documents})"));
        }
        let mut says = "the originals are live again, byte for byte as the backup holds them, with its options and indexes. Redeploy the old code before you start the application".to_owned();
        for (now, then) in &way.renamed {
            let _ = write!(
                says,
                "\n{now} is called {then} again, with all that it holds"
            ); // writing to a String cannot fail
        }
        if !counts.is_empty() {
            let _ = write!(
                says,
                "\nwhat was live stands aside, and is dropped by `ringfence purge`: {}\nwhat the application wrote since the cut-over is in there. Without the run's record it cannot be counted, and it was not carried back",
                counts.join(", ")
            ); // as above
        }
        if !way.nowhere.is_empty() {
            let _ = write!(
                says,
                "\nstands nowhere, under no name that can be told, and the backup holds it: {}. Look for it among what is live; `ringfence restore` brings it back",
                listed(way.nowhere.iter().map(String::as_str))
            ); // as above
        }
        let strays = self.strays_in_words();
        if let Some(strays) = &strays {
            says.push('\n');
            says.push_str(strays);
        }
        Ok(RolledBack {
            says,
            kept: None,
            aside,
            complete: strays.is_none() && way.nowhere.is_empty(),
        })
    }
}

/// Where `name` goes.
fn put_aside(id: &str, name: &str) -> Aside {
    Aside {
        why: Why::RolledBack(id.to_owned()),
        of: name.strip_prefix(SIDE_PREFIX).unwrap_or(name).to_owned(),
    }
}

/// Options and indexes of what came back, against the backup's metadata.
fn require_specifications(
    way: &Way,
    backup: &Backup,
    standing: &BTreeMap<String, CollectionSpec>,
) -> Result<()> {
    for Original { of, .. } in &way.originals {
        let (Some((dumped, _)), Some(spec)) = (backup.collections.get(of), standing.get(of)) else {
            continue;
        };
        let found = difference(&dumped.metadata, spec);
        if found != Difference::default() {
            return Err(StepError::Findings(format!(
                "the documents of {of} are back, and its options or indexes still differ from the backup's metadata. Run the same command again"
            )));
        }
    }
    Ok(())
}

impl Gated for RollBackUnrecorded {
    const OF_A_PLAN: bool = false;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let kept = session.layout.kept_originals().iter();
        let mut lines: Vec<_> = kept
            .map(|name| format!("rename {name} back, where it equals the backup"))
            .collect();
        lines.push("what is live instead goes to _ringfence_rolled_back_norecord*, with what was written since the cut-over, which cannot be counted".to_owned());
        Ok(lines)
    }

    async fn missing(self, session: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        if session.run.open().is_some() && !session.is_record_void() {
            return Ok(vec![format!(
                "the record of this run stands, and knows what is what. Nothing was changed. Leave out --without-record and --backup: `ringfence rollback --confirm {}`",
                session.work.connection.place.database
            )]);
        }
        let nothing = session.layout.kept_originals().is_empty() && !session.began_without_record();
        Ok(if nothing {
            vec!["no original of a migration stands aside (_ringfence_before_*), so there is nothing to rename back. Nothing was changed".to_owned()]
        } else {
            Vec::new()
        })
    }

    fn way_back(self, _: &Session) -> String {
        "what was live stands aside until `ringfence purge`".to_owned()
    }
}
