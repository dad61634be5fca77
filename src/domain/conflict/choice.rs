//! Answers to conflicts, and how much a conflict holds up.

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
    ($($variant:ident, $word:literal;)*) => {
        /// An answer to a conflict. What it does depends on the kind of conflict: [`Code::does`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Choice {
            $(#[doc = $word] $variant,)*
        }

        impl Choice {
            /// Every choice.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in the decisions file.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The choice of that word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.word() == word)
            }
        }
    };
}

choices! {
    Merge, "merge";
    KeepApart, "keep-apart";
    UnknownCustomer, "unknown-customer";
    Keep, "keep";
    Create, "create";
    Skip, "skip";
    Placeholder, "placeholder";
    Quarantine, "quarantine";
    Leave, "leave";
    Wipe, "wipe";
    Adopt, "adopt";
    KeepBeside, "keep-beside";
    Stop, "stop";
    Relink, "relink";
    JoinByValue, "join-by-value";
    CopyAll, "copy-all";
    NameAndEmail, "name-and-email";
    SetAside, "set-aside";
    Assign, "assign";
    Account, "account";
    Customer, "customer";
    BringAlong, "bring-along";
    First, "first";
    Normalise, "normalise";
    DropIndex, "drop-index";
}
