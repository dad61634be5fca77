//! What the proof says of a merged copy, the one that a rollback makes of an original and of what was written since. Nothing of what builds it is
//! used: what is neither there nor as it is live is counted, and must be as much as the report says was left behind.

use std::collections::{BTreeMap, HashMap};

use bson::raw::{RawDocument, RawDocumentBuf};

use super::guests::ProofGuests;
use super::paths::ProofPaths;
use super::user_way::UserWay;
use crate::domain::id::Id;
use crate::domain::keep_new::report::{Change, Kept, Reason};
use crate::domain::mapping::Mapping;
use crate::domain::number::grouped;
use crate::domain::raw::elements;
use crate::domain::rebuilt::{Rebuilt, Role};

/// Users by customer, as the links have them.
pub type UsersOf = HashMap<Id, Vec<Id>>;

/// One `_id` in all places where it may stand.
#[derive(Debug, Default)]
pub struct Sides<'a> {
    /// In the original.
    pub before: Option<&'a RawDocumentBuf>,
    /// In what is live.
    pub current: Option<&'a RawDocumentBuf>,
    /// In the merged copy.
    pub merged: Option<&'a RawDocumentBuf>,
    /// In the quarantine.
    pub quarantined: bool,
    /// Among the live customers.
    pub customer: bool,
}

/// The account of one merged copy.
#[derive(Debug)]
pub struct Merged<'a> {
    mapping: &'a Mapping,
    which: &'a Rebuilt,
    users_of: &'a UsersOf,
    /// How its documents name users: one for bookings, one for each followed entry.
    ways: &'a [(ProofPaths, UserWay)],
    /// Neither live nor there.
    deleted: u64,
    /// Live, and not there.
    behind: u64,
    /// There, but not with every field that is live.
    short: u64,
}

impl<'a> Merged<'a> {
    /// The account of the merged copy of `which`.
    pub fn new(
        mapping: &'a Mapping,
        which: &'a Rebuilt,
        (users_of, ways): (&'a UsersOf, &'a [(ProofPaths, UserWay)]),
    ) -> Self {
        Self {
            mapping,
            which,
            users_of,
            ways,
            deleted: 0,
            behind: 0,
            short: 0,
        }
    }

    /// Takes one `_id`. What is wrong with it, if something is; what may be is counted.
    pub fn take(&mut self, sides: &Sides<'_>) -> Option<&'static str> {
        let role = self.which.role();
        let Some(merged) = sides.merged else {
            match sides.current {
                Some(_) => self.behind += 1,
                None => self.deleted += 1,
            }
            return None;
        };
        let names_users = matches!(role, Role::Bookings | Role::Followed);
        if names_users && sides.quarantined {
            return (sides.before != Some(merged))
                .then_some("was quarantined and would not be what it was");
        }
        let Some(current) = sides.current else {
            // Deleted since, and back because something needs it; or a user made for a customer.
            let known = sides.before.is_some() || (role == Role::Users && sides.customer);
            return (!known).then_some("would come from nowhere");
        };
        self.short += u64::from(self.lacks(current, merged));
        let paths = self.ways.first().map(|(paths, _)| paths);
        let guests = paths.and_then(ProofPaths::guests);
        if guests.is_some_and(|guests| !guests.says_as_much(current, merged)) {
            return Some("would say less of its guest than is live");
        }
        let before = sides.before.map(|it| &**it);
        let mut ways = self.ways.iter();
        let fits = !names_users || ways.all(|way| self.user_fits(way, before, current, merged));
        (!fits).then_some("would name a user who is not its customer's")
    }

    /// Compares the counts with what the report says was left behind. What differs, in words.
    pub fn close(&self, kept: &Kept) -> Vec<String> {
        let live = self.which.live();
        let left = |change, counts: fn(Reason) -> bool| -> u64 {
            let lines = kept.left.iter().filter(|left| {
                left.collection == live && left.change == change && counts(left.reason)
            });
            lines.map(|left| left.count).sum()
        };
        let of = kept
            .counts
            .get(live)
            .and_then(|of| of.get(&Change::Deleted));
        let deleted = of.copied().unwrap_or_default().carried;
        let short = left(Change::Changed, |reason| reason == Reason::NotUnique);
        let missing = left(Change::Added, |reason| {
            !matches!(reason, Reason::IdTaken | Reason::OtherType)
        });
        let equations = match self.which.role() {
            Role::Bookings | Role::Followed => vec![
                ("live and not back", self.behind, missing),
                ("deleted", self.deleted, deleted),
                ("not with every field", self.short, short),
            ],
            // A deleted customer takes its user along, so more users may be gone than were deleted.
            Role::Users | Role::Reshaped => vec![("not with every field", self.short, short)],
            // Edits of created customers, which go to users, may be held too.
            Role::Customers => {
                vec![("not with every field", self.short.saturating_sub(short), 0)]
            }
        };
        let differ = equations.into_iter().filter(|(_, is, said)| is != said);
        differ
            .map(|(what, is, said)| {
                let (is, said) = (grouped(is), grouped(said));
                format!("{live}: {is} {what}, but {said} were reported")
            })
            .collect()
    }

    /// Fields that need not be as they are live.
    fn own(&self) -> Vec<&str> {
        match self.which.role() {
            Role::Bookings | Role::Followed => {
                let own = self.ways.iter().flat_map(|(paths, _)| paths.own());
                own.collect()
            }
            // A user takes its customer's values too.
            Role::Users => self.mapping.user.given(),
            Role::Customers | Role::Reshaped => Vec::new(),
        }
    }

    /// Whether a field that is live is not in the copy as it is live, or one that was taken away is still there.
    fn lacks(&self, current: &RawDocument, merged: &RawDocument) -> bool {
        let (current, mut merged) = (by_key(current), by_key(merged));
        let mut own = self.own();
        // A booking that loses its customer says more of its guest.
        for (paths, _) in self.ways {
            let customer = paths.changing()[1].as_bytes();
            let names_one = current.keys().any(|key| key == customer);
            let guests = paths.guests().filter(|_| names_one);
            own.extend(guests.into_iter().flat_map(ProofGuests::tops));
        }
        let is_own = |key: &[u8]| own.iter().any(|own| own.as_bytes() == key);
        merged.retain(|key, _| !is_own(key));
        let live = current.into_iter().filter(|(key, _)| !is_own(key));
        live.collect::<BTreeMap<_, _>>() != merged
    }

    /// Whether a booking names one of its customer's users, what it named before, or the customer itself.
    fn user_fits(
        &self,
        (paths, user_way): &(ProofPaths, UserWay),
        before: Option<&RawDocument>,
        current: &RawDocument,
        merged: &RawDocument,
    ) -> bool {
        if paths.lists() {
            return self.users_fit((paths, user_way), before, current, merged);
        }
        let Some(user) = paths.user(merged) else {
            return true;
        };
        if before.and_then(|before| paths.user(before)) == Some(user)
            || paths.user(current) == Some(user)
        {
            return true;
        }
        let Some(customer) = paths.customer(current).map(Id::from_value) else {
            return true;
        };
        let named = user_way.ends(&paths.users(merged));
        match self.users_of.get(&customer.canonical()) {
            Some(users) if named.is_empty() => users.contains(&Id::from_value(user).canonical()),
            Some(users) => named.iter().all(|user| users.contains(user)),
            None => Id::from_value(user).canonical() == customer.canonical(),
        }
    }
}

impl Merged<'_> {
    /// The same where it lists customers: each user whom it names stands behind one of them, or it named them before.
    fn users_fit(
        &self,
        (paths, user_way): (&ProofPaths, &UserWay),
        before: Option<&RawDocument>,
        current: &RawDocument,
        merged: &RawDocument,
    ) -> bool {
        let known = before.into_iter().chain([current]);
        let known: Vec<Id> = known.flat_map(|it| paths.users(it)).collect();
        let customers = paths.customers_in(paths.customer(current));
        paths.users(merged).iter().all(|user| {
            let is_behind = |customer: &Id| {
                let customer = customer.canonical();
                let ends = user_way.ends(std::slice::from_ref(user));
                match self.users_of.get(&customer) {
                    Some(users) if ends.is_empty() => users.contains(&user.canonical()),
                    Some(users) => ends.iter().any(|user| users.contains(user)),
                    None => user.canonical() == customer,
                }
            };
            known.contains(user) || customers.iter().any(is_behind)
        })
    }
}

