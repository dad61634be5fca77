//! Text as a value of a type of the schema.

use crate::domain::schema_change::Constant;
use crate::domain::schema_change::literal::base64;
use crate::prisma::schema::{FieldType, Scalar};

/// A text as a value of a type; `None` where it is none.
pub(super) fn value_of(text: &str, of: FieldType) -> Option<Constant> {
    let FieldType::Scalar(scalar) = of else {
        return None;
    };
    match scalar {
        Scalar::Text => Some(Constant::Text(text.to_owned())),
        Scalar::Int => text.parse().ok().map(Constant::Int),
        Scalar::BigInt => text.parse().ok().map(Constant::Long),
        Scalar::Float => {
            let number: f64 = text.parse().ok()?;
            number.is_finite().then(|| Constant::Float(text.to_owned()))
        }
        Scalar::Boolean => text.parse().ok().map(Constant::Boolean),
        Scalar::DateTime => {
            let date = bson::DateTime::parse_rfc3339_str(text).ok()?;
            Some(Constant::Date(date.timestamp_millis()))
        }
        Scalar::Bytes => base64(text).map(|_| Constant::Bytes(text.to_owned())),
        Scalar::Json => {
            let json: serde_json::Value = serde_json::from_str(text).ok()?;
            (!json.is_null()).then(|| Constant::Json(text.to_owned()))
        }
        Scalar::ObjectId | Scalar::BytesObjectId => None,
    }
}
