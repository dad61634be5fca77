//! The decisions file: TOML that a person can read and write, in a stable order, so that what was decided on staging serves again on
//! production.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::conflict::{Choice, Code, ConflictKey};
use super::decision::{Decision, Decisions, SETTABLE, check_value};
use super::id::Id;

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
    /// Single answers.
    #[serde(default, rename = "decision")]
    pub decisions: Vec<Entry>,
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

word!(CodeWord, Code, "conflict code", Code::from_word, |code| {
    code.word().to_owned()
});
word!(ChoiceWord, Choice, "choice", Choice::from_word, |choice| {
    choice.word().to_owned()
});
word!(IdText, Id, "id", Id::parse, Id::to_string);

/// Why a decisions file is refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BadDecisions {
    /// Not TOML of this shape; the message has line and column.
    #[error("the decisions file cannot be read: {0}")]
    Syntax(#[from] toml_edit::de::Error),
    /// Made for another database.
    #[error(
        "the decisions file was made for database {found}, this one is {expected}; change its `database` line if it is meant for both"
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
    #[error("decision {at}, {key}: {why}")]
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
            decisions: decisions
                .single
                .iter()
                .map(|(key, decision)| Entry {
                    code: CodeWord(key.code),
                    business: key.business.clone().map(IdText),
                    subjects: key.subjects.iter().cloned().map(IdText).collect(),
                    choice: ChoiceWord(decision.choice),
                    set: decision.set.clone(),
                    note: decision.note.clone(),
                })
                .collect(),
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

    /// The decisions in it, for `database`.
    ///
    /// # Errors
    /// Another database, or a choice or value that its conflict does not offer.
    pub fn decisions(&self, database: &str) -> Result<Decisions, BadDecisions> {
        if self.database != database {
            return Err(BadDecisions::OtherDatabase {
                found: self.database.clone(),
                expected: database.to_owned(),
            });
        }
        let mut decisions = Decisions::default();
        for (code, choice) in &self.policy {
            check_choice(code.0, choice.0).map_err(|why| BadDecisions::Answer {
                at: 0,
                key: format!("policy {}", code.0),
                why,
            })?;
            decisions.policy.insert(code.0, choice.0);
        }
        for (at, entry) in self.decisions.iter().enumerate() {
            let key = ConflictKey {
                code: entry.code.0,
                business: entry.business.clone().map(|id| id.0),
                subjects: entry.subjects.iter().map(|id| id.0.clone()).collect(),
            };
            let decision = entry.decision().map_err(|why| BadDecisions::Answer {
                at: at + 1,
                key: key.to_string(),
                why,
            })?;
            decisions.single.insert(key, decision);
        }
        Ok(decisions)
    }

    /// The file's text, with a comment for each answer.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let quoted = |text: &str| toml_edit::Value::from(text).to_string();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "# ringfence: what was decided about the conflicts of this database.\n# Keep it: the same file serves on a staging copy and again on production.\nversion = 1\ndatabase = {}",
            quoted(&self.database)
        );
        let _ = writeln!(
            text,
            "\n# One answer per kind; single decisions below override it.\n[policy]"
        );
        for (code, choice) in &self.policy {
            let _ = writeln!(
                text,
                "# {}: {}\n{} = {}",
                code.0.title(),
                choice.0.does(),
                code.0.word(),
                quoted(choice.0.word())
            );
        }
        for entry in &self.decisions {
            let subjects: Vec<_> = entry
                .subjects
                .iter()
                .map(|id| quoted(&id.0.to_string()))
                .collect();
            let _ = writeln!(
                text,
                "\n# {}: {}\n[[decision]]",
                entry.code.0.title(),
                entry.choice.0.does()
            );
            let _ = writeln!(text, "code = {}", quoted(entry.code.0.word()));
            if let Some(business) = &entry.business {
                let _ = writeln!(text, "business = {}", quoted(&business.0.to_string()));
            }
            let _ = writeln!(text, "subjects = [{}]", subjects.join(", "));
            let _ = writeln!(text, "choice = {}", quoted(entry.choice.0.word()));
            if !entry.set.is_empty() {
                let set: Vec<_> = entry
                    .set
                    .iter()
                    .map(|(field, value)| format!("{field} = {}", quoted(value)))
                    .collect();
                let _ = writeln!(text, "set = {{ {} }}", set.join(", "));
            }
            if !entry.note.is_empty() {
                let _ = writeln!(text, "note = {}", quoted(&entry.note));
            }
        }
        text
    }
}

impl Entry {
    fn decision(&self) -> Result<Decision, String> {
        let code = self.code.0;
        check_choice(code, self.choice.0)?;
        let mut set = BTreeMap::new();
        for (field, value) in &self.set {
            if !code.takes_values() || !SETTABLE.contains(&field.as_str()) {
                return Err(format!("{field} cannot be set here"));
            }
            let value = check_value(field, value).map_err(|why| format!("{field}: {why}"))?;
            set.insert(field.clone(), value);
        }
        Ok(Decision {
            choice: self.choice.0,
            set,
            note: self.note.clone(),
        })
    }
}

fn check_choice(code: Code, choice: Choice) -> Result<(), String> {
    if code.choices().contains(&choice) {
        return Ok(());
    }
    let offered: Vec<_> = code.choices().iter().map(|choice| choice.word()).collect();
    Err(format!(
        "{} is not offered; it takes {}",
        choice.word(),
        offered.join(" or ")
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sample() -> Decisions {
        let mut decisions = Decisions::defaults();
        let key = ConflictKey {
            code: Code::DuplicateEmail,
            business: Some(Id::object_id([1; 12])),
            subjects: vec![Id::string("a \"b\""), Id::uuid([3; 16])],
        };
        let mut decision = Decision::new(Choice::Merge);
        decision.set.insert("name".into(), "Ann \"the\" One".into());
        decision.note = "asked her\non the phone".into();
        decisions.single.insert(key, decision);
        decisions
    }

    #[test]
    fn a_written_file_reads_back_the_same() {
        let text = DecisionFile::new("shop", &sample()).to_text();
        let file = DecisionFile::parse(&text).unwrap();
        assert_eq!(file.decisions("shop").unwrap(), sample());
        assert_eq!(file.to_text(), text);
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
            file.decisions("other"),
            Err(BadDecisions::OtherDatabase { .. })
        ));
        let text = file
            .to_text()
            .replace("choice = \"merge\"", "choice = \"adopt\"");
        let message = DecisionFile::parse(&text)
            .unwrap()
            .decisions("shop")
            .unwrap_err()
            .to_string();
        assert!(message.contains("merge or keep-apart"), "{message}");
    }
}
