//! The blueprint: a survey with decisions applied. It says for every pair which customer its bookings go to, and for every user whether
//! contact fields leave.

mod answers;
mod count;
mod departures;
mod existing;
mod given;
mod groups;
mod unique;

use std::collections::{BTreeMap, BTreeSet};

use super::conflict::{Choice, Code, ConflictKey};
use super::customer_id::{IdKind, customer_id, customer_id_as, customer_of_guest, placeholder_id};
use super::decision::{Contact, Decisions};
use super::departure::Departures;
use super::id::Id;
use super::mapping::Customers;
use super::number::counted;
use super::survey::{BusinessIx, Survey, UserIx};
use super::survivorship::{Placeholder, Rules};
use crate::domain::map::{Map, Set};
use given::Answers;

/// What becomes of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It gives a customer of its own.
    Own,
    /// It is one of several that give one customer; true for the survivor.
    Grouped {
        /// Index of the group.
        group: usize,
        /// True for the one that gives the values.
        survivor: bool,
    },
    /// It takes an existing customer.
    Adopted(usize),
    /// All its bookings stand with an existing customer already.
    Linked,
    /// By decision it gets no customer.
    Skipped,
}

/// Several users that give one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The business.
    pub business: BusinessIx,
    /// The users, survivor first.
    pub members: Vec<UserIx>,
    /// The existing customer that they take instead of a new one.
    pub adopts: Option<usize>,
    /// Values typed by hand.
    pub set: BTreeMap<String, String>,
    /// Whose value it takes, by field.
    pub pick: BTreeMap<String, Id>,
}

/// The two terms of the conservation equation for pairs, and what else a plan makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairCounts {
    /// Pairs in all.
    pub pairs: u64,
    /// Customers created for pairs.
    pub created: u64,
    /// Pairs that take an existing customer.
    pub adopted: u64,
    /// Pairs merged into another's customer.
    pub merged_away: u64,
    /// Pairs left without a customer by decision.
    pub skipped: u64,
    /// Placeholder customers.
    pub placeholders: u64,
    /// Customers that were there before.
    pub existing: u64,
}

/// How e-mails are kept unique within a business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailIndex {
    /// A plain unique index: no business has two customers without an e-mail.
    Plain,
    /// A partial one on `{email: {$gt: ""}}`.
    Partial,
}

/// A survey with decisions applied.
#[derive(Debug, Clone)]
pub struct Blueprint {
    roles: Map<(UserIx, BusinessIx), Role>,
    /// Merged groups.
    pub groups: Vec<Group>,
    rules: Map<(UserIx, BusinessIx), Rules>,
    user_values: Map<UserIx, BTreeMap<String, String>>,
    narrow: Set<UserIx>,
    /// Whose e-mail is written in its usual spelling.
    spelled: Set<UserIx>,
    deleted: Set<UserIx>,
    /// Deleted users whose customers are placeholders.
    stand_ins: Set<UserIx>,
    /// By which kind of conflict a user gets no customer.
    skipped: Map<UserIx, Code>,
    wiped: Set<UserIx>,
    aside: Set<UserIx>,
    /// Users who may sign in and are taken for account holders.
    accounts: Set<UserIx>,
    bookings: Answers,
    /// For each followed entry.
    followed: Vec<Answers>,
    /// Customers that stand for nobody known, with the earliest creation date among their bookings.
    placeholders: BTreeMap<(BusinessIx, Option<Id>), Option<i64>>,
    /// Customers that were there before and are merged into another one.
    merged_into: Map<usize, usize>,
    /// Where the bookings of linked pairs stand, for other documents that name these users.
    stands_with: Map<(UserIx, BusinessIx), usize>,
    /// How contact fields leave.
    contact: Contact,
    /// Indexes that the copies do not get, by decision: "Customer.Customer_phone_key".
    dropped_indexes: BTreeSet<String>,
    /// Numbers.
    pub counts: PairCounts,
    /// How e-mails are kept unique.
    pub email_index: EmailIndex,
    /// Customers that each business will have.
    pub customers: Vec<u64>,
    /// Bookings that leave the application.
    pub departures: Departures,
    /// Why this cannot be applied: what no decision can mend.
    pub obstacles: Vec<String>,
    /// Why these decisions do not go together; other answers mend it.
    pub clashes: Vec<String>,
    usual: IdKind,
}

