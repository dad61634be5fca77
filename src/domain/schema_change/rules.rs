//! The rules themselves, as a plan keeps them: what changes in each collection, in its documents, its name and its indexes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::convert::Native;
use crate::domain::raw::{Builder, Value, kind, string_bytes};
use crate::domain::{calendar, text};

/// Where a collection stands between its old name and its new one, for the instant of the renames.
pub const MOVING: &str = "_ringfence_moving_";

/// What changes, by the collection's name of today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SchemaChanges {
    /// Each collection that a model of the after-schema reads.
    pub collections: BTreeMap<String, CollectionChange>,
}

/// What changes in one collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectionChange {
    /// The model that reads it.
    pub model: String,
    /// Its name under the after-schema.
    pub to: String,
    /// An empty collection stands under that name, and is set aside.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sets_aside: bool,
    /// Documents or indexes change, so that it is built anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copy: bool,
    /// What is done to each document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// The indexes that the schema names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<NamedIndex>,
}

/// What is done to a document. Fields are named as documents have them: in `Write` and `Convert` by their name afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// A field gets another name, in its place.
    Rename {
        /// Its name today.
        from: String,
        /// Its name afterwards.
        to: String,
    },
    /// A value is written where the field is missing or null.
    Write {
        /// The field.
        field: String,
        /// What.
        value: Written,
    },
    /// A value is kept as another type where it means the same.
    Convert {
        /// The field.
        field: String,
        /// The type.
        to: Native,
        /// Also what a client reads with the same meaning, such as 1.0 under Int.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all: bool,
    },
}

/// What is written into a field that has nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Written {
    /// Always the same.
    Constant(Constant),
    /// The first of these that the document has.
    FirstOf(Vec<Place>),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Place {
    /// Another field of the document, by its name afterwards.
    Field(String),
    /// A date in another field.
    Date(String),
    /// The time in the document's ObjectId.
    TimeOfId,
}

/// A value that is written out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Constant {
    /// Text.
    Text(String),
    /// A number of 32 bits.
    Int(i32),
    /// A number of 64 bits.
    Long(i64),
    /// A number with a fraction, as it is written.
    Float(String),
    /// True or false.
    Boolean(bool),
    /// A date, in milliseconds since 1970.
    Date(i64),
    /// Several.
    List(Vec<Constant>),
}

impl Constant {
    /// Its BSON type and bytes.
    pub fn bytes(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Text(text) => (kind::STRING, string_bytes(text)),
            Self::Int(number) => (kind::INT32, number.to_le_bytes().to_vec()),
            Self::Long(number) => (kind::INT64, number.to_le_bytes().to_vec()),
            Self::Float(text) => {
                let number: f64 = text.parse().unwrap_or_default(); // read as a number before it came here
                (kind::DOUBLE, number.to_le_bytes().to_vec())
            }
            Self::Boolean(is) => (kind::BOOLEAN, vec![u8::from(*is)]),
            Self::Date(millis) => (kind::DATE, millis.to_le_bytes().to_vec()),
            Self::List(members) => {
                let members: Vec<_> = members.iter().map(Self::bytes).collect();
                let mut out = Builder::new(16);
                for (at, (kind, bytes)) in members.iter().enumerate() {
                    let kind = *kind;
                    out.value(&at.to_string(), Value { kind, bytes });
                }
                (kind::ARRAY, out.finish().as_bytes().to_vec())
            }
        }
    }

    /// As people read it.
    pub fn words(&self) -> String {
        match self {
            Self::Text(words) => format!("\"{}\"", text::safe(words, 60)),
            Self::Int(number) => number.to_string(),
            Self::Long(number) => number.to_string(),
            Self::Float(text) => text.clone(),
            Self::Boolean(is) => is.to_string(),
            Self::Date(millis) => calendar::minute(*millis),
            Self::List(members) => {
                let members: Vec<_> = members.iter().map(Self::words).collect();
                format!("[{}]", members.join(", "))
            }
        }
    }
}

