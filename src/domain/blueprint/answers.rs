//! The answers about documents that have no user, no business, or too many of either: bookings, and the documents of each followed entry.

use std::collections::BTreeMap;

use super::given::Answers;
use super::{Blueprint, Role};
use crate::domain::conflict::{Choice, Code, ConflictKey, Trouble};
use crate::domain::decision::Decisions;
use crate::domain::id::Id;
use crate::domain::number::counted;
use crate::domain::rebuilt::{Rebuilt, Role as Rebuild};
use crate::domain::survey::{BusinessIx, Of, Stray, Survey};

/// What was found in one collection, and by which codes.
struct Found<'s> {
    without_user: &'s BTreeMap<(BusinessIx, Option<Id>), Stray>,
    without_business: &'s BTreeMap<Option<Id>, Stray>,
    disagreeing: &'s BTreeMap<Vec<BusinessIx>, Stray>,
    already_linked: &'s BTreeMap<BusinessIx, Stray>,
    several_users: &'s BTreeMap<BusinessIx, Stray>,
    entry: Option<&'s str>,
}

impl Found<'_> {
    fn code(&self, trouble: Trouble) -> Code {
        match (self.entry, trouble) {
            (Some(entry), trouble) => Code::followed(entry, trouble),
            (None, Trouble::WithoutUser) => Code::BookingWithoutUser,
            (None, Trouble::WithoutBusiness) => Code::BookingWithoutBusiness,
            (None, Trouble::Disagrees) => Code::BusinessDisagrees,
            (None, Trouble::SeveralUsers) => Code::SeveralUsers,
            (None, Trouble::AlreadyLinked) => Code::AlreadyLinked,
        }
    }
}

fn found(survey: &Survey, of: Of) -> Found<'_> {
    let entry = match of {
        Of::Bookings => None,
        Of::Entry(at) => survey.followed.get(at),
    };
    match entry {
        None => Found {
            without_user: &survey.without_user,
            without_business: &survey.without_business,
            disagreeing: &survey.disagreeing,
            already_linked: &survey.already_linked,
            several_users: &survey.several_users,
            entry: None,
        },
        Some(entry) => Found {
            without_user: &entry.without_user,
            without_business: &entry.without_business,
            disagreeing: &entry.disagreeing,
            already_linked: &entry.already_linked,
            several_users: &entry.several_users,
            entry: Some(&entry.name),
        },
    }
}

/// Bookings, then each followed entry.
fn everything(survey: &Survey) -> impl Iterator<Item = Of> {
    std::iter::once(Of::Bookings).chain((0..survey.followed.len()).map(Of::Entry))
}

fn key(
    survey: &Survey,
    code: Code,
    business: Option<BusinessIx>,
    subjects: Vec<Id>,
) -> ConflictKey {
    ConflictKey {
        code,
        business: business.map(|business| survey.business_id(business).clone()),
        subjects,
    }
}

impl Answers {
    fn of(found: &Found<'_>, survey: &Survey, decisions: &Decisions) -> Self {
        let mut answers = Self::default();
        let subject = |id: &Option<Id>| id.iter().cloned().collect::<Vec<_>>();
        let usual = |trouble| {
            let code = found.code(trouble);
            let policy = decisions.policy.get(&code).copied();
            Some(policy.unwrap_or(code.suggestion()))
        };
        answers.usual_without_user = usual(Trouble::WithoutUser);
        answers.usual_without_business = usual(Trouble::WithoutBusiness);
        for (business, names) in found.without_user.keys() {
            let code = found.code(Trouble::WithoutUser);
            let key = key(survey, code, Some(*business), subject(names));
            let choice = decisions.choice(&key);
            let place = (*business, names.clone());
            answers.without_user.insert(place, choice);
        }
        for names in found.without_business.keys() {
            let code = found.code(Trouble::WithoutBusiness);
            let key = key(survey, code, None, subject(names));
            answers.known_without_business.insert(names.clone());
            if decisions.choice(&key) == Choice::Leave {
                answers.left_without_business.insert(names.clone());
            }
        }
        for businesses in found.disagreeing.keys() {
            let code = found.code(Trouble::Disagrees);
            let key = key(survey, code, None, survey.ids_of_businesses(businesses));
            if decisions.choice(&key) == Choice::Leave {
                answers.left_between.insert(businesses.clone());
            }
        }
        for business in found.already_linked.keys() {
            let code = found.code(Trouble::AlreadyLinked);
            let key = key(survey, code, Some(*business), Vec::new());
            if decisions.choice(&key) == Choice::Relink {
                answers.relinked.insert(*business);
            }
        }
        answers
    }
}

