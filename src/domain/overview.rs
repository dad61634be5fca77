//! What a survey found, as plain numbers and rows: the one shape behind the table, `survey --json`, the console and the report.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::conflict::{Code, ConflictKey};
use super::decision::{Contact, Decision};
use super::departure::Departures;
use super::id::Id;
use super::number::{counted, grouped};
use super::people::NO_NAME;
use super::survivorship::Survivor;
use super::text::safe;

/// One business in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessRow {
    /// Its `_id`.
    pub id: Id,
    /// Its name as stored; escape it before it reaches a screen.
    pub name: String,
    /// Customers that it will have (created, placeholders, existing).
    pub customers: u64,
    /// Its bookings.
    pub bookings: u64,
    /// Conflicts that touch it.
    pub conflicts: u64,
}

impl BusinessRow {
    /// What it is called, safe to show.
    pub fn words(&self) -> String {
        let name = safe(self.name.trim(), 80);
        if name.is_empty() {
            NO_NAME.to_owned()
        } else {
            name
        }
    }
}

/// One followed entry in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedRow {
    /// What codes and counts call it.
    pub entry: String,
    /// Its documents.
    pub documents: u64,
    /// Those that stay with an account.
    pub with_account: u64,
    /// Those outside its filter.
    pub outside: u64,
}

impl FollowedRow {
    /// In words, safe to show.
    pub fn words(&self) -> String {
        format!(
            "{}: {} ({} with an account, {} outside the filter)",
            safe(&self.entry, 80),
            counted(self.documents, "document", "documents"),
            grouped(self.with_account),
            grouped(self.outside)
        )
    }
}

/// One kind of conflict in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeCount {
    /// The kind.
    pub code: Code,
    /// How many, in the unit of [`Code::counts`].
    pub count: u64,
    /// How many of these have no answer.
    pub undecided: u64,
}

/// One conflict as a row of the review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictRow {
    /// What it is known by.
    pub key: ConflictKey,
    /// How many units it stands for.
    pub units: u64,
    /// The businesses that it touches.
    pub businesses: Vec<Id>,
    /// Their names, as stored, joined by ", " (at most three).
    pub business_names: String,
    /// The answer, if there is one.
    pub decision: Option<Decision>,
    /// The answers to its kind take so many bookings out of the application that the number has to be confirmed, and it was not.
    pub asks: bool,
}

impl ConflictRow {
    /// True where something is left to be decided: the answer, or the number of bookings that it takes out.
    pub fn is_undecided(&self) -> bool {
        self.decision.is_none() || self.asks
    }
}

/// Everything that is decided, and what is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// Every conflict with its answer, blockers first.
    pub rows: Vec<ConflictRow>,
    /// The survivor rule for all.
    pub survivor: Survivor,
    /// Those of single businesses.
    pub survivor_at: BTreeMap<Id, Survivor>,
    /// Kinds whose answers take so many bookings out of the application that the number has to be confirmed.
    pub asks: Vec<(Code, u64)>,
    /// How contact fields leave users.
    pub contact: Contact,
    /// Who would retire and who would stay by these answers, line by line; empty without a survey.
    pub retiring: Vec<String>,
    /// How many decisions can be taken back.
    pub undo: usize,
    /// How many can be done again.
    pub redo: usize,
}

/// The numbers of a survey.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// The database's name.
    pub database: String,
    /// Users, all of them.
    pub users: u64,
    /// Users with a password, owners, members.
    pub accounts: u64,
    /// Users without a password: the field is missing, null, or "".
    pub without_password: [u64; 3],
    /// Bookings.
    pub bookings: u64,
    /// Services.
    pub services: u64,
    /// (user, business) with at least one booking.
    pub pairs: u64,
    /// Every followed entry.
    pub followed: Vec<FollowedRow>,
    /// Every business.
    pub businesses: Vec<BusinessRow>,
    /// Every kind that was found.
    pub conflicts: Vec<CodeCount>,
    /// Bookings that leave the application by the answers, or the suggestions where nothing is decided.
    pub departures: Departures,
    /// Kinds whose number of such bookings has to be confirmed.
    pub asks: Vec<(Code, u64)>,
    /// What the check of the mapping warns of, one line each.
    pub warnings: Vec<String>,
    /// What the built-in mapping names and this database does not have.
    pub absent: Vec<String>,
    /// Bytes of what was kept of users and pairs that passed `--memory` and went to a temporary file.
    pub spilled_bytes: u64,
}

impl Overview {
    /// The document of `survey --json`.
    pub fn to_json(&self) -> Value {
        let mut json = json!({
            "database": self.database,
            "users": self.users,
            "accounts": self.accounts,
            "withoutPassword": {
                "missing": self.without_password[0],
                "null": self.without_password[1],
                "empty": self.without_password[2],
            },
            "bookings": self.bookings,
            "services": self.services,
            "pairs": self.pairs,
            "outsideMemory": self.spilled_bytes,
            "businesses": self.businesses.iter().map(|row| json!({
                "id": row.id.shown_as_json(),
                "name": row.name,
                "customers": row.customers,
                "bookings": row.bookings,
                "conflicts": row.conflicts,
            })).collect::<Vec<_>>(),
            "conflicts": self.conflicts.iter().map(|row| json!({
                "code": row.code.word(),
                "severity": row.code.severity().word(),
                "count": row.count,
                "undecided": row.undecided,
            })).collect::<Vec<_>>(),
            "leaving": self.departures.to_json(),
            "mustBeAccepted": self.asks.iter()
                .map(|(code, bookings)| (code.word().to_owned(), json!(bookings)))
                .collect::<serde_json::Map<_, _>>(),
            "warnings": self.warnings,
            "absent": self.absent,
        });
        if !self.followed.is_empty() {
            let rows = self.followed.iter().map(|row| {
                json!({
                    "entry": row.entry,
                    "documents": row.documents,
                    "withAccount": row.with_account,
                    "outside": row.outside,
                })
            });
            json["followed"] = rows.collect();
        }
        json
    }
}