/// All elements of a document by key.
fn by_key(document: &RawDocument) -> BTreeMap<Vec<u8>, Vec<Vec<u8>>> {
    let mut fields: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for element in elements(document).map_while(Result::ok) {
        let of = fields.entry(element.key.to_vec()).or_default();
        of.push(element.whole.to_vec());
    }
    fields
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::DEFAULT;
    use crate::domain::table::tests::memory;
    use bson::rawdoc;

    fn mapping() -> Mapping {
        Mapping::parse(DEFAULT).unwrap()
    }

    #[test]
    fn a_booking_that_would_name_another_customers_user_is_found() {
        let (mapping, bookings) = (mapping(), mapping().bookings());
        let users_of = UsersOf::from([(
            Id::string("c").canonical(),
            vec![Id::string("u").canonical()],
        )]);
        let current = rawdoc! { "_id": 1, "customerId": "c" };
        let ways = UserWay::all(&mapping, &bookings, &memory(1 << 20));
        let mut merged = Merged::new(&mapping, &bookings, (&users_of, &ways));
        let mut named = |user: &str| {
            let back = rawdoc! { "_id": 1, "userId": user };
            merged.take(&Sides {
                current: Some(&current),
                merged: Some(&back),
                ..Sides::default()
            })
        };
        assert_eq!(named("u"), None);
        assert!(named("other").unwrap().contains("not its customer's"));
    }

    #[test]
    fn what_is_live_and_not_back_and_what_lacks_a_field_must_have_been_reported() {
        let (mapping, bookings) = (mapping(), mapping().bookings());
        let users_of = UsersOf::new();
        let ways = UserWay::all(&mapping, &bookings, &memory(1 << 20));
        let mut merged = Merged::new(&mapping, &bookings, (&users_of, &ways));
        let current = rawdoc! { "_id": 1, "customerId": "c", "price": 2 };
        let back = rawdoc! { "_id": 1, "userId": "c" };
        for merged_copy in [None, Some(&back)] {
            let wrong = merged.take(&Sides {
                current: Some(&current),
                merged: merged_copy,
                ..Sides::default()
            });
            assert_eq!(wrong, None);
        }
        assert_eq!(
            merged.close(&Kept::default()),
            [
                "Booking: 1 live and not back, but 0 were reported",
                "Booking: 1 not with every field, but 0 were reported"
            ]
        );
    }
}
