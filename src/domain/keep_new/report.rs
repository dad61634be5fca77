//! What a rollback carried, what it left behind and why: counted by collection and kind, in words and as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::customer::named;
use crate::domain::id::Id;
use crate::domain::number::{counted, grouped};
use crate::domain::rebuilt::Rebuilt;

/// How many ids are named per reason.
const NAMED: usize = 20;

/// What the application did to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It made it.
    Added,
    /// It changed it.
    Changed,
    /// It deleted it.
    Deleted,
}

impl Change {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Added, Self::Changed, Self::Deleted];

    /// As a participle.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
        }
    }
}

/// Why something was not carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A customer that the application made.
    NoUser,
    /// A booking of such a customer.
    CustomerWithoutUser,
    /// A booking moved to such a customer.
    MovedToCustomerWithoutUser,
    /// A changed customer whose user has other customers too.
    SeveralCustomers,
    /// A changed placeholder.
    Placeholder,
    /// A changed customer that was made of guests.
    GuestsOwn,
    /// A customer that the application made, where the mapping has no users.
    NoUsers,
    /// A booking that would not say who its guest is.
    NobodysGuest,
    /// A changed customer whose user was deleted while users were the originals still.
    UserGone,
    /// Fields that no user has.
    NotAUsersField,
    /// The user and its customer were given different values.
    UserChangedToo,
    /// A changed customer whose link does not say what it was made with.
    Unknown,
    /// A deleted user that a customer or a booking still needs.
    StillNeeded,
    /// A deleted customer whose user is more than that customer.
    UserIsMore,
    /// A document with the `_id` of one that comes back.
    IdTaken,
    /// Two documents would share a value of a unique index.
    NotUnique,
    /// A value that the old application does not read: of another type, or none of its enum.
    OtherType,
}

impl Reason {
    /// What became of it and why, as a sentence without a full stop.
    pub fn says(self) -> &'static str {
        match self {
            Self::NoUser => {
                "the application made the customer, so it has no user; --create-users makes one"
            }
            Self::CustomerWithoutUser => {
                "its customer has no user; --create-users makes one for a customer of the application"
            }
            Self::MovedToCustomerWithoutUser => {
                "it was moved to a customer without a user; it is back with the user that it had, its other changes with it"
            }
            Self::SeveralCustomers => {
                "the customer's user has other customers too, and the edit may be meant for this business alone"
            }
            Self::Placeholder => "a placeholder customer has no user that could take the edit",
            Self::GuestsOwn => {
                "the customer was made of its guests' bookings, and these keep what they say themselves"
            }
            Self::NoUsers => {
                "the application made the customer, and bookings have no users; its bookings are back and say themselves whose they are"
            }
            Self::NobodysGuest => {
                "neither the booking nor its customer says by what its guest is known"
            }
            Self::UserGone => {
                "its user was deleted before users were cleaned, so no original of it is kept; the backup has it"
            }
            Self::NotAUsersField => {
                "these fields of the customer are none of a user's; the others were carried"
            }
            Self::UserChangedToo => {
                "the user and its customer were given different values; the user's own stays"
            }
            Self::Unknown => "the customer's link does not say what it was made with",
            Self::StillNeeded => {
                "a customer or a booking that is still there needs the deleted user, so the user is back"
            }
            Self::UserIsMore => {
                "the deleted customer's user stays: it has a password, is an owner or a team member, or has other customers or bookings"
            }
            Self::IdTaken => "another document that comes back has this _id",
            Self::OtherType => {
                "it is back, and the old application cannot read these fields: a value is of another type, is none of its enum, or is missing"
            }
            Self::NotUnique => {
                "carried, it would share a value of a unique index with another document; what was there before is back instead"
            }
        }
    }
}

/// How much of something was found, and how much of it was left behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How much there was.
    pub found: u64,
    /// How much of it was carried.
    pub carried: u64,
}

