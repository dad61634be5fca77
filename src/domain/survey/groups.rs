//! Customers-to-be of one business that may be one person: they share an e-mail, a phone number, or the mailbox behind two e-mails.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bson::raw::RawDocument;

use super::Survey;
use super::facts::{BusinessIx, UserIx, hash128, mailbox_hash};
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::id::Id;
use crate::domain::map::{Map, Set};
use crate::domain::phone;
use crate::domain::raw::get;
use crate::domain::reference::text_of;

/// Pairs that are compared at a time, unless there are so many that it would take too often. What is then given back in one piece is small: from a
/// piece of some megabytes on, the C library keeps as much free in every thread's heap.
const PART: usize = 16_000;
/// How often all pairs are gone through at most.
const MOST_PARTS: usize = 16;

/// Users of one business who may be one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// What they share: [`Code::DuplicateEmail`], [`Code::SamePhone`] or [`Code::SameMailbox`].
    pub code: Code,
    /// The business.
    pub business: BusinessIx,
    /// The users, in `_id` order.
    pub members: Vec<UserIx>,
}

/// Sets that grow together: the index of another member, or of oneself at the root.
#[derive(Debug, Clone, Default)]
pub struct Union(Vec<usize>);

impl Union {
    /// `count` sets of one.
    pub fn of(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// The member that stands for the set of `at`.
    pub fn root(&mut self, at: usize) -> usize {
        let mut root = at;
        while self.0[root] != root {
            self.0[root] = self.0[self.0[root]];
            root = self.0[root];
        }
        root
    }

    /// Makes one set of the sets of both.
    pub fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }
}

impl Survey {
    /// The ids of `users`.
    pub fn user_ids(&self, users: &[UserIx]) -> Vec<Id> {
        users.iter().map(|user| self.user_id(*user)).collect()
    }

    /// Says that the e-mails of these users are equal by the collation of the unique index.
    pub fn take_collated(&mut self, users: &[Id]) {
        let known = users
            .iter()
            .filter_map(|id| self.users.find(&id.canonical()));
        self.collated.push(known.collect());
    }

    /// Users whose phone number or mailbox may be another's of their business. Feed their documents to [`Self::take_candidate`].
    pub fn candidates(&self) -> Vec<Id> {
        let mut candidates: Vec<UserIx> = Vec::new();
        for part in self.parts() {
            let pairs = self.customers_to_be();
            let pairs = pairs.filter(|(_, business)| part.contains(business));
            let mut tails: Vec<(BusinessIx, bool, u32, UserIx)> = Vec::new();
            for (user, business) in pairs {
                let facts = self.users.facts(user);
                let of = [(false, facts.phone_tail), (true, facts.mailbox_tail)];
                let set = of.into_iter().filter(|(_, tail)| *tail != 0);
                tails.extend(set.map(|(mailbox, tail)| (business, mailbox, tail, user)));
            }
            tails.sort_unstable();
            let same = |one: &(_, _, _, _), other: &(_, _, _, _)| {
                (one.0, one.1, one.2) == (other.0, other.1, other.2)
            };
            for alike in tails.chunk_by(same).filter(|alike| alike.len() > 1) {
                let users = || alike.iter().map(|(_, _, _, user)| *user);
                // Those who share the e-mail itself need no second look.
                let mailbox = alike.first().is_some_and(|(_, mailbox, _, _)| *mailbox);
                if !mailbox || self.emails_differ(users()) {
                    candidates.extend(users());
                }
            }
        }
        candidates.extend(self.idle_like_another(|facts| facts.phone_tail));
        candidates.extend(self.idle_like_another(|facts| facts.mailbox_tail));
        candidates.extend(self.with_a_phone_of_an_existing());
        candidates.sort_unstable();
        candidates.dedup();
        self.user_ids(&candidates)
    }

