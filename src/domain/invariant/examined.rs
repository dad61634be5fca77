//! What can be told of a booking from its documents alone: the part of the proof that needs no account, so that any task can do it.

use std::borrow::Cow;

use bson::raw::RawDocument;
use smallvec::SmallVec;

use super::guests::Said;
use super::paths::{Ids, ProofPaths};
use crate::domain::id::Id;
use crate::domain::raw::{Element, Value, elements, kind};
use crate::domain::survey::facts::id_of;

/// A booking of the original, beside what became of it.
#[derive(Debug)]
pub struct Examined {
    pub(super) id: Id,
    /// By which the original finds its business, each with the number of its path.
    pub(super) businesses: SmallVec<[(usize, Id); 1]>,
    /// By which it names its user.
    pub(super) names: Ids,
    /// Whom it says that its guest is.
    pub(super) guest: Option<Said>,
    pub(super) became: Became,
    /// When the original was made, where customers are dated by that.
    pub(super) made: Option<i64>,
}

#[derive(Debug)]
pub(super) enum Became {
    /// The mapping lets it take part in nothing.
    Outside {
        /// Live, equal in every byte, and nowhere else.
        same: bool,
    },
    /// It is nowhere.
    Nothing,
    /// It is live and in the quarantine.
    Both,
    Quarantined {
        /// Equal in every byte.
        same: bool,
    },
    Linked {
        /// One; several where the new reference is a list.
        customers: Ids,
        /// Equal in every byte but for the original's user, and customer on both sides, which it names once.
        same: bool,
        /// It named the same customer before.
        kept: bool,
    },
    /// In place: live, equal in every byte; whether it names a customer is for the account to say.
    Unchanged { customer: Option<Id> },
    /// Live without a customer of its own, or still with its user.
    Left {
        /// Equal in every byte.
        same: bool,
        /// It has both a user and a customer.
        half: bool,
    },
}

impl Examined {
    /// Looks at an original with what is live, and in the quarantine, under its `_id`; `None` where it has none.
    pub fn of(
        paths: &ProofPaths,
        before: &RawDocument,
        current: Option<&RawDocument>,
        quarantined: Option<&RawDocument>,
    ) -> Option<Self> {
        if paths.is_outside(before) {
            let same = |now: &RawDocument| is_same(paths, before, now);
            return Some(Self {
                id: id_of(before)?,
                businesses: SmallVec::new(),
                names: Ids::new(),
                guest: None,
                made: None,
                became: Became::Outside {
                    same: current.is_some_and(same) && quarantined.is_none(),
                },
            });
        }
        let named = paths.named(before);
        Some(Self {
            id: named.id?,
            businesses: named.businesses,
            names: named.users,
            guest: paths.guest(before),
            made: paths.time_of(before),
            became: match (current, quarantined) {
                (None, None) => Became::Nothing,
                (Some(_), Some(_)) => Became::Both,
                (None, Some(quarantined)) => Became::Quarantined {
                    same: quarantined.as_bytes() == before.as_bytes(),
                },
                (Some(current), None) => live(paths, before, current),
            },
        })
    }
}

fn live(paths: &ProofPaths, before: &RawDocument, current: &RawDocument) -> Became {
    let [user, customer] = paths.changing().map(str::as_bytes);
    if paths.in_place() {
        return in_its_place(paths, before, current);
    }
    let goes = |element: &Element<'_>| {
        let leaves_whole = !paths.keeps() && !paths.is_nested();
        element.key == customer || element.key == user && leaves_whole || paths.drops(element.key)
    };
    let mut rest = elements(before)
        .map_while(Result::ok)
        .filter(|element| !paths.is_elsewhere(element.key) && !goes(element))
        .filter_map(|element| paths.remains_of(&element));
    let mut named: Option<Value<'_>> = None;
    let (mut times, mut leftover, mut same) = (0_u32, false, true);
    let mut field: Option<&[u8]> = None;
    for element in elements(current).map_while(Result::ok) {
        if paths.is_elsewhere(element.key) {
            continue; // another entry's proof looks at it
        }
        if element.key == customer {
            times += 1;
            named = named.or(Some(element.value));
            field = field.or(Some(element.whole));
        } else if goes(&element) {
            leftover = true;
        } else {
            same &= rest.next().is_some_and(|it| *it == *element.whole);
        }
    }
    let customers = paths.customers_in(named);
    if !customers.is_empty() && !leftover {
        let mut were = elements(before).map_while(Result::ok);
        let kept = paths.lists() && were.any(|it| it.key == customer && Some(it.whole) == field);
        let is_list = named.is_some_and(|it| it.kind == kind::ARRAY);
        let same = same && times == 1 && rest.next().is_none();
        return Became::Linked {
            customers,
            same: same && (kept || is_list == paths.lists()),
            kept,
        };
    }
    Became::Left {
        same: is_same(paths, before, current),
        half: leftover && times > 0,
    }
}

/// Equal in every byte, but for what other entries of the collection change.
fn is_same(paths: &ProofPaths, before: &RawDocument, current: &RawDocument) -> bool {
    if !paths.shares_documents() {
        return before.as_bytes() == current.as_bytes();
    }
    let own = |document| {
        let all = elements(document).map_while(Result::ok);
        all.filter(|element| !paths.is_elsewhere(element.key))
            .map(|element| element.whole)
    };
    own(before).eq(own(current))
}

/// The customer stands where the user stood: every other element is the same, at the same place.
fn in_its_place(paths: &ProofPaths, before: &RawDocument, current: &RawDocument) -> Became {
    let value = paths.customer(current);
    let customers = paths.customers_in(value);
    if is_same(paths, before, current) {
        return Became::Unchanged {
            customer: customers.into_iter().next(),
        };
    }
    let key = paths.changing()[1].as_bytes();
    let mut expected: Vec<(bool, Cow<'_, [u8]>)> = Vec::new();
    for element in elements(before).map_while(Result::ok) {
        let is_it = element.key == key;
        let again = is_it && expected.iter().any(|(is_it, _)| *is_it);
        if !again && !paths.drops(element.key) && !paths.is_elsewhere(element.key) {
            expected.extend(paths.remains_of(&element).map(|it| (is_it, it)));
        }
    }
    let appended = !expected.iter().any(|(is_it, _)| *is_it);
    let now = elements(current).map_while(Result::ok);
    let now: Vec<Element<'_>> = now.filter(|it| !paths.is_elsewhere(it.key)).collect();
    let count = expected.len() + usize::from(appended);
    let same_place = |(at, element): (usize, &Element<'_>)| match expected.get(at) {
        Some((true, _)) => element.key == key,
        Some((false, was)) => **was == *element.whole,
        None => appended && element.key == key,
    };
    let same = now.len() == count && now.iter().enumerate().all(same_place);
    if customers.is_empty() {
        return Became::Left {
            same: false,
            half: false,
        };
    }
    let is_list = value.is_some_and(|it| it.kind == kind::ARRAY);
    Became::Linked {
        customers,
        same: same && is_list == paths.lists(),
        kept: false,
    }
}