impl Blueprint {
    /// Takes the answers about documents.
    pub(super) fn take_document_answers(&mut self, survey: &Survey, decisions: &Decisions) {
        for of in everything(survey) {
            let found = found(survey, of);
            let answers = Answers::of(&found, survey, decisions);
            for (place, stray) in found.without_user {
                if answers.without_user.get(place) == Some(&Choice::Placeholder) {
                    let created = self.placeholders.entry(place.clone()).or_default();
                    *created = match (*created, stray.created) {
                        (Some(one), Some(other)) => Some(one.min(other)),
                        (one, other) => one.or(other),
                    };
                }
            }
            for (business, stray) in found.several_users {
                let code = found.code(Trouble::SeveralUsers);
                let key = key(survey, code, Some(*business), Vec::new());
                if decisions.choice(&key) == Choice::Stop {
                    self.obstacles.push(format!(
                        "{} of {} at business {} name several users and must be changed by hand first ({code}: stop); when each names one, give another answer",
                        stray.bookings,
                        found.entry.unwrap_or("the bookings"),
                        survey.business_id(*business)
                    ));
                }
            }
            match of {
                Of::Bookings => self.bookings = answers,
                Of::Entry(_) => self.followed.push(answers),
            }
        }
    }

    fn answers(&self, of: Of) -> &Answers {
        match of {
            Of::Bookings => &self.bookings,
            Of::Entry(at) => self.followed.get(at).unwrap_or(&self.bookings),
        }
    }

    /// The choice for documents of `business` that name nobody.
    pub fn without_user_in(&self, of: Of, business: BusinessIx, names: &Option<Id>) -> Choice {
        let answers = self.answers(of);
        let known = answers.without_user.get(&(business, names.clone()));
        let usual = answers.usual_without_user;
        known
            .copied()
            .or(usual)
            .unwrap_or(Code::BookingWithoutUser.suggestion())
    }

    /// The same for bookings.
    pub fn without_user(&self, business: BusinessIx, names: &Option<Id>) -> Choice {
        self.without_user_in(Of::Bookings, business, names)
    }

    /// True where documents whose business is unknown, and that name this, stay in place instead of going to the quarantine.
    pub fn leaves_in(&self, of: Of, names: &Option<Id>) -> bool {
        let answers = self.answers(of);
        // What nobody has counted yet goes by the answer for all.
        let new = !answers.known_without_business.contains(names);
        let usual = new && matches!(of, Of::Entry(_));
        answers.left_without_business.contains(names)
            || usual && answers.usual_without_business == Some(Choice::Leave)
    }

    /// The same for bookings.
    pub fn leaves(&self, names: &Option<Id>) -> bool {
        self.leaves_in(Of::Bookings, names)
    }

    /// True where documents that these businesses disagree about stay as they are.
    pub fn leaves_between_in(&self, of: Of, businesses: &[BusinessIx]) -> bool {
        self.answers(of).left_between.contains(businesses)
    }

    /// The same for bookings.
    pub fn leaves_between(&self, businesses: &[BusinessIx]) -> bool {
        self.leaves_between_in(Of::Bookings, businesses)
    }

    /// True where documents with a customer's id get the one of the migration.
    pub fn relinks_in(&self, of: Of, business: BusinessIx) -> bool {
        self.answers(of).relinked.contains(&business)
    }

    /// The same for bookings.
    pub fn relinks(&self, business: BusinessIx) -> bool {
        self.relinks_in(Of::Bookings, business)
    }

