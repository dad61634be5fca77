//! Customers that were there before and become one: the one with most bookings stays as it is, then the survivor rule decides.

use std::collections::BTreeSet;

use super::{Blueprint, Role};
use crate::domain::conflict::Choice;
use crate::domain::decision::Decisions;
use crate::domain::id::Id;
use crate::domain::survey::Survey;
use crate::domain::survivorship::ranked;
use crate::domain::text::listed;

impl Blueprint {
    /// Takes the answers about customers that were there before and share an e-mail.
    pub(super) fn merge_existing(&mut self, survey: &Survey, decisions: &Decisions) {
        for group in survey.sharing() {
            let key = survey.key_of_sharing(&group);
            if decisions.choice(&key) != Choice::Merge {
                continue;
            }
            let members = group.members.iter();
            let places = members.filter_map(|at| survey.references.customers.get(at));
            let places: BTreeSet<&str> = places.flatten().map(String::as_str).collect();
            if !places.is_empty() {
                self.clashes.push(format!(
                    "the customers {} share an e-mail, and documents of other places refer to them ({}), so they cannot be made one; keep them apart, or change those references first",
                    words(&key.subjects),
                    listed(places)
                ));
                continue;
            }
            if decisions
                .single
                .get(&key)
                .is_some_and(|it| !it.set.is_empty() || !it.pick.is_empty())
            {
                self.clashes.push(format!(
                    "of the customers {}, which were there before, one stays as it is; no value of it can be typed or picked",
                    words(&key.subjects)
                ));
            }
            let candidates: Vec<_> = group
                .members
                .iter()
                .map(|at| survey.candidate_existing(*at))
                .collect();
            let mut order = ranked(&candidates, decisions.survivor(&key));
            order.sort_by_key(|at| std::cmp::Reverse(candidates[*at].bookings));
            let mut order = order.into_iter().filter_map(|at| group.members.get(at));
            let Some(survivor) = order.next() else {
                continue;
            };
            for other in order {
                self.merged_into.insert(*other, *survivor);
            }
        }
    }

    /// Notes at which customer the bookings of each linked pair stand, of several the one with the smallest `_id`: lists of customers, and followed
    /// documents, name that one too.
    pub(super) fn note_standing(&mut self, survey: &Survey) {
        if !survey.paths().is_list() && survey.followed.is_empty() {
            return;
        }
        for (existing, user) in &survey.linked_users {
            let customer = self.goes_on_in(*existing);
            let Some(business) = survey.existing[*existing].business else {
                continue;
            };
            let key = (*user, business);
            if self.roles.get(&key) != Some(&Role::Linked) {
                continue;
            }
            let known = self.stands_with.entry(key).or_insert(customer);
            if survey.existing[customer].id < survey.existing[*known].id {
                *known = customer;
            }
        }
    }

    /// The customer that this one, which was there before, goes on in: itself, or the one that it is merged into.
    pub fn goes_on_in(&self, existing: usize) -> usize {
        self.merged_into.get(&existing).copied().unwrap_or(existing)
    }

    /// True for a customer that was there before and is merged into another one.
    pub fn is_merged_away(&self, existing: usize) -> bool {
        self.merged_into.contains_key(&existing)
    }

    /// Customers that are merged into this one.
    pub fn merged_into(&self, survivor: usize) -> Vec<usize> {
        let merged = self
            .merged_into
            .iter()
            .filter(|(_, into)| **into == survivor);
        let mut merged: Vec<usize> = merged.map(|(at, _)| *at).collect();
        merged.sort_unstable();
        merged
    }
}

fn words(ids: &[Id]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    listed(ids.iter().map(String::as_str))
}
