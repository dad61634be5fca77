//! Defaults of a schema that are no plain number or text: bytes in base64, and JSON. Written as a client writes them.

use serde_json::{Number, Value as Json};

use crate::domain::raw::{Builder, Value, kind, string_bytes};

/// What a text in base64 stands for; `None` where it is none.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    let padded = text.len() - bare.len();
    if padded > 2 || padded > 0 && !text.len().is_multiple_of(4) || bare.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(bare.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in bare.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
        held &= (1 << bits) - 1;
    }
    Some(out)
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
