//! The conflicts of a survey, and its numbers.

use std::collections::BTreeMap;

use super::{Followed, Stray, Survey};
use crate::domain::blueprint::Blueprint;
use crate::domain::conflict::{Code, Conflict, ConflictKey, Trouble};
use crate::domain::decision::Decisions;
use crate::domain::departure::Departures;
use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::mapping::Customers;
use crate::domain::overview::{BusinessRow, CodeCount, ConflictRow, FollowedRow, Overview};
use crate::domain::people::NO_NAME;
use crate::domain::survey::facts::{BusinessIx, MemberDigest};

impl Survey {
    /// Every conflict, blockers first, each kind in a stable order.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        self.groups(&mut conflicts);
        self.strays(&mut conflicts);
        self.existing_customers(&mut conflicts);
        self.users(&mut conflicts);
        conflicts.sort_by(|one, other| one.key.cmp(&other.key));
        conflicts
    }

    fn groups(&self, conflicts: &mut Vec<Conflict>) {
        for group in self.alike() {
            let subjects = self.user_ids(&group.members);
            conflicts.push(self.conflict(group.code, Some(group.business), subjects, 1));
            let (members, bookings) = self.colliding(&group);
            if group.code == Code::DuplicateEmail && !members.is_empty() {
                let subjects = self.user_ids(&members);
                let business = Some(group.business);
                conflicts.push(self.conflict(Code::BookingUnique, business, subjects, bookings));
            }
        }
    }

    fn conflict(
        &self,
        code: Code,
        business: Option<BusinessIx>,
        subjects: Vec<Id>,
        units: u64,
    ) -> Conflict {
        let mut digest = MemberDigest::default();
        for subject in &subjects {
            digest.add(subject.as_bytes());
        }
        let business = business.map(|business| self.business_id(business).clone());
        Conflict {
            businesses: business.iter().cloned().collect(),
            key: ConflictKey {
                code,
                business,
                subjects,
            },
            units,
            digest: digest.bytes(),
        }
    }

    /// A conflict that stands for these documents, told apart by their digest.
    fn of_stray(
        &self,
        code: Code,
        business: Option<BusinessIx>,
        subjects: Vec<Id>,
        stray: &Stray,
    ) -> Conflict {
        let mut conflict = self.conflict(code, business, subjects, stray.bookings);
        conflict.digest = stray.members.bytes();
        conflict
    }

    fn strays(&self, conflicts: &mut Vec<Conflict>) {
        let mut push = |code, business, subject: Option<Id>, stray: &Stray| {
            let subjects = subject.into_iter().collect();
            conflicts.push(self.of_stray(code, business, subjects, stray));
        };
        for ((business, names), stray) in &self.without_user {
            push(
                Code::BookingWithoutUser,
                Some(*business),
                names.clone(),
                stray,
            );
        }
        for (names, stray) in &self.without_business {
            push(Code::BookingWithoutBusiness, None, names.clone(), stray);
        }
        for (business, stray) in &self.already_linked {
            push(Code::AlreadyLinked, Some(*business), None, stray);
        }
        for (field, stray) in &self.mismatches {
            push(Code::IdTypeMismatch, None, Some(Id::string(field)), stray);
        }
        for (field, stray) in &self.referenced() {
            push(
                Code::ReferencedElsewhere,
                None,
                Some(Id::string(field)),
                stray,
            );
        }
        for (business, stray) in &self.several_users {
            push(Code::SeveralUsers, Some(*business), None, stray);
        }
        for entry in &self.followed {
            let code = |trouble| Code::followed(&entry.name, trouble);
            for ((business, names), stray) in &entry.without_user {
                let code = code(Trouble::WithoutUser);
                push(code, Some(*business), names.clone(), stray);
            }
            for (names, stray) in &entry.without_business {
                push(code(Trouble::WithoutBusiness), None, names.clone(), stray);
            }
            for (business, stray) in &entry.several_users {
                push(code(Trouble::SeveralUsers), Some(*business), None, stray);
            }
            for (business, stray) in &entry.already_linked {
                push(code(Trouble::AlreadyLinked), Some(*business), None, stray);
            }
        }
        let mut disagree = |code, businesses: &[BusinessIx], stray: &Stray| {
            let subjects = self.ids_of_businesses(businesses);
            let mut conflict = self.of_stray(code, None, subjects, stray);
            conflict.businesses.clone_from(&conflict.key.subjects);
            conflicts.push(conflict);
        };
        for (businesses, stray) in &self.disagreeing {
            disagree(Code::BusinessDisagrees, businesses, stray);
        }
        for entry in &self.followed {
            let code = Code::followed(&entry.name, Trouble::Disagrees);
            for (businesses, stray) in &entry.disagreeing {
                disagree(code, businesses, stray);
            }
        }
    }

    fn existing_customers(&self, conflicts: &mut Vec<Conflict>) {
        let mut by_business: BTreeMap<Option<BusinessIx>, Stray> = BTreeMap::new();
        for (id, customer) in &self.existing {
            let stray = by_business.entry(customer.business).or_default();
            stray.bookings += 1;
            stray.members.add(id.as_bytes());
        }
        for crowded in self.crowded() {
            let subjects = crowded.key().subjects;
            let mut conflict = self.conflict(crowded.code, None, subjects, crowded.documents);
            conflict.digest = crowded.members.bytes();
            conflicts.push(conflict);
        }
        for group in self.sharing() {
            let business = Some(group.business);
            let subjects = self.key_of_sharing(&group).subjects;
            conflicts.push(self.conflict(Code::DuplicateEmail, business, subjects, 1));
        }
        for (business, stray) in by_business {
            conflicts.push(self.of_stray(Code::CustomerExists, business, Vec::new(), &stray));
        }
    }

    fn users(&self, conflicts: &mut Vec<Conflict>) {
        for (id, text) in self.id_twins() {
            conflicts.push(self.conflict(Code::IdTwins, None, vec![id, text], 2));
        }
        let by_password = self.mapping.user.customers == Customers::NoPassword;
        for (user, (id, facts)) in self.users.iter().enumerate() {
            let booked_at = self.businesses_of(user);
            let mut push = |code| {
                let mut conflict = self.conflict(code, None, vec![id.clone()], 1);
                conflict.businesses = booked_at
                    .iter()
                    .map(|at| self.business_id(*at).clone())
                    .collect();
                conflicts.push(conflict);
            };
            if facts.unsafe_text {
                push(Code::UnsafeText);
            }
            // Still asked where the answer gives the user to a business.
            if self.is_idle(user, &facts) {
                push(Code::IdleUser);
            }
            let may_sign_in = by_password && !facts.account && facts.verified;
            if may_sign_in && (!booked_at.is_empty() || self.may_be_a_customer(user)) {
                push(Code::MaySignIn);
            }
            if booked_at.is_empty() {
                if facts.account && facts.contact {
                    push(Code::ContactOnlyOnAccount);
                }
                continue;
            }
            if facts.name_blank && !self.mapping.user.name.is_empty() {
                push(Code::MissingName);
            }
            if facts.email_blank && !self.mapping.user.email.is_empty() {
                push(Code::MissingEmail);
            }
            if facts.email_odd {
                push(Code::InvalidEmail);
            }
            if facts.email_spelled {
                push(Code::EmailSpelling);
            }
            if facts.deleted {
                push(Code::DeletedUser);
            }
            if !self.is_customer_by_nature(&facts) {
                push(Code::AccountAlsoCustomer);
            }
            if booked_at.len() > 1 {
                push(Code::ContactShared);
            }
        }
    }

    /// The conflicts as rows, with their answers.
    pub fn conflict_rows(
        &self,
        conflicts: &[Conflict],
        decisions: &Decisions,
        departures: &Departures,
    ) -> Vec<ConflictRow> {
        let asks = departures.not_accepted(&decisions.accepted);
        conflicts
            .iter()
            .map(|conflict| {
                let names: Vec<_> = conflict
                    .businesses
                    .iter()
                    .take(3)
                    .filter_map(|id| self.businesses.get(&id.canonical()))
                    .map(|business| match business.name.trim() {
                        "" => NO_NAME,
                        _ => business.name.as_str(),
                    })
                    .collect();
                ConflictRow {
                    key: conflict.key.clone(),
                    units: conflict.units,
                    businesses: conflict.businesses.clone(),
                    business_names: names.join(", "),
                    decision: decisions.answer(&conflict.key),
                    asks: asks.iter().any(|(code, _)| *code == conflict.key.code),
                }
            })
            .collect()
    }

    /// The numbers. The blueprint says how many customers each business will have, and how many bookings leave.
    pub fn overview(
        &self,
        conflicts: &[Conflict],
        decisions: &Decisions,
        blueprint: &Blueprint,
    ) -> Overview {
        let asks = blueprint.departures.not_accepted(&decisions.accepted);
        let asked = |code| asks.iter().any(|(it, _)| *it == code);
        let mut touching: Map<&Id, u64> = Map::default();
        let mut counts: BTreeMap<Code, CodeCount> = BTreeMap::new();
        for conflict in conflicts {
            for business in &conflict.businesses {
                *touching.entry(business).or_default() += 1;
            }
            let count = counts.entry(conflict.key.code).or_insert(CodeCount {
                code: conflict.key.code,
                count: 0,
                undecided: 0,
            });
            count.count += conflict.units;
            if !decisions.is_decided(&conflict.key) || asked(conflict.key.code) {
                count.undecided += conflict.units;
            }
        }
        Overview {
            database: self.database.clone(),
            users: self.user_documents() as u64,
            accounts: self.accounts(),
            without_password: self.without_password,
            bookings: self.bookings,
            services: self.services(),
            pairs: self.pairs.len() as u64,
            followed: self.followed.iter().map(in_numbers).collect(),
            spilled_bytes: self.memory.most_spilled(),
            businesses: self
                .businesses
                .values()
                .enumerate()
                .map(|(at, business)| BusinessRow {
                    id: business.id.clone(),
                    name: business.name.clone(),
                    customers: blueprint.customers.get(at).copied().unwrap_or_default(),
                    bookings: business.bookings,
                    conflicts: touching.get(&business.id).copied().unwrap_or_default(),
                })
                .collect(),
            conflicts: counts.into_values().collect(),
            departures: blueprint.departures.clone(),
            asks,
            warnings: Vec::new(),
            absent: Vec::new(),
        }
    }
}

fn in_numbers(entry: &Followed) -> FollowedRow {
    FollowedRow {
        entry: entry.name.clone(),
        documents: entry.documents,
        with_account: entry.with_account,
        outside: entry.outside,
    }
}
