//! References to users who would go: any value of any field, at any depth, that is a user's `_id` in its own type or in the other usual one;
//! names of fields too, where they look like an id.

use bson::raw::RawDocument;

use super::fates::{Fate, Fates};
use crate::domain::id::Id;
use crate::domain::map::Set;
use crate::domain::raw::{elements, kind};
use crate::domain::survey::Survey;

/// Names of fields that are known to be no ids.
const KNOWN_NAMES: usize = 4_096;

/// A search through whole collections.
pub struct RetireSearch<'a> {
    survey: &'a Survey,
    fates: &'a mut Fates,
    /// Names of fields that name nobody.
    names: Set<Vec<u8>>,
}

impl<'a> RetireSearch<'a> {
    /// What is found keeps users in `fates`.
    pub fn new(survey: &'a Survey, fates: &'a mut Fates) -> Self {
        Self {
            survey,
            fates,
            names: Set::default(),
        }
    }

    /// Takes a document of `collection`; of a user's own row, its `_id` is no reference, and neither is what names that user.
    pub fn take(&mut self, collection: &str, document: &RawDocument, is_user: bool) {
        let own = if is_user {
            crate::domain::survey::facts::id_of(document)
                .and_then(|id| self.survey.users.find(&id.canonical()))
        } else {
            None
        };
        self.walk(document, collection, (false, own));
    }

    fn walk(&mut self, document: &RawDocument, path: &str, (array, own): (bool, Option<usize>)) {
        for element in elements(document).map_while(Result::ok) {
            let value = element.value;
            let nested = value.kind == kind::DOCUMENT || value.kind == kind::ARRAY;
            // The places of an array are no part of the path: any of them is meant.
            let here = || {
                if array {
                    return path.to_owned();
                }
                format!("{path}.{}", String::from_utf8_lossy(element.key))
            };
            if !array {
                self.name(element.key, path, own);
            }
            if nested {
                if let Ok(inner) = RawDocument::from_bytes(value.bytes) {
                    self.walk(inner, &here(), (value.kind == kind::ARRAY, own));
                }
                continue;
            }
            if matches!(value.kind, kind::OBJECT_ID | kind::STRING | kind::BINARY) {
                self.found(&Id::from_value(value), own, here);
            }
        }
    }

    fn found(&mut self, id: &Id, own: Option<usize>, place: impl FnOnce() -> String) -> bool {
        let Some(user) = self.survey.find_user_as_spelled(id) else {
            return false;
        };
        let looked_for = matches!(
            self.fates.of(user),
            Fate::Goes | Fate::Referred | Fate::Aside
        );
        if own != Some(user) && looked_for {
            self.fates.refer(user, &place());
        }
        true
    }

    /// A field's name may be a user's id: `readBy.<user>: true`.
    fn name(&mut self, key: &[u8], path: &str, own: Option<usize>) {
        if key.len() < 8 || self.names.contains(key) {
            return;
        }
        let Ok(text) = std::str::from_utf8(key) else {
            return;
        };
        let named = self.found(&Id::string(text), own, || format!("{path}.*"));
        if !named && self.names.len() < KNOWN_NAMES {
            self.names.insert(key.to_vec());
        }
    }
}
