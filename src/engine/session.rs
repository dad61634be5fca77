//! A session: one connection, one mapping, the survey and decisions of the moment, and the run under way, if one is.

use crate::domain::quiet::QuietSince;
use crate::domain::rebuilt::Group;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::blueprint::Blueprint;
use crate::domain::clock;
use crate::domain::conflict::Conflict;
use crate::domain::decision::Decisions;
use crate::domain::fit::Fit;
use crate::domain::history::History;
use crate::domain::index_plan;
use crate::domain::mapping::Mapping;
use crate::domain::pace::Limits;
use crate::domain::plan::{Plan, SchemaPlan};
use crate::domain::rebuilt::Rebuilt;
use crate::domain::retire::Fates;
use crate::domain::run::{CollectionRecord, Millis, Outcome, RunRecord, StepRecord, WatchStart};
use crate::domain::situation::Situation;
use crate::domain::survey::Survey;
use crate::domain::table::Memory;
use crate::domain::view::Place;
use crate::engine::error::{Result, StepError};
use crate::engine::identity;
pub(crate) use crate::engine::identity::new_run_id;
pub use crate::engine::identity::{now, operator};
use crate::engine::layout::Layout;
use crate::engine::mapping_file;
use crate::engine::push::order::PushOrder;
use crate::store::StoreError;
use crate::store::collection_spec;
use crate::store::connect::{self, Connection};
use crate::store::journal::Journal;
use crate::store::labels::Labels;
use crate::store::pulse::Pulse;
use crate::store::{run_log, run_record, spill};

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
}

/// Where a migration works: all that does not change while it runs.
#[derive(Debug)]
pub struct Workspace {
    pub(crate) connection: Connection,
    pub(crate) mapping: Mapping,
    /// What the mapping file says, where there is one.
    pub(crate) mapping_file: Option<Mapping>,
    /// Where it is, unless it has its usual name and place.
    pub(crate) mapping_path: Option<PathBuf>,
    /// Neither a file nor a run says the mapping.
    pub(crate) built_in: bool,
    /// For what surveys and proofs keep.
    pub(crate) memory: Memory,
    pub(crate) run_root: PathBuf,
    /// How long the stop is watched.
    pub(crate) watch: Duration,
}

/// The latest run: its record, and the record's mirror in the run folder.
#[derive(Debug)]
pub struct Run {
    pub(crate) record: Option<RunRecord>,
    /// Once this session writes.
    pub(crate) journal: Option<Journal>,
    /// Why there is none any more; said with the next step.
    pub(crate) journal_trouble: Option<String>,
    /// What the survey said before there was a run to note it in.
    pub(crate) survey_said: Option<StepRecord>,
}

impl Run {
    /// The run under way, if one is.
    pub fn open(&self) -> Option<&RunRecord> {
        self.latest().filter(|run| run.outcome == Outcome::Open)
    }

    /// The latest run, whatever became of it.
    pub fn latest(&self) -> Option<&RunRecord> {
        self.record.as_ref()
    }

    /// What the open run's record says of a rebuilt collection.
    pub(crate) fn collection(&self, which: &Rebuilt) -> CollectionRecord {
        let run = self.open();
        run.map(|run| run.collection(which)).unwrap_or_default()
    }
}

/// The answers of the operator, and how to take them back.
#[allow(clippy::struct_excessive_bools)] // each is an answer of its own
#[derive(Debug, Default)]
pub struct Answers {
    pub(crate) decisions: Decisions,
    /// The decisions file as it was read or written last.
    pub(crate) text: Option<String>,
    pub(crate) history: History,
    /// A verdict of UNKNOWN is good enough.
    pub(crate) accept_unknown: bool,
    /// Customer users are to retire.
    pub(crate) retire_users: bool,
    /// The operator's own dump, to be the run's backup.
    pub(crate) backup: Option<PathBuf>,
    /// The after-schema, and what follows from it.
    pub(crate) schema: Option<SchemaPlan>,
    /// An after-schema that holds where the mapping names none; its texts alone.
    pub(crate) offered: Option<SchemaPlan>,
    /// Making a plan stopped at what the after-schema asks.
    pub(crate) schema_is_open: bool,
    /// What the next push runs.
    pub(crate) push: PushOrder,
    /// The server's write block is lifted for a push under way.
    pub(crate) lifted: bool,
}

/// What was seen since a verdict.
#[derive(Debug)]
pub struct LiveWatch {
    /// The time of the verdict or the verification: another one begins another watch.
    pub(crate) mark: Millis,
    /// Foreign writes by collection.
    pub(crate) writes: BTreeMap<String, u64>,
}

