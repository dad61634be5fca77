//! The run record: what one migration attempt did, when, by whom. The server's copy (`_ringfence_runs`) is authoritative.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::checklist::{State, Step};
use super::forecast::ForecastRecord;
use super::gate::New;
use super::keep_new::report::Kept;
use super::mapping::{Mapping, Rebuilt};
use super::plan::Plan;

/// Milliseconds since 1970, UTC.
pub type Millis = i64;

/// How a run ended, or that it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Under way; the originals are live, or some of them were swapped.
    Open,
    /// Renamed back.
    RolledBack,
    /// The originals were dropped.
    Finished,
}

/// One migration attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: String,
    /// Format version.
    pub format: u32,
    /// The version of ringfence.
    pub tool: String,
    /// [`super::transform::VERSION`] of what was prepared.
    pub transform: u32,
    /// The database.
    pub database: String,
    /// Host and port.
    pub host: String,
    /// The replica set, if it is one.
    pub replica_set: Option<String>,
    /// The server's version.
    pub server_version: String,
    /// user@host that started it.
    pub operator: String,
    /// When it was started.
    pub started: Millis,
    /// How it ended.
    pub outcome: Outcome,
    /// The mapping.
    pub mapping: Mapping,
    /// The plan, once there is one.
    pub plan: Option<Plan>,
    /// Numbers for the report, by name.
    #[serde(default)]
    pub numbers: BTreeMap<String, u64>,
    /// What was found, by conflict code: count and chosen answer.
    #[serde(default)]
    pub decided: Vec<DecidedLine>,
    /// What the steps did.
    #[serde(default)]
    pub steps: BTreeMap<String, StepRecord>,
    /// The operator's notes.
    #[serde(default)]
    pub notes: BTreeMap<String, Note>,
    /// The rebuilt collections.
    #[serde(default)]
    pub collections: BTreeMap<String, CollectionRecord>,
    /// The backup.
    pub backup: Option<BackupRecord>,
    /// Since when foreign writes are watched: server time (seconds, increment), or write counters by collection.
    pub watch: Option<WatchStart>,
    /// Whether the application has stopped.
    pub verdict: Option<VerdictRecord>,
    /// Collections that an application made between two renames, with their documents; they were renamed to these names.
    #[serde(default)]
    pub strays: BTreeMap<String, u64>,
    /// The server's write block, if it was set.
    #[serde(default)]
    pub write_block: Option<WriteBlock>,
    /// What was forecast, and held against what came.
    #[serde(default)]
    pub forecast: Option<ForecastRecord>,
    /// The equations, as they were proved.
    #[serde(default)]
    pub equations: Vec<String>,
    /// The rollback, once one was begun.
    #[serde(default)]
    pub rollback: Option<RollbackRecord>,
    /// The replica set's own id, hexadecimal, where our user may read it.
    #[serde(default)]
    pub replica_set_id: Option<String>,
    /// How often this record was saved.
    #[serde(default)]
    pub saves: u64,
}

/// A rollback under way or done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackRecord {
    /// What becomes of what the application wrote.
    #[serde(rename = "option")]
    pub new: New,
    /// Journaled before the first rename is sent.
    pub began: bool,
    /// The merged copies, by collection.
    #[serde(default)]
    pub merged: BTreeMap<String, MergedRecord>,
    /// Fingerprints of what was live when the rollback began, by collection.
    #[serde(default)]
    pub live: BTreeMap<String, String>,
    /// What was carried and what was left behind.
    pub kept: Option<Kept>,
}

/// A merged copy and what it replaces, by UUID.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedRecord {
    /// What is live.
    pub outgoing: String,
    /// The merged copy.
    pub incoming: String,
    /// True TTLs by index name, kept off while the copy is one.
    #[serde(default)]
    pub ttl: BTreeMap<String, i64>,
}

/// The server's write block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteBlock {
    /// When it was set.
    pub since: Millis,
    /// When it was released; `None` while it holds.
    pub released: Option<Millis>,
    /// The command that releases it without us.
    pub release: String,
}

/// One kind of conflict and what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedLine {
    /// The code.
    pub code: String,
    /// How many.
    pub count: u64,
    /// The answers with how many conflicts each got: `merge: 12`.
    pub answers: BTreeMap<String, u64>,
}

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// How it ended, or that it is stale.
    pub state: State,
    /// What came out.
    pub says: String,
    /// When it began.
    pub started: Millis,
    /// When it ended.
    pub ended: Millis,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The operator's words.
    pub text: String,
    /// When.
    pub at: Millis,
    /// Who.
    pub by: String,
}

