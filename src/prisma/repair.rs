//! What is offered for a finding: words that name the field, its type, and the line of the schema.

use super::kind::Kind;
use super::schema::{Arity, Default, Field, FieldType, Model, Scalar, Schema};
use crate::domain::text::safe;

/// What mends a finding of `kind` about the fields `names` of `model`.
pub(super) fn of(schema: &Schema, model: &Model, kind: Kind, names: &[String]) -> String {
    let path = names.first().map_or("", String::as_str);
    let Some(field) = find(schema, model, path) else {
        return String::new();
    };
    let name = safe(path, 120);
    match kind {
        Kind::MissingRequired | Kind::NullRequired => required(schema, model, field, &name),
        Kind::NullInList => format!("take the nulls out of {name}"),
        Kind::MissingList => format!("write [] into {name}"),
        Kind::MalformedId => {
            let none = match field.arity {
                Arity::Required => "",
                Arity::Optional => ", or remove the value",
                Arity::List => ", or take it out of the list",
            };
            format!("write a right ObjectId into {name}{none}")
        }
        Kind::WrongType => wrong_type(schema, field, &name),
        Kind::OutOfRange => {
            let mark = match field.arity {
                Arity::Required => "",
                Arity::Optional => "?",
                Arity::List => "[]",
            };
            let field = safe(&field.name, 60);
            format!(
                "make it `{field} BigInt{mark}` in the schema (what is kept as a double must then be stored as a whole number), or correct the numbers"
            )
        }
        Kind::BadEnum => bad_enum(schema, field, &name),
        Kind::DanglingRelation => dangling(schema, model, field, names),
        Kind::RelationMismatch => mismatch(schema, model, &name),
        Kind::Duplicate => duplicate(schema, model, names),
        Kind::DefaultNotWritten => match &field.default {
            Some(Default::Literal(literal)) => {
                format!(
                    "write the default into {name}: {}",
                    default_words(schema, field, literal)
                )
            }
            _ => String::new(),
        },
        // An index says its own.
        Kind::IndexMissing | Kind::IndexDroppedByPush | Kind::ReferenceWithoutIndex => {
            String::new()
        }
    }
}

/// The field at a path of the schema.
pub(super) fn find<'s>(schema: &'s Schema, model: &'s Model, path: &str) -> Option<&'s Field> {
    let mut fields = &model.fields;
    let mut found = None;
    for name in path.split('.') {
        let field = fields.iter().find(|field| field.name == name)?;
        if let FieldType::Composite(at) = field.of {
            fields = &schema.composites.get(at)?.fields;
        }
        found = Some(field);
    }
    found
}

fn optional(schema: &Schema, field: &Field) -> String {
    let words = schema.type_words(field.of);
    let (of, native) = words.split_once(' ').unwrap_or((&words, ""));
    let native = if native.is_empty() {
        ""
    } else {
        " @db.ObjectId"
    };
    format!("`{} {of}?{native}`", safe(&field.name, 60))
}

/// The relation of `model` that a field holds the reference of.
fn relation_of<'s>(schema: &'s Schema, model: &'s Model, field: &Field) -> Option<&'s Model> {
    let holds = |numbers: &[usize]| {
        let mut held = numbers.iter().filter_map(|at| model.fields.get(*at));
        held.any(|it| it.name == field.name)
    };
    let relation = model.relations.iter().find(|it| holds(&it.fields))?;
    schema.models.get(relation.target)
}

fn required(schema: &Schema, model: &Model, field: &Field, name: &str) -> String {
    let optional = optional(schema, field);
    if let Some(target) = relation_of(schema, model, field) {
        let target = safe(&target.name, 60);
        return format!(
            "write the id of the {target} it belongs to into {name}, or make it optional: {optional}"
        );
    }
    // What a plan suggests: of any other date nobody knows what it was.
    let by_now = matches!(&field.default, Some(Default::Function(name)) if name == "now");
    let known = field.updated_at || by_now || field.name == "createdAt";
    let date = field.of == FieldType::Scalar(Scalar::DateTime) && known && !name.contains('.');
    let created = model.fields.iter().find(|it| it.name == "createdAt");
    let from = match created {
        Some(created) if date && field.updated_at && created.name != field.name => {
            " (from createdAt, or the time in the document's ObjectId)"
        }
        _ if date => " (from the time in the document's ObjectId)",
        _ => "",
    };
    format!("write a value into {name}{from}, or make it optional: {optional}")
}

