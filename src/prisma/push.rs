//! What `npx prisma@6 db push` would do with the indexes of a collection, and which of a schema's indexes do not stand.

use bson::raw::RawDocumentBuf;

use super::indexes::{self, Standing};
use super::kind::Kind;
use super::schema::{Model, Schema};
use crate::domain::pushed::Named;

/// What a push would do with one collection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pushes {
    /// Indexes that it makes, by name.
    pub makes: Vec<String>,
    /// Indexes that it drops, by name.
    pub drops: Vec<String>,
}

/// What a push would do with the collection of `model`, which has these indexes.
pub fn pushes(schema: &Schema, model: &Model, standing: &[RawDocumentBuf]) -> Pushes {
    let all: Vec<_> = standing.iter().map(|raw| Standing::of(raw)).collect();
    let makes = model.indexes.iter();
    let makes = makes.filter(|wanted| !all.iter().any(|it| it.is_kept_as(wanted)));
    Pushes {
        makes: makes.map(|wanted| wanted.name.clone()).collect(),
        drops: found(schema, model, standing, Kind::IndexDroppedByPush),
    }
}

/// Indexes of the schema that do not stand on the collection of `model`, by name. One that does the same under another name counts as standing.
pub fn missing(schema: &Schema, model: &Model, standing: &[RawDocumentBuf]) -> Vec<String> {
    found(schema, model, standing, Kind::IndexMissing)
}

fn found(schema: &Schema, model: &Model, standing: &[RawDocumentBuf], kind: Kind) -> Vec<String> {
    let all = indexes::compare(schema, model, standing).into_iter();
    let such = all.filter(|it| it.kind == kind);
    such.filter_map(|it| it.index).collect()
}

/// The collections that a schema names, with their indexes.
pub fn named(schema: &Schema) -> Vec<Named> {
    let models = schema.models.iter().filter(|model| !model.is_view);
    models
        .map(|model| Named {
            collection: model.collection.clone(),
            indexes: model.indexes.iter().map(|it| it.name.clone()).collect(),
        })
        .collect()
}
