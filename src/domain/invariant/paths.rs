//! The proof's own resolver: how a booking finds its user and its business. It shares no code with [`crate::domain::reference`], on
//! purpose: what builds the copies must not be what proves them. A kind of path that the mapping gains is read here a second time, by other
//! code, and both must come to the same. No other file of the proof knows how a booking finds anything.

mod held;
mod lost;
mod read;

use bson::raw::RawDocument;
use smallvec::SmallVec;

use super::dates::Dates;
use super::guests::{ProofGuests, Said};
use super::names::{Names, Number};
use crate::domain::email::normalise;
use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::mapping::filter::Filter;
use crate::domain::mapping::path::{FieldPath, ReferencePath};
use crate::domain::mapping::{BusinessReference, Following, Mapping, Several, UserReference};
use crate::domain::raw::{Value, elements, get};
use crate::domain::survey::facts::id_of;
use crate::domain::table::Memory;
use read::{NO_FIELD, listed, named_so};
pub(super) use read::{bare, values};

/// Ids, mostly one.
pub(super) type Ids = SmallVec<[Id; 1]>;

/// What the proof knows of a booking's references.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // what a mapping says of a reference: none follows from another
pub struct ProofPaths {
    pub(super) user: ReferencePath,
    customer: String,
    /// The paths to the business; none where the mapping names the one business.
    pub(super) businesses: Vec<ReferencePath>,
    constant: Option<Id>,
    filter: Option<Filter>,
    /// Where the user has the e-mail by which bookings name it.
    pub(super) email: Option<FieldPath>,
    /// The old reference stays.
    keeps: bool,
    /// The new reference takes the old one's name and place.
    in_place: bool,
    /// The new reference is a list: the customer of each user named.
    lists: bool,
    /// What leaves beside it.
    drops: Vec<FieldPath>,
    /// People without a user.
    guests: Option<ProofGuests>,
    /// How a user names a business itself.
    home: Option<ReferencePath>,
    /// Each is one top-level field, and none of them is another's.
    flat: bool,
    /// Top-level fields that other entries of the same collection change.
    elsewhere: Vec<String>,
    /// When a booking was made, where customers are dated by that.
    dates: Option<Dates>,
}

/// A collection that must be read before the bookings, and what is needed of its documents.
#[derive(Debug, Clone)]
pub struct Needed {
    /// The collection.
    pub collection: String,
    /// The fields of it.
    pub fields: Vec<String>,
    by: FieldPath,
    then: FieldPath,
    table: usize,
    /// For which of several collections' documents it is needed.
    pub(super) of: usize,
}

impl Needed {
    /// The same, for documents of another collection.
    pub(super) fn for_documents(self, of: usize) -> Self {
        Self { of, ..self }
    }
}

/// What a booking names.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) id: Option<Id>,
    pub(super) users: Ids,
    pub(super) customers: Ids,
    /// What leads to its business, each with the number of its path.
    pub(super) businesses: SmallVec<[(usize, Id); 1]>,
}

/// The businesses, and how bookings find them and their users.
#[derive(Debug)]
pub(super) struct Ways {
    pub(super) paths: ProofPaths,
    businesses: Names,
    /// Only these documents are businesses.
    only: Option<Filter>,
    /// Users by the normal form of their e-mails, where bookings name them so.
    emails: Map<String, Ids>,
    /// Documents between, one table for each hop: what is named by each.
    between: Vec<Map<Id, Ids>>,
    /// Names of such documents that are odd texts, by what they are without that.
    odd: Vec<Map<Id, Id>>,
}

/// The top-level fields that others than `own` change in the documents of its collection.
fn changed_by_others(mapping: &Mapping, own: &Following) -> Vec<String> {
    let all = std::iter::once(&mapping.booking.following).chain(&mapping.follow);
    let others = all.filter(|it| it.collection == own.collection && *it != own);
    let fields = others.flat_map(|other| {
        let drops = other.drop.iter().map(|it| it.top().to_owned());
        let user = Some(other.user_top().to_owned()).filter(|it| !it.is_empty());
        drops.chain(user).chain([other.customer.clone()])
    });
    fields.collect()
}

impl ProofPaths {
    /// Those of a mapping's bookings.
    pub fn of(mapping: &Mapping) -> Self {
        let booking = &mapping.booking.following;
        let mut paths = Self::documents(mapping, booking);
        paths.elsewhere = changed_by_others(mapping, booking);
        paths.dates = Dates::of(mapping);
        paths
    }

