//! Conflicts: findings that need a decision. One table says, for every code, how severe it is, when it is found, what its
//! count counts and which choices it offers; the first choice is the suggestion.

mod choice;
mod followed;

use std::fmt::{self, Write};

use super::id::Id;
pub use choice::{Choice, Severity};
pub use followed::{FollowedCode, Trouble};

macro_rules! codes {
    ($($variant:ident, $word:literal, $severity:ident, $title:literal, $counts:literal, $why:literal, [$($choice:ident: $does:literal),+];)*) => {
        /// The kind of a conflict.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
            /// One of a followed collection.
            Followed(FollowedCode),
        }

        enum Place {
            $($variant,)*
        }

        impl Code {
            /// Its place in a list: those of followed collections stand behind the other blockers.
            fn place(self) -> (usize, &'static str) {
                match self {
                    $(Self::$variant => (Place::$variant as usize * 2, ""),)*
                    Self::Followed(code) => (Place::IdTwins as usize * 2 + 1, code.word()),
                }
            }

            /// Every code but those of followed collections, blockers first in the order of the design's table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word on screens, in files and JSON.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* Self::Followed(it) => it.word() }
            }

            /// When it is found, as a sentence without a full stop.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* Self::Followed(it) => it.title() }
            }

            /// Why it matters, as a sentence without a full stop.
            pub fn why(self) -> &'static str {
                match self { $(Self::$variant => $why,)* Self::Followed(it) => it.why() }
            }

            /// How severe it is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* Self::Followed(_) => Severity::Blocker }
            }

            /// What its count counts, in the plural.
            pub fn counts(self) -> &'static str {
                match self { $(Self::$variant => $counts,)* Self::Followed(_) => "documents" }
            }

            /// The choices with what each does, as a sentence without a full stop; the first one is the suggestion.
            pub fn answers(self) -> &'static [(Choice, &'static str)] {
                match self { $(Self::$variant => &[$((Choice::$choice, $does)),+],)* Self::Followed(it) => it.answers() }
            }
        }
    };
}

