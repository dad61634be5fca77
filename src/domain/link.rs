//! What a link says of its customer: how it came about. One reading for all who read links; an unknown word is refused. Beside the links of
//! customers stand notes of documents that named several users.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::id::Id;
use super::raw::{Builder, Value, elements, get, kind};
use super::survey::facts::id_of;

/// How a customer came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Made of users; their contact fields left them.
    Created,
    /// Made of users' names and e-mails alone.
    Narrow,
    /// There before.
    Existing,
    /// Made for bookings whose user is missing.
    Placeholder,
}

/// A link that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the link of customer {0} is of a kind that this version does not know. Nothing was changed by this command; use the version of ringfence that began the run"
)]
pub struct UnknownLink(pub String);

impl LinkKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::Created,
        Self::Narrow,
        Self::Existing,
        Self::Placeholder,
    ];

    /// Its word in the link.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Narrow => "created-narrow",
            Self::Existing => "existing",
            Self::Placeholder => "placeholder",
        }
    }

    /// True where the customer was made of users.
    pub fn is_created(self) -> bool {
        match self {
            Self::Created | Self::Narrow => true,
            Self::Existing | Self::Placeholder => false,
        }
    }

    /// The kind of a link.
    ///
    /// # Errors
    /// A word that this version does not know, or none.
    pub fn of(link: &RawDocument) -> Result<Self, UnknownLink> {
        let word = get(link, "kind").and_then(|kind| kind.as_str());
        let known = Self::ALL.into_iter().find(|it| Some(it.word()) == word);
        known.ok_or_else(|| {
            UnknownLink(id_of(link).map_or_else(String::new, |customer| customer.to_string()))
        })
    }
}

/// A document of whose fields a customer got some: on the way to a user, or one that says who a guest is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Between {
    /// Its collection; none for that of the first document on the way, and for a booking.
    pub collection: Option<String>,
    /// Its `_id`.
    pub id: Id,
}

impl Between {
    /// As it stands in a link's list, alone in a document: the id, with the collection where it is not the first one.
    fn element(&self) -> RawDocumentBuf {
        let mut out = Builder::new(64);
        match &self.collection {
            None => out.value("", self.id.value()),
            Some(collection) => {
                let mut inner = Builder::new(64);
                inner.string("in", collection);
                inner.value("document", self.id.value());
                out.document("", &inner.finish())
            }
        };
        out.finish()
    }

    /// Writes the list of that name of a link.
    pub fn write(list: &str, all: &[Self], link: &mut Builder) {
        if !all.is_empty() {
            let elements: Vec<RawDocumentBuf> = all.iter().map(Self::element).collect();
            link.array(list, elements.iter().filter_map(|it| get(it, "")));
        }
    }

    /// Reads the list of that name of a link.
    pub fn all(link: &RawDocument, list: &str) -> Vec<Self> {
        let list = get(link, list).and_then(|it| RawDocument::from_bytes(it.bytes).ok());
        let list = list.into_iter().flat_map(elements).map_while(Result::ok);
        let one = |value: Value<'_>| {
            let inner = RawDocument::from_bytes(value.bytes).ok();
            let inner = inner.filter(|_| value.kind == kind::DOCUMENT);
            let placed = inner.and_then(|inner| {
                let collection = get(inner, "in")?.as_str()?.to_owned();
                let id = Id::from_value(get(inner, "document")?);
                Some(Self {
                    collection: Some(collection),
                    id,
                })
            });
            placed.unwrap_or_else(|| Self {
                collection: None,
                id: Id::from_value(value),
            })
        };
        list.map(|item| one(item.value)).collect()
    }
}

/// The list of a link with the documents on the way of whose fields the customer got some.
pub const BETWEEN: &str = "between";
/// The list of a link with the bookings, and followed documents, that say who its guests are.
pub const BOOKINGS: &str = "bookings";

/// The link's field that holds the customers which were there before and are merged into its customer, whole.
pub const MERGED: &str = "merged";

