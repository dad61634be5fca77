//! The links, as a rollback reads them: which users stand behind a customer, which customers a user has.

use std::collections::{HashMap, HashSet};

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::id::Id;
use crate::domain::link::{LinkKind, UnknownLink, is_note, merged_in};
use crate::domain::mapping::Mapping;
use crate::domain::raw::{Value, elements, get};
use crate::domain::survey::facts::id_of;
use crate::domain::survivorship::{MADE, dated_by};

/// Where a customer comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Its `_id`.
    pub id: Id,
    /// How it came about.
    pub kind: LinkKind,
    /// Its business, where known.
    pub business: Option<Id>,
    /// Its users, in `_id` order; for a placeholder the value that names nobody.
    pub users: Vec<Id>,
    /// Its guests, by their own ids.
    pub guests: Vec<Id>,
    /// The digests of the fields that it was made with.
    pub made: Option<RawDocumentBuf>,
    /// When the oldest of its users or bookings was made, where it is dated by that.
    pub oldest: Option<i64>,
}

impl Origin {
    /// True for a customer that was made of guests alone: no user stands behind it.
    pub fn is_of_guests(&self) -> bool {
        self.users.is_empty() && !self.guests.is_empty()
    }

    /// Its first user in the link's order, which is that of `_id`, who is not gone; else the first. Edits of a merged customer
    /// and its new bookings go there.
    pub fn first_user(&self, is_gone: impl Fn(&Id) -> bool) -> Option<&Id> {
        let here = |user: &&Id| !is_gone(&user.canonical());
        self.users.iter().find(here).or_else(|| self.users.first())
    }
}

/// All links.
#[derive(Debug, Default)]
pub struct Links {
    origins: HashMap<Id, Origin>,
    customers_of: HashMap<Id, Vec<Id>>,
    cleaned: HashSet<Id>,
    /// Customers that were there before and were merged into another one: which.
    merged: HashMap<Id, Id>,
}

impl Links {
    /// Takes a link.
    ///
    /// # Errors
    /// A kind that this version does not know.
    pub fn take(&mut self, mapping: &Mapping, link: &RawDocument) -> Result<(), UnknownLink> {
        let Some(id) = id_of(link) else {
            return Ok(());
        };
        if is_note(link) {
            return Ok(()); // the original holds all of them
        }
        let kind = LinkKind::of(link)?;
        let inner = |key: &str| RawDocument::from_bytes(get(link, key)?.bytes).ok();
        let named = |list: &str| -> Vec<Id> {
            let list = inner(list).into_iter().flat_map(elements);
            let named = list.map_while(Result::ok);
            named.map(|it| Id::from_value(it.value)).collect()
        };
        let users = named("users");
        if kind != LinkKind::Placeholder {
            for user in &users {
                let customers = self.customers_of.entry(user.canonical()).or_default();
                customers.push(id.canonical());
                if kind == LinkKind::Created {
                    self.cleaned.insert(user.canonical());
                }
            }
        }
        for customer in merged_in(link).iter().filter_map(|it| id_of(it)) {
            self.merged.insert(customer.canonical(), id.canonical());
        }
        let origin = Origin {
            kind,
            business: get(link, &mapping.customer.business).map(Id::from_value),
            users,
            guests: named("guests"),
            made: inner(MADE).map(ToOwned::to_owned),
            oldest: dated_by(link),
            id: id.clone(),
        };
        self.origins.insert(id.canonical(), origin);
        Ok(())
    }

    /// Where the customer `id` comes from; `None` for one that the application made.
    pub fn origin(&self, id: &Id) -> Option<&Origin> {
        self.origins.get(&id.canonical())
    }

    /// True for a customer that was there before and was merged into another one: into `other`, where that is given.
    pub fn is_merged_away(&self, customer: &Id, other: Option<&Id>) -> bool {
        let forms = [Some(customer.canonical()), customer.other_form()];
        let mut into = forms.iter().flatten().filter_map(|id| self.merged.get(id));
        into.any(|into| other.is_none_or(|other| other.canonical() == *into))
    }

    /// All of them, in no order.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.origins.values()
    }

    /// True for a user, exact or in its other form, who stands behind some customer.
    pub fn knows(&self, user: &Id) -> bool {
        let is_known = |user: &Id| self.customers_of.contains_key(&user.canonical());
        is_known(user) || user.other_form().is_some_and(|user| is_known(&user))
    }

    /// The customers that `user` stands behind.
    pub fn customers_of(&self, user: &Id) -> &[Id] {
        self.customers_of
            .get(&user.canonical())
            .map_or(&[], Vec::as_slice)
    }

    /// Whether the contact fields of `user` were copied to a customer and left it.
    pub fn is_cleaned(&self, user: &Id) -> bool {
        self.cleaned.contains(&user.canonical())
    }

    /// Whether `reference`, exact or in its other form, names one of the users behind `origin`.
    pub fn names_user_of(&self, reference: Value<'_>, origin: &Origin) -> bool {
        let id = Id::from_value(reference);
        if origin.kind == LinkKind::Placeholder {
            return origin.users.contains(&id);
        }
        let mut user = id.canonical();
        if !self.customers_of.contains_key(&user)
            && let Some(other) = id.other_form()
        {
            user = other.canonical();
        }
        let loose = id.loose();
        let mut users = origin.users.iter();
        users.any(|it| it.canonical() == user || it.loose() == loose)
    }
}
