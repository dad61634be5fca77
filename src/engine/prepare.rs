//! Prepared copies beside the live data, made by converge. Called again they resume, catch up, or find nothing to do.

use crate::domain::checklist::State;
use crate::domain::checklist::Step;
use crate::domain::run::RunRecord;
use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::accepted::Accepted;
use crate::domain::departure::Departures;
use crate::domain::index_plan;
use crate::domain::mapping::SET_ASIDE;
use crate::domain::number::{free_megabytes, grouped, megabytes};
use crate::domain::raw::get;
use crate::domain::rebuilt::{Rebuilt, Role};
use crate::domain::transform::{self, Placed};
use crate::engine::error::{Result, StepError};
use crate::engine::layout::Layout;
use crate::engine::session::{Run, Session, Surveyed, Workspace};
use crate::engine::{Watcher, counted};
use crate::store::StoreError;
use crate::store::collection_spec::{self, CollectionSpec};
use crate::store::converge::{self, Source, Tally, Target};
use crate::store::{disk_space, unique_index};

/// Groups of clashing customers that are named.
const NAMED: usize = 20;

/// What a converge did, and with which original.
pub(crate) struct Converged {
    /// What it did.
    pub(crate) tally: Tally,
    /// Fingerprint of the original, as it was read; `None` where the copy is not made of one.
    source: Option<String>,
}

/// What a converge did, for people.
pub(crate) fn did(tally: Tally) -> String {
    if tally.changes() == 0 {
        return "nothing left to do".to_owned();
    }
    format!(
        "{} written, {} replaced, {} removed",
        grouped(tally.inserted),
        grouped(tally.replaced),
        grouped(tally.deleted)
    )
}

impl Session {
    /// Refuses while a blocker has no answer, or something stands against the plan that no answer can mend.
    ///
    /// # Errors
    /// The first of them.
    pub fn require_decided(&self) -> Result<()> {
        let surveyed = self.surveyed()?;
        let undecided: Vec<_> = self
            .answers
            .decisions
            .undecided_blockers(&surveyed.conflicts)
            .collect();
        if let Some(first) = undecided.first() {
            return Err(StepError::Findings(format!(
                "{} without an answer (the first: {}). Nothing was changed; decide in the console, in a decisions file, or with --defaults",
                counted(undecided.len() as u64, "blocker is", "blockers are"),
                first.key
            )));
        }
        self.require_accepted(surveyed)?;
        if let Some(first) = surveyed.blueprint.clashes.first() {
            return Err(StepError::Findings(format!("{first}. Nothing was changed")));
        }
        let mut obstacles = surveyed
            .blueprint
            .obstacles
            .iter()
            .chain(&surveyed.obstacles);
        if let Some(first) = obstacles.next() {
            return Err(StepError::NotReady(format!("{first}. Nothing was changed")));
        }
        Ok(())
    }

    /// Refuses while answers take more bookings out of the application than may leave without their number.
    fn require_accepted(&self, surveyed: &Surveyed) -> Result<()> {
        let departures = &surveyed.blueprint.departures;
        let asks = departures.not_accepted(&self.answers.decisions.accepted);
        if asks.is_empty() {
            return Ok(());
        }
        let each: Vec<_> = asks
            .iter()
            .map(|(code, _)| {
                let accepted = self
                    .answers
                    .decisions
                    .accepted
                    .get(&Accepted::Bookings(*code));
                let was = accepted.map(|it| format!("; {} were accepted", grouped(*it)));
                format!("{}{}", departures.words_of(*code), was.unwrap_or_default())
            })
            .collect();
        Err(StepError::Findings(format!(
            "more than 1 % of the bookings would leave the application:\n  - {}\nNothing was changed. First make sure that the mapping names the right collections and fields. If it does and these bookings are to go, confirm their number: {}, or type it at the conflict in the console",
            each.join("\n  - "),
            Departures::options(&asks)
        )))
    }

    /// Refuses where the server's disk has no room for the copies; returns what all of them take, in bytes, and says it, where the server tells.
    pub(crate) async fn require_room(&self) -> Result<(u64, String)> {
        let list = self.work.mapping.rebuilt();
        let names: Vec<String> = list
            .iter()
            .filter_map(|which| self.layout.source(which))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let copies: Vec<String> = list.iter().map(Rebuilt::next).collect();
        let copies: Vec<&str> = copies.iter().map(String::as_str).collect();
        let all = disk_space::used(&self.work.connection, &names).await?;
        // Copies of a run that goes on are there already.
        let needed = all.saturating_sub(disk_space::used(&self.work.connection, &copies).await?);
        let Some(free) = disk_space::free(&self.work.connection).await else {
            return Ok((all, String::new()));
        };
        let (needed, free) = (megabytes(needed), free_megabytes(free));
        if needed < free {
            let says = format!(
                "; all copies together take about {} MB of the {} MB that are free",
                grouped(needed),
                grouped(free)
            );
            return Ok((all, says));
        }
        Err(StepError::NotReady(format!(
            "the copies need about {} MB on the server, as much as the originals take, and {} MB are free there. Nothing was changed; make room first",
            grouped(needed),
            grouped(free)
        )))
    }

