//! Fields of a customer that stand in a document on a booking's way to its user, as a profile: taken from there, beside what the user has.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::mapping::path::FieldPath;
use crate::domain::mapping::{FieldSource, Mapping};
use crate::domain::raw::{Builder, elements};

/// The fields, and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopFields {
    /// The collection of the documents, which bookings name by their `_id`.
    pub collection: String,
    fields: Vec<(String, FieldPath)>,
}

impl HopFields {
    /// Those of a mapping; none where no field comes from such a document.
    pub fn of(mapping: &Mapping) -> Option<Self> {
        let hop = mapping.hops_to_users().first()?;
        let fields = mapping.customer.fields.iter();
        let fields: Vec<(String, FieldPath)> = fields
            .filter_map(|(name, source)| match source {
                FieldSource::Hop { collection, field } if *collection == hop.collection => {
                    Some((name.clone(), field.clone()))
                }
                FieldSource::Hop { .. } | FieldSource::Of(_) => None,
            })
            .collect();
        (!fields.is_empty()).then(|| Self {
            collection: hop.collection.clone(),
            fields,
        })
    }

    /// What must be read of a document.
    pub fn top_level(&self) -> Vec<&str> {
        let mut tops: Vec<&str> = self.fields.iter().map(|(_, path)| path.top()).collect();
        tops.sort_unstable();
        tops.dedup();
        tops
    }

    /// What a user gives to a customer, with what the document gives.
    pub fn added_to(&self, view: &RawDocument, document: &RawDocument) -> RawDocumentBuf {
        let mut out = Builder::new(view.as_bytes().len() + 64);
        for element in elements(view).map_while(Result::ok) {
            out.element(&element);
        }
        for (name, path) in &self.fields {
            if let Some(value) = path.value(document) {
                out.value(name, value);
            }
        }
        out.finish()
    }
}
