//! Raw BSON, element by element: what is copied is copied byte for byte, duplicate keys and retired types included.
//! Layouts are those of the BSON specification 1.1.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

/// BSON type bytes that the product gives a meaning to.
pub mod kind {
    /// A double.
    pub const DOUBLE: u8 = 0x01;
    /// A UTF-8 string.
    pub const STRING: u8 = 0x02;
    /// An embedded document.
    pub const DOCUMENT: u8 = 0x03;
    /// An array.
    pub const ARRAY: u8 = 0x04;
    /// Binary data.
    pub const BINARY: u8 = 0x05;
    /// An ObjectId.
    pub const OBJECT_ID: u8 = 0x07;
    /// True or false.
    pub const BOOLEAN: u8 = 0x08;
    /// A date, milliseconds since 1970.
    pub const DATE: u8 = 0x09;
    /// Null.
    pub const NULL: u8 = 0x0A;
    /// A regular expression.
    pub const REGEX: u8 = 0x0B;
    /// A pointer of the old kind: a collection's name and an ObjectId.
    pub const POINTER: u8 = 0x0C;
    /// JavaScript code.
    pub const CODE: u8 = 0x0D;
    /// A symbol: text by another name.
    pub const SYMBOL: u8 = 0x0E;
    /// JavaScript code, with a document of its variables.
    pub const SCOPED_CODE: u8 = 0x0F;
    /// A 32-bit integer.
    pub const INT32: u8 = 0x10;
    /// A 64-bit integer.
    pub const INT64: u8 = 0x12;
    /// A decimal of 128 bits.
    pub const DECIMAL128: u8 = 0x13;
}

/// A document whose bytes do not follow the BSON layout; a server never stores one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a document is not well-formed BSON at byte {0}; nothing was changed: check the collection with `validate`"
)]
pub struct Malformed(pub usize);

/// A value as it stands in a document: its type byte and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    /// The BSON type byte.
    pub kind: u8,
    /// The value's bytes, without type and key.
    pub bytes: &'a [u8],
}

impl<'a> Value<'a> {
    /// The text of a string value; `None` for other types and for invalid UTF-8.
    #[inline]
    pub fn as_str(&self) -> Option<&'a str> {
        if self.kind != kind::STRING {
            return None;
        }
        let text = self.bytes.get(4..self.bytes.len().checked_sub(1)?)?;
        std::str::from_utf8(text).ok()
    }

    /// The document inside: an embedded one, an array, or the variables of code.
    #[inline]
    pub fn inside(&self) -> Option<&'a RawDocument> {
        let bytes = match self.kind {
            kind::DOCUMENT | kind::ARRAY => self.bytes,
            kind::SCOPED_CODE => {
                let length = self.bytes.get(4..8)?.try_into().ok()?;
                let length = usize::try_from(i32::from_le_bytes(length)).ok()?;
                self.bytes.get(length.checked_add(8)?..)?
            }
            _ => return None,
        };
        RawDocument::from_bytes(bytes).ok()
    }

    /// The ObjectId that a pointer of the old kind holds.
    pub fn pointer(&self) -> Option<[u8; 12]> {
        if self.kind != kind::POINTER {
            return None;
        }
        self.bytes.last_chunk().copied()
    }

    /// The bytes that may be text: of a string, a symbol, code, a regular expression, binary data.
    pub fn as_text(&self) -> Option<&'a [u8]> {
        match self.kind {
            kind::STRING | kind::SYMBOL | kind::CODE => {
                self.bytes.get(4..self.bytes.len().checked_sub(1)?)
            }
            kind::SCOPED_CODE => {
                let length = self.bytes.get(4..8)?.try_into().ok()?;
                let length = usize::try_from(i32::from_le_bytes(length)).ok()?;
                self.bytes.get(8..length.checked_add(7)?)
            }
            kind::REGEX => Some(self.bytes),
            kind::BINARY => self.bytes.get(5..),
            _ => None,
        }
    }

    /// The element that it is under `key`.
    pub fn under(&self, key: &str) -> Vec<u8> {
        let mut element = Vec::with_capacity(key.len() + self.bytes.len() + 2);
        element.push(self.kind);
        element.extend_from_slice(key.as_bytes());
        element.push(0);
        element.extend_from_slice(self.bytes);
        element
    }

    /// Milliseconds since 1970 of a date value.
    pub fn as_date(&self) -> Option<i64> {
        if self.kind != kind::DATE {
            return None;
        }
        self.bytes.try_into().ok().map(i64::from_le_bytes)
    }

    /// True for null, and for a string that is empty or only Unicode white space.
    pub fn is_blank(&self) -> bool {
        self.kind == kind::NULL
            || self
                .as_str()
                .is_some_and(|text| text.chars().all(char::is_whitespace))
    }
}

/// True when the value is missing or blank.
pub fn blank(value: Option<Value<'_>>) -> bool {
    value.is_none_or(|value| value.is_blank())
}

/// One element of a document.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// The key, as bytes (BSON keys are UTF-8, but nothing here relies on it).
    pub key: &'a [u8],
    /// Its value.
    pub value: Value<'a>,
    /// Type byte, key and value together, as they stand in the document.
    pub whole: &'a [u8],
}

