//! The answer: what every model's documents and indexes are against the schema, for tables and for JSON.

use serde_json::{Map, Value as Json, json};

use super::kind::Kind;
use super::tally::names_json;

/// The findings of a whole schema.
#[derive(Debug, Clone, Default)]
pub struct Conformity {
    /// Every model, in the order of the schema.
    pub models: Vec<ModelConformity>,
    /// What is worth knowing beside the findings.
    pub notes: Vec<String>,
    /// True where something could not be checked; a note says what.
    pub incomplete: bool,
}

/// The findings of a model.
#[derive(Debug, Clone)]
pub struct ModelConformity {
    /// The model's name.
    pub name: String,
    /// Its collection.
    pub collection: String,
    /// How many documents were read.
    pub documents: u64,
    /// By kind, then in the order of the fields.
    pub findings: Vec<Finding>,
}

/// A finding: one kind, one field (or several together), any number of documents.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What is wrong.
    pub kind: Kind,
    /// The fields, by the names of the schema.
    pub fields: Vec<String>,
    /// Documents, groups of duplicates, or indexes.
    pub count: u64,
    /// What the application would see.
    pub error: String,
    /// Ids of the first few documents, as people read them.
    pub samples: Vec<String>,
    /// What mends it.
    pub repair: String,
    /// Shown, and no reason for exit 2.
    pub advice: bool,
}

impl Conformity {
    /// True where every document of every model was read, can be read by the application, and nothing but advice was found.
    pub fn holds(&self) -> bool {
        let mut findings = self.models.iter().flat_map(|model| &model.findings);
        !self.incomplete && findings.all(|finding| finding.advice)
    }

    /// Documents that were read.
    pub fn documents(&self) -> u64 {
        self.models.iter().map(|model| model.documents).sum()
    }

    /// The document of `--json`.
    pub fn to_json(&self) -> Json {
        let models: Vec<Json> = self.models.iter().map(ModelConformity::to_json).collect();
        json!({ "models": models, "notes": self.notes })
    }
}

impl ModelConformity {
    fn to_json(&self) -> Json {
        let findings: Vec<Json> = self.findings.iter().map(Finding::to_json).collect();
        json!({
            "name": self.name, "collection": self.collection, "documents": self.documents, "findings": findings,
        })
    }
}

impl Finding {
    fn to_json(&self) -> Json {
        let mut json = Map::new();
        json.insert("kind".to_owned(), json!(self.kind.word()));
        let (key, names) = names_json(&self.fields);
        json.insert(key.to_owned(), names);
        json.insert("count".to_owned(), json!(self.count));
        json.insert("error".to_owned(), json!(self.error));
        json.insert("samples".to_owned(), json!(self.samples));
        json.insert("repair".to_owned(), json!(self.repair));
        if self.advice {
            json.insert("advice".to_owned(), json!(true));
        }
        Json::Object(json)
    }
}