fn wrong_type(schema: &Schema, field: &Field, name: &str) -> String {
    let words = schema.type_words(field.of);
    let of = match field.arity {
        Arity::List => format!("{words}[]"),
        _ => words,
    };
    match field.of {
        FieldType::Scalar(Scalar::ObjectId) => {
            format!("write {name} as ObjectId: text of 24 hexadecimal digits converts without loss")
        }
        FieldType::Scalar(Scalar::Int) => format!(
            "convert {name} to {of} where nothing is lost; for numbers with a fraction make the field `Float`, or round them"
        ),
        FieldType::Scalar(Scalar::Json) => format!(
            "write a number or text in place of the Decimal128 in {name}, or take the field out of the schema: a client passes over what it does not know"
        ),
        _ => format!("convert {name} to {of} where nothing is lost, or correct the values"),
    }
}

fn bad_enum(schema: &Schema, field: &Field, name: &str) -> String {
    let FieldType::Enum(at) = field.of else {
        return String::new();
    };
    let Some(found) = schema.enums.get(at) else {
        return String::new();
    };
    let values = found.values.iter().take(12);
    let values: Vec<_> = values.map(|value| safe(&value.stored, 60)).collect();
    let more = if found.values.len() > values.len() {
        ", …"
    } else {
        ""
    };
    format!(
        "write one of {}{more} into {name}, or add the value to the enum {}",
        values.join(", "),
        safe(&found.name, 60)
    )
}

fn dangling(schema: &Schema, model: &Model, field: &Field, names: &[String]) -> String {
    let target = relation_of(schema, model, field).map_or("document", |it| it.name.as_str());
    let target = safe(target, 60);
    let names = safe(&names.join(", "), 200);
    let none = match field.arity {
        Arity::Required => "remove the documents",
        Arity::Optional => "write null",
        Arity::List => "take the id out of the list",
    };
    format!("point {names} at a {target} that exists, or {none}")
}

fn mismatch(schema: &Schema, model: &Model, name: &str) -> String {
    let at = schema.models.iter().position(|it| it.name == model.name);
    let number = model.relations.iter().position(|relation| {
        let held = relation.fields.first().and_then(|it| model.fields.get(*it));
        held.is_some_and(|field| field.name == name)
    });
    let other = at.zip(number).and_then(|(at, number)| {
        let (target, back) = schema.other_side(at, number)?;
        let target = schema.models.get(target)?;
        let list = target
            .fields
            .get(*target.relations.get(back)?.fields.first()?)?;
        Some(format!(
            "{}.{}",
            safe(&target.name, 60),
            safe(&list.name, 60)
        ))
    });
    let other = other.unwrap_or_else(|| "the other side".to_owned());
    format!(
        "add the document's id to {other} of each document that {name} names, or take that one's id out of {name}"
    )
}

fn duplicate(schema: &Schema, model: &Model, names: &[String]) -> String {
    let list = safe(&names.join(", "), 200);
    let alone = match names {
        [name] => find(schema, model, name),
        _ => None,
    };
    let unset = alone.is_some_and(|field| field.arity == Arity::Optional);
    let unset = if unset {
        " (missing and null are one value)"
    } else {
        ""
    };
    format!(
        "change or merge the documents until one of each group is left{unset}, or write `@@index([{list}])` instead of the unique"
    )
}

/// A literal default as it is stored.
fn default_words(schema: &Schema, field: &Field, literal: &super::schema::Literal) -> String {
    if let (FieldType::Enum(at), super::schema::Literal::Name(name)) = (field.of, literal) {
        let values = schema.enums.get(at).into_iter().flat_map(|it| &it.values);
        let mut stored = values
            .filter(|it| &it.name == name)
            .map(|it| it.stored.as_str());
        return safe(stored.next().unwrap_or(name), 60);
    }
    safe(&literal.to_string(), 60)
}
