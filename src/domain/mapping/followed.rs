//! The entries of followed collections: what each is called, which of them share a collection, and what makes one impossible.

use super::path::{FieldPath, ReferencePath};
use super::{BadMapping, BusinessReference, Following, Mapping, Several, UserReference};
use crate::domain::conflict::{Code, Trouble};

impl Mapping {
    /// What an entry is called in codes and counts: its collection, with the path to the user where several follow that collection.
    pub fn entry_name(&self, at: usize) -> String {
        let Some(entry) = self.follow.get(at) else {
            return String::new();
        };
        if self.entries_of(&entry.collection).count() == 1 {
            return entry.collection.clone();
        }
        format!("{}.{}", entry.collection, entry.user_text())
    }

    /// The entries of a collection, each with its place in the mapping.
    pub fn entries_of<'m>(
        &'m self,
        collection: &'m str,
    ) -> impl Iterator<Item = (usize, &'m Following)> {
        let entries = self.follow.iter().enumerate();
        entries.filter(move |(_, entry)| entry.collection == collection)
    }

    /// The collections that are followed, each once, in the mapping's order.
    pub fn followed_collections(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for entry in &self.follow {
            if !names.contains(&entry.collection.as_str()) {
                names.push(&entry.collection);
            }
        }
        names
    }

    /// Every code that documents of followed collections can raise.
    pub fn followed_codes(&self) -> Vec<Code> {
        let entries = 0..self.follow.len();
        let codes = entries.flat_map(|at| {
            let name = self.entry_name(at);
            Trouble::ALL.map(|trouble| Code::followed(&name, trouble))
        });
        codes.collect()
    }

    /// Refuses entries that no engine could carry out.
    pub(super) fn refuse_impossible_entries(&self) -> Result<(), BadMapping> {
        for (at, entry) in self.follow.iter().enumerate() {
            let bad = |key: &str, why: String| Err(self.bad(&format!("follow.{at}.{key}"), why));
            let account = self.accounts.iter().find(|role| {
                let same = entry.user_text() == role.user.start.to_string();
                role.collection == entry.collection && same && !entry.keep
            });
            if account.is_some() {
                return bad(
                    "user",
                    format!(
                        "follow.{at}.user is the field by which {} makes users account holders, and would leave: remove one of the two entries, or say keep = true",
                        entry.collection
                    ),
                );
            }
            let others = self.entries_of(&entry.collection);
            for (_, other) in others.take_while(|(place, _)| *place < at) {
                if other.user_top() == entry.user_top() {
                    return bad(
                        "user",
                        format!(
                            "follow.{at}.user: another entry of {} begins at the same field `{}`; one entry follows it",
                            entry.collection,
                            entry.user_top()
                        ),
                    );
                }
                if other.customer == entry.customer {
                    return bad(
                        "to",
                        format!(
                            "follow.{at}.to: another entry of {} writes `{}` too; give each new reference a name of its own",
                            entry.collection, entry.customer
                        ),
                    );
                }
            }
        }
        Ok(())
    }

    /// Refuses entries whose business is of another kind than that of bookings: one for all, or found by paths.
    pub(super) fn refuse_two_kinds_of_business(&self) -> Result<(), BadMapping> {
        let constant = |following: &Following| match &following.business {
            BusinessReference::Constant(id) => Some(id.clone()),
            BusinessReference::Paths(_) => None,
        };
        let of_bookings = constant(&self.booking.following);
        let mut entries = self.follow.iter();
        match entries.position(|entry| constant(entry) != of_bookings) {
            None => Ok(()),
            Some(at) => Err(self.bad(
                &format!("follow.{at}.business"),
                format!(
                    "follow.{at}.business and booking.business are of two kinds: either both name the one business of all, and the same one, or both are paths"
                ),
            )),
        }
    }

    /// The first key of an entry that the engine does not carry out yet.
    pub(super) fn unbuilt_entry(&self) -> Option<String> {
        for (at, entry) in self.follow.iter().enumerate() {
            let unbuilt = [
                (entry.collection == self.booking.collection, "collection"),
                (entry.user.is_none(), "user"),
                (entry.several != Several::First, "several"),
                (!entry.drop.iter().all(FieldPath::is_top_level), "drop"),
                (entry.guest.is_some(), "guest"),
            ];
            if let Some((_, key)) = unbuilt.iter().find(|(is_said, _)| *is_said) {
                return Some(format!("follow.{at}.{key}"));
            }
        }
        None
    }
}

impl Following {
    /// The reference to a user, as it stands in a document.
    pub fn user_text(&self) -> String {
        match &self.user {
            Some(UserReference::Path(ReferencePath { start, .. })) => start.to_string(),
            Some(UserReference::Email(path)) => path.to_string(),
            None => String::new(),
        }
    }

    /// The top-level field that holds it.
    pub fn user_top(&self) -> &str {
        match &self.user {
            Some(UserReference::Path(path)) => path.start.top(),
            Some(UserReference::Email(path)) => path.top(),
            None => "",
        }
    }
}
