//! What each section of a mapping says, as the rest of the program uses it.

use std::borrow::Cow;

use bson::raw::RawDocument;

use super::filter::{Filter, is_value};
use super::path::{FieldPath, ReferencePath};
use crate::domain::id::Id;
use crate::domain::raw::{Builder, Value, elements, get, kind};

/// A collection that names account holders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRole {
    /// The collection.
    pub collection: String,
    /// How its rows name the user.
    pub(in crate::domain) user: ReferencePath,
}

/// Who is a customer by nature.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Customers {
    /// Whoever cannot sign in.
    #[default]
    NoPassword,
    /// Everybody.
    Everybody,
    /// Whoever passes.
    Filter(Filter),
}

/// What shows that a user may sign in, though without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// This field is set, and not false.
    Field(FieldPath),
    /// The user passes.
    Filter(Filter),
}

impl Evidence {
    /// The top-level field, where it is about one.
    pub fn top(&self) -> Option<&str> {
        match self {
            Self::Field(path) => Some(path.top()),
            Self::Filter(_) => None,
        }
    }
}

/// The users' collection and fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserRole {
    /// The collection; empty where bookings have no users.
    pub collection: String,
    /// Only these documents are people.
    pub filter: Option<Filter>,
    /// The name: one field, or several joined by a space.
    pub names: Vec<FieldPath>,
    /// The e-mail.
    pub emails: Option<FieldPath>,
    /// The password's hash, any that is set; missing, null and "" are all "no password".
    pub passwords: Vec<FieldPath>,
    /// What else shows that a user may sign in.
    pub evidence: Vec<Evidence>,
    /// The creation date.
    pub creation: Option<FieldPath>,
    /// The customer's names of the contact fields, which leave the user once copied.
    pub contact: Vec<String>,
    /// Where the contact fields stand in the user, in the same order.
    pub contact_paths: Vec<FieldPath>,
    /// The one of them that holds the phone number, by the customer's name.
    pub phone: String,
    /// The one of them that holds the country, likewise.
    pub country: String,
    /// Fields that leave the user, too, and go nowhere.
    pub drop: Vec<FieldPath>,
    /// Soft-deleted users: any of these.
    pub deleted: Vec<Filter>,
    /// Who is a customer by nature.
    pub customers: Customers,
    /// A business of a user, without a booking.
    pub(in crate::domain) business: Option<ReferencePath>,
    /// The customer's field for the name; empty where there is none.
    pub name: String,
    /// The customer's field for the e-mail; empty where there is none.
    pub email: String,
    /// The customer's field for the creation date; empty where there is none.
    pub created: String,
    /// Fields of a customer that no document of a user gives: those of guests, and of documents on the way to a user.
    pub elsewhere: Vec<String>,
    /// Users have these fields under the same names.
    pub(super) plain: bool,
}

fn put(view: &mut Builder, name: &str, value: Option<Value<'_>>) {
    if let Some(value) = value {
        view.value(name, value);
    }
}

/// A name in several fields: those that are text and not blank, joined by a space.
fn joined<'v>(parts: impl Iterator<Item = Option<Value<'v>>>) -> Option<String> {
    let texts = parts.flatten().filter_map(|value| value.as_str());
    let texts: Vec<&str> = texts.filter(|text| !text.trim().is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join(" "))
}

impl UserRole {
    /// The fields that a customer receives, in the customer's order, creation date last.
    pub fn copied(&self) -> impl Iterator<Item = &str> {
        let created = Some(self.created.as_str()).filter(|it| !it.is_empty());
        self.completeness().chain(created)
    }

