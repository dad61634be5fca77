//! The values that an index holds of a document: one for each element of a list, and texts as its collation compares them. What the server
//! takes for equal beyond this it says when the index is built over the copy, before anything is renamed.

use std::collections::BTreeSet;

use bson::raw::RawDocument;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::domain::id::Id;
use crate::domain::raw::{Value, elements, get, kind};

/// Stands for a list without elements, which is neither null nor a value.
const EMPTY: &[u8] = b"[]";

/// How texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folding {
    /// Byte for byte.
    Exact,
    /// In one way of composing letters.
    Composed,
    /// Without capitals.
    Case,
    /// Without capitals and marks.
    Letters,
}

impl Folding {
    /// That of an index.
    pub(super) fn of(index: &RawDocument) -> Self {
        let Ok(collation) = index.get_document("collation") else {
            return Self::Exact;
        };
        if collation.get_str("locale").is_ok_and(|it| it == "simple") {
            return Self::Exact;
        }
        let strength = collation.get_i32("strength").map(i64::from);
        let strength = strength.or_else(|_| collation.get_i64("strength"));
        let with_case = collation.get_bool("caseLevel").unwrap_or(false);
        match strength.ok() {
            Some(1) if !with_case => Self::Letters,
            Some(2) if !with_case => Self::Case,
            _ => Self::Composed,
        }
    }

    fn text(self, text: &str) -> String {
        match self {
            Self::Exact => text.to_owned(),
            Self::Composed => text.nfc().collect(),
            Self::Case => text.to_lowercase().nfc().collect(),
            Self::Letters => {
                let letters = text.nfd().filter(|c| !is_combining_mark(*c));
                letters.flat_map(char::to_lowercase).collect()
            }
        }
    }

    fn value(self, value: Value<'_>) -> Vec<u8> {
        let folded = value.as_str().filter(|_| self != Self::Exact);
        let id = match folded {
            Some(text) => Id::string(&self.text(text)),
            None => Id::from_value(value).canonical(),
        };
        id.as_bytes().to_vec()
    }

    /// Takes what stands at a dotted path: null where nothing does.
    pub(super) fn at_path(self, document: &RawDocument, path: &str, into: &mut BTreeSet<Vec<u8>>) {
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let nothing = Value {
            kind: kind::NULL,
            bytes: &[],
        };
        let Some(value) = get(document, first) else {
            into.insert(self.value(nothing));
            return;
        };
        let inner = RawDocument::from_bytes(value.bytes).ok();
        match (value.kind, rest, inner) {
            (kind::ARRAY, rest, Some(list)) => {
                let before = into.len();
                for element in elements(list).map_while(Result::ok) {
                    let inner = RawDocument::from_bytes(element.value.bytes).ok();
                    match (rest, inner) {
                        (None, _) => {
                            into.insert(self.value(element.value));
                        }
                        (Some(rest), Some(inner)) if element.value.kind == kind::DOCUMENT => {
                            self.at_path(inner, rest, into);
                        }
                        _ => {}
                    }
                }
                if into.len() == before {
                    let none = rest.map_or(EMPTY.to_vec(), |_| self.value(nothing));
                    into.insert(none);
                }
            }
            (kind::DOCUMENT, Some(rest), Some(inner)) => self.at_path(inner, rest, into),
            (_, Some(_), _) => {
                into.insert(self.value(nothing));
            }
            (_, None, _) => {
                into.insert(self.value(value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    fn values(folding: Folding, document: &RawDocument, path: &str) -> BTreeSet<Vec<u8>> {
        let mut found = BTreeSet::new();
        folding.at_path(document, path, &mut found);
        found
    }

    #[test]
    fn each_element_of_a_list_is_a_value_and_nothing_is_null() {
        let list = rawdoc! { "a": [1, 2, 1], "b": [{ "c": 1 }, { "c": 2.0 }, {}], "d": [] };
        let of = |path| values(Folding::Exact, &list, path);
        assert_eq!(
            of("a"),
            values(Folding::Exact, &rawdoc! { "a": [2, 1.0] }, "a")
        );
        assert_eq!(of("b.c").len(), 3, "1, 2 and null");
        assert_eq!((of("d").len(), of("nothing").len()), (1, 1));
        assert_ne!(of("d"), of("nothing"));
        assert_eq!(of("nothing"), of("a.x"));
    }

    #[test]
    fn texts_are_equal_as_the_collation_of_the_index_says() {
        let index = |collation| rawdoc! { "key": { "a": 1 }, "collation": collation };
        for (collation, equal) in [
            (rawdoc! { "locale": "en", "strength": 1 }, [true, true]),
            (rawdoc! { "locale": "en", "strength": 2_i64 }, [true, false]),
            (rawdoc! { "locale": "en" }, [false, false]),
            (rawdoc! { "locale": "simple" }, [false, false]),
        ] {
            let folding = Folding::of(&index(collation));
            let of = |text: &str| values(folding, &rawdoc! { "a": text }, "a");
            let found = [of("Abc") == of("aBC"), of("Abe") == of("ab\u{e9}")];
            assert_eq!(found, equal, "{folding:?}");
        }
        assert_eq!(Folding::of(&rawdoc! { "key": { "a": 1 } }), Folding::Exact);
    }
}