/// Walks the elements of `document` in their order.
#[inline]
pub fn elements(document: &RawDocument) -> Elements<'_> {
    Elements {
        bytes: document.as_bytes(),
        at: 4,
    }
}

/// See [`elements`].
#[derive(Debug)]
pub struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        match self.bytes.get(start) {
            Some(0) if start + 1 == self.bytes.len() => None,
            Some(&kind) => {
                let element = self.element(kind);
                if element.is_none() {
                    self.at = self.bytes.len(); // the next call ends the walk
                }
                Some(element.ok_or(Malformed(start)))
            }
            None => None,
        }
    }
}

impl<'a> Elements<'a> {
    #[inline]
    fn element(&mut self, kind: u8) -> Option<Element<'a>> {
        let start = self.at;
        let key_start = start + 1;
        let key_length = first_zero(self.bytes.get(key_start..)?)?;
        let value_start = key_start + key_length + 1;
        let length = value_length(kind, self.bytes.get(value_start..)?)?;
        let end = value_start.checked_add(length)?;
        let bytes = self.bytes.get(value_start..end)?;
        self.at = end;
        Some(Element {
            key: &self.bytes[key_start..key_start + key_length],
            value: Value { kind, bytes },
            whole: &self.bytes[start..end],
        })
    }
}

/// The place of the first zero. Most keys are shorter than eight bytes, which are looked at together.
#[inline]
fn first_zero(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    if let Some(first) = bytes.first_chunk() {
        let eight = u64::from_le_bytes(*first);
        // The lowest high bit that is set stands in the first byte that is zero; those above it may be wrong.
        let zeros = eight.wrapping_sub(ONES) & !eight & HIGH;
        if zeros != 0 {
            return usize::try_from(zeros.trailing_zeros() / 8).ok();
        }
    }
    bytes.iter().position(|byte| *byte == 0)
}

#[inline]
fn value_length(kind: u8, rest: &[u8]) -> Option<usize> {
    let prefix = || {
        let length = i32::from_le_bytes(rest.get(..4)?.try_into().ok()?);
        usize::try_from(length).ok()
    };
    let c_string = |from: usize| Some(rest.get(from..)?.iter().position(|&b| b == 0)? + 1);
    Some(match kind {
        0x06 | 0x0A | 0x7F | 0xFF => 0,
        0x08 => 1,
        0x10 => 4,
        0x01 | 0x09 | 0x11 | 0x12 => 8,
        0x07 => 12,
        0x13 => 16,
        0x03 | 0x04 | 0x0F => prefix()?,
        0x02 | 0x0D | 0x0E => prefix()?.checked_add(4)?,
        0x05 => prefix()?.checked_add(5)?,
        0x0C => prefix()?.checked_add(16)?,
        0x0B => {
            let pattern = c_string(0)?;
            pattern + c_string(pattern)?
        }
        _ => return None,
    })
}

/// The first value under `key`, as the server reads it.
#[inline]
pub fn get<'a>(document: &'a RawDocument, key: &str) -> Option<Value<'a>> {
    elements(document)
        .map_while(Result::ok)
        .find(|element| element.key == key.as_bytes())
        .map(|element| element.value)
}

/// The document with `value` at the end of these names, each of a document in the one before; `None` takes it away. What is not there is made.
pub fn with_member(
    document: &RawDocument,
    names: &[&str],
    value: Option<Value<'_>>,
) -> RawDocumentBuf {
    let mut out = Builder::new(document.as_bytes().len() + 32);
    let Some((name, rest)) = names.split_first() else {
        return document.to_owned();
    };
    let put = |out: &mut Builder, held: Option<Value<'_>>| {
        if rest.is_empty() {
            if let Some(value) = value {
                out.value(name, value);
            }
            return;
        }
        let inner = held.filter(|held| held.kind == kind::DOCUMENT);
        let inner = inner.and_then(|held| RawDocument::from_bytes(held.bytes).ok());
        let empty = RawDocumentBuf::new();
        if inner.is_some() || value.is_some() {
            out.document(name, &with_member(inner.unwrap_or(&empty), rest, value));
        }
    };
    let mut found = false;
    for element in elements(document).map_while(Result::ok) {
        if element.key == name.as_bytes() && !std::mem::replace(&mut found, true) {
            put(&mut out, Some(element.value));
        } else {
            out.element(&element);
        }
    }
    if !found {
        put(&mut out, None);
    }
    out.finish()
}

/// Builds a document out of elements, byte for byte.
#[derive(Debug)]
pub struct Builder {
    bytes: Vec<u8>,
}

