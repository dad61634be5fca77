//! Fields of a customer that stand in documents on a booking's way to its user, as a profile: taken from there, beside what the user has.

use std::collections::BTreeMap;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::path::Path;
use super::way::find_by;
use crate::domain::id::Id;
use crate::domain::link::Between;
use crate::domain::mapping::path::FieldPath;
use crate::domain::mapping::{FieldSource, Mapping, UserReference};
use crate::domain::raw::{Builder, elements};
use crate::domain::survey::facts::id_of;

/// One document on the way: where it stands, how it is found, what is read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopStage {
    /// The collection.
    pub collection: String,
    /// The field by which the one before names it, as the server takes it; `_id` where there is none.
    pub by: Option<String>,
    /// What must be read of it.
    pub fields: Vec<String>,
    gives: Vec<(String, FieldPath)>,
}

/// The fields, and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopFields {
    path: Path,
    /// Up to the last document that gives a field.
    stages: Vec<HopStage>,
}

/// The documents on the way from one value, one for each stage, as far as the way goes.
pub type Chain = Vec<RawDocumentBuf>;

impl HopFields {
    /// Those of a mapping; none where no field comes from such a document.
    pub fn of(mapping: &Mapping) -> Option<Self> {
        let Some(UserReference::Path(reference)) = &mapping.booking.following.user else {
            return None;
        };
        let gives = |collection: &str| -> Vec<(String, FieldPath)> {
            let fields = mapping.customer.fields.iter();
            let fields = fields.filter_map(|(name, source)| match source {
                FieldSource::Hop {
                    collection: of,
                    field,
                } if of == collection => Some((name.clone(), field.clone())),
                FieldSource::Hop { .. } | FieldSource::Of(_) => None,
            });
            fields.collect()
        };
        let mut stages: Vec<HopStage> = Vec::new();
        for hop in &reference.hops {
            // Of a collection that is passed twice, the first document.
            let again = stages.iter().any(|it| it.collection == hop.collection);
            let gives = if again {
                Vec::new()
            } else {
                gives(&hop.collection)
            };
            let mut fields: Vec<String> = vec![hop.then.top().to_owned()];
            fields.extend(hop.by.iter().map(|by| by.top().to_owned()));
            fields.extend(gives.iter().map(|(_, path)| path.top().to_owned()));
            fields.sort_unstable();
            fields.dedup();
            let by = hop.by.as_ref().map(|by| {
                let names: Vec<&str> = by.steps().iter().map(|it| it.name.as_str()).collect();
                names.join(".")
            });
            stages.push(HopStage {
                collection: hop.collection.clone(),
                by,
                fields,
                gives,
            });
        }
        let last = stages.iter().rposition(|it| !it.gives.is_empty())?;
        stages.truncate(last + 1);
        Some(Self {
            path: Path::of(reference),
            stages,
        })
    }

    /// The documents on the way, in their order.
    pub fn stages(&self) -> &[HopStage] {
        &self.stages
    }

    /// Documents of a stage by what they are named by; of several with one name the smallest `_id`.
    pub fn by_name(
        &self,
        stage: usize,
        documents: impl Iterator<Item = RawDocumentBuf>,
    ) -> BTreeMap<Id, RawDocumentBuf> {
        let mut known: BTreeMap<Id, RawDocumentBuf> = BTreeMap::new();
        for document in documents {
            for name in self.path.names_of_hop(stage, &document) {
                let known = known
                    .entry(name.canonical())
                    .or_insert_with(|| document.clone());
                if id_of(&document) < id_of(known) {
                    known.clone_from(&document);
                }
            }
        }
        known
    }

    /// The document of these that a name finds.
    pub fn found<'d>(
        known: &'d BTreeMap<Id, RawDocumentBuf>,
        name: &Id,
    ) -> Option<&'d RawDocumentBuf> {
        find_by(|id| known.get(id), name).map(|found| found.at)
    }

    /// By what a document of a stage names the next one; the first of several.
    pub fn next(&self, stage: usize, document: &RawDocument) -> Option<Id> {
        self.path.read_hop(stage, document).named().cloned()
    }

    /// What a user gives to a customer, with what the documents give; and which documents gave something.
    pub fn added_to(&self, view: &RawDocument, chain: &Chain) -> (Vec<Between>, RawDocumentBuf) {
        let mut out = Builder::new(view.as_bytes().len() + 64);
        for element in elements(view).map_while(Result::ok) {
            out.element(&element);
        }
        let mut from = Vec::new();
        for (at, (stage, document)) in self.stages.iter().zip(chain).enumerate() {
            if stage.gives.is_empty() {
                continue;
            }
            for (name, path) in &stage.gives {
                if let Some(value) = path.value(document) {
                    out.value(name, value);
                }
            }
            from.extend(id_of(document).map(|id| Between {
                collection: (at > 0).then(|| stage.collection.clone()),
                id,
            }));
        }
        (from, out.finish())
    }
}