impl Blueprint {
    /// Applies `decisions` to `survey`.
    pub fn new(survey: &Survey, decisions: &Decisions) -> Self {
        let mut blueprint = Self {
            roles: Map::default(),
            groups: Vec::new(),
            rules: Map::default(),
            user_values: Map::default(),
            narrow: Set::default(),
            spelled: Set::default(),
            deleted: Set::default(),
            stand_ins: Set::default(),
            skipped: Map::default(),
            wiped: Set::default(),
            aside: Set::default(),
            accounts: Set::default(),
            bookings: Answers::default(),
            followed: Vec::new(),
            placeholders: BTreeMap::new(),
            merged_into: Map::default(),
            stands_with: Map::default(),
            contact: decisions.contact,
            dropped_indexes: BTreeSet::new(),
            counts: PairCounts::default(),
            email_index: EmailIndex::Plain,
            customers: Vec::new(),
            departures: Departures::of(survey.bookings - survey.outside),
            obstacles: Vec::new(),
            clashes: Vec::new(),
            usual: survey.usual_kind(),
        };
        blueprint.take_user_decisions(survey, decisions);
        blueprint.take_document_answers(survey, decisions);
        for entry in &survey.followed {
            blueprint.departures.also_of(&entry.name, entry.let_in());
        }
        for (pair, numbers) in survey.pairs.iter() {
            if blueprint.skipped.contains_key(&pair.0) {
                blueprint.roles.insert(pair, Role::Skipped);
            } else if blueprint.stand_ins.contains(&pair.0) {
                blueprint.roles.insert(pair, Role::Own); // nobody to merge with, or to adopt
            }
            let all = numbers.bookings > 0 && numbers.linked == numbers.bookings;
            if all && !blueprint.relinks(pair.1) {
                blueprint.roles.insert(pair, Role::Linked);
            }
        }
        blueprint.count_departures(survey);
        blueprint.take_groups(survey, decisions);
        blueprint.merge_existing(survey, decisions);
        blueprint.note_standing(survey);
        blueprint.adopt(survey, decisions);
        blueprint.stop_at_existing(survey, decisions);
        blueprint.refuse_ambiguous_placeholders(survey);
        blueprint.refuse_unique_references(survey);
        blueprint.find_unique_clashes(survey);
        blueprint.drop_indexes(survey, decisions);
        blueprint.clashes.extend(survey.unassigned().cloned());
        blueprint.count(survey);
        for entry in &survey.followed {
            if let Some(first) = entry.oversize.first() {
                blueprint.obstacles.push(format!(
                    "{}: {} the server's 16 MiB with the customer's id (the first: {first}); make that smaller first",
                    entry.name,
                    counted(entry.oversize.len() as u64, "document would pass", "documents would pass")
                ));
            }
        }
        if let Some(first) = survey.oversize.first() {
            blueprint.obstacles.push(format!(
                "{} the server's 16 MiB with the customer's id (the first: {first}); make that smaller first",
                counted(survey.oversize.len() as u64, "booking would pass", "bookings would pass")
            ));
        }
        for (id, text) in survey.id_twins() {
            let key = ConflictKey {
                code: Code::IdTwins,
                business: None,
                subjects: vec![id.clone(), text],
            };
            if decisions.choice(&key) == Choice::Stop {
                blueprint.obstacles.push(format!(
                    "the user id {id} stands there in two forms, and one of the two must be changed by hand first (id-twins: stop); then survey again"
                ));
            }
        }
        let odd = survey.odd_user_ids();
        if let Some(first) = odd.first() {
            blueprint.obstacles.push(format!(
                "{} an _id that is no ObjectId, UUID (binary of subtype 4), string or whole number (the first: {first}); a customer's _id is made from it, so such a database cannot be migrated",
                counted(odd.len() as u64, "user with bookings has", "users with bookings have")
            ));
        }
        blueprint
    }

