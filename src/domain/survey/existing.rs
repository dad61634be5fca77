//! Customers that were there before and share an e-mail within one business: a script that ran twice leaves such.

use std::collections::BTreeMap;

use super::references::Form;
use super::{BusinessIx, Survey};
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::id::Id;
use crate::domain::survivorship::Candidate;

/// Customers of one business that share an e-mail, by their places, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharing {
    /// The business.
    pub business: BusinessIx,
    /// The customers: two at least.
    pub members: Vec<usize>,
}

impl Survey {
    /// Every group of such customers.
    pub fn sharing(&self) -> Vec<Sharing> {
        let mut by_email: BTreeMap<(BusinessIx, u128), Vec<usize>> = BTreeMap::new();
        for (at, existing) in self.existing.values().enumerate() {
            if let Some(business) = existing.business.filter(|_| existing.email != 0) {
                let members = by_email.entry((business, existing.email)).or_default();
                members.push(at);
            }
        }
        let groups = by_email
            .into_iter()
            .filter(|(_, members)| members.len() > 1);
        let groups = groups.map(|((business, _), mut members)| {
            members.sort_by_key(|at| &self.existing[*at].id);
            Sharing { business, members }
        });
        groups.collect()
    }

    /// What the conflict of such a group is known by.
    pub fn key_of_sharing(&self, group: &Sharing) -> ConflictKey {
        let members = group.members.iter();
        ConflictKey {
            code: Code::DuplicateEmail,
            business: Some(self.business_id(group.business).clone()),
            subjects: members.map(|at| self.existing[*at].id.clone()).collect(),
        }
    }

    /// True for a conflict about customers that were there before.
    pub fn is_of_existing(&self, key: &ConflictKey) -> bool {
        let mut subjects = key.subjects.iter();
        key.code == Code::DuplicateEmail
            && subjects.any(|id| {
                let id = id.canonical();
                self.existing.contains_key(&id) && self.users.find(&id).is_none()
            })
    }

    /// What the order of survivors rests on.
    pub fn candidate_existing(&self, at: usize) -> Candidate {
        let existing = &self.existing[at];
        Candidate {
            id: existing.id.clone(),
            filled: existing.filled,
            created: existing.created,
            bookings: existing.bookings,
            deleted: false,
        }
    }

    /// Notes the customers of such groups, so that what refers to them is looked for. After the bookings.
    pub fn find_sharing(&mut self) {
        let groups = self.sharing();
        for at in groups.into_iter().flat_map(|group| group.members) {
            let id: Id = self.existing[at].id.canonical();
            self.departing_forms.extend(Form::of_id(&id));
            self.sharing.insert(id, at);
        }
    }
}