impl Written {
    /// As people read it, after "written: ".
    pub fn words(&self) -> String {
        match self {
            Self::Constant(constant) => constant.words(),
            Self::FirstOf(places) => {
                let places: Vec<String> = places
                    .iter()
                    .map(|place| match place {
                        Place::Field(field) | Place::Date(field) => format!("its {field}"),
                        Place::TimeOfId => "the time in its _id".to_owned(),
                    })
                    .collect();
                places.join(", else ")
            }
        }
    }
}

impl Rule {
    /// The field as it is called afterwards.
    pub fn field(&self) -> &str {
        match self {
            Self::Rename { to, .. } => to,
            Self::Write { field, .. } | Self::Convert { field, .. } => field,
        }
    }

    /// As people read it: "isActive: true written where it is missing or null".
    pub fn words(&self) -> String {
        match self {
            Self::Rename { from, to } => format!("{from} becomes {to}"),
            Self::Write { field, value } => {
                format!(
                    "{field}: {} written where it is missing or null",
                    value.words()
                )
            }
            Self::Convert { field, to, .. } => format!("{field}: kept as {}", to.words()),
        }
    }
}

/// An index that the after-schema names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedIndex {
    /// Its name in the database.
    pub name: String,
    /// Paths in documents, and whether each is in descending order.
    pub keys: Vec<(String, bool)>,
    /// No two documents share a value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// It is a text index.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub text: bool,
}

impl SchemaChanges {
    /// What changes in a collection, by its name of today.
    pub fn of(&self, live: &str) -> Option<&CollectionChange> {
        self.collections.get(live)
    }

    /// What it is called afterwards.
    pub fn name_after<'n>(&'n self, live: &'n str) -> &'n str {
        self.of(live).map_or(live, |change| change.to.as_str())
    }

    /// The names that empty collections are in the way of.
    pub fn set_aside(&self) -> BTreeSet<&str> {
        let all = self.collections.values();
        all.filter(|change| change.sets_aside)
            .map(|change| change.to.as_str())
            .collect()
    }

    /// True where nothing is renamed, rebuilt or set aside.
    pub fn is_empty(&self) -> bool {
        self.collections
            .iter()
            .all(|(live, change)| !change.copy && change.to == *live)
    }

    /// What differs between the changes of a plan and those of now, in words.
    pub fn drift(&self, now: &Self) -> Vec<String> {
        let mut says = Vec::new();
        for (live, change) in &now.collections {
            let live_name = text::safe(live, 120);
            let Some(planned) = self.of(live) else {
                says.push(format!("the after-schema reads {live_name} now"));
                continue;
            };
            for rule in &change.rules {
                if !planned.rules.contains(rule) {
                    says.push(format!(
                        "new for the after-schema in {live_name}: {}",
                        rule.words()
                    ));
                }
            }
            // A rule that no document needs any more does no harm.
            let others = planned.to != change.to || planned.indexes != change.indexes;
            let in_the_way = change.sets_aside && !planned.sets_aside;
            if others
                || in_the_way
                || (change.copy && !planned.copy && planned.rules == change.rules)
            {
                says.push(format!(
                    "the names or indexes that the after-schema asks of {live_name} changed"
                ));
            }
        }
        let gone = self.collections.keys();
        let gone = gone.filter(|live| now.of(live).is_none());
        says.extend(
            gone.map(|live| format!("the after-schema no longer reads {}", text::safe(live, 120))),
        );
        says
    }
}

impl CollectionChange {
    /// The name of today of a field that is called so afterwards.
    pub fn name_before<'n>(&'n self, field: &'n str) -> &'n str {
        let renamed = self.rules.iter().find_map(|rule| match rule {
            Rule::Rename { from, to } if to == field => Some(from.as_str()),
            _ => None,
        });
        renamed.unwrap_or(field)
    }
}
