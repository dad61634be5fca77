//! A booking beside its original, element by element.

use bson::raw::RawDocument;

use crate::domain::mapping::BookingRole;
use crate::domain::raw::{Element, Value, elements, kind};

/// A booking as it is, beside the original.
pub(super) struct Compared<'d> {
    /// Its customer, where it names one.
    pub(super) customer: Option<Value<'d>>,
    /// It still has its user.
    pub(super) leftover: bool,
    /// Equal in every byte but for the original's user, and customer on both sides, which it names once.
    pub(super) same: bool,
}

impl<'d> Compared<'d> {
    pub(super) fn of(role: &BookingRole, before: &RawDocument, current: &'d RawDocument) -> Self {
        let (user, customer) = (role.user.as_bytes(), role.customer.as_bytes());
        let mut rest = elements(before)
            .map_while(Result::ok)
            .filter(|element: &Element<'_>| element.key != user && element.key != customer);
        let (mut named, mut times, mut leftover, mut same) = (None, 0_u32, false, true);
        for element in elements(current).map_while(Result::ok) {
            if element.key == customer {
                times += 1;
                named = named.or(Some(element.value));
            } else if element.key == user {
                leftover = true;
            } else {
                same &= rest.next().is_some_and(|it| it.whole == element.whole);
            }
        }
        Self {
            customer: named.filter(|value| value.kind != kind::NULL),
            leftover,
            same: same && times == 1 && rest.next().is_none(),
        }
    }
}
