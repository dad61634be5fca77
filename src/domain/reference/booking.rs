//! The references of a booking: read in one pass, and what of a booking changes when it points at a customer instead of a user.

use std::borrow::Cow;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::drops::Drops;
use super::guest::{GuestKey, GuestPaths, GuestRoles};
use super::nested::Nested;
use super::path::{Path, Reading};
use crate::domain::id::Id;
use crate::domain::mapping::filter::Filter;
use crate::domain::mapping::path::{FieldPath, ReferencePath};
use crate::domain::mapping::{BusinessReference, Following, Mapping, Several, UserReference};
use crate::domain::raw::{Builder, Malformed, Value, elements, get, kind};

/// The paths of a booking, as the mapping says them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // what a mapping says of a reference: none follows from another
pub struct BookingPaths {
    pub(super) user: Path,
    /// In their order; none where there is one business alone.
    businesses: Vec<Path>,
    customer: String,
    created: Option<FieldPath>,
    filter: Option<Filter>,
    old: OldReference,
    /// The user is named by an e-mail.
    by_email: bool,
    /// The reference that leaves stands inside another document.
    pub(super) nested: Option<Nested>,
    /// What leaves beside it.
    drops: Drops,
    /// One path to the business, and all fields different ones: everything is found in one pass.
    in_one_pass: bool,
    /// The one business of all bookings, where the mapping names it.
    constant: Option<Id>,
    /// People without a user.
    guests: Option<GuestPaths>,
    guest_roles: GuestRoles,
    can_name: bool,
    /// The new field is a list: one customer for each user named.
    listed: bool,
}

/// Stands for the reference to a user where bookings have none: no field of a document has this name.
const NO_FIELD: &str = "\0";

/// What becomes of the reference to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OldReference {
    /// It leaves.
    Leaves,
    /// It stays.
    Stays,
    /// The new one takes its name and place.
    Replaced,
}

/// What a booking says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// `_id`.
    pub id: Option<Id>,
    /// By which it finds its user.
    pub user: Reading,
    /// By which it finds its business, by the first path.
    pub business: Reading,
    /// The same by the other paths.
    pub other_businesses: Vec<Reading>,
    /// By what it knows a guest.
    pub guest: Option<GuestKey>,
    /// The customer, unless missing or null; of a list of customers the first.
    pub customer: Option<Id>,
    /// The others of a list of customers.
    pub more_customers: Vec<Id>,
    /// The creation date.
    pub created: Option<i64>,
}

/// The service that a booking names, for its name alone.
pub fn service_of(mapping: &Mapping, document: &RawDocument) -> Option<Id> {
    let service = mapping.booking.service.as_ref()?;
    let value = get(document, service.as_field()?)?;
    (!value.is_blank()).then(|| Id::from_value(value))
}

impl References {
    /// What it says by each path to the business, in their order.
    pub fn businesses(&self) -> impl Iterator<Item = &Reading> {
        std::iter::once(&self.business).chain(&self.other_businesses)
    }

    /// Every customer that it names.
    pub fn customers(&self) -> impl Iterator<Item = &Id> {
        self.customer.iter().chain(&self.more_customers)
    }

    /// The value that should lead to its business: the first that it names.
    pub fn names_business(&self) -> Option<&Id> {
        self.businesses().find_map(Reading::named)
    }
}

/// The reference to a user that a booking holds, as the mapping writes it.
pub fn leaving(mapping: &Mapping) -> String {
    leaving_of(&mapping.booking.following)
}

/// The same of any document whose reference is replaced.
pub fn leaving_of(following: &Following) -> String {
    BookingPaths::following(following, None)
        .user
        .text()
        .to_owned()
}

impl BookingPaths {
    /// Those of a mapping's bookings.
    pub fn of(mapping: &Mapping) -> Self {
        let booking = &mapping.booking;
        Self {
            guests: GuestPaths::of(mapping),
            guest_roles: GuestRoles::of(mapping),
            ..Self::following(&booking.following, booking.created.as_ref())
        }
    }

    /// Those of a followed entry's documents, with the customer's fields that their guests give.
    pub fn entry(mapping: &Mapping, entry: &Following) -> Self {
        Self {
            guest_roles: GuestRoles::of(mapping),
            ..Self::following(entry, None)
        }
    }

