//! A session: one connection, one mapping, the survey and decisions of the moment, and the run under way, if one is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::blueprint::Blueprint;
use crate::domain::conflict::Conflict;
use crate::domain::decision::Decisions;
use crate::domain::history::History;
use crate::domain::index_plan;
use crate::domain::mapping::{self, Mapping, Rebuilt};
use crate::domain::overview::{Overview, Review};
use crate::domain::pace::Limits;
use crate::domain::plan::Plan;
use crate::domain::run::{Millis, Outcome, RunRecord, WatchStart};
use crate::domain::survey::Survey;
use crate::domain::table::Memory;
use crate::domain::transform;
use crate::domain::view::Place;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::live_watch::LiveWatch;
use crate::engine::retry::patiently;
use crate::store::StoreError;
use crate::store::collection_spec;
use crate::store::connect::{self, Connection};
use crate::store::journal::Journal;
use crate::store::{process, run_record, spill};

/// Where runs leave their folders unless told.
pub const RUN_ROOT: &str = "ringfence-runs";

/// How a session is opened.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// The connection string.
    pub uri: String,
    /// Where it came from.
    pub uri_source: String,
    /// The database, unless the URI names it.
    pub database: Option<String>,
    /// A mapping file.
    pub config: Option<PathBuf>,
    /// Where run folders go.
    pub run_root: PathBuf,
    /// How long the stop is watched.
    pub watch: Duration,
    /// How fast copies are written.
    pub limits: Limits,
    /// Bytes of memory that surveys and proofs keep their tables in; the rest goes to a temporary file.
    pub memory: u64,
}

/// A survey with what follows from it.
#[derive(Debug)]
pub struct Surveyed {
    /// The survey.
    pub survey: Survey,
    /// Its conflicts.
    pub conflicts: Vec<Conflict>,
    /// Survey and decisions together.
    pub blueprint: Blueprint,
    /// What stands against any plan, whatever is decided: validators and partial filters that name a field that leaves.
    pub obstacles: Vec<String>,
    /// Foreign writes before this moment are in it.
    pub(crate) since: WatchStart,
}

/// One connection and everything known about it.
#[derive(Debug)]
pub struct Session {
    pub(crate) connection: Connection,
    pub(crate) mapping: Mapping,
    pub(crate) run_root: PathBuf,
    pub(crate) watch: Duration,
    pub(crate) memory: Memory,
    pub(crate) decisions: Decisions,
    /// The decisions file as it was read or written last.
    pub(crate) decisions_text: Option<String>,
    pub(crate) history: History,
    pub(crate) surveyed: Option<Box<Surveyed>>,
    pub(crate) record: Option<RunRecord>,
    pub(crate) swapped: BTreeSet<Rebuilt>,
    pub(crate) moved: BTreeMap<Rebuilt, String>,
    pub(crate) prepared: BTreeSet<Rebuilt>,
    pub(crate) accept_unknown: bool,
    /// Foreign writes since the verdict, as far as they were looked for.
    pub(crate) live_watch: Option<LiveWatch>,
    /// The mirror of the record, once this session writes.
    pub(crate) journal: Option<Journal>,
    /// Why there is none any more; said with the next step.
    pub(crate) journal_trouble: Option<String>,
}