/// The link with these customers in it.
pub fn holding_merged(link: &RawDocument, customers: &[RawDocumentBuf]) -> RawDocumentBuf {
    let mut document = Builder::new(link.as_bytes().len() + 256);
    for element in elements(link).map_while(Result::ok) {
        document.element(&element);
    }
    let values = customers.iter().map(|customer| Value {
        kind: kind::DOCUMENT,
        bytes: customer.as_bytes(),
    });
    document.array(MERGED, values);
    document.finish()
}

/// The customers that a link holds in this way.
pub fn merged_in(link: &RawDocument) -> Vec<RawDocumentBuf> {
    let merged = get(link, MERGED).and_then(|it| RawDocument::from_bytes(it.bytes).ok());
    let merged = merged.into_iter().flat_map(elements).map_while(Result::ok);
    let merged = merged.filter_map(|it| RawDocument::from_bytes(it.value.bytes).ok());
    merged.map(ToOwned::to_owned).collect()
}

/// The word of a note that a document named several users.
const SEVERAL: &str = "several-users";

/// The other users of a document that named several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeveralUsers {
    /// The bookings' collection, or the followed entry.
    pub of: String,
    /// The document.
    pub document: Id,
    /// The users whom it named beside the one whose customer it points at, in their order.
    pub others: Vec<Id>,
}

impl SeveralUsers {
    /// As it stands among the links.
    pub fn note(&self) -> RawDocumentBuf {
        let mut id = Builder::new(64);
        id.string("in", &self.of);
        id.value("document", self.document.value());
        let mut note = Builder::new(128);
        note.document("_id", &id.finish());
        note.string("kind", SEVERAL);
        note.array("users", self.others.iter().map(Id::value));
        note.finish()
    }

    /// Reads one; `None` for the link of a customer.
    pub fn of(link: &RawDocument) -> Option<Self> {
        if !is_note(link) {
            return None;
        }
        let id = get(link, "_id").filter(|id| id.kind == kind::DOCUMENT)?;
        let id = RawDocument::from_bytes(id.bytes).ok()?;
        let users = RawDocument::from_bytes(get(link, "users")?.bytes).ok()?;
        let others = elements(users).map_while(Result::ok);
        Some(Self {
            of: get(id, "in")?.as_str()?.to_owned(),
            document: Id::from_value(get(id, "document")?),
            others: others.map(|user| Id::from_value(user.value)).collect(),
        })
    }
}

/// True for a note of a document that named several users; it is no customer's link.
pub fn is_note(link: &RawDocument) -> bool {
    get(link, "kind").and_then(|kind| kind.as_str()) == Some(SEVERAL)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;

    #[test]
    fn a_note_of_several_users_is_read_back_and_is_no_customers_link() {
        let several = SeveralUsers {
            of: "payments".to_owned(),
            document: Id::string("p"),
            others: vec![Id::string("u2"), Id::object_id([7; 12])],
        };
        let note = several.note();
        assert!(is_note(&note));
        assert_eq!(SeveralUsers::of(&note), Some(several));
        let link = rawdoc! { "_id": "c", "kind": "created" };
        assert_eq!(SeveralUsers::of(&link), None);
    }

    #[test]
    fn the_documents_that_gave_fields_are_read_back_with_their_collections() {
        let all = [
            Between {
                collection: None,
                id: Id::string("p"),
            },
            Between {
                collection: Some("cards".to_owned()),
                id: Id::object_id([7; 12]),
            },
        ];
        let mut link = Builder::new(0);
        Between::write(BETWEEN, &all, &mut link);
        assert_eq!(Between::all(&link.finish(), BETWEEN), all);
        assert_eq!(Between::all(&rawdoc! { "_id": "c" }, BETWEEN), []);
    }

    #[test]
    fn every_kind_is_read_by_its_word_and_another_word_is_refused() {
        for kind in LinkKind::ALL {
            let link = rawdoc! { "_id": "c", "kind": kind.word() };
            assert_eq!(LinkKind::of(&link), Ok(kind));
        }
        for link in [
            rawdoc! { "_id": "c" },
            rawdoc! { "_id": "c", "kind": "adopted" },
            rawdoc! { "_id": "c", "kind": 1 },
        ] {
            let refusal = LinkKind::of(&link).unwrap_err().to_string();
            assert!(refusal.contains("customer \"c\""), "{refusal}");
        }
    }
}