codes! {
    DuplicateEmail, "duplicate-email", Blocker, "two or more customers-to-be of one business share an e-mail", "groups",
        "the unique index on business and e-mail lets only one of them in",
        [Merge: "make one customer of them; blanks are filled from the others, losing values are kept in the link",
         KeepApart: "one customer each; only the first by the survivor rule keeps the e-mail, the others' stays in the link"];
    BookingWithoutUser, "booking-without-user", Blocker, "a booking names no user, or one that does not exist", "bookings",
        "a booking must point at a customer, and there is nobody to make one of",
        [Placeholder: "create one placeholder customer per missing user and business",
         Quarantine: "move the bookings, unchanged, to the quarantine; a rollback brings them back",
         Leave: "leave the bookings as they are, without a customer"];
    BookingWithoutBusiness, "booking-without-business", Blocker, "a booking's service, or the service's business, is gone", "bookings",
        "no business can be told, so no customer can hold it, and every business may see it",
        [Quarantine: "move the bookings, unchanged, to the quarantine; a rollback brings them back",
         Leave: "leave the bookings as they are, without a customer"];
    BookingUnique, "booking-unique", Blocker, "a unique index of bookings holds the user, and would meet duplicates after a merge", "bookings",
        "the customer takes the user's place in that index, and two bookings of one customer would then be equal in it",
        [KeepApart: "one customer each; only the first by the survivor rule keeps the e-mail, the others' stays in the link",
         Stop: "apply nothing until these bookings or the index are changed by hand"];
    CustomerUnique, "customer-unique", Blocker, "a unique index of customers would meet the same values in several of those that are made", "customers",
        "the index was made for the customers that were there before, and cannot be built over all of them",
        [DropIndex: "make the customers without this index; the original keeps it, and a rollback brings it back",
         Stop: "apply nothing until these users or the index are changed by hand"];
    UserUnique, "user-unique", Blocker, "a unique index of users holds contact fields, and would meet users who have none any more", "users",
        "contact fields leave users whose data was copied, and to an index all who lack a field are equal in it",
        [DropIndex: "clean up the users without this index; the original keeps it, and a rollback brings it back",
         Stop: "apply nothing until the index is changed by hand, for example into a partial one over texts only"];
    BusinessDisagrees, "business-disagrees", Blocker, "the paths of a booking lead to two businesses", "bookings",
        "whose booking this is cannot be told, and each of the businesses may see it",
        [Quarantine: "move the bookings, unchanged, to the quarantine; a rollback brings them back",
         Leave: "leave the bookings as they are, without a customer"];
    SeveralUsers, "several-users", Blocker, "a booking names several users", "bookings",
        "a booking points at one customer, and more than one of these users may be whose it is",
        [First: "the booking points at the customer of the first user; every user named gets a customer, and the others' ids are kept per booking in _ringfence_links",
         Stop: "apply nothing until these bookings name one user each"];
    CustomerExists, "customer-exists", Blocker, "the customer collection already holds documents that this tool did not make", "customers",
        "the same person may stand there already, and the e-mail of each may stand once per business",
        [Adopt: "use the existing customer where business and e-mail are equal, keep the rest beside",
         KeepBeside: "keep the existing customers beside the new ones, adopt none",
         Stop: "apply nothing until these customers are dealt with by hand"];
    AlreadyLinked, "already-linked", Blocker, "a booking already has a customerId", "bookings",
        "someone began to migrate before; a wrong link would show one business's booking to another",
        [Keep: "keep the customerId where it resolves within the business, replace it elsewhere",
         Relink: "replace every customerId by the one that the migration gives"];
    IdTypeMismatch, "id-type-mismatch", Blocker, "a reference has another BSON type than its target, or white space or capital digits that the target has not", "references",
        "MongoDB joins by type and exact value, so such a reference finds nothing",
        [JoinByValue: "join them by value and write the target's type"];
    IdTwins, "id-twins", Blocker, "an id and its text form are the ids of two users, or two texts that only white space or the case of digits tells apart", "users",
        "a reference in either form may mean either of them",
        [KeepApart: "a reference means the user whose id has its own type",
         Stop: "apply nothing until one of the two is changed by hand"];
    MissingName, "missing-name", Warning, "a customer-to-be has no name", "users",
        "a customer must have a name; the application may refuse to read one without",
        [UnknownCustomer: "name the customer `Unknown Customer`"];
    InvalidEmail, "invalid-email", Warning, "an e-mail is not an address", "users",
        "no mail reaches it, and the application may refuse it when the customer is saved",
        [Keep: "keep the e-mail as it is"];
    AccountAlsoCustomer, "account-also-customer", Warning, "an account holder has bookings; the guide's script would strand them", "users",
        "whoever has a password, owns a business or is a team member stays a user, but their bookings need a customer all the same",
        [Create: "create a customer too; the account stays",
         Skip: "create no customer; the bookings stay as they are, with their userId"];
    MaySignIn, "may-sign-in", Warning, "no password, but evidence of an account, and bookings", "users",
        "whoever signs in by other means than a password would lose the account if taken for a customer alone",
        [Account: "treat the user as an account: it stays, and a customer is created for its bookings",
         Customer: "treat the user as a customer by nature; it stays a user all the same, for it may sign in"];
    DeletedUser, "deleted-user", Warning, "a soft-deleted user has bookings", "users",
        "the application hides such users, and a customer made of one would be seen again",
        [BringAlong: "create the customer, inactive where customers have such a field; never the survivor of a merge with somebody who is not deleted",
         Placeholder: "create a placeholder customer at each business; name, e-mail and contact fields stay with the user alone",
         Skip: "create no customer; the bookings stay as they are, with their reference"];
    MissingEmail, "missing-email", Note, "a customer-to-be has no e-mail", "users",
        "a plain unique index lets in one customer without an e-mail per business; with more of them a partial one is built",
        [Keep: "create the customer without an e-mail"];
    IdleUser, "idle-user", Note, "no password and no booking: no business can be told", "users",
        "whose customer this was cannot be told from the data",
        [Keep: "keep the user, untouched",
         Wipe: "keep the user, and remove the contact fields, which no customer receives; only the original and the backup keep them",
         SetAside: "take the user out of the users when they are cleaned up; the whole row stands in _ringfence_set_aside until purge, a rollback brings it back; refused where anything refers to the user",
         Assign: "make a customer of the user at the business that you name, for one or for all of them; the pair takes part in every other conflict"];
    EmailSpelling, "email-spelling", Note, "the e-mail that a customer keeps has spaces around it, capitals, or letters that are not composed", "users",
        "an application that looks up the exact text finds nobody, and makes a second customer",
        [Keep: "keep the e-mail as it is",
         Normalise: "write it without spaces around it, in small letters and composed; the old spelling stays in the link"];
    ContactOnlyOnAccount, "contact-only-on-account", Note, "contact fields on an account that no customer receives", "users",
        "the guide's script would wipe contact data that lives nowhere else",
        [Keep: "keep the contact fields with the user",
         Wipe: "remove the contact fields, as the guide's script does; only the original and the backup keep them"];
    ContactShared, "contact-shared", Note, "a user booked at several businesses: each will hold contact data that may have been given to another one only", "users",
        "isolation ends what businesses share from now on, not what they were given before",
        [CopyAll: "copy all contact fields to each business, as the guide does",
         NameAndEmail: "copy name and e-mail alone; the contact fields stay with the user"];
    SamePhone, "same-phone", Note, "customers-to-be of one business share a phone number and not an e-mail", "groups",
        "it may be one person with two addresses, or a household",
        [KeepApart: "one customer each, as their e-mails say",
         Merge: "make one customer of them; blanks are filled from the others, losing values are kept in the link"];
    SameMailbox, "same-mailbox", Note, "customers-to-be of one business have e-mails of one mailbox: they differ in dots at Gmail, or in what follows a plus sign", "groups",
        "it may be one person with two spellings, or somebody who books for others",
        [KeepApart: "one customer each, as their e-mails say",
         Merge: "make one customer of them; blanks are filled from the others, losing values are kept in the link"];
    ReferencedElsewhere, "referenced-elsewhere", Note, "another collection refers to users who become customers", "references",
        "retiring these users would leave the references dangling, so it is refused while there are any; a [[follow]] entry of the mapping has the collection refer to customers instead",
        [Keep: "keep the users that are referred to"];
    UnsafeText, "unsafe-text", Note, "a user's name, e-mail or contact field holds control characters, hidden or reordering characters, look-alike letters of several scripts, or more than 1,000 characters", "users",
        "such text can fool a screen, a log or a spreadsheet",
        [Keep: "keep the data as it is; it is shown escaped everywhere"];
}