    /// When a booking was made, where anybody asks.
    pub(super) fn time_of(&self, booking: &RawDocument) -> Option<i64> {
        self.dates.as_ref()?.read(booking)
    }

    /// Those of a followed entry.
    pub fn entry(mapping: &Mapping, entry: &Following) -> Self {
        let mut paths = Self::documents(mapping, entry);
        paths.home = None; // what users name themselves is looked for once
        paths.elsewhere = changed_by_others(mapping, entry);
        paths
    }

    fn documents(mapping: &Mapping, following: &Following) -> Self {
        let (businesses, constant) = match &following.business {
            BusinessReference::Paths(paths) => (paths.clone(), None),
            BusinessReference::Constant(id) => (Vec::new(), Some(id.clone())),
        };
        let user = match &following.user {
            Some(UserReference::Path(path)) => path.clone(),
            Some(UserReference::Email(path)) => ReferencePath {
                start: path.clone(),
                hops: Vec::new(),
            },
            None => ReferencePath::field(NO_FIELD),
        };
        let mut starts = vec!["_id", user.start.top(), following.customer.as_str()];
        starts.extend(businesses.iter().map(|path| path.start.top()));
        let all_top = businesses.iter().chain([&user]);
        let all_top = all_top.into_iter().all(|path| path.start.is_top_level());
        let apart = (1..starts.len()).all(|at| !starts[..at].contains(&starts[at]));
        Self {
            flat: all_top && apart,
            guests: following.guest.as_ref().map(ProofGuests::of),
            home: mapping.user.business.clone(),
            user,
            customer: following.customer.clone(),
            elsewhere: Vec::new(),
            dates: None,
            businesses,
            constant,
            filter: following.filter.clone(),
            email: match &following.user {
                Some(UserReference::Email(_)) => mapping.user.emails.clone(),
                _ => None,
            },
            keeps: following.keep,
            in_place: following.in_place,
            lists: following.several == Several::List,
            drops: following.drop.clone(),
        }
    }

    /// Who the booking's guest is, where it says so.
    pub(super) fn guest(&self, booking: &RawDocument) -> Option<Said> {
        self.guests.as_ref()?.said(booking)
    }

    /// What a booking can say of its guest; none where bookings have no guests.
    pub(super) fn guests(&self) -> Option<&ProofGuests> {
        self.guests.as_ref()
    }

    /// True for a booking that the mapping lets take part in nothing.
    pub fn is_outside(&self, booking: &RawDocument) -> bool {
        self.filter.as_ref().is_some_and(|it| !it.lets_in(booking))
    }

    /// True where the old reference stays.
    pub(super) fn keeps(&self) -> bool {
        self.keeps
    }

    /// True where the customer stands where the user stood.
    pub(super) fn in_place(&self) -> bool {
        self.in_place
    }

    /// True for a field that leaves a booking with its reference.
    pub(super) fn drops(&self, key: &[u8]) -> bool {
        let mut whole = self.drops.iter().filter(|it| it.is_top_level());
        whole.any(|field| field.top().as_bytes() == key)
    }

    /// True for a field that another entry of the collection changes.
    pub(super) fn is_elsewhere(&self, key: &[u8]) -> bool {
        self.elsewhere.iter().any(|field| field.as_bytes() == key)
    }

    /// True where another entry changes the same documents.
    pub(super) fn shares_documents(&self) -> bool {
        !self.elsewhere.is_empty()
    }

    /// The paths, that to the user last.
    fn all(&self) -> impl Iterator<Item = &ReferencePath> {
        self.businesses.iter().chain([&self.user])
    }

    /// What must be read before the bookings.
    pub fn needed(&self) -> Vec<Needed> {
        let paths = self.all().chain(&self.home);
        let hops = paths.flat_map(|path| &path.hops).enumerate();
        hops.map(|(table, hop)| {
            let by = hop.by.clone().unwrap_or_else(|| FieldPath::field("_id"));
            Needed {
                collection: hop.collection.clone(),
                fields: vec![by.top().to_owned(), hop.then.top().to_owned()],
                then: hop.then.clone(),
                by,
                table,
                of: 0,
            }
        })
        .collect()
    }

    /// The fields of a booking that are looked at.
    pub fn fields(&self) -> Vec<&str> {
        let mut fields = vec!["_id", self.customer.as_str()];
        let starts = self.all().map(|path| path.start.top());
        fields.extend(starts.filter(|top| *top != NO_FIELD));
        fields.extend(
            self.filter
                .iter()
                .flat_map(Filter::fields)
                .map(FieldPath::top),
        );
        fields
    }

