//! Who leaves the users when customer users are retired, and why the others without a password stay. A user goes only when nothing says that
//! they may sign in, when they have a Customer, when all their bookings went to customers, and when nothing else refers to them.

use std::collections::BTreeMap;

use bson::raw::RawDocument;
use serde::{Deserialize, Serialize};

use crate::domain::blueprint::{Blueprint, Role};
use crate::domain::id::Id;
use crate::domain::number::{counted, grouped};
use crate::domain::raw::{elements, kind};
use crate::domain::survey::{Password, Survey, UserIx};

/// How many of those are named who changed since the plan.
const NAMED: usize = 20;

/// What retiring means for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Has a password.
    Account,
    /// No password; but they own a business, an account collection names them, or their e-mail was verified.
    MaySignIn,
    /// No password and no pair: whose customer they are cannot be told.
    NoBooking,
    /// Some booking of theirs has no customer, or one who stands for nobody known, by decision.
    Left,
    /// Something else refers to them.
    Referred,
    /// Changed since the plan was made.
    Changed,
    /// Is set aside by decision, when users are cleaned up.
    Aside,
    /// Is not among the live users any more.
    Gone,
    /// Leaves the users.
    Goes,
}

/// The fate of each user of the survey.
#[derive(Debug, Clone, Default)]
pub struct Fates {
    of: Vec<Fate>,
    /// References that keep somebody: how many, by "collection.path".
    pub referring: BTreeMap<String, u64>,
    /// References to those who are to be set aside: how many, by "collection.path".
    pub referring_aside: BTreeMap<String, u64>,
    /// Some of those who changed.
    pub changed: Vec<Id>,
    /// Fields of those who go that no customer receives: in how many users, by name.
    pub lost: BTreeMap<String, u64>,
    /// Some who would go, but whose `_id` is a number.
    pub by_number: u64,
}

/// How many users stay and go. In the run record, too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetireCounts {
    /// Leave the users.
    pub going: u64,
    /// Without a password, and may sign in all the same.
    pub may_sign_in: u64,
    /// Without a password and without a booking.
    pub no_booking: u64,
    /// Without a password; some booking of theirs has no customer, by decision.
    pub left: u64,
    /// Without a password, and referred to.
    pub referred: u64,
    /// Without a password, and changed since the plan.
    pub changed: u64,
    /// References that keep somebody, by "collection.path".
    pub referring: BTreeMap<String, u64>,
    /// Fields of those who go that no customer receives: in how many users.
    pub lost: BTreeMap<String, u64>,
    /// Some of those who changed, by their ids.
    pub changed_ids: Vec<String>,
}

impl Fates {
    /// By what the survey knows. References and changes are looked for afterwards.
    pub fn new(survey: &Survey, blueprint: &Blueprint) -> Self {
        let mut fates = Self::default();
        let users = survey.users.iter().take(survey.user_documents());
        for (user, (id, facts)) in users.enumerate() {
            let booked_at = survey.businesses_of(user);
            let skipped =
                |business: &usize| matches!(blueprint.role(survey, user, *business), Role::Skipped);
            let fate = if facts.password == Password::Set {
                Fate::Account
            } else if facts.account || facts.verified {
                Fate::MaySignIn
            } else if blueprint.sets_aside(user) {
                fates.by_number += u64::from(!is_told(&id));
                Fate::Aside
            } else if booked_at.is_empty() {
                Fate::NoBooking
            } else if booked_at.iter().any(skipped) || blueprint.is_stand_in(user) {
                Fate::Left
            } else if !survey.paths().names_users_by_id() {
                Fate::Referred // what names them by something else than their id cannot be looked for
            } else {
                fates.by_number += u64::from(!is_told(&id));
                Fate::Goes
            };
            fates.of.push(fate);
        }
        fates
    }

    /// The fate of a user.
    pub fn of(&self, user: UserIx) -> Fate {
        self.of.get(user).copied().unwrap_or(Fate::Gone)
    }

    /// True for one who leaves.
    pub fn goes(&self, survey: &Survey, id: &Id) -> bool {
        let user = survey.users.find(&id.canonical());
        user.is_some_and(|user| self.of(user) == Fate::Goes)
    }

    fn keep(&mut self, user: UserIx, why: Fate) {
        if let Some(fate) = self.of.get_mut(user)
            && *fate == Fate::Goes
        {
            *fate = why;
        }
    }

    /// Something refers to a user: they stay.
    pub(super) fn refer(&mut self, user: UserIx, place: &str) {
        if self.of(user) == Fate::Aside {
            *self.referring_aside.entry(place.to_owned()).or_default() += 1;
            return;
        }
        if matches!(self.of(user), Fate::Goes | Fate::Referred) {
            self.keep(user, Fate::Referred);
            *self.referring.entry(place.to_owned()).or_default() += 1;
        }
    }

