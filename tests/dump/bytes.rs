//! Documents written down byte by byte, as no driver would make them.

use bson::RawDocumentBuf;

/// A document of these elements.
pub fn document(elements: &[Vec<u8>]) -> RawDocumentBuf {
    let body = elements.concat();
    let mut bytes = i32::try_from(body.len() + 5)
        .unwrap()
        .to_le_bytes()
        .to_vec();
    bytes.extend(body);
    bytes.push(0);
    RawDocumentBuf::from_bytes(bytes).unwrap()
}

/// An element of the given type byte.
pub fn element(kind: u8, name: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend(name.as_bytes());
    bytes.push(0);
    bytes.extend(value);
    bytes
}

/// A 32-bit integer.
pub fn int(name: &str, value: i32) -> Vec<u8> {
    element(0x10, name, &value.to_le_bytes())
}

/// A string of bytes, valid UTF-8 or not.
pub fn string(name: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = i32::try_from(value.len() + 1)
        .unwrap()
        .to_le_bytes()
        .to_vec();
    bytes.extend(value);
    bytes.push(0);
    element(0x02, name, &bytes)
}

/// `Timestamp(0, 0)`, which an insert at the top level would replace by the server's clock.
pub fn zero_timestamp(name: &str) -> Vec<u8> {
    element(0x11, name, &[0; 8])
}

/// An embedded document.
pub fn embedded(name: &str, document: &RawDocumentBuf) -> Vec<u8> {
    element(0x03, name, document.as_bytes())
}
