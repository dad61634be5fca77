//! Reading a survey off the database: businesses, services, account rows, customers, users and bookings once each. Writes nothing.

use crate::domain::quiet::Fact;
use std::collections::{BTreeMap, HashSet};

use bson::raw::RawDocument;

use crate::domain::blueprint::Blueprint;
use crate::domain::id::Id;
use crate::domain::index_plan::{asks_for_it, names_field};
use crate::domain::link::{LinkKind, is_note};
use crate::domain::mapping::{LINKS, SIDE_PREFIX};
use crate::domain::nearest::nearest;
use crate::domain::overview::Overview;
use crate::domain::rebuilt::{Rebuilt, Role};
use crate::domain::reference::{AccountPath, End, leaving};
use crate::domain::run::WatchStart;
use crate::domain::survey::build::BookingRead;
use crate::domain::survey::facts::id_of;
use crate::domain::survey::{Of, Survey};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::retry::patiently;
use crate::engine::session::{Session, Surveyed, Workspace};
use crate::store::StoreError;
use crate::store::collection_spec::{self, CollectionSpec};
use crate::store::scan::{self, Batch, Scan};
use crate::store::snapshot::{self, Snapshot};
use crate::store::watch::{self, Seen};

mod details;

/// The server's limit for `database.collection`, in bytes.
const LONGEST: usize = 255;
/// The id of a run, for the longest name that a migration gives.
const SOME_RUN: &str = "20260101-000000-0000";

/// Documents that are read as if they stood in a collection: those of a stray.
#[derive(Debug)]
pub(crate) struct Also {
    /// The collection.
    pub(crate) of: String,
    /// Where they stand.
    pub(crate) place: String,
}

impl Session {
    /// Takes the survey anew and keeps it.
    ///
    /// # Errors
    /// A database that cannot be migrated, with the reason, or the server's refusal.
    pub async fn survey(&mut self, watcher: &Watcher) -> Result<Overview> {
        patiently!(self, watcher, self.survey_once(watcher))
    }

    /// The same, tried once: for a step, which is tried again as a whole.
    pub(crate) async fn survey_once(&mut self, watcher: &Watcher) -> Result<Overview> {
        Box::pin(self.survey_with(None, watcher)).await
    }

    /// The same, with documents beside the originals of a collection.
    pub(crate) async fn survey_with(
        &mut self,
        also: Option<&Also>,
        watcher: &Watcher,
    ) -> Result<Overview> {
        self.see_what_is_swapped().await?;
        let specs = collection_spec::load_all(&self.work.connection).await?;
        self.check_collections(&specs).await?;
        let since = watch::begin(&self.work.connection).await?;
        self.labels.forget();
        self.surveyed = None; // two at once would hold twice the memory
        let mut survey = Box::pin(self.read(&specs, also, watcher)).await?;
        self.work.tables_hold()?;
        survey.assign(&self.answers.decisions);
        survey.contact_leaves(self.answers.decisions.contact);
        // Neither needs the other, and no server is waited for.
        let (conflicts, blueprint) = std::thread::scope(|scope| {
            let conflicts = scope.spawn(|| survey.conflicts());
            let blueprint = Blueprint::new(&survey, &self.answers.decisions);
            (conflicts.join(), blueprint)
        });
        let conflicts = conflicts.map_err(|_| not_kept())?;
        self.work.tables_hold()?;
        self.surveyed = Some(Box::new(Surveyed {
            blueprint,
            survey,
            conflicts,
            obstacles: self.obstacles(&specs),
        }));
        self.quiet.found(Fact::Surveyed, since);
        self.overview().ok_or_else(not_kept)
    }

    /// True while a survey is kept, and nobody wrote since.
    pub(crate) async fn is_surveyed_now(&self) -> Result<bool> {
        let known = self.quiet.of(Fact::Surveyed);
        let known = known.filter(|_| self.surveyed.is_some());
        Ok(self.work.still_unchanged(known).await?.is_some())
    }