    /// A user who would go is not what the plan was made for any more: they stay.
    pub fn change(&mut self, user: UserIx, id: &Id) {
        if self.of(user) == Fate::Goes {
            self.keep(user, Fate::Changed);
            if self.changed.len() < NAMED {
                self.changed.push(id.clone());
            }
        }
    }

    /// A user is not among the live ones.
    pub fn gone(&mut self, user: UserIx) {
        if let Some(fate) = self.of.get_mut(user) {
            *fate = Fate::Gone;
        }
    }

    /// Counts the fields of one who goes that no customer receives.
    pub fn lose(
        &mut self,
        survey: &Survey,
        blueprint: &Blueprint,
        user: UserIx,
        row: &RawDocument,
    ) {
        let role = &survey.mapping.user;
        let (mut whole, mut any) = (false, false);
        for business in survey.businesses_of(user) {
            let created = match blueprint.role(survey, user, business) {
                Role::Own => true,
                Role::Grouped { group, .. } => blueprint.groups[group].adopts.is_none(),
                Role::Adopted(_) | Role::Linked | Role::Skipped => false,
            };
            any |= created;
            whole |= created && !blueprint.rules(survey, user, business).narrow;
        }
        for element in elements(row).map_while(Result::ok) {
            let key = String::from_utf8_lossy(element.key);
            let is_contact = role.leaves(element.key);
            let given = role.received().any(|field| *field == *key);
            let received = given && (whole || any && !is_contact);
            let says = element.value.kind != kind::NULL && !element.value.is_blank();
            if key != "_id" && !received && says {
                *self.lost.entry(key.into_owned()).or_default() += 1;
            }
        }
    }

    /// The numbers.
    pub fn counts(&self) -> RetireCounts {
        let mut counts = RetireCounts {
            referring: self.referring.clone(),
            lost: self.lost.clone(),
            changed_ids: self.changed.iter().map(ToString::to_string).collect(),
            ..RetireCounts::default()
        };
        for fate in &self.of {
            match fate {
                Fate::Goes => counts.going += 1,
                Fate::MaySignIn => counts.may_sign_in += 1,
                Fate::NoBooking => counts.no_booking += 1,
                Fate::Left => counts.left += 1,
                Fate::Referred => counts.referred += 1,
                Fate::Changed => counts.changed += 1,
                Fate::Account | Fate::Aside | Fate::Gone => {}
            }
        }
        counts
    }
}

/// True for an `_id` that is a reference wherever it stands. A number may be any number.
fn is_told(id: &Id) -> bool {
    [kind::OBJECT_ID, kind::STRING, kind::BINARY].contains(&id.value().kind)
}

impl RetireCounts {
    /// Password-less users that stay, with the reasons.
    pub fn staying(&self) -> String {
        let stay = self.may_sign_in + self.no_booking + self.left + self.referred + self.changed;
        let mut why = vec![
            format!("no booking {}", grouped(self.no_booking)),
            format!("referred to {}", grouped(self.referred)),
            format!("may sign in {}", grouped(self.may_sign_in)),
        ];
        if self.left > 0 {
            why.push(format!("a booking left by decision {}", grouped(self.left)));
        }
        if self.changed > 0 {
            why.push(format!("changed since the plan {}", grouped(self.changed)));
        }
        format!(
            "{} without a password: {}",
            counted(stay, "user stays", "users stay"),
            why.join(", ")
        )
    }

    /// One line for each kind of thing to know: what keeps users, who changed, what no customer receives.
    pub fn lines(&self) -> Vec<String> {
        let list = |map: &BTreeMap<String, u64>| {
            let list = map
                .iter()
                .map(|(name, count)| format!("{name} {}", grouped(*count)));
            list.collect::<Vec<_>>().join(", ")
        };
        let mut lines = vec![self.staying()];
        if !self.referring.is_empty() {
            lines.push(format!(
                "references that keep users: {}",
                list(&self.referring)
            ));
        }
        if !self.changed_ids.is_empty() {
            let more = self.changed - self.changed_ids.len() as u64;
            let more = if more > 0 {
                format!(" and {} more", grouped(more))
            } else {
                String::new()
            };
            lines.push(format!(
                "changed since the plan, so they stay: {}{more}",
                self.changed_ids.join(", ")
            ));
        }
        if !self.lost.is_empty() {
            lines.push(format!(
                "fields of users who go that no customer receives, with the number of users: {}",
                list(&self.lost)
            ));
        }
        lines
    }

    /// Who goes, for people.
    pub fn going(&self) -> String {
        counted(self.going, "user", "users")
    }
}
