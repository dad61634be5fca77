//! What the proof says of the bookings of the original: what became of each, and whose it is now.

use bson::raw::RawDocument;

use super::examined::{Became, Examined};
use super::guests::known_as;
use super::names::Number;
use super::rows::{Customer, Pair, pair_key};
use super::{Ledger, TOGETHER, only};
use crate::domain::id::Id;
use crate::domain::link::LinkKind;
use crate::domain::survey::facts::id_of;

impl Ledger {
    /// Takes bookings of the original with what became of them.
    pub fn bookings(&mut self, examined: &[Examined]) {
        for some in examined.chunks(TOGETHER) {
            let names: Vec<_> = some.iter().filter_map(|it| it.names.first()).collect();
            self.users.prefetch(&names);
            let customers = some.iter().flat_map(|it| match &it.became {
                Became::Linked { customers, .. } => customers.as_slice(),
                _ => &[],
            });
            let customers = customers.map(Id::as_bytes);
            self.customers.rows.prefetch(customers);
            for booking in some {
                self.booking(booking);
            }
        }
    }

    fn booking(&mut self, booking: &Examined) {
        self.bookings += 1;
        let id = &booking.id;
        if let Became::Outside { same } = booking.became {
            self.outside += 1;
            if !same {
                self.wrong(
                    id,
                    format!(
                        "{} {id}, which the mapping leaves out, has other bytes than the original",
                        self.what
                    ),
                );
            }
            return;
        }
        let business = only(&self.way().businesses(&booking.businesses));
        let names = booking.names.first();
        let users = self.way().users(&booking.names, &self.users);
        let user = users.first().copied();
        let user = user.or_else(|| self.guest_of(booking, business));
        match user.filter(|_| users.is_empty()) {
            Some(guest) => self.date(booking, (business, &[guest])),
            None => self.date(booking, (business, &users)),
        }
        match &booking.became {
            Became::Outside { .. } => {}
            Became::Unchanged { customer } => match customer {
                Some(customer) if self.is_here(customer) => {
                    self.linked_booking(id, (customer, true), (business, user, names));
                    if !self.paths().lists() {
                        self.several_users(id, &users, business);
                    }
                }
                _ => {
                    self.left_booking(id, (true, false), (business, user));
                    self.expect_others(&users, business);
                }
            },
            Became::Nothing => self.wrong(id, format!("{} {id} is missing", self.what)),
            Became::Both => {
                self.wrong(
                    id,
                    format!("{} {id} is live and in the quarantine", self.what),
                );
            }
            Became::Quarantined { same } => {
                self.quarantined += 1;
                if !same {
                    self.wrong(
                        id,
                        format!(
                            "{} {id} in the quarantine has other bytes than the original",
                            self.what
                        ),
                    );
                }
                // Another entry of the same collection may have sent it there.
                let alone = !self.paths().shares_documents();
                if let (false, Some(user), Some(business)) = (alone, user, business) {
                    self.expect_pair(user, business);
                    self.expect_others(&users, Some(business));
                }
                if alone && business.is_some() && user.is_some() {
                    self.wrong(
                        id,
                        format!(
                            "{} {id} is in the quarantine though its user and business are known",
                            self.what
                        ),
                    );
                }
            }
            Became::Linked {
                customers,
                same,
                kept,
            } => match customers.first() {
                Some(customer) if *kept || !self.paths().lists() => {
                    self.linked_booking(id, (customer, *same), (business, user, names));
                    if self.paths().lists() {
                        self.expect_others(&users, business);
                    } else {
                        self.several_users(id, &users, business);
                    }
                }
                Some(customer) if users.len() < 2 && customers.len() == 1 => {
                    self.linked_booking(id, (customer, *same), (business, user, names));
                }
                _ => self.listed_booking(id, (customers, *same), (business, &users)),
            },
            Became::Left { same, half } => {
                self.left_booking(id, (*same, *half), (business, user));
                self.expect_others(&users, business);
                self.lists_nobody(id, &users, business);
            }
        }
    }

    /// The guest of a booking, where its user is unknown and its business is one; also where no link names that guest.
    pub(super) fn guest_of(
        &mut self,
        booking: &Examined,
        business: Option<Number>,
    ) -> Option<Number> {
        let said = booking.guest.as_ref()?;
        let business = self.business_id(business?);
        Some(self.users.named(&known_as(&business, said)))
    }

