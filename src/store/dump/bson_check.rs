//! Whether bytes are one well-formed BSON document: every length, every terminator, every embedded document. What the
//! bytes mean, and whether text is UTF-8, is not asked: a server keeps what it was given.

use crate::domain::raw::{elements, kind};
use bson::raw::RawDocument;

/// Deeper than any server stores (200), so that a file cannot exhaust our stack.
const DEEPEST: usize = 220;

/// The first place that is not BSON.
#[derive(Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Bytes from the document's start.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// Walks the whole document.
///
/// # Errors
/// The first flaw.
pub fn check(bytes: &[u8]) -> Result<(), Flaw> {
    walk(bytes, 0, 0)
}

fn walk(bytes: &[u8], base: usize, depth: usize) -> Result<(), Flaw> {
    let flaw = |at: usize, what| Flaw {
        at: base + at,
        what,
    };
    if depth > DEEPEST {
        return Err(flaw(0, "documents nested too deep"));
    }
    if bytes.last().is_some_and(|last| *last != 0) {
        return Err(flaw(bytes.len() - 1, "a document without its end"));
    }
    let document =
        RawDocument::from_bytes(bytes).map_err(|_| flaw(0, "a document whose length is wrong"))?;
    let mut at = 4;
    for element in elements(document) {
        let element = element.map_err(|error| flaw(error.0, "an element that cannot be"))?;
        let value = element.value.bytes;
        let value_at = at + element.whole.len() - value.len();
        match element.value.kind {
            kind::DOCUMENT | kind::ARRAY => walk(value, base + value_at, depth + 1)?,
            // String, code, symbol: a length, text, and a zero.
            kind::STRING | 0x0D | 0x0E if value.len() < 5 || value.last() != Some(&0) => {
                return Err(flaw(value_at, "a text without its end"));
            }
            0x08 if value[0] > 1 => return Err(flaw(value_at, "a boolean that is neither")),
            _ => {}
        }
        at += element.whole.len();
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::raw::{RawArrayBuf, RawDocumentBuf, cstr};
    use bson::{RawBson, rawdoc};

    use super::{Flaw, check};

    fn sample() -> RawDocumentBuf {
        rawdoc! { "_id": 1, "list": ["a", { "flag": true }], "code": RawBson::JavaScriptCode("x".to_owned()) }
    }

    #[test]
    fn a_document_is_well_formed_whatever_its_text_is() {
        check(sample().as_bytes()).unwrap();
        check(&[5, 0, 0, 0, 0]).unwrap();
        check(&[14, 0, 0, 0, 2, 0xFF, 0, 2, 0, 0, 0, 0xFF, 0, 0]).unwrap();
    }

    #[test]
    fn any_changed_length_or_end_is_found_where_it_is() {
        let bytes = sample().into_bytes();
        assert!(check(&bytes[..bytes.len() - 1]).is_err());
        for (at, value) in [(0, 1), (bytes.len() - 1, 1), (bytes.len() - 2, 7)] {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            check(&bytes).unwrap_err();
        }
        let flag = bytes.windows(5).position(|it| it == b"flag\0").unwrap() + 5;
        let mut changed = bytes.clone();
        changed[flag] = 2;
        assert_eq!(
            check(&changed),
            Err(Flaw {
                at: flag,
                what: "a boolean that is neither"
            })
        );
    }

    #[test]
    fn endless_nesting_ends() {
        let mut array = RawArrayBuf::new();
        for _ in 0..300 {
            let mut outer = RawArrayBuf::new();
            outer.push(array);
            array = outer;
        }
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("a"), array);
        assert_eq!(
            check(document.as_bytes()).unwrap_err().what,
            "documents nested too deep"
        );
    }
}
