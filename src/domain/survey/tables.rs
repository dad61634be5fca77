//! What is kept of every user and of every pair, in compact tables.

use std::collections::BTreeSet;

use smallvec::SmallVec;

use super::facts::{BusinessIx, Password, UserFacts, UserIx};
use crate::domain::id::Id;
use crate::domain::table::{Column, Fixed, Key, Memory, Reader, Table, Writer};

/// A (user, business) with at least one booking; or with none, where a followed document, a booking of several users or an answer makes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pair {
    /// Its bookings.
    pub bookings: u64,
    /// Those of them whose customerId already resolves within the business.
    pub linked: u64,
}

/// Users by `_id`, in the order in which they came.
#[derive(Debug)]
pub struct Users {
    /// The place of the pair of each user that came last, one more.
    last_pairs: Table<u32>,
    /// Asked for a few times each, where the rows are for every booking.
    facts: Column<UserFacts>,
}

/// Pairs by user and business: those that documents speak for, and those that an answer makes.
#[derive(Debug)]
pub struct Pairs {
    booked: Table<PairRow>,
    assigned: BTreeSet<(UserIx, BusinessIx)>,
}

#[derive(Debug)]
struct PairRow {
    bookings: u32,
    linked: u32,
    /// The place of the pair of the same user that came before, one more.
    before: u32,
}

impl Fixed for UserFacts {
    const WIDTH: usize = 16 + 8 + 4 + 4 + 1 + 2;

    fn put(&self, into: &mut Writer<'_>) {
        into.u128(self.email);
        into.i64(self.created);
        into.u32(self.phone_tail);
        into.u32(self.mailbox_tail);
        into.u8(self.filled);
        let flags = [
            self.account,
            self.name_blank,
            self.email_blank,
            self.email_odd,
            self.email_indexed,
            self.contact,
            self.unsafe_text,
            self.verified,
        ];
        let flags = flags.iter().rev();
        let flags = flags.fold(0_u16, |bits, flag| bits << 1 | u16::from(*flag));
        let password = match self.password {
            Password::Missing => 0,
            Password::Null => 1,
            Password::Empty => 2,
            Password::Set => 3,
        };
        into.u16(
            flags
                | password << 8
                | u16::from(self.by_filter) << 10
                | u16::from(self.deleted) << 11
                | u16::from(self.email_spelled) << 12,
        );
    }

    fn get(from: &mut Reader<'_>) -> Self {
        let (email, created, phone_tail) = (from.u128(), from.i64(), from.u32());
        let mailbox_tail = from.u32();
        let (filled, flags) = (from.u8(), from.u16());
        let flag = |at: u16| flags >> at & 1 == 1;
        Self {
            email,
            created,
            filled,
            account: flag(0),
            name_blank: flag(1),
            email_blank: flag(2),
            email_odd: flag(3),
            email_indexed: flag(4),
            contact: flag(5),
            unsafe_text: flag(6),
            verified: flag(7),
            phone_tail,
            mailbox_tail,
            by_filter: flag(10),
            deleted: flag(11),
            email_spelled: flag(12),
            password: match flags >> 8 & 3 {
                0 => Password::Missing,
                1 => Password::Null,
                2 => Password::Empty,
                _ => Password::Set,
            },
        }
    }
}

impl Fixed for PairRow {
    const WIDTH: usize = 12;

    fn put(&self, into: &mut Writer<'_>) {
        into.u32(self.bookings);
        into.u32(self.linked);
        into.u32(self.before);
    }

    fn get(from: &mut Reader<'_>) -> Self {
        Self {
            bookings: from.u32(),
            linked: from.u32(),
            before: from.u32(),
        }
    }
}

impl PairRow {
    fn pair(&self) -> Pair {
        Pair {
            bookings: self.bookings.into(),
            linked: self.linked.into(),
        }
    }
}

