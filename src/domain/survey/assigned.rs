//! Pairs that answers make: of users without a booking who are given to a business, and of users who may sign in and are customers by nature all
//! the same. Each takes part in everything that pairs do.

use std::collections::BTreeSet;

use super::facts::{BusinessIx, UserFacts, UserIx};
use super::{Survey, find};
use crate::domain::conflict::{Choice, Code, ConflictKey};
use crate::domain::decision::{ASSIGN_TO, Decisions};
use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::text::named;

impl Survey {
    /// Takes the answers that give users to a business; true where the pairs are others then, and conflicts have to be found again.
    pub fn assign(&mut self, decisions: &Decisions) -> bool {
        let answered = |(key, it): (&ConflictKey, &crate::domain::decision::Decision)| {
            key.code == Code::IdleUser && it.choice == Choice::Assign
        };
        let any = decisions.policy.get(&Code::IdleUser) == Some(&Choice::Assign)
            || decisions.single.iter().any(answered);
        let (mut assigned, mut without) = (BTreeSet::new(), BTreeSet::new());
        for (user, business) in &self.may_sign_in {
            // Taken for customers by nature, their followed documents make pairs.
            let key = may_sign_in(&self.users.id(*user));
            let is_customer = decisions.choice(&key) == Choice::Customer;
            if is_customer && !self.pairs.is_found(*user, *business) {
                assigned.insert((*user, *business));
            }
        }
        if any {
            for (user, (id, facts)) in self.users.iter().enumerate() {
                if !self.is_idle(user, &facts) {
                    continue;
                }
                match self.assigned_to(decisions, &key_of(&id)) {
                    None => {}
                    Some(Ok(business)) => drop(assigned.insert((user, business))),
                    Some(Err(why)) => drop(without.insert(why)),
                }
            }
        }
        self.unassigned = without;
        self.pairs.assign(assigned)
    }

    /// True for a user without a way to sign in and without a booking.
    pub(super) fn is_idle(&self, user: UserIx, facts: &UserFacts) -> bool {
        !facts.account && !facts.verified && !self.users.is_booked(user)
    }

    /// Why answers give users to no business.
    pub fn unassigned(&self) -> impl Iterator<Item = &String> {
        self.unassigned.iter()
    }

    /// The business that the answer to `key` names; `None` where it is another answer.
    pub fn assigned_to(
        &self,
        decisions: &Decisions,
        key: &ConflictKey,
    ) -> Option<Result<BusinessIx, String>> {
        if key.code != Code::IdleUser || decisions.choice(key) != Choice::Assign {
            return None;
        }
        let own = decisions
            .single
            .get(key)
            .and_then(|it| it.set.get(ASSIGN_TO));
        Some(match own.or(decisions.assign.as_ref()) {
            Some(name) => self.business_named(name),
            None => Err(format!(
                "{} is answered with `assign`, and no business is named; name one (`{ASSIGN_TO}` in the answer, or `assign` for all)",
                Code::IdleUser
            )),
        })
    }

    /// The business of this id or, where only one has it, of this name.
    fn business_named(&self, text: &str) -> Result<BusinessIx, String> {
        let by_id = [Id::parse(text), Some(Id::string(text))];
        let by_id = by_id.iter().flatten();
        let mut found = by_id.filter_map(|id| find(&self.businesses, id));
        if let Some(found) = found.next() {
            return Ok(found.at);
        }
        let businesses = self.businesses.values().enumerate();
        let mut same = businesses.filter(|(_, business)| business.name == text);
        match (same.next(), same.next()) {
            (Some((at, _)), None) => Ok(at),
            (None, _) => Err(format!(
                "no business has the id or the name {}, to which users without a booking are assigned",
                named(text)
            )),
            (Some(_), Some(_)) => Err(format!(
                "several businesses have the name {}, to which users without a booking are assigned; give the id of one",
                named(text)
            )),
        }
    }

    /// Users without a booking who may have something in common with another (`tail` is the end of its hash, 0 for none), wherever an answer
    /// may put them; and these others.
    pub(super) fn idle_like_another(&self, tail: impl Fn(&UserFacts) -> u32) -> Vec<UserIx> {
        let mut idle: Map<u32, Vec<UserIx>> = Map::default();
        for (user, (_, facts)) in self.users.iter().enumerate() {
            if tail(&facts) != 0 && self.is_idle(user, &facts) {
                idle.entry(tail(&facts)).or_default().push(user);
            }
        }
        if idle.is_empty() {
            return Vec::new();
        }
        let booked = self.pairs.keys().filter_map(|(user, _)| {
            let tail = tail(&self.users.facts(user));
            (tail != 0 && self.users.is_booked(user)).then_some((tail, user))
        });
        let mut others: Map<u32, Vec<UserIx>> = Map::default();
        for (tail, user) in booked.filter(|(tail, _)| idle.contains_key(tail)) {
            others.entry(tail).or_default().push(user);
        }
        let mut candidates = Vec::new();
        for (tail, users) in idle {
            let others = others.remove(&tail).unwrap_or_default();
            if users.len() + others.len() > 1 {
                candidates.extend(users.into_iter().chain(others));
            }
        }
        candidates
    }
}

/// The conflict of a user who may sign in.
pub(in crate::domain) fn may_sign_in(user: &Id) -> ConflictKey {
    ConflictKey {
        code: Code::MaySignIn,
        business: None,
        subjects: vec![user.clone()],
    }
}

fn key_of(user: &Id) -> ConflictKey {
    ConflictKey {
        code: Code::IdleUser,
        business: None,
        subjects: vec![user.clone()],
    }
}
