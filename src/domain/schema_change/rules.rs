//! The rules themselves, as a plan keeps them: what changes in each collection, in its documents, its name and its indexes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::convert::Native;
use super::literal::{base64, of_bytes, of_json};
use super::minutes::{Minutes, MinutesOf};
use super::values::Pair;
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
    /// All of it waits for the step that updates the schema.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_step: bool,
    /// What is done to each document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// The indexes that the schema names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<NamedIndex>,
    /// What rules add to a date, once it was read.
    #[serde(skip)]
    pub minutes: Minutes,
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
        /// The type in the schema of today, where that is another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Native>,
    },
    /// A value of an enum that is stored otherwise afterwards.
    Values {
        /// The field.
        field: String,
        /// Each text of today, with the one afterwards.
        pairs: Vec<Pair>,
    },
    /// Rules for the document under a field, or for each document of the list there.
    Within {
        /// The field, by its name afterwards.
        field: String,
        /// What is done there.
        rules: Vec<Rule>,
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
    /// Of a customer: when the oldest of its users was made, as their ids say, else when the oldest of its bookings was.
    Oldest,
    /// A date in another field, and so many minutes later as another document says.
    Later {
        /// The field with the date, by its name afterwards.
        date: String,
        /// The field that names the other document, by its name afterwards.
        by: String,
        /// Where the other document stands, and its field with the minutes.
        minutes: MinutesOf,
    },
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
    /// Bytes, as the schema writes them: in base64.
    Bytes(String),
    /// JSON, as the schema writes it.
    Json(String),
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
            // Both were read before they came here.
            Self::Bytes(text) => of_bytes(&base64(text).unwrap_or_default()),
            Self::Json(text) => of_json(&serde_json::from_str(text).unwrap_or_default()),
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
            Self::Bytes(words) | Self::Json(words) => text::safe(words, 60),
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
                        Place::Oldest => "the date of its oldest user or booking".to_owned(),
                        Place::Later { date, by, minutes } => format!(
                            "its {date} plus the minutes in {} of the {} that its {by} names",
                            minutes.1, minutes.0
                        ),
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
            Self::Write { field, .. }
            | Self::Convert { field, .. }
            | Self::Values { field, .. }
            | Self::Within { field, .. } => field,
        }
    }

    /// As people read it: "isActive: true written where it is missing or null".
    pub fn words(&self) -> String {
        self.words_at("")
    }

    fn words_at(&self, way: &str) -> String {
        match self {
            Self::Rename { from, to } => format!("{way}{from} becomes {way}{to}"),
            Self::Write { field, value } => {
                format!(
                    "{way}{field}: {} written where it is missing or null",
                    value.words()
                )
            }
            Self::Convert { field, to, .. } => format!("{way}{field}: converted to {}", to.words()),
            Self::Values { field, pairs } => {
                let shown = |text: &str| text::safe(text, 60);
                let words = pairs
                    .iter()
                    .map(|(from, to)| format!("\"{}\" becomes \"{}\"", shown(from), shown(to)));
                format!("{way}{field}: {}", words.collect::<Vec<_>>().join(", "))
            }
            Self::Within { field, rules } => {
                let way = format!("{way}{field}.");
                let words: Vec<_> = rules.iter().map(|rule| rule.words_at(&way)).collect();
                words.join("; ")
            }
        }
    }

    /// The rule at the end of the way, where it is one alone.
    pub fn innermost(&self) -> &Self {
        match self {
            Self::Within { rules, .. } => rules.first().map_or(self, Self::innermost),
            Self::Rename { .. }
            | Self::Write { .. }
            | Self::Convert { .. }
            | Self::Values { .. } => self,
        }
    }

    /// The same rules, those for the documents under one field put together.
    pub fn together(rules: Vec<Self>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for rule in rules {
            let Self::Within { field, rules } = rule else {
                all.push(rule);
                continue;
            };
            let known = all.iter_mut().find_map(|it| match it {
                Self::Within { field: it, rules } if *it == field => Some(rules),
                _ => None,
            });
            match known {
                Some(known) => known.extend(rules),
                None => all.push(Self::Within { field, rules }),
            }
        }
        for rule in &mut all {
            if let Self::Within { rules, .. } = rule {
                *rules = Self::together(std::mem::take(rules));
            }
        }
        all
    }

    /// Each of the rules alone, with the way to it.
    fn apart(rules: &[Self]) -> Vec<Self> {
        let each = rules.iter().flat_map(|rule| match rule {
            Self::Within { field, rules } => {
                let inner = Self::apart(rules).into_iter().map(|rule| Self::Within {
                    field: field.clone(),
                    rules: vec![rule],
                });
                inner.collect()
            }
            other => vec![other.clone()],
        });
        each.collect()
    }

    /// Where the minutes stand that these rules add to dates.
    pub fn minutes_of(rules: &[Self]) -> BTreeSet<MinutesOf> {
        let places = rules.iter().filter_map(|rule| match rule {
            Self::Write {
                value: Written::FirstOf(places),
                ..
            } => Some(places),
            _ => None,
        });
        let minutes = places.flatten().filter_map(|place| match place {
            Place::Later { minutes, .. } => Some(minutes.clone()),
            Place::Field(_) | Place::Date(_) | Place::TimeOfId | Place::Oldest => None,
        });
        minutes.collect()
    }

    /// True for a rule that dates a customer by the oldest of its users or bookings.
    pub fn asks_for_oldest(&self) -> bool {
        matches!(self, Self::Write { value: Written::FirstOf(places), .. } if places.contains(&Place::Oldest))
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

    /// Has all that is asked of collections other than `own` wait for the step that updates the schema. What stands under a name that one of
    /// `own` gets goes sooner, with the cut-over.
    pub fn wait_for_own_step(&mut self, own: &BTreeSet<String>) {
        let mut sooner = own.clone();
        loop {
            let moves = self.collections.iter();
            let moves = moves.filter(|(live, change)| change.to != **live);
            let taken: BTreeSet<&str> = moves
                .clone()
                .filter(|(live, _)| sooner.contains(*live))
                .map(|(_, change)| change.to.as_str())
                .collect();
            let in_the_way: Vec<String> = moves
                .filter(|(live, _)| taken.contains(live.as_str()) && !sooner.contains(*live))
                .map(|(live, _)| live.clone())
                .collect();
            if in_the_way.is_empty() {
                break;
            }
            sooner.extend(in_the_way);
        }
        for (live, change) in &mut self.collections {
            let changes = change.copy || change.to != *live;
            change.own_step = changes && !sooner.contains(live);
        }
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
            let planned_rules = Rule::apart(&planned.rules);
            for rule in &Rule::apart(&change.rules) {
                if !planned_rules.contains(rule) {
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
        name_before(&self.rules, field)
    }

    /// What a field is called afterwards that is called so today; `None` where it keeps its name.
    pub fn name_after(&self, field: &str) -> Option<&str> {
        name_after(&self.rules, field)
    }
}

/// What a field is called after these rules that is called so today; `None` where it keeps its name.
pub fn name_after<'r>(rules: &'r [Rule], field: &str) -> Option<&'r str> {
    rules.iter().find_map(|rule| match rule {
        Rule::Rename { from, to } if from == field => Some(to.as_str()),
        _ => None,
    })
}