    fn take_user_decisions(&mut self, survey: &Survey, decisions: &Decisions) {
        let by_password = survey.mapping.user.customers == Customers::NoPassword;
        for (user, (id, facts)) in survey.users.iter().enumerate() {
            let key = |code| ConflictKey {
                code,
                business: None,
                subjects: vec![id.clone()],
            };
            if by_password
                && !facts.account
                && facts.verified
                && decisions.choice(&key(Code::MaySignIn)) == Choice::Account
            {
                self.accounts.insert(user);
            }
            if facts.deleted {
                match decisions.choice(&key(Code::DeletedUser)) {
                    Choice::Skip => drop(self.skipped.insert(user, Code::DeletedUser)),
                    Choice::Placeholder => drop(self.stand_ins.insert(user)),
                    _ => {}
                }
                self.deleted.insert(user);
            }
            if !survey.is_customer_by_nature(&facts)
                && decisions.choice(&key(Code::AccountAlsoCustomer)) == Choice::Skip
            {
                self.skipped
                    .entry(user)
                    .or_insert(Code::AccountAlsoCustomer);
            }
            if survey.businesses_of(user).is_empty() {
                let code = if facts.account || facts.verified {
                    Code::ContactOnlyOnAccount
                } else {
                    Code::IdleUser
                };
                match decisions.choice(&key(code)) {
                    Choice::SetAside => drop(self.aside.insert(user)),
                    Choice::Wipe if facts.contact => drop(self.wiped.insert(user)),
                    _ => {}
                }
            }
            if survey.businesses_of(user).len() > 1
                && decisions.choice(&key(Code::ContactShared)) == Choice::NameAndEmail
            {
                self.narrow.insert(user);
            }
            if facts.email_spelled
                && decisions.choice(&key(Code::EmailSpelling)) == Choice::Normalise
            {
                self.spelled.insert(user);
            }
            for code in [Code::MissingName, Code::MissingEmail, Code::InvalidEmail] {
                if let Some(decision) = decisions.single.get(&key(code)) {
                    self.user_values
                        .entry(user)
                        .or_default()
                        .extend(decision.set.clone());
                }
            }
        }
    }

    /// What becomes of a pair that the survey knows, or of a new one without a conflict.
    pub fn role(&self, survey: &Survey, user: UserIx, business: BusinessIx) -> Role {
        debug_assert!(survey.users.len() > user);
        self.roles
            .get(&(user, business))
            .copied()
            .unwrap_or(Role::Own)
    }

    /// How the customer of this pair is written (for a group: of its survivor).
    pub fn rules(&self, survey: &Survey, user: UserIx, business: BusinessIx) -> Rules {
        let mut rules = self
            .rules
            .get(&(user, business))
            .cloned()
            .unwrap_or_default();
        let mut set = self.user_values.get(&user).cloned().unwrap_or_default();
        set.extend(rules.set);
        if let Some(Role::Grouped { group, .. }) = self.roles.get(&(user, business)) {
            let group = &self.groups[*group];
            // What was picked for the group goes before what was typed for one of its users.
            set.retain(|field, _| !group.pick.contains_key(field));
            set.extend(group.set.clone());
            rules.pick.clone_from(&group.pick);
        }
        rules.set = set;
        rules.narrow = self.is_narrow(user, business);
        rules.placeholder = self.is_stand_in(user).then(|| Placeholder {
            created: survey.booked_since(user, business),
        });
        rules.deleted = self.deleted.contains(&user);
        rules.spelled = self.spelled_of(survey, user, business);
        rules
    }

    /// Those of the customer's users whose e-mail is written in its usual spelling.
    fn spelled_of(&self, survey: &Survey, user: UserIx, business: BusinessIx) -> Vec<Id> {
        if self.spelled.is_empty() {
            return Vec::new();
        }
        let members = match self.roles.get(&(user, business)) {
            Some(Role::Grouped { group, .. }) => self.groups[*group].members.as_slice(),
            _ => &[user],
        };
        let spelled = members.iter().filter(|user| self.spelled.contains(*user));
        spelled.map(|user| survey.user_id(*user)).collect()
    }

