//! The decisions file: TOML that a person can read and write, in a stable order, so that what was decided on staging serves again on
//! production.

pub mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::accepted::Accepted;
use super::conflict::{Choice, Code, ConflictKey};
use super::decision::{Contact, Decision, Decisions, check};
use super::id::Id;
use super::mapping::UserRole;
use super::survivorship::Survivor;
use super::text::{named, unquoted};

/// The file as it is written and read. The plan holds the same shape as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionFile {
    /// Format version.
    pub version: u32,
    /// The database that it was made for.
    pub database: String,
    /// One answer per code.
    #[serde(default)]
    pub policy: BTreeMap<CodeWord, ChoiceWord>,
    /// Which record gives a merged customer its values.
    #[serde(default, skip_serializing_if = "SurvivorRules::is_default")]
    pub survivor: SurvivorRules,
    /// The business of every answer `assign` that names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign: Option<String>,
    /// How contact fields leave users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactWord>,
    /// How many bookings may leave the application, by kind, and how many values of a reference may lead nowhere.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accepted: BTreeMap<Accepted, u64>,
    /// Answers to what an after-schema asks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub schema: BTreeMap<String, String>,
    /// Single answers.
    #[serde(default, rename = "decision")]
    pub decisions: Vec<Entry>,
}

/// Survivor rules: one for all, and those of single businesses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurvivorRules {
    /// For all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<SurvivorWord>,
    /// For single businesses.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub at: BTreeMap<IdText, SurvivorWord>,
}

impl SurvivorRules {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A single answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    code: CodeWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    business: Option<IdText>,
    #[serde(default)]
    subjects: Vec<IdText>,
    choice: ChoiceWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    survivor: Option<SurvivorWord>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pick: BTreeMap<String, IdText>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    set: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
}

macro_rules! word {
    ($name:ident, $of:ty, $what:literal, $parse:expr, $show:expr) => {
        #[doc = concat!("A ", $what, " as text.")]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub $of);

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                let parse: fn(&str) -> Option<$of> = $parse;
                parse(&text)
                    .map(Self)
                    .ok_or_else(|| format!("\"{text}\" is no {}", $what))
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                let show: fn(&$of) -> String = $show;
                show(&word.0)
            }
        }
    };
}

/// Where a file cannot be read, and why; nothing of what stands there.
fn place_of(error: &toml_edit::de::Error) -> String {
    let shown = error.to_string();
    let place = shown.lines().next().unwrap_or_default();
    format!("{}: {}", named(place), unquoted(error.message()))
}

word!(CodeWord, Code, "conflict code", Code::from_word, |code| {
    code.word().to_owned()
});
word!(ChoiceWord, Choice, "choice", Choice::from_word, |choice| {
    choice.word().to_owned()
});
word!(
    SurvivorWord,
    Survivor,
    "survivor rule",
    Survivor::from_word,
    |rule| { rule.word().to_owned() }
);
word!(
    ContactWord,
    Contact,
    "way for contact fields to leave (remove, null)",
    Contact::from_word,
    |contact| { contact.word().to_owned() }
);
word!(IdText, Id, "id", Id::parse, Id::text);

/// Why a decisions file is refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BadDecisions {
    /// Not TOML of this shape; the message has line and column.
    #[error("the decisions file cannot be read: {}", place_of(.0))]
    Syntax(#[from] toml_edit::de::Error),
    /// Made for another database.
    #[error(
        "the decisions file was made for database {}, this one is {}; change its `database` line if it is meant for both",
        named(found),
        named(expected)
    )]
    OtherDatabase {
        /// The file's database.
        found: String,
        /// Ours.
        expected: String,
    },
    /// A newer format.
    #[error("the decisions file has format version {0}, this ringfence reads version 1")]
    Version(u32),
    /// An answer that does not fit its conflict.
    #[error("decision {at}, {}: {}", named(key), named(why))]
    Answer {
        /// Its number in the file, from 1.
        at: usize,
        /// What it answers.
        key: String,
        /// What is wrong.
        why: String,
    },
}