/// A collection that is rebuilt. UUIDs are hexadecimal; what is what is read from them, not from names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionRecord {
    /// The original's; `None` where there was none.
    pub original: Option<String>,
    /// The prepared copy's.
    pub next: Option<String>,
    /// Journaled before the renames are sent.
    pub swap_began: bool,
    /// True TTLs by index name: `expireAfterSeconds`, kept off while a collection is a copy or an original.
    #[serde(default)]
    pub ttl: BTreeMap<String, i64>,
    /// Hash of the original's options and indexes.
    #[serde(default)]
    pub specification: String,
    /// Fingerprint of the prepared copy when it was proved.
    pub proved: Option<String>,
    /// The proof looked at what was there from this moment on.
    #[serde(default)]
    pub proved_since: Option<WatchStart>,
    /// Hash of the plan that the prepared copy was made for; `None` while it is being made.
    #[serde(default)]
    pub prepared_for: Option<String>,
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRecord {
    /// Its folder.
    pub path: String,
    /// When it was verified.
    pub verified: Millis,
    /// Fingerprints by collection.
    pub fingerprints: BTreeMap<String, String>,
    /// Documents in all.
    pub documents: u64,
    /// It holds what was there at this moment, or a moment after it.
    #[serde(default)]
    pub equal_since: Option<WatchStart>,
}

/// Where a watch began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WatchStart {
    /// A replica set's operation time.
    OperationTime {
        /// Seconds.
        time: u32,
        /// Increment.
        increment: u32,
    },
    /// A standalone's write counters by collection.
    Counters(BTreeMap<String, i64>),
}

impl WatchStart {
    /// True when this is an operation time, and not earlier than `other`.
    pub fn is_not_before(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::OperationTime { time, increment },
                Self::OperationTime {
                    time: other_time,
                    increment: other_increment,
                },
            ) => (time, increment) >= (other_time, other_increment),
            _ => false,
        }
    }
}

/// Whether anyone but us writes. A run record that holds another word is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// The server refuses the writes of everybody else.
    Blocked,
    /// Nobody wrote while it was watched.
    Quiet,
    /// It cannot be seen.
    Unknown,
}

impl Verdict {
    /// Its word, as people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocked => "BLOCKED",
            Self::Quiet => "QUIET",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// Whether the application has stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictRecord {
    /// The verdict.
    pub word: Verdict,
    /// Why.
    pub evidence: String,
    /// When.
    pub at: Millis,
}

impl CollectionRecord {
    /// Whether the prepared copy is the one of the current swap.
    pub fn is_next(&self, uuid: Option<&str>) -> bool {
        uuid.is_some() && self.next.as_deref() == uuid
    }

    /// Whether `uuid` is the original's.
    pub fn is_original(&self, uuid: Option<&str>) -> bool {
        uuid.is_some() && self.original.as_deref() == uuid
    }
}

impl RunRecord {
    /// The record of a rebuilt collection.
    pub fn collection(&self, which: Rebuilt) -> CollectionRecord {
        self.collections
            .get(word(which))
            .cloned()
            .unwrap_or_default()
    }

    /// The record of a rebuilt collection, to be changed.
    pub fn collection_mut(&mut self, which: Rebuilt) -> &mut CollectionRecord {
        self.collections.entry(word(which).to_owned()).or_default()
    }

    /// What the database is part of: the replica set's id or name, or host and port.
    pub fn cluster(&self) -> String {
        self.replica_set_id
            .as_ref()
            .or(self.replica_set.as_ref())
            .unwrap_or(&self.host)
            .clone()
    }

    /// The plan's hash, once there is a plan.
    pub fn plan_hash(&self) -> Option<&str> {
        self.plan.as_ref().map(|plan| plan.hash.as_str())
    }

    /// What `step` did, if it ran.
    pub fn step(&self, step: Step) -> Option<&StepRecord> {
        self.steps.get(step.word())
    }

    /// True when `step` ended well in this run.
    pub fn is_done(&self, step: Step) -> bool {
        self.step(step)
            .is_some_and(|record| record.state == State::Done)
    }
}

/// A rebuilt collection's key in the record.
pub fn word(which: Rebuilt) -> &'static str {
    match which {
        Rebuilt::Customer => "customer",
        Rebuilt::Booking => "booking",
        Rebuilt::User => "user",
    }
}
