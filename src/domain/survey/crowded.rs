//! Unique indexes of customers and users that could not hold together what these become: new customers that share a phone number which has to
//! be one's alone, or users who share that they have none once their contact fields are gone, or are null.

use std::collections::BTreeSet;

use bson::raw::RawDocument;

use super::facts::{BusinessIx, MemberDigest, UserIx, hash128, id_of};
use super::{Pair, Survey};
use crate::domain::cleaned;
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::decision::Contact;
use crate::domain::id::Id;
use crate::domain::index_plan::name_of;
use crate::domain::map::{Map, Set};
use crate::domain::raw::{Value, elements, get, kind};
use crate::domain::survivorship::UNKNOWN_CUSTOMER;

/// Members that are kept by their ids; all are counted.
const NAMED: usize = 20;

/// A unique index that could not hold all documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowded {
    /// [`Code::CustomerUnique`] or [`Code::UserUnique`].
    pub code: Code,
    /// The index: "Customer.Customer_phone_key".
    pub index: String,
    /// How many documents share their values with another one.
    pub documents: u64,
    /// Which: users, or customers that were there before.
    pub members: MemberDigest,
    /// Some of them.
    pub named: Vec<Id>,
}

impl Crowded {
    /// True where its conflict is known by this.
    pub fn is_known_by(&self, key: &ConflictKey) -> bool {
        key.code == self.code && key.subjects == [Id::string(&self.index)]
    }

    /// What its conflict is known by.
    pub fn key(&self) -> ConflictKey {
        ConflictKey {
            code: self.code,
            business: None,
            subjects: vec![Id::string(&self.index)],
        }
    }
}

/// The values of a unique index, as far as they can be told without the server.
#[derive(Debug)]
struct Keys {
    fields: Vec<String>,
    sparse: bool,
    /// Only documents in which these fields are so.
    only: Vec<(String, Test)>,
}

/// What a condition of a partial index asks of a field.
#[derive(Debug, Clone, Copy)]
enum Test {
    /// That it is there.
    There,
    /// That it is a text.
    Text,
    /// That it is a text which is not empty.
    SomeText,
}

/// Looks for documents that one unique index could not hold together.
#[derive(Debug)]
pub struct CrowdedSearch {
    code: Code,
    index: String,
    keys: Keys,
    /// How contact fields leave the users.
    contact: Contact,
    /// By the values of the index: the first, and whether there are others.
    seen: Map<u128, (Member, bool)>,
    crowded: BTreeSet<Member>,
    /// Members who share an e-mail and so a customer, by the first of them.
    one_of: Map<(UserIx, BusinessIx), UserIx>,
    /// Businesses and e-mails of customers that were there before: who has them adopts one.
    adopting: Set<(BusinessIx, u128)>,
}

/// A document: a customer-to-be, a customer that was there before, or a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Member {
    Pair(UserIx, BusinessIx),
    Existing(usize),
    User(UserIx),
}

impl Keys {
    /// Those of an index; `None` where it is not unique, or what it holds is the server's to say.
    fn of(index: &RawDocument) -> Option<Self> {
        if !index.get_bool("unique").unwrap_or(false) || get(index, "collation").is_some() {
            return None;
        }
        let key = index.get_document("key").ok()?;
        let fields = elements(key).map_while(Result::ok);
        let fields = fields.map(|it| String::from_utf8_lossy(it.key).into_owned());
        let mut only = Vec::new();
        if let Ok(filter) = index.get_document("partialFilterExpression") {
            for element in elements(filter).map_while(Result::ok) {
                let field = String::from_utf8_lossy(element.key).into_owned();
                only.push((field, test_of(element.value)?));
            }
        }
        Some(Self {
            fields: fields.collect(),
            sparse: index.get_bool("sparse").unwrap_or(false),
            only,
        })
    }