    /// Makes sure that the prepared copy and its side collection exist and are this run's.
    pub(crate) async fn ensure_next(&mut self, which: &Rebuilt) -> Result<()> {
        let live = which.live().to_owned();
        let name = which.next();
        let original = collection_spec::load(&self.work.connection, &live).await?;
        self.begin_run().await?;
        let known = self.run.open().and_then(|run| run.collection(which).next);
        let mut next = collection_spec::load(&self.work.connection, &name).await?;
        let other_options = |copy: &CollectionSpec| {
            let plain = |spec: &CollectionSpec| spec.plain_options();
            original
                .as_ref()
                .map(plain)
                .is_some_and(|options| options != copy.plain_options())
        };
        if next
            .as_ref()
            .is_some_and(|spec| spec.uuid != known || other_options(spec))
        {
            // A copy of another run, or one made under another specification.
            collection_spec::drop(&self.work.connection, &name).await?;
            next = None;
        }
        if next.is_none() {
            collection_spec::create(&self.work.connection, &name, original.as_ref()).await?;
            next = collection_spec::load(&self.work.connection, &name).await?;
        }
        let ttl = original
            .as_ref()
            .map(CollectionSpec::expiries)
            .unwrap_or_default();
        let record = self.begin_run().await?.collection_mut(which);
        record.next = next.and_then(|spec| spec.uuid);
        if !record.swap_began {
            record.original = original.as_ref().and_then(|spec| spec.uuid.clone());
            record.specification = original
                .as_ref()
                .map(CollectionSpec::fingerprint)
                .unwrap_or_default();
            record.ttl = ttl;
            record.proved = None;
            record.prepared_for = None;
        }
        self.save().await?;
        if which.role() == Role::Users && self.side_of(which).is_none() {
            // Of another plan, which set users aside.
            collection_spec::drop(&self.work.connection, SET_ASIDE).await?;
        }
        if let Some(side) = self.side_of(which) {
            // It is walked with the original, so it must order ids alike.
            let model = original.as_ref().filter(|_| which.shares_with_side());
            self.work.ensure_side(&side, model).await?;
        }
        Ok(())
    }

    /// Keeps which plan the prepared copy was made for.
    pub(crate) async fn note_prepared(&mut self, which: &Rebuilt) -> Result<()> {
        if let Some(record) = &mut self.run.record {
            let hash = record.plan_hash().map(str::to_owned);
            record.collection_mut(which).prepared_for = hash;
        }
        self.save().await
    }

    /// Builds the customers' indexes together: the unique ones as they are before the server's proof, where it knows how.
    async fn build_before_unique(&self, watcher: &Watcher) -> Result<()> {
        let name = self.work.mapping.customers().next();
        watcher.says("building the indexes of customers", 0, 0);
        let mut indexes = Vec::new();
        for index in self.wanted_indexes(&self.work.mapping.customers()).await? {
            if get(&index, "unique").is_none() {
                indexes.push(index);
            } else if let Some(before) =
                unique_index::before(&self.work.connection, &name, &index).await?
            {
                indexes.push(before);
            }
        }
        self.build_or_name(&name, &indexes).await
    }

    /// Lets the server prove that the customers' unique indexes can be, where it knows how.
    async fn prove_unique(&self, watcher: &Watcher) -> Result<()> {
        let name = self.work.mapping.customers().next();
        watcher.says("proving the unique index on business and e-mail", 0, 0);
        let (mut clashes, mut names) = (Vec::new(), Vec::new());
        for index in self.wanted_indexes(&self.work.mapping.customers()).await? {
            if get(&index, "unique").is_some() {
                let groups = unique_index::prove(&self.work.connection, &name, &index).await?;
                let groups = groups.unwrap_or_default();
                if !groups.is_empty() {
                    names.push(index_plan::name_of(&index).to_owned());
                }
                clashes.extend(groups);
            }
        }
        if clashes.is_empty() {
            return Ok(());
        }
        let groups: Vec<String> = clashes
            .iter()
            .take(NAMED)
            .map(|group| {
                let ids: Vec<_> = group.iter().map(ToString::to_string).collect();
                ids.join(", ")
            })
            .collect();
        Err(StepError::Findings(format!(
            "the server finds {} of customers that the unique index of customers ({}) cannot hold together. The live data is unchanged. Merge them, or give one another e-mail (duplicate-email, customer-exists), then prepare again:\n  - {}",
            counted(clashes.len() as u64, "group", "groups"),
            names.join(", "),
            groups.join("\n  - ")
        )))
    }