/// The name of today of a field that is called so after these rules.
pub(super) fn name_before<'n>(rules: &'n [Rule], field: &'n str) -> &'n str {
    let renamed = rules.iter().find_map(|rule| match rule {
        Rule::Rename { from, to } if to == field => Some(from.as_str()),
        _ => None,
    });
    renamed.unwrap_or(field)
}

/// What a path is called after these rules; `None` where it keeps its name.
pub(super) fn path_after(rules: &[Rule], path: &str) -> Option<String> {
    let (top, rest) = path.split_once('.').unwrap_or((path, ""));
    let renamed = rules.iter().find_map(|rule| match rule {
        Rule::Rename { from, to } if from == top => Some(to.as_str()),
        _ => None,
    });
    let name = renamed.unwrap_or(top);
    let within = rules.iter().filter_map(|rule| match rule {
        Rule::Within { field, rules } if field == name => path_after(rules, rest),
        _ => None,
    });
    let mut within = within;
    let inner = within.next_back().filter(|_| !rest.is_empty());
    match (renamed, inner) {
        (None, None) => None,
        (_, Some(inner)) => Some(format!("{name}.{inner}")),
        (Some(name), None) if rest.is_empty() => Some(name.to_owned()),
        (Some(name), None) => Some(format!("{name}.{rest}")),
    }
}
