//! What a link says of its customer: how it came about. One reading for all who read links; an unknown word is refused.

use bson::raw::RawDocument;

use super::raw::get;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;

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