    /// Those of documents whose reference is replaced, with their creation date.
    pub fn following(following: &Following, created: Option<&FieldPath>) -> Self {
        let user = match &following.user {
            Some(UserReference::Path(path)) => Path::of(path),
            Some(UserReference::Email(path)) => Path::of(&ReferencePath {
                start: path.clone(),
                hops: Vec::new(),
            }),
            None => Path::field(NO_FIELD),
        };
        let businesses: Vec<Path> = match &following.business {
            BusinessReference::Paths(paths) => paths.iter().map(Path::of).collect(),
            BusinessReference::Constant(_) => Vec::new(),
        };
        let nested = match &following.user {
            Some(UserReference::Path(path)) if !path.start.goes_through_arrays() => {
                Nested::of(&path.start)
            }
            Some(UserReference::Email(path)) => Nested::of(path),
            _ => None,
        };
        let mut fields = vec!["_id", user.key(), following.customer.as_str()];
        fields.extend(businesses.iter().map(Path::key));
        fields.extend(created.map(FieldPath::top));
        let count = fields.len();
        fields.sort_unstable();
        fields.dedup();
        Self {
            in_one_pass: businesses.len() == 1
                && fields.len() == count
                && following.guest.is_none(),
            can_name: match &following.user {
                Some(UserReference::Path(path)) => !path.start.goes_through_arrays(),
                Some(UserReference::Email(_)) | None => true,
            },
            guests: GuestPaths::following(following),
            guest_roles: GuestRoles::default(),
            listed: following.several == Several::List,
            user,
            businesses,
            customer: following.customer.clone(),
            created: created.cloned(),
            nested,
            constant: match &following.business {
                BusinessReference::Constant(id) => Some(id.clone()),
                BusinessReference::Paths(_) => None,
            },
            filter: following.filter.clone(),
            old: match (following.keep, following.in_place) {
                (true, _) => OldReference::Stays,
                (false, true) => OldReference::Replaced,
                (false, false) => OldReference::Leaves,
            },
            by_email: matches!(following.user, Some(UserReference::Email(_))),
            drops: Drops::of(&following.drop),
        }
    }

    /// How a booking finds its user.
    pub fn user(&self) -> &Path {
        &self.user
    }

    /// Where a booking says who its guest is; none where bookings have no guests.
    pub fn guests(&self) -> Option<&GuestPaths> {
        self.guests.as_ref()
    }

    /// The customer's fields that guests give as users do.
    pub fn guest_roles(&self) -> &GuestRoles {
        &self.guest_roles
    }

    /// True where a booking that names nobody can be made to name a user: nothing is put into an array of documents.
    pub fn can_name_a_user(&self) -> bool {
        self.can_name
    }

    /// True where bookings have a reference to a user.
    pub fn names_users(&self) -> bool {
        self.user.key() != NO_FIELD
    }

    /// How a booking finds its business: the paths in their order.
    pub fn businesses(&self) -> &[Path] {
        &self.businesses
    }

    /// True for a booking that takes part in nothing, by the mapping's filter.
    pub fn is_outside(&self, booking: &RawDocument) -> bool {
        let filter = self.filter.as_ref();
        filter.is_some_and(|filter| !filter.lets_in(booking))
    }

    /// True where the field of the customer is the one that named the user.
    pub fn is_in_place(&self) -> bool {
        self.old == OldReference::Replaced
    }

    /// The field of the user's reference, as it is dealt with: one inside another document is lifted out first.
    pub fn user_key(&self) -> &str {
        match &self.nested {
            Some(nested) => &nested.key,
            None => self.user.key(),
        }
    }