    /// Refuses placeholders for values that name nobody where bookings say them, and are the ids of users all the same (an e-mail, or the id of
    /// a document between): a placeholder has its `_id` of that value, as a user's customer has it of the user's.
    pub(super) fn refuse_ambiguous_placeholders(&mut self, survey: &Survey) {
        let names = self
            .placeholders
            .keys()
            .filter_map(|(_, names)| names.as_ref());
        let mut both = names.filter(|names| survey.find_user(names).is_some());
        let Some(first) = both.next() else { return };
        let values = 1 + both.count() as u64;
        self.obstacles.push(format!(
            "{} to nobody where bookings or followed documents say so, and is the id of a user too (the first: {first}): a placeholder for it could not be told from that user's customer. Quarantine or leave those documents (booking-without-user), or correct that reference first",
            counted(values, "value leads", "values lead")
        ));
    }

    /// Customers that stand for nobody known: business, the value that names nobody, and the earliest creation date among their bookings.
    pub fn placeholders(&self) -> impl Iterator<Item = (BusinessIx, &Option<Id>, Option<i64>)> {
        let all = self.placeholders.iter();
        all.map(|((business, names), created)| (*business, names, *created))
    }

    /// For each reference that a rebuilt collection's documents hold, whether some of them keep it: with an account, or by an answer.
    pub fn some_stay(&self, survey: &Survey, which: &Rebuilt) -> Vec<bool> {
        let own = (which.role() == Rebuild::Bookings).then_some(Of::Bookings);
        let own = own.filter(|_| which.live() == survey.mapping.booking.collection);
        let entries = survey.mapping.entries_of(which.live());
        let all = own.into_iter().chain(entries.map(|(at, _)| Of::Entry(at)));
        all.map(|of| self.some_stay_in(survey, of)).collect()
    }

    fn some_stay_in(&self, survey: &Survey, of: Of) -> bool {
        let with_account = match of {
            Of::Bookings => 0,
            Of::Entry(at) => survey.followed.get(at).map_or(0, |it| it.with_account),
        };
        let answers = self.answers(of);
        let mut without_user = answers.without_user.iter();
        // Without a value there is nothing to keep.
        let leaves = |(place, choice): (&(BusinessIx, Option<Id>), &Choice)| {
            place.1.is_some() && *choice == Choice::Leave
        };
        with_account > 0
            || without_user.any(leaves)
            || !answers.left_without_business.is_empty()
            || !answers.left_between.is_empty()
            || self.roles.values().any(|role| *role == Role::Skipped)
    }

    /// Says which unique indexes could hold neither the documents that keep their reference nor the others.
    pub(super) fn refuse_unique_references(&mut self, survey: &Survey) {
        for (of, index) in survey.unique_references() {
            let (of, following) = match of {
                Of::Bookings => (*of, &survey.mapping.booking.following),
                Of::Entry(at) => (*of, &survey.mapping.follow[*at]),
            };
            let by_mapping = following.keep || following.filter.is_some();
            // Of bookings the survey says so already where the mapping itself keeps it.
            let said = of == Of::Bookings && by_mapping;
            let stays = by_mapping || self.some_stay_in(survey, of);
            if stays && !said && !following.in_place {
                let field = following.user_text();
                self.obstacles.push(format!(
                    "the unique index {index} of {} holds {field}, which some documents keep and the others will not have; drop it, or make it partial on {{{field}: {{$exists: true}}}}",
                    following.collection
                ));
            }
        }
    }

    /// Documents that these answers take out of the application.
    pub(super) fn count_document_departures(&mut self, survey: &Survey) {
        let mut departures = std::mem::take(&mut self.departures);
        for of in everything(survey) {
            let found = found(survey, of);
            for ((business, names), stray) in found.without_user {
                let choice = self.without_user_in(of, *business, names);
                departures.add(found.code(Trouble::WithoutUser), choice, stray.bookings);
            }
            let left = |leaves| {
                if leaves {
                    Choice::Leave
                } else {
                    Choice::Quarantine
                }
            };
            for (names, stray) in found.without_business {
                let choice = left(self.leaves_in(of, names));
                departures.add(found.code(Trouble::WithoutBusiness), choice, stray.bookings);
            }
            for (businesses, stray) in found.disagreeing {
                let choice = left(self.leaves_between_in(of, businesses));
                departures.add(found.code(Trouble::Disagrees), choice, stray.bookings);
            }
        }
        self.departures = departures;
    }
}
