//! The specification of a prepared copy: what it has of indexes and options is what the live collection has at the moment of its swap, and not
//! only what that had when the copy was made. What cannot be built over the copy is named before anything is renamed.

use bson::raw::{RawDocument, RawDocumentBuf};

use crate::domain::index_check::index_differs;
use crate::domain::index_plan::{TTL_OFF, name_of};
use crate::domain::raw::get;
use crate::domain::rebuilt::Rebuilt;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::collection_spec::{self, CollectionSpec};
use crate::store::error::{DUPLICATE_KEY, StoreError};
use crate::store::unique_index;

/// Groups of documents that are named.
const NAMED: usize = 20;

/// What changed, as the end of a sentence; empty for nothing.
pub(crate) fn in_words(late: &[String]) -> String {
    if late.is_empty() {
        return String::new();
    }
    format!(
        "; changed on the live data since it was prepared, and carried: {}",
        late.join(", ")
    )
}

/// Why the server cannot build an index, in our words: its own hold values of the documents.
pub(crate) fn why(code: i32) -> &'static str {
    const GEO: [i32; 2] = [16_755, 16_572];
    const TEXT: [i32; 2] = [17_261, 17_262];
    const ARRAYS: i32 = 171;
    const OTHERS: [i32; 2] = [85, 86];
    match code {
        DUPLICATE_KEY => "it is unique, and documents would share a value",
        code if GEO.contains(&code) => "a document holds no place that a geo index takes",
        code if TEXT.contains(&code) => {
            "a document names a language that a text index does not know"
        }
        ARRAYS => "a document holds arrays in several of its fields",
        code if OTHERS.contains(&code) => {
            "another index with this name, or over the same fields, stands there"
        }
        _ => "the server refuses it",
    }
}

impl Session {
    /// Reads indexes, options and validators of live collections again and gives them to their copies, where they changed since those were
    /// made. Says what changed, by name. Nothing is done for a collection that was renamed already.
    ///
    /// # Errors
    /// An index that cannot be built over the copy, by name, or an option that a copy cannot take; nothing live was changed.
    pub(crate) async fn take_late_specification(
        &mut self,
        list: &[Rebuilt],
        watcher: &Watcher,
    ) -> Result<Vec<String>> {
        self.restore_expiries_before_renames().await?;
        let mut says = Vec::new();
        let mut changed = false;
        for which in list {
            if self.layout.has_moved(which) {
                continue;
            }
            let (live, copy) = (which.live().to_owned(), which.next());
            let live = collection_spec::load(&self.work.connection, &live).await?;
            let copy = collection_spec::load(&self.work.connection, &copy).await?;
            let (Some(live), Some(copy)) = (live, copy) else {
                continue; // there was none, or the copy is missing, which is said elsewhere
            };
            if let Some(first) = self.obstacles_of(which, &live).first() {
                return Err(StepError::NotReady(format!("{first}. Nothing was changed")));
            }
            let known = self.run.collection(which);
            let (specification, ttl) = (live.fingerprint(), live.expiries());
            if known.specification == specification && known.ttl == ttl {
                continue;
            }
            if live.lasting_options() != copy.lasting_options() {
                return Err(self.other_options(which).await?);
            }
            watcher.says(&format!("comparing the indexes of {}", live.name), 0, 0);
            let mut lines = self.bring_indexes(which, &copy).await?;
            if live.plain_options() != copy.plain_options() {
                collection_spec::take_images_of(&self.work.connection, &copy.name, &live).await?;
                lines.push(format!(
                    "whether change streams of {} see documents before a change",
                    live.name
                ));
            }
            for (name, seconds) in &ttl {
                if known.ttl.get(name).is_some_and(|before| before != seconds) {
                    lines.push(format!(
                        "the expiry of {name} of {} ({seconds} s)",
                        live.name
                    ));
                }
            }
            if lines.is_empty() {
                lines.push(format!("the validator of {}", live.name));
            }
            says.extend(lines);
            changed = true;
            if let Some(record) = &mut self.run.record {
                let record = record.collection_mut(which);
                (record.specification, record.ttl) = (specification, ttl);
            }
        }
        if changed {
            self.save().await?;
        }
        Ok(says)
    }

    /// An option that only a new collection can have was changed on the live one: the copy is made anew by the next try.
    async fn other_options(&mut self, which: &Rebuilt) -> Result<StepError> {
        if let Some(record) = &mut self.run.record {
            record.collection_mut(which).prepared_for = None;
        }
        self.save().await?;
        Ok(StepError::NotReady(format!(
            "the options of {} changed since its copy was made. What is live is unchanged; run the same command again, the copy is made anew",
            which.live()
        )))
    }

    /// Drops indexes of the prepared copy that it should not have, or not so; returns their names.
    pub(crate) async fn drop_outdated_indexes(&self, which: &Rebuilt) -> Result<Vec<String>> {
        let name = which.next();
        let wanted = self.wanted_indexes(which).await?;
        let spec = collection_spec::load(&self.work.connection, &name).await?;
        let mut dropped = Vec::new();
        for index in spec.iter().flat_map(|spec| &spec.indexes) {
            let index_name = name_of(index);
            let of_that_name = wanted.iter().find(|it| name_of(it) == index_name);
            let right = of_that_name.is_some_and(|wanted| is_so(wanted, index));
            if index_name != "_id_" && !right {
                collection_spec::drop_index(&self.work.connection, &name, index_name).await?;
                dropped.push(index_name.to_owned());
            }
        }
        Ok(dropped)
    }

