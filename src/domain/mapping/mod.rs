//! The mapping: which collections and fields play which role. `assets/mapping.toml` has Prisma's names, and is the default.
//!
//! - [`path`] and [`filter`] are the forms in which a mapping names places, ways and documents.
//! - [`role`] is what its sections say.
//! - `form` and `read` go from the file to the roles; every unknown key is refused there, with its line.
//! - [`sheet`] is the file as rows that can be changed one by one, and [`keys`] what each key means.
//! - `followed` names the entries of followed collections.
//! - `names` gives a customer's fields their names; `refuse` says what a file makes impossible, and what is not built yet.

#[cfg(test)]
mod example;
pub mod filter;
mod followed;
mod form;
pub mod keys;
mod names;
pub mod path;
mod read;
mod refuse;
pub mod role;
pub mod sheet;
#[cfg(test)]
mod tests;
mod version1;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::schema_change::SchemaChanges;
pub use form::BadMapping;
use form::Node;
pub use role::{
    AccountRole, BookingRole, BusinessReference, BusinessRole, CustomerRole, Customers, Evidence,
    FieldSource, Following, Given, Guest, NewIds, SchemaRole, SchemaStep, ServiceRole, Several,
    UserReference, UserRole,
};

/// The default mapping's text.
pub const DEFAULT: &str = include_str!("../../../assets/mapping.toml");

/// What a mapping file is called, unless it is named otherwise.
pub const FILE: &str = "ringfence.toml";

/// Side collections begin with this; nothing else that the mapping does not name is ever written.
pub const SIDE_PREFIX: &str = "_ringfence_";

/// Roles and their collections.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Collections whose rows make a user an account holder.
    pub accounts: Vec<AccountRole>,
    /// Users.
    pub user: Box<UserRole>,
    /// Businesses.
    pub business: Box<BusinessRole>,
    /// Services, where bookings have one.
    pub service: Option<ServiceRole>,
    /// Bookings.
    pub booking: Box<BookingRole>,
    /// Customers.
    pub customer: Box<CustomerRole>,
    /// Other collections whose user is a customer.
    pub follow: Vec<Following>,
    /// The schema step.
    pub schema: Option<SchemaRole>,
    /// The console's theme.
    pub theme: Option<String>,
    /// The console's keys.
    pub keys: Vec<(String, String)>,
    /// The file that it was read from.
    file: String,
    /// The line of every key of the file: "booking.service", "booking.business.1", "follow.0.user".
    lines: BTreeMap<String, usize>,
    /// What is kept of it in plans and run records.
    form: Node,
    /// What the plan's after-schema changes; no part of what the mapping says.
    changes: Option<Arc<SchemaChanges>>,
}

/// Two mappings are one when they say the same, however they are written; theme and keys are no matter of a migration.
impl PartialEq for Mapping {
    fn eq(&self, other: &Self) -> bool {
        self.accounts == other.accounts
            && self.user == other.user
            && self.business == other.business
            && self.service == other.service
            && self.booking == other.booking
            && self.customer == other.customer
            && self.follow == other.follow
            && self.schema == other.schema
    }
}

impl Eq for Mapping {}

