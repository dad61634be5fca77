//! What the proof says of users: nothing but copied contact fields has left them.

use bson::raw::RawDocument;

use super::Ledger;
use super::contact::holds_contact;
use super::names::Number;
use super::paths::bare;
use super::rows::{Pair, pair_key, pair_of};
use crate::domain::id::Id;
use crate::domain::link::LinkKind;
use crate::domain::mapping::path::FieldPath;
use crate::domain::raw::{Element, Value, elements, kind, with_member};
use crate::domain::rebuilt::Rebuilt;
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
        if role.leaving().any(|path| !path.is_top_level()) {
            return self.user_with_members(&id, before, current, cleaned);
        }
        let leaving: Vec<&str> = role.leaving().map(FieldPath::top).collect();
        let is_contact =
            |element: &Element<'_>| leaving.iter().any(|field| field.as_bytes() == element.key);
        // With null instead, a contact field keeps its place and has nothing in it.
        let nulled = |element: &Element<'_>| self.contact_is_null && role.is_contact(element.key);
        let rest = |document, clean: bool| {
            elements(document)
                .map_while(Result::ok)
                .filter(move |element| nulled(element) || !(clean && is_contact(element)))
                .map(move |element| {
                    if clean && nulled(&element) {
                        (kind::NULL, element.key, &[][..])
                    } else {
                        (element.value.kind, element.key, element.value.bytes)
                    }
                })
        };
        let holds = |element: &Element<'_>| {
            is_contact(element) && !(nulled(element) && element.value.kind == kind::NULL)
        };
        if cleaned
            && elements(current)
                .map_while(Result::ok)
                .any(|element| holds(&element))
        {
            self.wrong(
                &id,
                format!("user {id} still has contact fields that were copied to its customers"),
            );
        } else if !rest(before, cleaned).eq(rest(current, cleaned)) {
            self.wrong(&id, format!("user {id} has other bytes than the original"));
        }
    }

    /// Takes a document before and after of a collection that only the after-schema changes, once its rules are undone.
    pub(super) fn same_pair(
        &mut self,
        which: &Rebuilt,
        before: &RawDocument,
        current: Option<&RawDocument>,
    ) {
        let id = id_of(before).unwrap_or_else(|| Id::string(""));
        let live = which.live();
        match current {
            None => self.wrong(&id, format!("{live} {id} is missing")),
            Some(current) if current != before => self.wrong(
                &id,
                format!("{live} {id} has other bytes than the original and the after-schema give"),
            ),
            Some(_) => {}
        }
    }

    /// The same where members of documents leave: what stands must be exactly what is left of the original.
    fn user_with_members(
        &mut self,
        id: &Id,
        before: &RawDocument,
        current: &RawDocument,
        cleaned: bool,
    ) {
        let role = &self.mapping.user;
        let null = Value {
            kind: kind::NULL,
            bytes: &[],
        };
        let mut expected = before.to_owned();
        for path in role.leaving().filter(|_| cleaned) {
            if path.value(&expected).is_none() {
                continue;
            }
            let names: Vec<&str> = path.steps().iter().map(|it| it.name.as_str()).collect();
            if self.contact_is_null && role.contact_paths.contains(path) {
                expected = with_member(&expected, &names, Some(null));
            } else if let Some(rest) = bare(&expected, path.steps()) {
                expected = rest;
            }
        }
        if expected.as_bytes() == current.as_bytes() {
            return;
        }
        let left = |path: &FieldPath| {
            let value = path.value(current).filter(|value| value.kind != kind::NULL);
            value.is_some()
        };
        let says = if cleaned && role.leaving().any(left) {
            format!("user {id} still has contact fields that were copied to its customers")
        } else {
            format!("user {id} has other bytes than the original")
        };
        self.wrong(id, says);
    }

    /// Says that contact fields do not go: they hold null instead.
    pub fn contact_is_null(&mut self) {
        self.contact_is_null = true;
    }

    /// Says that a user without a booking was given to a business: they make a pair.
    pub fn assigns(&mut self, user: &Id, business: &Id) {
        let business = self.ways[0].named(business);
        if let Some(user) = self.users.known(user) {
            let pair = Pair {
                customer: None,
                linked: true,
            };
            let key = pair_key((user, business));
            self.pairs.insert(&key, &pair);
            self.assigned.insert(&key, &false);
        }
    }

    /// Says that a user makes a pair with a business that it names itself.
    pub fn claims(&mut self, user: &Id, business: &Id) {
        let pair = self
            .users
            .known(user)
            .zip(Some(self.ways[0].named(business)));
        if pair.is_none_or(|pair| self.homes.find(&pair_key(pair)).is_none()) {
            self.wrong(
                user,
                format!("user {user} is said to name business {business}, and does not"),
            );
            return;
        }
        self.assigns(user, business);
    }

    /// The link of a customer names this pair.
    pub(super) fn has_customer(&mut self, pair: (Number, Number)) {
        if let Some(at) = self.assigned.find(&pair_key(pair)) {
            self.assigned.set(at, &true);
        }
    }

    pub(super) fn every_assigned_has_a_customer(&mut self) {
        let missing: Vec<(Number, Number)> = self
            .assigned
            .iter()
            .filter(|(_, seen)| !seen)
            .map(|(key, _)| pair_of(&key))
            .collect();
        for (user, business) in missing {
            let key = pair_key((user, business));
            let known = self.pairs.find(&key);
            let skipped = self.allowed.first().is_some_and(|it| it.skipped);
            if let Some(at) = known.filter(|_| skipped) {
                // By decision it gets no customer.
                self.pairs.set(at, &Pair::default());
                continue;
            }
            let (user, business) = (self.user_id(user), self.business_id(business));
            let says =
                format!("user {user} was given to business {business}, and no customer is theirs");
            self.wrong(&user, says);
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
