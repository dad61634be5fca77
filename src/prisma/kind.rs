//! What can be wrong: a closed list, in the order in which the first that applies is taken, and what the application would see of each. What a
//! client does was seen with Prisma 4.6.1 on a real server; the later clients of MongoDB (5 and 6) were not run, and where they are known to
//! differ, the words say so.

use std::ops::BitOr;

/// A kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A required field without a literal default is missing.
    MissingRequired,
    /// The same, null.
    NullRequired,
    /// A list holds null.
    NullInList,
    /// A list is missing or null.
    MissingList,
    /// Text under an ObjectId field that is none.
    MalformedId,
    /// Another type than the field's: refused, or read as something else.
    WrongType,
    /// A whole number under Int beyond 32 bits.
    OutOfRange,
    /// Text that is no stored value of the enum.
    BadEnum,
    /// A reference to a document that does not exist.
    DanglingRelation,
    /// An id in a list of many to many, where the other side does not hold ours.
    RelationMismatch,
    /// Several documents with one value of a unique.
    Duplicate,
    /// An index of the schema that does not stand.
    IndexMissing,
    /// An index that the schema does not name, which a push drops.
    IndexDroppedByPush,
    /// A reference that no index begins with.
    ReferenceWithoutIndex,
    /// A field with a literal default that is missing or null.
    DefaultNotWritten,
}

impl Kind {
    /// All, in their order.
    pub const ALL: [Self; 15] = [
        Self::MissingRequired,
        Self::NullRequired,
        Self::NullInList,
        Self::MissingList,
        Self::MalformedId,
        Self::WrongType,
        Self::OutOfRange,
        Self::BadEnum,
        Self::DanglingRelation,
        Self::RelationMismatch,
        Self::Duplicate,
        Self::IndexMissing,
        Self::IndexDroppedByPush,
        Self::ReferenceWithoutIndex,
        Self::DefaultNotWritten,
    ];

    /// The word in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::MissingRequired => "missing-required",
            Self::NullRequired => "null-required",
            Self::NullInList => "null-in-list",
            Self::MissingList => "missing-list",
            Self::MalformedId => "malformed-id",
            Self::WrongType => "wrong-type",
            Self::OutOfRange => "out-of-range",
            Self::BadEnum => "bad-enum",
            Self::DanglingRelation => "dangling-relation",
            Self::RelationMismatch => "relation-mismatch",
            Self::Duplicate => "duplicate",
            Self::IndexMissing => "index-missing",
            Self::IndexDroppedByPush => "index-dropped-by-push",
            Self::ReferenceWithoutIndex => "reference-without-index",
            Self::DefaultNotWritten => "default-not-written",
        }
    }
}

/// What a client does about a finding; several, where documents differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effects(u32);

