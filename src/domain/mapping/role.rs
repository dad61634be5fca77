//! What each section of a mapping says, as the rest of the program uses it.

use bson::raw::RawDocument;

use super::filter::{Filter, is_value};
use super::path::{FieldPath, ReferencePath};
use crate::domain::id::Id;

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
}

impl UserRole {
    /// The fields that a customer receives, in the customer's order, creation date last.
    pub fn copied(&self) -> impl Iterator<Item = &str> {
        let created = Some(self.created.as_str()).filter(|it| !it.is_empty());
        self.completeness().chain(created)
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
        own.filter(|it| !it.is_empty())
            .chain(self.contact.iter().map(String::as_str))
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
