//! Every document of every model against a schema: one pass over each collection, in one moment where the server can show one. Needs no mapping
//! and no run, writes nothing, and leaves nothing behind.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::SpooledTempFile;

use crate::domain::table::Memory;
use crate::domain::text::safe;
use crate::engine::Watcher;
use crate::engine::compares::{by_collation, collation_of};
use crate::engine::conform_left::{self, Left};
use crate::engine::error::{Result, StepError};
use crate::prisma::conformity::Conformity;
use crate::prisma::schema::{Model, Schema};
use crate::prisma::{self, Compares, Listener, SchemaCheck, Source, Standing, UniqueTexts};
use crate::store::collection_spec::{self, CollectionSpec};
use crate::store::connect::{self, Connection};
use crate::store::scan::{self, Scan};
use crate::store::snapshot::{self, Snapshot};
use crate::store::{StoreError, schema_files, spill};

/// How often the check begins anew after what passes by itself, such as a failover.
const TRIES: u32 = 4;

/// What is checked, and how.
#[derive(Debug, Clone)]
pub struct ConformOptions {
    /// The connection string.
    pub uri: String,
    /// Where it came from.
    pub uri_source: String,
    /// The database, unless the URI names it.
    pub database: Option<String>,
    /// A schema's file, or a folder of them.
    pub schema: PathBuf,
    /// A decisions file; defaults that it leaves unwritten are advice.
    pub decisions: Option<PathBuf>,
    /// Bytes of memory for ids and uniques; the rest goes to a temporary file.
    pub memory: u64,
    /// Beside which temporary files go.
    pub run_root: PathBuf,
    /// Ids that look like personal data are shown as they are.
    pub personal: bool,
    /// Every finding is wanted, as a line of JSON.
    pub all: bool,
}

/// What a check found.
#[derive(Debug)]
pub struct Conformed {
    /// The database.
    pub database: String,
    /// Counts, samples, notes.
    pub conformity: Conformity,
    /// Every finding as a line of JSON, if that was wanted; from the beginning.
    pub lines: Option<SpooledTempFile>,
}

/// Reads a schema.
///
/// # Errors
/// No such file, or the place of what cannot be read.
pub fn read_schema(path: &Path) -> Result<Schema> {
    let sources: Vec<Source> = schema_files::read(path)?
        .into_iter()
        .map(|(name, text)| Source { name, text })
        .collect();
    let schema = prisma::read(&sources)
        .map_err(|error| StepError::NotReady(format!("{error}\nNothing was read or changed")))?;
    if schema.models.iter().all(|model| model.ignored) {
        return Err(StepError::NotReady(format!(
            "{} holds no model that a client reads, so there is nothing to check. Name the schema's file, or the folder of all its files",
            path.display()
        )));
    }
    Ok(schema)
}

/// Checks a database against a schema.
///
/// # Errors
/// A schema that cannot be read, no server, no such database, or the server's refusal.
pub async fn conform(options: &ConformOptions, watcher: &Watcher) -> Result<Conformed> {
    let schema = read_schema(&options.schema)?;
    let decided = match &options.decisions {
        Some(path) => conform_left::of_file(path)?,
        None => Left::new(),
    };
    let database = options.database.as_deref();
    let connection = connect::connect(&options.uri, &options.uri_source, database).await?;
    let mut tries = 1;
    loop {
        let keeping = Keeping {
            memory: spill::memory(options.memory, &options.run_root),
            run_root: options.run_root.clone(),
            personal: options.personal,
            all: options.all,
            decided: decided.clone(),
        };
        match conform_connected(&connection, &schema, keeping, watcher).await {
            Err(StepError::Store(error)) if error.passes() && tries < TRIES => {
                tracing::warn!("checking anew after: {error}");
                watcher.says("waiting for the server", 0, 0);
                tokio::time::sleep(Duration::from_secs(1) * tries).await;
                tries += 1;
            }
            done => return done,
        }
    }
}

/// Lines on their way to a file, and why one could not be written.
#[derive(Default)]
struct Lines {
    file: Option<SpooledTempFile>,
    failure: Option<std::io::Error>,
}

/// How a check keeps what it finds.
#[derive(Debug, Clone)]
pub(crate) struct Keeping {
    /// See [`ConformOptions::memory`].
    pub(crate) memory: Memory,
    /// See [`ConformOptions::run_root`].
    pub(crate) run_root: PathBuf,
    /// See [`ConformOptions::personal`].
    pub(crate) personal: bool,
    /// See [`ConformOptions::all`].
    pub(crate) all: bool,
    /// What the decisions file leaves.
    pub(crate) decided: Left,
}

