//! Since when nobody else has written: the one kind of bookmark. A fact is noted with the moment at which it was found true. It stays true
//! while nobody else writes, so its moment moves on with every look that found no foreign write.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rebuilt::Group;

/// Where a watch began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WatchStart {
    /// A replica set's operation time.
    OperationTime {
        /// Seconds.
        time: u32,
        /// Increment.
        increment: u32,
    },
    /// A standalone's write counters by collection.
    Counters(BTreeMap<String, i64>),
}

impl WatchStart {
    /// True when this is an operation time, and not earlier than `other`.
    pub fn is_not_before(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::OperationTime { time, increment },
                Self::OperationTime {
                    time: other_time,
                    increment: other_increment,
                },
            ) => (time, increment) >= (other_time, other_increment),
            _ => false,
        }
    }
}

/// What was found true at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// The survey holds what is there. Of this session alone.
    Surveyed,
    /// All foreign writes were told. Of this session alone.
    Told,
    /// What is live was verified, and nobody wrote since.
    Verified,
    /// The backup holds what is there.
    BackedUp,
    /// Nobody writes.
    Stopped,
    /// The copies of a group are what their originals give. Broken by any write to one of them, our own too.
    Proved(Group),
}

impl Fact {
    /// Every fact.
    const ALL: [Self; 8] = [
        Self::Surveyed,
        Self::Told,
        Self::Verified,
        Self::BackedUp,
        Self::Stopped,
        Self::Proved(Group::CutOver),
        Self::Proved(Group::CleanUp),
        Self::Proved(Group::Schema),
    ];

    /// Its word in the run record.
    fn word(self) -> &'static str {
        match self {
            Self::Surveyed => "surveyed",
            Self::Told => "told",
            Self::Verified => "verified",
            Self::BackedUp => "backed-up",
            Self::Stopped => "stopped",
            Self::Proved(Group::CutOver) => "proved-cut-over",
            Self::Proved(Group::CleanUp) => "proved-clean-up",
            Self::Proved(Group::Schema) => "proved-schema",
        }
    }

    /// True where the run record keeps it.
    fn is_of_the_run(self) -> bool {
        match self {
            Self::Surveyed | Self::Told => false,
            Self::Verified | Self::BackedUp | Self::Stopped | Self::Proved(_) => true,
        }
    }

    /// True where a look for foreign writes alone says that it still holds.
    fn needs_no_foreign_write_alone(self) -> bool {
        match self {
            Self::Surveyed | Self::BackedUp | Self::Stopped => true,
            // What was told is looked for from its own moment; a proof is broken by our own writes as well.
            Self::Told | Self::Verified | Self::Proved(_) => false,
        }
    }
}

/// Since when each fact is known to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    into = "BTreeMap<String, WatchStart>",
    try_from = "BTreeMap<String, WatchStart>"
)]
pub struct QuietSince(BTreeMap<Fact, WatchStart>);

impl QuietSince {
    /// Since when `fact` is known to hold.
    pub fn of(&self, fact: Fact) -> Option<&WatchStart> {
        self.0.get(&fact)
    }

    /// `fact` was found true at `moment`.
    pub fn found(&mut self, fact: Fact, moment: WatchStart) {
        self.0.insert(fact, moment);
    }

    /// `fact` is not known to hold.
    pub fn forget(&mut self, fact: Fact) {
        self.0.remove(&fact);
    }

    /// Nobody else wrote from `start` until `now`: what held at `start` or later holds now.
    pub fn quiet_between(&mut self, start: &WatchStart, now: &WatchStart) {
        for (fact, moment) in &mut self.0 {
            if fact.needs_no_foreign_write_alone() && moment.is_not_before(start) {
                *moment = now.clone();
            }
        }
    }

    /// What the run record keeps.
    #[must_use]
    pub fn of_the_run(&self) -> Self {
        let mut kept = self.clone();
        kept.0.retain(|fact, _| fact.is_of_the_run());
        kept
    }

    /// Takes what a run record keeps, and keeps what is of this session alone.
    pub fn take_run(&mut self, run: &Self) {
        self.0.retain(|fact, _| !fact.is_of_the_run());
        self.0.extend(run.of_the_run().0);
    }
}

impl From<QuietSince> for BTreeMap<String, WatchStart> {
    fn from(quiet: QuietSince) -> Self {
        let facts = quiet.0.into_iter();
        facts
            .map(|(fact, moment)| (fact.word().to_owned(), moment))
            .collect()
    }
}

impl TryFrom<BTreeMap<String, WatchStart>> for QuietSince {
    type Error = String;

    fn try_from(kept: BTreeMap<String, WatchStart>) -> Result<Self, String> {
        let mut quiet = Self::default();
        for (word, moment) in kept {
            let known = Fact::ALL.into_iter().find(|fact| fact.word() == word);
            let fact = known.ok_or_else(|| format!("this version knows no fact {word}"))?;
            quiet.found(fact, moment);
        }
        Ok(quiet)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(time: u32) -> WatchStart {
        WatchStart::OperationTime { time, increment: 1 }
    }

    #[test]
    fn a_quiet_time_moves_what_held_at_its_start_and_nothing_earlier_and_no_proof() {
        let mut quiet = QuietSince::default();
        quiet.found(Fact::BackedUp, at(5));
        quiet.found(Fact::Surveyed, at(7));
        quiet.found(Fact::Stopped, at(4));
        quiet.found(Fact::Proved(Group::CutOver), at(6));
        quiet.quiet_between(&at(5), &at(9));
        assert_eq!(quiet.of(Fact::BackedUp), Some(&at(9)));
        assert_eq!(quiet.of(Fact::Surveyed), Some(&at(9)));
        assert_eq!(quiet.of(Fact::Stopped), Some(&at(4)));
        assert_eq!(quiet.of(Fact::Proved(Group::CutOver)), Some(&at(6)));
    }

    #[test]
    fn a_standalones_counters_never_move_on() {
        let mut quiet = QuietSince::default();
        let counters = WatchStart::Counters([("Booking".to_owned(), 5)].into());
        quiet.found(Fact::Stopped, counters.clone());
        quiet.quiet_between(&counters, &at(9));
        assert_eq!(quiet.of(Fact::Stopped), Some(&counters));
    }

    #[test]
    fn the_run_record_keeps_what_is_of_the_run_and_an_unknown_fact_is_refused() {
        let mut quiet = QuietSince::default();
        for fact in Fact::ALL {
            quiet.found(fact, at(1));
        }
        let kept = serde_json::to_value(quiet.of_the_run()).unwrap();
        let read: QuietSince = serde_json::from_value(kept.clone()).unwrap();
        assert_eq!(read, quiet.of_the_run());
        assert_eq!(kept.as_object().unwrap().len(), 6);
        let mut session = QuietSince::default();
        session.found(Fact::Surveyed, at(3));
        session.found(Fact::Stopped, at(3));
        session.take_run(&QuietSince::default());
        assert_eq!(session.of(Fact::Surveyed), Some(&at(3)));
        assert_eq!(session.of(Fact::Stopped), None);
        let other = serde_json::json!({ "blessed": kept["stopped"] });
        assert!(serde_json::from_value::<QuietSince>(other).is_err());
    }
}
