//! Bookings, and followed documents, that a unique index could not hold together once their users share a customer: the index holds the user, and the customer takes the
//! user's place in it.

use std::collections::BTreeSet;

use bson::raw::RawDocument;

use super::groups::Alike;
use super::{BusinessIx, Of, Standing, Survey, UserIx};
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::index_plan::name_of;
use crate::domain::map::{Map, Set};
use crate::domain::raw::elements;
use crate::domain::reference::BookingPaths;
use crate::domain::survey::facts::hash128;
use crate::domain::survey::index_values::Folding;

/// Whose booking it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// A user's.
    User(UserIx),
    /// It stands with this existing customer already.
    Existing(usize),
}

/// Bookings of several parties that are equal in all other fields of a unique index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The index.
    pub index: String,
    /// What its documents are called.
    pub what: String,
    /// The business.
    pub business: BusinessIx,
    /// Whose they are: two at least.
    pub parties: BTreeSet<Party>,
    /// How many bookings.
    pub bookings: u64,
}

/// Looks through bookings for what one unique index could not hold together.
pub struct UniqueSearch {
    of: Of,
    what: String,
    index: String,
    others: Vec<String>,
    folding: Folding,
    paths: BookingPaths,
    may_share: Set<(UserIx, BusinessIx)>,
    seen: Map<(BusinessIx, u128), (BTreeSet<Party>, u64)>,
}

impl Survey {
    /// A search for this index of the bookings, or of the documents of an entry; `None` where it is not unique, does not hold the user, or nobody may
    /// share a customer.
    pub fn search_unique(&self, of: Of, index: &RawDocument) -> Option<UniqueSearch> {
        let key = index.get_document("key").ok()?;
        if !index.get_bool("unique").unwrap_or(false) {
            return None;
        }
        let paths = self.paths_of(of);
        let user = paths.user().text().to_owned();
        let fields = elements(key).map_while(Result::ok);
        let fields: Vec<String> = fields
            .map(|it| String::from_utf8_lossy(it.key).into_owned())
            .collect();
        if !fields.contains(&user) {
            return None;
        }
        let may_share = self.may_share();
        (!may_share.is_empty()).then(|| UniqueSearch {
            of,
            what: match of {
                Of::Bookings => "bookings".to_owned(),
                Of::Entry(at) => format!("documents of {}", self.mapping.entry_name(at)),
            },
            index: name_of(index).to_owned(),
            others: fields.into_iter().filter(|it| *it != user).collect(),
            folding: Folding::of(index),
            paths: paths.clone(),
            may_share,
            seen: Map::default(),
        })
    }

    /// Pairs that may come to share a customer: with one another, or with a customer that was there before.
    fn may_share(&self) -> Set<(UserIx, BusinessIx)> {
        let mut pairs: Set<_> = self
            .alike()
            .into_iter()
            .flat_map(|group| {
                let business = group.business;
                group.members.into_iter().map(move |user| (user, business))
            })
            .collect();
        let existing: Set<(BusinessIx, u128)> = self
            .existing
            .values()
            .filter(|it| it.email != 0)
            .filter_map(|it| Some((it.business?, it.email)))
            .collect();
        if !existing.is_empty() {
            let adopting = self.pairs.keys().filter(|(user, business)| {
                existing.contains(&(*business, self.users.facts(*user).email))
            });
            pairs.extend(adopting);
        }
        pairs
    }

    /// Keeps what was found.
    pub fn take_shared(&mut self, found: Vec<Shared>) {
        self.shared = found;
    }

    /// What was found.
    pub fn shared(&self) -> &[Shared] {
        &self.shared
    }

    /// Members of a group who cannot all become one customer, and how many bookings say so.
    pub fn colliding(&self, group: &Alike) -> (Vec<UserIx>, u64) {
        let (mut colliding, mut bookings) = (BTreeSet::new(), 0);
        for shared in self
            .shared
            .iter()
            .filter(|it| it.business == group.business)
        {
            let members = group.members.iter().copied();
            let members: Vec<UserIx> = members
                .filter(|user| shared.parties.contains(&Party::User(*user)))
                .collect();
            if members.len() > 1 {
                colliding.extend(members);
                bookings += shared.bookings;
            }
        }
        let members = group.members.iter().copied();
        let in_order = members.filter(|user| colliding.contains(user));
        (in_order.collect(), bookings)
    }

    /// What the conflict of these members is known by.
    pub fn unique_key(&self, business: BusinessIx, members: &[UserIx]) -> ConflictKey {
        ConflictKey {
            code: Code::BookingUnique,
            business: Some(self.business_id(business).clone()),
            subjects: self.user_ids(members),
        }
    }
}

impl UniqueSearch {
    /// Takes a booking that the index holds.
    pub fn take(&mut self, survey: &Survey, booking: &RawDocument) {
        let (party, business) = match survey.standing_in(self.of, &self.paths.read(booking)) {
            Standing::Paired {
                linked: Some(at),
                business,
                ..
            }
            | Standing::WithoutUser {
                linked: Some(at),
                business,
                ..
            } => (Party::Existing(at), business),
            Standing::Paired { user, business, .. }
                if self.may_share.contains(&(user, business)) =>
            {
                (Party::User(user), business)
            }
            _ => return,
        };
        for values in self.values(booking) {
            let (parties, bookings) = self.seen.entry((business, values)).or_default();
            parties.insert(party);
            *bookings += 1;
        }
    }

    /// Hashes of the other fields of the index: one for each element where one of them is a list.
    fn values(&self, booking: &RawDocument) -> BTreeSet<u128> {
        let mut all: Vec<Vec<u8>> = vec![Vec::new()];
        for field in &self.others {
            let mut found = BTreeSet::new();
            self.folding.at_path(booking, field, &mut found);
            let with = |value: &Vec<u8>| {
                let longer = all.iter().map(|before| {
                    let length = value.len().to_le_bytes();
                    [before.as_slice(), length.as_slice(), value.as_slice()].concat()
                });
                longer.collect::<Vec<_>>()
            };
            all = found.iter().flat_map(with).collect();
        }
        all.iter().map(|value| hash128(value)).collect()
    }

    /// What was found.
    pub fn end(self) -> Vec<Shared> {
        let (index, what) = (self.index, self.what);
        let several = self
            .seen
            .into_iter()
            .filter(|(_, (parties, _))| parties.len() > 1);
        several
            .map(|((business, _), (parties, bookings))| Shared {
                index: index.clone(),
                what: what.clone(),
                business,
                parties,
                bookings,
            })
            .collect()
    }
}