    /// The hash of a document's values; `None` where the index does not hold it, or holds a list.
    fn hash<'v>(&self, value_of: impl Fn(&str) -> Option<Value<'v>>) -> Option<u128> {
        let inside = self.only.iter().all(|(field, test)| {
            let text = |value: Value<'v>| value.as_str().is_some_and(|it| !it.is_empty());
            value_of(field).is_some_and(|value| match test {
                Test::There => true,
                Test::Text => value.kind == kind::STRING,
                Test::SomeText => text(value),
            })
        });
        let values: Vec<Option<Value<'_>>> = self.fields.iter().map(|it| value_of(it)).collect();
        let nothing = self.sparse && values.iter().all(Option::is_none);
        let listed = |value: &Option<Value<'_>>| value.is_some_and(|it| it.kind == kind::ARRAY);
        if !inside || nothing || values.iter().any(listed) {
            return None;
        }
        let mut all = Vec::new();
        for value in values {
            // Missing is null to an index.
            let id = value.map(|value| Id::from_value(value).canonical());
            let bytes = id.as_ref().map_or(&[kind::NULL][..], |id| id.as_bytes());
            all.extend(bytes.len().to_le_bytes());
            all.extend(bytes);
        }
        Some(hash128(&all))
    }
}

/// What a condition of a partial index asks of a field; `None` where that is the server's to say.
fn test_of(condition: Value<'_>) -> Option<Test> {
    let test = RawDocument::from_bytes(condition.bytes).ok()?;
    let test = (condition.kind == kind::DOCUMENT).then_some(test)?;
    let mut tests = elements(test).map_while(Result::ok);
    let (first, more) = (tests.next()?, tests.next());
    let (value, None) = (first.value, more) else {
        return None;
    };
    match first.key {
        b"$exists" if value.kind == kind::BOOLEAN && value.bytes == [1] => Some(Test::There),
        b"$gt" if value.as_str() == Some("") => Some(Test::SomeText),
        b"$type" if value.as_str() == Some("string") => Some(Test::Text),
        b"$type" if value.kind == kind::INT32 && value.bytes == 2_i32.to_le_bytes() => {
            Some(Test::Text)
        }
        _ => None,
    }
}

impl Survey {
    /// A search for this index of the customers; `None` where there is nothing to look for, as in the one on business and e-mail.
    pub fn search_customers(&self, index: &RawDocument) -> Option<CrowdedSearch> {
        let keys = Keys::of(index)?;
        let own = [&self.mapping.customer.business, &self.mapping.user.email];
        let known = keys.fields.len() == 2 && own.iter().all(|it| keys.fields.contains(it));
        let by_id = keys.fields.iter().any(|field| field == "_id");
        if known || by_id {
            return None;
        }
        let collection = &self.mapping.customer.collection;
        let mut search = CrowdedSearch::new(Code::CustomerUnique, collection, index, keys);
        for group in self.alike() {
            if group.code == Code::DuplicateEmail {
                let first = group.members.first().copied().unwrap_or_default();
                let members = group.members.iter().map(|user| (*user, group.business));
                search.one_of.extend(members.map(|pair| (pair, first)));
            }
        }
        let existing = self.existing.values().filter(|it| it.email != 0);
        let existing = existing.filter_map(|it| Some((it.business?, it.email)));
        search.adopting = existing.collect();
        Some(search)
    }

    /// A search for this index of the users, whose contact fields leave so; `None` where it holds no field that leaves.
    pub fn search_users(&self, index: &RawDocument, contact: Contact) -> Option<CrowdedSearch> {
        let keys = Keys::of(index)?;
        let leaves = |field: &String| {
            let top = field.split('.').next().unwrap_or_default();
            self.mapping.user.leaves(top.as_bytes())
        };
        if !keys.fields.iter().any(leaves) {
            return None;
        }
        let collection = &self.mapping.user.collection;
        let mut search = CrowdedSearch::new(Code::UserUnique, collection, index, keys);
        search.contact = contact;
        Some(search)
    }

    /// True for a pair that gets a customer of its own, or with others who share its e-mail.
    fn makes_a_customer(
        &self,
        (user, business): (UserIx, BusinessIx),
        pair: Pair,
        adopting: &Set<(BusinessIx, u128)>,
    ) -> bool {
        let email = self.users.facts(user).email;
        let stands = pair.bookings > 0 && pair.linked == pair.bookings;
        let adopts = email != 0 && adopting.contains(&(business, email));
        !(stands || adopts)
    }

    /// Keeps what was found: where contact fields leave the users, and where they become null.
    pub fn take_crowded(&mut self, removed: Vec<Crowded>, null: Vec<Crowded>) {
        (self.crowded, self.crowded_by_null) = (removed, null);
    }

    /// Takes how contact fields leave the users; true where other indexes are crowded then, and conflicts have to be found again.
    pub fn contact_leaves(&mut self, contact: Contact) -> bool {
        let changed = self.contact != contact && self.crowded != self.crowded_by_null;
        self.contact = contact;
        changed
    }

