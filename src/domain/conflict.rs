//! Conflicts: findings that need a decision. One table says, for every code, how severe it is, when it is found, what its
//! count counts and which choices it offers; the first choice is the suggestion.

use std::fmt;

use super::id::Id;

/// How much a conflict holds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Must be decided before anything is applied.
    Blocker,
    /// Should be looked at; the suggestion holds until decided otherwise.
    Warning,
    /// Worth knowing; the suggestion holds until decided otherwise.
    Note,
}

impl Severity {
    /// The word that screens, reports and JSON use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocker => "blocker",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

macro_rules! choices {
    ($($variant:ident, $word:literal, $does:literal;)*) => {
        /// An answer to a conflict.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Choice {
            $(#[doc = $does] $variant,)*
        }

        impl Choice {
            /// Every choice.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in the decisions file.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// What it will do, as a sentence without a full stop.
            pub fn does(self) -> &'static str {
                match self { $(Self::$variant => $does),* }
            }

            /// The choice of that word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.word() == word)
            }
        }
    };
}

choices! {
    Merge, "merge", "make one customer of them; blanks are filled from the others, losing values are kept in the link";
    KeepApart, "keep-apart", "one customer each; only the most complete keeps the e-mail, the others' stays in the link";
    UnknownCustomer, "unknown-customer", "name the customer `Unknown Customer`";
    Keep, "keep", "keep the data as it is";
    Create, "create", "create a customer too; the account stays";
    Skip, "skip", "create no customer; the bookings stay as they are, with their userId";
    Placeholder, "placeholder", "create one placeholder customer per missing user and business";
    Quarantine, "quarantine", "move the bookings, unchanged, to the quarantine; a rollback brings them back";
    Leave, "leave", "leave the bookings as they are, without a customer";
    Wipe, "wipe", "remove the contact fields, as the guide's script does; only the original and the backup keep them";
    Adopt, "adopt", "use the existing customer where business and e-mail are equal, keep the rest beside";
    KeepBeside, "keep-beside", "keep the existing customers beside the new ones, adopt none";
    Relink, "relink", "replace the customerId by the one that the migration gives";
    JoinByValue, "join-by-value", "join them by value and write the target's type";
    CopyAll, "copy-all", "copy all contact fields to each business, as the guide does";
    NameAndEmail, "name-and-email", "copy name and e-mail alone";
}

macro_rules! codes {
    ($($variant:ident, $word:literal, $severity:ident, $title:literal, $counts:literal, [$($choice:ident),+];)*) => {
        /// The kind of a conflict.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code, blockers first in the order of the design's table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word on screens, in files and JSON.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// When it is found, as a sentence without a full stop.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// How severe it is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),* }
            }

            /// What its count counts, in the plural.
            pub fn counts(self) -> &'static str {
                match self { $(Self::$variant => $counts),* }
            }

            /// The choices; the first one is the suggestion.
            pub fn choices(self) -> &'static [Choice] {
                match self { $(Self::$variant => &[$(Choice::$choice),+]),* }
            }
        }
    };
}

codes! {
    DuplicateEmail, "duplicate-email", Blocker, "two or more customers-to-be of one business share an e-mail", "groups", [Merge, KeepApart];
    BookingWithoutUser, "booking-without-user", Blocker, "a booking names no user, or one that does not exist", "bookings", [Placeholder, Quarantine, Leave];
    BookingWithoutBusiness, "booking-without-business", Blocker, "a booking's service, or the service's business, is gone", "bookings", [Quarantine, Leave];
    CustomerExists, "customer-exists", Blocker, "the customer collection already holds documents that this tool did not make", "customers", [Adopt, KeepBeside];
    AlreadyLinked, "already-linked", Blocker, "a booking already has a customerId", "bookings", [Keep, Relink];
    IdTypeMismatch, "id-type-mismatch", Blocker, "a reference has another BSON type than its target", "references", [JoinByValue];
    MissingName, "missing-name", Warning, "a customer-to-be has no name", "users", [UnknownCustomer];
    InvalidEmail, "invalid-email", Warning, "an e-mail is not an address", "users", [Keep];
    AccountAlsoCustomer, "account-also-customer", Warning, "an account holder has bookings; the guide's script would strand them", "users", [Create, Skip];
    MissingEmail, "missing-email", Note, "a customer-to-be has no e-mail", "users", [Keep];
    IdleUser, "idle-user", Note, "no password and no booking: no business can be told", "users", [Keep];
    ContactOnlyOnAccount, "contact-only-on-account", Note, "contact fields on an account that no customer receives", "users", [Keep, Wipe];
    ContactShared, "contact-shared", Note, "a user booked at several businesses: each will hold contact data that may have been given to another one only", "users", [CopyAll, NameAndEmail];
}

impl Code {
    /// The code of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.word() == word)
    }

    /// What is suggested.
    pub fn suggestion(self) -> Choice {
        self.choices()[0]
    }

    /// True where a decision may set the name or the e-mail by hand.
    pub fn takes_values(self) -> bool {
        matches!(
            self,
            Self::DuplicateEmail | Self::MissingName | Self::MissingEmail | Self::InvalidEmail
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a conflict is known by: stable content, so that a decision made on a staging copy fits production.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConflictKey {
    /// The kind.
    pub code: Code,
    /// The business, where the conflict is one business's.
    pub business: Option<Id>,
    /// The users, in `_id` order; or the one missing user, service or collection that it is about; empty for "none named".
    pub subjects: Vec<Id>,
}

impl fmt::Display for ConflictKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(business) = &self.business {
            write!(f, " at {business}")?;
        }
        for (at, subject) in self.subjects.iter().enumerate() {
            write!(f, "{}{subject}", if at == 0 { " of " } else { ", " })?;
        }
        Ok(())
    }
}

/// One conflict, as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What it is known by.
    pub key: ConflictKey,
    /// How many units (see [`Code::counts`]) it stands for.
    pub units: u64,
    /// Digest of all its members; another digest means other members, and an old decision no longer holds.
    pub digest: [u8; 16],
    /// The businesses that it touches (one, several for a user booked at several, none).
    pub businesses: Vec<Id>,
}