/// A place in four bytes: there are never so many users that it does not fit.
fn small(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn large(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

pub(super) fn pair_key(user: UserIx, business: BusinessIx) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&small(user).to_be_bytes());
    key[4..].copy_from_slice(&small(business).to_be_bytes());
    key
}

pub(super) fn pair_of(key: &Key) -> (UserIx, BusinessIx) {
    let half = |from: usize| {
        let bytes = key.get(from..from + 4).and_then(|it| it.try_into().ok());
        large(u32::from_be_bytes(bytes.unwrap_or_default()))
    };
    (half(0), half(4))
}

impl Users {
    pub(super) fn new(memory: &Memory) -> Self {
        Self {
            last_pairs: Table::new(memory),
            facts: Column::new(memory),
        }
    }

    pub(super) fn reserve(&mut self, users: usize) {
        self.last_pairs.reserve(users);
    }

    /// Takes a user; returns its place.
    pub(super) fn insert(&mut self, id: &Id, facts: &UserFacts) -> UserIx {
        let (at, new) = self.last_pairs.insert(id.as_bytes(), &0);
        if new {
            self.facts.push(facts);
        } else {
            self.facts.set(at, facts);
        }
        at
    }

    pub(super) fn set_facts(&mut self, at: UserIx, facts: &UserFacts) {
        self.facts.set(at, facts);
    }

    pub(super) fn make_account(&mut self, at: UserIx) {
        let mut facts = self.facts.value(at);
        facts.account = true;
        self.facts.set(at, &facts);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.last_pairs.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.last_pairs.is_empty()
    }

    /// The place of the user with this canonical `_id`.
    pub fn find(&self, id: &Id) -> Option<UserIx> {
        self.last_pairs.find(id.as_bytes())
    }

    /// Makes ready to find these.
    pub(super) fn prefetch<'i>(&self, ids: impl IntoIterator<Item = &'i Id>) {
        self.last_pairs.prefetch(ids.into_iter().map(Id::as_bytes));
    }

    /// The canonical `_id` of the user at this place.
    pub fn id(&self, at: UserIx) -> Id {
        Id::from_bytes(&self.last_pairs.key(at))
    }

    /// What is known of the user at this place.
    pub fn facts(&self, at: UserIx) -> UserFacts {
        self.facts.value(at)
    }

    /// Every user, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = (Id, UserFacts)> + '_ {
        let ids = self.last_pairs.iter().map(|(key, _)| Id::from_bytes(&key));
        ids.zip(self.facts.iter())
    }

    /// True for a user with a pair that a booking, or a followed document, speaks for.
    pub fn is_booked(&self, at: UserIx) -> bool {
        self.last_pairs.value(at) != 0
    }

    pub(super) fn spill(&mut self) {
        self.last_pairs.spill();
        self.facts.spill();
    }

    pub(super) fn reload(&mut self) {
        self.last_pairs.reload();
        self.facts.reload();
    }
}

impl Pairs {
    pub(super) fn new(memory: &Memory) -> Self {
        Self {
            booked: Table::new(memory),
            assigned: BTreeSet::new(),
        }
    }

    pub(super) fn spill(&mut self) {
        self.booked.spill();
    }

    pub(super) fn reload(&mut self) {
        self.booked.reload();
    }

    /// Takes the pairs that answers make, instead of the earlier ones; true where they are others.
    pub(super) fn assign(&mut self, assigned: BTreeSet<(UserIx, BusinessIx)>) -> bool {
        let are_others = self.assigned != assigned;
        self.assigned = assigned;
        are_others
    }

    /// Makes ready to take bookings of these.
    pub(super) fn prefetch(&self, pairs: impl IntoIterator<Item = (UserIx, BusinessIx)>) {
        let keys = pairs
            .into_iter()
            .map(|(user, business)| pair_key(user, business));
        let keys: Vec<_> = keys.collect();
        self.booked.prefetch(keys.iter().map(|key| &key[..]));
    }

