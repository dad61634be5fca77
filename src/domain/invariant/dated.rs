//! What the proof says of customers who are dated by the oldest of their users or bookings: the time that a link holds is found anew, from the
//! bookings of the original.

use super::Ledger;
use super::dates::{Earliest, found, of_object_id, take};
use super::examined::{Became, Examined};
use super::names::{Names, Number};
use super::rows::{Customers, pair_key};
use crate::domain::id::Id;
use crate::domain::table::Table;

impl Ledger {
    /// What is taken from now on was taken in after the originals.
    pub fn takes_late(&mut self, late: bool) {
        self.dated.takes_late = late;
    }

    /// Takes the time of a booking of these users.
    pub(super) fn date(
        &mut self,
        booking: &Examined,
        (business, users): (Option<Number>, &[Number]),
    ) {
        let (Some(time), Some(business)) = (booking.made, business) else {
            return;
        };
        let dated = &mut self.dated;
        let into = if dated.takes_late {
            &mut dated.late
        } else {
            &mut dated.originals
        };
        for user in users {
            take(&mut into.pairs, &pair_key((*user, business)), time);
        }
        if let (true, Became::Linked { customers, .. }) = (users.is_empty(), &booking.became)
            && let Some(customer) = customers.first()
        {
            take(&mut into.nobody, customer.canonical().as_bytes(), time);
        }
    }

    /// Compares what links say with what was found.
    pub(super) fn check_dates(&mut self, customers: &Customers) {
        let said = std::mem::replace(&mut self.dated.said, Table::new(&self.memory));
        for (key, time) in said.iter() {
            let at = customers.rows.find(&key);
            let link = at.and_then(|at| Some((at, customers.rows.value(at).link?)));
            let Some((at, link)) = link else { continue };
            let users = customers.users(at, &link);
            let of_users = users.iter().filter(|user| Names::is_document(**user));
            let of_users =
                of_users.filter_map(|user| of_object_id(&self.user_id(*user).as_object_id()?));
            let of_bookings = |from: &Earliest| {
                let pairs = customers.pairs(at, &link);
                let times = pairs.filter_map(|pair| found(&from.pairs, &pair_key(pair)));
                times.min().or_else(|| found(&from.nobody, &key))
            };
            let is = of_users
                .min()
                .or_else(|| of_bookings(&self.dated.originals))
                .or_else(|| of_bookings(&self.dated.late));
            if is != Some(time) {
                let id = Id::from_bytes(&key);
                self.wrong(
                    &id,
                    format!("customer {id} is dated otherwise than its oldest user or booking"),
                );
            }
        }
    }
}
