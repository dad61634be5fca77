//! References from elsewhere: fields of other collections that hold the `_id` of a user who becomes a customer and holds no account, or of a
//! booking that an answer may move to the quarantine; at any depth, arrays included.

use std::collections::{BTreeMap, BTreeSet};

use bson::raw::RawDocument;

use super::Survey;
use super::facts::{UserIx, id_of};
use super::{Stray, find_by};
use crate::domain::conflict::Code;
use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::raw::{Value, elements, kind};

/// Where and what to look for in one collection.
#[derive(Debug)]
pub struct ReferenceSearch<'s> {
    survey: &'s Survey,
    collection: String,
    /// The migration's own fields.
    except: Vec<String>,
    /// Count in these paths alone; all of them while `None`.
    only: Option<BTreeSet<String>>,
    found: Referenced,
    /// What is looked for.
    look_for: LookFor,
    /// The names of the fields that hold values of the form that ids of bookings have.
    like_bookings: BTreeSet<String>,
}

/// What a pass over a collection looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookFor {
    /// Users, and fields that may hold a booking.
    UsersInASample,
    /// Users, and bookings.
    Both,
    /// Bookings alone.
    Bookings,
}

/// What a value looks like: a field may hold the ids that are looked for where its values look like them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// No text: its BSON type.
    Kind(u8),
    /// The text of an ObjectId.
    Hex,
    /// The text of a UUID.
    Uuid,
    /// Another text without white space.
    Word,
    /// A text with white space.
    Words,
}

impl Form {
    pub(super) fn of(value: Value<'_>) -> Self {
        let Some(text) = value.as_str() else {
            return Self::Kind(value.kind);
        };
        let hex = |text: &str| text.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
        match text.len() {
            24 if hex(text) => Self::Hex,
            36 if hex(text) => Self::Uuid,
            _ if text.contains(char::is_whitespace) => Self::Words,
            _ => Self::Word,
        }
    }

    /// Those of an id, in whichever type it is written.
    pub(super) fn of_id(id: &Id) -> impl Iterator<Item = Self> {
        let other = id.other_form().map(|other| Self::of(other.value()));
        std::iter::once(Self::of(id.value())).chain(other)
    }
}

/// Bookings whose references are looked for; more are not.
pub(super) const MOST_BOOKINGS: usize = 20_000;
/// Fields of a sample that may hold bookings; more are not looked at.
const MOST_FIELDS: usize = 40;

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Referenced {
    /// References to users who become customers, by "collection.path".
    pub users: BTreeMap<String, Stray>,
    /// The same to users without a booking: they become customers where an answer gives them to a business.
    pub idle: BTreeMap<String, Map<UserIx, Stray>>,
    /// References to bookings that an answer may move to the quarantine: how many, by the kind of their conflict and "collection.path".
    pub bookings: BTreeMap<(Code, String), u64>,
    /// References to customers that were there before and share an e-mail, by the customer's place: in which "collection.path".
    pub customers: BTreeMap<usize, BTreeSet<String>>,
}

impl Referenced {
    /// Takes what another search found.
    pub fn extend(&mut self, other: Self) {
        self.users.extend(other.users);
        self.idle.extend(other.idle);
        self.bookings.extend(other.bookings);
        for (customer, places) in other.customers {
            self.customers.entry(customer).or_default().extend(places);
        }
    }
}

impl Survey {
    /// A search through `collection`. After the bookings.
    pub fn search_references(&self, collection: &str) -> ReferenceSearch<'_> {
        let entries = self.mapping.entries_of(collection);
        let mut except: Vec<String> = entries.map(|(_, entry)| entry.user_text()).collect();
        if collection == self.mapping.booking.collection {
            except.push(self.paths().user().text().to_owned());
        } else if collection == self.mapping.user.collection {
            except.push("_id".to_owned());
        }
        ReferenceSearch {
            survey: self,
            collection: collection.to_owned(),
            except,
            only: None,
            found: Referenced::default(),
            look_for: LookFor::Both,
            like_bookings: BTreeSet::new(),
        }
    }

    /// The bookings that an answer may move to the quarantine, and the customers that one may merge, in every form in which they may be referred
    /// to; no bookings where there are too many to look for.
    pub fn looked_for(&self) -> Vec<Id> {
        let ids = self.departing.keys().chain(self.sharing.keys());
        let forms = ids.flat_map(|id| [Some(id.clone()), id.other_form()]);
        forms.flatten().collect()
    }

    /// The kind of conflict of a booking that an answer may move to the quarantine.
    fn departs(&self, reference: &Id) -> Option<Code> {
        if self.departing.is_empty() {
            return None;
        }
        find_by(|id| self.departing.get(id).copied(), reference).map(|found| found.at)
    }

    /// The customer of those that one may merge which has this id.
    fn shares(&self, reference: &Id) -> Option<usize> {
        if self.sharing.is_empty() {
            return None;
        }
        find_by(|id| self.sharing.get(id).copied(), reference).map(|found| found.at)
    }

    /// True while nothing but users is looked for.
    fn looks_for_users_alone(&self) -> bool {
        self.departing.is_empty() && self.sharing.is_empty()
    }

    /// References to users who become customers, by "collection.path": those whom an answer gives to a business among them.
    pub fn referenced(&self) -> BTreeMap<String, Stray> {
        let mut all = self.references.users.clone();
        for (path, users) in &self.references.idle {
            for (user, stray) in users {
                if !self.businesses_of(*user).is_empty() {
                    all.entry(path.clone()).or_default().and(stray);
                }
            }
        }
        all
    }
}

