//! The plan: mapping, decisions and the members of every conflict, made deterministic and hashed. Pairs without a conflict are not in the
//! hash: new ones are taken in and counted. Neither are undecided notes, for which nothing needs deciding.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::accepted::Accepted;
use super::conflict::{Conflict, Severity};
use super::decision::Decisions;
use super::decision_file::{BadDecisions, DecisionFile};
use super::departure::Departures;
use super::mapping::Mapping;
use super::number::grouped;
use super::schema_change::SchemaChanges;

/// What nobody has looked at, as long as no schema was checked.
pub const UNCHECKED: &str = "Nobody checked whether the new application can read the result: `ringfence conform --schema FILE` does";

/// A file of a schema, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaText {
    /// Its name, for messages.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// The after-schema of a plan, and what follows from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaPlan {
    /// The schema of the new application.
    pub after: Vec<SchemaText>,
    /// The schema of today, where it was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<SchemaText>,
    /// Fields that the operator says have another name: "Model.field", the old field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rename: BTreeMap<String, String>,
    /// The rules that follow.
    pub changes: SchemaChanges,
    /// Findings that a decision leaves as they are, each "Model.field kind".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    /// The list as the operator read it. Its counts are not in the hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<String>,
}

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
    /// Bookings that leave the application. What of them had to be confirmed stands in the decisions, which the hash covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<Departures>,
    /// Customer users are retired.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retire_users: bool,
    /// The after-schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaPlan>,
    /// Every conflict that the hash covers, with the digest of its members.
    pub conflicts: BTreeMap<String, String>,
}

