//! The fields of models and composite types.

use super::attributes::{allowed, find, native, text_argument};
use super::{Named, Names, defaults, hint};
use crate::domain::text::safe;
use crate::prisma::ast::{Attribute, Expression, Field as FieldAst, Value};
use crate::prisma::schema::{Arity, Default, Enumeration, Field, FieldType, Literal, Scalar};
use crate::prisma::source::Flaw;

/// Prisma's types, and those of MongoDB that each may be kept as.
const SCALARS: [(&str, Scalar, &[&str]); 8] = [
    ("String", Scalar::Text, &["String", "ObjectId"]),
    ("Boolean", Scalar::Boolean, &["Bool"]),
    ("Int", Scalar::Int, &["Int", "Long"]),
    ("BigInt", Scalar::BigInt, &["Long"]),
    ("Float", Scalar::Float, &["Double"]),
    ("DateTime", Scalar::DateTime, &["Date", "Timestamp"]),
    ("Bytes", Scalar::Bytes, &["BinData", "ObjectId"]),
    ("Json", Scalar::Json, &["Json"]),
];

/// The stored fields of a model.
pub(super) fn of_model(
    fields: &[FieldAst],
    names: &Names,
    enums: &[Enumeration],
) -> Result<Vec<Field>, Flaw> {
    const KNOWN: [&str; 8] = [
        "id",
        "unique",
        "default",
        "updatedAt",
        "map",
        "ignore",
        "relation",
        "shardKey",
    ];
    twice(fields)?;
    let mut stored = Vec::new();
    for field in fields {
        if matches!(names.all.get(&field.of.text), Some(Named::Model(_))) && !field.unsupported {
            continue; // a relation
        }
        allowed(&field.attributes, &KNOWN, "field", names)?;
        if let Some(relation) = find(&field.attributes, "relation") {
            type_of(field, names)?; // a type that does not exist is said so
            let message = format!(
                "a relation is to a model, and {} is none",
                safe(&field.of.text, 60)
            );
            return Err(Flaw::new(relation.name.place, message));
        }
        stored.push(one(field, names, enums)?);
    }
    stored_twice(&stored)?;
    Ok(stored)
}

/// The fields of a composite type.
pub(super) fn of_composite(
    fields: &[FieldAst],
    names: &Names,
    enums: &[Enumeration],
) -> Result<Vec<Field>, Flaw> {
    twice(fields)?;
    let mut stored = Vec::new();
    for field in fields {
        if matches!(names.all.get(&field.of.text), Some(Named::Model(_))) && !field.unsupported {
            let message = "a composite type has no relations; keep the id in a field";
            return Err(Flaw::new(field.of.place, message));
        }
        allowed(
            &field.attributes,
            &["default", "map"],
            "field of a composite type",
            names,
        )?;
        stored.push(one(field, names, enums)?);
    }
    stored_twice(&stored)?;
    Ok(stored)
}

fn twice(fields: &[FieldAst]) -> Result<(), Flaw> {
    let mut seen = std::collections::BTreeSet::new();
    for field in fields {
        if !seen.insert(&field.name.text) {
            let name = safe(&field.name.text, 60);
            let message = format!("the field {name} is defined twice");
            return Err(Flaw::new(field.name.place, message));
        }
    }
    Ok(())
}

fn stored_twice(fields: &[Field]) -> Result<(), Flaw> {
    let mut seen = std::collections::BTreeSet::new();
    for field in fields {
        if !seen.insert(&field.stored) {
            let name = safe(&field.stored, 60);
            let message = format!("two fields are stored as {name}");
            return Err(Flaw::new(field.place, message));
        }
    }
    Ok(())
}

fn one(field: &FieldAst, names: &Names, enums: &[Enumeration]) -> Result<Field, Flaw> {
    let mut of = type_of(field, names)?;
    for attribute in &field.attributes {
        if let Some(kept) = native(attribute, names) {
            of = kept_as(of, kept, attribute)?;
        }
    }
    let stored = text_argument(&field.attributes, "map", "name")?;
    require_field_name(stored.as_deref(), field)?;
    let default = find(&field.attributes, "default");
    let default = default.map(default_of).transpose()?;
    let has = |name| find(&field.attributes, name).is_some();
    let is_id = has("id");
    if is_id && field.arity != Arity::Required {
        let message = "an `@id` is one value that is always there";
        return Err(Flaw::new(field.name.place, message));
    }
    let one = Field {
        name: field.name.text.clone(),
        stored: stored.unwrap_or_else(|| field.name.text.clone()),
        of,
        arity: field.arity,
        default,
        updated_at: has("updatedAt"),
        is_id,
        ignored: has("ignore") || of == FieldType::Unsupported,
        place: field.name.place,
    };
    defaults::check(field, &one, enums)?;
    Ok(one)
}

