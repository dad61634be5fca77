//! Documents that point at a list of customers, on their way back: each customer becomes its user again, in the customers' order.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::booking::{Goes, Ground};
use super::links::Origin;
use super::weave::Turn;
use crate::domain::id::Id;
use crate::domain::link::LinkKind;
use crate::domain::raw::{Builder, Malformed, Value, elements, get};
use crate::domain::reference::{Form, Reading, References, as_named};
use crate::domain::survey::facts::naming_hash;

/// What the customers of a list go back to.
pub(super) struct GoesTo {
    /// By what the document names its users, in the customers' order, each once.
    pub(super) names: Vec<Id>,
    /// Customers that were there before, and come back themselves.
    pub(super) stay: Vec<Id>,
    /// A customer whose guest the document itself says.
    pub(super) guest: Option<Id>,
}

impl Ground<'_> {
    /// The users whom one value of a document names.
    fn users_by(&self, named: &Id) -> Vec<Id> {
        if self.paths.is_by_email() {
            let hash = named.as_str().and_then(naming_hash);
            let user = hash.and_then(|hash| self.by_email.get(&hash));
            return user.cloned().into_iter().collect();
        }
        let reached = self.users.resolve(&Reading::of(named), as_named);
        reached.ends().cloned().collect()
    }

    /// Every user whom a document names, in its order; where it names nobody known, the values themselves.
    pub fn users_of(&self, reading: &Reading) -> Vec<Id> {
        let all = reading.all().flat_map(|named| self.users_by(named));
        let known: Vec<Id> = all.filter(|user| self.links.knows(user)).collect();
        if known.is_empty() {
            return reading.all().cloned().collect();
        }
        known
    }

    /// True where one of the users whom a document names stands behind a customer.
    pub(super) fn names_one_of(&self, reading: &Reading, origin: &Origin) -> bool {
        let users = self.users_of(reading);
        let is_theirs = |user: &Id| self.links.names_user_of(user.value(), origin);
        users.iter().any(is_theirs)
            || users.is_empty() && origin.kind == LinkKind::Placeholder && origin.users.is_empty()
    }

    /// Whether the migration itself can have given these customers, in this order, to a document that said this before.
    pub(super) fn are_baseline(&self, customers: &[Id], before: &References) -> bool {
        if !customers.iter().all(|it| self.is_baseline(it, before)) {
            return false;
        }
        let of = customers.first().and_then(|it| self.links.origin(it));
        let business = of.and_then(|origin| origin.business.as_ref());
        let mut seen = Vec::new();
        for user in self.users_of(&before.user) {
            let is_theirs = |customer: &Id| {
                let origin = self.links.origin(customer);
                origin.is_some_and(|origin| self.links.names_user_of(user.value(), origin))
            };
            let elsewhere = |customer: &Id| {
                let origin = self.links.origin(customer);
                let of = origin.and_then(|origin| origin.business.as_ref());
                of.map(Id::canonical) == business.map(Id::canonical)
            };
            match customers.iter().position(is_theirs) {
                Some(at) if seen.contains(&at) => {}
                Some(at) => seen.push(at),
                None if self.links.customers_of(&user).iter().any(elsewhere) => return false,
                None => {}
            }
        }
        // A guest, and whoever stands for nobody known, is alone.
        seen.is_empty() && customers.len() == 1 || seen.into_iter().eq(0..customers.len())
    }

    /// What these customers go back to, where a document named users like this; none where one of them goes nowhere.
    pub(super) fn goes_to(&self, customers: &[Id], said: &Reading) -> Option<GoesTo> {
        let mut to = GoesTo {
            names: Vec::new(),
            stay: Vec::new(),
            guest: None,
        };
        let mut add = |name: &Id| {
            if !to.names.contains(name) {
                to.names.push(name.clone());
            }
        };
        for customer in customers {
            let link = self.links.origin(customer);
            let theirs = said.all().filter(|named| {
                let users = self.users_by(named);
                link.is_some_and(|origin| {
                    let mut users = users.iter();
                    users.any(|user| self.links.names_user_of(user.value(), origin))
                })
            });
            let mut any = false;
            for named in theirs {
                any = true;
                add(named);
            }
            match self.goes(customer) {
                Goes::Existing(user) => {
                    user.filter(|_| !any).into_iter().for_each(&mut add);
                    to.stay.push(customer.clone());
                }
                _ if any => {}
                Goes::User(user) => add(user),
                Goes::Named(value) => value.into_iter().for_each(&mut add),
                Goes::Created => add(customer),
                Goes::Guest => to.guest = Some(customer.clone()),
                Goes::Nowhere => return None,
            }
        }
        Some(to)
    }

    /// The values of a document that name nobody who has a customer: they stay where they were.
    fn of_nobody(&self, said: &Reading) -> Vec<(usize, Id)> {
        let all = said.all().enumerate();
        let nobody = all.filter(|(_, named)| {
            let users = self.users_by(named);
            !users.iter().any(|user| self.links.knows(user))
        });
        nobody.map(|(at, named)| (at, named.clone())).collect()
    }

    /// The element that names users again, where a document named them like this before; empty where there is nobody to name.
    pub(super) fn naming_again(&self, to: &GoesTo, said: &Reading, form: &Form) -> Turn {
        let mut names = to.names.clone();
        for (at, named) in self.of_nobody(said) {
            if !names.contains(&named) {
                names.insert(at.min(names.len()), named);
            }
        }
        if said.all().eq(&names) {
            return Turn::Before;
        }
        let values: Vec<Value<'_>> = names.iter().map(Id::value).collect();
        Turn::Put(self.paths.naming_all(&values, form))
    }

    /// The element of those customers that come back themselves, of a field that holds these.
    pub(super) fn staying(&self, to: &GoesTo, customers: &[Id], is: Vec<u8>) -> Turn {
        if to.stay.len() == customers.len() {
            return Turn::Put(is);
        }
        if to.stay.is_empty() {
            return Turn::Put(Vec::new());
        }
        let mut list = Builder::new(64);
        list.array(self.paths.customer(), to.stay.iter().map(Id::value));
        let list = list.finish();
        let element = elements(&list).map_while(Result::ok).next();
        Turn::Put(element.map_or_else(Vec::new, |element| element.whole.to_vec()))
    }

    /// A document of the application that points at these customers; none where one of them has no user.
    pub(super) fn new_listed(
        &self,
        current: &RawDocument,
        said: &References,
    ) -> Result<Option<RawDocumentBuf>, Malformed> {
        let paths = self.paths;
        let customers: Vec<Id> = said.customers().cloned().collect();
        // In place the field holds customers, and says nothing of users.
        let nobody = Reading::default();
        let users = if paths.is_in_place() {
            &nobody
        } else {
            &said.user
        };
        let Some(to) = self.goes_to(&customers, users) else {
            return Ok(None);
        };
        let unnamed = to
            .names
            .iter()
            .any(|name| !users.all().any(|it| it == name));
        if unnamed && !paths.can_name_a_user() {
            return Ok(None);
        }
        let lifted = paths.lifted(current)?;
        let named = match self.naming_again(&to, users, &self.form) {
            Turn::Before => get(&lifted, paths.user_key())
                .map_or_else(Vec::new, |value| value.under(paths.user_key())),
            Turn::Put(element) => element,
        };
        let held = get(&lifted, paths.customer());
        let held = held.map_or_else(Vec::new, |value| value.under(paths.customer()));
        let stays = match self.staying(&to, &customers, held) {
            Turn::Put(element) => element,
            Turn::Before => Vec::new(),
        };
        let in_its_place = if stays.is_empty() { &named } else { &stays };
        let (user, customer) = (paths.user_key().as_bytes(), paths.customer().as_bytes());
        let mut out = Builder::new(current.as_bytes().len() + 32);
        let mut placed = false;
        for element in elements(&lifted) {
            let element = element?;
            if paths.is_in_place() && element.key == customer {
                if !std::mem::replace(&mut placed, true) {
                    out.whole(in_its_place);
                }
            } else if element.key == customer {
                out.whole(&stays);
            } else if element.key == user {
                out.whole(&named);
                placed = true;
            } else {
                out.element(&element);
            }
        }
        if !placed {
            out.whole(&named);
        }
        let back = paths.lowered(out.finish(), None);
        Ok(match &to.guest {
            Some(guest) => self.with_guest(back, guest),
            None => Some(back),
        })
    }
}
