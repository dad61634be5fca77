//! Identities: a BSON value that a document is known by, exactly as it is stored, and the looser key by which references
//! are joined.

use std::cmp::Ordering;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering as AtomicOrdering};

use bson::oid::ObjectId;
use smallvec::SmallVec;

use super::raw::{Value, kind, string_bytes};
use super::text;

const UUID_SUBTYPE: u8 = 4;

/// Whether messages show ids that look like personal data.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// From now on ids that look like personal data are shown as they are. Only for a process that shows them to the operator who asked so, and keeps
/// no record of what it says.
pub fn show_personal_data() {
    SHOWN.store(true, AtomicOrdering::Relaxed);
}

/// An `_id` or a reference: BSON type and bytes, exactly as stored.
///
/// Its text form ([`Id::text`]) is one that a person can type and [`Id::parse`] reads back: 24 hexadecimal digits for an
/// ObjectId, `uuid:…`, a quoted string, `int:…`, else `bson:<type>:<hex>`. In messages ([`fmt::Display`]) a string that looks like an e-mail or
/// a telephone number has a stand-in, unless [`show_personal_data`] was called; and no string does anything to a terminal.
#[derive(PartialEq, Eq, Hash)]
pub struct Id(SmallVec<[u8; INLINE]>);

/// Type and bytes of a UUID, the longest usual id.
const INLINE: usize = 22;

// What a derived one does byte by byte, this does in one piece.
impl Clone for Id {
    fn clone(&self) -> Self {
        Self::from_bytes(&self.0)
    }
}

impl Id {
    /// The identity that `value` is.
    #[inline]
    pub fn from_value(value: Value<'_>) -> Self {
        let mut bytes = SmallVec::with_capacity(value.bytes.len() + 1);
        bytes.push(value.kind);
        bytes.extend_from_slice(value.bytes);
        Self(bytes)
    }