    /// The two fields that a migration changes: the user's, the customer's.
    pub fn changing(&self) -> [&str; 2] {
        [self.user.start.top(), &self.customer]
    }

    /// The fields that a way back may make other than they are live.
    pub(super) fn own(&self) -> Vec<&str> {
        let drops = self.drops.iter().map(FieldPath::top);
        let drops = drops.chain(self.elsewhere.iter().map(String::as_str));
        self.changing().into_iter().chain(drops).collect()
    }

    /// The user as the booking holds it, null included.
    pub fn user<'a>(&self, booking: &'a RawDocument) -> Option<Value<'a>> {
        self.user.start.value(booking)
    }

    /// The values by which the booking names users.
    pub fn users(&self, booking: &RawDocument) -> Vec<Id> {
        let values = values(&self.user.start, booking).into_iter();
        values.map(Id::from_value).collect()
    }

    /// The customer as the booking holds it, null included.
    pub fn customer<'a>(&self, booking: &'a RawDocument) -> Option<Value<'a>> {
        get(booking, &self.customer)
    }

    /// What a booking names; of a repeated field the first, as for the server.
    pub(super) fn named(&self, booking: &RawDocument) -> Named {
        if self.flat {
            return self.named_in_one_pass(booking);
        }
        let ids = |path: &ReferencePath| {
            let values = values(&path.start, booking).into_iter();
            values.map(Id::from_value).collect::<Ids>()
        };
        let businesses = self.businesses.iter().enumerate();
        Named {
            id: get(booking, "_id").map(Id::from_value),
            users: ids(&self.user),
            customers: self.customers_in(self.customer(booking)),
            businesses: businesses
                .flat_map(|(at, path)| ids(path).into_iter().map(move |id| (at, id)))
                .collect(),
        }
    }

    fn named_in_one_pass(&self, booking: &RawDocument) -> Named {
        let (mut id, mut user, mut customer) = (None, None, None);
        let mut businesses: SmallVec<[Option<Value<'_>>; 2]> =
            self.businesses.iter().map(|_| None).collect();
        for element in elements(booking).map_while(Result::ok) {
            let of_business = || {
                let mut paths = self.businesses.iter();
                paths.position(|path| path.start.top().as_bytes() == element.key)
            };
            let place = if element.key == b"_id" {
                &mut id
            } else if element.key == self.user.start.top().as_bytes() {
                &mut user
            } else if element.key == self.customer.as_bytes() {
                &mut customer
            } else {
                match of_business().and_then(|at| businesses.get_mut(at)) {
                    Some(place) => place,
                    None => continue,
                }
            };
            *place = place.or(Some(element.value));
        }
        let ids = |value: Option<Value<'_>>| -> Ids {
            let values = value.into_iter().flat_map(listed);
            values.map(Id::from_value).collect()
        };
        let businesses = businesses.into_iter().enumerate();
        Named {
            id: id.map(Id::from_value),
            users: ids(user),
            customers: self.customers_in(customer),
            businesses: businesses
                .flat_map(|(at, value)| ids(value).into_iter().map(move |id| (at, id)))
                .collect(),
        }
    }
}

impl Ways {
    pub(super) fn new(mapping: &Mapping, paths: ProofPaths, memory: &Memory) -> Self {
        let mut businesses = Names::new(memory);
        if let Some(constant) = &paths.constant {
            businesses.take(constant);
        }
        Self {
            between: paths.needed().iter().map(|_| Map::default()).collect(),
            odd: paths.needed().iter().map(|_| Map::default()).collect(),
            paths,
            businesses,
            only: mapping.business.filter.clone(),
            emails: Map::default(),
        }
    }

    pub(super) fn paths(&self) -> &ProofPaths {
        &self.paths
    }

    /// Takes a business.
    pub(super) fn take(&mut self, document: &RawDocument) {
        let is_one = self.only.as_ref().is_none_or(|it| it.lets_in(document));
        if let Some(id) = id_of(document).filter(|_| is_one) {
            self.businesses.take(&id);
        }
    }

    /// Takes a user, where bookings name users by something else than their ids. White space alone names nobody.
    pub(super) fn take_user(&mut self, user: &RawDocument) {
        let Some(email) = &self.paths.email else {
            return;
        };
        let text = email.value(user).and_then(|it| it.as_str());
        let says = text.map(normalise).filter(|text| !text.is_empty());
        if let (Some(text), Some(id)) = (says, id_of(user)) {
            self.emails.entry(text).or_default().push(id);
        }
    }

