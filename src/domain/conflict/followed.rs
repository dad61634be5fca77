//! Conflicts of followed collections. Their codes carry the entry's name (`payments:booking-without-user`), so that each has an answer, a count
//! and a confirmed number of its own.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::choice::Choice;

/// What is wrong with documents of a followed collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// No user, or one that does not exist.
    WithoutUser,
    /// No business can be told.
    WithoutBusiness,
    /// The paths lead to several businesses.
    Disagrees,
    /// Several users.
    SeveralUsers,
    /// The new reference is there already.
    AlreadyLinked,
}

impl Trouble {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::WithoutUser,
        Self::WithoutBusiness,
        Self::Disagrees,
        Self::SeveralUsers,
        Self::AlreadyLinked,
    ];

    /// The word behind the entry's name: that of the same conflict of bookings.
    fn word(self) -> &'static str {
        match self {
            Self::WithoutUser => "booking-without-user",
            Self::WithoutBusiness => "booking-without-business",
            Self::Disagrees => "business-disagrees",
            Self::SeveralUsers => "several-users",
            Self::AlreadyLinked => "already-linked",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::WithoutUser => {
                "a document of a followed collection names no user, or one that does not exist"
            }
            Self::WithoutBusiness => {
                "no business can be told of a document of a followed collection"
            }
            Self::Disagrees => "the paths of a followed document lead to two businesses",
            Self::SeveralUsers => "a followed document names several users",
            Self::AlreadyLinked => "a followed document already has the new reference",
        }
    }

    fn why(self) -> &'static str {
        match self {
            Self::WithoutUser => "there is nobody whose customer it could name",
            Self::WithoutBusiness => {
                "a customer belongs to one business, and none is known for this document"
            }
            Self::Disagrees => {
                "it is not known whose document this is, and each of the businesses may see it"
            }
            Self::SeveralUsers => "its new reference names one customer",
            Self::AlreadyLinked => "someone began to migrate before",
        }
    }

    fn answers(self) -> &'static [(Choice, &'static str)] {
        const LEAVE: (Choice, &str) = (
            Choice::Leave,
            "leave the documents as they are, without a customer",
        );
        const QUARANTINE: (Choice, &str) = (
            Choice::Quarantine,
            "move the documents, unchanged, to the quarantine of their collection; a rollback brings them back",
        );
        match self {
            Self::WithoutUser => &[
                LEAVE,
                QUARANTINE,
                (
                    Choice::Placeholder,
                    "point them at one placeholder customer per missing user and business",
                ),
            ],
            Self::WithoutBusiness => &[LEAVE, QUARANTINE],
            Self::Disagrees => &[QUARANTINE, LEAVE],
            Self::SeveralUsers => &[
                (
                    Choice::First,
                    "the document points at the customer of the first user; every user named gets a customer, and the others' ids are kept in _ringfence_links",
                ),
                (
                    Choice::Stop,
                    "apply nothing until these documents name one user each",
                ),
            ],
            Self::AlreadyLinked => &[
                (
                    Choice::Keep,
                    "keep the reference where it resolves within the business, replace it elsewhere",
                ),
                (
                    Choice::Relink,
                    "replace every reference by the one that the migration gives",
                ),
            ],
        }
    }
}

/// The code of a conflict of a followed collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FollowedCode {
    /// `payments:booking-without-user`.
    word: &'static str,
    /// What is wrong.
    pub trouble: Trouble,
}

/// The words of codes are few: those of one mapping's entries. Each is kept once, for as long as the program runs.
static WORDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

fn kept(word: &str) -> &'static str {
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = words.get(word) {
        return known;
    }
    let new: &'static str = Box::leak(word.to_owned().into_boxed_str());
    words.insert(new);
    new
}

impl FollowedCode {
    /// The code of this entry.
    pub fn of(entry: &str, trouble: Trouble) -> Self {
        Self {
            word: kept(&format!("{entry}:{}", trouble.word())),
            trouble,
        }
    }

    /// Reads its word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        let (entry, rest) = word.rsplit_once(':')?;
        let trouble = Trouble::ALL.into_iter().find(|it| it.word() == rest)?;
        (!entry.is_empty()).then(|| Self::of(entry, trouble))
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        self.word
    }

    /// The entry: "payments", or "messages.senderId" where several follow one collection.
    pub fn entry(self) -> &'static str {
        self.word
            .rsplit_once(':')
            .map_or(self.word, |(entry, _)| entry)
    }

    /// The word without the entry.
    pub fn bare(self) -> &'static str {
        self.trouble.word()
    }

    pub(super) fn title(self) -> &'static str {
        self.trouble.title()
    }

    pub(super) fn why(self) -> &'static str {
        self.trouble.why()
    }

    pub(super) fn answers(self) -> &'static [(Choice, &'static str)] {
        self.trouble.answers()
    }
}

impl fmt::Display for FollowedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}