    pub(crate) async fn build_indexes(&self, which: &Rebuilt, watcher: &Watcher) -> Result<()> {
        let name = which.next();
        watcher.says(&format!("building the indexes of {}", which.live()), 0, 0);
        let wanted = self.wanted_indexes(which).await?;
        self.build_or_name(&name, &wanted).await
    }

    /// The indexes that the rebuilt collection must have, with their true TTLs.
    pub(crate) async fn wanted_indexes(&self, which: &Rebuilt) -> Result<Vec<RawDocumentBuf>> {
        let originals = self.indexes_of_the_original(which).await?;
        self.wanted_over(which, &originals)
    }

    /// The same, whatever was made of the kept original's indexes by hand since.
    pub(crate) async fn wanted_as_of_then(&self, which: &Rebuilt) -> Result<Vec<RawDocumentBuf>> {
        let originals = match self.indexes_of_then(which).await? {
            Some(then) => then,
            None => self.indexes_of_the_original(which).await?,
        };
        self.wanted_over(which, &originals)
    }

    async fn indexes_of_the_original(&self, which: &Rebuilt) -> Result<Vec<RawDocumentBuf>> {
        let original = match self.layout.source(which) {
            Some(name) => collection_spec::load(&self.work.connection, &name).await?,
            None => None,
        };
        Ok(original.map(|spec| spec.indexes).unwrap_or_default())
    }

    /// What the copy of a collection with these indexes gets.
    fn wanted_over(
        &self,
        which: &Rebuilt,
        originals: &[RawDocumentBuf],
    ) -> Result<Vec<RawDocumentBuf>> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let some_stay = blueprint.some_stay(survey, which);
        // Users who retire may break what the after-schema makes unique: that is built once they are gone.
        let waits =
            which.role() == Role::Users && self.answers.retire_users && !self.has_begun_to_retire();
        let mut wanted = index_plan::wanted_with(
            &self.work.mapping,
            which,
            originals,
            (blueprint.email_index, &some_stay),
            !waits,
        );
        wanted.retain(|index| !blueprint.drops_index(which.live(), index_plan::name_of(index)));
        Ok(wanted)
    }

    /// Makes a prepared copy what it should be, with what belongs to it; with `writes` false only counts what differs.
    pub(crate) async fn converge(
        &self,
        which: &Rebuilt,
        writes: bool,
        watcher: &Watcher,
    ) -> Result<Converged> {
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let Some(transform) = transform::of(which, survey, blueprint) else {
            return Ok(Converged {
                tally: self.converge_customers(writes, watcher).await?,
                source: None,
            });
        };
        let shape = self.work.shape_of(which);
        let shaped = |document: RawDocumentBuf| match &shape {
            Some(shape) => shape.of(&document).map(|it| it.document),
            None => Ok(document),
        };
        let place = |document: &RawDocument| match transform(document) {
            Ok(Placed::Copy(document)) => shaped(document)
                .map(|document| Some((0, document)))
                .map_err(|error| StoreError::Invalid(error.to_string())),
            Ok(Placed::Side(document)) => Ok(Some((1, document))),
            Err(error) => Err(StoreError::Invalid(error.to_string())),
        };
        let connection = &self.work.connection;
        let names = [self.layout.place(which)];
        let names = names.into_iter().chain(self.side_of(which));
        let names: Vec<String> = names.collect();
        let mut targets = Vec::new();
        for name in &names {
            targets.push(if writes {
                Target::write(connection, name).await?
            } else {
                Target::compare(connection, name)
            });
        }
        let source = self.layout.source(which).unwrap_or_default();
        let total = survey.documents_in(which);
        let doing = if writes {
            which.making().to_owned()
        } else {
            format!("comparing {}", which.live())
        };
        let progress = |done| watcher.says(&doing, done, total);
        let source = converge::converge(
            connection,
            Source::from(&source),
            &mut targets,
            &watcher.cancel,
            place,
            progress,
        )
        .await?;
        self.work.tables_hold()?;
        let tallies = targets.iter().map(|target| target.tally);
        Ok(Converged {
            tally: tallies.fold(Tally::default(), Tally::and),
            source: Some(source),
        })
    }

    /// Makes a prepared copy and its indexes what they should be.
    pub(crate) async fn bring_up_to_date(
        &self,
        which: &Rebuilt,
        watcher: &Watcher,
    ) -> Result<Converged> {
        // They would keep documents out.
        self.drop_outdated_indexes(which).await?;
        let converged = self.converge(which, true, watcher).await?;
        if which.is_made_of_pairs() {
            self.build_before_unique(watcher).await?;
            self.prove_unique(watcher).await?;
        }
        self.build_indexes(which, watcher).await?;
        Ok(converged)
    }

    /// Keeps the plan's numbers in the run record, for the report.
    pub(crate) fn take_numbers(&mut self) -> Result<()> {
        let surveyed = self.surveyed()?;
        let counts = surveyed.blueprint.counts;
        let survey = &surveyed.survey;
        let numbers = [
            ("users", survey.user_documents() as u64),
            ("accounts", survey.accounts()),
            ("password missing", survey.without_password[0]),
            ("password null", survey.without_password[1]),
            ("password empty", survey.without_password[2]),
            ("businesses", survey.businesses.len() as u64),
            ("services", survey.services()),
            ("bookings", survey.bookings),
            ("pairs", counts.pairs),
            ("created", counts.created),
            ("adopted", counts.adopted),
            ("merged away", counts.merged_away),
            ("skipped", counts.skipped),
            ("placeholders", counts.placeholders),
            ("existing", counts.existing),
        ];
        let guests = survey.every_guest().len() as u64;
        let has_guests = survey.has_guests();
        if let Some(record) = &mut self.run.record {
            if has_guests {
                record.numbers.insert("guests".to_owned(), guests);
            }
            record
                .numbers
                .extend(numbers.map(|(name, count)| (name.to_owned(), count)));
        }
        Ok(())
    }
}

