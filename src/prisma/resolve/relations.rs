//! Relations: which fields hold the reference, and what they refer to.

use super::attributes::{allowed, find, members, single_name, text};
use super::{Named, Names, hint};
use crate::domain::text::safe;
use crate::prisma::ast::{Arity, Expression, Field as FieldAst, Value};
use crate::prisma::schema::{Model, Relation, Schema};
use crate::prisma::source::Flaw;

/// The relations of the model of number `at`. The fields of all models are known.
pub(super) fn of_model(
    schema: &Schema,
    at: usize,
    fields: &[FieldAst],
    names: &Names,
) -> Result<Vec<Relation>, Flaw> {
    let mut relations = Vec::new();
    for field in fields.iter().filter(|field| !field.unsupported) {
        if let Some(Named::Model(target)) = names.all.get(&field.of.text) {
            relations.push(one(schema, at, *target, field, names)?);
        }
    }
    Ok(relations)
}

fn one(
    schema: &Schema,
    at: usize,
    target: usize,
    field: &FieldAst,
    names: &Names,
) -> Result<Relation, Flaw> {
    allowed(
        &field.attributes,
        &["relation", "ignore"],
        "relation",
        names,
    )?;
    let mut relation = Relation {
        name: field.name.text.clone(),
        target,
        arity: field.arity,
        relation: None,
        fields: Vec::new(),
        references: Vec::new(),
        on_delete: None,
        ignored: find(&field.attributes, "ignore").is_some(),
        place: field.name.place,
    };
    let Some(attribute) = find(&field.attributes, "relation") else {
        return Ok(relation);
    };
    relation.relation = attribute.argument("name", true).map(text).transpose()?;
    if let Some(fields) = attribute.argument("fields", false) {
        relation.fields = numbers(&schema.models[at], fields)?;
    }
    if let Some(references) = attribute.argument("references", false) {
        relation.references = numbers(&schema.models[target], references)?;
    }
    if let Some(Expression {
        value: Value::Path(path),
        ..
    }) = attribute.argument("onDelete", false)
    {
        relation.on_delete = Some(path.join("."));
    }
    if relation.fields.len() != relation.references.len() {
        let message = "`fields` and `references` name as many fields each, one for one";
        return Err(Flaw::new(attribute.name.place, message));
    }
    let own = &schema.models[at].fields;
    let list = |number: &usize| own.get(*number).is_some_and(|it| it.arity == Arity::List);
    if relation.arity == Arity::List && !relation.fields.is_empty() {
        if relation.fields.len() != 1 || !relation.fields.iter().all(list) {
            let message = "the ids of a list of documents are kept in one list: `fields` names one field, whose type ends in `[]`";
            return Err(Flaw::new(attribute.name.place, message));
        }
    } else if relation.fields.iter().any(list) {
        let message = "a relation to one document cannot keep its id in a list";
        return Err(Flaw::new(attribute.name.place, message));
    }
    Ok(relation)
}

/// The fields of `model` that a list names.
fn numbers(model: &Model, list: &Expression) -> Result<Vec<usize>, Flaw> {
    let mut numbers = Vec::new();
    for member in members(list) {
        let name = single_name(member)?;
        let found = model.fields.iter().position(|field| field.name == name);
        let Some(found) = found else {
            let near = hint(name, model.fields.iter().map(|field| field.name.as_str()));
            let message = format!(
                "the model {} has no field {}{near}",
                safe(&model.name, 60),
                safe(name, 60)
            );
            return Err(Flaw::new(member.place, message));
        };
        numbers.push(found);
    }
    Ok(numbers)
}

/// Every relation has another side, and of two lists both hold ids.
pub(super) fn check_both_sides(schema: &Schema) -> Result<(), Flaw> {
    for (at, model) in schema.models.iter().enumerate() {
        for (number, relation) in model.relations.iter().enumerate() {
            let target = &schema.models[relation.target];
            let Some((_, other)) = schema.other_side(at, number) else {
                let message = format!(
                    "the model {} has no field for the other side of this relation",
                    safe(&target.name, 60)
                );
                return Err(Flaw::new(relation.place, message));
            };
            let other = &target.relations[other];
            let lists = relation.arity == Arity::List && other.arity == Arity::List;
            let message = if relation.fields.is_empty() && other.fields.is_empty() {
                "neither side of this relation says which field holds the id: add @relation(fields: […], references: […]) to one of them"
            } else if lists && (relation.fields.is_empty() || other.fields.is_empty()) {
                "of two lists both sides hold ids: add @relation(fields: […], references: [id]) here and there"
            } else if !lists && !relation.fields.is_empty() && !other.fields.is_empty() {
                "one side of a relation holds the id, not both"
            } else {
                continue;
            };
            return Err(Flaw::new(relation.place, message));
        }
    }
    Ok(())
}
