//! One value against the type of its field: what the client does with each BSON type, as it was seen with Prisma 4.6.1.

use bson::raw::RawDocument;

use super::kind::{Effects, Kind};
use super::schema::Scalar;
use super::shape::{Holds, Shapes};
use crate::domain::raw::{Value, elements, kind};

/// BSON's Timestamp, which reads as a date.
const TIMESTAMP: u8 = 0x11;

/// What is wrong with a value that is neither null nor a list nor a composite type's; `None` where it reads with the same meaning.
pub(super) fn judge(shapes: &Shapes, of: Holds, value: Value<'_>) -> Option<(Kind, Effects)> {
    match of {
        Holds::Scalar(of) => scalar(of, value),
        Holds::Enum(at) => enumeration(shapes.enums.get(at)?, value),
        Holds::Composite(_) => None,
    }
}

const REFUSED: Option<(Kind, Effects)> = Some((Kind::WrongType, Effects::REFUSED));

fn refused_unless(fits: bool) -> Option<(Kind, Effects)> {
    if fits { None } else { REFUSED }
}

fn scalar(of: Scalar, value: Value<'_>) -> Option<(Kind, Effects)> {
    match of {
        Scalar::Json => holds_decimal(value).then_some((Kind::WrongType, Effects::ENGINE_STOPS)),
        Scalar::Text => refused_unless(match value.kind {
            kind::OBJECT_ID => true,
            _ => value.as_str().is_some(),
        }),
        Scalar::ObjectId => match value.kind {
            kind::OBJECT_ID => None,
            kind::STRING => Some(id_text(value)),
            _ => REFUSED,
        },
        Scalar::Boolean => refused_unless(value.kind == kind::BOOLEAN),
        Scalar::Int => int(value),
        Scalar::BigInt => refused_unless(matches!(value.kind, kind::INT32 | kind::INT64)),
        Scalar::Float => refused_unless(match value.kind {
            kind::INT32 | kind::INT64 => true,
            kind::DOUBLE => double(value).is_some_and(f64::is_finite),
            _ => false,
        }),
        Scalar::DateTime => refused_unless(matches!(value.kind, kind::DATE | TIMESTAMP)),
        Scalar::Bytes => refused_unless(value.kind == kind::BINARY),
        Scalar::BytesObjectId => {
            refused_unless(matches!(value.kind, kind::OBJECT_ID | kind::BINARY))
        }
    }
}

/// A Decimal128 at any depth: the one type that a client cannot read as Json.
fn holds_decimal(value: Value<'_>) -> bool {
    match value.kind {
        kind::DECIMAL128 => true,
        kind::DOCUMENT | kind::ARRAY => RawDocument::from_bytes(value.bytes).is_ok_and(|inner| {
            let mut members = elements(inner).map_while(Result::ok);
            members.any(|member| holds_decimal(member.value))
        }),
        _ => false,
    }
}

/// Text under an ObjectId field.
fn id_text(value: Value<'_>) -> (Kind, Effects) {
    match hex_id(value) {
        Some(_) => (Kind::WrongType, Effects::HEX_TEXT),
        None => (Kind::MalformedId, Effects::MALFORMED),
    }
}

/// The ObjectId whose 24 hexadecimal digits a text is.
pub(super) fn hex_id(value: Value<'_>) -> Option<[u8; 12]> {
    let text = value.as_str().filter(|text| text.len() == 24)?;
    let mut bytes = [0; 12];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

fn int(value: Value<'_>) -> Option<(Kind, Effects)> {
    const TOO_LARGE: Option<(Kind, Effects)> = Some((Kind::OutOfRange, Effects::TOO_LARGE));
    match value.kind {
        kind::INT32 => None,
        kind::INT64 => {
            let number = value.bytes.try_into().ok().map(i64::from_le_bytes);
            match number.map(i32::try_from) {
                Some(Ok(_)) => None,
                _ => TOO_LARGE,
            }
        }
        kind::DOUBLE => match double(value) {
            Some(number) if !number.is_finite() => REFUSED,
            Some(number) if number.fract() != 0.0 => Some((Kind::WrongType, Effects::READS_WHOLE)),
            Some(number) if (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number) => None,
            _ => TOO_LARGE,
        },
        _ => REFUSED,
    }
}

fn double(value: Value<'_>) -> Option<f64> {
    value.bytes.try_into().ok().map(f64::from_le_bytes)
}

fn enumeration(values: &[Vec<u8>], value: Value<'_>) -> Option<(Kind, Effects)> {
    let Some(text) = value.as_str() else {
        return REFUSED;
    };
    if values.iter().any(|it| it == text.as_bytes()) {
        return None;
    }
    Some((Kind::BadEnum, Effects::NOT_IN_ENUM))
}