impl Layout {
    pub(crate) fn before_cut_over(&self, which: &Rebuilt) -> Result<()> {
        if self.is_swapped(which) {
            return Err(StepError::NotReady(format!(
                "{} is cut over already; there is nothing to prepare",
                which.live()
            )));
        }
        Ok(())
    }

    /// Why a prepared copy has to be prepared again, if it has.
    fn is_stale(&self, run: &RunRecord, which: &Rebuilt) -> Option<&'static str> {
        let record = run.collection(which);
        if self.is_swapped(which) {
            None
        } else if self.is_gone(which) {
            Some("what was made live stands nowhere any more; only the way back is left")
        } else if !self.is_prepared(which) {
            Some("the prepared copy is gone; prepare it again")
        } else if record.prepared_for.is_none() {
            Some("its proof failed, or preparing it anew was cut off; prepare it again")
        } else if record.prepared_for.as_deref() != run.plan_hash() {
            Some("the plan is another one since; prepare it again, only what differs is written")
        } else {
            None
        }
    }

    /// Where a step stands that prepares these copies.
    pub(crate) fn prepared_state(
        &self,
        run: Option<&RunRecord>,
        step: Step,
        list: &[Rebuilt],
    ) -> Option<(State, String)> {
        let run = run?;
        let record = run.step(step)?;
        let (state, says) = (record.state, record.says.clone());
        if state != State::Done {
            return Some((state, says));
        }
        let why = list.iter().find_map(|which| self.is_stale(run, which));
        Some(match why {
            Some(why) => (State::Stale, why.to_owned()),
            None => (state, says),
        })
    }
}

impl Run {
    /// Refuses where the original that was just read is not what the backup holds.
    pub(crate) fn require_backed_up(&self, which: &Rebuilt, read: &Converged) -> Result<()> {
        let live = which.live();
        let Some(source) = &read.source else {
            return Ok(());
        };
        let backup = self.open().and_then(|run| run.backup.as_ref());
        if backup.and_then(|it| it.fingerprints.get(live)) == Some(source) {
            return Ok(());
        }
        Err(StepError::NotReady(format!(
            "{live} is not what the backup holds. What is live is unchanged: take the backup again (Back up)"
        )))
    }

    /// True when the prepared copy was made for the plan of the moment.
    pub(crate) fn is_of_this_plan(&self, which: &Rebuilt) -> bool {
        self.open().is_some_and(|run| {
            let made_for = run.collection(which).prepared_for;
            made_for.is_some() && made_for.as_deref() == run.plan_hash()
        })
    }
}

impl Workspace {
    pub(crate) async fn ensure_side(
        &self,
        name: &str,
        like: Option<&CollectionSpec>,
    ) -> Result<()> {
        if collection_spec::load(&self.connection, name)
            .await?
            .is_none()
        {
            collection_spec::create(&self.connection, name, like).await?;
        }
        Ok(())
    }
}
