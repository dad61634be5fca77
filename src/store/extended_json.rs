//! Canonical extended JSON straight from raw BSON: field order and fields given twice stay, which a decoded document
//! would lose.

use std::io::Write as _;

use bson::raw::{RawBsonRef, RawDocument, RawElement};
use bson::{Bson, Document};

use super::error::{Result, StoreError};

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
    append_document(json, document).map_err(|error| unreadable(&error))
}

/// One value of a document as canonical extended JSON.
///
/// # Errors
/// `Invalid` when the bytes are not a value.
pub fn from_element(element: &RawElement<'_>) -> Result<String> {
    let mut json = Vec::new();
    append_value(&mut json, element).map_err(|error| unreadable(&error))?;
    String::from_utf8(json).map_err(|_| StoreError::Invalid("a value is not text".to_owned()))
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

fn unreadable(error: &bson::error::Error) -> StoreError {
    StoreError::Invalid(format!("a document is not valid BSON: {error}"))
}

fn append_document(json: &mut Vec<u8>, document: &RawDocument) -> bson::error::Result<()> {
    json.push(b'{');
    for (place, element) in document.iter_elements().enumerate() {
        let element = element?;
        if place > 0 {
            json.push(b',');
        }
        append_text(json, element.key().as_str());
        json.push(b':');
        append_value(json, &element)?;
    }
    json.push(b'}');
    Ok(())
}

fn append_value(json: &mut Vec<u8>, element: &RawElement<'_>) -> bson::error::Result<()> {
    match element.value() {
        Ok(RawBsonRef::Document(document)) => append_document(json, document)?,
        Ok(RawBsonRef::Array(array)) => {
            json.push(b'[');
            for (place, element) in array.iter_elements().enumerate() {
                if place > 0 {
                    json.push(b',');
                }
                append_value(json, &element?)?;
            }
            json.push(b']');
        }
        Ok(RawBsonRef::JavaScriptCodeWithScope(code)) => {
            json.extend_from_slice(b"{\"$code\":");
            append_text(json, code.code);
            json.extend_from_slice(b",\"$scope\":");
            append_document(json, code.scope)?;
            json.push(b'}');
        }
        // The usual ones, without a detour.
        Ok(RawBsonRef::String(text)) => append_text(json, text),
        Ok(RawBsonRef::Null) => json.extend_from_slice(b"null"),
        Ok(RawBsonRef::Boolean(yes)) => put(json, format_args!("{yes}")),
        Ok(RawBsonRef::ObjectId(id)) => {
            json.extend_from_slice(b"{\"$oid\":\"");
            append_hex(json, &id.bytes());
            json.extend_from_slice(b"\"}");
        }
        Ok(RawBsonRef::Int32(number)) => append_number(json, "$numberInt", i64::from(number)),
        Ok(RawBsonRef::Int64(number)) => append_number(json, "$numberLong", number),
        Ok(RawBsonRef::DateTime(date)) => {
            json.extend_from_slice(b"{\"$date\":");
            append_number(json, "$numberLong", date.timestamp_millis());
            json.push(b'}');
        }
        _ => {
            let scalar = Bson::try_from(element.value_utf8_lossy()?)?;
            put(json, format_args!("{}", scalar.into_canonical_extjson()));
        }
    }
    Ok(())
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

/// Appends bytes in hexadecimal.
pub fn append_hex(text: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| DIGITS[usize::from(half)];
    for byte in bytes {
        text.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
}

fn put(json: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    let _ = json.write_fmt(what); // as above
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
