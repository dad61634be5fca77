//! What the proof says of users: nothing but copied contact fields has left them.

use bson::raw::RawDocument;

use super::Ledger;
use super::contact::holds_contact;
use crate::domain::id::Id;
use crate::domain::link::LinkKind;
use crate::domain::raw::{Element, elements};
use crate::domain::survey::facts::id_of;

impl Ledger {
    /// Takes a user before and after. After [`Self::cleans`] and [`Self::cleans_copied`].
    pub(super) fn user_pair(&mut self, before: &RawDocument, current: Option<&RawDocument>) {
        let Some(id) = id_of(before) else { return };
        let Some(current) = current else {
            self.wrong(&id, format!("user {id} is missing"));
            return;
        };
        let role = &self.mapping.user;
        if role
            .filter
            .as_ref()
            .is_none_or(|filter| filter.lets_in(current))
        {
            self.holding += u64::from(holds_contact(role, current));
        }
        let number = self.users.known(&id);
        let cleaned = number.is_some_and(|user| self.users.is_marked(user));
        let leaving: Vec<&str> = role.leaving().collect();
        let is_contact =
            |element: &Element<'_>| leaving.iter().any(|field| field.as_bytes() == element.key);
        let rest = |document, drop: bool| {
            elements(document)
                .map_while(Result::ok)
                .filter(move |element| !(drop && is_contact(element)))
                .map(|element| element.whole)
        };
        if cleaned
            && elements(current)
                .map_while(Result::ok)
                .any(|element| is_contact(&element))
        {
            self.wrong(
                &id,
                format!("user {id} still has contact fields that were copied to its customers"),
            );
        } else if !rest(before, cleaned).eq(rest(current, cleaned)) {
            self.wrong(&id, format!("user {id} has other bytes than the original"));
        }
    }

    /// Says that the contact fields of a user must be gone: a decision removes them without a copy.
    pub fn cleans(&mut self, user: &Id) {
        if let Some(user) = self.users.known(user) {
            self.users.mark(user);
        }
    }

    /// Says that the contact fields that were copied must be gone, by the links.
    pub fn cleans_copied(&mut self) {
        for (at, (_, customer)) in self.customers.rows.iter().enumerate() {
            if let Some(link) = customer.link.filter(|link| link.kind == LinkKind::Created) {
                for user in self.customers.users(at, &link) {
                    self.users.mark(user);
                }
            }
        }
    }
}