    /// Surveys anew, unless nobody but us wrote since this session's last survey, and the server can tell.
    pub(crate) async fn survey_if_changed(&mut self, watcher: &Watcher) -> Result<()> {
        let known = self.quiet.of(Fact::Surveyed).cloned();
        let known = known.filter(|_| self.surveyed.is_some());
        let Some(since) = self.work.still_unchanged(known.as_ref()).await? else {
            self.survey_once(watcher).await?;
            return Ok(());
        };
        self.see_what_is_swapped().await?;
        // Validators and indexes are no writes.
        let specs = collection_spec::load_all(&self.work.connection).await?;
        self.check_collections(&specs).await?;
        let obstacles = self.obstacles(&specs);
        if let Some(surveyed) = &mut self.surveyed {
            surveyed.obstacles = obstacles;
        }
        self.quiet.found(Fact::Surveyed, since);
        self.give_memory_back();
        Ok(())
    }

    async fn check_collections(&self, specs: &BTreeMap<String, CollectionSpec>) -> Result<()> {
        let database = &self.work.connection.place.database;
        let names: Vec<_> = specs
            .keys()
            .filter(|name| !name.starts_with(SIDE_PREFIX) && !name.starts_with("system."))
            .map(String::as_str)
            .collect();
        if names.is_empty() {
            let others = self.work.connection.database_names().await;
            return Err(StepError::NotReady(format!(
                "there is no database {database}, or it holds no collection. Nothing was changed. {}",
                match nearest(database, others.iter().map(String::as_str)) {
                    Some(near) =>
                        format!("Did you mean {near}? The server has: {}", others.join(", ")),
                    None => format!("The server has: {}", others.join(", ")),
                }
            )));
        }
        for (role, name) in self.work.mapping.required() {
            let name = self.layout.now(name);
            // A swapped collection's live name may be missing for an instant of a cut-over that was killed.
            let mid_swap = self
                .run
                .open()
                .is_some_and(|run| run.collections.values().any(|it| it.swap_began));
            match specs.get(name) {
                Some(_) => {}
                None if mid_swap => {}
                None => {
                    let near = nearest(name, names.iter().copied());
                    return Err(StepError::NotReady(format!(
                        "the mapping has the role {role} in {name}, and {database} has no such collection. Nothing was changed. {}It has: {}. Name the right one in a mapping file (--config)",
                        near.map(|near| format!("Did you mean {near}? "))
                            .unwrap_or_default(),
                        names.join(", ")
                    )));
                }
            }
        }
        for which in &self.work.mapping.rebuilt() {
            let name = which.live();
            let longest = which.rolled_back(SOME_RUN);
            if database.len() + 1 + longest.len() > LONGEST {
                return Err(StepError::NotReady(format!(
                    "the name {name} is too long: with what ringfence puts before it ({}) it passes the {LONGEST} bytes that the server takes. Nothing was changed; rename the collection, or have the database called something shorter",
                    longest.strip_suffix(name).unwrap_or_default()
                )));
            }
        }
        self.refuse_kinds(specs)
    }

    /// The same, for what stands now.
    pub(crate) async fn refuse_kinds_that_stand(&self) -> Result<()> {
        self.refuse_kinds(&collection_spec::load_all(&self.work.connection).await?)
    }

    /// Refuses what cannot be rebuilt and swapped in a role: views, capped collections and their like.
    pub(crate) fn refuse_kinds(&self, specs: &BTreeMap<String, CollectionSpec>) -> Result<()> {
        let mapping = &self.work.mapping;
        let required = mapping.required().into_iter();
        let required = required.map(|(role, name)| (role, self.layout.now(name)));
        for (role, name) in required.chain([("customer", mapping.customer.collection.as_str())]) {
            if let Some(spec) = specs.get(name) {
                refuse(role, spec)?;
            }
        }
        Ok(())
    }

    /// Validators and partial filters that would change their meaning when a field leaves.
    fn obstacles(&self, specs: &BTreeMap<String, CollectionSpec>) -> Vec<String> {
        let list = self.work.mapping.rebuilt();
        let found = list.iter().filter_map(|which| {
            let spec = specs.get(&self.layout.source(which)?)?;
            Some(self.obstacles_of(which, spec))
        });
        found.flatten().collect()
    }