/// Why a plan is refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BadPlan {
    /// Not JSON of this shape; the message has line and column.
    #[error("the plan cannot be read: {}; make a new one with `ringfence plan --out FILE`", super::text::unquoted(&.0.to_string()))]
    Syntax(#[from] serde_json::Error),
    /// Another format or version.
    #[error(
        "this is {} version {version}, not a ringfence plan of version 1; make a new one with `ringfence plan --out FILE`",
        super::text::named(format)
    )]
    Version {
        /// The file's format.
        format: String,
        /// The file's version.
        version: u32,
    },
    /// Its content does not give its hash.
    #[error(
        "the plan was changed by hand: its content has the hash {found}, it says {says}; make it again with `ringfence plan --out FILE`"
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
            leaving: None,
            retire_users: false,
            schema: None,
            conflicts: covered(decisions, conflicts),
        };
        plan.hash = plan.content_hash();
        plan
    }

    /// The same plan, which also says whether customer users are retired.
    #[must_use]
    pub fn retiring(mut self, retire_users: bool) -> Self {
        self.retire_users = retire_users;
        self.hash = self.content_hash();
        self
    }

    /// The same plan, with what an after-schema asks.
    #[must_use]
    pub fn with_schema(mut self, schema: Option<&SchemaPlan>) -> Self {
        self.schema = schema.cloned();
        self.hash = self.content_hash();
        self
    }

    /// What nobody has looked at, where there is no after-schema; else what was looked at.
    pub fn schema_words(schema: Option<&SchemaPlan>) -> String {
        match schema {
            None => UNCHECKED.to_owned(),
            Some(schema) if schema.left.is_empty() => {
                "every document will be as the after-schema says; the verification reads all of them".to_owned()
            }
            Some(schema) => format!(
                "by decision not all of it will be as the after-schema says: {}",
                schema.left.join(", ")
            ),
        }
    }

    /// The same plan, which also says how many bookings leave the application.
    #[must_use]
    pub fn leaving(mut self, departures: &Departures) -> Self {
        self.leaving = Some(departures.clone());
        self
    }

    /// Bookings that leave the application though their number was not confirmed for this plan: of `now`, which holds the same decisions.
    fn unconfirmed(&self, now: &Self) -> Vec<String> {
        let Some(leaving) = &now.leaving else {
            return Vec::new();
        };
        let unconfirmed = leaving.not_accepted(&self.decisions.accepted).into_iter();
        let words = unconfirmed.map(|(code, _)| {
            let accepted = self.decisions.accepted.get(&Accepted::Bookings(code));
            let says = match (accepted, &self.leaving) {
                (Some(accepted), _) => format!("the plan accepts {}", grouped(*accepted)),
                (None, Some(planned)) => {
                    format!(
                        "the plan counted {} and accepts none",
                        grouped(planned.by(code))
                    )
                }
                (None, None) => "the plan accepts none".to_owned(),
            };
            format!("{}; {says}", leaving.words_of(code))
        });
        words.collect()
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
        if self.retire_users {
            hash.update(b"retire-users\0");
        }
        if let Some(schema) = &self.schema {
            let hashed = SchemaPlan {
                says: Vec::new(),
                ..schema.clone()
            };
            hash.update(b"after-schema\0");
            hash.update(serde_json::to_string(&hashed).unwrap_or_default()); // as above
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
        if self.retire_users != now.retire_users {
            changes.push("the answer to “retire customer users” changed".to_owned());
        }
        match (&self.schema, &now.schema) {
            (Some(planned), Some(now)) => {
                changes.extend(planned.changes.drift(&now.changes));
                if planned.left != now.left {
                    changes.push(format!(
                        "the findings that a decision leaves changed: {}",
                        now.left.join(", ")
                    ));
                }
            }
            (None, None) => {}
            _ => changes.push("an after-schema was added or taken away".to_owned()),
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
        changes.extend(self.unconfirmed(now));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::conflict::{Choice, Code, ConflictKey};
    use crate::domain::decision::Decision;
    use crate::domain::id::Id;
    use crate::domain::mapping::DEFAULT;

    fn conflict(code: Code, user: &str, members: u8) -> Conflict {
        Conflict {
            key: ConflictKey {
                code,
                business: None,
                subjects: vec![Id::string(user)],
            },
            units: 1,
            digest: [members; 16],
            businesses: Vec::new(),
        }
    }

    fn plan(database: &str, decisions: &Decisions, conflicts: &[Conflict]) -> Plan {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        Plan::new(database, &mapping, decisions, conflicts, (3, 5))
    }

    fn some() -> [Conflict; 3] {
        [
            conflict(Code::MissingName, "ann", 1),
            conflict(Code::InvalidEmail, "bob", 2),
            conflict(Code::IdleUser, "eve", 3),
        ]
    }

    #[test]
    fn the_hash_does_not_depend_on_the_order_of_conflicts_or_on_numbers() {
        let decisions = Decisions::default();
        let one = plan("shop", &decisions, &some());
        let mut reversed = some();
        reversed.reverse();
        assert_eq!(one.hash, plan("shop", &decisions, &reversed).hash);
        let mapping = Mapping::parse(DEFAULT).unwrap();
        let more = Plan::new("shop", &mapping, &decisions, &some(), (30, 50));
        assert_eq!(one.hash, more.hash);
        assert_eq!(one.hash.len(), 64);
    }

    #[test]
    fn the_hash_changes_with_database_mapping_decisions_and_members() {
        let decisions = Decisions::default();
        let one = plan("shop", &decisions, &some());
        let mut others = vec![plan("shop2", &decisions, &some())];
        let mut members = some();
        members[0].digest[15] ^= 1;
        others.push(plan("shop", &decisions, &members));
        others.push(plan("shop", &decisions, &some()[..1]));
        others.push(plan("shop", &Decisions::defaults(), &some()));
        let mapping = Mapping::parse(&DEFAULT.replace("\"Booking\"", "\"Bookings\"")).unwrap();
        others.push(Plan::new("shop", &mapping, &decisions, &some(), (3, 5)));
        for other in others {
            assert_ne!(other.hash, one.hash);
        }
    }

    #[test]
    fn a_note_is_in_the_plan_only_once_it_was_answered() {
        let undecided = plan("shop", &Decisions::default(), &some());
        assert_eq!(undecided.conflicts.len(), 2);
        let mut decisions = Decisions::default();
        let note = some()[2].key.clone();
        decisions.single.insert(note, Decision::new(Choice::Keep));
        let decided = plan("shop", &decisions, &some());
        assert_eq!(decided.conflicts.len(), 3);
    }

    #[test]
    fn a_written_plan_reads_back_with_its_decisions() {
        let mut decisions = Decisions::defaults();
        let mut by_hand = Decision::new(Choice::Keep);
        by_hand
            .set
            .insert("email".to_owned(), "bob@a.org".to_owned());
        decisions.single.insert(some()[1].key.clone(), by_hand);
        let plan = plan("shop", &decisions, &some());
        let text = serde_json::to_string_pretty(&plan).unwrap();
        let read = Plan::parse(&text).unwrap();
        assert_eq!(read, plan);
        assert_eq!(read.decisions().unwrap(), decisions);
        assert!(read.drift(&plan).is_empty());
    }

    #[test]
    fn a_plan_that_was_changed_by_hand_is_refused() {
        let text = serde_json::to_string(&plan("shop", &Decisions::default(), &some())).unwrap();
        for (from, to) in [
            ("\"database\":\"shop\"", "\"database\":\"shop2\""),
            ("01010101", "01010102"),
            ("\"userId\"", "\"userID\""),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            assert!(
                matches!(Plan::parse(&changed), Err(BadPlan::Hash { .. })),
                "{from}"
            );
        }
        let other = text.replace("\"version\":1,\"made_by\"", "\"version\":2,\"made_by\"");
        assert!(matches!(
            Plan::parse(&other),
            Err(BadPlan::Version { version: 2, .. })
        ));
        let other = text.replace("ringfence plan", "shopping list");
        assert!(matches!(
            Plan::parse(&other),
            Err(BadPlan::Version { version: 1, .. })
        ));
        let unknown = text.replacen('{', "{\"more\":1,", 1);
        for broken in ["", "[]", &text[..text.len() / 2], &unknown] {
            assert!(matches!(Plan::parse(broken), Err(BadPlan::Syntax(_))));
        }
    }

    #[test]
    fn drift_names_every_conflict_that_came_went_or_changed() {
        let decisions = Decisions::default();
        let planned = plan("shop", &decisions, &some());
        let now = [
            conflict(Code::MissingName, "ann", 9),
            conflict(Code::MissingName, "zoe", 1),
            // A new note holds nothing up.
            conflict(Code::IdleUser, "max", 1),
        ];
        let drift = planned.drift(&plan("shop", &decisions, &now));
        assert_eq!(
            drift,
            [
                "other members: missing-name of \"ann\"",
                "new: missing-name of \"zoe\"",
                "gone: invalid-email of \"bob\"",
            ]
        );
        let mut other = plan("shop2", &Decisions::defaults(), &some());
        other.mapping.user.name = "fullName".to_owned();
        assert_eq!(
            planned.drift(&other),
            [
                "the plan is for database shop, this one is shop2",
                "the mapping is another one",
                "the decisions are others",
            ]
        );
    }
}
