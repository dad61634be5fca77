//! BSON walked and written byte by byte, after bsonspec.org: the oracle's own reading of documents, so that a fault in
//! a library's reading cannot hide the same fault in the product. Input is well-formed; anything else panics.

use std::cmp::Ordering;
use std::fmt;

/// The tag bytes of the BSON types, by their name in the specification.
pub mod tag {
    pub const DOUBLE: u8 = 0x01;
    pub const STRING: u8 = 0x02;
    pub const DOCUMENT: u8 = 0x03;
    pub const ARRAY: u8 = 0x04;
    pub const BINARY: u8 = 0x05;
    pub const UNDEFINED: u8 = 0x06;
    pub const OBJECT_ID: u8 = 0x07;
    pub const BOOLEAN: u8 = 0x08;
    pub const DATE: u8 = 0x09;
    pub const NULL: u8 = 0x0a;
    pub const REGEX: u8 = 0x0b;
    pub const DB_POINTER: u8 = 0x0c;
    pub const CODE: u8 = 0x0d;
    pub const SYMBOL: u8 = 0x0e;
    pub const CODE_WITH_SCOPE: u8 = 0x0f;
    pub const INT: u8 = 0x10;
    pub const TIMESTAMP: u8 = 0x11;
    pub const LONG: u8 = 0x12;
    pub const DECIMAL: u8 = 0x13;
    pub const MIN_KEY: u8 = 0xff;
    pub const MAX_KEY: u8 = 0x7f;
}

/// One value: its type and its exact bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value {
    pub tag: u8,
    pub bytes: Vec<u8>,
}

/// One field of a document, in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub value: Value,
}

/// A field of that name and value.
pub fn field(name: &str, value: Value) -> Field {
    Field {
        name: name.to_owned(),
        value,
    }
}

/// The fields of a document, in their order, repeated names included.
pub fn fields(document: &[u8]) -> Vec<Field> {
    let length = length_at(document, 0);
    assert_eq!(length, document.len(), "the length prefix is wrong");
    assert_eq!(document[length - 1], 0, "the document does not end with 0");
    let mut found = Vec::new();
    let mut at = 4;
    while at < length - 1 {
        let tag = document[at];
        let name_end = end_of_name(document, at + 1);
        let name = std::str::from_utf8(&document[at + 1..name_end]).expect("names are UTF-8");
        let start = name_end + 1;
        let end = start + length_of(tag, &document[start..]);
        found.push(field(
            name,
            Value {
                tag,
                bytes: document[start..end].to_vec(),
            },
        ));
        at = end;
    }
    found
}

/// The document that holds these fields in this order.
pub fn document(fields: &[Field]) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    for field in fields {
        bytes.push(field.value.tag);
        bytes.extend_from_slice(field.name.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(&field.value.bytes);
    }
    bytes.push(0);
    let length = i32::try_from(bytes.len()).expect("a small document");
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// The first field of that name: what the server and every driver read when a name is repeated.
pub fn first<'a>(fields: &'a [Field], name: &str) -> Option<&'a Value> {
    fields.iter().find(|f| f.name == name).map(|f| &f.value)
}

fn length_at(bytes: &[u8], at: usize) -> usize {
    let four: [u8; 4] = bytes[at..at + 4].try_into().expect("four bytes");
    usize::try_from(i32::from_le_bytes(four)).expect("a length is not negative")
}

fn end_of_name(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..]
        .iter()
        .position(|&b| b == 0)
        .expect("a name ends with 0")
}

fn length_of(tag: u8, rest: &[u8]) -> usize {
    match tag {
        tag::UNDEFINED | tag::NULL | tag::MIN_KEY | tag::MAX_KEY => 0,
        tag::BOOLEAN => 1,
        tag::INT => 4,
        tag::DOUBLE | tag::DATE | tag::TIMESTAMP | tag::LONG => 8,
        tag::OBJECT_ID => 12,
        tag::DECIMAL => 16,
        tag::STRING | tag::CODE | tag::SYMBOL => 4 + length_at(rest, 0),
        tag::DOCUMENT | tag::ARRAY | tag::CODE_WITH_SCOPE => length_at(rest, 0),
        tag::BINARY => 5 + length_at(rest, 0),
        tag::DB_POINTER => 4 + length_at(rest, 0) + 12,
        tag::REGEX => {
            let pattern = end_of_name(rest, 0);
            end_of_name(rest, pattern + 1) + 1
        }
        other => panic!("no BSON type has the tag {other:#04x}"),
    }
}