    fn emails_differ(&self, users: impl IntoIterator<Item = UserIx>) -> bool {
        let emails = users.into_iter().map(|user| self.users.facts(user).email);
        let emails: BTreeSet<u128> = emails.collect();
        emails.len() > 1
    }

    /// Takes the phone number and the mailbox of a candidate, seen as its role has it.
    pub fn take_candidate(&mut self, document: &RawDocument) {
        let (number, _) = self.phone_of(document);
        let email = get(document, &self.mapping.user.email).and_then(|value| value.as_str());
        let mailbox = email.map(mailbox_hash);
        let user = super::facts::id_of(document).and_then(|id| self.users.find(&id.canonical()));
        let Some(user) = user else { return };
        if number != 0 {
            self.phones.insert(user, number);
        }
        let is_one = self.users.facts(user).mailbox_tail != 0;
        if let Some(mailbox) = mailbox.filter(|_| is_one) {
            self.mailboxes.insert(user, mailbox);
        }
    }

    /// The phone number of a document that has the customer's fields, as its hash and its last digits; 0 where there is none.
    pub(super) fn phone_of(&self, document: &RawDocument) -> (u128, u32) {
        let role = &self.mapping.user;
        let country = get(document, &role.country).and_then(|value| value.as_str());
        let Some(text) = get(document, &role.phone).and_then(text_of) else {
            return (0, 0);
        };
        let number = phone::normalise(&text, country);
        let hash = number.map_or(0, |number| hash128(number.as_bytes()).max(1));
        (hash, phone::tail(&text))
    }

    /// The phone number of a person, of those whose document was looked at for it.
    pub fn phone_of_person(&self, user: UserIx) -> Option<u128> {
        self.phones.get(&user).copied()
    }

    /// People who may have the phone number of a customer of their business that was there before.
    fn with_a_phone_of_an_existing(&self) -> Vec<UserIx> {
        let tails = self.existing.values().filter(|it| it.phone_tail != 0);
        let tails: Set<(BusinessIx, u32)> = tails
            .filter_map(|it| Some((it.business?, it.phone_tail)))
            .collect();
        if tails.is_empty() {
            return Vec::new();
        }
        let tail = |user: UserIx| self.users.facts(user).phone_tail;
        self.customers_to_be()
            .filter(|(user, business)| tails.contains(&(*business, tail(*user))))
            .map(|(user, _)| user)
            .collect()
    }

    /// Every group of users that may be one person, those that share an e-mail first. Pairs whose bookings all have a customer already
    /// are in none.
    pub fn alike(&self) -> Vec<Alike> {
        let mut groups = self.sharing_an_email();
        groups.extend(self.alike_by(Code::SamePhone, &self.phones));
        groups.extend(self.alike_by(Code::SameMailbox, &self.mailboxes));
        groups.sort_by_key(|group| (group.code, group.business, group.members.clone()));
        groups
    }

    /// The pairs whose users get a customer made of them, unless decided otherwise.
    fn customers_to_be(&self) -> impl Iterator<Item = (UserIx, BusinessIx)> {
        self.pairs
            .iter()
            .filter(|(_, pair)| pair.linked < pair.bookings || pair.bookings == 0)
            .map(|(pair, _)| pair)
    }

    /// Businesses in parts of about [`PART`] pairs, so that what is compared within a business need not be held for all of them at once.
    pub fn parts(&self) -> Vec<Range<BusinessIx>> {
        let mut pairs = vec![0_usize; self.businesses.len()];
        for (_, business) in self.pairs.keys() {
            pairs[business] += 1;
        }
        let most = PART.max(self.pairs.len() / MOST_PARTS);
        let mut parts: Vec<Range<BusinessIx>> = Vec::new();
        let mut held = usize::MAX;
        for (business, count) in pairs.into_iter().enumerate() {
            let part = parts.last_mut();
            if let Some(part) = part.filter(|_| held.saturating_add(count) <= most) {
                part.end = business + 1;
                held += count;
            } else {
                parts.push(business..business + 1);
                held = count;
            }
        }
        parts
    }

