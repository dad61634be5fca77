//! The run record: what one migration attempt did, when, by whom. The server's copy (`_ringfence_runs`) is authoritative.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::checklist::{State, Step};
use super::gate::New;
use super::keep_new::report::Kept;
use super::mapping::Mapping;
pub use super::number::Millis;
use super::plan::Plan;
use super::pushed::{Picture, PushRecord};
pub use super::quiet::WatchStart;
use super::quiet::{Fact, QuietSince};
use super::rebuilt::{Group, Rebuilt};
use super::retire::RetireCounts;
use super::trial::ForecastRecord;
use super::view::Place;

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
    /// Its backup was restored.
    Restored,
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
    /// Since when nobody else has written.
    #[serde(default)]
    pub quiet: QuietSince,
    /// [`Fact::Stopped`] as version 0.1 kept it.
    #[serde(default, skip_serializing)]
    watch: Option<WatchStart>,
    /// Whether the application has stopped.
    pub verdict: Option<VerdictRecord>,
    /// Strays as version 0.1 kept them; they are derived from the database now.
    #[serde(default, skip_serializing)]
    #[allow(dead_code)]
    strays: BTreeMap<String, u64>,
    /// What was decided of strays, one line each.
    #[serde(default)]
    pub decided_strays: Vec<String>,
    /// UUIDs of all other collections when the cut-over began, by name.
    #[serde(default)]
    pub others: BTreeMap<String, String>,
    /// Indexes of every collection when the cut-over began.
    #[serde(default, skip_serializing_if = "Picture::is_empty")]
    pub indexes: Picture,
    /// Pushes of the schema that were run beside it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pushes: Vec<PushRecord>,
    /// The server's write block, if it was set.
    #[serde(default)]
    pub write_block: Option<WriteBlock>,
    /// What was forecast, and held against what came.
    #[serde(default)]
    pub forecast: Option<ForecastRecord>,
    /// How many documents each side collection held when it was swapped in beside its collection: the quarantine, links, users who left.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sides: BTreeMap<String, u64>,
    /// What the retirement of users came to, once it was prepared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<RetireCounts>,
    /// The equations, as they were proved.
    #[serde(default)]
    pub equations: Vec<String>,
    /// The rollback, once one was begun.
    #[serde(default)]
    pub rollback: Option<RollbackRecord>,
    /// Journaled before the first original is dropped: what is gone since is gone by our own hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finish_began: bool,
    /// The restore of its backup, once one was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<RestoreRecord>,
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
    /// Live names of originals that hold more than the backup: the run was ended in the middle of its renames, and something wrote meanwhile.
    #[serde(default)]
    pub late_originals: Vec<String>,
}

/// A restore of a run's backup over what stands, journaled before its first rename.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreRecord {
    /// Its id, in the names of what it puts aside.
    pub id: String,
    /// The backup's folder.
    pub from: String,
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
    /// Fingerprint of the original after the cut-over: what a rollback gives back.
    #[serde(default)]
    pub frozen: Option<String>,
    /// Live documents that were not what the original gives when it was frozen: something wrote during the swap.
    #[serde(default)]
    pub late: u64,
    /// [`Fact::Proved`] as version 0.1 kept it.
    #[serde(default, skip_serializing)]
    proved_since: Option<WatchStart>,
    /// Hash of the plan that the prepared copy was made for; `None` while it is being made.
    #[serde(default)]
    pub prepared_for: Option<String>,
    /// UUID of a later copy under the prepared one's name, while it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later: Option<String>,
    /// Copies that were live before a later one was swapped in, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub old: Vec<OldRecord>,
}

/// A copy that was live until a later one took its place; it stands under a name of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldRecord {
    /// Where it stands.
    pub name: String,
    /// Its UUID.
    pub uuid: String,
    /// Fingerprint when it was proved.
    pub proved: Option<String>,
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
    /// [`Fact::BackedUp`] as version 0.1 kept it.
    #[serde(default, skip_serializing)]
    equal_since: Option<WatchStart>,
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

impl BackupRecord {
    /// A backup that was verified.
    pub fn new(
        path: String,
        verified: Millis,
        fingerprints: BTreeMap<String, String>,
        documents: u64,
    ) -> Self {
        Self {
            path,
            verified,
            fingerprints,
            documents,
            equal_since: None,
        }
    }
}

impl CollectionRecord {
    /// Whether the prepared copy is the one of the current swap.
    pub fn is_next(&self, uuid: Option<&str>) -> bool {
        uuid.is_some() && self.next.as_deref() == uuid
    }

    /// Whether `uuid` is that of a copy that was live before a later swap.
    pub fn is_old(&self, uuid: Option<&str>) -> bool {
        self.old.iter().any(|old| uuid == Some(&old.uuid))
    }

