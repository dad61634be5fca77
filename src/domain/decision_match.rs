//! Decisions held against the conflicts of a database: which still fit, which no longer do, what is new. And two sets of decisions made one.

use std::collections::{BTreeMap, BTreeSet};

use super::conflict::{Conflict, ConflictKey};
use super::decision::Decisions;
use super::text::named;

/// How decisions fit a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// Decisions whose conflict was found with the same members.
    pub fits: Vec<ConflictKey>,
    /// Decisions whose conflict was found with other members: the decision, and the conflict as it is now. They answer nothing any more.
    pub changed: Vec<(ConflictKey, ConflictKey)>,
    /// Decisions whose conflict is gone.
    pub unused: Vec<ConflictKey>,
    /// Conflicts without an answer, neither a single one nor one for all of the kind.
    pub open: Vec<ConflictKey>,
}

impl Match {
    /// Holds `decisions` against `conflicts`.
    pub fn of(decisions: &Decisions, conflicts: &[Conflict]) -> Self {
        let found: BTreeSet<&ConflictKey> = conflicts.iter().map(|it| &it.key).collect();
        let mut by_subject: BTreeMap<_, Vec<&ConflictKey>> = BTreeMap::new();
        for key in &found {
            for subject in &key.subjects {
                by_subject
                    .entry((key.code, &key.business, subject))
                    .or_default()
                    .push(key);
            }
        }
        let mut matched = Self::default();
        for key in decisions.single.keys() {
            if found.contains(key) {
                matched.fits.push(key.clone());
                continue;
            }
            let now = key
                .subjects
                .iter()
                .find_map(|subject| by_subject.get(&(key.code, &key.business, subject))?.first());
            match now {
                Some(now) => matched.changed.push((key.clone(), (*now).clone())),
                None => matched.unused.push(key.clone()),
            }
        }
        matched.open = found
            .into_iter()
            .filter(|key| !decisions.is_decided(key))
            .cloned()
            .collect();
        matched
    }
}

/// Both sets of decisions as one, and what they answer differently, in words; there the first one holds.
pub fn merged(one: &Decisions, other: &Decisions) -> (Decisions, Vec<String>) {
    let mut all = one.clone();
    let mut differences = Vec::new();
    for (code, choice) in &other.policy {
        let kept = *all.policy.entry(*code).or_insert(*choice);
        if kept != *choice {
            differences.push(format!(
                "policy {code}: {} in the first, {} in the second",
                kept.word(),
                choice.word()
            ));
        }
    }
    if one.survivor != other.survivor {
        differences.push(format!(
            "survivor: {} in the first, {} in the second",
            one.survivor.word(),
            other.survivor.word()
        ));
    }
    if one.contact != other.contact {
        differences.push(format!(
            "contact: {} in the first, {} in the second",
            one.contact.word(),
            other.contact.word()
        ));
    }
    match (&one.assign, &other.assign) {
        (Some(one), Some(other)) if one != other => differences.push(format!(
            "assign: {} in the first, {} in the second",
            named(one),
            named(other)
        )),
        (None, Some(other)) => all.assign = Some(other.clone()),
        _ => {}
    }
    for (business, rule) in &other.survivor_at {
        let kept = *all.survivor_at.entry(business.clone()).or_insert(*rule);
        if kept != *rule {
            differences.push(format!(
                "survivor of business {business}: {} in the first, {} in the second",
                kept.word(),
                rule.word()
            ));
        }
    }
    for (what, number) in &other.accepted {
        let kept = *all.accepted.entry(what.clone()).or_insert(*number);
        if kept != *number {
            differences.push(format!(
                "accepted {what}: {kept} in the first, {number} in the second"
            ));
        }
    }
    for (key, decision) in &other.single {
        let kept = all
            .single
            .entry(key.clone())
            .or_insert_with(|| decision.clone());
        if kept == decision {
            continue;
        }
        let what = if kept.choice == decision.choice {
            "the same choice with other values, rule or note".to_owned()
        } else {
            format!(
                "{} in the first, {} in the second",
                kept.choice.word(),
                decision.choice.word()
            )
        };
        differences.push(format!("{key}: {what}"));
    }
    (all, differences)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conflict::{Choice, Code};
    use crate::domain::decision::Decision;
    use crate::domain::id::Id;

    fn key(code: Code, subjects: &[&str]) -> ConflictKey {
        ConflictKey {
            code,
            business: None,
            subjects: subjects.iter().map(|it| Id::string(it)).collect(),
        }
    }

    fn decided(keys: &[ConflictKey], choice: Choice) -> Decisions {
        let single = keys.iter().map(|key| (key.clone(), Decision::new(choice)));
        Decisions {
            single: single.collect(),
            ..Decisions::default()
        }
    }

    #[test]
    fn a_group_with_another_member_no_longer_fits_and_a_gone_one_is_unused() {
        let group = key(Code::DuplicateEmail, &["a", "b"]);
        let grown = key(Code::DuplicateEmail, &["a", "b", "c"]);
        let gone = key(Code::DuplicateEmail, &["x", "y"]);
        let kept = key(Code::MissingName, &["a"]);
        let conflicts: Vec<_> = [&grown, &kept]
            .into_iter()
            .map(|key| Conflict {
                key: key.clone(),
                units: 1,
                digest: [0; 16],
                businesses: Vec::new(),
            })
            .collect();
        let decisions = decided(&[group.clone(), gone.clone(), kept.clone()], Choice::Merge);
        let matched = Match::of(&decisions, &conflicts);
        assert_eq!(
            matched,
            Match {
                fits: vec![kept],
                changed: vec![(group, grown.clone())],
                unused: vec![gone],
                open: vec![grown],
            }
        );
    }

    #[test]
    fn two_files_become_one_and_what_they_say_differently_is_named() {
        let (both, first, second) = (
            key(Code::DuplicateEmail, &["a", "b"]),
            key(Code::MissingName, &["a"]),
            key(Code::MissingName, &["b"]),
        );
        let one = decided(&[both.clone(), first], Choice::Merge);
        let other = decided(&[both.clone(), second], Choice::KeepApart);
        let (all, differences) = merged(&one, &other);
        assert_eq!(all.single.len(), 3);
        assert_eq!(all.single[&both].choice, Choice::Merge);
        assert_eq!(differences.len(), 1, "{differences:?}");
    }
}
