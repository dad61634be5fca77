//! Which users become one customer, and which of them gives it its values.

use std::collections::BTreeMap;

use super::{Blueprint, Group, Role};
use crate::domain::conflict::{Choice, Code};
use crate::domain::decision::Decisions;
use crate::domain::map::Map;
use crate::domain::survey::groups::{Alike, Union};
use crate::domain::survey::{BusinessIx, Survey, UserIx};
use crate::domain::survivorship::{Candidate, Survivor, ranked};

impl Survey {
    /// What the order of survivors rests on, for `user` at `business`.
    pub fn candidate(&self, user: UserIx, business: BusinessIx) -> Candidate {
        let facts = self.users.facts(user);
        let pair = self.pairs.get(user, business);
        Candidate {
            id: self.user_id(user),
            filled: facts.filled,
            created: facts.created,
            bookings: pair.map_or(0, |pair| pair.bookings),
            deleted: facts.deleted,
        }
    }

    /// The same for `user` at all businesses together.
    pub fn candidate_anywhere(&self, user: UserIx) -> Candidate {
        let pairs = self.pairs.of(&self.users, user);
        Candidate {
            bookings: pairs.iter().map(|(_, pair)| pair.bookings).sum(),
            ..self.candidate(user, BusinessIx::MAX)
        }
    }

    pub(super) fn ranked(
        &self,
        business: BusinessIx,
        members: &[UserIx],
        rule: Survivor,
    ) -> Vec<UserIx> {
        let candidates: Vec<_> = members
            .iter()
            .map(|user| self.candidate(*user, business))
            .collect();
        let places = ranked(&candidates, rule);
        places.into_iter().map(|at| members[at]).collect()
    }
}

impl Blueprint {
    /// Applies the answers about users who may be one person. Groups that share a user and are merged become one.
    pub(super) fn take_groups(&mut self, survey: &Survey, decisions: &Decisions) {
        let mut by_business: BTreeMap<BusinessIx, Vec<Alike>> = BTreeMap::new();
        for mut group in survey.alike() {
            let key = survey.key_of(&group);
            let choice = decisions.choice(&key);
            group
                .members
                .retain(|user| !self.roles.contains_key(&(*user, group.business)));
            if group.members.len() < 2 {
                continue;
            }
            if choice == Choice::Merge && group.code == Code::DuplicateEmail {
                self.part_colliding(survey, decisions, &mut group);
                if group.members.len() < 2 {
                    continue;
                }
            }
            if choice == Choice::Merge {
                by_business.entry(group.business).or_default().push(group);
            } else if group.code == Code::DuplicateEmail {
                self.keep_apart(survey, decisions, &group);
            }
        }
        for (business, merged) in by_business {
            self.merge(survey, decisions, business, &merged);
        }
    }

    fn keep_apart(&mut self, survey: &Survey, decisions: &Decisions, group: &Alike) {
        let key = survey.key_of(group);
        let members = survey.ranked(group.business, &group.members, decisions.survivor(&key));
        for user in &members[1..] {
            self.rules
                .entry((*user, group.business))
                .or_default()
                .without_email = true;
        }
        if let Some(decision) = decisions.single.get(&key) {
            let rules = self.rules.entry((members[0], group.business)).or_default();
            rules.set.clone_from(&decision.set);
        }
    }

    fn merge(
        &mut self,
        survey: &Survey,
        decisions: &Decisions,
        business: BusinessIx,
        merged: &[Alike],
    ) {
        let mut place: Map<UserIx, usize> = Map::default();
        for user in merged.iter().flat_map(|group| &group.members) {
            let next = place.len();
            place.entry(*user).or_insert(next);
        }
        let mut union = Union::of(place.len());
        for group in merged {
            for user in &group.members[1..] {
                union.join(place[&group.members[0]], place[user]);
            }
        }
        let mut sets: BTreeMap<usize, Vec<UserIx>> = BTreeMap::new();
        for (user, at) in &place {
            sets.entry(union.root(*at)).or_default().push(*user);
        }
        for (root, mut members) in sets {
            members.sort_unstable();
            let apart = |user: &UserIx| {
                self.rules
                    .get(&(*user, business))
                    .is_some_and(|rules| rules.without_email)
            };
            if let Some(user) = members.iter().find(|user| apart(user)) {
                self.clashes.push(format!(
                    "user {} of business {} is kept apart from others with the same e-mail, and merged with others that have the same phone or mailbox; change one of the two answers",
                    survey.user_id(*user),
                    survey.business_id(business)
                ));
            }
            let mut group = Group {
                business,
                members,
                adopts: None,
                set: BTreeMap::new(),
                pick: BTreeMap::new(),
            };
            let mut rule = None;
            let of_this = |it: &&Alike| union.clone().root(place[&it.members[0]]) == root;
            for alike in merged.iter().filter(of_this) {
                let key = survey.key_of(alike);
                // Several answers about one customer: the one about the e-mail goes first.
                rule.get_or_insert(decisions.survivor(&key));
                let Some(decision) = decisions.single.get(&key) else {
                    continue;
                };
                for (field, text) in &decision.set {
                    if !group.pick.contains_key(field) {
                        group.set.entry(field.clone()).or_insert(text.clone());
                    }
                }
                for (field, user) in &decision.pick {
                    if !group.set.contains_key(field) {
                        group.pick.entry(field.clone()).or_insert(user.clone());
                    }
                }
            }
            group.members = survey.ranked(business, &group.members, rule.unwrap_or_default());
            self.add_group(group);
        }
    }

    fn add_group(&mut self, group: Group) {
        let at = self.groups.len();
        for (place, user) in group.members.iter().enumerate() {
            let role = Role::Grouped {
                group: at,
                survivor: place == 0,
            };
            self.roles.insert((*user, group.business), role);
        }
        self.groups.push(group);
    }
}