/// One connection and everything known about it.
#[derive(Debug)]
pub struct Session {
    pub(crate) work: Workspace,
    /// The latest run.
    pub run: Run,
    /// Where the rebuilt collections stand.
    pub layout: Layout,
    pub(crate) surveyed: Option<Box<Surveyed>>,
    pub(crate) answers: Answers,
    /// Since when nobody else has written.
    pub(crate) quiet: QuietSince,
    /// Foreign writes since the verdict, as far as they were looked for.
    pub(crate) live_watch: Option<LiveWatch>,
    /// The situation as it was read last.
    pub(crate) situation: Option<Situation>,
    /// Who would retire, as it was looked for last.
    pub(crate) fates: Option<Fates>,
    /// Names for ids, as they were looked up since the last survey.
    pub(crate) labels: Labels,
    /// Names and e-mails may stand as they are in what is written.
    pub(crate) personal: bool,
    /// What the check of the mapping found worth saying.
    pub(crate) fit: Fit,
    /// The mapping that was found to fit, and since when foreign writes are known.
    pub(crate) fitting: Option<(Mapping, WatchStart)>,
}

impl Session {
    /// Connects, and reads the decisions file and the run record. Writes nothing.
    ///
    /// # Errors
    /// No server, wrong credentials, a broken mapping or decisions file.
    pub async fn open(options: SessionOptions) -> Result<Self> {
        let mapping_file = options
            .config
            .as_deref()
            .map(mapping_file::read)
            .transpose()?;
        let connection = connect::connect(
            &options.uri,
            &options.uri_source,
            options.database.as_deref(),
        )
        .await?;
        connection.throttle.set(options.limits);
        identity::take_clock(connection.clock);
        let record = run_record::first(&connection).await?;
        let (mapping, built_in) = mapping_file::of_session(record.as_ref(), mapping_file.as_ref())?;
        let mut session = Self {
            work: Workspace {
                connection,
                mapping,
                mapping_file,
                mapping_path: options.config,
                built_in,
                memory: spill::memory(options.memory, &options.run_root),
                run_root: options.run_root,
                watch: options.watch,
            },
            run: Run {
                record,
                journal: None,
                journal_trouble: None,
                survey_said: None,
            },
            layout: Layout::default(),
            surveyed: None,
            answers: Answers::default(),
            quiet: QuietSince::default(),
            live_watch: None,
            situation: None,
            fates: None,
            labels: Labels::default(),
            personal: false,
            fit: Fit::default(),
            fitting: None,
        };
        session.take_quiet_of_the_run();
        session.take_schema_of_the_run();
        session.load_decisions()?;
        session.see_what_is_swapped().await?;
        Ok(session)
    }

    /// Since when nobody else has written, as the latest run's record says.
    pub(crate) fn take_quiet_of_the_run(&mut self) {
        let kept = self.run.latest().map(|run| run.quiet.clone());
        self.quiet.take_run(&kept.unwrap_or_default());
    }

    /// That this machine's clock and the server's are apart, in words.
    pub fn clocks_apart(&self) -> Option<String> {
        clock::words(self.work.connection.clock)
    }

    /// Where this session is connected.
    pub fn place(&self) -> &Place {
        &self.work.connection.place
    }

    /// The database.
    pub fn database(&self) -> &mongodb::Database {
        &self.work.connection.database
    }

    /// The pulse of the server, on a connection of its own.
    ///
    /// # Errors
    /// The driver's refusal.
    pub fn pulse(&self) -> Result<Pulse> {
        Ok(self.work.connection.pulse()?)
    }

    /// The mapping.
    pub fn mapping(&self) -> &Mapping {
        &self.work.mapping
    }

    /// Lets names and e-mails stand as they are in the decisions file's comments; they are masked otherwise.
    pub fn show_personal_data(&mut self) {
        self.personal = true;
    }

    /// Takes a stop verdict of UNKNOWN for good enough.
    pub fn accept_unknown(&mut self) {
        self.answers.accept_unknown = true;
    }

    /// The run under way, begun now if there is none. The first write of a migration.
    ///
    /// # Errors
    /// Missing privileges, or an earlier finished run whose links still stand.
    pub(crate) async fn begin_run(&mut self) -> Result<&mut RunRecord> {
        self.refuse_after_finish()?;
        self.refuse_half_restored()?;
        self.refuse_unknown_originals()?;
        self.hold().await?;
        let current = self.run.record.take();
        let record = match current {
            Some(record) if record.outcome == Outcome::Open => record,
            ended => match self.new_run().await {
                Ok(record) => record,
                Err(error) => {
                    self.run.record = ended;
                    return Err(error);
                }
            },
        };
        Ok(self.run.record.insert(record))
    }

