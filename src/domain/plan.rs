//! The plan: mapping, decisions and the members of every conflict, made deterministic and hashed. Pairs without a conflict are not in the
//! hash: new ones are taken in and counted. Neither are undecided notes, for which nothing needs deciding.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::conflict::{Conflict, Severity};
use super::decision::Decisions;
use super::decision_file::{BadDecisions, DecisionFile};
use super::mapping::Mapping;

/// A plan as it is kept in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always "ringfence plan".
    pub format: String,
    /// Format version.
    pub version: u32,
    /// The version of ringfence that made it.
    pub made_by: String,
    /// The database.
    pub database: String,
    /// SHA-256 over mapping, decisions and conflict members.
    pub hash: String,
    /// Pairs when it was made.
    pub pairs: u64,
    /// Bookings when it was made.
    pub bookings: u64,
    /// The mapping.
    pub mapping: Mapping,
    /// The decisions.
    pub decisions: DecisionFile,
    /// Every conflict that the hash covers, with the digest of its members.
    pub conflicts: BTreeMap<String, String>,
}

/// Why a plan is refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BadPlan {
    /// Not JSON of this shape; the message has line and column.
    #[error("the plan cannot be read: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Another format or version.
    #[error("this is {format} version {version}, not a ringfence plan of version 1")]
    Version {
        /// The file's format.
        format: String,
        /// The file's version.
        version: u32,
    },
    /// Its content does not give its hash.
    #[error(
        "the plan was changed by hand: its content has the hash {found}, it says {says}; make it again with `ringfence plan`"
    )]
    Hash {
        /// What the content gives.
        found: String,
        /// What the file says.
        says: String,
    },
    /// Its decisions do not hold together.
    #[error(transparent)]
    Decisions(#[from] BadDecisions),
}

impl Plan {
    /// The plan of a survey's conflicts under `decisions`.
    pub fn new(
        database: &str,
        mapping: &Mapping,
        decisions: &Decisions,
        conflicts: &[Conflict],
        (pairs, bookings): (u64, u64),
    ) -> Self {
        let mut plan = Self {
            format: "ringfence plan".to_owned(),
            version: 1,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            database: database.to_owned(),
            hash: String::new(),
            pairs,
            bookings,
            mapping: mapping.clone(),
            decisions: DecisionFile::new(database, decisions),
            conflicts: covered(decisions, conflicts),
        };
        plan.hash = plan.content_hash();
        plan
    }

    fn content_hash(&self) -> String {
        let mut hash = Sha256::new();
        for part in [
            serde_json::to_string(&self.database),
            serde_json::to_string(&self.mapping),
            serde_json::to_string(&self.decisions),
            serde_json::to_string(&self.conflicts),
        ] {
            // Plain data with string keys always becomes JSON.
            hash.update(part.unwrap_or_default());
            hash.update(b"\0");
        }
        hex::encode(hash.finalize())
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// See [`BadPlan`].
    pub fn parse(text: &str) -> Result<Self, BadPlan> {
        let plan: Self = serde_json::from_str(text)?;
        if plan.format != "ringfence plan" || plan.version != 1 {
            return Err(BadPlan::Version {
                format: plan.format,
                version: plan.version,
            });
        }
        let found = plan.content_hash();
        if found != plan.hash {
            return Err(BadPlan::Hash {
                found,
                says: plan.hash,
            });
        }
        Ok(plan)
    }

    /// The decisions in it.
    ///
    /// # Errors
    /// Answers that do not fit.
    pub fn decisions(&self) -> Result<Decisions, BadPlan> {
        Ok(self
            .decisions
            .decisions(&self.database, &self.mapping.user)?)
    }

    /// What changed between this plan and what the database says now, in words; empty when the plan still fits.
    pub fn drift(&self, now: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        if self.database != now.database {
            changes.push(format!(
                "the plan is for database {}, this one is {}",
                self.database, now.database
            ));
        }
        if self.mapping != now.mapping {
            changes.push("the mapping is another one".to_owned());
        }
        if self.decisions != now.decisions {
            changes.push("the decisions are others".to_owned());
        }
        for (key, digest) in &now.conflicts {
            match self.conflicts.get(key) {
                None => changes.push(format!("new: {key}")),
                Some(old) if old != digest => changes.push(format!("other members: {key}")),
                Some(_) => {}
            }
        }
        for key in self
            .conflicts
            .keys()
            .filter(|key| !now.conflicts.contains_key(*key))
        {
            changes.push(format!("gone: {key}"));
        }
        changes
    }
}

fn covered(decisions: &Decisions, conflicts: &[Conflict]) -> BTreeMap<String, String> {
    conflicts
        .iter()
        .filter(|conflict| {
            conflict.key.code.severity() != Severity::Note
                || decisions.single.contains_key(&conflict.key)
        })
        .map(|conflict| (conflict.key.to_string(), hex::encode(conflict.digest)))
        .collect()
}
