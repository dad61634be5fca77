//! An after-schema as it was given, and the list of what it asks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::domain::plan::{SchemaPlan, SchemaText};
pub use crate::domain::schema_view::Stands;
use crate::domain::schema_view::Way;
use crate::engine::error::{Result, StepError};
use crate::prisma::schema::Schema;
use crate::prisma::{self, Source};
use crate::store::schema_files;

/// An after-schema as it was given.
#[derive(Debug, Clone, Default)]
pub struct GivenSchema {
    /// The schema of the new application.
    pub after: Vec<SchemaText>,
    /// The schema of today.
    pub before: Vec<SchemaText>,
    /// Fields that the operator says have another name.
    pub rename: BTreeMap<String, String>,
    /// What is asked of collections that the migration does not rebuild anyway waits for a step of its own.
    pub own_step: bool,
}

impl GivenSchema {
    /// Reads the files.
    ///
    /// # Errors
    /// No such file, or one that is no text.
    pub fn read(
        after: &Path,
        before: Option<&Path>,
        rename: BTreeMap<String, String>,
    ) -> Result<Self> {
        Ok(Self {
            after: texts(after)?,
            before: before.map(texts).transpose()?.unwrap_or_default(),
            rename,
            own_step: false,
        })
    }

    /// That of a plan.
    pub(super) fn of_plan(plan: &SchemaPlan) -> Self {
        Self {
            after: plan.after.clone(),
            before: plan.before.clone(),
            rename: plan.rename.clone(),
            own_step: plan.own_step,
        }
    }
}

fn texts(path: &Path) -> Result<Vec<SchemaText>> {
    let files = schema_files::read(path)?.into_iter();
    Ok(files
        .map(|(name, text)| SchemaText { name, text })
        .collect())
}

/// Reads the text of a schema.
///
/// # Errors
/// The place of what cannot be read.
pub(crate) fn parse(texts: &[SchemaText]) -> Result<Schema> {
    let sources = texts.iter().map(|it| Source {
        name: it.name.clone(),
        text: it.text.clone(),
    });
    let sources: Vec<Source> = sources.collect();
    prisma::read(&sources)
        .map_err(|error| StepError::NotReady(format!("{error}\nNothing was changed")))
}

/// One thing that an after-schema asks.
#[derive(Debug, Clone)]
pub struct Demand {
    /// What an answer calls it: `Customer.updatedAt`, `rename Booking`.
    pub key: String,
    /// What it is about, in one word.
    pub about: &'static str,
    /// In words.
    pub says: String,
    /// How many documents, where it is about documents.
    pub count: u64,
    /// What becomes of it.
    pub stands: Stands,
    /// The answers that can be given.
    pub ways: Vec<Way>,
    /// A few of the documents, by their ids.
    pub samples: Vec<String>,
    /// The live collection that they are of, or will be of.
    pub live: String,
    /// The keys of what it forbids, as a blocker; `X.*` for all of `X`.
    pub forbids: Vec<String>,
}

impl Demand {
    pub(super) fn note(about: &'static str, key: &str, says: String) -> Self {
        Self {
            key: key.to_owned(),
            about,
            says,
            count: 0,
            stands: Stands::Note,
            ways: Vec::new(),
            samples: Vec::new(),
            live: String::new(),
            forbids: Vec::new(),
        }
    }

    /// One that waits to be accepted.
    pub(super) fn undecided(about: &'static str, key: &str, says: String, count: u64) -> Self {
        Self {
            stands: Stands::Undecided,
            count,
            ways: vec![Way::Accept],
            ..Self::note(about, key, says)
        }
    }

    pub(super) fn blocker(about: &'static str, key: &str, says: String, count: u64) -> Self {
        Self {
            stands: Stands::Blocker,
            count,
            ..Self::note(about, key, says)
        }
    }

    /// The same blocker; what has one of these keys is not accepted beside it.
    pub(super) fn forbidding(mut self, keys: impl IntoIterator<Item = String>) -> Self {
        self.forbids.extend(keys);
        self
    }

    fn is_forbidden_by(&self, key: &str) -> bool {
        let of_all = key.strip_suffix('*');
        self.key == key || of_all.is_some_and(|begin| self.key.starts_with(begin))
    }

    /// A line of the list.
    pub fn line(&self) -> String {
        format!("{} ({}): {}", self.about, self.stands.word(), self.says)
    }
}

/// Takes out what a blocker forbids: what cannot be done is not said to be accepted, too.
pub(super) fn take_out_forbidden(demands: &mut Vec<Demand>) {
    let blockers = demands.iter().filter(|it| it.stands == Stands::Blocker);
    let forbidden: Vec<String> = blockers.flat_map(|it| it.forbids.clone()).collect();
    demands.retain(|it| {
        let can_be_done = matches!(it.stands, Stands::Undecided | Stands::Accepted);
        !(can_be_done && forbidden.iter().any(|key| it.is_forbidden_by(key)))
    });
}

/// Indexes of which a blocker forbids what is asked: the live collection, and the index's name.
pub(super) type Forbidden = BTreeSet<(String, String)>;

/// All that an after-schema asks.
#[derive(Debug, Clone, Default)]
pub struct AskedSchema {
    /// The list, in the order in which it is read.
    pub demands: Vec<Demand>,
    /// What goes into the plan.
    pub plan: SchemaPlan,
    /// Indexes that a blocker keeps from being made or replaced.
    pub(super) forbidden: Forbidden,
}

impl AskedSchema {
    /// Those that keep a plan from being made.
    pub fn open(&self) -> impl Iterator<Item = &Demand> {
        let open = |it: &&Demand| matches!(it.stands, Stands::Blocker | Stands::Undecided);
        self.demands.iter().filter(open)
    }

    /// For `--json`.
    pub fn to_json(&self) -> Json {
        let demands = self.demands.iter().map(|it| {
            json!({ "key": it.key, "about": it.about, "says": it.says, "count": it.count, "state": it.stands.word() })
        });
        Json::Array(demands.collect())
    }

    /// Refuses while something is open.
    ///
    /// # Errors
    /// All of it, in words.
    pub fn require_answered(&self) -> Result<()> {
        let open: Vec<_> = self.open().collect();
        if open.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = open
            .iter()
            .map(|it| format!("\n  - {}", it.line()))
            .collect();
        let undecided = open.iter().any(|it| it.stands == Stands::Undecided);
        let how = if undecided {
            " What is undecided is accepted by --defaults, or by a line of the section [schema] of a decisions file, such as \"Customer.updatedAt\" = \"accept\"."
        } else {
            ""
        };
        Err(StepError::Findings(format!(
            "the after-schema asks for something that has no answer yet, or that cannot be done:{}\nNothing was changed.{how}",
            lines.concat()
        )))
    }
}