impl DecisionFile {
    /// The file of `decisions`.
    pub fn new(database: &str, decisions: &Decisions) -> Self {
        Self {
            version: 1,
            database: database.to_owned(),
            policy: decisions
                .policy
                .iter()
                .map(|(code, choice)| (CodeWord(*code), ChoiceWord(*choice)))
                .collect(),
            survivor: SurvivorRules {
                rule: (decisions.survivor != Survivor::default())
                    .then_some(SurvivorWord(decisions.survivor)),
                at: decisions
                    .survivor_at
                    .iter()
                    .map(|(business, rule)| (IdText(business.clone()), SurvivorWord(*rule)))
                    .collect(),
            },
            assign: decisions.assign.clone(),
            contact: (decisions.contact != Contact::default())
                .then_some(ContactWord(decisions.contact)),
            accepted: decisions.accepted.clone(),
            schema: decisions.schema.clone(),
            decisions: decisions.single.iter().map(Entry::new).collect(),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// See [`BadDecisions`].
    pub fn parse(text: &str) -> Result<Self, BadDecisions> {
        let file: Self = toml_edit::de::from_str(text)?;
        if file.version == 1 {
            Ok(file)
        } else {
            Err(BadDecisions::Version(file.version))
        }
    }

    /// The decisions in it, for `database`; `role` says which fields can be set by hand.
    ///
    /// # Errors
    /// Another database, two answers to one conflict, or a choice or value that its conflict does not offer.
    pub fn decisions(&self, database: &str, role: &UserRole) -> Result<Decisions, BadDecisions> {
        if self.database != database {
            return Err(BadDecisions::OtherDatabase {
                found: self.database.clone(),
                expected: database.to_owned(),
            });
        }
        let mut decisions = Decisions {
            survivor: self
                .survivor
                .rule
                .as_ref()
                .map_or_else(Survivor::default, |it| it.0),
            assign: self.assign.clone(),
            contact: self
                .contact
                .as_ref()
                .map_or_else(Contact::default, |it| it.0),
            accepted: self.accepted.clone(),
            schema: self.schema.clone(),
            ..Decisions::default()
        };
        for (business, rule) in &self.survivor.at {
            decisions.survivor_at.insert(business.0.clone(), rule.0);
        }
        for (code, choice) in &self.policy {
            check_choice(code.0, choice.0).map_err(|why| BadDecisions::Answer {
                at: 0,
                key: format!("policy {}", code.0),
                why,
            })?;
            decisions.policy.insert(code.0, choice.0);
        }
        for (at, entry) in self.decisions.iter().enumerate() {
            let key = entry.key();
            let bad = |why| BadDecisions::Answer {
                at: at + 1,
                key: key.to_string(),
                why,
            };
            let decision = entry.decision(role).map_err(bad)?;
            if decisions.single.insert(key.clone(), decision).is_some() {
                return Err(bad(
                    "an earlier decision answers it too; keep one of them".to_owned()
                ));
            }
        }
        Ok(decisions)
    }
}

impl Entry {
    fn new((key, decision): (&ConflictKey, &Decision)) -> Self {
        Self {
            code: CodeWord(key.code),
            business: key.business.clone().map(IdText),
            subjects: key.subjects.iter().cloned().map(IdText).collect(),
            choice: ChoiceWord(decision.choice),
            survivor: decision.survivor.map(SurvivorWord),
            pick: decision
                .pick
                .iter()
                .map(|(field, user)| (field.clone(), IdText(user.clone())))
                .collect(),
            set: decision.set.clone(),
            note: decision.note.clone(),
        }
    }

    fn key(&self) -> ConflictKey {
        ConflictKey {
            code: self.code.0,
            business: self.business.clone().map(|id| id.0),
            subjects: self.subjects.iter().map(|id| id.0.clone()).collect(),
        }
    }

    fn decision(&self, role: &UserRole) -> Result<Decision, String> {
        check_choice(self.code.0, self.choice.0)?;
        let mut decision = Decision {
            choice: self.choice.0,
            survivor: self.survivor.as_ref().map(|rule| rule.0),
            pick: self
                .pick
                .iter()
                .map(|(field, user)| (field.clone(), user.0.clone()))
                .collect(),
            set: self.set.clone(),
            note: self.note.clone(),
        };
        check(role, &self.key(), &mut decision)?;
        Ok(decision)
    }
}

fn check_choice(code: Code, choice: Choice) -> Result<(), String> {
    if code.choices().any(|offered| offered == choice) {
        return Ok(());
    }
    let offered: Vec<_> = code.choices().map(Choice::word).collect();
    Err(format!(
        "{} is not offered; it takes {}",
        choice.word(),
        offered.join(" or ")
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::text::update;
    use super::*;
    use crate::domain::mapping::{DEFAULT, Mapping};

    fn role() -> UserRole {
        *Mapping::parse(DEFAULT).unwrap().user
    }

    fn key(user: &str) -> ConflictKey {
        ConflictKey {
            code: Code::DuplicateEmail,
            business: Some(Id::object_id([1; 12])),
            subjects: vec![Id::string(user), Id::uuid([3; 16])],
        }
    }

    fn sample() -> Decisions {
        let mut decisions = Decisions::defaults();
        let mut decision = Decision::new(Choice::Merge);
        decision.survivor = Some(Survivor::Newest);
        decision.pick.insert("phone".into(), Id::uuid([3; 16]));
        decision.set.insert("name".into(), "Ann \"the\" One".into());
        decision.note = "asked her\non the phone".into();
        decisions.single.insert(key("a \"b\""), decision);
        decisions.survivor = Survivor::Oldest;
        let without = Accepted::Bookings(Code::BookingWithoutBusiness);
        decisions.accepted.insert(without, 44);
        let reference = Accepted::Unresolved("business.owner".into());
        decisions.accepted.insert(reference, 7);
        let business = Id::object_id([1; 12]);
        decisions
            .survivor_at
            .insert(business, Survivor::MostBookings);
        decisions
    }

    fn read(text: &str) -> Result<Decisions, BadDecisions> {
        DecisionFile::parse(text)?.decisions("shop", &role())
    }

    #[test]
    fn a_written_file_reads_back_the_same() {
        let file = DecisionFile::new("shop", &sample());
        let text = update(&file, &[], &|_| None);
        assert_eq!(read(&text).unwrap(), sample(), "{text}");
        assert_eq!(update(&file, &[&text], &|_| None), text);
    }

    #[test]
    fn comments_order_and_spelling_of_what_did_not_change_survive() {
        let mut decisions = sample();
        decisions
            .single
            .insert(key("z"), Decision::new(Choice::KeepApart));
        let text = update(&DecisionFile::new("shop", &decisions), &[], &|_| None);
        let text = text
            .replace("version = 1", "# by Ann, 3 May\nversion = 1 # the only one")
            .replace("choice = \"keep-apart\"", "choice    = 'keep-apart' # a household")
            .replace("[[decision]]\ncode = \"duplicate-email\"\nbusiness = \"010101010101010101010101\"\nsubjects = ['\"z\"'", "# called them\n[[decision]]\ncode = \"duplicate-email\"\nbusiness = \"010101010101010101010101\"\nsubjects = ['\"z\"'");
        assert!(text.contains("# called them"), "{text}");
        let other = decisions.single.get_mut(&key("a \"b\"")).unwrap();
        other.choice = Choice::KeepApart;
        other.note.clear();
        decisions
            .single
            .insert(key("m"), Decision::new(Choice::Merge));
        let after = update(&DecisionFile::new("shop", &decisions), &[&text], &|_| None);
        assert_eq!(read(&after).unwrap(), decisions, "{after}");
        for kept in [
            "# by Ann, 3 May",
            "# the only one",
            "choice    = 'keep-apart' # a household",
            "# called them",
        ] {
            assert!(after.contains(kept), "{kept}: {after}");
        }
        let place = |subject: &str| after.find(subject).unwrap();
        assert!(
            place("a \\\"b\\\"") < place("\"m\"") && place("\"m\"") < place("\"z\""),
            "{after}"
        );
        // What a changed decision does is said anew, once.
        assert_eq!(
            after.matches("#: ").count(),
            text.matches("#: ").count() + 1,
            "{after}"
        );
        decisions.single.clear();
        decisions.policy.clear();
        let emptied = update(&DecisionFile::new("shop", &decisions), &[&after], &|_| None);
        assert_eq!(read(&emptied).unwrap(), decisions, "{emptied}");
    }

    #[test]
    fn a_broken_file_is_refused_with_line_and_column() {
        let text = "version = 1\ndatabase = \"shop\"\n[policy]\nduplicate-email = \"marge\"\n";
        let message = DecisionFile::parse(text).unwrap_err().to_string();
        assert!(
            message.contains("line 4, column") && message.contains("marge"),
            "{message}"
        );
    }

    #[test]
    fn a_file_of_another_database_or_with_an_answer_not_offered_is_refused() {
        let file = DecisionFile::new("shop", &sample());
        assert!(matches!(
            file.decisions("other", &role()),
            Err(BadDecisions::OtherDatabase { .. })
        ));
        let text = update(&file, &[], &|_| None);
        let refused = |from: &str, to: &str, says: &str| {
            assert!(text.contains(from), "{text}");
            let message = read(&text.replace(from, to)).unwrap_err().to_string();
            assert!(message.contains(says), "{message}");
        };
        refused(
            "choice = \"merge\"",
            "choice = \"adopt\"",
            "merge or keep-apart",
        );
        refused("phone = \"uuid", "shoe = \"uuid", "shoe cannot be set here");
        refused(
            "phone = \"uuid:03",
            "phone = \"uuid:04",
            "none of this conflict's users",
        );
        refused("'Ann \"the\" One'", "' '", "a name cannot be blank");
        let twice = format!("{text}{}", &text[text.find("[[decision]]").unwrap()..]);
        let message = read(&twice).unwrap_err().to_string();
        assert!(
            message.contains("decision 2") && message.contains("earlier"),
            "{message}"
        );
    }
}
