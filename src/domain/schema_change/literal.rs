//! Defaults of a schema that are no plain number or text: bytes in base64, and JSON. Written as a client writes them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::{Number, Value as Json};

use crate::domain::raw::{Builder, Value, kind, string_bytes};

/// What a text in base64 stands for, filled up with `=` or not; `None` where it is none.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let read = STANDARD.decode(text);
    read.or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}

/// Bytes as BSON's binary.
pub(super) fn of_bytes(bytes: &[u8]) -> (u8, Vec<u8>) {
    const GENERIC: u8 = 0;
    let mut out = i32::try_from(bytes.len())
        .unwrap_or(0)
        .to_le_bytes()
        .to_vec();
    out.push(GENERIC);
    out.extend_from_slice(bytes);
    (kind::BINARY, out)
}

/// JSON as BSON: whole numbers in 32 bits where they fit.
pub(super) fn of_json(json: &Json) -> (u8, Vec<u8>) {
    match json {
        Json::Null => (kind::NULL, Vec::new()),
        Json::Bool(is) => (kind::BOOLEAN, vec![u8::from(*is)]),
        Json::Number(number) => of_number(number),
        Json::String(text) => (kind::STRING, string_bytes(text)),
        Json::Array(members) => {
            let names = (0..members.len()).map(|at| at.to_string());
            (kind::ARRAY, document(names.zip(members)))
        }
        Json::Object(members) => (kind::DOCUMENT, document(members.iter())),
    }
}

fn of_number(number: &Number) -> (u8, Vec<u8>) {
    let Some(whole) = number.as_i64() else {
        let number = number.as_f64().unwrap_or_default();
        return (kind::DOUBLE, number.to_le_bytes().to_vec());
    };
    match i32::try_from(whole) {
        Ok(whole) => (kind::INT32, whole.to_le_bytes().to_vec()),
        Err(_) => (kind::INT64, whole.to_le_bytes().to_vec()),
    }
}

fn document<'j>(members: impl Iterator<Item = (impl AsRef<str>, &'j Json)>) -> Vec<u8> {
    let mut out = Builder::new(64);
    for (name, member) in members {
        let (kind, bytes) = of_json(member);
        let bytes = &bytes;
        out.value(name.as_ref(), Value { kind, bytes });
    }
    out.finish().as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn base64_is_read_and_anything_else_is_none() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("aGk=", b"hi"),
            ("aGk", b"hi"),
            ("AAEC/f7/", &[0, 1, 2, 0xfd, 0xfe, 0xff]),
            ("YQ==", b"a"),
        ] {
            assert_eq!(base64(text).unwrap(), bytes, "{text}");
        }
        for text in ["a", "YQ=", "aGk*", "====", "YQ==YQ=="] {
            assert_eq!(base64(text), None, "{text}");
        }
    }

    #[test]
    fn json_becomes_what_a_client_would_write() {
        let json =
            serde_json::json!({ "a": [1, 3_000_000_000_i64, 1.5, null, true], "b": { "c": "x" } });
        let (kind, bytes) = of_json(&json);
        let document = bson::raw::RawDocument::from_bytes(&bytes).unwrap();
        let expected =
            bson::rawdoc! { "a": [1, 3_000_000_000_i64, 1.5, null, true], "b": { "c": "x" } };
        assert_eq!((kind, document), (kind::DOCUMENT, &*expected));
        assert_eq!(
            of_bytes(b"hi"),
            (kind::BINARY, vec![2, 0, 0, 0, 0, b'h', b'i'])
        );
    }
}
