//! What the proof says of users: nothing but copied contact fields has left them.

use bson::raw::RawDocument;

use super::Ledger;
use crate::domain::id::Id;
use crate::domain::link::LinkKind;
use crate::domain::mapping::UserRole;
use crate::domain::raw::{Element, elements, get, kind};
use crate::domain::survey::facts::id_of;

/// True for a user without a password that holds a name and an e-mail.
pub fn holds_contact(role: &UserRole, user: &RawDocument) -> bool {
    let text = |field: &str| get(user, field).and_then(|value| value.as_str());
    let filled = |field: &str| text(field).is_some_and(|text| !text.is_empty());
    let password = get(user, &role.password).filter(|it| it.kind != kind::NULL);
    (password.is_none() || text(&role.password) == Some(""))
        && filled(&role.name)
        && filled(&role.email)
}

impl Ledger {
    /// Takes a current user that the original does not hold.
    pub fn extra_user(&mut self, document: &RawDocument, place: &str) {
        if let Some(id) = id_of(document) {
            self.wrong(
                &id,
                format!("user {id} stands in {place} and not in the original"),
            );
        }
    }

    /// Takes a user before and after. After [`Self::cleans`] and [`Self::cleans_copied`].
    pub fn user_pair(&mut self, before: &RawDocument, current: Option<&RawDocument>) {
        let Some(id) = id_of(before) else { return };
        let Some(current) = current else {
            self.wrong(&id, format!("user {id} is missing"));
            return;
        };
        self.holding += u64::from(holds_contact(&self.mapping.user, current));
        let number = self.users.known(&id);
        let cleaned = number.is_some_and(|user| self.users.is_marked(user));
        let contact = &self.mapping.user.contact;
        let is_contact =
            |element: &Element<'_>| contact.iter().any(|field| field.as_bytes() == element.key);
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