    /// The `_id` of the customer of a pair: for a linked one that at which its bookings stand. `None` where it gets none.
    pub fn customer_of(&self, survey: &Survey, user: UserIx, business: BusinessIx) -> Option<Id> {
        let derived = |of: UserIx| {
            let (business, user) = (survey.business_id(business), survey.user_id(of));
            if survey.is_guest(of) {
                return customer_of_guest(&user, self.usual);
            }
            match survey.kind_of_ids() {
                Some(kind) => customer_id_as(kind, business, &user),
                None => customer_id(business, &user, self.usual),
            }
        };
        let existing = |at: usize| Some(survey.existing[at].id.clone());
        match self.role(survey, user, business) {
            Role::Own => Some(derived(user)),
            Role::Grouped { group, .. } => {
                let group = &self.groups[group];
                let smallest = group
                    .members
                    .iter()
                    .min_by_key(|user| (survey.is_guest(**user), survey.user_id(**user)));
                group
                    .adopts
                    .map_or_else(|| smallest.map(|user| derived(*user)), existing)
            }
            Role::Adopted(at) => existing(at),
            Role::Linked => self
                .stands_with
                .get(&(user, business))
                .and_then(|at| existing(*at)),
            Role::Skipped => None,
        }
    }

    /// The `_id` of the placeholder for bookings of `business` that name nobody.
    pub fn placeholder_of(&self, survey: &Survey, business: BusinessIx, names: Option<&Id>) -> Id {
        placeholder_id(survey.business_id(business), names, self.usual)
    }

    /// True for one whose followed documents make pairs: a customer by nature whom no answer takes for an account holder.
    pub fn is_customer_by_nature(&self, survey: &Survey, user: UserIx) -> bool {
        survey.is_customer_by_nature(&survey.users.facts(user)) && !self.accounts.contains(&user)
    }

    /// True where a customer gets name and e-mail alone: one narrow member narrows its whole group.
    fn is_narrow(&self, user: UserIx, business: BusinessIx) -> bool {
        match self.roles.get(&(user, business)) {
            Some(Role::Grouped { group, .. }) => self.groups[*group]
                .members
                .iter()
                .any(|member| self.narrow.contains(member)),
            Some(Role::Own | Role::Adopted(_) | Role::Linked | Role::Skipped) | None => {
                self.narrow.contains(&user) || self.is_stand_in(user)
            }
        }
    }

    /// True for a deleted user whose customers are placeholders.
    pub fn is_stand_in(&self, user: UserIx) -> bool {
        self.stand_ins.contains(&user)
    }

    /// True for one who leaves the users by decision.
    pub fn sets_aside(&self, user: UserIx) -> bool {
        self.aside.contains(&user)
    }

    /// How many leave the users by decision.
    pub fn set_aside(&self) -> u64 {
        self.aside.len() as u64
    }

    /// How many lose contact fields that no customer receives.
    pub fn wiped(&self) -> u64 {
        self.wiped.len() as u64
    }

    /// How many users their contact fields leave.
    pub fn cleaned(&self, survey: &Survey) -> u64 {
        let users = 0..survey.user_documents();
        let cleaned = users.filter(|user| self.cleans(survey, *user, &survey.businesses_of(*user)));
        cleaned.count() as u64
    }

    /// How the contact fields leave this user; `None` where they stay.
    pub fn cleaning(
        &self,
        survey: &Survey,
        user: UserIx,
        businesses: &[BusinessIx],
    ) -> Option<Contact> {
        self.cleans(survey, user, businesses)
            .then_some(self.contact)
    }

    /// True when the contact fields leave this user: they were copied to a created customer, or the operator wants them gone.
    pub fn cleans(&self, survey: &Survey, user: UserIx, businesses: &[BusinessIx]) -> bool {
        if businesses.is_empty() {
            return self.wiped.contains(&user);
        }
        businesses.iter().any(|business| {
            let created = match self.role(survey, user, *business) {
                Role::Own => true,
                Role::Grouped { group, .. } => self.groups[group].adopts.is_none(),
                Role::Adopted(_) | Role::Linked | Role::Skipped => false,
            };
            created && !self.is_narrow(user, *business)
        })
    }
}

#[cfg(test)]
mod tests;
