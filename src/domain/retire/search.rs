//! References to users who would go: any value of any field, at any depth, that is a user's `_id` in its own type or in the other usual one, or
//! a text that holds it; names of fields too.

use bson::raw::RawDocument;

use super::fates::{Fate, Fates};
use crate::domain::id::Id;
use crate::domain::map::Set;
use crate::domain::raw::{Malformed, Value, elements, kind};
use crate::domain::survey::{Lengths, SHORTEST_WITHIN, Survey, UserIx};

/// Names of fields that are known to be no ids.
const KNOWN_NAMES: usize = 4_096;

/// What nobody can look into, said where people decide by what was found.
pub fn not_looked_into() -> String {
    format!(
        "references were looked for by id, in every field, field name and text of this database. Nobody can look into compressed or encrypted data, files, or other databases, and a text id of fewer than {SHORTEST_WITHIN} bytes is not looked for within a longer text"
    )
}

/// A search through whole collections.
pub struct RetireSearch<'a> {
    survey: &'a Survey,
    fates: &'a mut Fates,
    /// Names of fields that name nobody.
    names: Set<Vec<u8>>,
    lengths: Lengths,
    malformed: Option<Malformed>,
}

impl<'a> RetireSearch<'a> {
    /// What is found keeps users in `fates`.
    pub fn new(survey: &'a Survey, fates: &'a mut Fates) -> Self {
        Self {
            survey,
            fates,
            names: Set::default(),
            lengths: survey.lengths_of_text_ids(),
            malformed: None,
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

    /// Ends it.
    ///
    /// # Errors
    /// A document that could not be read whole.
    pub fn end(self) -> Result<(), Malformed> {
        self.malformed.map_or(Ok(()), Err)
    }

    fn walk(&mut self, document: &RawDocument, path: &str, (array, own): (bool, Option<UserIx>)) {
        for element in elements(document) {
            let element = match element {
                Ok(element) => element,
                Err(malformed) => {
                    self.malformed = Some(malformed);
                    return;
                }
            };
            let value = element.value;
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
            if let Some(inner) = value.inside() {
                self.walk(inner, &here(), (value.kind == kind::ARRAY, own));
            }
            self.value(value, own, here);
        }
    }

    fn value(&mut self, value: Value<'_>, own: Option<UserIx>, here: impl Fn() -> String) {
        if let Some(id) = value.pointer() {
            self.found(&Id::object_id(id), own, here);
            return;
        }
        let whole = [kind::OBJECT_ID, kind::STRING, kind::BINARY].contains(&value.kind);
        if whole && self.found(&Id::from_value(value), own, &here) {
            return;
        }
        if let Some(text) = value.as_text() {
            if let Some(symbol) = (value.kind == kind::SYMBOL).then(|| std::str::from_utf8(text))
                && let Ok(symbol) = symbol
                && self.found(&Id::string(symbol), own, &here)
            {
                return;
            }
            self.within(text, own, here);
        }
    }

    fn found(&mut self, id: &Id, own: Option<UserIx>, place: impl Fn() -> String) -> bool {
        let Some(user) = self.survey.find_user_as_spelled(id) else {
            return false;
        };
        self.refer(user, own, place);
        true
    }

    /// A text may hold the ids of users: `/avatars/<user>.png`.
    fn within(&mut self, text: &[u8], own: Option<UserIx>, place: impl Fn() -> String) -> bool {
        let users = self.survey.find_users_within(text, &self.lengths);
        for user in &users {
            self.refer(*user, own, &place);
        }
        !users.is_empty()
    }

    fn refer(&mut self, user: UserIx, own: Option<UserIx>, place: impl Fn() -> String) {
        let looked_for = matches!(
            self.fates.of(user),
            Fate::Goes | Fate::Referred | Fate::Aside
        );
        if own != Some(user) && looked_for {
            self.fates.refer(user, &place());
        }
    }

    /// A field's name may be a user's id, or hold it: `readBy.<user>: true`.
    fn name(&mut self, key: &[u8], path: &str, own: Option<UserIx>) {
        if self.names.contains(key) {
            return;
        }
        let place = || format!("{path}.*");
        let text = String::from_utf8_lossy(key);
        let named = self.found(&Id::string(&text), own, place) || self.within(key, own, place);
        if !named && self.names.len() < KNOWN_NAMES {
            self.names.insert(key.to_vec());
        }
    }
}