    /// The user with the customer's fields under the customer's own names, so that all who make customers find them there. A user whose fields
    /// have those names already is given back as it is.
    pub fn view<'d>(&self, user: &'d RawDocument) -> Cow<'d, RawDocument> {
        if self.plain {
            return Cow::Borrowed(user);
        }
        let mut view = Builder::new(user.as_bytes().len());
        if let Some(id) = get(user, "_id") {
            view.value("_id", id);
        }
        match self.names.as_slice() {
            [] => {}
            [one] => put(&mut view, &self.name, one.value(user)),
            parts => {
                if let Some(name) = joined(parts.iter().map(|part| part.value(user))) {
                    view.string(&self.name, &name);
                }
            }
        }
        if let Some(email) = &self.emails {
            put(&mut view, &self.email, email.value(user));
        }
        for (path, name) in self.contact_paths.iter().zip(&self.contact) {
            put(&mut view, name, path.value(user));
        }
        if let Some(created) = &self.creation {
            put(&mut view, &self.created, created.value(user));
        }
        // By these it can be told who is deleted.
        let mut signs: Vec<&str> = Vec::new();
        for path in self.deleted.iter().flat_map(Filter::fields) {
            let top = path.top();
            let taken = top == "_id" || signs.contains(&top) || self.copied().any(|it| it == top);
            if !taken {
                signs.push(top);
                put(&mut view, top, get(user, top));
            }
        }
        Cow::Owned(view.finish())
    }

    /// Where a customer's field stands in the user; none for a name that is made of several fields, and for what no user has.
    pub fn place_of(&self, field: &str) -> Option<&FieldPath> {
        if field.is_empty() {
            return None;
        }
        if field == self.name {
            return match self.names.as_slice() {
                [one] => Some(one),
                _ => None,
            };
        }
        if field == self.email {
            return self.emails.as_ref();
        }
        if field == self.created {
            return self.creation.as_ref();
        }
        let mut contact = self.contact_paths.iter().zip(&self.contact);
        contact
            .find(|(_, name)| *name == field)
            .map(|(path, _)| path)
    }

    /// The fields that leave a user whose data was copied; of a dotted one the member alone, with what then holds nothing.
    pub fn leaving(&self) -> impl Iterator<Item = &FieldPath> {
        self.contact_paths.iter().chain(&self.drop)
    }

    /// True for a field that holds contact data: it can keep its place, with null in it.
    pub fn is_contact(&self, key: &[u8]) -> bool {
        let mut paths = self.contact_paths.iter();
        paths.any(|path| path.is_top_level() && path.top().as_bytes() == key)
    }

    /// True for a top-level field that leaves a user whose data was copied, or of which a member does.
    pub fn leaves(&self, key: &[u8]) -> bool {
        self.leaving().any(|path| path.top().as_bytes() == key)
    }

    /// True for a top-level field that leaves whole.
    pub fn leaves_whole(&self, key: &[u8]) -> bool {
        self.leaving()
            .any(|path| path.is_top_level() && path.top().as_bytes() == key)
    }

    /// The top-level fields of a user that customers receive whole.
    pub fn received(&self) -> impl Iterator<Item = &str> {
        let paths = self.names.iter().chain(&self.emails);
        let paths = paths.chain(&self.contact_paths).chain(&self.creation);
        paths.filter(|path| path.is_top_level()).map(FieldPath::top)
    }

    /// The top-level fields of a user of which customers receive something.
    pub fn given(&self) -> Vec<&str> {
        let paths = self.names.iter().chain(&self.emails);
        let paths = paths.chain(&self.contact_paths).chain(&self.creation);
        paths.map(FieldPath::top).collect()
    }

    /// True for a field that says who is active: one by which the mapping tells deleted users, or one that is called so.
    pub fn says_active(&self, field: &str) -> bool {
        let mut tested = self.deleted.iter().flat_map(Filter::fields);
        ["isActive", "active"].contains(&field) || tested.any(|path| path.last() == field)
    }

    /// What a deleted user holds in a field of that name by which the mapping tells so: a customer who has such a field is deleted, too.
    pub fn deleted_by<'u>(&self, field: &str, user: &'u RawDocument) -> Option<Value<'u>> {
        let says = self.deleted.iter().filter(|filter| filter.lets_in(user));
        let mut named = says.flat_map(Filter::fields);
        named.find(|path| path.last() == field)?.value(user)
    }

    /// True where some password is set: missing, null and "" are all none.
    pub fn has_password(&self, user: &RawDocument) -> bool {
        let mut passwords = self.passwords.iter().filter_map(|path| path.value(user));
        passwords.any(is_value)
    }

    /// The fields of a user that say who they are and whether they have a password, for a projection.
    pub fn fields_of_contact(&self) -> Vec<String> {
        let paths = self.passwords.iter().chain(&self.names).chain(&self.emails);
        paths.map(ToString::to_string).collect()
    }

    /// The fields that count for "most complete".
    pub fn completeness(&self) -> impl Iterator<Item = &str> {
        let own = [self.name.as_str(), self.email.as_str()].into_iter();
        let more = self.contact.iter().chain(&self.elsewhere);
        own.filter(|it| !it.is_empty())
            .chain(more.map(String::as_str))
    }
}

/// The businesses' collections and fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BusinessRole {
    /// The collections; none where there is one business alone, which the mapping names.
    pub collections: Vec<String>,
    /// Only these documents are businesses.
    pub filter: Option<Filter>,
    /// The name.
    pub name: Option<FieldPath>,
    /// How a business names its owners.
    pub(in crate::domain) owner: Option<ReferencePath>,
}

/// The services' collection and fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRole {
    /// The collection.
    pub collection: String,
    /// The name.
    pub name: Option<FieldPath>,
    /// The business.
    pub(in crate::domain) business: Option<ReferencePath>,
}

/// How a document names its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserReference {
    /// By a path.
    Path(ReferencePath),
    /// By the user's e-mail, which stands here.
    Email(FieldPath),
}

/// How a document finds its business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusinessReference {
    /// The first of these paths that leads to one.
    Paths(Vec<ReferencePath>),
    /// There is one alone.
    Constant(Id),
}