impl Value {
    fn new(tag: u8, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            tag,
            bytes: bytes.into(),
        }
    }

    fn text(tag: u8, text: &str) -> Self {
        let mut bytes = i32::try_from(text.len() + 1)
            .expect("a short text")
            .to_le_bytes()
            .to_vec();
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        Self::new(tag, bytes)
    }

    pub fn string(text: &str) -> Self {
        Self::text(tag::STRING, text)
    }

    pub fn symbol(text: &str) -> Self {
        Self::text(tag::SYMBOL, text)
    }

    pub fn code(text: &str) -> Self {
        Self::text(tag::CODE, text)
    }

    pub fn code_with_scope(text: &str, scope: &[Field]) -> Self {
        let mut inner = Self::code(text).bytes;
        inner.extend(document(scope));
        let mut bytes = i32::try_from(inner.len() + 4)
            .expect("a short text")
            .to_le_bytes()
            .to_vec();
        bytes.extend(inner);
        Self::new(tag::CODE_WITH_SCOPE, bytes)
    }

    pub fn db_pointer(text: &str, id: [u8; 12]) -> Self {
        let mut bytes = Self::string(text).bytes;
        bytes.extend(id);
        Self::new(tag::DB_POINTER, bytes)
    }

    pub fn regex(pattern: &str, options: &str) -> Self {
        Self::new(tag::REGEX, format!("{pattern}\0{options}\0"))
    }

    pub fn int(number: i32) -> Self {
        Self::new(tag::INT, number.to_le_bytes())
    }

    pub fn long(number: i64) -> Self {
        Self::new(tag::LONG, number.to_le_bytes())
    }

    pub fn double(number: f64) -> Self {
        Self::new(tag::DOUBLE, number.to_le_bytes())
    }

    /// `text` as a Decimal128, for instance `1.50` (not the same bytes as `1.5`).
    pub fn decimal(text: &str) -> Self {
        let number: bson::Decimal128 = text.parse().expect("a decimal number");
        Self::new(tag::DECIMAL, number.bytes())
    }

    pub fn object_id(id: [u8; 12]) -> Self {
        Self::new(tag::OBJECT_ID, id)
    }

    pub fn uuid(id: [u8; 16]) -> Self {
        Self::binary(4, &id)
    }

    pub fn binary(subtype: u8, content: &[u8]) -> Self {
        let mut bytes = i32::try_from(content.len())
            .expect("short")
            .to_le_bytes()
            .to_vec();
        bytes.push(subtype);
        bytes.extend_from_slice(content);
        Self::new(tag::BINARY, bytes)
    }

    /// A date, in milliseconds since 1970.
    pub fn date(milliseconds: i64) -> Self {
        Self::new(tag::DATE, milliseconds.to_le_bytes())
    }

    pub fn timestamp(seconds: u32, count: u32) -> Self {
        let mut bytes = count.to_le_bytes().to_vec();
        bytes.extend(seconds.to_le_bytes());
        Self::new(tag::TIMESTAMP, bytes)
    }

    pub fn boolean(truth: bool) -> Self {
        Self::new(tag::BOOLEAN, [u8::from(truth)])
    }

    pub fn null() -> Self {
        Self::new(tag::NULL, [])
    }

    pub fn undefined() -> Self {
        Self::new(tag::UNDEFINED, [])
    }

    pub fn min_key() -> Self {
        Self::new(tag::MIN_KEY, [])
    }

    pub fn max_key() -> Self {
        Self::new(tag::MAX_KEY, [])
    }

    pub fn document(fields: &[Field]) -> Self {
        Self::new(tag::DOCUMENT, document(fields))
    }

    pub fn array(values: &[Value]) -> Self {
        let numbered: Vec<Field> = values
            .iter()
            .enumerate()
            .map(|(at, value)| field(&at.to_string(), value.clone()))
            .collect();
        Self::new(tag::ARRAY, document(&numbered))
    }

    pub fn is_null(&self) -> bool {
        self.tag == tag::NULL
    }

    /// The text, when this is a string.
    pub fn as_str(&self) -> Option<&str> {
        (self.tag == tag::STRING).then(|| {
            std::str::from_utf8(&self.bytes[4..self.bytes.len() - 1]).expect("strings are UTF-8")
        })
    }

    /// Milliseconds since 1970, when this is a date.
    pub fn as_date(&self) -> Option<i64> {
        (self.tag == tag::DATE).then(|| i64::from_le_bytes(self.eight()))
    }

    /// The 16 bytes, when this is a UUID (binary subtype 4).
    pub fn as_uuid(&self) -> Option<[u8; 16]> {
        (self.tag == tag::BINARY && self.bytes.len() == 21 && self.bytes[4] == 4)
            .then(|| self.bytes[5..].try_into().expect("16 bytes"))
    }

    /// The 12 bytes, when this is an ObjectId.
    pub fn as_object_id(&self) -> Option<[u8; 12]> {
        (self.tag == tag::OBJECT_ID).then(|| self.bytes[..].try_into().expect("12 bytes"))
    }

    /// Twice the number, exactly, when this is a number and a whole or half one (the generator makes no other ids).
    pub fn as_halves(&self) -> Option<i128> {
        match self.tag {
            tag::INT => {
                let four = self.bytes[..].try_into().expect("4 bytes");
                Some(2 * i128::from(i32::from_le_bytes(four)))
            }
            tag::LONG => Some(2 * i128::from(i64::from_le_bytes(self.eight()))),
            tag::DOUBLE => halves(&f64::from_le_bytes(self.eight()).to_string()),
            tag::DECIMAL => {
                let sixteen = self.bytes[..].try_into().expect("16 bytes");
                halves(&bson::Decimal128::from_bytes(sixteen).to_string())
            }
            _ => None,
        }
    }

    /// The value, a whole number as one of 64 bits.
    pub fn by_value(&self) -> Self {
        let halves = self.as_halves().filter(|halves| halves % 2 == 0);
        let whole = halves.and_then(|halves| i64::try_from(halves / 2).ok());
        whole.map_or_else(|| self.clone(), Self::long)
    }

    fn eight(&self) -> [u8; 8] {
        self.bytes[..].try_into().expect("8 bytes")
    }

    /// The server's order of values, for the types that ids are made of; others by type alone, then by bytes.
    pub fn server_order(&self, other: &Self) -> Ordering {
        rank(self.tag)
            .cmp(&rank(other.tag))
            .then_with(|| match (self.as_halves(), other.as_halves()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => Ordering::Equal,
            })
            .then_with(|| match (self.as_date(), other.as_date()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => self.sort_key().cmp(other.sort_key()),
            })
    }

    /// Numbers that are equal as numbers have an empty key: their order is decided before it.
    fn sort_key(&self) -> &[u8] {
        match self.tag {
            tag::STRING | tag::SYMBOL => &self.bytes[4..],
            _ if self.as_halves().is_some() => &[],
            _ => &self.bytes,
        }
    }
}