    /// The identity that [`Self::as_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(SmallVec::from_slice(bytes))
    }

    /// The value, to be written into a document.
    #[inline]
    pub fn value(&self) -> Value<'_> {
        let (kind, bytes) = self
            .0
            .split_first()
            .map_or((kind::NULL, &[][..]), |(k, b)| (*k, b));
        Value { kind, bytes }
    }

    /// An ObjectId.
    pub fn object_id(bytes: [u8; 12]) -> Self {
        Self::from_value(Value {
            kind: kind::OBJECT_ID,
            bytes: &bytes,
        })
    }

    /// A UUID (binary subtype 4).
    pub fn uuid(bytes: [u8; 16]) -> Self {
        let mut value = vec![16, 0, 0, 0, UUID_SUBTYPE];
        value.extend_from_slice(&bytes);
        Self::from_value(Value {
            kind: kind::BINARY,
            bytes: &value,
        })
    }

    /// A string.
    pub fn string(text: &str) -> Self {
        Self::from_value(Value {
            kind: kind::STRING,
            bytes: &string_bytes(text),
        })
    }

    /// True for an ObjectId or a UUID: a value that is an id whatever its field is called.
    pub fn is_usual(&self) -> bool {
        self.as_object_id().is_some() || self.as_uuid().is_some()
    }

    /// The 12 bytes of an ObjectId.
    pub fn as_object_id(&self) -> Option<[u8; 12]> {
        let value = self.value();
        (value.kind == kind::OBJECT_ID).then(|| value.bytes.try_into().ok())?
    }

    /// The 16 bytes of a UUID.
    pub fn as_uuid(&self) -> Option<[u8; 16]> {
        let value = self.value();
        if value.kind != kind::BINARY || value.bytes.get(4) != Some(&UUID_SUBTYPE) {
            return None;
        }
        value.bytes.get(5..)?.try_into().ok()
    }

    /// True for a whole number.
    pub fn is_whole_number(&self) -> bool {
        self.canonical().value().kind == kind::INT64
    }

    /// The text of a string identity.
    pub fn as_str(&self) -> Option<&str> {
        self.value().as_str()
    }

    /// Type byte and bytes, for hashing.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Equal as the server's `_id` index sees it: numbers by value, everything else exactly.
    #[must_use]
    #[inline]
    pub fn canonical(&self) -> Self {
        let value = self.value();
        let number = match (value.kind, value.bytes.len()) {
            (kind::INT32, 4) => value
                .bytes
                .try_into()
                .ok()
                .map(i32::from_le_bytes)
                .map(i64::from),
            (kind::DECIMAL128, 16) => value.bytes.try_into().ok().and_then(decimal),
            (kind::DOUBLE, 8) => value
                .bytes
                .try_into()
                .ok()
                .map(f64::from_le_bytes)
                .and_then(whole),
            _ => None,
        };
        number.map_or_else(
            || self.clone(),
            |number| {
                Self::from_value(Value {
                    kind: kind::INT64,
                    bytes: &number.to_le_bytes(),
                })
            },
        )
    }

    /// The value of a number, for ordering.
    fn number(&self) -> Option<f64> {
        let value = self.value();
        match value.kind {
            kind::INT32 => value
                .bytes
                .try_into()
                .ok()
                .map(i32::from_le_bytes)
                .map(f64::from),
            kind::INT64 => value
                .bytes
                .try_into()
                .ok()
                .map(i64::from_le_bytes)
                .map(|it| it as f64),
            kind::DOUBLE => value.bytes.try_into().ok().map(f64::from_le_bytes),
            kind::DECIMAL128 => {
                let bytes = value.bytes.try_into().ok()?;
                bson::Decimal128::from_bytes(bytes).to_string().parse().ok()
            }
            _ => None,
        }
    }

    /// The same identity written in the other usual type: a 24-digit string for an ObjectId and back, a hyphenated string for a UUID
    /// and back. `None` where there is none.
    pub fn other_form(&self) -> Option<Self> {
        if let Some(bytes) = self.as_object_id() {
            return Some(Self::string(&ObjectId::from_bytes(bytes).to_hex()));
        }
        if let Some(bytes) = self.as_uuid() {
            return Some(Self::string(&bson::Uuid::from_bytes(bytes).to_string()));
        }
        let text = self.as_str()?;
        match text.len() {
            24 => ObjectId::parse_str(text)
                .ok()
                .map(|id| Self::object_id(id.bytes())),
            36 => bson::Uuid::parse_str(text)
                .ok()
                .map(|id| Self::uuid(id.bytes())),
            _ => None,
        }
    }

    /// The identity without what people and spreadsheets do to the text of one: white space around it goes, and the text of an ObjectId or a
    /// UUID, in small letters or in capitals, is that id. Any other value as it is.
    #[must_use]
    pub fn loose(&self) -> Self {
        let Some(text) = self.as_str() else {
            return self.canonical();
        };
        let text = text.trim();
        let plain = Self::string(text);
        match text.len() {
            24 | 36 => plain.other_form().unwrap_or(plain),
            _ => plain,
        }
    }

    /// True for a text that is neither the usual text form of an id nor free of white space around it: [`Self::loose`] and its other form are
    /// other values.
    pub fn is_odd(&self) -> bool {
        let Some(text) = self.as_str() else {
            return false;
        };
        if text.trim().len() == text.len() && !matches!(text.len(), 24 | 36) {
            return false;
        }
        let loose = self.loose();
        loose != *self && loose.other_form().as_ref() != Some(self)
    }

    /// The text form, exact: for files that are read back, never for messages.
    pub fn text(&self) -> String {
        match self.as_str() {
            Some(text) => serde_json::Value::from(text).to_string(),
            None => self.to_string(),
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(id) = ObjectId::parse_str(text) {
            return Some(Self::object_id(id.bytes()));
        }
        if let Some(text) = text.strip_prefix("uuid:") {
            return bson::Uuid::parse_str(text)
                .ok()
                .map(|id| Self::uuid(id.bytes()));
        }
        if let Some(number) = text.strip_prefix("int:") {
            let number: i64 = number.parse().ok()?;
            return Some(Self::from_value(Value {
                kind: kind::INT64,
                bytes: &number.to_le_bytes(),
            }));
        }
        if let Some(rest) = text.strip_prefix("bson:") {
            let (kind, bytes) = rest.split_once(':')?;
            let kind = u8::from_str_radix(kind, 16).ok()?;
            return Some(Self::from_value(Value {
                kind,
                bytes: &hex::decode(bytes).ok()?,
            }));
        }
        serde_json::from_str::<String>(text)
            .ok()
            .map(|text| Self::string(&text))
    }

    /// As `survey --json` shows it: extended JSON, with a stand-in for text that looks like personal data.
    pub fn shown_as_json(&self) -> serde_json::Value {
        match self.as_str() {
            Some(id) if text::is_personal(id) && !SHOWN.load(AtomicOrdering::Relaxed) => {
                serde_json::json!(text::alias(id))
            }
            _ => self.to_extended_json(),
        }
    }

    /// Relaxed extended JSON.
    pub fn to_extended_json(&self) -> serde_json::Value {
        use serde_json::json;
        if let Some(bytes) = self.as_object_id() {
            json!({ "$oid": ObjectId::from_bytes(bytes).to_hex() })
        } else if let Some(bytes) = self.as_uuid() {
            json!({ "$uuid": bson::Uuid::from_bytes(bytes).to_string() })
        } else if let Some(text) = self.as_str() {
            json!(text)
        } else {
            let mut document = super::raw::Builder::new(self.0.len());
            document.value("v", self.value());
            bson::Document::try_from(&document.finish())
                .ok()
                .and_then(|document| document.get("v").cloned())
                .map_or_else(|| json!(self.to_string()), bson::Bson::into_relaxed_extjson)
        }
    }
}

