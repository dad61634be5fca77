//! Undo and redo of decisions: every change with what stood there before.

use super::accepted::Accepted;
use super::conflict::ConflictKey;
use super::decision::{Contact, Decision, Decisions};
use super::id::Id;
use super::survivorship::Survivor;

/// A change of one answer or rule, to what is held here; `None` takes it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The answer to a conflict.
    Answer(ConflictKey, Option<Decision>),
    /// The survivor rule of a business, or the one for all.
    Survivor(Option<Id>, Option<Survivor>),
    /// A number that is confirmed.
    Accepted(Accepted, Option<u64>),
    /// How contact fields leave users.
    Contact(Contact),
    /// The answer to what an after-schema asks.
    Schema(String, Option<String>),
}

impl Change {
    /// Does it; returns the change that takes it back.
    #[must_use]
    pub fn apply(self, decisions: &mut Decisions) -> Self {
        match self {
            Self::Answer(key, answer) => {
                let old = match answer {
                    Some(answer) => decisions.single.insert(key.clone(), answer),
                    None => decisions.single.remove(&key),
                };
                Self::Answer(key, old)
            }
            Self::Accepted(what, number) => {
                let old = match number {
                    Some(number) => decisions.accepted.insert(what.clone(), number),
                    None => decisions.accepted.remove(&what),
                };
                Self::Accepted(what, old)
            }
            Self::Schema(what, answer) => {
                let old = match answer {
                    Some(answer) => decisions.schema.insert(what.clone(), answer),
                    None => decisions.schema.remove(&what),
                };
                Self::Schema(what, old)
            }
            Self::Contact(contact) => {
                Self::Contact(std::mem::replace(&mut decisions.contact, contact))
            }
            Self::Survivor(Some(business), rule) => {
                let old = match rule {
                    Some(rule) => decisions.survivor_at.insert(business.clone(), rule),
                    None => decisions.survivor_at.remove(&business),
                };
                Self::Survivor(Some(business), old)
            }
            Self::Survivor(None, rule) => {
                let old = std::mem::replace(&mut decisions.survivor, rule.unwrap_or_default());
                Self::Survivor(None, Some(old))
            }
        }
    }
}

/// Does several changes; returns those that take them back, in the order to do them in.
pub fn apply(changes: Vec<Change>, decisions: &mut Decisions) -> Vec<Change> {
    let mut back: Vec<_> = changes
        .into_iter()
        .map(|change| change.apply(decisions))
        .collect();
    back.reverse();
    back
}

/// What can be taken back, and what can be done again.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Each entry takes one doing back; the newest last.
    pub undo: Vec<Vec<Change>>,
    /// Each entry does again what was taken back; the next one last.
    pub redo: Vec<Vec<Change>>,
}

impl History {
    /// Something new was done; what was taken back before cannot be done again.
    pub fn did(&mut self, back: Vec<Change>) {
        if back.is_empty() {
            return;
        }
        self.undo.push(back);
        self.redo.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conflict::{Choice, Code};

    #[test]
    fn a_change_and_the_one_that_takes_it_back_leave_nothing() {
        let key = ConflictKey {
            code: Code::MissingName,
            business: None,
            subjects: vec![Id::string("a")],
        };
        let mut decisions = Decisions::defaults();
        let before = decisions.clone();
        let answer = |choice| Change::Answer(key.clone(), Some(Decision::new(choice)));
        let changes = vec![
            answer(Choice::UnknownCustomer),
            answer(Choice::Keep),
            Change::Survivor(None, Some(Survivor::Newest)),
            Change::Survivor(Some(Id::string("b")), Some(Survivor::Oldest)),
            Change::Contact(Contact::Null),
            Change::Schema("Customer.notes".to_owned(), Some("leave".to_owned())),
        ];
        let back = apply(changes, &mut decisions);
        let after = decisions.clone();
        let again = apply(back, &mut decisions);
        assert_eq!(decisions, before);
        apply(again, &mut decisions);
        assert_eq!(decisions, after);
        assert_ne!(after, before);
    }
}
