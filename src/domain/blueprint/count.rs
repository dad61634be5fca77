//! Which existing customers are adopted, how many customers there will be, and whether the unique index on business and e-mail lets all of them in.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Blueprint, EmailIndex, PairCounts, Role};
use crate::domain::conflict::{Choice, Code, ConflictKey};
use crate::domain::decision::Decisions;
use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::survey::facts::email_hash;
use crate::domain::survey::{BusinessIx, Survey, UserIx};

/// The e-mail that a customer will have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Email {
    /// Its hash; 0 for none to compare.
    hash: u128,
    /// It is a text that is not empty: what a partial index covers.
    indexed: bool,
}

impl Blueprint {
    /// Takes the answers about customers that were there before.
    pub(super) fn adopt(&mut self, survey: &Survey, decisions: &Decisions) {
        let mut by_email: Map<(BusinessIx, u128), usize> = Map::default();
        for (at, (id, existing)) in survey.existing.iter().enumerate() {
            let Some(business) = existing.business.filter(|_| existing.email != 0) else {
                continue;
            };
            if self.is_merged_away(at) {
                continue;
            }
            if existing_answer(survey, decisions, Some(business)) != Choice::KeepBeside {
                let kept = by_email.entry((business, existing.email)).or_insert(at);
                if survey
                    .existing
                    .get_index(*kept)
                    .is_some_and(|(other, _)| id < other)
                {
                    *kept = at;
                }
            }
        }
        if !survey.mapping.customer.adopt_by_email {
            by_email.clear();
        }
        let by_phone = existing_by_phone(survey, decisions);
        if by_email.is_empty() && by_phone.is_empty() {
            return;
        }
        let mut adoptions = Vec::new();
        for (user, business) in survey.pairs.keys() {
            let email = self.email_of(survey, user, business).hash;
            let phone = survey.phone_of_person(user);
            let same_phone = || by_phone.get(&(business, phone?));
            let same = by_email.get(&(business, email)).or_else(same_phone);
            if let Some(existing) = same {
                adoptions.push(((user, business), *existing));
            }
        }
        for (pair, existing) in adoptions {
            match self.roles.get(&pair) {
                None => {
                    self.roles.insert(pair, Role::Adopted(existing));
                }
                Some(Role::Grouped { group, survivor }) => {
                    let adopts = &mut self.groups[*group].adopts;
                    if *survivor || adopts.is_none() && !by_phone.is_empty() {
                        *adopts = Some(existing);
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// Stops where the answer about customers that were there before says so.
    pub(super) fn stop_at_existing(&mut self, survey: &Survey, decisions: &Decisions) {
        let businesses: BTreeSet<Option<BusinessIx>> =
            survey.existing.values().map(|it| it.business).collect();
        for business in businesses {
            if existing_answer(survey, decisions, business) == Choice::Stop {
                let at = business.map_or_else(
                    || "of no known business".to_owned(),
                    |it| format!("of business {}", survey.business_id(it)),
                );
                self.obstacles.push(format!(
                    "the customers {at} that were there before must be changed by hand first (customer-exists: stop); then give another answer"
                ));
            }
        }
    }

    fn email_of(&self, survey: &Survey, user: UserIx, business: BusinessIx) -> Email {
        let none = Email {
            hash: 0,
            indexed: false,
        };
        let rules = self.rules(survey, user, business);
        let field = &survey.mapping.user.email;
        if let Some(email) = rules.set.get(field) {
            return Email {
                hash: email_hash(email),
                indexed: true,
            };
        }
        if rules.without_email || rules.placeholder.is_some() {
            return none;
        }
        let of = |user: UserIx| {
            let facts = survey.users.facts(user);
            Email {
                hash: facts.email,
                indexed: facts.email_indexed,
            }
        };
        let members = match self.roles.get(&(user, business)) {
            Some(Role::Grouped { group, .. }) => self.groups[*group].members.as_slice(),
            Some(Role::Own | Role::Adopted(_) | Role::Linked | Role::Skipped) | None => {
                return of(user);
            }
        };
        let picked = rules
            .pick
            .get(field)
            .and_then(|id| survey.users.find(&id.canonical()));
        let filled = || {
            members
                .iter()
                .copied()
                .find(|user| !survey.users.facts(*user).email_blank)
        };
        picked.or_else(filled).map_or(of(user), of)
    }

    pub(super) fn count(&mut self, survey: &Survey) {
        let mut counts = PairCounts {
            pairs: survey.pairs.len() as u64,
            existing: survey.existing.len() as u64,
            ..PairCounts::default()
        };
        let mut customers = vec![0; survey.businesses.len()];
        let mut without_email = vec![0_u64; survey.businesses.len()];
        // Existing customers of a lost business share its value in the index all the same.
        let mut lost: Map<&Option<Id>, u64> = Map::default();
        for (at, existing) in survey.existing.values().enumerate() {
            if self.is_merged_away(at) {
                continue;
            }
            let indexed = existing.email_exact != 0;
            if !indexed && existing.business.is_none() {
                *lost.entry(&existing.names).or_default() += 1;
            }
            if let Some(business) = existing.business {
                customers[business] += 1;
                without_email[business] += u64::from(!indexed);
            }
        }
        for (user, business) in survey.pairs.keys() {
            match self.role(survey, user, business) {
                Role::Own => counts.created += 1,
                Role::Grouped {
                    group,
                    survivor: true,
                } => {
                    if self.groups[group].adopts.is_some() {
                        counts.adopted += 1;
                        continue;
                    }
                    counts.created += 1;
                }
                Role::Grouped {
                    survivor: false, ..
                } => {
                    counts.merged_away += 1;
                    continue;
                }
                Role::Adopted(_) | Role::Linked => {
                    counts.adopted += 1;
                    continue;
                }
                Role::Skipped => {
                    counts.skipped += 1;
                    continue;
                }
            }
            customers[business] += 1;
            let email = self.email_of(survey, user, business);
            without_email[business] += u64::from(!email.indexed);
        }
        for (business, _) in self.placeholders.keys() {
            counts.placeholders += 1;
            customers[*business] += 1;
            without_email[*business] += 1;
        }
        self.existing_clashes(survey);
        for part in survey.parts() {
            let found = clashes(survey, self.holders(survey, &part));
            self.clashes.extend(found);
        }
        self.email_index = if without_email
            .iter()
            .chain(lost.values())
            .any(|count| *count > 1)
        {
            EmailIndex::Partial
        } else {
            EmailIndex::Plain
        };
        self.counts = counts;
        self.customers = customers;
    }

    /// Who has which e-mail at some of the businesses.
    fn holders(
        &self,
        survey: &Survey,
        businesses: &Range<BusinessIx>,
    ) -> Vec<(BusinessIx, u128, Holder)> {
        let mut holders = Vec::new();
        let mut hold = |business, email, holder| {
            if email != 0 {
                holders.push((business, email, holder));
            }
        };
        for (at, existing) in survey.existing.values().enumerate() {
            let stays = !self.is_merged_away(at);
            let business = existing
                .business
                .filter(|it| stays && businesses.contains(it));
            if let Some(business) = business {
                hold(business, existing.email, Holder::Existing(at));
            }
        }
        let pairs = survey.pairs.keys();
        for (user, business) in pairs.filter(|(_, business)| businesses.contains(business)) {
            let gets_one = match self.role(survey, user, business) {
                Role::Own => true,
                Role::Grouped { group, survivor } => {
                    survivor && self.groups[group].adopts.is_none()
                }
                Role::Adopted(_) | Role::Linked | Role::Skipped => false,
            };
            if gets_one {
                let email = self.email_of(survey, user, business);
                hold(business, email.hash, Holder::User(user));
            }
        }
        holders
    }

    /// Customers that were there before and that the unique index cannot hold together: no decision mends it.
    fn existing_clashes(&mut self, survey: &Survey) {
        let mut seen: Map<(Option<Id>, u128), &Id> = Map::default();
        for (at, existing) in survey.existing.values().enumerate() {
            if existing.email_exact == 0 || self.is_merged_away(at) {
                continue;
            }
            let business = existing.names.as_ref().map(Id::canonical);
            let key = (business, existing.email_exact);
            if let Some(other) = seen.insert(key, &existing.id) {
                self.obstacles.push(format!(
                    "the customers {other} and {}, both there before, share an e-mail within one business, which the unique index forbids; change or remove one of them first",
                    existing.id
                ));
            }
        }
    }
}

/// Customers that were there before and may be adopted by their phone number: of those of a business with the same one, the smallest `_id`.
fn existing_by_phone(survey: &Survey, decisions: &Decisions) -> Map<(BusinessIx, u128), usize> {
    let mut by_phone: Map<(BusinessIx, u128), usize> = Map::default();
    for (at, (id, existing)) in survey.existing.iter().enumerate() {
        let Some(business) = existing.business.filter(|_| existing.phone != 0) else {
            continue;
        };
        if existing_answer(survey, decisions, Some(business)) == Choice::KeepBeside {
            continue;
        }
        let kept = by_phone.entry((business, existing.phone)).or_insert(at);
        let known = survey.existing.get_index(*kept);
        if known.is_some_and(|(other, _)| id < other) {
            *kept = at;
        }
    }
    by_phone
}

/// Who has an e-mail at a business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    /// A customer that was there before.
    Existing(usize),
    /// The customer of this user.
    User(UserIx),
}

impl Holder {
    fn words(self, survey: &Survey) -> String {
        match self {
            Self::Existing(at) => format!("the existing customer {}", survey.existing[at].id),
            Self::User(user) => format!("user {}", survey.user_id(user)),
        }
    }
}

/// Customers of one business that share an e-mail. (Two that were there before are no matter of decisions.)
fn clashes(survey: &Survey, mut holders: Vec<(BusinessIx, u128, Holder)>) -> BTreeSet<String> {
    holders.sort_unstable();
    let mut clashes = BTreeSet::new();
    for same in holders.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        let Some((business, _, first)) = same.first() else {
            continue;
        };
        for (_, _, other) in same.iter().skip(1) {
            if matches!(other, Holder::User(_)) {
                let mut both = [first.words(survey), other.words(survey)];
                both.sort();
                clashes.insert(format!(
                    "after these decisions the customers of {} and {} of business {} share an e-mail, which its unique index forbids; give another e-mail, merge them, or adopt the existing customer",
                    both[0], both[1], survey.business_id(*business)
                ));
            }
        }
    }
    clashes
}

fn existing_answer(survey: &Survey, decisions: &Decisions, business: Option<BusinessIx>) -> Choice {
    decisions.choice(&ConflictKey {
        code: Code::CustomerExists,
        business: business.map(|it| survey.business_id(it).clone()),
        subjects: Vec::new(),
    })
}