    /// Refuses where the latest run is finished and its links still stand.
    pub(crate) fn refuse_after_finish(&self) -> Result<()> {
        match &self.run.record {
            Some(record) if record.outcome == Outcome::Finished => {
                Err(StepError::NotReady(format!(
                    "this database was migrated by run {}, and its originals are deleted; its links are still kept. Nothing was changed. To migrate again, remove them first with `ringfence purge --confirm {}`",
                    record.id, self.work.connection.place.database
                )))
            }
            _ => Ok(()),
        }
    }

    async fn new_run(&mut self) -> Result<RunRecord> {
        let place = &self.work.connection.place;
        let mapping = self.work.mapping.clone();
        let mut record = RunRecord::new(new_run_id(), place, mapping, operator(), now());
        self.quiet.take_run(&record.quiet);
        self.work.connection.lease.set_run(&record.id);
        // No disk for the journal, no run: nothing was written yet.
        let folder = self.run_folder(&record);
        let mut journal = Journal::open(&folder, &record)
            .and_then(Journal::with_room)
            .map_err(|error| error.with_truth("No run was begun, and nothing was changed"))?;
        run_log::open(&folder);
        run_record::save(&self.work.connection, &mut record).await?;
        match journal.append(&record, now()) {
            Ok(()) => self.run.journal = Some(journal),
            Err(error) => self.run.journal_trouble = Some(error.to_string()),
        }
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
        let missing = self.work.connection.missing_privileges(&needed).await?;
        if missing.is_empty() {
            return Ok(());
        }
        Err(StepError::NotReady(format!(
            "this user may not {} on database {}. Nothing was changed. Survey, plan and verify work as it is; to apply, grant it the role readWrite (and dbAdmin where collections have TTL indexes or validators)",
            missing.join(", "),
            self.work.connection.place.database
        )))
    }

    /// True when a rebuilt collection has a TTL or a validator, which are put on by `collMod`.
    async fn changes_options(&self) -> Result<bool> {
        for which in &self.work.mapping.rebuilt() {
            let Some(name) = self.layout.source(which) else {
                continue;
            };
            let spec = collection_spec::load(&self.work.connection, &name).await?;
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
        let Some(record) = &mut self.run.record else {
            return Ok(());
        };
        record.quiet = self.quiet.of_the_run();
        run_record::save(&self.work.connection, record).await?;
        if let Some(journal) = &mut self.run.journal
            && let Err(error) = journal.append(record, now())
        {
            tracing::warn!("{error}");
            self.run.journal = None;
            self.run.journal_trouble = Some(error.to_string());
        }
        Ok(())
    }

    /// Opens the journal of the open run, or of none. Called once the lease is ours, before anything is written.
    ///
    /// # Errors
    /// A journal that was changed, or that is not of this run, database and cluster.
    pub(crate) fn open_journal(&mut self) -> Result<()> {
        self.run.journal = None;
        let Some(record) = self.run.open() else {
            return Ok(());
        };
        run_log::open(&self.run_folder(record));
        let place = &self.work.connection.place;
        if let (Some(then), Some(is)) = (&record.replica_set_id, &place.replica_set_id)
            && then != is
        {
            return Err(StepError::NotReady(format!(
                "the run record is of the replica set {then}, and this one is {is}: the database was copied from another cluster while a migration was under way there. Nothing was changed. Work on that cluster, or drop the collections that begin with _ringfence_ here"
            )));
        }
        match Journal::open(&self.run_folder(record), record) {
            Ok(journal) => self.run.journal = Some(journal),
            // A disk that fails must not keep anyone from going on or back.
            Err(error @ StoreError::File { .. }) => {
                self.run.journal_trouble = Some(error.to_string());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// What is wrong with the journal of the latest run, in words; `None` for nothing.
    pub fn journal_trouble(&self) -> Option<String> {
        let run = self.run.latest()?;
        Journal::trouble(&self.run_folder(run), run)
    }

    /// The folder of a run.
    pub fn run_folder(&self, run: &RunRecord) -> PathBuf {
        self.work.run_root.join(&run.id)
    }

    /// True once all copies of a group are live.
    pub fn is_live(&self, group: Group) -> bool {
        self.layout.is_group_swapped(&self.work.mapping, group)
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

    /// The plan of the moment: survey and decisions.
    ///
    /// # Errors
    /// No survey yet.
    pub fn plan(&self) -> Result<Plan> {
        let surveyed = self.surveyed()?;
        Ok(Plan::new(
            &self.work.connection.place.database,
            &self.work.mapping,
            &self.answers.decisions,
            &surveyed.conflicts,
            (surveyed.survey.pairs.len() as u64, surveyed.survey.bookings),
        )
        .retiring(self.answers.retire_users)
        .with_schema(self.answers.schema.as_ref())
        .leaving(&surveyed.blueprint.departures))
    }
}
