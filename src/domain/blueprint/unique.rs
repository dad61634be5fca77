//! What unique indexes of bookings make of the answers: who is kept apart, and what does not go together.

use std::collections::BTreeSet;

use super::{Blueprint, Role};
use crate::domain::conflict::Choice;
use crate::domain::decision::Decisions;
use crate::domain::map::Map;
use crate::domain::survey::groups::Alike;
use crate::domain::survey::unique::Party;
use crate::domain::survey::{BusinessIx, Survey};
use crate::domain::text::named;

/// A customer that several parties may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Customer {
    Group(usize),
    Existing(usize),
}

impl Blueprint {
    /// Takes those out of a merged group whose bookings a unique index could not hold together: all but the first of them stay apart.
    pub(super) fn part_colliding(
        &mut self,
        survey: &Survey,
        decisions: &Decisions,
        group: &mut Alike,
    ) {
        let (colliding, _) = survey.colliding(group);
        if colliding.len() < 2 {
            return;
        }
        let key = survey.unique_key(group.business, &colliding);
        if decisions.choice(&key) == Choice::Stop {
            self.obstacles.push(format!(
                "documents of the users {} must be changed by hand first (booking-unique: stop); then give another answer",
                survey.user_ids(&colliding).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ));
        }
        let of_group = survey.key_of(group);
        let ranked = survey.ranked(
            group.business,
            &group.members,
            decisions.survivor(&of_group),
        );
        let apart: Vec<_> = ranked
            .iter()
            .filter(|user| colliding.contains(user))
            .skip(1)
            .copied()
            .collect();
        group.members.retain(|user| !apart.contains(user));
        for user in apart {
            let rules = self.rules.entry((user, group.business)).or_default();
            rules.without_email = true;
        }
    }

    /// Takes the answers about unique indexes of customers and users.
    pub(super) fn drop_indexes(&mut self, survey: &Survey, decisions: &Decisions) {
        for crowded in survey.crowded() {
            if decisions.choice(&crowded.key()) == Choice::DropIndex {
                self.dropped_indexes.insert(crowded.index.clone());
            } else {
                self.obstacles.push(format!(
                    "the unique index {} must be changed by hand first ({}: stop); then survey again",
                    named(&crowded.index),
                    crowded.code
                ));
            }
        }
    }

    /// The names of the indexes of this collection that its copy does not get, by decision.
    pub fn dropped_indexes(&self, collection: &str) -> impl Iterator<Item = &str> {
        let of = format!("{collection}.");
        let indexes = self.dropped_indexes.iter();
        indexes.filter_map(move |index| index.strip_prefix(&of))
    }

    /// True for an index of this collection that its copy does not get, by decision.
    pub fn drops_index(&self, collection: &str, index: &str) -> bool {
        self.dropped_indexes
            .contains(&format!("{collection}.{index}"))
    }

    /// Says where the answers give one customer two bookings that are equal in a unique index.
    pub(super) fn find_unique_clashes(&mut self, survey: &Survey) {
        let mut clashes = BTreeSet::new();
        for shared in survey.shared() {
            let mut first: Map<Customer, Party> = Map::default();
            for party in &shared.parties {
                let Some(customer) = self.shared_customer(survey, *party, shared.business) else {
                    continue;
                };
                if let Some(other) = first.insert(customer, *party) {
                    clashes.insert(format!(
                        "after these decisions {} of {} and of {} at business {} are equal in the unique index {}; keep these customers apart (duplicate-email, same-phone, same-mailbox, customer-exists), or change one of the documents",
                        shared.what,
                        words(survey, other),
                        words(survey, *party),
                        survey.business_id(shared.business),
                        shared.index
                    ));
                }
            }
        }
        self.clashes.extend(clashes);
    }

    /// The customer that a party may share with others; `None` where it has one of its own, or none.
    fn shared_customer(
        &self,
        survey: &Survey,
        party: Party,
        business: BusinessIx,
    ) -> Option<Customer> {
        match party {
            Party::Existing(at) => {
                (!self.relinks(business)).then_some(Customer::Existing(self.goes_on_in(at)))
            }
            Party::User(user) => match self.role(survey, user, business) {
                Role::Own | Role::Linked | Role::Skipped => None,
                Role::Adopted(at) => Some(Customer::Existing(at)),
                Role::Grouped { group, .. } => Some(match self.groups[group].adopts {
                    Some(at) => Customer::Existing(at),
                    None => Customer::Group(group),
                }),
            },
        }
    }
}

fn words(survey: &Survey, party: Party) -> String {
    match party {
        Party::User(user) => format!("user {}", survey.user_id(user)),
        Party::Existing(at) => format!("the existing customer {}", survey.existing[at].id),
    }
}
