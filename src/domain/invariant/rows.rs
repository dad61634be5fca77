//! What a proof keeps of every customer and every pair, in compact tables.

use smallvec::SmallVec;

use super::names::Number;
use crate::domain::link::LinkKind;
use crate::domain::map::Map;
use crate::domain::table::{Fixed, Memory, Reader, Table, Writer};

/// Stands for "none": no document has this number.
const NONE: Number = Number::MAX;

/// The users that a link names.
pub(super) type Users = SmallVec<[Number; 2]>;

/// A customer, its link, or both.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Customer {
    /// The customer is there.
    pub(super) here: bool,
    /// The business that it names.
    pub(super) business: Option<Number>,
    pub(super) link: Option<Link>,
}

/// A link, but for the users that it names: [`Customers::users`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) business: Option<Number>,
    pub(super) kind: LinkKind,
    /// The first of its users.
    first: Option<Number>,
}

/// What the bookings of a user at a business say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pair {
    /// Place of the customer that was made for them.
    pub(super) customer: Option<Number>,
    pub(super) linked: bool,
}

fn put(number: Option<Number>, into: &mut Writer<'_>) {
    into.u32(number.unwrap_or(NONE));
}

fn get(from: &mut Reader<'_>) -> Option<Number> {
    Some(from.u32()).filter(|number| *number != NONE)
}

impl Fixed for Customer {
    const WIDTH: usize = 1 + 3 * 4;

    fn put(&self, into: &mut Writer<'_>) {
        let kind = match self.link.map(|link| link.kind) {
            None => 0,
            Some(LinkKind::Created) => 1,
            Some(LinkKind::Narrow) => 2,
            Some(LinkKind::Existing) => 3,
            Some(LinkKind::Placeholder) => 4,
        };
        into.u8(kind << 1 | u8::from(self.here));
        put(self.business, into);
        put(self.link.and_then(|link| link.business), into);
        put(self.link.and_then(|link| link.first), into);
    }

    fn get(from: &mut Reader<'_>) -> Self {
        let flags = from.u8();
        let (business, of_link, first) = (get(from), get(from), get(from));
        let kind = match flags >> 1 {
            1 => Some(LinkKind::Created),
            2 => Some(LinkKind::Narrow),
            3 => Some(LinkKind::Existing),
            4 => Some(LinkKind::Placeholder),
            _ => None,
        };
        Self {
            here: flags & 1 == 1,
            business,
            link: kind.map(|kind| Link {
                business: of_link,
                kind,
                first,
            }),
        }
    }
}

impl Fixed for Pair {
    const WIDTH: usize = 5;

    fn put(&self, into: &mut Writer<'_>) {
        put(self.customer, into);
        into.u8(u8::from(self.linked));
    }

    fn get(from: &mut Reader<'_>) -> Self {
        Self {
            customer: get(from),
            linked: from.u8() == 1,
        }
    }
}

/// User and business, as a key.
/// What [`pair_key`] was made of.
pub(super) fn pair_of(key: &[u8]) -> (Number, Number) {
    let half = |from: usize| {
        let bytes = key.get(from..from + 4).and_then(|it| it.try_into().ok());
        u32::from_be_bytes(bytes.unwrap_or_default())
    };
    (half(0), half(4))
}

pub(super) fn pair_key((user, business): (Number, Number)) -> [u8; 8] {
    (u64::from(user) << 32 | u64::from(business)).to_be_bytes()
}

/// Customers by canonical `_id`.
#[derive(Debug)]
pub(super) struct Customers {
    pub(super) rows: Table<Customer>,
    /// The other users of those links that name several.
    more: Map<usize, Users>,
}

impl Customers {
    pub(super) fn new(memory: &Memory) -> Self {
        Self {
            rows: Table::new(memory),
            more: Map::default(),
        }
    }

    /// Changes the row of a customer, which may be new.
    pub(super) fn change(&mut self, id: &[u8], change: impl FnOnce(&mut Customer)) -> usize {
        let (at, _) = self.rows.insert(id, &Customer::default());
        let mut row = self.rows.value(at);
        change(&mut row);
        self.rows.set(at, &row);
        at
    }

    pub(super) fn take_link(
        &mut self,
        id: &[u8],
        (kind, business): (LinkKind, Option<Number>),
        mut users: Users,
    ) {
        let first = users.first().copied();
        let at = self.change(id, |row| {
            row.link = Some(Link {
                business,
                kind,
                first,
            });
        });
        if users.len() > 1 {
            users.remove(0);
            self.more.insert(at, users);
        }
    }

    /// The users that the link of this customer names.
    pub(super) fn users(&self, at: usize, link: &Link) -> Users {
        let more = self.more.get(&at).into_iter().flatten().copied();
        link.first.into_iter().chain(more).collect()
    }

    /// The users that the link of this customer names, each with its business; none where that is unknown.
    pub(super) fn pairs(&self, at: usize, link: &Link) -> impl Iterator<Item = (Number, Number)> {
        let business = link.business;
        let users = self.users(at, link).into_iter();
        users.filter_map(move |user| Some((user, business?)))
    }
}
