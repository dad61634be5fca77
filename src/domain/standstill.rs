//! How long writers stood still: from the verdict that they do to going live, and how much of that was our own work.

use super::checklist::Step;
use super::lease::clock;
use super::run::{Millis, RunRecord};

/// The time without writers, as far as it has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standstill {
    /// When “Stop the application” began to watch or blocked writes, the last time that it was done.
    pub since: Millis,
    /// When going live was noted.
    pub until: Option<Millis>,
    /// What our own steps took of it, in milliseconds.
    pub own: Millis,
}

impl Standstill {
    /// That of `run`; `None` before “Stop the application” is done.
    pub fn of(run: &RunRecord) -> Option<Self> {
        let stop = run.step(Step::StopApplication)?;
        run.is_done(Step::StopApplication).then_some(())?;
        let since = run
            .write_block
            .as_ref()
            .filter(|block| {
                block
                    .released
                    .is_none_or(|released| released > stop.started)
            })
            .map_or(stop.started, |block| block.since.min(stop.started));
        let own = Step::ALL
            .iter()
            .filter_map(|step| run.step(*step))
            .filter(|it| it.started >= since)
            .map(|it| (it.ended - it.started).max(0))
            .sum();
        let live = run.notes.get(Step::GoLive.word()).map(|note| note.at);
        Some(Self {
            since,
            until: live.filter(|at| *at >= since),
            own,
        })
    }

    /// In words.
    pub fn words(&self) -> String {
        let own = format!("ringfence's share is {:.1} s", self.own as f64 / 1000.0);
        match self.until {
            Some(until) => format!(
                "writers stood still from {} to {} ({:.0} s); {own}",
                clock(self.since),
                clock(until),
                (until - self.since) as f64 / 1000.0
            ),
            None => format!(
                "writers stand still since {}; {own} so far",
                clock(self.since)
            ),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::checklist::State;
    use crate::domain::run::{Note, StepRecord};

    fn did(run: &mut RunRecord, step: Step, state: State, started: Millis, ended: Millis) {
        let record = StepRecord {
            state,
            says: String::new(),
            started,
            ended,
        };
        run.steps.insert(step.word().to_owned(), record);
    }

    #[test]
    fn only_what_came_after_the_stop_counts() {
        let mut run = RunRecord::just_begun();
        did(&mut run, Step::CreateCustomers, State::Done, 10_000, 60_000); // built ahead
        assert_eq!(Standstill::of(&run), None);
        did(
            &mut run,
            Step::StopApplication,
            State::Failed,
            70_000,
            75_000,
        );
        assert_eq!(Standstill::of(&run), None);
        did(&mut run, Step::StopApplication, State::Done, 80_000, 85_000);
        did(&mut run, Step::CutOver, State::Done, 90_000, 91_500);
        let so_far = Standstill::of(&run).unwrap();
        assert_eq!(
            so_far,
            Standstill {
                since: 80_000,
                until: None,
                own: 6_500
            }
        );
        assert!(so_far.words().contains("share is 6.5 s so far"));
        let note = Note {
            text: "deployed".to_owned(),
            at: 200_000,
            by: "ann".to_owned(),
        };
        run.notes.insert(Step::GoLive.word().to_owned(), note);
        assert!(Standstill::of(&run).unwrap().words().contains("(120 s)"));
    }
}
