//! The mapping: which collections and fields play which role. The default, `assets/mapping.toml`, has Prisma's names.

use serde::{Deserialize, Serialize};

/// The default mapping's text.
pub const DEFAULT: &str = include_str!("../../assets/mapping.toml");

/// Side collections begin with this; nothing else that the mapping does not name is ever written.
pub const SIDE_PREFIX: &str = "_ringfence_";

/// Roles and their collections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Collections whose rows make a user an account holder.
    #[serde(default)]
    pub accounts: Vec<AccountRole>,
    /// Users.
    pub user: UserRole,
    /// Businesses.
    pub business: BusinessRole,
    /// Services.
    pub service: ServiceRole,
    /// Bookings.
    pub booking: BookingRole,
    /// Customers.
    pub customer: CustomerRole,
}

/// A collection that names account holders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRole {
    /// The collection.
    pub collection: String,
    /// Its field that names the user.
    pub user: String,
}

/// The users' collection and fields. Name, e-mail, contact fields and creation date keep their names in the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRole {
    /// The collection.
    pub collection: String,
    /// The name.
    pub name: String,
    /// The e-mail.
    pub email: String,
    /// The password's hash; missing, null and "" are all "no password".
    pub password: String,
    /// The creation date.
    pub created: String,
    /// The contact fields that leave the user once copied.
    pub contact: Vec<String>,
    /// The one of them that holds the phone number.
    #[serde(default = "phone")]
    pub phone: String,
    /// The one of them that holds the country.
    #[serde(default = "country")]
    pub country: String,
}

fn phone() -> String {
    "phone".to_owned()
}

fn country() -> String {
    "country".to_owned()
}

impl UserRole {
    /// The fields that a customer receives, in the customer's order, creation date last.
    pub fn copied(&self) -> impl Iterator<Item = &str> {
        self.completeness().chain([self.created.as_str()])
    }

    /// The fields that count for "most complete".
    pub fn completeness(&self) -> impl Iterator<Item = &str> {
        [self.name.as_str(), self.email.as_str()]
            .into_iter()
            .chain(self.contact.iter().map(String::as_str))
    }
}

/// The businesses' collection and fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusinessRole {
    /// The collection.
    pub collection: String,
    /// The name.
    pub name: String,
    /// The owner's user id.
    pub owner: String,
}

/// The services' collection and fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceRole {
    /// The collection.
    pub collection: String,
    /// The business's id. [`super::reference`] follows it, and the proof by itself.
    pub(in crate::domain) business: String,
}

/// The bookings' collection and fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingRole {
    /// The collection.
    pub collection: String,
    /// The user's id, which leaves. [`super::reference`] follows it, and the proof by itself.
    pub(in crate::domain) user: String,
    /// The service's id, likewise.
    pub(in crate::domain) service: String,
    /// The customer's id, which comes.
    pub customer: String,
    /// The creation date.
    pub created: String,
}

/// The customers' collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerRole {
    /// The collection.
    pub collection: String,
    /// The business's id.
    pub business: String,
}

impl Mapping {
    /// Reads a mapping; the error names line and column.
    pub fn parse(text: &str) -> Result<Self, toml_edit::de::Error> {
        toml_edit::de::from_str(text)
    }

    /// The collections that must exist, with their roles' names.
    pub fn required(&self) -> [(&'static str, &str); 4] {
        [
            ("user", &self.user.collection),
            ("business", &self.business.collection),
            ("service", &self.service.collection),
            ("booking", &self.booking.collection),
        ]
    }
}

/// Copies of some bookings, made to tell how long the rest will take, and dropped.
pub const TRIAL: &str = "_ringfence_trial";
/// The links' collection.
pub const LINKS: &str = "_ringfence_links";
/// The quarantine.
pub const QUARANTINE: &str = "_ringfence_quarantine";
/// Whole users that retired, until purge.
pub const RETIRED: &str = "_ringfence_retired";
/// Whole users that were set aside by decision, until purge.
pub const SET_ASIDE: &str = "_ringfence_set_aside";
/// A user in whom this field is set may sign in, though without a password: the e-mail was verified.
pub const VERIFIED: &str = "emailVerified";
/// The run records.
pub const RUNS: &str = "_ringfence_runs";
/// The lease.
pub const LEASE: &str = "_ringfence_lease";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_default_mapping_reads() {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        assert_eq!(mapping.user.copied().count(), 10);
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_line() {
        let text = DEFAULT.replace("owner =", "ownr =");
        let message = Mapping::parse(&text).unwrap_err().to_string();
        assert!(
            message.contains("line 2") && message.contains("ownr"),
            "{message}"
        );
    }
}