impl BitOr for Effects {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Each effect with its words. Those with a code come first.
const WORDS: [(Effects, &str); 21] = [
    (
        Effects::REQUIRED,
        "P2032: a read that meets the document fails",
    ),
    (
        Effects::NULL_MEMBER,
        "P2032: a read that meets the document fails",
    ),
    (
        Effects::REFUSED,
        "P2023: a read that meets the document fails",
    ),
    (
        Effects::MALFORMED,
        "P2023 Malformed ObjectID: with `include`; a plain read shows the text",
    ),
    (
        Effects::NOT_IN_ENUM,
        "\"Value … not found in enum\" (no P code): a read that meets the document fails",
    ),
    (
        Effects::ENGINE_STOPS,
        "\"Decimal128 extended JSON not implemented yet\" (no P code): a read that meets the document ends the engine",
    ),
    (
        Effects::INCONSISTENT,
        "\"Inconsistent query result\" (no P code): a read with `include` fails",
    ),
    (
        Effects::READS_WHOLE,
        "silent: the number is read without its fraction (1.5 as 1)",
    ),
    (
        Effects::READS_NULL,
        "silent: the whole value is read as null",
    ),
    (
        Effects::HEX_TEXT,
        "silent: it is read as an id, but `where` does not find it",
    ),
    (
        Effects::TOO_LARGE,
        "silent: 4.6.1 reads it as it is, though an Int has 32 bits (Prisma 5.14 and later keep an Int in 32 bits on MongoDB, by their issue 24262; not run)",
    ),
    (
        Effects::EMPTY_LIST,
        "silent: it is read as [], and `isEmpty` fails for the whole collection",
    ),
    (
        Effects::NULL_RELATION,
        "silent: the relation is read as null",
    ),
    (
        Effects::LEFT_OUT,
        "silent: the document is left out of the list",
    ),
    (
        Effects::ONE_SIDED,
        "silent: one side shows the relation, the other does not",
    ),
    (
        Effects::PUSH_STOPS,
        "silent: `findUnique` shows one of them; `npx prisma@6 db push` stops at them",
    ),
    (
        Effects::NOT_UNIQUE,
        "silent: nothing keeps out a second document with the same value",
    ),
    (Effects::SLOWER, "silent: queries read the whole collection"),
    (
        Effects::DROPPED,
        "silent: `npx prisma@6 db push` drops it without a warning",
    ),
    (
        Effects::SLOW_REFERENCE,
        "silent: finding what refers to a document, or deleting it, reads the whole collection",
    ),
    (
        Effects::DEFAULT_SHOWN,
        "silent: it is read as the default, but `where` does not find it",
    ),
];

impl Effects {
    /// Required and absent.
    pub const REQUIRED: Self = Self(1);
    /// Null within a list.
    pub const NULL_MEMBER: Self = Self(1 << 1);
    /// A type that the client refuses.
    pub const REFUSED: Self = Self(1 << 2);
    /// No ObjectId.
    pub const MALFORMED: Self = Self(1 << 3);
    /// No value of the enum.
    pub const NOT_IN_ENUM: Self = Self(1 << 4);
    /// A required relation leads nowhere.
    pub const INCONSISTENT: Self = Self(1 << 5);
    /// The fraction is cut off.
    pub const READS_WHOLE: Self = Self(1 << 6);
    /// Null instead of what is stored.
    pub const READS_NULL: Self = Self(1 << 7);
    /// An id that is kept as text.
    pub const HEX_TEXT: Self = Self(1 << 8);
    /// Beyond 32 bits.
    pub const TOO_LARGE: Self = Self(1 << 9);
    /// An empty list instead of nothing.
    pub const EMPTY_LIST: Self = Self(1 << 10);
    /// An optional relation leads nowhere.
    pub const NULL_RELATION: Self = Self(1 << 11);
    /// A member of a list leads nowhere.
    pub const LEFT_OUT: Self = Self(1 << 12);
    /// Only one side holds the other's id.
    pub const ONE_SIDED: Self = Self(1 << 13);
    /// A unique index cannot be built.
    pub const PUSH_STOPS: Self = Self(1 << 14);
    /// A unique index does not stand.
    pub const NOT_UNIQUE: Self = Self(1 << 15);
    /// An index does not stand.
    pub const SLOWER: Self = Self(1 << 16);
    /// A push drops it.
    pub const DROPPED: Self = Self(1 << 17);
    /// No index for a reference.
    pub const SLOW_REFERENCE: Self = Self(1 << 18);
    /// A default is shown that is not stored.
    pub const DEFAULT_SHOWN: Self = Self(1 << 19);
    /// A Decimal128 under Json.
    pub const ENGINE_STOPS: Self = Self(1 << 20);

    /// What the application would see.
    pub fn words(self) -> String {
        let mut words: Vec<&str> = Vec::new();
        for (effect, said) in WORDS {
            if self.0 & effect.0 != 0 && !words.contains(&said) {
                words.push(said);
            }
        }
        words.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_stand_in_their_order_and_every_effect_has_its_words() {
        assert!(Kind::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        let all = WORDS.iter().fold(Effects::default(), |all, it| all | it.0);
        assert_eq!(all.0, (1 << WORDS.len()) - 1);
        let both = Effects::REFUSED | Effects::READS_WHOLE;
        let words = both.words();
        assert!(
            words.starts_with("P2023") && words.contains("silent"),
            "{words}"
        );
    }
}
