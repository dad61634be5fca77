//! Canonical extended JSON straight from raw BSON: field order and fields given twice stay, which a decoded document
//! would lose.

use std::io::Write as _;

use bson::raw::{RawBsonRef, RawDocument};
use bson::{Bson, Document};

use super::error::{Result, StoreError};
use crate::domain::raw::{Builder, Value, elements, kind};

/// One document as canonical extended JSON, on one line. Text that is not UTF-8 gets replacement characters.
///
/// # Errors
/// `Invalid` when the bytes are not a document.
pub fn from_raw(document: &RawDocument) -> Result<String> {
    let mut json = Vec::with_capacity(document.as_bytes().len() * 2);
    append(&mut json, document)?;
    String::from_utf8(json).map_err(|_| StoreError::Invalid("a document is not text".to_owned()))
}

/// Appends what [`from_raw`] says to `json`.
///
/// # Errors
/// As there.
pub fn append(json: &mut Vec<u8>, document: &RawDocument) -> Result<()> {
    json.push(b'{');
    append_elements(json, document, true)?;
    json.push(b'}');
    Ok(())
}

/// A document written as extended JSON, canonical or relaxed.
///
/// # Errors
/// The reason, as a clause, when the text is not that.
pub fn parse(text: &str) -> std::result::Result<Document, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match Bson::try_from(value) {
        Ok(Bson::Document(document)) => Ok(document),
        Ok(_) => Err("it is not a document".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Invalid(format!("a document is not valid BSON: {error}"))
}

/// The elements of a document with their names, or those of an array without.
fn append_elements(json: &mut Vec<u8>, document: &RawDocument, named: bool) -> Result<()> {
    for (place, element) in elements(document).enumerate() {
        let element = element.map_err(|error| unreadable(&error))?;
        if place > 0 {
            json.push(b',');
        }
        if named {
            append_text(json, &String::from_utf8_lossy(element.key));
            json.push(b':');
        }
        append_value(json, element.value)?;
    }
    Ok(())
}

fn append_value(json: &mut Vec<u8>, value: Value<'_>) -> Result<()> {
    let bytes = value.bytes;
    // The usual ones, without a detour.
    match value.kind {
        kind::STRING => {
            let text = bytes.get(4..bytes.len().saturating_sub(1));
            append_text(json, &String::from_utf8_lossy(text.unwrap_or_default()));
        }
        kind::NULL => json.extend_from_slice(b"null"),
        kind::BOOLEAN => {
            let yes = bytes.first().is_some_and(|yes| *yes != 0);
            json.extend_from_slice(if yes { b"true" } else { b"false" });
        }
        kind::OBJECT_ID => {
            json.extend_from_slice(b"{\"$oid\":\"");
            append_hex(json, bytes);
            json.extend_from_slice(b"\"}");
        }
        kind::INT32 => append_number(json, "$numberInt", number(bytes)),
        kind::INT64 => append_number(json, "$numberLong", number(bytes)),
        kind::DATE => {
            json.extend_from_slice(b"{\"$date\":");
            append_number(json, "$numberLong", number(bytes));
            json.push(b'}');
        }
        kind::DECIMAL128 => {
            json.extend_from_slice(b"{\"$numberDecimal\":\"");
            append_decimal(json, bytes);
            json.extend_from_slice(b"\"}");
        }
        kind::DOCUMENT | kind::ARRAY => {
            let inner = RawDocument::from_bytes(bytes).map_err(|error| unreadable(&error))?;
            let named = value.kind == kind::DOCUMENT;
            json.push(if named { b'{' } else { b'[' });
            append_elements(json, inner, named)?;
            json.push(if named { b'}' } else { b']' });
        }
        _ => append_rare(json, value).map_err(|error| unreadable(&error))??,
    }
    Ok(())
}

/// A whole number of four or eight bytes.
pub fn number(bytes: &[u8]) -> i64 {
    match (bytes.try_into(), bytes.try_into()) {
        (Ok(short), _) => i32::from_le_bytes(short).into(),
        (_, Ok(long)) => i64::from_le_bytes(long),
        _ => 0, // the walk over the elements gives no other length
    }
}

/// What the library knows how to write.
fn append_rare(json: &mut Vec<u8>, value: Value<'_>) -> bson::error::Result<Result<()>> {
    let mut alone = Builder::new(value.bytes.len() + 8);
    alone.value("v", value);
    let alone = alone.finish();
    for element in alone.iter_elements() {
        let element = element?;
        if let Ok(RawBsonRef::JavaScriptCodeWithScope(code)) = element.value() {
            json.extend_from_slice(b"{\"$code\":");
            append_text(json, code.code);
            json.extend_from_slice(b",\"$scope\":");
            let scope = append(json, code.scope);
            json.push(b'}');
            return Ok(scope);
        }
        let scalar = Bson::try_from(element.value_utf8_lossy()?)?;
        let _ = write!(json, "{}", scalar.into_canonical_extjson()); // writing to a Vec cannot fail
    }
    Ok(Ok(()))
}

fn append_text(json: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(json, text); // writing to a Vec cannot fail
}

fn append_number(json: &mut Vec<u8>, kind: &str, number: i64) {
    json.extend_from_slice(b"{\"");
    json.extend_from_slice(kind.as_bytes());
    json.extend_from_slice(b"\":\"");
    let _ = serde_json::to_writer(&mut *json, &number); // as above
    json.extend_from_slice(b"\"}");
}

/// Appends a decimal of 128 bits, as text.
pub fn append_decimal(text: &mut Vec<u8>, bytes: &[u8]) {
    // The walk over the elements gives no other length.
    let decimal = bytes.try_into().map(bson::Decimal128::from_bytes);
    let _ = decimal.map(|decimal| write!(text, "{decimal}")); // as above
}

/// Appends bytes in hexadecimal.
pub fn append_hex(text: &mut Vec<u8>, bytes: &[u8]) {
    let from = text.len();
    text.resize(from + 2 * bytes.len(), 0);
    let _ = hex::encode_to_slice(bytes, &mut text[from..]); // the length is right
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::oid::ObjectId;
    use bson::raw::{RawDocumentBuf, cstr};
    use bson::rawdoc;

    use super::{from_raw, parse};

    #[test]
    fn order_and_names_given_twice_stay() {
        let mut inner = RawDocumentBuf::new();
        inner.append(cstr!("b"), 1);
        inner.append(cstr!("a"), 2_i64);
        inner.append(cstr!("b"), "\"quoted\"\n");
        let document = rawdoc! { "z": 1.0, "list": [inner, true, []] };
        assert_eq!(
            from_raw(&document).unwrap(),
            r#"{"z":{"$numberDouble":"1.0"},"list":[{"b":{"$numberInt":"1"},"a":{"$numberLong":"2"},"b":"\"quoted\"\n"},true,[]]}"#
        );
    }

    #[test]
    fn text_that_is_not_utf8_is_shown_with_replacement_characters() {
        let mut bytes = vec![0, 0, 0, 0, 0x02, b'a', 0, 3, 0, 0, 0, b'x', 0xFF, 0, 0];
        bytes[0] = u8::try_from(bytes.len()).unwrap();
        let document = RawDocumentBuf::from_bytes(bytes).unwrap();
        assert_eq!(from_raw(&document).unwrap(), "{\"a\":\"x\u{FFFD}\"}");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let document = rawdoc! {
            "_id": ObjectId::from_bytes([7; 12]),
            "key": { "a": 1, "b": -1.5 },
            "filter": { "name": { "$regex": "^a", "$options": "i" }, "age": { "$type": "string" } },
            "when": bson::DateTime::from_millis(-1),
            "big": i64::MAX,
        };
        let parsed = parse(&from_raw(&document).unwrap()).unwrap();
        assert_eq!(RawDocumentBuf::try_from(&parsed).unwrap(), document);
    }

    #[test]
    fn the_usual_values_are_written_as_the_library_writes_them() {
        let document = rawdoc! {
            "id": ObjectId::from_bytes([7; 12]), "int": -1, "long": i64::MIN, "yes": true, "none": null,
            "date": bson::DateTime::from_millis(i64::MIN), "then": bson::DateTime::from_millis(0),
            "price": "-12.50".parse::<bson::Decimal128>().unwrap(), "none of them": "NaN".parse::<bson::Decimal128>().unwrap(),
            "text": "\u{0}\u{1f}\u{7f}\u{2028}\"\\/\n\t\u{8}\u{c}é🦀",
        };
        let library = bson::Bson::Document(bson::Document::try_from(&*document).unwrap());
        assert_eq!(
            from_raw(&document).unwrap(),
            library.into_canonical_extjson().to_string()
        );
    }

    #[test]
    fn broken_text_says_where() {
        let error = parse("{\"a\":\n 1,}").unwrap_err();
        assert!(error.contains("line 2"), "{error}");
        assert_eq!(parse("[1]").unwrap_err(), "it is not a document");
    }
}