/// Reads plain decimal notation; a number that is neither whole nor half gives nothing.
fn halves(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i128 = whole.parse().ok()?;
    let half = match fraction.trim_end_matches('0') {
        "" => 0,
        "5" => 1,
        _ => return None,
    };
    Some(sign * (2 * whole + half))
}

/// The place of a type in the server's comparison order.
fn rank(tag: u8) -> u8 {
    match tag {
        tag::MIN_KEY => 0,
        tag::UNDEFINED => 1,
        tag::NULL => 2,
        tag::INT | tag::LONG | tag::DOUBLE | tag::DECIMAL => 3,
        tag::STRING | tag::SYMBOL => 4,
        tag::DOCUMENT => 5,
        tag::ARRAY => 6,
        tag::BINARY => 7,
        tag::OBJECT_ID => 8,
        tag::BOOLEAN => 9,
        tag::DATE => 10,
        tag::TIMESTAMP => 11,
        tag::REGEX => 12,
        tag::DB_POINTER => 13,
        tag::CODE => 14,
        tag::CODE_WITH_SCOPE => 15,
        _ => 16,
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string");
        text
    })
}

/// The hyphenated lower-case form of a UUID.
pub fn hyphenated(id: [u8; 16]) -> String {
    let all = hex(&id);
    [
        &all[..8],
        &all[8..12],
        &all[12..16],
        &all[16..20],
        &all[20..],
    ]
    .join("-")
}

impl fmt::Debug for Value {
    /// Readable enough to tell two values apart in a failure.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tag {
            tag::STRING => write!(f, "{:?}", self.as_str().unwrap_or_default()),
            tag::OBJECT_ID => write!(f, "ObjectId({})", hex(&self.bytes)),
            tag::NULL => f.write_str("null"),
            tag::DATE => write!(f, "Date({})", self.as_date().unwrap_or_default()),
            tag::INT => write!(f, "{}", self.as_halves().unwrap_or_default() / 2),
            tag::LONG => write!(f, "Long({})", self.as_halves().unwrap_or_default() / 2),
            tag::DOUBLE => write!(f, "Double({:?})", f64::from_le_bytes(self.eight())),
            tag::DECIMAL => {
                let sixteen = self.bytes[..].try_into().expect("16 bytes");
                write!(f, "Decimal({})", bson::Decimal128::from_bytes(sixteen))
            }
            tag::BOOLEAN => write!(f, "{}", self.bytes[0] != 0),
            tag::DOCUMENT | tag::ARRAY => write!(f, "{}", show(&self.bytes)),
            tag => match self.as_uuid() {
                Some(id) => write!(f, "UUID({})", hyphenated(id)),
                None => write!(f, "0x{tag:02x}:{}", hex(&self.bytes)),
            },
        }
    }
}

/// A document as one readable line.
pub fn show(document: &[u8]) -> String {
    let shown: Vec<String> = fields(document)
        .iter()
        .map(|f| format!("{}: {:?}", f.name, f.value))
        .collect();
    format!("{{{}}}", shown.join(", "))
}
