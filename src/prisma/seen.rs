//! What a schema says of a database, as `init` looks at it: fields and where they lead, without a document having been read.

use super::schema::{Arity, Field, FieldType, Model, Relation, Schema};
use crate::domain::profile::Profile;
use crate::domain::propose::{Seen, SeenReference};

/// Adds what the schema says to what was seen; where documents were looked at, they go before.
pub fn add_to(seen: &mut Seen, schema: &Schema) {
    for model in schema.models.iter().filter(|it| !it.is_view && !it.ignored) {
        let found = seen.collections.entry(model.collection.clone());
        let found = found.or_default();
        if found.profile.documents == 0 {
            found.profile = profile(schema, model);
        }
        for relation in &model.relations {
            if let Some(reference) = references(schema, model, relation) {
                let known = found
                    .references
                    .iter_mut()
                    .find(|it| it.field == reference.field);
                match known {
                    Some(known) => known.said |= known.to == reference.to,
                    None => found.references.push(reference),
                }
            }
        }
    }
}

fn profile(schema: &Schema, model: &Model) -> Profile {
    let mut profile = Profile::new(0);
    for field in &model.fields {
        add(schema, &mut profile, "", field);
    }
    profile
}

fn add(schema: &Schema, profile: &mut Profile, prefix: &str, field: &Field) {
    let list = field.arity == Arity::List;
    let path = format!("{prefix}{}", field.stored);
    profile.say(&path, list && matches!(field.of, FieldType::Composite(_)));
    if let FieldType::Composite(at) = field.of
        && prefix.matches('.').count() < 3
        && let Some(composite) = schema.composites.get(at)
    {
        let inside = if list {
            format!("{path}[].")
        } else {
            format!("{path}.")
        };
        for field in &composite.fields {
            add(schema, profile, &inside, field);
        }
    }
}

/// The fields that hold a relation's reference, by the other model's `_id` or by another field of it.
fn references(schema: &Schema, model: &Model, relation: &Relation) -> Option<SeenReference> {
    let target = schema.models.get(relation.target)?;
    let (field, other) = (relation.fields.first()?, relation.references.first()?);
    let (field, other) = (model.fields.get(*field)?, target.fields.get(*other)?);
    Some(SeenReference {
        field: field.stored.clone(),
        to: target.collection.clone(),
        by: (!other.is_id).then(|| other.stored.clone()),
        found: 0,
        tried: 0,
        said: true,
        kinds: None,
    })
}