    fn sharing_an_email(&self) -> Vec<Alike> {
        let equal = self.equal_by_collation();
        let mut groups = Vec::new();
        for part in self.parts() {
            let mut nodes: Vec<(BusinessIx, UserIx)> = self
                .customers_to_be()
                .filter(|(_, business)| part.contains(business))
                .map(|(user, business)| (business, user))
                .collect();
            nodes.sort_unstable();
            self.sharing_an_email_among(&nodes, &equal, &mut groups);
        }
        groups
    }

    /// Of customers-to-be in the order of their businesses.
    fn sharing_an_email_among(
        &self,
        nodes: &[(BusinessIx, UserIx)],
        equal: &Map<UserIx, u128>,
        groups: &mut Vec<Alike>,
    ) {
        // Business by business: only one's keys are held at a time.
        for of_one in nodes.chunk_by(|one, other| one.0 == other.0) {
            let mut keys: Vec<(u128, usize)> = Vec::with_capacity(of_one.len());
            for (at, (_, user)) in of_one.iter().enumerate() {
                let email = self.users.facts(*user).email;
                let listed = self.listed_emails.get(user).into_iter().flatten().copied();
                let own = (email != 0).then_some(email).into_iter();
                let own = own.chain(listed).chain(equal.get(user).copied());
                keys.extend(own.map(|key| (key, at)));
            }
            keys.sort_unstable();
            let mut union = Union::of(of_one.len());
            for pair in keys.windows(2) {
                if pair[0].0 == pair[1].0 {
                    union.join(pair[0].1, pair[1].1);
                }
            }
            let mut sets: BTreeMap<usize, Vec<UserIx>> = BTreeMap::new();
            for (at, (_, user)) in of_one.iter().enumerate() {
                sets.entry(union.root(at)).or_default().push(*user);
            }
            let shared = sets.into_values().filter(|members| members.len() > 1);
            groups.extend(
                shared.map(|members| self.group(Code::DuplicateEmail, of_one[0].0, members)),
            );
        }
    }

    /// A key for each user whose e-mail is another's by the collation; no hash is one of them.
    fn equal_by_collation(&self) -> Map<UserIx, u128> {
        let sets = self.collated.iter().enumerate();
        sets.flat_map(|(at, users)| {
            let key = hash128(format!("collation\0{at}").as_bytes());
            users.iter().map(move |user| (*user, key))
        })
        .collect()
    }

    /// Those of a business who have the same value and not the same e-mail.
    fn alike_by(&self, code: Code, values: &Map<UserIx, u128>) -> Vec<Alike> {
        if values.is_empty() {
            return Vec::new();
        }
        let mut by_value: Map<(BusinessIx, u128), Vec<UserIx>> = Map::default();
        for (user, business) in self.customers_to_be() {
            if let Some(value) = values.get(&user) {
                by_value.entry((business, *value)).or_default().push(user);
            }
        }
        by_value
            .into_iter()
            .filter(|(_, members)| {
                let email = |user: &UserIx| self.users.facts(*user).email;
                let one = members.first().map_or(0, email);
                members.len() > 1 && (one == 0 || members.iter().any(|user| email(user) != one))
            })
            .map(|((business, _), members)| self.group(code, business, members))
            .collect()
    }

    fn group(&self, code: Code, business: BusinessIx, mut members: Vec<UserIx>) -> Alike {
        members.sort_by_cached_key(|user| self.user_id(*user));
        Alike {
            code,
            business,
            members,
        }
    }

    /// What a group's conflict is known by.
    pub fn key_of(&self, group: &Alike) -> ConflictKey {
        ConflictKey {
            code: group.code,
            business: Some(self.business_id(group.business).clone()),
            subjects: self.user_ids(&group.members),
        }
    }
}