    /// Those of one collection.
    pub(crate) fn obstacles_of(&self, which: &Rebuilt, spec: &CollectionSpec) -> Vec<String> {
        let mut obstacles = Vec::new();
        let following = &self.work.mapping.booking.following;
        if which.role() == Role::Bookings && (following.keep || following.filter.is_some()) {
            let field = leaving(&self.work.mapping);
            let holds = |index: &&bson::RawDocumentBuf| {
                let unique = index.get_bool("unique").unwrap_or(false);
                let partial = index.get_document("partialFilterExpression").is_ok();
                let key = index.get_document("key");
                unique && !partial && key.is_ok_and(|key| names_field(key, &field))
            };
            obstacles.extend(spec.indexes.iter().filter(holds).map(|index| {
                format!(
                    "the unique index {} of {} holds {field}, which some bookings keep and new ones will not have; drop it, or make it partial on {{{field}: {{$exists: true}}}}",
                    crate::domain::index_plan::name_of(index),
                    spec.name
                )
            }));
        }
        for field in &which.leaving(&self.work.mapping) {
            if spec
                .validation()
                .is_some_and(|validation| names_field(&validation, field))
            {
                obstacles.push(format!(
                    "the validator of {} names {field}, which leaves; change it with collMod before you apply",
                    spec.name
                ));
            }
            for index in &spec.indexes {
                let filter = index.get_document("partialFilterExpression");
                // A filter that asks for the field alone is rewritten with the key.
                let follows = asks_for_it(index, field)
                    && index
                        .get_document("key")
                        .is_ok_and(|key| names_field(key, field));
                if !follows && filter.is_ok_and(|filter| names_field(filter, field)) {
                    obstacles.push(format!(
                        "the partial index {} of {} filters by {field}, which leaves; drop or change it before you apply",
                        crate::domain::index_plan::name_of(index),
                        spec.name
                    ));
                }
            }
        }
        obstacles
    }

    /// Whole documents are read, not projections: with a repeated key a projection can end before the
    /// field that we need (seen on 6.0.5), and it saves the server nothing.
    ///
    /// As of one moment where the server can show one: a booking that came after its user was read must not look like one without a user.
    async fn read(
        &self,
        specs: &BTreeMap<String, CollectionSpec>,
        also: Option<&Also>,
        watcher: &Watcher,
    ) -> Result<Survey> {
        if let Some(moment) = snapshot::begin(&self.work.connection).await {
            match self.read_at(Some(&moment), specs, also, watcher).await {
                Err(StepError::Store(error)) if snapshot::is_impossible(&error) => {
                    tracing::warn!("surveying without a snapshot: {error}");
                }
                read => return read,
            }
        }
        self.read_at(None, specs, also, watcher).await
    }