    /// What was found, for the way in which contact fields leave the users.
    pub fn crowded(&self) -> &[Crowded] {
        match self.contact {
            Contact::Remove => &self.crowded,
            Contact::Null => &self.crowded_by_null,
        }
    }
}

impl CrowdedSearch {
    fn new(code: Code, collection: &str, index: &RawDocument, keys: Keys) -> Self {
        Self {
            code,
            index: format!("{collection}.{}", name_of(index)),
            keys,
            contact: Contact::Remove,
            seen: Map::default(),
            crowded: BTreeSet::new(),
            one_of: Map::default(),
            adopting: Set::default(),
        }
    }

    /// How contact fields leave the users that it looks at.
    pub fn contact(&self) -> Contact {
        self.contact
    }

    /// Takes a user.
    pub fn take_user(&mut self, survey: &Survey, document: &RawDocument) {
        let user = id_of(document).and_then(|id| survey.users.find(&id.canonical()));
        let Some(user) = user else { return };
        let pairs = survey.pairs.of(&survey.users, user);
        if self.code == Code::UserUnique {
            let mut pairs = pairs.iter();
            let cleaned = pairs.any(|(business, pair)| {
                survey.makes_a_customer((user, *business), *pair, &self.adopting)
            });
            // A document that is not BSON is said elsewhere.
            let left =
                cleaned.then(|| cleaned::user(&survey.mapping.user, Some(self.contact), document));
            let left = left.and_then(Result::ok);
            let document = left.as_deref().unwrap_or(document);
            let hash = self.keys.hash(|field| at(document, field));
            return self.take(hash, Member::User(user));
        }
        let role = &survey.mapping.user;
        let view = &*role.view(document);
        for (business, pair) in pairs {
            if !survey.makes_a_customer((user, business), pair, &self.adopting) {
                continue;
            }
            let id = survey.business_id(business);
            let unknown = crate::domain::raw::string_bytes(UNKNOWN_CUSTOMER);
            let hash = self.keys.hash(|field| {
                if *field == survey.mapping.customer.business {
                    return Some(id.value());
                }
                if !role.copied().any(|it| it == field) {
                    return None;
                }
                let value = get(view, field);
                let nameless = field == role.name && value.is_none_or(|it| it.is_blank());
                let name = Value {
                    kind: kind::STRING,
                    bytes: &unknown,
                };
                if nameless { Some(name) } else { value }
            });
            let first = self.one_of.get(&(user, business));
            let member = Member::Pair(first.copied().unwrap_or(user), business);
            self.take(hash, member);
        }
    }

    /// Takes a customer that was there before.
    pub fn take_existing(&mut self, survey: &Survey, document: &RawDocument) {
        let id = id_of(document).map(|id| id.canonical());
        let existing = id.and_then(|id| survey.existing.get_index_of(&id));
        if let Some(existing) = existing {
            let hash = self.keys.hash(|field| at(document, field));
            self.take(hash, Member::Existing(existing));
        }
    }

    fn take(&mut self, hash: Option<u128>, member: Member) {
        let Some(hash) = hash else { return };
        let (first, shared) = self.seen.entry(hash).or_insert((member, false));
        if *first != member {
            if !*shared {
                self.crowded.insert(*first);
                *shared = true;
            }
            self.crowded.insert(member);
        }
    }

    /// What was found.
    pub fn end(self, survey: &Survey) -> Option<Crowded> {
        let mut members = MemberDigest::default();
        let mut named = Vec::new();
        for member in &self.crowded {
            let id = match member {
                Member::Pair(user, _) | Member::User(user) => survey.user_id(*user),
                Member::Existing(at) => survey.existing[*at].id.clone(),
            };
            members.add(id.as_bytes());
            if named.len() < NAMED {
                named.push(id);
            }
        }
        (!self.crowded.is_empty()).then(|| Crowded {
            code: self.code,
            index: self.index,
            documents: self.crowded.len() as u64,
            members,
            named,
        })
    }
}

/// The value at a dotted path; a list on the way is the server's matter.
fn at<'d>(document: &'d RawDocument, path: &str) -> Option<Value<'d>> {
    let (first, rest) = match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    let value = get(document, first)?;
    match rest {
        None => Some(value),
        Some(rest) if value.kind == kind::DOCUMENT => {
            at(RawDocument::from_bytes(value.bytes).ok()?, rest)
        }
        Some(_) => None,
    }
}