    /// A later copy is about to be swapped in: from here on it is the prepared one, and what is live is about to move to `name`.
    pub fn begin_later(&mut self, name: String, proved: Option<String>) {
        let Some(uuid) = self.later.take() else {
            return;
        };
        let live = self.next.replace(uuid).unwrap_or_default();
        self.old.push(OldRecord {
            name,
            uuid: live,
            proved: std::mem::replace(&mut self.proved, proved),
        });
    }

    /// The later swap is taken back before anything was renamed: what is live is the prepared copy again.
    pub fn take_later_back(&mut self) {
        if let Some(old) = self.old.pop() {
            self.later = self.next.replace(old.uuid);
            self.proved = old.proved;
        }
    }

    /// Whether `uuid` is the original's.
    pub fn is_original(&self, uuid: Option<&str>) -> bool {
        uuid.is_some() && self.original.as_deref() == uuid
    }
}

impl RunRecord {
    /// A run that has done nothing yet.
    pub fn new(id: String, place: &Place, mapping: Mapping, by: String, at: Millis) -> Self {
        Self {
            id,
            format: 1,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            transform: super::transform::VERSION,
            database: place.database.clone(),
            host: place.host.clone(),
            replica_set: place.replica_set.clone(),
            server_version: place.server_version.clone(),
            operator: by,
            started: at,
            outcome: Outcome::Open,
            mapping,
            plan: None,
            numbers: BTreeMap::new(),
            decided: Vec::new(),
            steps: BTreeMap::new(),
            notes: BTreeMap::new(),
            collections: BTreeMap::new(),
            backup: None,
            quiet: QuietSince::default(),
            watch: None,
            verdict: None,
            write_block: None,
            forecast: None,
            sides: BTreeMap::new(),
            retired: None,
            strays: BTreeMap::new(),
            decided_strays: Vec::new(),
            others: BTreeMap::new(),
            indexes: Picture::new(),
            pushes: Vec::new(),
            equations: Vec::new(),
            rollback: None,
            finish_began: false,
            restore: None,
            replica_set_id: place.replica_set_id.clone(),
            saves: 0,
        }
    }

    /// Takes what version 0.1 kept in other places.
    pub fn take_older_form(&mut self) {
        self.keep_changes();
        let mut found = |fact, moment: Option<WatchStart>| {
            if let (Some(moment), None) = (moment, self.quiet.of(fact)) {
                self.quiet.found(fact, moment);
            }
        };
        found(Fact::Stopped, self.watch.take());
        let backup = self.backup.as_mut();
        found(
            Fact::BackedUp,
            backup.and_then(|backup| backup.equal_since.take()),
        );
        for (key, group) in [("booking", Group::CutOver), ("user", Group::CleanUp)] {
            let record = self.collections.get_mut(key);
            let moment = record.and_then(|record| record.proved_since.take());
            found(Fact::Proved(group), moment);
        }
        if let Some(customers) = self.collections.get_mut("customer") {
            customers.proved_since = None; // proved with the bookings
        }
    }

    /// Has the mapping know what the plan's after-schema changes.
    pub fn keep_changes(&mut self) {
        let schema = self.plan.as_ref().and_then(|plan| plan.schema.as_ref());
        let changes = schema.map(|schema| Arc::new(schema.changes.clone()));
        self.mapping.set_changes(changes);
    }

    /// The record of a rebuilt collection.
    pub fn collection(&self, which: &Rebuilt) -> CollectionRecord {
        self.collections
            .get(which.key())
            .cloned()
            .unwrap_or_default()
    }

    /// The record of a rebuilt collection, to be changed.
    pub fn collection_mut(&mut self, which: &Rebuilt) -> &mut CollectionRecord {
        self.collections.entry(which.key().to_owned()).or_default()
    }

    /// True once the swap that retires users was journaled.
    pub fn has_retired(&self) -> bool {
        self.collections.values().any(|it| !it.old.is_empty())
    }

    /// Takes what a proof of the users said, instead of what an earlier one said.
    pub fn take_users_equations(&mut self, says: &[String]) {
        self.equations.retain(|line| !is_of_users(line));
        self.equations.extend_from_slice(says);
    }

    /// What the last proof of the users said.
    pub fn users_equations(&self) -> Vec<String> {
        let lines = self.equations.iter().filter(|line| is_of_users(line));
        lines.cloned().collect()
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

    /// True when `step` is done in this run.
    pub fn is_done(&self, step: Step) -> bool {
        self.step(step)
            .is_some_and(|record| record.state == State::Done)
    }
}
/// True for a line of the proof of the users.
fn is_of_users(line: &str) -> bool {
    line.starts_with("users ") || line.starts_with("accounts ")
}