/// What was left behind for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// The collection.
    pub collection: String,
    /// What the application did.
    pub change: Change,
    /// Why it was not carried.
    pub reason: Reason,
    /// How many.
    pub count: u64,
    /// The first twenty, by `_id`, with the fields where not all of it was left behind.
    pub ids: Vec<String>,
}

/// What the application wrote since the cut-over, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// By collection and kind of change.
    pub counts: BTreeMap<String, BTreeMap<Change, Count>>,
    /// What was left behind.
    pub left: Vec<Left>,
}

impl Kept {
    /// Counts a change.
    pub fn found(&mut self, which: &Rebuilt, change: Change) {
        let of = self.counts.entry(which.live().to_owned()).or_default();
        let count = of.entry(change).or_default();
        count.found += 1;
        count.carried += 1;
    }

    /// Says that a change that was counted is left behind, whole or (with `fields`) in part.
    pub fn leave(
        &mut self,
        (which, change): (&Rebuilt, Change),
        reason: Reason,
        id: &Id,
        fields: &[String],
    ) {
        let of = self.counts.entry(which.live().to_owned()).or_default();
        let count = of.entry(change).or_default();
        if reason != Reason::OtherType {
            count.carried = count.carried.saturating_sub(1);
        }
        self.leave_in((which.live(), change), reason, id, fields);
    }

    /// Says the same of a document of this collection, whose changes are not counted.
    pub fn leave_in(
        &mut self,
        (collection, change): (&str, Change),
        reason: Reason,
        id: &Id,
        fields: &[String],
    ) {
        let known = self.left.iter().position(|left| {
            left.collection == collection && left.change == change && left.reason == reason
        });
        let at = known.unwrap_or_else(|| {
            self.left.push(Left {
                collection: collection.to_owned(),
                change,
                reason,
                count: 0,
                ids: Vec::new(),
            });
            self.left.len() - 1
        });
        let left = &mut self.left[at];
        left.count += 1;
        if left.ids.len() < NAMED {
            left.ids.push(named(id, fields));
        }
    }

    /// True when the application wrote nothing that could be carried.
    pub fn is_empty(&self) -> bool {
        self.counts
            .values()
            .flat_map(BTreeMap::values)
            .all(|count| count.found == 0)
    }

    /// What was found, by collection: "Booking: 1 document added, 2 changed, 0 deleted".
    pub fn found_lines(&self) -> Vec<String> {
        let lines = self.counts.iter().map(|(collection, of)| {
            let found = |change| of.get(&change).map_or(0, |count| count.found);
            format!(
                "{collection}: {} added, {} changed, {} deleted",
                counted(found(Change::Added), "document", "documents"),
                grouped(found(Change::Changed)),
                grouped(found(Change::Deleted))
            )
        });
        lines.collect()
    }

    /// What was carried and what was left behind, in words.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (collection, of) in &self.counts {
            let parts: Vec<_> = Change::ALL
                .iter()
                .filter_map(|change| {
                    let count = of.get(change).filter(|count| count.found > 0)?;
                    let (carried, found) = (grouped(count.carried), grouped(count.found));
                    Some(if count.carried == count.found {
                        format!("{found} {}", change.word())
                    } else {
                        format!("{carried} of {found} {}", change.word())
                    })
                })
                .collect();
            if !parts.is_empty() {
                lines.push(format!(
                    "carried back in {collection}: {}",
                    parts.join(", ")
                ));
            }
        }
        lines.extend(self.left_lines());
        lines
    }

    /// What was left behind, in words.
    pub fn left_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for left in &self.left {
            let more = left.count - left.ids.len() as u64;
            let more = if more > 0 {
                format!(" … and {} more", grouped(more))
            } else {
                String::new()
            };
            let what = if left.reason == Reason::OtherType {
                "carried in part"
            } else {
                "not carried"
            };
            lines.push(format!(
                "{what}: {} {} {}: {}: {}{more}",
                grouped(left.count),
                left.collection,
                left.change.word(),
                left.reason.says(),
                left.ids.join(", ")
            ));
        }
        lines
    }
}
