//! Whether a default that is written out is a value of its field's type: Prisma takes no other, and neither do the rules that write one.

use super::attributes::find;
use crate::domain::schema_change::literal::base64;
use crate::domain::text::safe;
use crate::prisma::ast::Field as FieldAst;
use crate::prisma::schema::{Arity, Default, Enumeration, Field, FieldType, Literal, Scalar};
use crate::prisma::source::Flaw;

/// Refuses a default that is no value of its field.
pub(super) fn check(written: &FieldAst, field: &Field, enums: &[Enumeration]) -> Result<(), Flaw> {
    let Some(Default::Literal(literal)) = &field.default else {
        return Ok(());
    };
    let wrong = match (field.arity, literal) {
        (Arity::List, Literal::List(members)) => {
            members.iter().find_map(|it| wrong(it, field.of, enums))
        }
        (Arity::List, _) => Some("the default of a list is a list: [a, b]".to_owned()),
        (Arity::Required | Arity::Optional, Literal::List(_)) => {
            Some("a list is a default of a list alone".to_owned())
        }
        (Arity::Required | Arity::Optional, literal) => wrong(literal, field.of, enums),
    };
    let Some(message) = wrong else {
        return Ok(());
    };
    let attribute = find(&written.attributes, "default");
    let value = attribute.and_then(|it| it.argument("value", true));
    let place = value.map_or(field.place, |it| it.place);
    Err(Flaw::new(place, message))
}

/// Why a literal is no value of a type; `None` where it is one.
fn wrong(literal: &Literal, of: FieldType, enums: &[Enumeration]) -> Option<String> {
    let shown = safe(&literal.to_string(), 60);
    match of {
        FieldType::Unsupported => None,
        FieldType::Composite(_) => Some("a composite type has no default".to_owned()),
        FieldType::Enum(at) => {
            let of = enums.get(at)?;
            let known = matches!(literal, Literal::Name(name) if of.values.iter().any(|it| it.name == *name));
            (!known).then(|| format!("{shown} is no value of the enum {}", safe(&of.name, 60)))
        }
        FieldType::Scalar(scalar) => (!is_of(literal, scalar)).then(|| {
            format!(
                "{shown} is no {}: a default is a value of the field's type",
                scalar.words()
            )
        }),
    }
}

fn is_of(literal: &Literal, scalar: Scalar) -> bool {
    match (scalar, literal) {
        (Scalar::Text | Scalar::ObjectId | Scalar::BytesObjectId, Literal::Text(_)) => true,
        (Scalar::Boolean, Literal::Name(name)) => name == "true" || name == "false",
        (Scalar::Int | Scalar::BigInt, Literal::Number(number)) => number.parse::<i64>().is_ok(),
        (Scalar::Float, Literal::Number(number)) => {
            number.parse().is_ok_and(|it: f64| it.is_finite())
        }
        (Scalar::DateTime, Literal::Text(text)) => bson::DateTime::parse_rfc3339_str(text).is_ok(),
        (Scalar::Bytes, Literal::Text(text)) => base64(text).is_some(),
        (Scalar::Json, Literal::Text(text)) => {
            serde_json::from_str::<serde_json::Value>(text).is_ok()
        }
        (
            Scalar::Text
            | Scalar::ObjectId
            | Scalar::BytesObjectId
            | Scalar::Boolean
            | Scalar::Int
            | Scalar::BigInt
            | Scalar::Float
            | Scalar::DateTime
            | Scalar::Bytes
            | Scalar::Json,
            Literal::Text(_) | Literal::Number(_) | Literal::Name(_) | Literal::List(_),
        ) => false,
    }
}