    async fn read_at(
        &self,
        moment: Option<&Snapshot>,
        specs: &BTreeMap<String, CollectionSpec>,
        also: Option<&Also>,
        watcher: &Watcher,
    ) -> Result<Survey> {
        let mapping = self.work.mapping.clone();
        let mut survey = Survey::new(
            &self.work.connection.place.database,
            mapping.clone(),
            &self.work.memory,
        );
        for businesses in &mapping.business.collections {
            let businesses = self.layout.original_of(&mapping, businesses);
            self.work
                .scan_at(moment, &businesses, watcher, |it| {
                    survey.take_business(it);
                })
                .await?;
        }
        self.read_hops(moment, End::Business, &mut survey, watcher)
            .await?;
        for account in AccountPath::rows(&mapping) {
            let rows = &*self.layout.original_of(&mapping, &account.collection);
            let spec = specs.get(rows);
            if spec.is_some_and(|spec| spec.kind == "collection") {
                let take = |it: &RawDocument| survey.take_account(&account, it);
                self.work.scan_at(moment, rows, watcher, take).await?;
            }
        }
        for hop in survey.hops_of_accounts() {
            let place = self.layout.original_of(&mapping, &hop.collection);
            let take = |it: &RawDocument| survey.take_account_hop(&hop, it);
            self.work.scan_at(moment, &place, watcher, take).await?;
            survey.end_account_hop(&hop);
        }
        let ours = self.customers_made_before(specs).await?;
        let customers = self.layout.source(&self.work.mapping.customers());
        if let Some(customers) = customers.filter(|name| specs.contains_key(name)) {
            let take = |it: &RawDocument| match id_of(it) {
                Some(id) if ours.contains(&id) => survey.take_ours(it),
                _ => survey.take_existing(it),
            };
            self.work.scan_at(moment, &customers, watcher, take).await?;
        }
        let users = self
            .layout
            .source(&self.work.mapping.users())
            .unwrap_or_default();
        let expected = scan::rough_count(&self.work.connection.database, &users).await;
        survey.expect_users(usize::try_from(expected).unwrap_or(0));
        self.work
            .scan_at(moment, &users, watcher, |it| {
                survey.take_user(it);
            })
            .await?;
        survey.close_users();
        self.read_hops(moment, End::User, &mut survey, watcher)
            .await?;
        let paths = survey.paths().clone();
        for place in &self.places_of(&mapping.booking.collection, also) {
            let paths = paths.clone();
            let make = move |batch: Batch| {
                let bookings = batch.documents().map(|it| BookingRead::of(it, &paths));
                bookings.collect::<Vec<_>>()
            };
            self.work
                .scan_as(moment, place, watcher, make, |bookings| {
                    survey.take_bookings(&bookings);
                })
                .await?;
        }
        self.read_followed(moment, &mut survey, (specs, also), watcher)
            .await?;
        self.look_closer(&mut survey, specs, watcher).await?;
        Ok(survey)
    }

    /// Where the documents of a collection are read.
    fn places_of(&self, collection: &str, also: Option<&Also>) -> Vec<String> {
        let mut places = vec![self.layout.original_of(&self.work.mapping, collection)];
        let also = also.filter(|it| it.of == collection);
        places.extend(also.map(|it| it.place.clone()));
        places
    }

    /// Reads the documents of followed collections, once for each entry: they may make pairs, and all of bookings' are known.
    async fn read_followed(
        &self,
        moment: Option<&Snapshot>,
        survey: &mut Survey,
        (specs, also): (&BTreeMap<String, CollectionSpec>, Option<&Also>),
        watcher: &Watcher,
    ) -> Result<()> {
        for (at, entry) in self.work.mapping.follow.iter().enumerate() {
            let paths = survey.paths_of(Of::Entry(at)).clone();
            for place in &self.places_of(&entry.collection, also) {
                let paths = paths.clone();
                let make = move |batch: Batch| {
                    let documents = batch.documents().map(|it| BookingRead::of(it, &paths));
                    documents.collect::<Vec<_>>()
                };
                self.work
                    .scan_as(moment, place, watcher, make, |documents| {
                        survey.take_followed(at, &documents);
                    })
                    .await?;
            }
        }
        let bookings = [self.work.mapping.booking.collection.as_str()].into_iter();
        for collection in bookings.chain(self.work.mapping.followed_collections()) {
            let place = self.layout.original_of(&self.work.mapping, collection);
            let indexes = specs.get(&place).into_iter().flat_map(|spec| &spec.indexes);
            for index in indexes {
                survey.take_followed_index(collection, index);
            }
        }
        Ok(())
    }

    /// Reads the documents through which bookings and followed documents find this.
    async fn read_hops(
        &self,
        moment: Option<&Snapshot>,
        end: End,
        survey: &mut Survey,
        watcher: &Watcher,
    ) -> Result<()> {
        for hop in survey.hops(end) {
            let place = self.layout.original_of(&self.work.mapping, &hop.collection);
            self.work
                .scan_at(moment, &place, watcher, |it| {
                    survey.take_hop(end, &hop, it);
                })
                .await?;
        }
        Ok(())
    }