struct Check<'c> {
    connection: &'c Connection,
    schema: &'c Schema,
    keeping: Keeping,
    watcher: &'c Watcher,
}

/// Checks a database that is connected to already, once.
///
/// # Errors
/// The server's refusal.
pub(crate) async fn conform_connected(
    connection: &Connection,
    schema: &Schema,
    keeping: Keeping,
    watcher: &Watcher,
) -> Result<Conformed> {
    let check = Check {
        connection,
        schema,
        keeping,
        watcher,
    };
    check.whole().await
}

impl Check<'_> {
    async fn whole(&self) -> Result<Conformed> {
        if let Some(moment) = snapshot::begin(self.connection).await {
            match self.at(Some(&moment)).await {
                Err(StepError::Store(error)) if snapshot::is_impossible(&error) => {
                    tracing::warn!("checking without a snapshot: {error}");
                }
                done => return done,
            }
        }
        self.at(None).await
    }

    async fn at(&self, moment: Option<&Snapshot>) -> Result<Conformed> {
        let kinds = collection_spec::kinds(self.connection).await?;
        self.refuse_nothing(&kinds).await?;
        let memory = self.keeping.memory.clone();
        let lines = Arc::new(Mutex::new(Lines::default()));
        let listener = self.keeping.all.then(|| self.listener(&lines));
        let personal = self.keeping.personal;
        let mut left = conform_left::of_run(self.connection).await?;
        left.extend(self.keeping.decided.iter().cloned());
        let mut check = SchemaCheck::new(self.schema, &memory, personal, listener).leaving(left);
        for field in &self.keeping.decided {
            if !check.has_field(field) {
                check.note(format!(
                    "the decisions file answers for {}, which the schema does not have",
                    safe(field, 120)
                ));
            }
        }
        for name in kinds.iter().filter(|(_, kind)| *kind == "view") {
            check.note(format!(
                "{} is a view: `npx prisma@6 db push` fails while a view is in the database",
                safe(name.0, 120)
            ));
        }
        for number in check.order() {
            if let Some(model) = self.schema.models.get(number) {
                self.model(&mut check, moment, &kinds, (number, model))
                    .await?;
            }
        }
        if moment.is_none() {
            check.note("the collections could not be read as of one moment: if something wrote meanwhile, a reference to a new document may look dangling. Check again while nothing writes".to_owned());
        }
        self.watcher.says("comparing references", 0, 0);
        let conformity = check.finish();
        holds(&memory)?;
        Ok(Conformed {
            database: self.connection.place.database.clone(),
            conformity,
            lines: self.written(&lines)?,
        })
    }

    /// A database without any collection is a misspelt name more often than an empty one.
    async fn refuse_nothing(&self, kinds: &BTreeMap<String, String>) -> Result<()> {
        if !kinds.is_empty() {
            return Ok(());
        }
        let others = self.connection.database_names().await;
        Err(StepError::NotReady(format!(
            "there is no database {}, or it holds no collection, so nothing was checked. The server has: {}. Name the right one with --db",
            self.connection.place.database,
            others.join(", ")
        )))
    }

    /// Reads and checks the collection of one model.
    async fn model(
        &self,
        check: &mut SchemaCheck<'_>,
        moment: Option<&Snapshot>,
        kinds: &BTreeMap<String, String>,
        (number, model): (usize, &Model),
    ) -> Result<()> {
        let database = &self.connection.database;
        let name = model.collection.as_str();
        let standing = self.standing(kinds, model, moment).await?;
        if matches!(standing, Standing::Missing) {
            self.note_missing(check, kinds, model).await?;
            check.begin(number, &standing, 0);
            check.end();
            return Ok(());
        }
        let total = match standing {
            Standing::View => 0,
            _ => scan::rough_count(database, name).await,
        };
        if let Standing::Collection {
            compares: Compares::ByCollation(_),
            ..
        } = &standing
        {
            check.note(format!(
                "{} has a collation of its own: its uniques were compared by that, not letter by letter",
                safe(name, 120)
            ));
        }
        check.begin(number, &standing, total);
        let doing = format!("checking {name}");
        self.watcher.says(&doing, 0, total);
        let mut done = 0;
        let mut reader = scan::read(database, name, &Scan::default(), moment)?;
        while let Some(batch) = reader.next().await? {
            if self.watcher.cancel.is_cancelled() {
                return Err(StoreError::Cancelled.into());
            }
            for document in batch.documents() {
                check.take(document)?;
            }
            done += batch.len() as u64;
            self.watcher.says(&doing, done, total);
        }
        check.end();
        Ok(())
    }

    async fn standing(
        &self,
        kinds: &BTreeMap<String, String>,
        model: &Model,
        moment: Option<&Snapshot>,
    ) -> Result<Standing> {
        match kinds.get(&model.collection).map(String::as_str) {
            None => return Ok(Standing::Missing),
            Some("view") => return Ok(Standing::View),
            Some("timeseries") => return Ok(Standing::TimeSeries),
            Some(_) => {}
        }
        let spec = collection_spec::load(self.connection, &model.collection).await?;
        let Some(spec) = spec else {
            return Ok(Standing::Missing);
        };
        Ok(Standing::Collection {
            compares: self.compares(&spec, model, moment).await?,
            indexes: spec.indexes,
        })
    }

    /// How a collection's uniques compare text. Where it has a collation of its own, what no index guards is read once before, for the server to
    /// say which texts count as one.
    async fn compares(
        &self,
        spec: &CollectionSpec,
        model: &Model,
        moment: Option<&Snapshot>,
    ) -> Result<Compares> {
        let Some(collation) = collation_of(Some(spec)) else {
            return Ok(Compares::ByLetters);
        };
        let guarded = prisma::guarded(model, &spec.indexes, true);
        let Some(mut texts) = UniqueTexts::of(model, |at, _| !guarded.contains(&at)) else {
            return Ok(Compares::ByLetters); // every unique is guarded
        };
        let place = (&self.connection.database, moment);
        let (scan, cancel) = (Scan::default(), &self.watcher.cancel);
        scan::each(place, &spec.name, &scan, cancel, |document| {
            texts.take(document);
            Ok(())
        })
        .await?;
        let asked = (texts, BTreeSet::new());
        by_collation(self.connection, &collation, asked, self.watcher).await
    }

    /// Says that a collection does not exist, and where its documents seem to be instead.
    async fn note_missing(
        &self,
        check: &mut SchemaCheck<'_>,
        kinds: &BTreeMap<String, String>,
        model: &Model,
    ) -> Result<()> {
        let (collection, name) = (safe(&model.collection, 120), safe(&model.name, 120));
        let missing =
            format!("the collection {collection} does not exist: the model {name} reads nothing");
        for other in kinds.keys() {
            if !is_another_name(self.schema, model, other) {
                continue;
            }
            let one = Scan {
                limit: 1,
                ..Scan::default()
            };
            let found = scan::batches(&self.connection.database, other, &one).await?;
            if found.iter().any(|batch| !batch.is_empty()) {
                let other = safe(other, 120);
                check.not_checked(format!(
                    "{missing}, while {other} holds documents and belongs to no model: they were not checked. Rename {other} to {collection}, or write `@@map(\"{other}\")` into the model"
                ));
                return Ok(());
            }
        }
        check.note(missing);
        Ok(())
    }

    fn listener(&self, lines: &Arc<Mutex<Lines>>) -> Listener {
        let lines = Arc::clone(lines);
        let run_root = self.keeping.run_root.clone();
        Box::new(move |line| {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            let file = lines.file.get_or_insert_with(|| spill::lines(&run_root));
            if let Err(error) = writeln!(file, "{line}") {
                lines.failure.get_or_insert(error);
            }
        })
    }

    /// The file of all lines, from its beginning.
    fn written(&self, lines: &Arc<Mutex<Lines>>) -> Result<Option<SpooledTempFile>> {
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut file) = lines.file.take() {
            let rewound = file.rewind();
            let failure = lines.failure.take().or_else(|| rewound.err());
            return match failure {
                None => Ok(Some(file)),
                Some(error) => Err(StepError::NotReady(format!(
                    "the temporary file for the findings in {} could not be written: {error}. Nothing was changed. Make room there, or leave out --all",
                    self.keeping.run_root.display()
                ))),
            };
        }
        Ok(None)
    }
}

/// Refuses to answer where tables had to leave memory and can no longer be read.
fn holds(memory: &Memory) -> Result<()> {
    match memory.failure() {
        None => Ok(()),
        Some(failure) => Err(StepError::NotReady(format!(
            "{failure}. Nothing was changed. Make room there, or give more --memory, and check again"
        ))),
    }
}

/// A collection of no model that a model's documents may be in: the model's name or the collection's in another spelling, singular or plural.
fn is_another_name(schema: &Schema, model: &Model, other: &str) -> bool {
    if schema.models.iter().any(|model| model.collection == other) {
        return false;
    }
    let plain = |name: &str| {
        let name: String = name.chars().filter(|c| *c != '_' && *c != '-').collect();
        let name = name.to_lowercase();
        name.strip_suffix('s').map(str::to_owned).unwrap_or(name)
    };
    let other = plain(other);
    other == plain(&model.name) || other == plain(&model.collection)
}
