//! How long the cut-over will take, told from what this run has measured on the same data: the proof reads the bookings and their copies
//! once, the cut-over twice, before the renames and after them.

use super::checklist::Step;
use super::run::{Millis, RunRecord, StepRecord};

/// A forecast, and what it was held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// How long the cut-over should take, in milliseconds.
    pub expected: Millis,
    /// How long it took, once it is done.
    pub took: Option<Millis>,
}

fn lasted(step: &StepRecord) -> Millis {
    (step.ended - step.started).max(0)
}

impl Forecast {
    /// That of `run`; `None` before the copies are proved.
    pub fn of(run: &RunRecord) -> Option<Self> {
        let done = |step: Step| run.step(step).filter(|_| run.is_done(step));
        Some(Self {
            expected: 2 * lasted(done(Step::Prove)?),
            took: done(Step::CutOver).map(lasted),
        })
    }

    /// In words.
    pub fn words(&self) -> String {
        let seconds = |it: Millis| format!("{:.1} s", it as f64 / 1000.0);
        match self.took {
            None => format!(
                "takes about {}, by the time that the proof took; writers stand still meanwhile",
                seconds(self.expected)
            ),
            Some(took) => format!(
                "the cut-over took {}; the forecast was {}",
                seconds(took),
                seconds(self.expected)
            ),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_over_is_told_from_the_proof_and_then_held_against_it() {
        let mapping = crate::domain::mapping::Mapping::parse(crate::domain::mapping::DEFAULT);
        let mut run: RunRecord = serde_json::from_value(serde_json::json!({
            "_id": "a", "format": 1, "tool": "0", "transform": 1, "database": "shop", "host": "a:1",
            "server_version": "6", "operator": "ann@desk", "started": 1, "outcome": "open",
            "mapping": serde_json::to_value(mapping.unwrap()).unwrap(),
        }))
        .unwrap();
        assert_eq!(Forecast::of(&run), None);
        let mut did = |step: Step, started, ended| {
            let state = "done".to_owned();
            let says = String::new();
            let record = StepRecord {
                state,
                says,
                started,
                ended,
            };
            run.steps.insert(step.word().to_owned(), record);
            Forecast::of(&run).unwrap()
        };
        let before = did(Step::Prove, 1_000, 5_500);
        assert!(
            before.words().starts_with("takes about 9.0 s"),
            "{}",
            before.words()
        );
        let after = did(Step::CutOver, 6_000, 14_000);
        assert_eq!(
            after.words(),
            "the cut-over took 8.0 s; the forecast was 9.0 s"
        );
    }
}
