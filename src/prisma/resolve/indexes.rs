//! Uniques and indexes, with the names that `db push` gives them.

use std::collections::{BTreeMap, BTreeSet};

use super::attributes::{find, members, text};
use super::{Waiting, hint};
use crate::domain::index_plan::prisma_name;
use crate::domain::text::safe;
use crate::prisma::ast::{Argument, Attribute, Expression, Value};
use crate::prisma::schema::{Field, FieldType, Index, IndexField, IndexKind, Model, Schema};
use crate::prisma::source::Flaw;

/// The indexes of the model of number `at`.
pub(super) fn of_model(schema: &Schema, at: usize, waiting: &Waiting) -> Result<Vec<Index>, Flaw> {
    let model = &schema.models[at];
    let fields: Fields<'_> = model
        .fields
        .iter()
        .map(|it| (it.name.as_str(), it))
        .collect();
    let mut indexes = SoFar::default();
    for field in &waiting.fields {
        let Some(attribute) = find(&field.attributes, "unique") else {
            continue;
        };
        let Some(found) = fields.get(field.name.text.as_str()) else {
            let message = "a relation cannot be unique; its scalar field can";
            return Err(Flaw::new(attribute.name.place, message));
        };
        if found.is_id {
            let message = "an `@id` is unique already";
            return Err(Flaw::new(attribute.name.place, message));
        }
        let over = IndexField {
            path: found.name.clone(),
            stored: found.stored.clone(),
            descending: descending(&attribute.arguments),
        };
        push(
            &mut indexes,
            model,
            attribute,
            IndexKind::Unique,
            (vec![over], false),
        )?;
    }
    for attribute in &waiting.attributes {
        let kind = match attribute.name.text.as_str() {
            "unique" => IndexKind::Unique,
            "index" => IndexKind::Plain,
            "fulltext" => IndexKind::Text,
            _ => continue,
        };
        let Some(list) = attribute.argument("fields", true) else {
            let message = "an index names its fields: [a, b]";
            return Err(Flaw::new(attribute.name.place, message));
        };
        let mut over = Vec::new();
        for member in members(list) {
            over.push(index_field(schema, (model, &fields), member)?);
        }
        if over.is_empty() {
            return Err(Flaw::new(list.place, "an index needs a field"));
        }
        push(&mut indexes, model, attribute, kind, (over, true))?;
    }
    Ok(indexes.all)
}

/// The fields of a model by name.
type Fields<'m> = BTreeMap<&'m str, &'m Field>;

/// The indexes so far.
#[derive(Default)]
struct SoFar {
    all: Vec<Index>,
    names: BTreeSet<String>,
    /// What each is over.
    over: BTreeSet<Vec<(String, bool)>>,
}

fn push(
    indexes: &mut SoFar,
    model: &Model,
    attribute: &Attribute,
    kind: IndexKind,
    (fields, own_line): (Vec<IndexField>, bool),
) -> Result<(), Flaw> {
    let mapped = attribute.argument("map", false).map(text).transpose()?;
    let paths: Vec<&str> = fields
        .iter()
        .flat_map(|field| field.stored.split('.'))
        .collect();
    let unique = kind == IndexKind::Unique;
    let name = mapped.unwrap_or_else(|| prisma_name(&model.collection, &paths, unique));
    let over = fields.iter().map(|it| (it.path.clone(), it.descending));
    if !indexes.over.insert(over.collect()) {
        let message = "the model has an index over these fields already";
        return Err(Flaw::new(attribute.name.place, message));
    }
    if !indexes.names.insert(name.clone()) {
        let name = safe(&name, 130);
        let message = format!("two indexes would be called {name}: add `map:` to one");
        return Err(Flaw::new(attribute.name.place, message));
    }
    let called = attribute.argument("name", false).map(text).transpose()?;
    indexes.all.push(Index {
        kind,
        name,
        fields,
        own_line,
        called,
    });
    Ok(())
}

fn descending(arguments: &[Argument]) -> bool {
    arguments.iter().any(|argument| {
        argument.name.as_ref().is_some_and(|it| it.text == "sort")
            && argument.value.value == Value::Path(vec!["Desc".to_owned()])
    })
}

/// A member of an index: `email`, `email(sort: Desc)`, `address.city`.
fn index_field(
    schema: &Schema,
    (model, top): (&Model, &Fields<'_>),
    member: &Expression,
) -> Result<IndexField, Flaw> {
    let (path, descending) = match &member.value {
        Value::Path(path) => (path, false),
        Value::Call(path, arguments) => (path, descending(arguments)),
        _ => return Err(Flaw::new(member.place, "expected the name of a field")),
    };
    let mut fields: &[Field] = &model.fields;
    let mut holder = model.name.as_str();
    let mut stored = Vec::new();
    for (depth, name) in path.iter().enumerate() {
        let field = if depth == 0 {
            top.get(name.as_str()).copied()
        } else {
            fields.iter().find(|field| &field.name == name)
        };
        let Some(field) = field else {
            let (holder, shown) = (safe(holder, 60), safe(name, 60));
            let relation = model.relations.iter().any(|it| &it.name == name);
            let message = if relation && depth == 0 {
                format!(
                    "{shown} is a relation of {holder}; an index is over the field that holds its id"
                )
            } else {
                let near = hint(name, fields.iter().map(|field| field.name.as_str()));
                format!("{holder} has no field {shown}{near}")
            };
            return Err(Flaw::new(member.place, message));
        };
        stored.push(field.stored.as_str());
        let last = depth + 1 == path.len();
        match field.of {
            FieldType::Composite(at) if !last => {
                let composite = &schema.composites[at];
                (fields, holder) = (&composite.fields, &composite.name);
            }
            _ if last => {}
            _ => {
                let message = format!("{} is no composite type", safe(name, 60));
                return Err(Flaw::new(member.place, message));
            }
        }
    }
    Ok(IndexField {
        path: path.join("."),
        stored: stored.join("."),
        descending,
    })
}