    /// Makes a pair of a user and a business, with no booking unless one came before.
    pub(super) fn claim(&mut self, users: &mut Users, user: UserIx, business: BusinessIx) {
        let before = users.last_pairs.value(user);
        let row = PairRow {
            bookings: 0,
            linked: 0,
            before,
        };
        let (at, new) = self.booked.insert(&pair_key(user, business), &row);
        if new {
            users.last_pairs.set(user, &small(at + 1));
        }
    }

    /// Takes a booking of a user at a business.
    pub(super) fn take(
        &mut self,
        users: &mut Users,
        user: UserIx,
        business: BusinessIx,
        linked: bool,
    ) {
        let linked = u32::from(linked);
        let row = PairRow {
            bookings: 1,
            linked,
            before: 0,
        };
        let (at, new) = self.booked.insert(&pair_key(user, business), &row);
        let row = if new {
            let before = users.last_pairs.value(user);
            users.last_pairs.set(user, &small(at + 1));
            PairRow { before, ..row }
        } else {
            let row = self.booked.value(at);
            PairRow {
                bookings: row.bookings.saturating_add(1),
                linked: row.linked.saturating_add(linked),
                ..row
            }
        };
        self.booked.set(at, &row);
    }

    /// Takes a pair that no booking of its own speaks for: another user whom a booking names, or the user of a followed document.
    pub(super) fn take_unbooked(&mut self, users: &mut Users, user: UserIx, business: BusinessIx) {
        let row = PairRow {
            bookings: 0,
            linked: 0,
            before: 0,
        };
        let (at, new) = self.booked.insert(&pair_key(user, business), &row);
        if new {
            let before = users.last_pairs.value(user);
            users.last_pairs.set(user, &small(at + 1));
            self.booked.set(at, &PairRow { before, ..row });
        }
    }

    /// True where bookings or followed documents speak for a pair, whatever the answers are.
    pub(super) fn is_found(&self, user: UserIx, business: BusinessIx) -> bool {
        self.booked.find(&pair_key(user, business)).is_some()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.booked.len() + self.assigned.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.booked.is_empty() && self.assigned.is_empty()
    }

    /// A user's numbers at a business.
    pub fn get(&self, user: UserIx, business: BusinessIx) -> Option<Pair> {
        if self.assigned.contains(&(user, business)) {
            return Some(Pair::default());
        }
        let at = self.booked.find(&pair_key(user, business))?;
        Some(self.booked.value(at).pair())
    }

    /// Every pair.
    pub fn iter(&self) -> impl Iterator<Item = ((UserIx, BusinessIx), Pair)> + '_ {
        let rows = self.booked.iter();
        let assigned = self.assigned.iter();
        rows.map(|(key, row)| (pair_of(&key), row.pair()))
            .chain(assigned.map(|pair| (*pair, Pair::default())))
    }

    /// User and business of every pair.
    pub fn keys(&self) -> impl Iterator<Item = (UserIx, BusinessIx)> + '_ {
        self.iter().map(|(pair, _)| pair)
    }

    /// A user's businesses with their numbers, in the survey's order of businesses.
    pub fn of(&self, users: &Users, user: UserIx) -> SmallVec<[(BusinessIx, Pair); 2]> {
        let assigned = self.assigned.range((user, 0)..=(user, BusinessIx::MAX));
        let assigned = assigned.map(|(_, business)| (*business, Pair::default()));
        let mut pairs: SmallVec<[(BusinessIx, Pair); 2]> = assigned.collect();
        let mut next = users.last_pairs.value(user);
        while let Some(at) = next.checked_sub(1) {
            let at = large(at);
            let row = self.booked.value(at);
            pairs.push((pair_of(&self.booked.key(at)).1, row.pair()));
            next = row.before;
        }
        pairs.sort_unstable_by_key(|(business, _)| *business);
        pairs
    }
}