/// The whole number that a Decimal128 is, up to what a double holds exactly.
fn decimal(bytes: [u8; 16]) -> Option<i64> {
    let number: f64 = bson::Decimal128::from_bytes(bytes)
        .to_string()
        .parse()
        .ok()?;
    whole(number).filter(|number| number.abs() < 1 << 53)
}

fn whole(number: f64) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation)] // checked by converting back
    let integer = number as i64;
    #[allow(clippy::float_cmp)] // exact equality is the question
    ((integer as f64) == number && integer != i64::MAX).then_some(integer)
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value();
        if let Some(bytes) = self.as_object_id() {
            return f.write_str(&hex::encode(bytes));
        }
        if let Some(bytes) = self.as_uuid() {
            return write!(f, "uuid:{}", bson::Uuid::from_bytes(bytes));
        }
        if let Some(id) = self.as_str() {
            if text::is_personal(id) && !SHOWN.load(AtomicOrdering::Relaxed) {
                return write!(f, "\"{}\"", text::alias(id));
            }
            return write!(f, "{}", text::named(&self.text()));
        }
        if value.kind == kind::INT64
            && let Ok(bytes) = value.bytes.try_into()
        {
            return write!(f, "int:{}", i64::from_le_bytes(bytes));
        }
        write!(f, "bson:{:02x}:{}", value.kind, hex::encode(value.bytes))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The server's order for the types that a user id may have: strings, then binary data, then ObjectIds, each by bytes.
impl Ord for Id {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Some(one), Some(two)) = (self.number(), other.number()) {
            return one.total_cmp(&two).then_with(|| self.0.cmp(&other.0));
        }
        let key = |id: &Self| {
            let value = id.value();
            let class = match value.kind {
                kind::INT32 | kind::INT64 | kind::DOUBLE | kind::DECIMAL128 => 0,
                kind::STRING => 1,
                kind::BINARY => 2,
                kind::OBJECT_ID => 3,
                _ => 4,
            };
            (class, value.kind)
        };
        key(self)
            .cmp(&key(other))
            .then_with(|| match (self.as_str(), other.as_str()) {
                (Some(left), Some(right)) => left.cmp(right),
                _ => self.0.cmp(&other.0),
            })
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn in_json_a_text_that_looks_like_personal_data_has_a_stand_in() {
        let shown = Id::string("ann@example.org").shown_as_json().to_string();
        assert!(!shown.contains("ann"), "{shown}");
        assert_eq!(Id::string("b1").shown_as_json(), "b1");
    }

    #[test]
    fn the_text_form_reads_back() {
        for id in [
            Id::object_id([7; 12]),
            Id::uuid([9; 16]),
            Id::string("a \"quoted\" id"),
            Id::string("65a000000000000000000001"),
            Id::parse("int:-5").unwrap(),
            Id::from_value(Value {
                kind: kind::NULL,
                bytes: &[],
            }),
        ] {
            assert_eq!(Id::parse(&id.text()).unwrap(), id, "{id}");
        }
    }

    #[test]
    fn a_message_shows_a_stand_in_for_a_personal_id_and_a_file_the_id() {
        let id = Id::string("ann@example.org");
        assert_eq!(id.text(), "\"ann@example.org\"");
        let shown = id.to_string();
        assert!(
            shown.starts_with("\"a…#") && !shown.contains("example"),
            "{shown}"
        );
        assert_ne!(shown, Id::string("ann@example.com").to_string());
        assert_eq!(Id::string("u\u{202e}\n").to_string(), "\"u\\u{202e}\\n\"");
    }

    #[test]
    fn a_string_of_24_digits_is_the_other_form_of_an_object_id_and_back() {
        let id = Id::object_id([0xab; 12]);
        let text = id.other_form().unwrap();
        assert_eq!(text.as_str(), Some("abababababababababababab"));
        assert_eq!(text.other_form().unwrap(), id);
        assert_eq!(Id::string("short").other_form(), None);
    }

    #[test]
    fn white_space_and_capital_digits_make_an_odd_text_of_the_same_id() {
        let id = Id::object_id([0xab; 12]);
        for text in ["ABABABABABABABABABABABAB", " abababababababababababab\n"] {
            let odd = Id::string(text);
            assert!(odd.is_odd() && odd.loose() == id, "{text}");
        }
        assert_eq!(Id::string(" u1 ").loose(), Id::string("u1"));
        for plain in [Id::string("u1"), id.clone(), id.other_form().unwrap()] {
            assert!(!plain.is_odd(), "{plain}");
        }
    }

    #[test]
    fn numbers_of_one_value_are_one_identity() {
        let int = Id::from_value(Value {
            kind: kind::INT32,
            bytes: &5i32.to_le_bytes(),
        });
        let double = Id::from_value(Value {
            kind: kind::DOUBLE,
            bytes: &5f64.to_le_bytes(),
        });
        assert_eq!(int.canonical(), double.canonical());
        let half = Id::from_value(Value {
            kind: kind::DOUBLE,
            bytes: &5.5f64.to_le_bytes(),
        });
        assert_ne!(half.canonical(), double.canonical());
    }
}