    /// The customers of an earlier, finished run.
    async fn customers_made_before(
        &self,
        specs: &BTreeMap<String, CollectionSpec>,
    ) -> Result<HashSet<Id>> {
        let mut ours = HashSet::new();
        if self.run.open().is_some() || !specs.contains_key(LINKS) {
            return Ok(ours);
        }
        for link in scan::all(&self.work.connection.database, LINKS, &Scan::default()).await? {
            if !is_note(&link) && LinkKind::of(&link)? != LinkKind::Existing {
                ours.extend(id_of(&link));
            }
        }
        Ok(ours)
    }
}

impl Workspace {
    /// Refuses to go on where tables had to leave memory and can no longer be read: nothing that came of them can be relied on.
    pub(crate) fn tables_hold(&self) -> Result<()> {
        match self.memory.failure() {
            None => Ok(()),
            Some(failure) => Err(StepError::NotReady(format!(
                "{failure}. What is live is unchanged; a prepared copy may hold what the next run puts right. Make room there, or give more --memory, and start again"
            ))),
        }
    }

    /// Between two batches: stops where that was asked for, and where tables can no longer be read. What came of them then is nothing to go
    /// on with, and takes for ever.
    pub(crate) fn between_batches(&self, watcher: &Watcher) -> Result<()> {
        if watcher.cancel.is_cancelled() {
            return Err(StoreError::Cancelled.into());
        }
        self.tables_hold()
    }

    /// A moment until which nobody but us wrote since `start`; `None` where somebody did, or that cannot be told. (A standalone's write
    /// counters begin anew with its process, so they do not tell.)
    pub(crate) async fn still_unchanged(
        &self,
        start: Option<&WatchStart>,
    ) -> Result<Option<WatchStart>> {
        let Some(start @ WatchStart::OperationTime { .. }) = start else {
            return Ok(None);
        };
        let now = watch::begin(&self.connection).await?;
        let seen = watch::since(&self.connection, start, std::time::Duration::ZERO).await?;
        Ok(matches!(seen, Seen::Writes(writes) if writes.is_empty()).then_some(now))
    }

    /// Feeds `take` with what the reading task makes of each batch.
    async fn scan_as<T: Send + 'static>(
        &self,
        moment: Option<&Snapshot>,
        collection: &str,
        watcher: &Watcher,
        make: impl Fn(Batch) -> T + Send + 'static,
        mut take: impl FnMut(T),
    ) -> Result<()> {
        let database = &self.connection.database;
        let total = scan::rough_count(database, collection).await;
        let doing = format!("reading {collection}");
        watcher.says(&doing, 0, total);
        let mut done = 0;
        let make = move |batch: Batch| (batch.len() as u64, make(batch));
        let mut reader = scan::read_as(database, collection, &Scan::default(), moment, make)?;
        while let Some((documents, made)) = reader.next().await? {
            self.between_batches(watcher)?;
            take(made);
            done += documents;
            watcher.says(&doing, done, total);
        }
        Ok(())
    }

    async fn scan_at(
        &self,
        moment: Option<&Snapshot>,
        collection: &str,
        watcher: &Watcher,
        mut take: impl FnMut(&RawDocument),
    ) -> Result<()> {
        let take = |batch: Batch| batch.documents().for_each(&mut take);
        self.scan_as(moment, collection, watcher, |batch| batch, take)
            .await
    }

    pub(crate) async fn scan(
        &self,
        collection: &str,
        watcher: &Watcher,
        take: impl FnMut(&RawDocument),
    ) -> Result<()> {
        self.scan_at(None, collection, watcher, take).await
    }
}

pub(crate) fn not_kept() -> StepError {
    StepError::NotReady("the survey was not kept".to_owned())
}

fn refuse(role: &str, spec: &CollectionSpec) -> Result<()> {
    match spec.refusal() {
        Some(reason) => Err(StoreError::Refused(format!(
            "{}, in the role of the {role}s, cannot be migrated: {reason}. Nothing was changed",
            spec.name
        ))
        .into()),
        None => Ok(()),
    }
}