/// Refuses a name that no field of a document can have: Prisma does, too.
fn require_field_name(stored: Option<&str>, field: &FieldAst) -> Result<(), Flaw> {
    let Some(stored) = stored else { return Ok(()) };
    let why = if stored.starts_with('$') {
        "begins with `$`"
    } else if stored.contains('.') {
        "holds a point"
    } else if stored.contains('\0') {
        "holds a character of no text (U+0000)"
    } else {
        return Ok(());
    };
    let attribute = find(&field.attributes, "map");
    let name = attribute.and_then(|it| it.argument("name", true));
    let place = name.map_or(field.name.place, |it| it.place);
    let shown = safe(stored, 60);
    let message = format!("no field can be stored as {shown}: the name {why}");
    Err(Flaw::new(place, message))
}

fn type_of(field: &FieldAst, names: &Names) -> Result<FieldType, Flaw> {
    if field.unsupported {
        return Ok(FieldType::Unsupported);
    }
    let name = field.of.text.as_str();
    if let Some((_, scalar, _)) = SCALARS.iter().find(|(known, ..)| *known == name) {
        return Ok(FieldType::Scalar(*scalar));
    }
    match names.all.get(name) {
        Some(Named::Enum(at)) => return Ok(FieldType::Enum(*at)),
        Some(Named::Composite(at)) => return Ok(FieldType::Composite(*at)),
        _ => {}
    }
    let message = if name == "Decimal" {
        "Prisma has no Decimal on MongoDB; it is kept as Float or String".to_owned()
    } else {
        let known = SCALARS.iter().map(|(known, ..)| *known);
        let near = hint(name, known.chain(names.all.keys().map(String::as_str)));
        format!("there is no type {}{near}", safe(name, 60))
    };
    Err(Flaw::new(field.of.place, message))
}

/// The type of a field with `@db.…`.
fn kept_as(of: FieldType, kept: &str, attribute: &Attribute) -> Result<FieldType, Flaw> {
    let place = attribute.name.place;
    let shown = safe(&attribute.name.text, 60);
    let FieldType::Scalar(scalar) = of else {
        let message = format!("`@{shown}` is for fields of Prisma's own types");
        return Err(Flaw::new(place, message));
    };
    let row = SCALARS.iter().find(|(_, it, _)| *it == scalar);
    let known = row.map_or(&[][..], |(.., known)| known);
    if !known.contains(&kept) {
        let words = scalar.words();
        let message = format!(
            "`{words}` is not kept as `@{shown}`; there is {}",
            known.join(", ")
        );
        return Err(Flaw::new(place, message));
    }
    Ok(FieldType::Scalar(match (scalar, kept) {
        (Scalar::Text, "ObjectId") => Scalar::ObjectId,
        (Scalar::Bytes, "ObjectId") => Scalar::BytesObjectId,
        _ => scalar,
    }))
}

fn default_of(attribute: &Attribute) -> Result<Default, Flaw> {
    let Some(value) = attribute.argument("value", true) else {
        let message = "`@default` takes a value: @default(0), @default(now())";
        return Err(Flaw::new(attribute.name.place, message));
    };
    match &value.value {
        Value::Call(path, _) if matches!(path[..], [ref name] if name == "dbgenerated" || name == "autoincrement") => {
            Err(Flaw::new(
                value.place,
                "MongoDB makes no such values; for an id there is @default(auto()) @db.ObjectId",
            ))
        }
        Value::Call(path, _) => Ok(Default::Function(path.join("."))),
        _ => literal(value).map(Default::Literal),
    }
}

fn literal(value: &Expression) -> Result<Literal, Flaw> {
    match &value.value {
        Value::Text(text) => Ok(Literal::Text(text.clone())),
        Value::Number(text) => Ok(Literal::Number(text.clone())),
        Value::Path(path) if path.len() == 1 => Ok(Literal::Name(path[0].clone())),
        Value::List(values) => Ok(Literal::List(
            values.iter().map(literal).collect::<Result<_, _>>()?,
        )),
        _ => Err(Flaw::new(value.place, "this is no value for a default")),
    }
}