impl Code {
    /// The code of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        let own = Self::ALL.iter().copied().find(|code| code.word() == word);
        own.or_else(|| FollowedCode::from_word(word).map(Self::Followed))
    }

    /// That of an entry's documents.
    pub fn followed(entry: &str, trouble: Trouble) -> Self {
        Self::Followed(FollowedCode::of(entry, trouble))
    }

    /// What is wrong with the documents that it is about, where it is about documents.
    pub fn trouble(self) -> Option<Trouble> {
        match self {
            Self::Followed(code) => Some(code.trouble),
            Self::BookingWithoutUser => Some(Trouble::WithoutUser),
            Self::BookingWithoutBusiness => Some(Trouble::WithoutBusiness),
            Self::BusinessDisagrees => Some(Trouble::Disagrees),
            Self::SeveralUsers => Some(Trouble::SeveralUsers),
            Self::AlreadyLinked => Some(Trouble::AlreadyLinked),
            _ => None,
        }
    }

    /// The followed entry whose documents it is about; none for bookings, users and customers.
    pub fn entry(self) -> Option<&'static str> {
        match self {
            Self::Followed(code) => Some(code.entry()),
            _ => None,
        }
    }

    /// The choices; the first one is the suggestion.
    pub fn choices(self) -> impl Iterator<Item = Choice> {
        self.answers().iter().map(|(choice, _)| *choice)
    }

    /// True where the suggestion may stand for an answer; where it may not, the operator chooses.
    pub fn suggests(self) -> bool {
        match self {
            Self::Followed(code) => code.trouble != Trouble::Disagrees,
            _ => !matches!(self, Self::BusinessDisagrees | Self::IdTwins),
        }
    }

    /// What is suggested, or, where nothing is, the first choice.
    pub fn suggestion(self) -> Choice {
        self.answers()[0].0
    }

    /// What `choice` does here, as a sentence without a full stop; "" where it is not offered.
    pub fn does(self, choice: Choice) -> &'static str {
        self.answers()
            .iter()
            .find(|(offered, _)| *offered == choice)
            .map_or("", |(_, does)| does)
    }

    /// True for a conflict that makes a group of users one customer when merged.
    pub fn is_group(self) -> bool {
        matches!(
            self,
            Self::DuplicateEmail | Self::SamePhone | Self::SameMailbox
        )
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Every code as a Markdown table, for the README.
pub fn markdown() -> String {
    let mut text = String::from(
        "| code | severity | found when | why it matters | answers, the suggestion first |\n|---|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let answers: Vec<_> = code
            .answers()
            .iter()
            .map(|(choice, does)| format!("`{}`: {does}", choice.word()))
            .collect();
        let _ = writeln!(
            text,
            "| `{code}` | {} | {} ({}) | {} | {} |",
            code.severity().word(),
            code.title(),
            code.counts(),
            code.why(),
            answers.join(" · ")
        ); // writing to a String cannot fail
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_every_conflict_as_this_table_says() {
        let readme = include_str!("../../README.md");
        assert!(
            readme.contains(&markdown()),
            "put this into README.md:\n{}",
            markdown()
        );
    }

    #[test]
    fn every_word_reads_back() {
        for code in Code::ALL {
            assert_eq!(Code::from_word(code.word()), Some(*code));
            for choice in code.choices() {
                assert_eq!(Choice::from_word(choice.word()), Some(choice));
                assert!(!code.does(choice).ends_with('.'));
            }
        }
    }
}