impl Builder {
    /// An empty document with room for `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity + 5);
        bytes.extend_from_slice(&[0; 4]);
        Self { bytes }
    }

    /// Appends an element as it stood elsewhere.
    pub fn element(&mut self, element: &Element<'_>) -> &mut Self {
        self.bytes.extend_from_slice(element.whole);
        self
    }

    /// Appends elements as their bytes stand, type byte and key included.
    pub fn whole(&mut self, elements: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(elements);
        self
    }

    /// Appends `value` under `key`.
    pub fn value(&mut self, key: &str, value: Value<'_>) -> &mut Self {
        self.bytes.push(value.kind);
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.push(0);
        self.bytes.extend_from_slice(value.bytes);
        self
    }

    /// Appends eight bytes of a hash under `key`, as a 64-bit integer.
    pub fn digest(&mut self, key: &[u8], digest: [u8; 8]) -> &mut Self {
        self.bytes.push(kind::INT64);
        self.bytes.extend_from_slice(key);
        self.bytes.push(0);
        self.bytes.extend_from_slice(&digest);
        self
    }

    /// Appends a string under `key`.
    pub fn string(&mut self, key: &str, text: &str) -> &mut Self {
        let bytes = string_bytes(text);
        self.value(
            key,
            Value {
                kind: kind::STRING,
                bytes: &bytes,
            },
        )
    }

    /// Appends a document under `key`.
    pub fn document(&mut self, key: &str, document: &RawDocument) -> &mut Self {
        self.value(
            key,
            Value {
                kind: kind::DOCUMENT,
                bytes: document.as_bytes(),
            },
        )
    }

    /// Appends an array of values under `key`.
    pub fn array<'v>(
        &mut self,
        key: &str,
        values: impl IntoIterator<Item = Value<'v>>,
    ) -> &mut Self {
        let empty = Value {
            kind: kind::ARRAY,
            bytes: &[0; 4],
        };
        self.value(key, empty);
        let from = self.bytes.len() - empty.bytes.len();
        for (at, value) in values.into_iter().enumerate() {
            self.value(&at.to_string(), value);
        }
        self.close(from);
        self
    }

    /// Ends the document or array that begins at `from`.
    fn close(&mut self, from: usize) {
        self.bytes.push(0);
        // A document over 2 GiB cannot come from the server, whose limit is 16 MiB.
        let length = u32::try_from(self.bytes.len() - from).unwrap_or(u32::MAX);
        self.bytes[from..from + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// The document.
    pub fn finish(mut self) -> RawDocumentBuf {
        self.close(0);
        // The length and the last byte were just written, so the check inside cannot fail.
        RawDocumentBuf::from_bytes(self.bytes).unwrap_or_default()
    }
}

/// The bytes of a BSON string value.
pub fn string_bytes(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len() + 1).unwrap_or(u32::MAX);
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::rawdoc;

    #[test]
    fn a_document_rebuilt_from_its_elements_has_the_same_bytes() {
        let document = rawdoc! {
            "a": 1, "b": "text", "c": [1, {"d": null}], "e": bson::oid::ObjectId::new(), "f": 1.5,
            "g": bson::Regex { pattern: cstr_of("p"), options: cstr_of("i") }, "h": true, "i": bson::DateTime::now(),
            "j": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1, 2] },
            "k": bson::Timestamp { time: 1, increment: 2 }, "l": bson::RawBson::MinKey,
        };
        let mut builder = Builder::new(0);
        for element in elements(&document) {
            builder.element(&element.unwrap());
        }
        assert_eq!(builder.finish().as_bytes(), document.as_bytes());
    }

    proptest::proptest! {
        #[test]
        fn the_first_zero_is_where_a_search_byte_by_byte_finds_it(bytes in proptest::collection::vec(0..3_u8, 0..20)) {
            let by_byte = bytes.iter().position(|byte| *byte == 0);
            proptest::prop_assert_eq!(first_zero(&bytes), by_byte);
        }
    }

    fn cstr_of(text: &str) -> bson::raw::CString {
        bson::raw::CString::try_from(text).unwrap()
    }

    #[test]
    fn code_with_variables_and_pointers_of_the_old_kind_hold_what_they_hold() {
        let held = rawdoc! { "user": bson::oid::ObjectId::from_bytes([7; 12]) };
        let code = bson::RawJavaScriptCodeWithScope {
            code: "return 1".to_owned(),
            scope: held.clone(),
        };
        let document = rawdoc! { "code": code, "text": "abc" };
        let value = get(&document, "code").unwrap();
        assert_eq!(value.inside().unwrap().as_bytes(), held.as_bytes());
        assert_eq!(value.as_text().unwrap(), b"return 1");
        assert_eq!(get(&document, "text").unwrap().as_text().unwrap(), b"abc");
        let mut bytes = string_bytes("users");
        bytes.extend([9; 12]);
        let pointer = Value {
            kind: kind::POINTER,
            bytes: &bytes,
        };
        assert_eq!(pointer.pointer(), Some([9; 12]));
    }

    #[test]
    fn blank_means_missing_null_empty_or_unicode_white_space() {
        let document = rawdoc! { "a": null, "b": "", "c": "\u{2003} \t", "d": "x", "e": 0 };
        for (key, expected) in [
            ("a", true),
            ("b", true),
            ("c", true),
            ("d", false),
            ("e", false),
            ("missing", true),
        ] {
            assert_eq!(blank(get(&document, key)), expected, "{key}");
        }
    }
}
