//! The entries of followed collections: what each is called, which of them share a collection, and what makes one impossible.

use super::path::FieldPath;
use super::{BadMapping, BusinessReference, Following, Mapping, UserReference};
use crate::domain::conflict::{Code, Trouble};

impl Mapping {
    /// What an entry is called in codes and counts: its collection, with the path to the user where something else refers to users there too:
    /// another entry, or the booking itself.
    pub fn entry_name(&self, at: usize) -> String {
        let Some(entry) = self.follow.get(at) else {
            return String::new();
        };
        let of_bookings = entry.collection == self.booking.collection;
        if !of_bookings && self.entries_of(&entry.collection).count() == 1 {
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

    /// The collections that are followed and rebuilt for that, each once, in the mapping's order: not that of the bookings, which are rebuilt anyway.
    pub fn followed_collections(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for entry in &self.follow {
            if entry.collection != self.booking.collection
                && !names.contains(&entry.collection.as_str())
            {
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
            let others = others.take_while(|(place, _)| *place < at);
            let others = others.map(|(_, other)| (other, "another entry"));
            let booking = &self.booking.following;
            let booking =
                (entry.collection == booking.collection).then_some((booking, "[booking]"));
            for (other, who) in booking.into_iter().chain(others) {
                if !entry.user_top().is_empty() && other.user_top() == entry.user_top() {
                    return bad(
                        "user",
                        format!(
                            "follow.{at}.user: {who} of {} begins at the same field `{}`; one of them follows it",
                            entry.collection,
                            entry.user_top()
                        ),
                    );
                }
                if other.customer == entry.customer {
                    return bad(
                        "to",
                        format!(
                            "follow.{at}.to: {who} of {} writes `{}` too; give each new reference a name of its own",
                            entry.collection, entry.customer
                        ),
                    );
                }
                let both = entry.changes().into_iter().find(|(_, top)| {
                    let others = other.changes();
                    others.iter().any(|(_, other)| other == top)
                });
                if let Some((key, top)) = both {
                    let key = if key == "customer" { "to" } else { key };
                    return bad(
                        key,
                        format!(
                            "follow.{at}.{key}: {who} of {} changes `{top}` too; a field belongs to one of them",
                            entry.collection
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
}

impl Following {
    /// The top-level fields of a document that change, each with its key.
    fn changes(&self) -> Vec<(&'static str, &str)> {
        let user = (!self.keep && self.user.is_some()).then(|| ("user", self.user_top()));
        let drops = self.drop.iter().map(|path| ("drop", path.top()));
        let all = user
            .into_iter()
            .chain([("customer", self.customer.as_str())]);
        all.chain(drops).collect()
    }

    /// Where the reference to a user stands in a document.
    pub fn user_start(&self) -> Option<&FieldPath> {
        self.user.as_ref().map(|user| match user {
            UserReference::Path(path) => &path.start,
            UserReference::Email(path) => path,
        })
    }

    /// The same in words.
    pub fn user_text(&self) -> String {
        self.user_start()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// The top-level field that holds it.
    pub fn user_top(&self) -> &str {
        self.user_start().map_or("", FieldPath::top)
    }
}
