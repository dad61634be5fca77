//! References from elsewhere: fields of other collections that hold the `_id` of a user who becomes a customer and holds no account, at any
//! depth, arrays included.

use std::collections::BTreeSet;

use bson::raw::RawDocument;

use super::Survey;
use super::facts::id_of;
use crate::domain::id::Id;
use crate::domain::raw::{Value, elements, kind};

/// Where and what to look for in one collection.
#[derive(Debug)]
pub struct ReferenceSearch<'s> {
    survey: &'s Survey,
    collection: String,
    /// The migration's own fields.
    except: Vec<String>,
    /// Count in these paths alone; all of them while `None`.
    only: Option<BTreeSet<String>>,
    found: std::collections::BTreeMap<String, super::Stray>,
}

/// What a search found: references by "collection.path".
pub type Referenced = std::collections::BTreeMap<String, super::Stray>;

impl Survey {
    /// A search through `collection`. After the bookings.
    pub fn search_references(&self, collection: &str) -> ReferenceSearch<'_> {
        let entries = self.mapping.entries_of(collection);
        let mut except: Vec<String> = entries.map(|(_, entry)| entry.user_text()).collect();
        if collection == self.mapping.booking.collection {
            except.push(self.paths().user().text().to_owned());
        } else if collection == self.mapping.user.collection {
            except.push("_id".to_owned());
        }
        ReferenceSearch {
            survey: self,
            collection: collection.to_owned(),
            except,
            only: None,
            found: Referenced::new(),
        }
    }
}

impl ReferenceSearch<'_> {
    /// Takes a document.
    pub fn take(&mut self, document: &RawDocument) {
        let Some(id) = id_of(document) else { return };
        self.walk(document, "", false, &id);
    }

    /// True when some field was found.
    pub fn found_any(&self) -> bool {
        !self.found.is_empty()
    }

    /// Forgets the counts of a sample, and counts from here on in the fields that it found.
    pub fn count_anew(&mut self) {
        self.only = Some(std::mem::take(&mut self.found).into_keys().collect());
    }

    /// What was found.
    pub fn end(self) -> Referenced {
        self.found
    }

    fn walk(&mut self, document: &RawDocument, path: &str, array: bool, of: &Id) {
        for element in elements(document).map_while(Result::ok) {
            let key = String::from_utf8_lossy(element.key);
            // The places of an array are no part of the path: any of them is meant.
            let inner = match (array, path.is_empty()) {
                (true, _) => path.to_owned(),
                (false, true) => key.into_owned(),
                (false, false) => format!("{path}.{key}"),
            };
            if self.except.contains(&inner) {
                continue;
            }
            match element.value.kind {
                kind::DOCUMENT | kind::ARRAY => {
                    if let Ok(document) = RawDocument::from_bytes(element.value.bytes) {
                        let array = element.value.kind == kind::ARRAY;
                        self.walk(document, &inner, array, of);
                    }
                }
                kind::OBJECT_ID | kind::STRING | kind::BINARY => {
                    self.leaf(&inner, element.value, of);
                }
                _ => {}
            }
        }
    }

    fn leaf(&mut self, path: &str, value: Value<'_>, of: &Id) {
        if self
            .only
            .as_ref()
            .is_some_and(|only| !only.contains(&self.named(path)))
        {
            return;
        }
        let Some(user) = self
            .survey
            .find_user(&Id::from_value(value))
            .map(|found| found.at)
        else {
            return;
        };
        if self.survey.users.facts(user).account || !self.survey.users.is_booked(user) {
            return;
        }
        let stray = self.found.entry(self.named(path)).or_default();
        stray.bookings += 1;
        stray.members.add(of.as_bytes());
        stray.members.add(self.survey.user_id(user).as_bytes());
    }

    fn named(&self, path: &str) -> String {
        format!("{}.{path}", self.collection)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::{DEFAULT, Mapping};
    use crate::domain::reference::End;
    use crate::domain::table::tests::memory;
    use bson::{oid::ObjectId, rawdoc};

    #[test]
    fn references_are_found_in_arrays_and_nested_documents_and_as_text() {
        let oid = |byte| ObjectId::from_bytes([byte; 12]);
        let mut survey = Survey::new("shop", Mapping::parse(DEFAULT).unwrap(), &memory(1 << 20));
        survey.take_business(&rawdoc! { "_id": oid(1) });
        for hop in survey.hops(End::Business) {
            let service = rawdoc! { "_id": oid(2), "businessId": oid(1) };
            survey.take_hop(End::Business, &hop, &service);
        }
        for (user, password) in [(3, ""), (4, "secret")] {
            survey.take_user(&rawdoc! { "_id": oid(user), "hashedPassword": password });
        }
        survey.close_users();
        for user in [3, 4] {
            survey.take_booking(
                &rawdoc! { "_id": oid(9 + user), "userId": oid(user), "serviceId": oid(2) },
            );
        }
        let mut search = survey.search_references("Review");
        search.take(&rawdoc! {
            "_id": 1,
            "by": { "user": oid(3) },
            "liked": [oid(3), oid(4), oid(7), [oid(3)]],
            "text": oid(3).to_hex(),
        });
        let counts: Vec<_> = search
            .end()
            .into_iter()
            .map(|(path, stray)| (path, stray.bookings))
            .collect();
        assert_eq!(
            counts,
            [
                ("Review.by.user".to_owned(), 1),
                ("Review.liked".to_owned(), 2),
                ("Review.text".to_owned(), 1)
            ]
        );
        let mut own = survey.search_references("User");
        own.take(&rawdoc! { "_id": oid(3), "invitedBy": oid(3) });
        assert_eq!(
            own.end().into_keys().collect::<Vec<_>>(),
            ["User.invitedBy"]
        );
    }
}