impl Mapping {
    /// Reads a mapping that the engine can carry out.
    ///
    /// # Errors
    /// The file's line and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, BadMapping> {
        Self::parse_as(text, FILE)
    }

    /// The same, of a file with another name.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_as(text: &str, file: &str) -> Result<Self, BadMapping> {
        let mapping = Self::read_as(text, file)?;
        mapping.refuse_unbuilt()?;
        Ok(mapping)
    }

    /// Reads a mapping, also one that the engine cannot carry out yet.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn read_as(text: &str, file: &str) -> Result<Self, BadMapping> {
        Self::of_form(Node::from_toml(text, file)?, file)
    }

    fn of_form(form: Node, file: &str) -> Result<Self, BadMapping> {
        let mut mapping = read::mapping(form, file)?;
        mapping.name_fields()?;
        mapping.refuse_impossible()?;
        Ok(mapping)
    }

    /// One with these users and nothing else.
    fn of(user: UserRole) -> Self {
        let customer = String::new();
        let following = Following {
            collection: String::new(),
            filter: None,
            user: None,
            business: BusinessReference::Paths(Vec::new()),
            customer: customer.clone(),
            several: Several::default(),
            in_place: false,
            keep: false,
            drop: Vec::new(),
            guest: None,
        };
        Self {
            accounts: Vec::new(),
            user: Box::new(user),
            business: Box::default(),
            service: None,
            booking: Box::new(BookingRole {
                collection: String::new(),
                following,
                service: None,
                customer,
                created: None,
                when: None,
            }),
            customer: Box::new(CustomerRole {
                collection: String::new(),
                business: String::new(),
                fields: Vec::new(),
                defaults: Vec::new(),
                nulls: Vec::new(),
                ids: None,
                adopt_by_phone: false,
                adopt_by_email: true,
            }),
            follow: Vec::new(),
            schema: None,
            theme: None,
            keys: Vec::new(),
            file: String::new(),
            lines: BTreeMap::new(),
            form: Node::texts([]),
            changes: None,
        }
    }

    /// The line of a key, as "booking.service" or "follow.0.user"; of one that the file does not have, that of its section.
    pub fn line(&self, key: &str) -> Option<usize> {
        let mut key = key;
        loop {
            if let Some(line) = self.lines.get(key) {
                return Some(*line);
            }
            key = key.rsplit_once('.')?.0;
        }
    }

    /// The place of a key for a message: "ringfence.toml:12".
    pub fn place(&self, key: &str) -> String {
        match self.line(key) {
            Some(line) => format!("{}:{line}", self.file),
            None => self.file.clone(),
        }
    }

    /// A refusal of what a key says.
    pub fn bad(&self, key: &str, why: impl Into<String>) -> BadMapping {
        BadMapping {
            file: self.file.clone(),
            line: self.line(key),
            why: why.into(),
        }
    }

    /// With what a plan's after-schema changes, which stands in the plan.
    pub fn set_changes(&mut self, changes: Option<Arc<SchemaChanges>>) {
        self.changes = changes;
    }

    /// What the plan's after-schema changes.
    pub fn changes(&self) -> Option<&SchemaChanges> {
        self.changes.as_deref()
    }

    /// What a run with this mapping leaves as it is, and the operator has to know; each with its key.
    pub fn remarks(&self) -> Vec<(String, String)> {
        let mut remarks = Vec::new();
        let entries = self.follow.iter().enumerate();
        let entries = entries.map(|(at, it)| (format!("follow.{at}.keep"), it));
        let bookings = ("booking.keep".to_owned(), &self.booking.following);
        for (key, of) in std::iter::once(bookings).chain(entries) {
            let what = match key.as_str() {
                "booking.keep" => "bookings".to_owned(),
                _ => format!("documents of {}", of.collection),
            };
            if let Some(user) = of.user_start().filter(|_| of.keep) {
                remarks.push((
                    key,
                    format!("{what} keep {user}, by which they still reach the shared record: they are not isolated by it"),
                ));
            }
        }
        if !self.has_users() {
            remarks.push((
                "booking.guest".to_owned(),
                "the mapping has no users: customers are made of the guests in bookings, and Clean up users and Retire customer users are left out".to_owned(),
            ));
        }
        remarks
    }

    /// The documents that bookings lead through to their user.
    pub(in crate::domain) fn hops_to_users(&self) -> &[path::HopText] {
        match &self.booking.following.user {
            Some(UserReference::Path(path)) => &path.hops,
            Some(UserReference::Email(_)) | None => &[],
        }
    }

    /// True where bookings have users.
    pub fn has_users(&self) -> bool {
        !self.user.collection.is_empty()
    }

    /// The collections that must exist, with their roles' names.
    pub fn required(&self) -> Vec<(&'static str, &str)> {
        let user = [("user", self.user.collection.as_str())].into_iter();
        let businesses = self.business.collections.iter();
        let service = self
            .service
            .iter()
            .map(|it| ("service", it.collection.as_str()));
        user.filter(|_| self.has_users())
            .chain(businesses.map(|it| ("business", it.as_str())))
            .chain(service)
            .chain([("booking", self.booking.collection.as_str())])
            .chain(
                self.follow
                    .iter()
                    .map(|it| ("followed collection", it.collection.as_str())),
            )
            .collect()
    }
}

impl Serialize for Mapping {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // What version 1 can say is kept as it always was: plans and run records of earlier versions stay what they are.
        match self.first_version() {
            Some(form) => form.serialize(to),
            None => self.form.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let form = Node::deserialize(from)?;
        Self::of_form(form, "the mapping that was kept").map_err(serde::de::Error::custom)
    }
}

/// Copies of some bookings, made to tell how long the rest will take, and dropped.
pub const TRIAL: &str = "_ringfence_trial";
/// The links' collection.
pub const LINKS: &str = "_ringfence_links";
/// The quarantine.
pub const QUARANTINE: &str = "_ringfence_quarantine";
/// True for the quarantine of bookings, and that of any followed collection.
pub fn is_quarantine(name: &str) -> bool {
    let rest = name.strip_prefix(QUARANTINE);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Whole users that retired, until purge.
pub const RETIRED: &str = "_ringfence_retired";
/// Whole users that were set aside by decision, until purge.
pub const SET_ASIDE: &str = "_ringfence_set_aside";
/// A user in whom this field is set may sign in, though without a password: the e-mail was verified. So in mappings of version 1.
pub const VERIFIED: &str = "emailVerified";
/// The run records.
pub const RUNS: &str = "_ringfence_runs";
/// The lease.
pub const LEASE: &str = "_ringfence_lease";