    /// The users whom these e-mails name.
    pub(super) fn of_emails(&self, named: &[Id]) -> Ids {
        let texts = named.iter().filter_map(Id::as_str).map(normalise);
        let users = texts.filter_map(|text| self.emails.get(&text));
        let sorted = users.map(|same| {
            let mut same = same.clone();
            same.sort_by_key(Id::canonical);
            same
        });
        sorted.flatten().collect()
    }

    /// Takes a document of what is needed.
    pub(super) fn take_between(&mut self, needed: &Needed, document: &RawDocument) {
        let Some(table) = self.between.get_mut(needed.table) else {
            return;
        };
        for name in values(&needed.by, document) {
            let name = Id::from_value(name).canonical();
            if let Some(odd) = self.odd.get_mut(needed.table).filter(|_| name.is_odd()) {
                odd.insert(name.loose(), name.clone());
            }
            let named = table.entry(name).or_default();
            let next = values(&needed.then, document).into_iter();
            named.extend(next.map(Id::from_value));
        }
    }

    /// What these lead to, over the documents between of the path that has its tables from `table` on.
    pub(super) fn follow(&self, path: &ReferencePath, table: usize, named: Ids) -> Ids {
        let mut at = named;
        for table in table..table + path.hops.len() {
            let Some(between) = self.between.get(table) else {
                return Ids::new();
            };
            let odd = self.odd.get(table);
            let found = at.iter().filter_map(|id| named_so(between, odd, id));
            at = found.flatten().cloned().collect();
        }
        at
    }

    /// The fields of users that say by what bookings name them, where that is not the id, and which business they name themselves.
    pub(super) fn of_users(&self) -> impl Iterator<Item = &FieldPath> {
        let home = self.paths.home.as_ref().map(|path| &path.start);
        self.paths.email.iter().chain(home)
    }

    /// The businesses that a user names itself.
    pub(super) fn homes(&self, user: &RawDocument) -> SmallVec<[Number; 1]> {
        let Some(path) = &self.paths.home else {
            return SmallVec::new();
        };
        let table = self.paths.all().map(|path| path.hops.len()).sum();
        let named: Ids = values(&path.start, user)
            .into_iter()
            .map(Id::from_value)
            .collect();
        let ends = self.follow(path, table, named);
        ends.iter()
            .filter_map(|id| self.businesses.known(id))
            .collect()
    }

    /// The users of a booking that names these: each of `users` that they lead to, once.
    pub(super) fn users(&self, named: &Ids, users: &Names) -> SmallVec<[Number; 1]> {
        let path = &self.paths.user;
        let mut found = SmallVec::new();
        let mut add = |id: &Id| {
            if let Some(user) = users.known(id).filter(|user| !found.contains(user)) {
                found.push(user);
            }
        };
        if self.paths.email.is_some() {
            self.of_emails(named).iter().for_each(&mut add);
        } else if path.hops.is_empty() {
            named.iter().for_each(&mut add);
        } else {
            let before: usize = self.paths.businesses.iter().map(|it| it.hops.len()).sum();
            let ends = self.follow(path, before, named.clone());
            ends.iter().for_each(&mut add);
        }
        found
    }

    /// The businesses of a booking that names these: each that exists, once.
    pub(super) fn businesses(&self, named: &[(usize, Id)]) -> SmallVec<[Number; 1]> {
        let mut found = SmallVec::new();
        if let Some(constant) = &self.paths.constant {
            found.extend(self.businesses.known(constant));
        }
        for (at, id) in named {
            let Some(path) = self.paths.businesses.get(*at) else {
                continue;
            };
            let before = &self.paths.businesses[..*at];
            let table = before.iter().map(|path| path.hops.len()).sum();
            let mut one = Ids::new();
            one.push(id.clone());
            for end in self.follow(path, table, one) {
                if let Some(business) = self.businesses.known(&end)
                    && !found.contains(&business)
                {
                    found.push(business);
                }
            }
        }
        found
    }

    /// The number of a business, whether or not it exists.
    pub(super) fn named(&mut self, id: &Id) -> Number {
        self.businesses.named(id)
    }

    /// True for a business that exists.
    pub(super) fn stands(&self, number: Number) -> bool {
        let id = self.businesses.id(number);
        id.is_some_and(|id| self.paths.constant.is_some() || self.businesses.known(&id).is_some())
    }

    /// The id that a number stands for.
    pub(super) fn id(&self, number: Number) -> Option<Id> {
        self.businesses.id(number)
    }
}

#[cfg(test)]
mod tests;
