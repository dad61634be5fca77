//! Values kept as another type, where nothing of them is lost. What would lose something is not converted: it is found, and named, by the
//! check of the documents against the schema.

use bson::DateTime;
use serde::{Deserialize, Serialize};

use crate::domain::raw::{Value, kind, string_bytes};

/// A type of the after-schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Native {
    /// `Int`.
    Int,
    /// `BigInt`.
    BigInt,
    /// `Float`.
    Float,
    /// `String`.
    Text,
    /// `String @db.ObjectId`.
    ObjectId,
    /// `Boolean`.
    Boolean,
    /// `DateTime`.
    DateTime,
}

impl Native {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Int,
        Self::BigInt,
        Self::Float,
        Self::Text,
        Self::ObjectId,
        Self::Boolean,
        Self::DateTime,
    ];

    /// As a schema writes it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Int => "Int",
            Self::BigInt => "BigInt",
            Self::Float => "Float",
            Self::Text => "String",
            Self::ObjectId => "String @db.ObjectId",
            Self::Boolean => "Boolean",
            Self::DateTime => "DateTime",
        }
    }

    /// The BSON type that a client writes for it.
    pub fn kind(self) -> u8 {
        match self {
            Self::Int => kind::INT32,
            Self::BigInt => kind::INT64,
            Self::Float => kind::DOUBLE,
            Self::Text => kind::STRING,
            Self::ObjectId => kind::OBJECT_ID,
            Self::Boolean => kind::BOOLEAN,
            Self::DateTime => kind::DATE,
        }
    }
}

impl Native {
    /// True where a client reads a value of this BSON type with the same meaning, though it would write another.
    pub fn reads(self, kind: u8) -> bool {
        let read: &[u8] = match self {
            Self::Int => &[kind::INT64, kind::DOUBLE],
            Self::BigInt => &[kind::INT32],
            Self::Float => &[kind::INT32, kind::INT64],
            Self::Text => &[kind::OBJECT_ID],
            Self::ObjectId | Self::Boolean | Self::DateTime => &[],
        };
        read.contains(&kind)
    }
}

/// The largest whole number up to which a double holds every one.
const EXACT: i64 = 1 << 53;

/// A value as another type; `None` where it is of that type already, or would not mean the same.
pub fn convert(value: Value<'_>, to: Native) -> Option<Vec<u8>> {
    if value.kind == to.kind() {
        return None;
    }
    match to {
        Native::Int => i32::try_from(whole(value)?)
            .ok()
            .map(|number| number.to_le_bytes().to_vec()),
        Native::BigInt => whole(value).map(|number| number.to_le_bytes().to_vec()),
        Native::Float => {
            let number = whole(value).filter(|_| value.kind != kind::STRING)?;
            #[allow(clippy::cast_precision_loss)] // looked at just before
            let exact = (-EXACT..=EXACT).contains(&number).then_some(number as f64);
            exact.map(|number| number.to_le_bytes().to_vec())
        }
        Native::Text => match value.kind {
            kind::INT32 | kind::INT64 => Some(string_bytes(&whole(value)?.to_string())),
            kind::BOOLEAN => Some(string_bytes(if value.bytes == [0] {
                "false"
            } else {
                "true"
            })),
            _ => None,
        },
        Native::ObjectId => {
            let text = value.as_str().filter(|text| text.len() == 24)?;
            let bytes = hex::decode(text).ok()?;
            // The way back writes lower case, so only that is taken.
            (hex::encode(&bytes) == text).then_some(bytes)
        }
        Native::Boolean => match (value.as_str(), whole(value)) {
            (Some("true"), _) | (None, Some(1)) => Some(vec![1]),
            (Some("false"), _) | (None, Some(0)) => Some(vec![0]),
            _ => None,
        },
        Native::DateTime => {
            let millis = date(value.as_str()?)?;
            Some(millis.to_le_bytes().to_vec())
        }
    }
}

/// The moment that a text names, to the millisecond and in UTC.
pub(super) fn date(text: &str) -> Option<i64> {
    let is_utc = text.ends_with('Z') && text.len() <= "2026-01-01T00:00:00.000Z".len();
    let read = DateTime::parse_rfc3339_str(text).ok().filter(|_| is_utc)?;
    Some(read.timestamp_millis())
}

/// A whole number, kept as a number or as text that is written as a number is.
pub(super) fn whole(value: Value<'_>) -> Option<i64> {
    match value.kind {
        kind::INT32 => Some(i64::from(i32::from_le_bytes(value.bytes.try_into().ok()?))),
        kind::INT64 => value.bytes.try_into().ok().map(i64::from_le_bytes),
        kind::DOUBLE => {
            let number = f64::from_le_bytes(value.bytes.try_into().ok()?);
            #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
            let (limit, whole) = (EXACT as f64, number as i64);
            let is_zero_below = number == 0.0 && number.is_sign_negative();
            (number.fract() == 0.0 && number.abs() <= limit && !is_zero_below).then_some(whole)
        }
        kind::STRING => {
            let text = value.as_str()?;
            let number: i64 = text.parse().ok()?;
            (number.to_string() == text).then_some(number)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::raw::get;
    use bson::oid::ObjectId;
    use bson::{RawDocumentBuf, rawdoc};

    fn of(document: &RawDocumentBuf, to: Native) -> Option<Vec<u8>> {
        convert(get(document, "a").unwrap(), to)
    }

    #[test]
    fn what_means_the_same_is_converted_and_what_would_lose_something_is_not() {
        let five = Some(5_i32.to_le_bytes().to_vec());
        assert_eq!(of(&rawdoc! { "a": 5.0 }, Native::Int), five);
        assert_eq!(of(&rawdoc! { "a": 5_i64 }, Native::Int), five);
        assert_eq!(of(&rawdoc! { "a": "5" }, Native::Int), five);
        for lost in [
            rawdoc! { "a": 49.99 },
            rawdoc! { "a": 3_000_000_000_i64 },
            rawdoc! { "a": "05" },
            rawdoc! { "a": -0.0 },
            rawdoc! { "a": f64::NAN },
            rawdoc! { "a": true },
        ] {
            assert_eq!(of(&lost, Native::Int), None, "{lost:?}");
        }
        let hex = "65a000000000000000000001";
        let id = ObjectId::parse_str(hex).unwrap().bytes().to_vec();
        assert_eq!(of(&rawdoc! { "a": hex }, Native::ObjectId), Some(id));
        assert_eq!(of(&rawdoc! { "a": "abc" }, Native::ObjectId), None);
        let upper = hex.to_uppercase();
        assert_eq!(of(&rawdoc! { "a": upper }, Native::ObjectId), None);
        let text = rawdoc! { "a": "1970-01-01T00:00:01Z" };
        let second = Some(1_000_i64.to_le_bytes().to_vec());
        assert_eq!(of(&text, Native::DateTime), second);
        let local = rawdoc! { "a": "1970-01-01T00:00:01+02:00" };
        assert_eq!(of(&local, Native::DateTime), None);
        assert_eq!(of(&rawdoc! { "a": 1 }, Native::Boolean), Some(vec![1]));
        assert_eq!(of(&rawdoc! { "a": 2 }, Native::Boolean), None);
    }

    #[test]
    fn a_value_of_the_type_stays() {
        assert_eq!(of(&rawdoc! { "a": 5 }, Native::Int), None);
        assert_eq!(of(&rawdoc! { "a": "x" }, Native::Text), None);
    }
}