impl ReferenceSearch<'_> {
    /// Takes a document.
    pub fn take(&mut self, document: &RawDocument) {
        let Some(id) = id_of(document) else { return };
        self.walk(document, "", false, &id);
    }

    /// From here on looks for this.
    pub fn look_for(&mut self, what: LookFor) {
        self.look_for = what;
    }

    /// True when some field was found that holds users.
    pub fn found_any(&self) -> bool {
        !(self.found.users.is_empty() && self.found.idle.is_empty())
    }

    /// Fields of the sample that may hold bookings.
    pub fn fields_like_bookings(&self) -> impl Iterator<Item = &str> {
        let fields = self.like_bookings.iter().map(String::as_str);
        fields.take(MOST_FIELDS)
    }

    /// Forgets the counts of a sample, and counts from here on in the fields that it found.
    pub fn count_anew(&mut self) {
        let found = std::mem::take(&mut self.found);
        let users = found.users.into_keys();
        self.only = Some(users.chain(found.idle.into_keys()).collect());
        self.look_for = LookFor::Both;
    }

    /// What was found.
    pub fn end(self) -> Referenced {
        self.found
    }

    fn walk(&mut self, document: &RawDocument, path: &str, array: bool, of: &Id) {
        for element in elements(document).map_while(Result::ok) {
            let key = String::from_utf8_lossy(element.key);
            // The places of an array are no part of the path: any of them is meant.
            let inner = match (array, path.is_empty()) {
                (true, _) => path.to_owned(),
                (false, true) => key.into_owned(),
                (false, false) => format!("{path}.{key}"),
            };
            if self.except.contains(&inner) {
                continue;
            }
            match element.value.kind {
                kind::DOCUMENT | kind::ARRAY | kind::SCOPED_CODE => {
                    if let Some(document) = element.value.inside() {
                        let array = element.value.kind == kind::ARRAY;
                        self.walk(document, &inner, array, of);
                    }
                }
                kind::POINTER => {
                    if let Some(id) = element.value.pointer().map(Id::object_id) {
                        self.booking(&inner, id.value());
                        self.leaf(&inner, id.value(), of);
                    }
                }
                kind::OBJECT_ID | kind::STRING | kind::BINARY => {
                    self.booking(&inner, element.value);
                    self.leaf(&inner, element.value, of);
                }
                // A number can be anything, unless the field is called after the bookings.
                kind::INT32 | kind::INT64 | kind::DOUBLE if self.is_called_so(&inner) => {
                    self.booking(&inner, element.value);
                }
                _ => {}
            }
        }
    }

    /// True for a field that has the bookings' or the customers' name in its own.
    fn is_called_so(&self, path: &str) -> bool {
        let mapping = &self.survey.mapping;
        let names = [&mapping.booking.collection, &mapping.customer.collection];
        let path = path.to_lowercase();
        let called = |name: &&String| {
            let name = name.to_lowercase();
            path.contains(name.strip_suffix('s').unwrap_or(&name))
        };
        !self.survey.looks_for_users_alone() && names.iter().any(called)
    }

    /// A value that may be a booking, or a customer that was there before.
    fn booking(&mut self, path: &str, value: Value<'_>) {
        if self.survey.looks_for_users_alone() {
            return;
        }
        let mapping = &self.survey.mapping;
        let own = self.collection == mapping.booking.collection
            && ["_id", &mapping.booking.customer].contains(&path);
        let mut entries = mapping.entries_of(&self.collection);
        // What points at a customer by the mapping follows it.
        let own = own || entries.any(|(_, entry)| entry.customer == path);
        if own {
            return;
        }
        if self.look_for == LookFor::UsersInASample {
            let forms = &self.survey.departing_forms;
            let said = path.contains('$') || self.like_bookings.contains(path);
            if !said && forms.contains(&Form::of(value)) {
                self.like_bookings.insert(path.to_owned());
            }
            return;
        }
        if let Some(code) = self.survey.departs(&Id::from_value(value)) {
            let place = (code, self.named(path));
            *self.found.bookings.entry(place).or_default() += 1;
        }
        if let Some(customer) = self.survey.shares(&Id::from_value(value)) {
            let place = self.named(path);
            let places = self.found.customers.entry(customer).or_default();
            places.insert(place);
        }
    }

    fn leaf(&mut self, path: &str, value: Value<'_>, of: &Id) {
        if self.look_for == LookFor::Bookings
            || self
                .only
                .as_ref()
                .is_some_and(|only| !only.contains(&self.named(path)))
        {
            return;
        }
        let named = Id::from_value(value);
        let Some(user) = self.survey.find_user_as_spelled(&named) else {
            return;
        };
        let facts = self.survey.users.facts(user);
        let idle = self.survey.is_idle(user, &facts);
        if facts.account || !idle && !self.survey.users.is_booked(user) {
            return;
        }
        let place = self.named(path);
        let stray = if idle {
            let users = self.found.idle.entry(place).or_default();
            users.entry(user).or_default()
        } else {
            self.found.users.entry(place).or_default()
        };
        stray.bookings += 1;
        stray.members.add(of.as_bytes());
        stray.members.add(self.survey.user_id(user).as_bytes());
    }

    fn named(&self, path: &str) -> String {
        format!("{}.{path}", self.collection)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::{DEFAULT, Mapping};
    use crate::domain::reference::End;
    use crate::domain::table::tests::memory;
    use bson::{oid::ObjectId, rawdoc};

    #[test]
    fn a_field_may_hold_bookings_where_its_values_look_like_their_ids() {
        let id = Id::object_id([7; 12]);
        let forms: BTreeSet<Form> = Form::of_id(&id).collect();
        let (hex, word) = ("07".repeat(12), "thanks".to_owned());
        let looks = |text: &str| forms.contains(&Form::of(Id::string(text).value()));
        assert!(looks(&hex) && forms.contains(&Form::of(id.value())));
        assert!(!looks(&word) && !looks("please ring the bell ok?") && !looks(""));
        let text: Vec<_> = Form::of_id(&Id::string("b-17")).collect();
        assert_eq!(text, [Form::of(Id::string(&word).value())]);
    }

    #[test]
    fn references_are_found_in_arrays_and_nested_documents_and_as_text() {
        let oid = |byte| ObjectId::from_bytes([byte; 12]);
        let mut survey = Survey::new("shop", Mapping::parse(DEFAULT).unwrap(), &memory(1 << 20));
        survey.take_business(&rawdoc! { "_id": oid(1) });
        for hop in survey.hops(End::Business) {
            let service = rawdoc! { "_id": oid(2), "businessId": oid(1) };
            survey.take_hop(End::Business, &hop, &service);
        }
        for (user, password) in [(3, ""), (4, "secret")] {
            survey.take_user(&rawdoc! { "_id": oid(user), "hashedPassword": password });
        }
        survey.close_users();
        for user in [3, 4] {
            survey.take_booking(
                &rawdoc! { "_id": oid(9 + user), "userId": oid(user), "serviceId": oid(2) },
            );
        }
        let mut search = survey.search_references("Review");
        search.take(&rawdoc! {
            "_id": 1,
            "by": { "user": oid(3) },
            "liked": [oid(3), oid(4), oid(7), [oid(3)]],
            "text": oid(3).to_hex(),
        });
        let counts: Vec<_> = search
            .end()
            .users
            .into_iter()
            .map(|(path, stray)| (path, stray.bookings))
            .collect();
        assert_eq!(
            counts,
            [
                ("Review.by.user".to_owned(), 1),
                ("Review.liked".to_owned(), 2),
                ("Review.text".to_owned(), 1)
            ]
        );
        let mut own = survey.search_references("User");
        own.take(&rawdoc! { "_id": oid(3), "invitedBy": oid(3) });
        assert_eq!(
            own.end().users.into_keys().collect::<Vec<_>>(),
            ["User.invitedBy"]
        );
    }
}
