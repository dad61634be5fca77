//! What the proof says of a live booking without its original: whom it belongs to.

use bson::raw::RawDocument;

use super::paths::Named;
use super::{Ledger, TOGETHER, only};
use crate::domain::id::Id;

impl Ledger {
    /// Takes live bookings alone: the customer of each must be of its own business. After businesses, what leads to them, and customers.
    pub fn all_standing(&mut self, bookings: &[&RawDocument]) {
        for some in bookings.chunks(TOGETHER) {
            let paths = self.paths();
            let customers = some
                .iter()
                .flat_map(|it| paths.customers_in(paths.customer(it)));
            let customers: Vec<Id> = customers.collect();
            self.customers
                .rows
                .prefetch(customers.iter().map(Id::as_bytes));
            for booking in some {
                self.standing(booking);
            }
        }
    }

    fn standing(&mut self, booking: &RawDocument) {
        let named = self.paths().named(booking);
        let Some(id) = named.id.clone() else {
            return;
        };
        self.bookings += 1;
        if self.paths().is_outside(booking) {
            self.outside += 1;
            return;
        }
        let Some(first) = named.customers.first() else {
            self.left += 1;
            return;
        };
        self.linked += 1;
        let in_place = self.paths().in_place();
        if in_place && !self.is_here(first) {
            self.linked -= 1;
            self.left += 1; // it still names a user
            return;
        }
        self.belongs(&id, booking, &named);
    }

    /// Takes a document that is live, and that the original does not hold: an application wrote it since. It is right where it names a customer
    /// of its own business, or may stand without one.
    pub fn written_since(&mut self, document: &RawDocument, place: &str) {
        let named = self.paths().named(document);
        let Some(id) = named.id.clone() else { return };
        let before = self.wrong;
        let first = named.customers.first();
        let points = first.is_some_and(|it| !self.paths().in_place() || self.is_here(it));
        if self.paths().is_outside(document) {
            // It takes part in nothing.
        } else if points {
            self.belongs(&id, document, &named);
        } else if !self.may_stand_alone(&named) {
            let says = format!(
                "{} {id} stands in {place} and not in the original, and names no customer",
                self.what
            );
            self.wrong(&id, says);
        }
        self.since += u64::from(self.wrong == before);
    }

    /// True where a document without a customer is as a decision left others, or stays with its user's account.
    fn may_stand_alone(&self, named: &Named) -> bool {
        let business = only(&self.way().businesses(&named.businesses));
        let users = self.way().users(&named.users, &self.users);
        match (business, users.first()) {
            (None, _) => self.allowed().without_business,
            (Some(_), None) => self.allowed().without_user,
            (Some(business), Some(user)) => self.stays_with_account(*user, business),
        }
    }

    /// Says what is not right about whose a live document is that names a customer.
    fn belongs(&mut self, id: &Id, booking: &RawDocument, named: &Named) {
        let may_stay = self.paths().in_place() || self.paths().keeps();
        if !may_stay && self.paths().user(booking).is_some() {
            let says = format!(
                "{} {id} still has its {}",
                self.what,
                self.paths().changing()[0]
            );
            self.wrong(id, says);
        }
        let business = only(&self.way().businesses(&named.businesses));
        let by_customer = business.is_none() && self.loses_its_way();
        if !by_customer && self.business_for(id, business).is_none() {
            return;
        }
        for customer in &named.customers {
            if let Some((_, found)) = self.customer_for(id, customer)
                && let Some(business) = business
            {
                self.same_business(id, customer, &found, business);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::oid::ObjectId;
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;
    use crate::domain::invariant::LeftAllowed;
    use crate::domain::mapping::{DEFAULT, Mapping};
    use crate::domain::table::tests::memory;

    #[test]
    fn a_reference_of_another_type_than_the_id_is_wrong_where_nobody_linked_before() {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        for exact in [true, false] {
            let allowed = vec![LeftAllowed::default()];
            let ledger = Ledger::new(mapping.clone(), allowed, &memory(1 << 20));
            let mut ledger = ledger.exact(exact);
            let (business, customer) = (ObjectId::new(), ObjectId::new());
            ledger.business(&rawdoc! { "_id": business });
            for needed in ledger.needed() {
                ledger.between(&needed, &rawdoc! { "_id": "s1", "businessId": business });
            }
            ledger.customer(&rawdoc! { "_id": customer, "businessId": business.to_hex() });
            let booking =
                rawdoc! { "_id": "n1", "serviceId": "s1", "customerId": customer.to_hex() };
            ledger.all_standing(&[&booking]);
            let says: Vec<_> = ledger.findings.iter().map(|it| it.says.as_str()).collect();
            let found = says
                .iter()
                .filter(|it| it.contains("in another type"))
                .count();
            assert_eq!(found, if exact { 2 } else { 0 }, "{says:?}");
        }
    }

    #[test]
    fn a_booking_must_stand_with_a_customer_of_the_business_of_its_service() {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        let mut ledger = Ledger::new(mapping, vec![LeftAllowed::default()], &memory(1 << 20));
        for business in ["b1", "b2"] {
            ledger.business(&rawdoc! { "_id": business });
        }
        for needed in ledger.needed() {
            ledger.between(&needed, &rawdoc! { "_id": "s1", "businessId": "b1" });
            ledger.between(&needed, &rawdoc! { "_id": "gone", "businessId": "b3" });
        }
        ledger.customer(&rawdoc! { "_id": "c1", "businessId": "b1" });
        ledger.customer(&rawdoc! { "_id": "c2", "businessId": "b2" });
        let mut says = |booking: RawDocumentBuf| -> Vec<String> {
            ledger.all_standing(&[&booking]);
            let findings = std::mem::take(&mut ledger.findings);
            findings.into_iter().map(|finding| finding.says).collect()
        };
        let fine = [
            rawdoc! { "_id": "n1", "serviceId": "s1", "customerId": "c1" },
            rawdoc! { "_id": "n2", "serviceId": "s1", "userId": "u" },
            rawdoc! { "_id": "n3", "customerId": null },
        ];
        for booking in fine {
            assert_eq!(says(booking), Vec::<String>::new());
        }
        for (booking, finding) in [
            (
                rawdoc! { "_id": "n4", "serviceId": "s1", "customerId": "c2" },
                "booking \"n4\" names customer \"c2\" of another business than its own, \"b1\"",
            ),
            (
                rawdoc! { "_id": "n5", "serviceId": "s1", "customerId": "c3" },
                "booking \"n5\" names customer \"c3\", which does not exist",
            ),
            (
                rawdoc! { "_id": "n6", "serviceId": "gone", "customerId": "c1" },
                "booking \"n6\" has a customer though its business is unknown",
            ),
            (
                rawdoc! { "_id": "n7", "serviceId": "s1", "customerId": "c1", "userId": null },
                "booking \"n7\" still has its userId",
            ),
        ] {
            assert_eq!(says(booking), [finding]);
        }
        assert_eq!((ledger.bookings, ledger.linked, ledger.left), (7, 5, 2));
    }
}