    /// The booking as it is dealt with, its reference at the top.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn lifted<'d>(&self, booking: &'d RawDocument) -> Result<Cow<'d, RawDocument>, Malformed> {
        match &self.nested {
            Some(nested) => nested.lift(booking).map(Cow::Owned),
            None => Ok(Cow::Borrowed(booking)),
        }
    }

    /// The booking as the application has it; `before` says where the reference stood.
    pub fn lowered(&self, booking: RawDocumentBuf, before: Option<&RawDocument>) -> RawDocumentBuf {
        match &self.nested {
            Some(nested) => nested.lower(&booking, before),
            None => booking,
        }
    }

    /// True where a booking names its user by an e-mail.
    pub fn is_by_email(&self) -> bool {
        self.by_email
    }

    /// True where whoever refers to a user holds an id; not an e-mail or a name.
    pub fn names_users_by_id(&self) -> bool {
        !self.by_email && self.user.goes_by_ids()
    }

    /// What leaves a booking beside its reference to a user.
    pub fn drops(&self) -> &Drops {
        &self.drops
    }

    /// The one business of all bookings, where the mapping names it.
    pub fn constant(&self) -> Option<&Id> {
        self.constant.as_ref()
    }

    /// The field of the customer.
    pub fn customer(&self) -> &str {
        &self.customer
    }

    /// True where the new field is a list: one customer for each user that a booking names.
    pub fn is_list(&self) -> bool {
        self.listed
    }

    /// Takes the customers that the field of the customer holds.
    fn take_customers(&self, value: Option<Value<'_>>, into: &mut References) {
        let Some(value) = value.filter(|value| value.kind != kind::NULL) else {
            return;
        };
        let list = RawDocument::from_bytes(value.bytes);
        match list {
            Ok(list) if self.listed && value.kind == kind::ARRAY => {
                let items = elements(list).map_while(Result::ok);
                let items = items.filter(|item| item.value.kind != kind::NULL);
                let mut items = items.map(|item| Id::from_value(item.value));
                into.customer = items.next();
                into.more_customers = items.collect();
            }
            _ => into.customer = Some(Id::from_value(value)),
        }
    }

    /// Reads a booking.
    pub fn read(&self, document: &RawDocument) -> References {
        match self.businesses.first() {
            Some(business) if self.in_one_pass => self.read_in_one_pass(business, document),
            _ => self.read_one_by_one(document),
        }
    }

    fn read_one_by_one(&self, document: &RawDocument) -> References {
        let mut businesses = self.businesses.iter().map(|path| path.read(document));
        let created = self.created.as_ref();
        let mut references = References {
            id: get(document, "_id").map(Id::from_value),
            user: self.user.read(document),
            business: businesses.next().unwrap_or_default(),
            other_businesses: businesses.collect(),
            guest: self.guests.as_ref().and_then(|it| it.key(document)),
            created: created.and_then(|created| created.value(document)?.as_date()),
            ..References::default()
        };
        self.take_customers(get(document, &self.customer), &mut references);
        references
    }

    fn read_in_one_pass(&self, business: &Path, document: &RawDocument) -> References {
        let created = self.created.as_ref();
        let (user, key) = (self.user.key().as_bytes(), business.key().as_bytes());
        let customer = self.customer.as_bytes();
        let dated = created.map_or(&b"_id"[..], |created| created.top().as_bytes());
        let mut references = References::default();
        let mut seen = [false; 5];
        for element in elements(document).map_while(Result::ok) {
            let (name, value) = (element.key, element.value);
            let at = if name == b"_id" {
                0
            } else if name == user {
                1
            } else if name == key {
                2
            } else if name == customer {
                3
            } else if name == dated {
                4
            } else {
                continue;
            };
            if std::mem::replace(&mut seen[at], true) {
                continue; // of a repeated key the first one counts, as for the server
            }
            match at {
                0 => references.id = Some(Id::from_value(value)),
                1 => references.user = self.user.read_under(value),
                2 => references.business = business.read_under(value),
                3 => self.take_customers(Some(value), &mut references),
                _ => {
                    let created = created.and_then(|path| path.value_under(value));
                    references.created = created.and_then(|value| value.as_date());
                }
            }
        }
        references
    }

    /// The booking that points at these customers: at the one, or at a list of them where the mapping wants a list.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn pointed_at_all(
        &self,
        document: &RawDocument,
        customers: &[Id],
    ) -> Result<RawDocumentBuf, Malformed> {
        if let ([one], false) = (customers, self.listed) {
            return self.pointed_at(document, one.value());
        }
        let mut list = Builder::new(32);
        list.array("", customers.iter().map(Id::value));
        let list = list.finish();
        match get(&list, "") {
            Some(list) => self.pointed_at(document, list),
            None => Err(Malformed(0)),
        }
    }

    /// The booking that points at `customer`: its reference to a user is gone, unless it stays by the mapping.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn pointed_at(
        &self,
        document: &RawDocument,
        customer: Value<'_>,
    ) -> Result<RawDocumentBuf, Malformed> {
        if !self.is_in_place() {
            let mut out = self.without_user(document, true)?;
            out.value(&self.customer, customer);
            return Ok(out.finish());
        }
        let document = self.drops.without_members(document)?;
        let mut out = Builder::new(document.as_bytes().len() + 32);
        let mut placed = false;
        for element in elements(&document) {
            let element = element?;
            if element.key == self.customer.as_bytes() {
                if !std::mem::replace(&mut placed, true) {
                    out.value(&self.customer, customer);
                }
            } else if !self.drops.takes(element.key) {
                out.element(&element);
            }
        }
        if !placed {
            out.value(&self.customer, customer);
        }
        Ok(out.finish())
    }

    /// The booking without its reference to a user and, with `replaces`, without the old customer; a customer can be appended.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn without_user(
        &self,
        document: &RawDocument,
        replaces: bool,
    ) -> Result<Builder, Malformed> {
        let (user, customer) = (self.user_key().as_bytes(), self.customer.as_bytes());
        let document = self.drops.without_members(document)?;
        let document = match self.old {
            OldReference::Stays => Cow::Borrowed(&*document),
            OldReference::Leaves | OldReference::Replaced => self.lifted(&document)?,
        };
        let mut out = Builder::new(document.as_bytes().len() + 32);
        for element in elements(&document) {
            let element = element?;
            let leaves = self.old == OldReference::Leaves && element.key == user
                || self.drops.takes(element.key);
            let goes = leaves || replaces && element.key == customer;
            if !goes {
                out.element(&element);
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests;
