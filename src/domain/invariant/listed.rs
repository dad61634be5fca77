//! What the proof says of a document that came to point at a list of customers: each user whom it named has theirs in it, in the users' order,
//! each once, and nobody else's is there.

use super::Ledger;
use super::names::Number;
use super::paths::Ids;
use super::rows::{pair_key, pair_of};
use crate::domain::id::Id;
use crate::domain::link::LinkKind;

impl Ledger {
    /// Takes a document that named these users and points at these customers.
    pub(super) fn listed_booking(
        &mut self,
        id: &Id,
        (customers, same): (&Ids, bool),
        (business, users): (Option<Number>, &[Number]),
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
        let mut listed = Vec::new();
        for customer in customers {
            let Some((place, found)) = self.customer_for(id, customer) else {
                return;
            };
            self.same_business(id, customer, &found, business);
            let Some(link) = found.link else {
                self.wrong(
                    id,
                    format!(
                        "{} {id} names customer {customer}, which has no link",
                        self.what
                    ),
                );
                return;
            };
            listed.push((place, link.kind, self.customers.users(place, &link)));
        }
        let mut seen: Vec<usize> = Vec::new();
        for user in users {
            if self.stays_with_account(*user, business) {
                continue;
            }
            let theirs = listed.iter().position(|(_, _, of)| of.contains(user));
            let Some(at) = theirs else {
                self.expect_pair(*user, business);
                let unlisted = pair_key((*user, business));
                self.unlisted.entry(unlisted).or_insert_with(|| id.clone());
                continue;
            };
            if !seen.contains(&at) {
                seen.push(at);
            }
            let (place, kind, _) = &listed[at];
            let made = (*kind != LinkKind::Existing).then_some(*place);
            let made = made.and_then(|it| Number::try_from(it).ok());
            self.pair(id, (*user, business), made);
        }
        if !seen.iter().copied().eq(0..listed.len()) {
            self.wrong(
                id,
                format!(
                    "{} {id} lists customers other than those of its users, in the users' order",
                    self.what
                ),
            );
        }
    }

    /// Takes a document that was left as it is: none of its other users has a customer.
    pub(super) fn lists_nobody(&mut self, id: &Id, users: &[Number], business: Option<Number>) {
        let Some(business) = business.filter(|_| self.paths().lists()) else {
            return;
        };
        for user in users.iter().skip(1) {
            if !self.stays_with_account(*user, business) {
                let unlisted = pair_key((*user, business));
                self.unlisted.entry(unlisted).or_insert_with(|| id.clone());
            }
        }
    }

    /// Says which documents lack the customer of a user who has one. After the links.
    pub(super) fn nobody_is_missing_from_a_list(&mut self) {
        for (key, id) in std::mem::take(&mut self.unlisted) {
            let has_one = self.assigned.find(&key);
            if has_one.is_some_and(|at| self.assigned.value(at)) {
                let user = self.user_id(pair_of(&key).0);
                let says = format!("a document lists customers, and not that of its user {user}");
                self.wrong(&id, format!("{says}: {id}"));
            }
        }
    }
}