    /// Makes the copy's indexes what they should be; says what was dropped and built.
    async fn bring_indexes(&self, which: &Rebuilt, copy: &CollectionSpec) -> Result<Vec<String>> {
        let live = which.live();
        let dropped = self.drop_outdated_indexes(which).await?;
        let wanted = self.wanted_indexes(which).await?;
        let mut says = Vec::new();
        for name in &dropped {
            if !wanted.iter().any(|index| name_of(index) == name) {
                says.push(format!("index {name} of {live} was dropped"));
            }
        }
        for index in &wanted {
            let name = name_of(index);
            let stands = copy.indexes.iter().any(|it| name_of(it) == name);
            if stands && !dropped.iter().any(|dropped| dropped == name) {
                continue;
            }
            self.build_one(&copy.name, index).await?;
            says.push(format!("index {name} of {live} was made"));
        }
        Ok(says)
    }

    /// Builds indexes on a copy; where one cannot be, the error names it.
    pub(crate) async fn build_or_name(
        &self,
        place: &str,
        indexes: &[RawDocumentBuf],
    ) -> Result<()> {
        match collection_spec::build_indexes(&self.work.connection, place, indexes).await {
            Ok(()) => return Ok(()),
            Err(error @ StoreError::Server { .. }) if !error.passes() => {
                tracing::warn!(
                    "building the indexes of {place} one by one, to name what is refused"
                );
            }
            Err(error) => return Err(error.into()),
        }
        // The server's proof of a unique index needs one that is not unique yet: a plain one of the same keys is in its way.
        let (unique, others): (Vec<_>, Vec<_>) = indexes
            .iter()
            .partition(|index| get(index, "unique").is_some());
        let standing = collection_spec::load(&self.work.connection, place).await?;
        for index in standing.iter().flat_map(|spec| &spec.indexes) {
            let twin = |other: &&RawDocumentBuf| {
                get(other, "key") == get(index, "key") && name_of(other) != name_of(index)
            };
            let name = name_of(index);
            if name != "_id_" && get(index, "unique").is_none() && unique.iter().any(twin) {
                collection_spec::drop_index(&self.work.connection, place, name).await?;
            }
        }
        for index in unique.into_iter().chain(others) {
            self.build_one(place, index).await?;
        }
        Ok(())
    }

    /// Builds one index on a copy, or says by name why it cannot be.
    async fn build_one(&self, place: &str, index: &RawDocument) -> Result<()> {
        let connection = &self.work.connection;
        let refused = |why: &str| {
            StepError::Findings(format!(
                "the index {} cannot be built over {place}. What is live is unchanged. Drop the index from the live collection or change those documents, then run the same command again; where the after-schema asks for it, change that line and make the plan again. Why: {why}",
                name_of(index)
            ))
        };
        let named = |error: StoreError| match error {
            StoreError::Server { code, .. } if !error.passes() => {
                refused(&format!("{} (code {code})", why(code)))
            }
            other => other.into(),
        };
        if get(index, "unique").is_some() {
            let groups = unique_index::build(connection, place, index)
                .await
                .map_err(named)?;
            if let Some(groups) = groups.filter(|groups| !groups.is_empty()) {
                let lines = groups.iter().take(NAMED).map(|group| {
                    let ids: Vec<_> = group.iter().map(ToString::to_string).collect();
                    format!("\n  - {}", ids.join(", "))
                });
                let lines: String = lines.collect();
                return Err(refused(&format!("{}:{lines}", why(DUPLICATE_KEY))));
            }
        }
        let only = [index.to_owned()];
        collection_spec::build_indexes(connection, place, &only)
            .await
            .map_err(named)
    }

    /// Indexes that were made on the original between the last look at it and its rename are built on what is live now. May be called any
    /// number of times.
    pub(crate) async fn carry_last_indexes(&mut self, which: &Rebuilt) -> Result<Vec<String>> {
        let connection = &self.work.connection;
        let before = collection_spec::load(connection, &which.before()).await?;
        let live_name = self.layout.live(which).to_owned();
        let live = collection_spec::load(connection, &live_name).await?;
        let (Some(before), Some(live)) = (before, live) else {
            return Ok(Vec::new());
        };
        let mut says = Vec::new();
        for index in &self.wanted_indexes(which).await? {
            let name = name_of(index);
            if !live.indexes.iter().any(|it| name_of(it) == name) {
                self.build_one(&live_name, index).await?;
                says.push(format!("index {name} of {live_name} was made"));
            }
        }
        if says.is_empty() {
            return Ok(says);
        }
        let mut ttl = self.run.collection(which).ttl;
        for (name, seconds) in before.expiries() {
            if seconds != i64::from(TTL_OFF) {
                // The kept original must not empty itself.
                collection_spec::set_ttl(connection, &before.name, &name, None).await?;
                ttl.insert(name, seconds);
            }
        }
        if let Some(record) = &mut self.run.record {
            let record = record.collection_mut(which);
            record.specification = before.fingerprint_with(&ttl);
            record.ttl = ttl;
        }
        self.save().await?;
        Ok(says)
    }
}

/// True where the index stands as wanted; TTLs of copies are kept off.
fn is_so(wanted: &RawDocument, index: &RawDocument) -> bool {
    let waits = get(index, "prepareUnique").is_some(); // built, and not proved yet
    waits || index_differs(wanted, Some(index), false).is_none()
}
