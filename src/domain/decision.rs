//! Decisions: the operator's answers to conflicts. Undecided stays undecided; a suggestion is never applied silently to a
//! blocker.

use std::collections::BTreeMap;

use super::conflict::{Choice, Code, Conflict, ConflictKey, Severity};

/// The customer fields that a decision may set by hand.
pub const SETTABLE: [&str; 2] = ["name", "email"];

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What to do.
    pub choice: Choice,
    /// Values typed by hand, by field ([`SETTABLE`]).
    pub set: BTreeMap<String, String>,
    /// The operator's own words.
    pub note: String,
}

impl Decision {
    /// The answer `choice`, nothing set by hand.
    pub fn new(choice: Choice) -> Self {
        Self {
            choice,
            set: BTreeMap::new(),
            note: String::new(),
        }
    }
}

/// All answers: one line per code for the many, single ones that override it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    /// What holds for every conflict of a code that has no answer of its own.
    pub policy: BTreeMap<Code, Choice>,
    /// Single answers.
    pub single: BTreeMap<ConflictKey, Decision>,
}

impl Decisions {
    /// The suggestion for every code: what `--defaults` says.
    pub fn defaults() -> Self {
        Self {
            policy: Code::ALL
                .iter()
                .map(|code| (*code, code.suggestion()))
                .collect(),
            single: BTreeMap::new(),
        }
    }

    /// Adds the suggestion for every code that has no policy yet.
    pub fn fill_with_suggestions(&mut self) {
        for code in Code::ALL {
            self.policy.entry(*code).or_insert(code.suggestion());
        }
    }

    /// The answer to the conflict `key`, if there is one.
    pub fn answer(&self, key: &ConflictKey) -> Option<Decision> {
        self.single.get(key).cloned().or_else(|| {
            self.policy
                .get(&key.code)
                .map(|choice| Decision::new(*choice))
        })
    }

    /// The choice that holds for `key`: the answer, else the suggestion (a blocker without an answer stops earlier).
    pub fn choice(&self, key: &ConflictKey) -> Choice {
        self.single
            .get(key)
            .map(|decision| decision.choice)
            .or_else(|| self.policy.get(&key.code).copied())
            .unwrap_or(key.code.suggestion())
    }

    /// True when `key` has an answer.
    pub fn is_decided(&self, key: &ConflictKey) -> bool {
        self.single.contains_key(key) || self.policy.contains_key(&key.code)
    }

    /// The conflicts that hold everything up: blockers without an answer.
    pub fn undecided_blockers<'c>(
        &self,
        conflicts: &'c [Conflict],
    ) -> impl Iterator<Item = &'c Conflict> {
        conflicts.iter().filter(|conflict| {
            conflict.key.code.severity() == Severity::Blocker && !self.is_decided(&conflict.key)
        })
    }
}

/// Why a value typed by hand is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// A blank name.
    #[error("a name cannot be blank")]
    BlankName,
    /// Not an address.
    #[error(
        "this is not an e-mail address (it needs one @, a name before it and a domain with a dot behind it)"
    )]
    NotAnAddress,
}

/// Checks a value typed by hand for `field`; returns it trimmed.
pub fn check_value(field: &str, text: &str) -> Result<String, BadValue> {
    let text = text.trim();
    match field {
        "name" if text.is_empty() => Err(BadValue::BlankName),
        "email" if !super::email::is_address(text) => Err(BadValue::NotAnAddress),
        _ => Ok(text.to_owned()),
    }
}