impl Session {
    /// Connects, and reads the decisions file and the run record. Writes nothing.
    ///
    /// # Errors
    /// No server, wrong credentials, a broken mapping or decisions file.
    pub async fn open(options: SessionOptions) -> Result<Self> {
        let mapping = match &options.config {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| StoreError::file("reading", path, error))?;
                Mapping::parse(&text)?
            }
            None => Mapping::parse(mapping::DEFAULT)?,
        };
        let connection = connect::connect(
            &options.uri,
            &options.uri_source,
            options.database.as_deref(),
        )
        .await?;
        connection.throttle.set(options.limits);
        let record = first_read(&connection).await?;
        let mapping = match &record {
            Some(record) if record.outcome == Outcome::Open && options.config.is_none() => {
                record.mapping.clone()
            }
            _ => mapping,
        };
        let mut session = Self {
            connection,
            mapping,
            memory: spill::memory(options.memory, &options.run_root),
            run_root: options.run_root,
            watch: options.watch,
            decisions: Decisions::default(),
            decisions_text: None,
            history: History::default(),
            surveyed: None,
            record,
            swapped: BTreeSet::new(),
            moved: BTreeMap::new(),
            prepared: BTreeSet::new(),
            accept_unknown: false,
            live_watch: None,
            journal: None,
            journal_trouble: None,
        };
        session.load_decisions()?;
        session.see_what_is_swapped().await?;
        Ok(session)
    }

    /// Where this session is connected.
    pub fn place(&self) -> &Place {
        &self.connection.place
    }

    /// The database.
    pub fn database(&self) -> &mongodb::Database {
        &self.connection.database
    }

    /// Takes a stop verdict of UNKNOWN for good enough.
    pub fn accept_unknown(&mut self) {
        self.accept_unknown = true;
    }

    /// The run under way, if one is.
    pub fn open_run(&self) -> Option<&RunRecord> {
        self.record
            .as_ref()
            .filter(|record| record.outcome == Outcome::Open)
    }

    /// The latest run, whatever became of it.
    pub fn latest_run(&self) -> Option<&RunRecord> {
        self.record.as_ref()
    }

    /// The run under way, begun now if there is none. The first write of a migration.
    ///
    /// # Errors
    /// Missing privileges, or an earlier finished run whose links still stand.
    pub(crate) async fn begin_run(&mut self) -> Result<&mut RunRecord> {
        self.refuse_after_finish()?;
        self.hold().await?;
        let current = self.record.take();
        let record = match current {
            Some(record) if record.outcome == Outcome::Open => record,
            _ => self.new_run().await?,
        };
        Ok(self.record.insert(record))
    }

    /// Refuses where the latest run is finished and its links still stand.
    fn refuse_after_finish(&self) -> Result<()> {
        match &self.record {
            Some(record) if record.outcome == Outcome::Finished => {
                Err(StepError::NotReady(format!(
                    "this database was migrated by run {}, and its originals are deleted; its links are still kept. Nothing was changed. To migrate again, remove them first with `ringfence purge --confirm {}`",
                    record.id, self.connection.place.database
                )))
            }
            _ => Ok(()),
        }
    }

    async fn new_run(&mut self) -> Result<RunRecord> {
        let place = &self.connection.place;
        let mut record = RunRecord {
            id: new_run_id(),
            format: 1,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            transform: transform::VERSION,
            database: place.database.clone(),
            host: place.host.clone(),
            replica_set: place.replica_set.clone(),
            server_version: place.server_version.clone(),
            operator: operator(),
            started: now(),
            outcome: Outcome::Open,
            mapping: self.mapping.clone(),
            plan: None,
            numbers: BTreeMap::new(),
            decided: Vec::new(),
            steps: BTreeMap::new(),
            notes: BTreeMap::new(),
            collections: BTreeMap::new(),
            backup: None,
            watch: None,
            verdict: None,
            write_block: None,
            forecast: None,
            strays: BTreeMap::new(),
            equations: Vec::new(),
            rollback: None,
            replica_set_id: place.replica_set_id.clone(),
            saves: 0,
        };
        self.connection.lease.set_run(&record.id);
        // No disk for the journal, no run: nothing was written yet.
        let mut journal = Journal::open(&self.run_folder(&record), &record)?;
        run_record::save(&self.connection, &mut record).await?;
        journal.append(&record, now())?;
        self.journal = Some(journal);
        Ok(record)
    }

    /// Says which privileges are missing before anything is written.
    ///
    /// # Errors
    /// Their names and the roles that hold them.
    pub async fn require_privileges(&self) -> Result<()> {
        let mut needed = vec![
            "find",
            "insert",
            "update",
            "remove",
            "createCollection",
            "createIndex",
            "dropCollection",
            "renameCollectionSameDB",
        ];
        if self.changes_options().await? {
            needed.push("collMod");
        }
        let missing = self.connection.missing_privileges(&needed).await?;
        if missing.is_empty() {
            return Ok(());
        }
        Err(StepError::NotReady(format!(
            "this user may not {} on database {}. Nothing was changed. Survey, plan and verify work as it is; to apply, grant it the role readWrite (and dbAdmin where collections have TTL indexes or validators)",
            missing.join(", "),
            self.connection.place.database
        )))
    }

    /// True when a rebuilt collection has a TTL or a validator, which are put on by `collMod`.
    async fn changes_options(&self) -> Result<bool> {
        for which in Rebuilt::ALL {
            let Some(name) = self.source(which) else {
                continue;
            };
            let spec = collection_spec::load(&self.connection, &name).await?;
            if spec.is_some_and(|spec| {
                spec.validation().is_some()
                    || spec
                        .indexes
                        .iter()
                        .any(|index| index_plan::ttl_of(index).is_some())
            }) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the run record, and then its mirror. A disk that fails then stops nothing, least of all a way back: it is said.
    pub(crate) async fn save(&mut self) -> Result<()> {
        let Some(record) = &mut self.record else {
            return Ok(());
        };
        run_record::save(&self.connection, record).await?;
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.append(record, now())
        {
            tracing::warn!("{error}");
            self.journal = None;
            self.journal_trouble = Some(error.to_string());
        }
        Ok(())
    }

    /// Opens the journal of the open run, or of none. Called once the lease is ours, before anything is written.
    ///
    /// # Errors
    /// A journal that was changed, or that is not of this run, database and cluster.
    pub(crate) fn open_journal(&mut self) -> Result<()> {
        self.journal = None;
        let Some(record) = self.open_run() else {
            return Ok(());
        };
        let place = &self.connection.place;
        if let (Some(then), Some(is)) = (&record.replica_set_id, &place.replica_set_id)
            && then != is
        {
            return Err(StepError::NotReady(format!(
                "the run record is of the replica set {then}, and this one is {is}: the database was copied from another cluster while a migration was under way there. Nothing was changed. Work on that cluster, or drop the collections that begin with _ringfence_ here"
            )));
        }
        match Journal::open(&self.run_folder(record), record) {
            Ok(journal) => self.journal = Some(journal),
            // A disk that fails must not keep anyone from going on or back.
            Err(error @ StoreError::File { .. }) => {
                self.journal_trouble = Some(error.to_string());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The folder of a run.
    pub fn run_folder(&self, run: &RunRecord) -> PathBuf {
        self.run_root.join(&run.id)
    }

    /// Asks the server, by UUID, which collections were swapped and where the originals stand.
    ///
    /// # Errors
    /// The server's refusal.
    pub(crate) async fn see_what_is_swapped(&mut self) -> Result<()> {
        patiently!(self, &Watcher::silent(), self.look_what_is_swapped())
    }

    /// The same, tried once.
    pub(crate) async fn look_what_is_swapped(&mut self) -> Result<()> {
        let mut swapped = BTreeSet::new();
        let mut moved = BTreeMap::new();
        let mut prepared = BTreeSet::new();
        if let Some(record) = self.open_run() {
            let uuids = collection_spec::uuids(&self.connection).await?;
            let uuid = |name: &str| uuids.get(name).and_then(Option::as_deref);
            for which in Rebuilt::ALL {
                let known = record.collection(which);
                if known.is_next(uuid(self.mapping.live(which))) {
                    swapped.insert(which);
                }
                if known.is_next(uuid(&self.mapping.next(which))) {
                    prepared.insert(which);
                }
                let before = self.mapping.before(which);
                if known.is_original(uuid(&before)) {
                    moved.insert(which, before);
                }
            }
        }
        self.swapped = swapped;
        self.moved = moved;
        self.prepared = prepared;
        Ok(())
    }

    /// True once the prepared copy is live.
    pub fn is_swapped(&self, which: Rebuilt) -> bool {
        self.swapped.contains(&which)
    }

    /// True once the first rename of a swap was done, whatever became of the rest. The journal alone only says that it was about to be sent.
    pub fn has_moved(&self, which: Rebuilt) -> bool {
        self.is_swapped(which) || self.moved.contains_key(&which)
    }

    /// True once the prepared customers and bookings are live.
    pub fn is_cut_over(&self) -> bool {
        self.is_swapped(Rebuilt::Booking) && self.is_swapped(Rebuilt::Customer)
    }

    /// The collection that the transform reads: the original, wherever it stands. `None` where there was none.
    pub(crate) fn source(&self, which: Rebuilt) -> Option<String> {
        match self.moved.get(&which) {
            Some(before) => Some(before.clone()),
            None if self.is_swapped(which) => None,
            None => Some(self.mapping.live(which).to_owned()),
        }
    }

    /// The survey of the moment.
    ///
    /// # Errors
    /// None was taken yet.
    pub(crate) fn surveyed(&self) -> Result<&Surveyed> {
        self.surveyed.as_deref().ok_or_else(|| {
            StepError::NotReady("nothing was surveyed yet; run the survey first".to_owned())
        })
    }

    /// The numbers of the survey, if one was taken.
    pub fn overview(&self) -> Option<Overview> {
        let surveyed = self.surveyed.as_ref()?;
        let mut overview = surveyed.survey.overview(
            &surveyed.conflicts,
            &self.decisions,
            &surveyed.blueprint.customers,
        );
        overview
            .database
            .clone_from(&self.connection.place.database);
        Some(overview)
    }

    /// The conflicts of the survey with their answers; blockers first.
    pub fn review(&self) -> Review {
        let surveyed = self.surveyed.as_ref();
        Review {
            rows: surveyed
                .map(|it| it.survey.conflict_rows(&it.conflicts, &self.decisions))
                .unwrap_or_default(),
            survivor: self.decisions.survivor,
            survivor_at: self.decisions.survivor_at.clone(),
            undo: self.history.undo.len(),
            redo: self.history.redo.len(),
        }
    }

    /// The plan of the moment: survey and decisions.
    ///
    /// # Errors
    /// No survey yet.
    pub fn plan(&self) -> Result<Plan> {
        let surveyed = self.surveyed()?;
        Ok(Plan::new(
            &self.connection.place.database,
            &self.mapping,
            &self.decisions,
            &surveyed.conflicts,
            (surveyed.survey.pairs.len() as u64, surveyed.survey.bookings),
        ))
    }

    /// Takes a plan from a file for this session, surveys, and refuses the plan when it no longer fits.
    ///
    /// # Errors
    /// Another database, or what changed since.
    pub async fn take_plan(&mut self, plan: &Plan, watcher: &Watcher) -> Result<()> {
        let database = &self.connection.place.database;
        if plan.database != *database {
            return Err(StepError::NotReady(format!(
                "the plan is for database {}, this one is {database}. Nothing was changed",
                plan.database
            )));
        }
        self.refuse_after_finish()?;
        self.mapping = plan.mapping.clone();
        self.take_decisions(plan.decisions()?);
        patiently!(self, watcher, self.survey(watcher))?;
        let changes = plan.drift(&self.plan()?);
        if changes.is_empty() {
            Ok(())
        } else {
            Err(StepError::Drift(changes))
        }
    }
}

/// The first thing that is read; tried a few times, for there is no session yet that could be patient.
async fn first_read(connection: &Connection) -> Result<Option<RunRecord>> {
    let mut tries = 0;
    loop {
        match run_record::latest(connection).await {
            Err(error) if error.passes() && tries < 3 => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(300 * tries)).await;
            }
            read => return Ok(read?),
        }
    }
}

/// Milliseconds since 1970 of this machine's clock; for people, never for a decision.
pub fn now() -> Millis {
    jiff::Timestamp::now().as_millisecond()
}

fn new_run_id() -> String {
    let time = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
    format!("{time}-{:04x}", fastrand::u16(..))
}

/// user@host of whoever runs this.
pub fn operator() -> String {
    format!("{}@{}", process::user(), process::host())
}