    fn linked_booking(
        &mut self,
        id: &Id,
        (customer, same): (&Id, bool),
        (business, user, names): (Option<Number>, Option<Number>, Option<&Id>),
    ) {
        self.linked += 1;
        if !same {
            self.wrong(
                id,
                format!("{} {id} has other bytes than the original", self.what),
            );
        }
        let Some(business) = self.business_for(id, business) else {
            return;
        };
        let Some((place, found)) = self.customer_for(id, customer) else {
            return;
        };
        let link = found.link.map(|link| {
            let users = self.customers.users(place, &link);
            let dangling = |names| self.users.dangling(names);
            let holds = match (user, names) {
                (Some(user), _) => users.contains(&user),
                (None, _) if link.kind == LinkKind::Existing => true,
                (None, Some(names)) => {
                    let holds = dangling(names).is_some_and(|it| users.contains(&it));
                    !link.kind.is_created() && holds
                }
                (None, None) => !link.kind.is_created() && users.is_empty(),
            };
            (link.kind, holds)
        });
        self.same_business(id, customer, &found, business);
        let Some((kind, holds)) = link else {
            self.wrong(
                id,
                format!(
                    "{} {id} names customer {customer}, which has no link",
                    self.what
                ),
            );
            return;
        };
        if !holds {
            self.wrong(
                customer,
                format!(
                    "the link of customer {customer} does not hold the user of {} {id}",
                    self.what
                ),
            );
        }
        if let Some(user) = user {
            if self.stays_with_account(user, business) {
                let says = format!(
                    "{} {id} has a customer though its user has an account, and no booking at the business",
                    self.what
                );
                self.wrong(id, says);
            }
            let made = (kind != LinkKind::Existing).then_some(place);
            self.pair(
                id,
                (user, business),
                made.and_then(|it| Number::try_from(it).ok()),
            );
        }
    }

    /// The business of a booking that has a customer; says so where it is unknown.
    pub(super) fn business_for(
        &mut self,
        booking: &Id,
        business: Option<Number>,
    ) -> Option<Number> {
        if business.is_none() {
            self.wrong(
                booking,
                format!(
                    "{} {booking} has a customer though its business is unknown",
                    self.what
                ),
            );
        }
        business
    }

    /// True for a customer that is there.
    pub(super) fn is_here(&self, customer: &Id) -> bool {
        let place = self.customers.rows.find(customer.canonical().as_bytes());
        place.is_some_and(|place| self.customers.rows.value(place).here)
    }

    /// The customer that a booking names, and its place; says so where there is none.
    pub(super) fn customer_for(
        &mut self,
        booking: &Id,
        customer: &Id,
    ) -> Option<(usize, Customer)> {
        let customers = &self.customers.rows;
        let place = customers.find(customer.canonical().as_bytes());
        let other = place.is_none();
        let place = place.or_else(|| customers.find(customer.other_form()?.as_bytes()));
        let found = place.map(|place| (place, customers.value(place)));
        let found = found.filter(|(_, found)| found.here);
        if found.is_none() {
            self.wrong(
                booking,
                format!(
                    "{} {booking} names customer {customer}, which does not exist",
                    self.what
                ),
            );
        } else if other && self.exact {
            let says = format!(
                "{} {booking} names customer {customer} in another type than its _id has: an application finds nobody by it",
                self.what
            );
            self.wrong(booking, says);
        }
        found
    }

    /// Says so where the customer of a booking is not of its business.
    pub(super) fn same_business(
        &mut self,
        booking: &Id,
        customer: &Id,
        found: &Customer,
        business: Number,
    ) {
        if found.business != Some(business) {
            let business = self.business_id(business);
            self.wrong(booking, format!("{} {booking} names customer {customer} of another business than its own, {business}", self.what));
        }
    }

    pub(super) fn pair(&mut self, booking: &Id, of: (Number, Number), customer: Option<Number>) {
        let unseen = Pair {
            customer,
            linked: true,
        };
        let (at, new) = self.pairs.insert(&pair_key(of), &unseen);
        if new {
            return;
        }
        let known = self.pairs.value(at);
        let pair = Pair {
            customer: known.customer.or(customer),
            linked: true,
        };
        match (known.customer, customer) {
            (Some(one), Some(other)) if one != other => {
                let (user, business) = (self.user_id(of.0), self.business_id(of.1));
                let (one, other) = (self.customer_id(one), self.customer_id(other));
                let says = format!(
                    "user {user} has two customers at business {business}: {one} and {other} ({} {booking})",
                    self.what
                );
                self.wrong(booking, says);
            }
            _ => self.pairs.set(at, &pair),
        }
    }

    fn customer_id(&self, place: Number) -> Id {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        Id::from_bytes(&self.customers.rows.key(place))
    }

    fn left_booking(
        &mut self,
        id: &Id,
        (same, half): (bool, bool),
        known: (Option<Number>, Option<Number>),
    ) {
        if !same {
            let says = if half {
                format!(
                    "{} {id} still has its {}",
                    self.what,
                    self.paths().changing()[0]
                )
            } else {
                format!(
                    "{} {id} has no customer and other bytes than the original",
                    self.what
                )
            };
            self.wrong(id, says);
            return;
        }
        let may = self.allowed();
        let allowed = match known {
            (None, _) => may.without_business,
            (Some(_), None) => may.without_user,
            (Some(business), Some(user)) if self.stays_with_account(user, business) => {
                self.with_account += 1;
                return;
            }
            (Some(business), Some(user)) => {
                let key = pair_key((user, business));
                self.pairs.insert(&key, &Pair::default());
                may.skipped
            }
        };
        self.left += 1;
        if !allowed {
            self.wrong(
                id,
                format!(
                    "{} {id} has no customer, and no decision left it so",
                    self.what
                ),
            );
        }
    }

    /// Takes a live booking that the original does not hold.
    pub fn extra_booking(&mut self, document: &RawDocument, place: &str) {
        if let Some(id) = id_of(document) {
            self.wrong(
                &id,
                format!(
                    "{} {id} stands in {place} and not in the original",
                    self.what
                ),
            );
        }
    }
}