/// Which customer a document that names several users points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Several {
    /// The first user's.
    #[default]
    First,
    /// All of them, in a list.
    List,
}

/// People without a user: what of them stands in the document itself. Every member becomes a customer's field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guest {
    /// Members and where they stand.
    pub members: Vec<(String, FieldPath)>,
    /// By which member a guest is known: the first of these that is set.
    pub identity: Vec<String>,
    /// The customer's field that each member gives, in the members' order.
    pub fields: Vec<String>,
}

/// What a document of bookings, or of a followed collection, refers to, and what becomes of its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    /// The collection.
    pub collection: String,
    /// Only these documents.
    pub filter: Option<Filter>,
    /// The user.
    pub(in crate::domain) user: Option<UserReference>,
    /// The business.
    pub(in crate::domain) business: BusinessReference,
    /// The customer's id, which comes.
    pub customer: String,
    /// What several users become.
    pub several: Several,
    /// The new reference takes the old one's name and place.
    pub in_place: bool,
    /// The old reference stays.
    pub keep: bool,
    /// Copies of a person that leave, too.
    pub drop: Vec<FieldPath>,
    /// People without a user.
    pub guest: Option<Guest>,
}

impl Following {
    /// True where its documents have a reference to a user.
    pub fn names_users(&self) -> bool {
        self.user.is_some()
    }
}

/// The bookings' collection and fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingRole {
    /// The collection.
    pub collection: String,
    /// What it refers to.
    pub following: Following,
    /// The service.
    pub(in crate::domain) service: Option<ReferencePath>,
    /// The customer's id, which comes.
    pub customer: String,
    /// The creation date.
    pub created: Option<FieldPath>,
    /// When it takes place, for screens.
    pub when: Option<FieldPath>,
}

/// The type of new ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewIds {
    /// ObjectId.
    ObjectId,
    /// UUID.
    Uuid,
    /// Text.
    String,
}

/// Where a field of a customer comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldSource {
    /// A role, or a field of the user.
    Of(FieldPath),
    /// A field of the document of a hop.
    Hop {
        /// Its collection.
        collection: String,
        /// The field.
        field: FieldPath,
    },
}

/// A value that the mapping gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A list.
    List(Vec<Given>),
}

impl Given {
    /// The element that it is under `key`.
    pub fn under(&self, key: &str) -> Vec<u8> {
        let mut whole = Builder::new(16);
        match self {
            Self::Text(text) => {
                whole.string(key, text);
            }
            Self::Integer(number) => match i32::try_from(*number) {
                Ok(number) => put_bytes(&mut whole, key, kind::INT32, &number.to_le_bytes()),
                Err(_) => put_bytes(&mut whole, key, kind::INT64, &number.to_le_bytes()),
            },
            Self::Float(number) => {
                put_bytes(&mut whole, key, kind::DOUBLE, &number.to_le_bytes());
            }
            Self::Boolean(truth) => put_bytes(&mut whole, key, kind::BOOLEAN, &[u8::from(*truth)]),
            Self::List(items) => {
                let items: Vec<Vec<u8>> = items.iter().map(|item| item.under("")).collect();
                let values = items.iter().filter_map(|item| {
                    let (kind, rest) = item.split_first()?;
                    let bytes = rest.get(1..)?;
                    Some(Value { kind: *kind, bytes })
                });
                whole.array(key, values);
            }
        }
        let document = whole.finish();
        let element = elements(&document).map_while(Result::ok).next();
        element.map_or_else(Vec::new, |element| element.whole.to_vec())
    }
}

fn put_bytes(whole: &mut Builder, key: &str, kind: u8, bytes: &[u8]) {
    whole.value(key, Value { kind, bytes });
}

/// The customers' collection.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerRole {
    /// The collection.
    pub collection: String,
    /// The business's id.
    pub business: String,
    /// Other names and sources of its fields.
    pub fields: Vec<(String, FieldSource)>,
    /// Values of fields that nothing else writes.
    pub defaults: Vec<(String, Given)>,
    /// Fields that are null where nothing else writes them.
    pub nulls: Vec<String>,
    /// The type of their ids.
    pub ids: Option<NewIds>,
    /// They are adopted by an equal phone number, too.
    pub adopt_by_phone: bool,
    /// They are adopted by an equal e-mail.
    pub adopt_by_email: bool,
}

/// When the after-schema is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SchemaStep {
    /// With the cut-over.
    #[default]
    WithCutOver,
    /// In a step of its own.
    OwnStep,
}

/// The schema step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaRole {
    /// The schema of now.
    pub before: Option<String>,
    /// The schema of the new application.
    pub after: Option<String>,
    /// When.
    pub with: SchemaStep,
    /// Fields that are another's new name: "Model.field", the old field.
    pub rename: Vec<(String, String)>,
}
