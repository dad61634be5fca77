//! What the proof says of customers who are dated by the oldest of their users or bookings: the time that a link holds is found anew, from the
//! bookings of the original.

use bson::raw::RawDocument;

use super::Ledger;
use super::dates::of_object_id;
use super::examined::{Became, Examined};
use super::names::Number;
use super::rows::{Customers, pair_key};
use crate::domain::id::Id;
use crate::domain::survivorship::dated_by;
use crate::domain::table::{Memory, Table};

/// The earliest times of bookings: of the originals, and of those that were taken in later.
#[derive(Debug)]
struct Earliest {
    /// By user and business.
    pairs: Table<i64>,
    /// By the customer of bookings that name nobody.
    nobody: Table<i64>,
}

impl Earliest {
    fn new(memory: &Memory) -> Self {
        Self {
            pairs: Table::new(memory),
            nobody: Table::new(memory),
        }
    }
}

fn take(table: &mut Table<i64>, key: &[u8], time: i64) {
    let (at, _) = table.insert(key, &time);
    let known = table.value(at);
    table.set(at, &known.min(time));
}

fn found(table: &Table<i64>, key: &[u8]) -> Option<i64> {
    table.find(key).map(|at| table.value(at))
}

/// The account of dates.
#[derive(Debug)]
pub(super) struct Dated {
    /// What links say, by customer.
    said: Table<i64>,
    originals: Earliest,
    late: Earliest,
    /// What is taken now was taken in later.
    takes_late: bool,
}

impl Dated {
    pub(super) fn new(memory: &Memory) -> Self {
        Self {
            said: Table::new(memory),
            originals: Earliest::new(memory),
            late: Earliest::new(memory),
            takes_late: false,
        }
    }

    /// Takes what a link says.
    pub(super) fn said(&mut self, customer: &Id, link: &RawDocument) {
        if let Some(time) = dated_by(link) {
            self.said.insert(customer.canonical().as_bytes(), &time);
        }
    }
}

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
            let of_users = users.iter().filter(|user| self.users.is_document(**user));
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
